"""Appends bytes to an upload, and counts them as they arrive. All protocols use it.

A protocol calls `beginning.create` once, then `stream` for each request with bytes, `offsets.look` when a client asks
for the offset, and `ending.abort` to give up. The caller must have checked that the client may write at all
(`auth.require_writer`). This module checks that the upload belongs to the user.

Each of these three makes its request the upload's writer: earlier requests can store nothing from then on. An earlier
request notices this within a second, also while its client is silent, and raises `superseded`. So a client that comes
back never waits for its own dead connection, and the offset that `look` returns stays right until the next request. No
lock and no database connection is held while a request waits for its client.
"""

from time import monotonic
from typing import Any

from flask import current_app

from scapi import metrics
from scapi import storage as storages
from scapi.database import now
from scapi.formats.filetypes import HEAD_SIZE, PARTIAL
from scapi.http.forms import Blocks
from scapi.refusals import Refused
from scapi.settings import settings
from scapi.uploads import assembly, naming, offsets, rows, rules, streams
from scapi.uploads.assembly import Progress
from scapi.uploads.digests import Check
from scapi.uploads.md5 import WORTHWHILE, Hashing
from scapi.uploads.rows import Driver, UploadRow
from scapi.uploads.rules import Position
from scapi.uploads.sources import Source, verified
from storage_backends import BLOCK, NotFound, StorageError

INTERVAL = 1.0
"""Seconds between two moments at which received bytes become official and a request checks for a newer one."""

SOON = 0.2
"""Seconds that a request may take without being the upload's writer: most requests have arrived completely by then."""


def stream(
    upload_id: str,
    user_id: int | None,
    position: Position,
    source: Source,
    *,
    resend: bool = False,
    last: bool = False,
    durable: bool = False,
    check: Check | None = None,
) -> Progress:
    """Store the bytes of a request at the end of an upload, and return its progress.

    The bytes become official every few MiB, every second and at the end. If `source` raises, the bytes received before
    are kept and count, and the exception is raised again. At most one block (`StorageBackend.block`) is held in memory.

    - `position` says where the bytes begin, which must be the upload's offset. If the client has declared where they
      end, any other number of bytes is refused. If it has declared the total, the first request with one sets it. A
      request without bytes is allowed: the offset is checked, and a total is stored.
    - `resend`: the request may also begin where the last request that stored bytes began. It is then a repeat, which
      may be longer; its first bytes are compared by their hash.
    - `last`: the request ends at the end of the file. When it has arrived completely, its end is the total.
    - `durable`: the returned progress survives a power cut, bytes and row; so does the `offset` of a refusal.
    - `check` decides about the request as a whole: its bytes are buffered, and none counts unless `verify` accepts them
      at the end. If such a request breaks off, none of its bytes count.

    Raises Refused: `upload_not_found`, `upload_expired`, `refused_by_check`, `upload_completed`, `offset_mismatch`,
    `superseded` (these three with `offset`), `total_mismatch`, `length_mismatch`, `file_too_large`,
    `unsupported_file_type`, `too_many_streams`, and what `check` raises. Raises StorageError, and what `source` raises.
    """
    append = _Append(upload_id, user_id, position, resend=resend, last=last, durable=durable)
    if check is not None:
        source = verified(source, check)
    try:
        return append.run(source)
    except Refused as refusal:
        if durable and "offset" in refusal.details:
            offsets.make_durable(upload_id, user_id)
        raise


