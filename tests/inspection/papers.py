"""PDFs for the inspection."""

import pytest

from scapi.inspection import questions, sources
from scapi.inspection.facts import DocumentFacts
from scapi.inspection.outcomes import Verdict
from scapi.inspection.room import Room
from scapi.inspection.sources import Source


def inspect(file: bytes | Source) -> DocumentFacts:
    source = file if isinstance(file, Source) else sources.of_bytes(file)
    with Room(threads=4).entered("somebody") as visit:
        return visit.facts(questions.about_document(source))


def refusal(data: bytes) -> str:
    with pytest.raises(Verdict) as caught:
        inspect(data)
    assert caught.value.message
    return caught.value.code


def handmade(
    content: bytes = b"", objects: dict[int, bytes] | None = None, resources: bytes = b"", contents: bytes = b" 4 0 R"
) -> bytes:
    """A PDF of one page, 100 x 50 points, with the given content stream and further objects."""
    bodies = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 50]/Contents%s/Resources<<%s>>>>" % (contents, resources),
        4: b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        **(objects or {}),
    }
    data, offsets = b"%PDF-1.7\n", []
    for number, body in bodies.items():
        offsets.append(len(data))
        data += b"%d 0 obj%s endobj\n" % (number, body)
    return data + trailer(offsets, len(data))


def trailer(offsets: list[int], position: int) -> bytes:
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
    return head + table + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(offsets) + 1, position)


def scattered(pieces: int, gap: int = 200_000) -> bytes:
    """A page whose content is in many streams, with `gap` bytes of other data between them."""
    bodies = {}
    for number in range(5, 5 + 2 * pieces, 2):
        content = b"1 0 0 rg 0 0 50 50 re f "
        bodies[number] = b"<</Length %d>>stream\n%s\nendstream" % (len(content), content)
        bodies[number + 1] = b"<</Length %d>>stream\n%s\nendstream" % (gap, bytes(gap))
    named = b"[" + b" ".join(b"%d 0 R" % number for number in range(5, 5 + 2 * pieces, 2)) + b"]"
    return handmade(objects=bodies, contents=named)
