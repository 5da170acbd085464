"""GPS properties in XMP packets, blanked in place."""

import re
from itertools import islice

_OPENING = re.compile(rb"<([\w.-]+:GPS\w*)")
_ATTRIBUTE = re.compile(rb"""\s[\w.-]+:GPS\w*\s*=\s*(?:"[^"]*"|'[^']*')""")

# Exif 3.0 has 33 GPS tags; twice that is generous, and keeps the work linear for a stranger's packet.
_MAX_ELEMENTS = 66


def mentions_gps(packet: bytes) -> bool:
    """Return whether a packet, UTF-8 or UTF-16, names a GPS property of any namespace (`exif:GPSLatitude`)."""
    return b":gps" in packet.replace(b"\0", b"").lower()


def without_gps(packet: bytes) -> bytes:
    """Return the packet with its GPS properties blanked: the same length, the same object when there are none.

    A packet in which they cannot be told apart (UTF-16, broken XML) comes back as spaces. Never raises.
    """
    if not mentions_gps(packet):
        return packet
    cleaned = bytearray(packet)
    for match in islice(_OPENING.finditer(packet), _MAX_ELEMENTS):
        end = _element_end(packet, match[1], match.end())
        cleaned[match.start() : end] = b" " * (end - match.start())
    result = _ATTRIBUTE.sub(lambda match: b" " * len(match[0]), bytes(cleaned))
    return b" " * len(packet) if mentions_gps(result) else result


def _element_end(packet: bytes, name: bytes, position: int) -> int:
    tag_end = packet.find(b">", position)
    if packet[tag_end - 1 : tag_end] == b"/":
        return tag_end + 1
    closing = packet.find(b"</" + name, position)
    # An element that never closes reaches to the end.
    return packet.find(b">", closing) + 1 or len(packet) if closing >= 0 else len(packet)
