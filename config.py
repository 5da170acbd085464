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

    SCAPI_PUBLIC_URL = env.str("SCAPI_PUBLIC_URL", "")
    """The address that clients see, such as `https://media.example.org`. Empty: taken from the request."""

    SCAPI_JWT_SECRET = env.str("SCAPI_JWT_SECRET", "")
    """HS256 key of the bearer tokens, at least 32 bytes. Empty: made at first run and kept in the data dir
    (embedded database only)."""

    SCAPI_ANONYMOUS_WRITES = env.bool("SCAPI_ANONYMOUS_WRITES", True)
    """Whether uploading and creating media works without a token."""

    SCAPI_UPLOAD_TTL = env.int("SCAPI_UPLOAD_TTL", 86_400, validate=validate.Range(min=1))
    """Seconds that an unfinished upload lives, from its first chunk."""

    SCAPI_MAX_CHUNK_BYTES = env.int("SCAPI_MAX_CHUNK_BYTES", 16 * MiB, validate=validate.Range(min=1))
    """Largest chunk. A request holds its chunk in memory."""

    SCAPI_MAX_IMAGE_BYTES = env.int("SCAPI_MAX_IMAGE_BYTES", 5 * MiB, validate=validate.Range(min=1))
    """Largest image file."""

    SCAPI_MAX_DOCUMENT_BYTES = env.int("SCAPI_MAX_DOCUMENT_BYTES", 50 * MiB, validate=validate.Range(min=1))
    """Largest document file."""

    SCAPI_MAX_IMAGE_PIXELS = env.int("SCAPI_MAX_IMAGE_PIXELS", 50_000_000, validate=validate.Range(1, 89_000_000))
    """Most pixels (width x height) of an image, checked before it is decoded; at most what Pillow lets through."""

    SCAPI_STRIP_LOCATION = env.bool("SCAPI_STRIP_LOCATION", True)
    """Whether GPS tags are taken out of the images that are served. Pixels are not encoded again."""

    SCAPI_MEDIA_TYPE_NAMES = env.str("SCAPI_MEDIA_TYPE_NAMES", "long", validate=validate.OneOf(["long", "short"]))
    """How answers name the media types: `long` (image, editor_image, document) or `short` (image, eimage, doc)."""

    SCAPI_CORS_ORIGINS = env.list("SCAPI_CORS_ORIGINS", ["*"])
    """Origins, separated by commas, whose pages may call the API from a browser."""
