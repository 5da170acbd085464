"""PDFs that are looked into."""

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
