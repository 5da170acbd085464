"""The table of tus resources, beside the uploads' rows."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from scapi.database import Base, UtcDateTime


class TusUpload(Base):
    """A resource that a tus client has created. The upload's row of the same id has its bytes, if it has any."""

    __tablename__ = "tus_uploads"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    """The owner of a final upload, which has no upload row until its parts are complete. Others: see the upload's row.
    """
    sent_metadata: Mapped[str] = mapped_column(Text)
    """The header Upload-Metadata as it was sent."""
    wanted: Mapped[str | None] = mapped_column(String(16))
    """The type of media that the client asks for."""
    md5: Mapped[str | None] = mapped_column(String(32))
    """The MD5 of the file, if the client has sent it."""
    partial: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether it is a part of a file that another upload joins."""
    parts: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """The ids of the partial uploads that it joins, in order."""
    concat: Mapped[str | None] = mapped_column(Text)
    """The header Upload-Concat as it was sent."""
    final_id: Mapped[str | None] = mapped_column(String(32))
    """Of a partial upload: the final upload that joins it."""
    joined_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Of a final upload: until when a request has claimed it for joining."""
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
