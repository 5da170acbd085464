"""Where the bytes of a request come from, and what is put before them where the request counts as a whole."""

from collections.abc import Callable, Iterable

from scapi.refusals import Refused
from scapi.settings import settings
from scapi.uploads.aside import Aside
from scapi.uploads.digests import Check

Source = Callable[[Callable[[], None]], Iterable[bytes]]
"""The bytes of a request as they come, in blocks of any size.

It is called with a function that it must call about every half second while nothing comes, and let the exceptions of
that function through. When the client goes away it raises, after it has given all bytes that came. See
`scapi.http.incoming`.
"""


def verified(source: Source, check: Check) -> Source:
    """Return a source that gives the bytes of `source` only after all have come and `check` has accepted them."""
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