class _Append:
    """A request with bytes. It holds the received bytes that are not official yet, in order."""

    def __init__(
        self, upload_id: str, user_id: int | None, position: Position, *, resend: bool, last: bool, durable: bool
    ) -> None:
        self._upload_id = upload_id
        self._user_id = user_id
        self._position = position
        self._resend = resend
        self._last = last
        self._durable = durable
        self._largest = settings.max_image_bytes, settings.max_document_bytes
        self._came = 0
        self._held: list[bytes] = []
        self._size = 0
        self._began = self._looked = monotonic()
        # known after the row was read
        self._upload: UploadRow | None = None
        self._overlap = 0
        self._hashing: Hashing
        # known as soon as this request is the upload's writer
        self._writer: int | None = None
        self._block = BLOCK
        self._place: streams.Place | None = None
        self._progress: Progress | None = None

    def run(self, source: Source) -> Progress:
        """Store the bytes of `source`. See `stream`."""
        size = None if self._position.end is None else self._position.end - self._position.start
        try:
            if size is not None and size >= WORTHWHILE:
                self._take_over()
            for block in source(self._silent):
                self._take(block)
        except (Refused, StorageError):
            raise
        except Exception:  # the exception is raised again; the bytes received before it count
            self._keep()
            raise
        finally:
            if self._place:
                self._place.leave()
        if self._position.end is not None:
            rules.check_length(self._position, self._came)
        self._store(at_end=True)
        if self._progress is None:
            raise RuntimeError("an append has stored nothing and not said so")
        return self._progress

    def _take(self, data: bytes) -> None:
        """Hold some bytes, and make them official if they are enough or have waited long enough."""
        end = self._position.end
        wanted = len(data) if end is None else max(0, end - self._position.start - self._came)
        self._came += len(data)
        data = data[:wanted]
        most = min(self._block, streams.share()) if self._place else self._block
        while data:
            room = max(1, most - self._size)
            self._hold(data[:room])
            data = data[room:]
            if self._size >= most:
                self._store()
        self._in_time()

    def _silent(self) -> None:
        """Called while no byte arrives."""
        self._in_time()
        if self._writer is None or monotonic() - self._looked < INTERVAL:
            return
        self._looked = monotonic()
        if rows.writer(self._upload_id) != self._writer:
            upload = assembly.find(self._upload_id, self._user_id)
            rules.check_alive(upload, now())
            raise rules.superseded(upload)

    def _in_time(self) -> None:
        if self._writer is None and (monotonic() - self._began >= SOON or self._size >= WORTHWHILE):
            self._take_over()
        # the first few bytes of a file wait for the next ones, which show its type
        enough = self._position.start > 0 or self._came >= HEAD_SIZE
        if self._size and enough and monotonic() - self._looked >= INTERVAL:
            self._store()

    def _keep(self) -> None:
        """Make the bytes official that arrived before the client went away."""
        try:
            if self._size:
                self._store()
        except (Refused, StorageError) as error:
            current_app.logger.debug("the bytes of a broken request are not kept: %s", error)

    def _take_over(self) -> None:
        """Become the upload's writer, before all bytes have arrived."""
        upload = rows.take_over(self._upload_id, self._user_id)
        if upload is None:
            upload = assembly.find(self._upload_id, self._user_id)
        rules.check_alive(upload, now())
        self._admit(upload)
        self._block = storages.of(upload.storage).block(upload.state)
        self._place = streams.Place(self._user_id)
        self._writer = upload.writer

    def _admit(self, upload: UploadRow) -> None:
        """Compare the request with the current row of the upload."""
        self._upload = upload
        self._overlap = rules.overlap(upload, self._position, resend=self._resend)
        rules.check_size(max(self._position.end or 0, self._position.total or 0), upload.mimetype, *self._largest)
        self._hashing = Hashing(upload.md5_before if self._overlap else upload.md5)
        held, self._held, self._size = self._held, [], 0
        for block in held:
            self._hold(block)

    def _hold(self, data: bytes) -> None:
        if self._upload is not None:
            self._hashing.update(data[: self._overlap] if self._overlap else data)
            if self._overlap:
                data = self._compare(data, self._upload)
        if data:
            self._held.append(data)
            self._size += len(data)

    @property
    def _is_untouched(self) -> bool:
        """Whether all received bytes are held."""
        return sum(map(len, self._held)) == self._came

    def _compare(self, data: bytes, upload: UploadRow) -> bytes:
        """Compare repeated bytes with the stored ones; return the new bytes."""
        known = data[: self._overlap]
        new = data[self._overlap :]
        self._overlap -= len(known)
        if not self._overlap and self._hashing.state() != upload.md5:
            raise rules.offset_mismatch(upload)
        self._hashing.update(new)
        return new

    def _store(self, *, at_end: bool = False) -> None:
        """Make the held bytes official, if this request is still the upload's writer. Raises Refused, StorageError."""
        # a completely received request of which nothing is stored yet may count as if it had just arrived
        is_new = self._writer is None or (at_end and self._resend and self._is_untouched)
        came = self._held
        with rows.connected() as connection:
            while True:
                with assembly.entered(self._upload_id, self._user_id, connection) as upload:
                    if is_new:
                        self._held = came
                        self._admit(upload)
                    elif upload.writer != self._writer:
                        rules.check_total(upload.offset + self._size, upload.total)
                        raise rules.superseded(upload)
                    if at_end and self._overlap:
                        raise rules.offset_mismatch(upload)
                    if self._write(upload, connection, at_end=at_end):
                        break
        self._looked = monotonic()

    def _write(self, upload: UploadRow, connection: Driver, *, at_end: bool) -> bool:
        """Write the held bytes and change the row; return False if another request has changed it."""
        try:
            values = self._values(upload, at_end=at_end)
        except NotFound:
            if rows.find(upload.id, connection) == upload:
                raise
            return False
        if values and not rows.advance(upload, values, connection):
            return False
        if at_end and self._durable:
            rows.make_durable(upload)
        self._writer = upload.writer + 1 if values else upload.writer
        self._held, self._size = [], 0
        offset, total = values.get("offset", upload.offset), values.get("total", upload.total)
        self._progress = Progress(upload.id, offset, total, upload.expires_at)
        if values and not at_end:
            self._block = storages.of(upload.storage).block(values.get("state", upload.state))
        return True

    def _values(self, upload: UploadRow, *, at_end: bool) -> dict[str, Any]:
        """Write the held bytes, and return the changed columns of the row."""
        storage = storages.of(upload.storage)
        end = upload.offset + self._size
        total = self._position.total if upload.total is None else upload.total
        if total is None and at_end and self._last:
            total = end
        rules.check_total(end, total)
        values: dict[str, Any] = {} if total == upload.total else {"total": total}
        state, hashed = upload.state, upload.md5
        if self._size:
            mimetype = upload.mimetype
            if upload.offset == 0:
                if mimetype != PARTIAL:
                    mimetype = rules.check_type(Blocks(self._held).head(HEAD_SIZE))
                state = storage.named(storage.typed(state, mimetype), naming.disposition(upload.filename, mimetype))
                values["mimetype"] = mimetype
            rules.check_size(end if total is None else total, mimetype, *self._largest)
            state = storage.write(state, upload.offset, Blocks(self._held).stream(), self._size)
            metrics.RECEIVED_BYTES.inc(self._size)
            hashed = self._hashing.state()
            values |= {"offset": end, "md5": hashed}
            if self._position.start == upload.offset:
                values |= {"last_start": upload.offset, "md5_before": upload.md5}
        if at_end and self._durable and not storage.is_durable(state):
            state = storage.sync(state)
        if state != upload.state:
            values["state"] = state
            if storage.is_durable(state):
                values["md5_durable"] = hashed
        return values
