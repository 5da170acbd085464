"""Every setting of scapi: its default and what it does. `SCAPI_*` in the environment overrides it."""

from environs import Env, validate

env = Env()

MiB = 1024 * 1024


class Config:
    """What `create_app` is given. Subclass it, or set the environment, to change a value."""

    SCAPI_DATA_DIR = env.str("SCAPI_DATA_DIR", "var")
    """Folder of the embedded database, the local files and the generated secret."""

    SCAPI_DATABASE_URL = env.str("SCAPI_DATABASE_URL", "")
    """SQLAlchemy URL of the database, `postgresql+psycopg://...` in production. Empty: SQLite in the data dir."""

    SCAPI_STORAGE = env.str("SCAPI_STORAGE", "local")
    """Where files are kept: `local`, `s3`, or the name of an installed plug-in."""

    SCAPI_S3_BUCKET = env.str("SCAPI_S3_BUCKET", "")
    """Bucket of the S3 storage. Credentials come from boto3's own chain (`AWS_*`, profiles, instance roles)."""

    SCAPI_S3_PREFIX = env.str("SCAPI_S3_PREFIX", "")
    """What the names of all objects begin with, such as `scapi/`."""

    SCAPI_S3_ENDPOINT_URL = env.str("SCAPI_S3_ENDPOINT_URL", "")
    """Address of an S3-compatible server. Empty: Amazon's."""

    SCAPI_S3_PUBLIC_ENDPOINT_URL = env.str("SCAPI_S3_PUBLIC_ENDPOINT_URL", "")
    """Address of that server as clients reach it, for presigned URLs. Empty: the same."""

    SCAPI_S3_REGION = env.str("SCAPI_S3_REGION", "")
    """Region of the bucket. Empty: from boto3's own chain."""

    SCAPI_S3_ADDRESSING_STYLE = env.str(
        "SCAPI_S3_ADDRESSING_STYLE", "auto", validate=validate.OneOf(["auto", "path", "virtual"])
    )
    """Where a request names the bucket: in the path or in the host. Most S3-compatible servers want `path`."""

    SCAPI_S3_CHECKSUMS = env.str(
        "SCAPI_S3_CHECKSUMS", "when_supported", validate=validate.OneOf(["when_supported", "when_required"])
    )
    """When boto3 sends and checks checksums. Some S3-compatible servers refuse them: `when_required`."""

    SCAPI_S3_SERVER_SIDE_ENCRYPTION = env.str(
        "SCAPI_S3_SERVER_SIDE_ENCRYPTION", "", validate=validate.OneOf(["", "AES256", "aws:kms"])
    )
    """How the server encrypts objects. Empty: as the bucket is set up."""

    SCAPI_S3_KMS_KEY_ID = env.str("SCAPI_S3_KMS_KEY_ID", "")
    """Key for `aws:kms`. Empty: the account's own."""

    SCAPI_S3_STORAGE_CLASS = env.str("SCAPI_S3_STORAGE_CLASS", "")
    """Storage class of finished files, such as `STANDARD_IA`. Empty: the bucket's."""

    SCAPI_S3_URL_EXPIRES = env.int("SCAPI_S3_URL_EXPIRES", 3600, validate=validate.Range(min=600, max=604_800))
    """Seconds that a presigned URL is good for; a file's own URL redirects to one."""

    SCAPI_MEDIA_BASE_URL = env.str("SCAPI_MEDIA_BASE_URL", "")
    """Address of a CDN or a public bucket in front of the files. Empty: redirects go to presigned URLs."""

    SCAPI_ACCEL_REDIRECT = env.str(
        "SCAPI_ACCEL_REDIRECT",
        "",
        validate=validate.Regexp(r"(/[\w./-]*/)?$", error="expected a path such as /internal/files/"),
    )
    """Internal location of an nginx in front that has the local files, such as `/internal/files/`, and sends them for
    scapi (X-Accel-Redirect). Empty: scapi sends them itself."""

    SCAPI_PUBLIC_URL = env.str(
        "SCAPI_PUBLIC_URL",
        "",
        validate=validate.Regexp(
            r"(https?://[^/\s].*)?$", error="expected an address such as https://media.example.org"
        ),
    )
    """The address that clients see, such as `https://media.example.org`. Empty: taken from the request."""

    SCAPI_TRUSTED_PROXIES = env.int("SCAPI_TRUSTED_PROXIES", 0, validate=validate.Range(min=0))
    """How many proxies in front set X-Forwarded-For, -Proto and -Host themselves, each of them all three."""

    SCAPI_JWT_SECRET = env.str("SCAPI_JWT_SECRET", "")
    """HS256 key of the bearer tokens, at least 32 bytes. Empty: made at first run and kept in the data dir
    (embedded database only)."""

    SCAPI_ANONYMOUS_WRITES = env.bool("SCAPI_ANONYMOUS_WRITES", True)
    """Whether uploading and creating media works without a token."""

    SCAPI_TAG_WRITERS = env.str("SCAPI_TAG_WRITERS", "anyone", validate=validate.OneOf(["anyone", "users", "admins"]))
    """Who may create, change, delete and assign tags: `anyone`, `users` (any token) or `admins` (a token whose claim
    `is_admin` is true). The API has it open to anyone; in production it should be `admins`."""

    SCAPI_UPLOAD_TTL = env.int("SCAPI_UPLOAD_TTL", 86_400, validate=validate.Range(min=1))
    """Seconds that an unfinished upload lives, from its first chunk."""

    SCAPI_MAX_CHUNK_BYTES = env.int("SCAPI_MAX_CHUNK_BYTES", 16 * MiB, validate=validate.Range(min=1))
    """Largest chunk, in bytes. A request holds its chunk in memory."""

    SCAPI_CLIENT_TIMEOUT = env.float("SCAPI_CLIENT_TIMEOUT", 30.0, validate=validate.Range(min=0.1))
    """Seconds that a client may be silent in the middle of a request's body, which occupies a thread meanwhile."""

    SCAPI_MAX_IMAGE_BYTES = env.int("SCAPI_MAX_IMAGE_BYTES", 5 * MiB, validate=validate.Range(min=1))
    """Largest image file, in bytes."""

    SCAPI_MAX_DOCUMENT_BYTES = env.int("SCAPI_MAX_DOCUMENT_BYTES", 50 * MiB, validate=validate.Range(min=1))
    """Largest document file, in bytes."""

    SCAPI_MAX_IMAGE_PIXELS = env.int("SCAPI_MAX_IMAGE_PIXELS", 50_000_000, validate=validate.Range(1, 89_000_000))
    """Most pixels (width x height) of an image, checked before it is decoded; at most what Pillow lets through."""

    SCAPI_STRIP_LOCATION = env.bool("SCAPI_STRIP_LOCATION", True)
    """Whether GPS tags are taken out of the images that are served. Pixels are not encoded again."""

    SCAPI_MEDIA_TYPE_NAMES = env.str("SCAPI_MEDIA_TYPE_NAMES", "long", validate=validate.OneOf(["long", "short"]))
    """How answers name the media types: `long` (image, editor_image, document) or `short` (image, eimage, doc)."""

    SCAPI_PREVIEW_SECONDS = env.float("SCAPI_PREVIEW_SECONDS", 5.0, validate=validate.Range(min=0.1, max=60))
    """Seconds that fetching all of a link's preview may take. Clients give up after 10."""

    SCAPI_PREVIEW_PORTS = env.list("SCAPI_PREVIEW_PORTS", [80, 443], subcast=int)
    """Ports, separated by commas, that links may have."""

    SCAPI_PREVIEW_ALLOW: list[str] = env.list("SCAPI_PREVIEW_ALLOW", [])
    """Host names and networks (`wiki.example.org,10.1.0.0/16`) that previews may reach although they are not public."""

    SCAPI_PREVIEWS_AT_ONCE = env.int("SCAPI_PREVIEWS_AT_ONCE", 4, validate=validate.Range(min=1))
    """Previews that one process fetches at once, fewer than its threads; a link beyond them is made without one, which
    `scapi previews refresh` gets later."""

    SCAPI_RATE_LIMIT_STORAGE = env.str("SCAPI_RATE_LIMIT_STORAGE", "memory://")
    """Where requests are counted: `memory://`, by each process for itself, or `redis://host:6379`, by all together."""

    SCAPI_RATE_LIMIT_CHUNKS = env.str("SCAPI_RATE_LIMIT_CHUNKS", "")
    """Chunks that a user, or an address without a token, may send, such as `600/minute; 10000/day`. Empty: no limit."""

    SCAPI_RATE_LIMIT_COMPLETES = env.str("SCAPI_RATE_LIMIT_COMPLETES", "")
    """The same for completed uploads."""

    SCAPI_RATE_LIMIT_PREVIEWS = env.str("SCAPI_RATE_LIMIT_PREVIEWS", "")
    """The same for requests that make scapi fetch from the web: creating media, and choosing a link's image."""

    SCAPI_RATE_LIMIT_OTHERS = env.str("SCAPI_RATE_LIMIT_OTHERS", "")
    """The same for all other requests of the API together: tags, reading and deleting media, asking for an upload."""

    SCAPI_MAX_UPLOADS_PER_USER = env.int("SCAPI_MAX_UPLOADS_PER_USER", 0, validate=validate.Range(min=0))
    """Most unfinished uploads of a user. 0: no cap."""

    SCAPI_MAX_UPLOADS_PER_ADDRESS = env.int("SCAPI_MAX_UPLOADS_PER_ADDRESS", 0, validate=validate.Range(min=0))
    """Most unfinished uploads from one address (IPv6: from one /64), with or without a token. 0: no cap."""

    SCAPI_MAX_UPLOAD_BYTES_PER_USER = env.int("SCAPI_MAX_UPLOAD_BYTES_PER_USER", 0, validate=validate.Range(min=0))
    """Most bytes of a user's unfinished uploads together, by the sizes that they will have. 0: no cap."""

    SCAPI_MAX_UPLOAD_BYTES_PER_ADDRESS = env.int(
        "SCAPI_MAX_UPLOAD_BYTES_PER_ADDRESS", 0, validate=validate.Range(min=0)
    )
    """The same for the uploads from one address. 0: no cap."""

    SCAPI_QUOTA_BYTES = env.int("SCAPI_QUOTA_BYTES", 0, validate=validate.Range(min=0))
    """Most bytes that a user may keep, files and unfinished uploads together. 0: no quota. Without a token there is
    none: see SCAPI_ANONYMOUS_WRITES."""

    SCAPI_CHECKS: list[str] = env.list("SCAPI_CHECKS", [])
    """Checks, separated by commas, that each file must pass before anyone can see it: `clamd`, or an installed
    plug-in's name."""

    SCAPI_CLAMD_ADDRESS = env.str("SCAPI_CLAMD_ADDRESS", "/run/clamav/clamd.ctl")
    """Where the check `clamd` finds it: the path of its socket, or `host:port`."""

    SCAPI_WEBHOOK_URLS: list[str] = env.list("SCAPI_WEBHOOK_URLS", [])
    """URLs, separated by commas, that are told of every event by `scapi webhooks deliver`. They may be inside."""

    SCAPI_WEBHOOK_SECRET = env.str("SCAPI_WEBHOOK_SECRET", "")
    """Key that webhooks are signed with: `whsec_` and 24 to 64 bytes in base64; two, separated by a space, while it is
    being changed."""

    SCAPI_METRICS_TOKEN = env.str(
        "SCAPI_METRICS_TOKEN",
        "",
        validate=validate.Regexp(r"([!-~]{16,})?$", error="expected at least 16 characters of ASCII without spaces"),
    )
    """Bearer token, at least 16 characters, that `/metrics` wants from Prometheus. Empty: there is no `/metrics`."""

    SCAPI_LOG_LEVEL = env.str(
        "SCAPI_LOG_LEVEL", "warning", validate=validate.OneOf(["debug", "info", "warning", "error"])
    )
    """How much is logged: `debug`, `info` (a line for every request), `warning` (what went wrong here) or `error`."""

    SCAPI_LOG_FORMAT = env.str("SCAPI_LOG_FORMAT", "text", validate=validate.OneOf(["text", "json"]))
    """Lines for people, `text`, or objects for programs, `json`. gunicorn.conf.py applies it, to gunicorn's own too."""

    SCAPI_CORS_ORIGINS = env.list("SCAPI_CORS_ORIGINS", ["*"])
    """Origins, separated by commas, whose pages may call the API from a browser."""
