"""PDFs that are looked into."""

from io import BytesIO

import pytest

from scapi.formats import documents
from scapi.formats.documents import DocumentLimits, InvalidDocument


def inspect(data: bytes, limits: DocumentLimits | None = None) -> documents.Document:
    return documents.inspect(BytesIO(data), len(data), limits)


def refusal(data: bytes, limits: DocumentLimits | None = None) -> str:
    with pytest.raises(InvalidDocument) as caught:
        inspect(data, limits)
    assert str(caught.value)
    return caught.value.code
