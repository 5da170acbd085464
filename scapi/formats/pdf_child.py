"""Looks into one PDF in a process of its own: run by documents.py, `pdf_child.py <size> <memory> <cpu> <preview>`.

Sizes are bytes, seconds, pixels. Messages go to standard output: one byte of kind, four of length, the payload.
S: started. R: offset and length of a range, which comes back on standard input as it is. X: no readable PDF.
D: JSON with pages, encrypted, title. P: width, height and the JPEG of the first page. Rendering comes last, so that
what the document is stays known when it fails.
"""

import json
import os
import resource
import struct
import sys
from collections import OrderedDict
from io import BytesIO
from typing import Any, BinaryIO

BLOCK_BYTES = 64 * 1024
CACHED_BLOCKS = 512
# A run of blocks that is read in order doubles up to this, so that walking a long file takes few requests.
MAX_READ_BLOCKS = 16

JPEG_QUALITY = 80

# PDFium opens fonts of the system; it needs no more files than these at a time.
_MAX_OPEN_FILES = 64

# fpdfview.h: a password is needed; the encryption is one that PDFium does not know.
_ERR_PASSWORD, _ERR_SECURITY = 4, 5


class Pipe:
    """The conversation with the parent process."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    def send(self, kind: bytes, payload: bytes = b"") -> None:
        """Send one message."""
        self._outgoing.write(struct.pack(">cI", kind, len(payload)) + payload)
        self._outgoing.flush()

    def fetch(self, offset: int, length: int) -> bytes:
        """Return that range of the file; ends this process when the parent is gone."""
        self.send(b"R", struct.pack(">QI", offset, length))
        data = self._incoming.read(length)
        if len(data) < length:
            # Inside a callback of PDFium, which would swallow an exception.
            os._exit(1)
        return data


class RangedFile:
    """A file that is elsewhere, read in blocks that are kept; as much of io.RawIOBase as pypdfium2 asks for."""

    def __init__(self, pipe: Pipe, size: int) -> None:
        self._pipe, self._size, self._position = pipe, size, 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._next_block, self._run = -1, 1

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to an offset from the beginning, or from the end with os.SEEK_END."""
        self._position = offset + (self._size if whence == os.SEEK_END else 0)
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
        view = memoryview(buffer).cast("B")
        wanted = max(0, min(len(view), self._size - self._position))
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
        self._run = min(self._run * 2, MAX_READ_BLOCKS) if number == self._next_block else 1
        self._next_block = number + self._run
        start = number * BLOCK_BYTES
        data = self._pipe.fetch(start, min(self._run * BLOCK_BYTES, self._size - start))
        for index in range(0, len(data), BLOCK_BYTES):
            self._blocks[number + index // BLOCK_BYTES] = data[index : index + BLOCK_BYTES]
        while len(self._blocks) > CACHED_BLOCKS:
            self._blocks.popitem(last=False)


def confine(memory_bytes: int, cpu_seconds: int) -> None:
    """Give up what looking into a PDF does not need: more memory and time than allowed, writing files, dumps."""
    for limit, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _MAX_OPEN_FILES),
    ):
        resource.setrlimit(limit, (value, value))
    # At the lower limit the system sends SIGXCPU, which shows in the log; at the higher one SIGKILL, as a timeout does.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))


def main(size: int, memory_bytes: int, cpu_seconds: int, preview_size: int) -> None:
    """Tell the parent what the PDF of `size` bytes is, then send its first page, fitted into preview_size pixels."""
    pipe = Pipe(sys.stdin.buffer, os.fdopen(os.dup(1), "wb"))
    # Nothing but messages may go to the parent.
    os.dup2(2, 1)
    confine(memory_bytes, cpu_seconds)
    # It loads native code, which is to happen after the limits are set.
    import pypdfium2  # type: ignore[import-untyped]

    pipe.send(b"S")
    try:
        document = pypdfium2.PdfDocument(RangedFile(pipe, size))
    except pypdfium2.PdfiumError as error:
        if error.err_code in (_ERR_PASSWORD, _ERR_SECURITY):
            pipe.send(b"D", json.dumps({"pages": None, "encrypted": True, "title": None}).encode())
        else:
            pipe.send(b"X")
        return
    # Before the pages are counted, says pypdfium2; without it, filled-in forms would look empty.
    document.init_forms()
    summary = {"pages": len(document), "encrypted": False, "title": title(document)}
    pipe.send(b"D", json.dumps(summary).encode())
    pipe.send(b"P", preview(document, preview_size))


def title(document: Any) -> str | None:
    """Return the title from the document's metadata; None when there is none or it is not text."""
    try:
        return document.get_metadata_value("Title") or None
    except UnicodeDecodeError:
        return None


def preview(document: Any, preview_size: int) -> bytes:
    """Return width, height and JPEG of the first page on white, its longer side preview_size pixels."""
    page = document[0]
    image = page.render(scale=preview_size / max(page.get_size())).to_pil()
    # PDFium rounds up, which can make it one pixel more.
    image = image.crop((0, 0, min(image.width, preview_size), min(image.height, preview_size)))
    output = BytesIO()
    image.save(output, "JPEG", quality=JPEG_QUALITY)
    return struct.pack(">HH", image.width, image.height) + output.getvalue()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
    # Nothing is left to be cleaned up, and a broken document may crash PDFium while it tries.
    os._exit(0)
