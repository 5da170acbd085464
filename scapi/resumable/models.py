"""The table of upload resources, beside the uploads' rows."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from scapi.database import Base, UtcDateTime


class UploadResource(Base):
    """An upload resource. The upload's row of the same id has its bytes."""

    __tablename__ = "upload_resources"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    digests: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    """The digests of the whole file that the client has sent, in hex, by algorithm (hashlib's name)."""
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
