"""The settings of the database and of the storage."""

from dataclasses import dataclass
from pathlib import Path

from marshmallow import validate

from scapi.settings.field import setting


@dataclass(frozen=True, kw_only=True)
class StoreSettings:
    """Where rows and files are stored."""

    # Places
    data_dir: Path = setting(
        Path("var"),
        "Folder of the embedded database, the local files and the generated secret.",
    )
    database_url: str = setting(
        "",
        "SQLAlchemy URL of the database, `postgresql+psycopg://...` in production. Empty: SQLite in the data dir.",
        secret=True,
    )

    database_statement_timeout: float = setting(
        15.0,
        "Seconds that a statement may take on PostgreSQL, including waiting for locks; 0 for no limit. A "
        "`statement_timeout` of the role or of the database takes precedence.",
        validate.Range(min=0),
    )

    # Storage
    storage: str = setting("local", "Where files are stored: `local`, `s3`, or the name of an installed plug-in.")
    storage_before: str = setting(
        "",
        "The old storage of files, while they are moved: rows name it until `scapi storage copy` has copied their "
        "files.",
    )
    s3_bucket: str = setting(
        "",
        "Bucket of the S3 storage. Credentials come from boto3's own chain (`AWS_*`, profiles, instance roles).",
    )
    s3_prefix: str = setting("", "The prefix of the names of all objects, such as `scapi/`.")
    s3_endpoint_url: str = setting("", "URL of an S3-compatible server. Empty: Amazon's.")
    s3_public_endpoint_url: str = setting(
        "",
        "URL of that server for clients, for presigned URLs. Empty: the same.",
    )
    s3_region: str = setting("", "Region of the bucket. Empty: from boto3's own chain.")
    s3_addressing_style: str = setting(
        "auto",
        "Where a request names the bucket: in the path or in the host. Most S3-compatible servers need `path`.",
        validate.OneOf(["auto", "path", "virtual"]),
    )
    s3_checksums: str = setting(
        "when_supported",
        "When boto3 sends and checks checksums. Some S3-compatible servers refuse them: `when_required`.",
        validate.OneOf(["when_supported", "when_required"]),
    )
    s3_server_side_encryption: str = setting(
        "",
        "How the server encrypts objects. Empty: as configured in the bucket.",
        validate.OneOf(["", "AES256", "aws:kms"]),
    )
    s3_kms_key_id: str = setting("", "Key for `aws:kms`. Empty: the account's own.")
    s3_storage_class: str = setting(
        "",
        "Storage class of finished files, such as `STANDARD_IA`. Empty: the bucket's.",
    )
    s3_url_expires: int = setting(
        3600,
        "Seconds that a presigned URL is valid; a file's own URL redirects to one. For a third of that time everyone "
        "gets the same URL, so that browsers and caches can reuse it.",
        validate.Range(min=600, max=604_800),
    )
    media_base_url: str = setting(
        "",
        "URL of a CDN or a public bucket in front of the files. Empty: redirects go to presigned URLs.",
    )
    accel_redirect: str = setting(
        "",
        "Internal location of an nginx in front for the local files, such as `/internal/files/`: nginx sends them for "
        "scapi (X-Accel-Redirect). Empty: scapi sends them itself.",
        validate.Regexp(r"(/[\w./-]*/)?$", error="expected a path such as /internal/files/"),
    )
