"""One job, in a process of its own: reads the file, says what it finds, and ends. Runs after the fork in warm.py."""

from __future__ import annotations

import json
import os
import socket
from collections import OrderedDict
from typing import Any

from scapi.formats.documents import InvalidDocument
from scapi.formats.images import InvalidImage
from scapi.inspection.messages import HEADER, MAX_WORDS, RANGE, Kind

BLOCK_BYTES = 64 * 1024
CACHED_BLOCKS = 512
# While blocks are read in order, each read is twice as long as the one before, up to this size. So a walk through a
# long file takes few requests.
MAX_READ_BLOCKS = 16
# After this many requests, all later ones read twice as much. Even a file that is read in scattered places then takes
# about thirty requests; each may take the storage a second.
PATIENCE = 4
MAX_GROWTH = 6


class Teller:
    """Tells the web process what was found."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    def say(self, kind: Kind, payload: bytes = b"") -> None:
        """Send one message. Ends this process if the web process no longer listens."""
        try:
            self._line.sendall(HEADER.pack(kind.value, len(payload)))
            self._line.sendall(payload)
        except OSError:
            os._exit(1)

    def facts(self, **facts: Any) -> None:
        """Send the facts that are known so far."""
        self.say(Kind.FACTS, json.dumps(facts).encode())

    def picture(self, data: bytes) -> None:
        """Send a file that was made."""
        self.say(Kind.PICTURE, data)

    def mishap(self, message: str, *, memory: bool = False) -> None:
        """Report a failure that the file may not have caused."""
        self.say(Kind.MISHAP, json.dumps({"memory": memory, "message": message[: MAX_WORDS // 8]}).encode())

    def fetch(self, offset: int, length: int) -> bytes:
        """Return a range of the file. Ends this process if it does not arrive: PDFium would swallow an exception."""
        self.say(Kind.READ, RANGE.pack(offset, length))
        data = bytearray(length)
        view = memoryview(data)
        while view:
            try:
                got = self._line.recv_into(view)
            except OSError:
                os._exit(1)
            if not got:
                os._exit(1)
            view = view[got:]
        return bytes(data)


class LocalFile:
    """A file that was passed as a descriptor; has the methods of io.RawIOBase that pypdfium2 calls."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor, self.size, self._position = descriptor, size, 0

    def read_all(self) -> bytes:
        """Return the whole file."""
        blocks: list[bytes] = []
        at = 0
        while at < self.size:
            blocks.append(self._read(self.size - at, at))
            at += len(blocks[-1])
        return b"".join(blocks)  # one block is returned as it is

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to an offset from the beginning, or from the end with os.SEEK_END."""
        self._position = offset + (self.size if whence == os.SEEK_END else 0)
        return self._position

    def tell(self) -> int:
        """Return the current offset."""
        return self._position

    def read(self, length: int) -> bytes:
        """Return up to `length` bytes from the current offset on."""
        buffer = bytearray(length)
        return bytes(buffer[: self.readinto(buffer)])

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer from the current offset on; return the number of bytes."""
        view = memoryview(buffer).cast("B")[: max(0, self.size - self._position)]
        got = self._fill(view, self._position) if view else 0
        self._position += got
        return got

    def _read(self, length: int, position: int) -> bytes:
        """Read some bytes. Ends this process if there are none."""
        try:
            return os.pread(self._descriptor, length, position) or os._exit(1)
        except OSError:
            os._exit(1)

    def _fill(self, view: memoryview, position: int) -> int:
        """Read some bytes. Ends this process if there are none: PDFium would think that the file is broken."""
        try:
            got = os.preadv(self._descriptor, [view], position)
        except OSError:
            os._exit(1)
        return got or os._exit(1)


class RemoteFile(LocalFile):
    """A file that is not on this host, read through the web process in blocks, which are cached."""

    def __init__(self, teller: Teller, size: int) -> None:
        super().__init__(-1, size)
        self._teller = teller
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._next_block, self._run, self._fetched = -1, 1, 0

    def read_all(self) -> bytes:
        return self._teller.fetch(0, self.size)

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        wanted = max(0, min(len(view), self.size - self._position))
        done = 0
        while done < wanted:
            number, start = divmod(self._position, BLOCK_BYTES)
            piece = self._block(number)[start : start + wanted - done]
            view[done : done + len(piece)] = piece
            done += len(piece)
            self._position += len(piece)
        return done

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            self._fetch(number)
        self._blocks.move_to_end(number)
        return self._blocks[number]

    def _fetch(self, number: int) -> None:
        least = 1 << min(self._fetched // PATIENCE, MAX_GROWTH)
        walked = min(self._run * 2, MAX_READ_BLOCKS) if number == self._next_block else 1
        self._run = min(max(least, walked), CACHED_BLOCKS)
        self._fetched += 1
        self._next_block = number + self._run
        start = number * BLOCK_BYTES
        data = self._teller.fetch(start, min(self._run * BLOCK_BYTES, self.size - start))
        for index in range(0, len(data), BLOCK_BYTES):
            self._blocks[number + index // BLOCK_BYTES] = data[index : index + BLOCK_BYTES]
        while len(self._blocks) > CACHED_BLOCKS:
            self._blocks.popitem(last=False)


def work(job: Any, arguments: dict[str, Any], file: LocalFile, teller: Teller) -> None:
    """Do a job and report how it ended."""
    try:
        job(file, teller, **arguments)
    except (InvalidImage, InvalidDocument) as error:
        teller.say(Kind.VERDICT, json.dumps({"code": error.code, "message": str(error)}).encode())
    except MemoryError:
        teller.mishap("out of memory", memory=True)
    except Exception as error:  # noqa: BLE001 - a bug of ours, which the log of the web process is to show
        teller.mishap(f"{type(error).__name__}: {error}")
    teller.say(Kind.DONE)
