"""Every setting: name, type, default, check and documentation. `SCAPI_<NAME>` in the environment sets it."""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

from marshmallow import validate

from scapi.settings.field import MiB, each, environment_name, setting
from scapi.settings.stores import StoreSettings


@dataclass(frozen=True, kw_only=True)
class Settings(StoreSettings):
    """The settings for `create_app`."""

    # Addresses
    public_url: str = setting(
        "",
        "The URL that clients see, such as `https://media.example.org`. Empty: taken from each request.",
        validate.Regexp(r"(https?://[^/\s].*)?$", error="expected an address such as https://media.example.org"),
    )
    trusted_proxies: int = setting(
        0,
        "The number of proxies in front, each of which sets X-Forwarded-For, -Proto and -Host itself.",
        validate.Range(min=0),
    )

    # Permissions
    jwt_secret: str = setting(
        "",
        "HS256 key of the bearer tokens, at least 32 bytes. During a change two, separated by a space, the new one "
        "first. Empty: made at the first run and stored in the data dir (embedded database only).",
        secret=True,
    )
    jwt_audience: tuple[str, ...] = setting(
        (),
        "Allowed values of a token's `aud`, separated by commas. Empty: `aud` is not checked.",
    )
    jwt_issuer: str = setting("", "The required `iss` of a token. Empty: `iss` is not checked.")
    jwt_jwks: str = setting(
        "",
        "The keys of an OpenID Connect provider, whose tokens are accepted beside scapi's own: the https URL of its "
        "JWKS, or a file. SCAPI_JWT_ISSUER and SCAPI_JWT_AUDIENCE then apply to its tokens, and are required.",
    )
    jwt_user_claim: str = setting("sub", "The claim of the provider's tokens that names the user.")
    jwt_admin_claim: str = setting(
        "",
        "The claim of the provider's tokens that identifies admins: its name, if it is true for them, or "
        "`name=value`, such as `realm_access.roles=media-admin`. Empty: no user of the provider is an admin.",
    )
    server_key: str = setting(
        "",
        "Key of the digests of addresses and clicks and of delete tokens, at least 32 bytes. Empty: stored in the "
        "data dir (embedded database), or the last key of SCAPI_JWT_SECRET; before you change that, set this to its "
        "last key.",
        secret=True,
    )
    anonymous_writes: bool = setting(True, "Whether clients without a token may upload and create media.")
    tag_writers: str = setting(
        "anyone",
        "Who may create, change, delete and assign tags: `anyone`, `users` (any token) or `admins` (a token whose "
        "claim `is_admin` is true). The API lets anyone do so; in production use `admins`.",
        validate.OneOf(["anyone", "users", "admins"]),
    )

    read_only: bool = setting(
        False,
        "Whether every request that would write gets 503, for example while the service is being moved. Reading works.",
    )

    # Uploads
    upload_ttl: int = setting(
        86_400,
        "Seconds until an unfinished upload expires, from its first chunk.",
        validate.Range(min=1),
    )
    max_chunk_bytes: int = setting(
        16 * MiB,
        "Largest chunk, in bytes.",
        validate.Range(min=1),
    )
    client_timeout: float = setting(
        30.0,
        "Seconds that a client may be silent in the middle of a request's body, which occupies a thread.",
        validate.Range(min=0.1),
    )
    max_image_bytes: int = setting(5 * MiB, "Largest image file, in bytes.", validate.Range(min=1))
    max_document_bytes: int = setting(50 * MiB, "Largest document file, in bytes.", validate.Range(min=1))
    max_image_pixels: int = setting(
        50_000_000,
        "Most pixels (width x height) of an image, checked before it is decoded; at most Pillow's own limit.",
        validate.Range(1, 89_000_000),
    )
    strip_metadata: bool = setting(
        True,
        "Whether images are served only with what they need to look right, without other metadata. Pixels are not "
        "encoded again. `false`: images are served byte for byte.",
    )
    keep_originals: bool = setting(
        False,
        "Whether an uploaded HEIC is kept beside the JPEG made from it. It has no URL, and counts towards the quota.",
    )

    # Media
    media_type_names: str = setting(
        "long",
        "The names of media types in answers: `long` (image, editor_image, document) or `short` (image, eimage, doc).",
        validate.OneOf(["long", "short"]),
    )

    rendition_widths: tuple[int, ...] = setting(
        (320, 640, 1280, 2048),
        "Widths of renditions of new pictures, in pixels, separated by commas; none is larger than the picture. "
        "Empty: no renditions.",
        each(validate.Range(16, 4096)),
    )
    rendition_avif: bool = setting(
        False, "Whether pictures are also offered as AVIF, which is smaller than WebP and takes three times as long."
    )

    cache_control: str = setting(
        "public, max-age=31536000, s-maxage=3600, immutable",
        "Cache-Control of files: how long browsers keep them (`max-age`, seconds) and shared caches (`s-maxage`), "
        "which may show a deleted file for that long.",
        validate.Regexp(r"[ -~]+$", error="expected a valid header value"),
    )

    # Links
    preview_seconds: float = setting(
        8.0,
        "Seconds that a link's preview may take in all, including waiting for its turn. Clients give up after 10.",
        validate.Range(min=0.1, max=60),
    )
    preview_ports: tuple[int, ...] = setting((80, 443), "Ports, separated by commas, that are allowed in links.")
    preview_allow: tuple[str, ...] = setting(
        (),
        "Host names and networks (`wiki.example.org,10.1.0.0/16`) that are allowed in previews although they are not "
        "public.",
    )
    previews_at_once: int = setting(
        4,
        "Previews that one process fetches at once, fewer than its threads. A further link waits for its turn, or is "
        "created without a preview, which is fetched later.",
        validate.Range(min=1),
    )
    preview_contact: str = setting(
        "",
        "Your contact for operators of other sites: a URL or an e-mail address. It is part of the User-Agent. "
        "Empty: SCAPI_PUBLIC_URL.",
        validate.Regexp(r"[!-'*-~]*$", error="expected a URL or an e-mail address, without spaces and brackets"),
    )
    preview_language: str = setting(
        "en, *;q=0.5",
        "The Accept-Language header of requests for pages, such as `de, en;q=0.8`.",
        validate.Regexp(r"[a-zA-Z*][a-zA-Z0-9*,;=. -]*$", error="expected languages such as `de, en;q=0.8`"),
    )

    # Limits
    rate_limit_storage: str = setting(
        "memory://",
        "Where requests are counted: `memory://`, per process, or `redis://host:6379`, for all together.",
        secret=True,
    )
    rate_limit_chunks: str = setting(
        "",
        "Chunks that a user, or an address without a token, may send, such as `600/minute; 10000/day`. Empty: "
        "no limit.",
    )
    rate_limit_completes: str = setting("", "The same for completed uploads.")
    rate_limit_previews: str = setting(
        "",
        "The same for requests that make scapi fetch from the web: creating media, and choosing a link's image.",
    )
    rate_limit_others: str = setting(
        "",
        "The same for all other requests of the API together: tags, reading and deleting media, asking for an upload.",
    )
    max_streams_per_user: int = setting(
        0,
        "The most slow requests of a user for whose bytes one process waits at a time: each holds a thread. 0: no cap.",
        validate.Range(min=0),
    )
    max_streams_per_address: int = setting(
        0,
        "The same for the requests from one address (IPv6: from one /64). 0: no cap.",
        validate.Range(min=0),
    )
    max_uploads_per_user: int = setting(0, "Most unfinished uploads of a user. 0: no cap.", validate.Range(min=0))
    max_uploads_per_address: int = setting(
        0,
        "Most unfinished uploads from one address (IPv6: from one /64), with or without a token. 0: no cap.",
        validate.Range(min=0),
    )
    max_upload_bytes_per_user: int = setting(
        0,
        "Most bytes of a user's unfinished uploads together, by their final sizes. 0: no cap.",
        validate.Range(min=0),
    )
    max_upload_bytes_per_address: int = setting(
        0,
        "The same for the uploads from one address. 0: no cap.",
        validate.Range(min=0),
    )
    quota_bytes: int = setting(
        0,
        "Most bytes that a user may store, in files and unfinished uploads together. 0: no quota. It does not apply "
        "to clients without a token: see SCAPI_ANONYMOUS_WRITES.",
        validate.Range(min=0),
    )

    # Checks and events
    checks: tuple[str, ...] = setting(
        (),
        "Checks, separated by commas, that each file must pass before anyone can see it: `clamd`, or an "
        "installed plug-in's name.",
    )
    clamd_address: str = setting(
        "/run/clamav/clamd.ctl",
        "The address of clamd for the check `clamd`: the path of its socket, or `host:port`.",
    )
    webhook_urls: tuple[str, ...] = setting(
        (),
        "URLs, separated by commas, that get every event from `scapi webhooks deliver`. They may be internal.",
    )
    webhook_secret: str = setting(
        "",
        "Key that webhooks are signed with: `whsec_` and 24 to 64 bytes in base64; during a change two, separated by "
        "a space.",
        secret=True,
    )

    # Watching
    metrics_token: str = setting(
        "",
        "Bearer token of Prometheus for `/metrics`, at least 16 characters. Empty: there is no `/metrics`.",
        validate.Regexp(r"([!-~]{16,})?$", error="expected at least 16 characters of ASCII without spaces"),
        secret=True,
    )
    log_level: str = setting(
        "warning",
        "The log level: `debug`, `info` (a line for every request), `warning` (failures of the server) or `error`.",
        validate.OneOf(["debug", "info", "warning", "error"]),
    )
    log_format: str = setting(
        "text",
        "The log format: lines for people, `text`, or objects for programs, `json`. It also applies to gunicorn's own "
        "lines.",
        validate.OneOf(["text", "json"]),
    )

    # Browsers
    cors_origins: tuple[str, ...] = setting(
        ("*",),
        "Origins, separated by commas, whose pages may call the API from a browser.",
    )
    cors_headers: tuple[str, ...] = setting(
        (),
        "Further request headers, separated by commas, that these pages may send, such as "
        "`traceparent,baggage,sentry-trace`.",
        each(validate.Regexp(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+$", error="expected names of headers")),
    )

    # Plug-ins
    others: Mapping[str, str] = field(default_factory=dict)
    """The settings of plug-ins, by their names in the environment: `SCAPI_<PLUG-IN>_...`."""

    def by_name(self) -> dict[str, Any]:
        """Return all settings by their names in the environment, for plug-ins."""
        own = {environment_name(one.name): getattr(self, one.name) for one in definitions()}
        return {**self.others, **own}


def definitions() -> list[Field[Any]]:
    """Return the dataclass fields of all settings, in the order of their documentation."""
    return [one for one in fields(Settings) if "documentation" in one.metadata]
