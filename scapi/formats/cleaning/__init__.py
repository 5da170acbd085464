"""The file that is served: it keeps what a picture needs to look right, and nothing else.

One writer per container. Each copies the parts that it knows to be needed and leaves out the rest, known or not, so
that no metadata gets through under a name that nobody thought of. Pixels are never encoded again.
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
"""The number of these rules. It grows when they change, so that files which were written by older ones can be found."""


def cleaned(data: bytes, mimetype: str) -> bytes:
    """Return the image file without its metadata, by what `mimetype` says it is (anything else is a KeyError).

    What stays: pixels, transparency, animation with its loop, ICC profile, gamma and colour chunks, resolution,
    orientation where browsers heed it, HDR gain maps. The same object comes back when there is nothing to remove.
    Raises containers.BrokenFileError for a file that is not built as its format says.
    """
    result = _WRITERS[mimetype](data)
    return data if result == data else result
