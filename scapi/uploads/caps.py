"""Limits of unfinished uploads by client, and of stored bytes by user. Without a limit nothing is counted.

The rows themselves are counted, so there is no stored total that could become wrong. An upload counts from its first
chunk until it is completed, aborted or expired, with its final size. Counting and inserting happen one client at a
time, so that the caps are exact even if many first chunks race.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app
from sqlalchemy import Connection, Executable, bindparam, case, func, insert, select
from sqlalchemy.orm import InstrumentedAttribute

from scapi import database
from scapi.database import UPLOADS_BIND, db, now
from scapi.formats import filetypes
from scapi.http import callers
from scapi.refusals import Refused
from scapi.settings import Settings
from scapi.uploads import rows
from scapi.uploads.models import Status, Upload

RETRY_AFTER = 60
"""Seconds after which a refused upload may be tried again: others may have ended by then."""

# Built once: building a statement costs more than running it.
_ADD = insert(Upload)
_UNFINISHED = {
    column: select(
        func.count(),
        func.coalesce(
            func.sum(
                case(
                    (Upload.total.is_not(None), Upload.total),
                    (Upload.mimetype.like("image/%"), bindparam("largest_image")),
                    else_=bindparam("largest_file"),
                )
            ),
            0,
        ),
    ).where(
        column == bindparam("owner"),
        Upload.status == Status.UPLOADING,
        Upload.expires_at > bindparam("moment"),
        Upload.id.not_in(bindparam("counted", expanding=True)),
    )
    for column in (Upload.user_id, Upload.address)
}


@dataclass(frozen=True, slots=True)
class Cap:
    """The most unfinished uploads, and the most bytes of them together. 0: no cap."""

    uploads: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner that uploads count for: the rows in which `column` has this value, and their cap."""

    column: InstrumentedAttribute[Any]
    value: int | bytes
    cap: Cap
    noun: str

    @property
    def name(self) -> str:
        """A name for the lock."""
        return f"{self.noun}:{self.value!r}"


@dataclass(frozen=True, slots=True)
class Caps:
    """The caps and the quota in the settings."""

    user: Cap
    address: Cap
    quota: int
    stored: Executable
    largest_image: int
    largest_file: int

    def owners(self, user_id: int | None) -> Iterator[Owner]:
        """Yield the owners with a cap that a new upload of the current request counts for."""
        if user_id is not None and (any((self.user.uploads, self.user.bytes)) or self.quota):
            yield Owner(Upload.user_id, user_id, self.user, "user")
        if any((self.address.uploads, self.address.bytes)):
            yield Owner(Upload.address, callers.network_digest(), self.address, "address")

    def size(self, total: int | None, mimetype: str) -> int:
        """Return the bytes that an upload counts: the declared size, or the largest size allowed for the type."""
        if total is not None:
            return total
        return self.largest_image if filetypes.is_image(mimetype) else self.largest_file

    def check(self, connection: Connection, owner: Owner, size: int, counted: Sequence[str]) -> None:
        """Refuse one more upload of `size` bytes if it exceeds the owner's cap. Uploads in `counted` do not count."""
        about = {
            "largest_image": self.largest_image,
            "largest_file": self.largest_file,
            "moment": now(),
            "counted": list(counted),
        }
        count, unfinished = connection.execute(_UNFINISHED[owner.column], {"owner": owner.value, **about}).one()
        cap = owner.cap
        if cap.uploads and count >= cap.uploads:
            raise Refused(
                "too_many_uploads",
                f"this {owner.noun} has {count} unfinished uploads; the limit is {cap.uploads}; complete or abort one",
                retry_after=RETRY_AFTER,
            )
        if cap.bytes and size > cap.bytes:  # waiting would not help
            raise Refused(
                "file_too_large",
                f"this upload counts {size} bytes; the limit for all uploads of this {owner.noun} is {cap.bytes} bytes",
            )
        if cap.bytes and unfinished + size > cap.bytes:
            raise Refused(
                "too_many_upload_bytes",
                f"unfinished uploads have {unfinished} bytes, this one {size}, and this {owner.noun} may have "
                f"{cap.bytes}; complete or abort one",
                retry_after=RETRY_AFTER,
            )
        if self.quota and isinstance(owner.value, int):
            self.check_quota(connection, owner.value, unfinished + size)

    def check_quota(self, connection: Connection, user_id: int, more: int) -> None:
        """Refuse `more` bytes if they exceed the user's quota."""
        # PostgreSQL returns sums as Decimal
        stored = int(connection.execute(self.stored, {"user_id": user_id}).scalar_one())
        if stored + more > self.quota:
            raise Refused(
                "quota_exceeded",
                f"{stored} of {self.quota} bytes are used, so {more} more do not fit; delete some media",
                quota=self.quota,
                used=stored,
            )


def set_up(app: Flask, settings: Settings, stored: Executable) -> None:
    """Read the caps from the settings; without any cap, uploads are not counted.

    `stored` is the statement for the sum of the bytes of all finished files of `user_id`.
    """
    user = Cap(settings.max_uploads_per_user, settings.max_upload_bytes_per_user)
    address = Cap(settings.max_uploads_per_address, settings.max_upload_bytes_per_address)
    quota = settings.quota_bytes
    largest_image, largest_document = settings.max_image_bytes, settings.max_document_bytes
    caps = Caps(user, address, quota, stored, largest_image, max(largest_image, largest_document))
    capped = any((user.uploads, user.bytes, address.uploads, address.bytes, quota))
    app.extensions["scapi.caps"] = caps if capped else None


def check(user_id: int | None, total: int | None, mimetype: str, counted: Sequence[str] = ()) -> None:
    """Refuse a new upload over a cap before its bytes are sent. `add` checks again when it inserts the row."""
    caps: Caps | None = current_app.extensions["scapi.caps"]
    if caps is None:
        return
    with db.engines[UPLOADS_BIND].connect() as connection:
        for owner in caps.owners(user_id):
            caps.check(connection, owner, caps.size(total, mimetype), counted)


def check_quota(user_id: int | None, size: int) -> None:
    """Refuse a file of `size` bytes, not from an upload, if it exceeds the user's quota."""
    caps: Caps | None = current_app.extensions["scapi.caps"]
    if caps is not None and caps.quota and user_id is not None:
        with db.engines[UPLOADS_BIND].connect() as connection:
            caps.check_quota(connection, user_id, size)


def add(values: Mapping[str, Any], counted: Sequence[str] = ()) -> None:
    """Insert the row of a new upload, if no cap is exceeded. Raises Refused."""
    caps: Caps | None = current_app.extensions["scapi.caps"]
    owners = [] if caps is None else list(caps.owners(values["user_id"]))
    if caps is None or not owners:
        rows.add(values)
        return
    size = caps.size(values["total"], values["mimetype"])
    address = next((owner.value for owner in owners if owner.noun == "address"), None)
    with database.one_at_a_time(db.engines[UPLOADS_BIND], [owner.name for owner in owners]) as connection:
        for owner in owners:
            caps.check(connection, owner, size, counted)
        connection.execute(_ADD, {**values, "address": address})
