"""GIF (GIF89a specification)."""

from scapi.formats.containers import GIF_IMAGE, GIF_TRAILER, gif_blocks_start, gif_parts

_GRAPHIC_CONTROL = b"!\xf9"
_APPLICATION = b"!\xff"
_ICC_PROFILE = b"\x0bICCRGBG1012"
# The application, and the sub-block that says how often the animation is shown.
_LOOPS = (b"\x0bNETSCAPE2.0\x03\x01", b"\x0bANIMEXTS1.0\x03\x01")


def cleaned(data: bytes) -> bytes:
    """Return the file with its frames, what controls them, its loop and its ICC profile."""
    written = [data[: gif_blocks_start(data)]]
    for part in gif_parts(data):
        block, body = data[part.start : part.end], data[part.body : part.body_end]
        if part.kind in (GIF_IMAGE, GIF_TRAILER):
            written.append(block)
        elif part.kind == _GRAPHIC_CONTROL and body[:1] == b"\x04":
            written.append(_extension(part.kind, body, 5))
        elif part.kind == _APPLICATION and body.startswith(_LOOPS):
            written.append(_extension(part.kind, body, 16))
        elif part.kind == _APPLICATION and body.startswith(_ICC_PROFILE):
            written.append(block)
    return b"".join(written)


def _extension(kind: bytes, body: bytes, size: int) -> bytes:
    """Return an extension with the first `size` bytes of its sub-blocks; nothing if the file ends within them."""
    return kind + body[:size] + b"\0" if len(body) > size else b""
