"""The EXIF metadata that a picture needs: its orientation and its resolution (Exif 3.0, TIFF 6.0).

Only the first directory, IFD0, is read. No pointers are followed, so that no directory is read twice.
"""

import struct
from dataclasses import dataclass

_ORIENTATION = 0x0112
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128

# Types of values (TIFF 6.0, section 2).
_SHORT, _RATIONAL = 3, 5
_TYPES = {_ORIENTATION: _SHORT, _X_RESOLUTION: _RATIONAL, _Y_RESOLUTION: _RATIONAL, _RESOLUTION_UNIT: _SHORT}

_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_HEADER_BYTES, _ENTRY_BYTES = 8, 12

# A photo's first directory has some twenty entries.
_MAX_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class Essentials:
    """The byte order of the structure that was read, and its tags: SHORT as a number, RATIONAL as its eight bytes."""

    order: str
    tags: dict[int, int | bytes]

    @property
    def orientation(self) -> int:
        """1 to 8; 1 (upright) if there is no orientation that browsers would apply."""
        value = self.tags.get(_ORIENTATION)
        return value if isinstance(value, int) else 1

    def tiff(self) -> bytes:
        """Return a TIFF structure of these tags and nothing else; empty if there are none."""
        if not self.tags:
            return b""
        values_at = _HEADER_BYTES + 2 + len(self.tags) * _ENTRY_BYTES + 4
        entries, values = b"", b""
        for tag, value in sorted(self.tags.items()):
            if isinstance(value, int):
                packed = struct.pack(f"{self.order}HH", value, 0)
            else:
                packed = struct.pack(f"{self.order}I", values_at + len(values))
                values += value
            entries += struct.pack(f"{self.order}HHI", tag, _TYPES[tag], 1) + packed
        magic = next(magic for magic, order in _BYTE_ORDERS.items() if order == self.order)
        head = magic + struct.pack(f"{self.order}IH", _HEADER_BYTES, len(self.tags))
        return head + entries + bytes(4) + values


def read(tiff: bytes) -> Essentials:
    """Return the tags of a TIFF structure that a picture needs; none if it cannot be parsed. Never raises."""
    order = _BYTE_ORDERS.get(tiff[:4])
    if order is None or len(tiff) < _HEADER_BYTES:
        return Essentials("<", {})
    (start,) = struct.unpack_from(f"{order}I", tiff, 4)
    if start + 2 > len(tiff):
        return Essentials(order, {})
    (count,) = struct.unpack_from(f"{order}H", tiff, start)
    # Other readers, too, read as many entries as there are bytes for.
    fitting = min(count, (len(tiff) - start - 2) // _ENTRY_BYTES, _MAX_ENTRIES)
    tags: dict[int, int | bytes] = {}
    seen: set[int] = set()
    for at in range(start + 2, start + 2 + fitting * _ENTRY_BYTES, _ENTRY_BYTES):
        tag, kind, values = struct.unpack_from(f"{order}HHI", tiff, at)
        if tag in seen or tag not in _TYPES:
            continue
        seen.add(tag)
        if _TYPES[tag] != kind or values != 1:
            continue
        value = _short(tiff, order, at) if kind == _SHORT else _rational(tiff, order, at)
        if value and (tag != _ORIENTATION or value in range(1, 9)):
            tags[tag] = value
    return Essentials(order, tags)


def _short(tiff: bytes, order: str, entry: int) -> int:
    return int(struct.unpack_from(f"{order}H", tiff, entry + 8)[0])


def _rational(tiff: bytes, order: str, entry: int) -> bytes:
    """Return the eight bytes of a fraction; empty if they are outside the structure."""
    (at,) = struct.unpack_from(f"{order}I", tiff, entry + 8)
    value = tiff[at : at + 8]
    return value if len(value) == 8 else b""
