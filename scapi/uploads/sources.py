"""Sources of a request's bytes, also of a request that counts only as a whole."""

from collections.abc import Callable, Iterable

from scapi.refusals import Refused
from scapi.settings import settings
from scapi.uploads.aside import Aside
from scapi.uploads.digests import Check

Source = Callable[[Callable[[], None]], Iterable[bytes]]
"""The bytes of a request as they arrive, in blocks of any size.

It gets a function, which it must call about every half second while no byte arrives; it must not catch the function's
exceptions. If the client goes away, it yields all received bytes and then raises. See `scapi.http.incoming`.
"""


def verified(source: Source, check: Check) -> Source:
    """Return a source that yields the bytes of `source` only after all have arrived and `check` has accepted them."""
    most = max(settings.max_image_bytes, settings.max_document_bytes)

    def read(silent: Callable[[], None]) -> Iterable[bytes]:
        aside = Aside()
        for block in source(silent):
            check.update(block)
            aside.add(block)
            if aside.size > most:
                raise Refused("file_too_large", f"the limit for a file is {most} bytes")
        check.verify()
        yield from aside.blocks()

    return read
