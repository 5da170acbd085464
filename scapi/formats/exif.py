"""The TIFF structure inside EXIF metadata: the orientation, and GPS tags blanked in place (Exif 3.0, TIFF 6.0)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from scapi.formats import xmp

_ORIENTATION = 0x0112
_SUB_IFDS = 0x014A
_XMP_PACKET = 0x02BC
_EXIF_IFD = 0x8769
_GPS_IFD = 0x8825
_INTEROPERABILITY_IFD = 0xA005

_SHORT = 3
# Bytes per value, by type (TIFF 6.0, section 2; 13 is IFD from TIFF Technical Note 1).
_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_ENTRY = 12
# A photo has four or five; a chain that goes on for longer is made to keep a reader busy.
_MAX_IFDS = 32
# Entries that are read in all; a photo has a hundred or two, of which each is read a few times. Directories may share
# their bytes, so that a small file can claim millions.
_MAX_ENTRIES = 5_000


class _MalformedError(Exception):
    pass


@dataclass(frozen=True, slots=True)
class _Entry:
    at: int
    tag: int
    type: int
    count: int


class _Tiff:
    def __init__(self, data: bytes) -> None:
        order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
        if order is None or len(data) < 8:
            raise _MalformedError
        self.data = bytearray(data)
        # Values may share their bytes, too: a file that asks for more than itself to be blanked asks for any amount.
        self._left_to_blank = len(data)
        self._left_to_read = _MAX_ENTRIES
        self._u16 = struct.Struct(order + "H")
        self._u32 = struct.Struct(order + "I")

    def u16(self, at: int) -> int:
        return int(self._u16.unpack_from(self.data, at)[0])

    def u32(self, at: int) -> int:
        return int(self._u32.unpack_from(self.data, at)[0])

    def entries(self, ifd: int) -> list[_Entry]:
        """Return as many of the directory's entries as there are bytes for, as readers do.

        Raises _MalformedError when more than _MAX_ENTRIES were asked for in all.
        """
        if ifd + 2 > len(self.data):
            return []
        fitting = min(self.u16(ifd), (len(self.data) - ifd - 2) // _ENTRY)
        self._left_to_read -= fitting
        if self._left_to_read < 0:
            raise _MalformedError
        positions = range(ifd + 2, ifd + 2 + fitting * _ENTRY, _ENTRY)
        return [_Entry(at, self.u16(at), self.u16(at + 2), self.u32(at + 4)) for at in positions]

    def directories(self) -> list[int]:
        """Return the offsets of all directories but GPS, each once, whatever loops the file has."""
        found: list[int] = []
        waiting = [self.u32(4)]
        while waiting and len(found) < _MAX_IFDS:
            ifd = waiting.pop(0)
            if ifd in found or not 8 <= ifd <= len(self.data) - 2:
                continue
            found.append(ifd)
            for entry in self.entries(ifd):
                if entry.tag in (_EXIF_IFD, _INTEROPERABILITY_IFD, _SUB_IFDS):
                    waiting.extend(self._pointers(entry))
            next_at = ifd + 2 + self.u16(ifd) * _ENTRY
            if next_at + 4 <= len(self.data):
                waiting.append(self.u32(next_at))
        if waiting and len(found) == _MAX_IFDS:
            raise _MalformedError
        return found

    def gps_entries(self) -> Iterator[tuple[int, _Entry]]:
        for ifd in self.directories():
            for entry in reversed(self.entries(ifd)):
                if entry.tag == _GPS_IFD:
                    yield ifd, entry

    def value(self, entry: _Entry) -> tuple[int, int]:
        """Return where the entry's value begins and ends. Raises _MalformedError when it is not inside the data."""
        size = _TYPE_SIZES.get(entry.type, 0) * entry.count
        if entry.type not in _TYPE_SIZES:
            raise _MalformedError
        start = entry.at + 8 if size <= 4 else self.u32(entry.at + 8)
        if start + size > len(self.data):
            raise _MalformedError
        return start, start + size

    def blank(self, start: int, end: int) -> None:
        self.data[start:end] = bytes(self._spend(end - start))

    def blank_gps_in_xmp(self, start: int, end: int) -> None:
        self._spend(end - start)
        self.data[start:end] = xmp.without_gps(bytes(self.data[start:end]))

    def _spend(self, size: int) -> int:
        self._left_to_blank -= size
        if self._left_to_blank < 0:
            raise _MalformedError
        return size

    def blank_gps_directory(self, ifd: int) -> None:
        entries = self.entries(ifd)
        if ifd + 2 > len(self.data) or len(entries) != self.u16(ifd):
            raise _MalformedError
        for entry in entries:
            self.blank(*self.value(entry))
        self.blank(ifd, min(ifd + 2 + len(entries) * _ENTRY + 4, len(self.data)))

    def remove(self, ifd: int, entry: _Entry) -> None:
        """Take the entry out of its directory; what follows it in there moves up, values stay where they are."""
        count = self.u16(ifd)
        end = ifd + 2 + count * _ENTRY + 4
        # A GPS directory that overlaps this one has just been blanked, and this one with it.
        if end > len(self.data) or entry.at + _ENTRY > end:
            raise _MalformedError
        self.data[entry.at : end] = self.data[entry.at + _ENTRY : end] + bytes(_ENTRY)
        self._u16.pack_into(self.data, ifd, count - 1)

    def _pointers(self, entry: _Entry) -> list[int]:
        try:
            start, end = self.value(entry)
        except _MalformedError:
            return []
        return [self.u32(at) for at in range(start, end - 3, 4)][:_MAX_IFDS]


def orientation(tiff: bytes) -> int:
    """Return the EXIF orientation, 1 to 8; 1, which is upright, when there is none that browsers would heed."""
    try:
        image = _Tiff(tiff)
        entries = image.entries(image.u32(4))
    except _MalformedError:
        return 1
    for entry in entries:
        if entry.tag == _ORIENTATION:
            value = image.u16(entry.at + 8)
            return value if entry.type == _SHORT and entry.count == 1 and 1 <= value <= 8 else 1
    return 1


def without_gps(tiff: bytes) -> bytes:
    """Return the structure with its GPS directories and their values blanked, also those of the thumbnail (IFD1).

    The same length, since others point into it; the same object when there is nothing to remove. A structure that
    cannot be understood is replaced by one that holds the orientation alone, rather than let a location through.
    Never raises. Maker notes, whose formats are the makers' secrets, are left alone.
    """
    try:
        cleaned = _cleaned(tiff)
        understood = orientation(cleaned) == orientation(tiff) and not any(_Tiff(cleaned).gps_entries())
    except _MalformedError:
        understood = False
    if not understood:
        cleaned = _only_orientation(tiff)
    return tiff if cleaned == tiff else cleaned


def _cleaned(tiff: bytes) -> bytes:
    image = _Tiff(tiff)
    for ifd, entry in list(image.gps_entries()):
        image.blank_gps_directory(image.u32(entry.at + 8))
        image.remove(ifd, entry)
    for ifd in image.directories():
        for entry in image.entries(ifd):
            if entry.tag == _XMP_PACKET:
                image.blank_gps_in_xmp(*image.value(entry))
    return bytes(image.data)


def _only_orientation(tiff: bytes) -> bytes:
    smallest = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, _ORIENTATION, _SHORT, 1, orientation(tiff), 0, 0)
    return smallest.ljust(len(tiff), b"\0") if len(tiff) >= len(smallest) else bytes(len(tiff))
