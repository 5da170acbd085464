"""The file that is served: it keeps what a picture needs to look right, and nothing else.

There is one writer per container. Each copies the parts that it knows to be needed and leaves out all others, so that
unknown kinds of metadata are removed too. Pixels are never encoded again.
"""

from collections.abc import Callable

from scapi.formats.cleaning import avif, gif, jpeg, png, webp

_WRITERS: dict[str, Callable[[bytes], bytes]] = {
    "image/jpeg": jpeg.cleaned,
    "image/png": png.cleaned,
    "image/gif": gif.cleaned,
    "image/webp": webp.cleaned,
    "image/avif": avif.cleaned,
}

TYPES = tuple(_WRITERS)
"""The types that can be cleaned."""

RULES = 1
"""The version of these rules. It grows when they change, so that files cleaned by older rules can be found."""


def cleaned(data: bytes, mimetype: str) -> bytes:
    """Return the image file without its metadata. `mimetype` must be one of TYPES (otherwise: KeyError).

    What stays: pixels, transparency, animation with its loop, ICC profile, gamma and colour chunks, resolution,
    orientation where browsers apply it, HDR gain maps. Returns the same object when there is nothing to remove.
    Raises containers.BrokenFileError for a file that is not built as its format says.
    """
    result = _WRITERS[mimetype](data)
    return data if result == data else result
