import random
import time
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from scapi.formats.sizes import PREVIEW_SIZE
from scapi.inspection import child, conversation, questions, room, sources
from scapi.inspection.conversation import Conversation
from scapi.inspection.facts import MAX_TITLE, DocumentFacts
from scapi.inspection.outcomes import Mishap
from scapi.inspection.sources import Source
from tests import files
from tests.inspection.papers import handmade, inspect, refusal, scattered, trailer

MIB = 1024 * 1024


class Counting:
    """A file of spaces, except for some pieces, which records what was read."""

    def __init__(self, size: int, pieces: dict[int, bytes]) -> None:
        self._pieces = pieces
        self.source = Source(size, ranges=self._read)
        self.ranges: list[tuple[int, int]] = []

    def _read(self, offset: int, length: int) -> BytesIO:
        self.ranges.append((offset, length))
        block = bytearray(b" " * length)
        for start, piece in self._pieces.items():
            first, last = max(start, offset), min(start + len(piece), offset + length)
            if first < last:
                block[first - offset : last - offset] = piece[first - start : last - start]
        return BytesIO(bytes(block))


def endless(levels: int = 12) -> bytes:
    """A page that draws a form that draws another form ten times, and so on."""
    forms = {}
    for level in range(levels):
        number = 5 + level
        content = b"/F Do " * 10 if level < levels - 1 else b"0 0 9 9 re f"
        resources = b"/Resources<</XObject<</F %d 0 R>>>>" % (number + 1) if level < levels - 1 else b""
        forms[number] = b"<</Type/XObject/Subtype/Form/BBox[0 0 100 50]%s/Length %d>>stream\n%s\nendstream" % (
            resources,
            len(content),
            content,
        )
    return handmade(b"/F Do", forms, b"/XObject<</F 5 0 R>>")


def test_a_pdf_has_pages_a_title_and_a_picture_of_its_first_page() -> None:
    document = inspect(files.pdf(3, title=" Ein\nTitel \u202e  für alle "))
    assert (document.pages, document.title) == (3, "Ein Titel für alle")
    preview = document.preview
    with Image.open(BytesIO(preview.data)) as image:
        assert image.format == "JPEG"
        assert image.size == (preview.width, preview.height)
        assert image.getpixel((preview.width - 5, preview.height - 5)) == (255, 255, 255)
        assert min(image.convert("L").tobytes()) < 30
    assert preview.height == PREVIEW_SIZE
    # A4.
    assert abs(preview.width - preview.height * 210 / 297) <= 1


def test_what_is_drawn_is_seen_and_the_longer_side_fits() -> None:
    preview = inspect(handmade(b"1 0 0 rg 0 0 50 50 re f")).preview
    assert (preview.width, preview.height) == (1200, 600)
    with Image.open(BytesIO(preview.data)) as image:
        assert image.getpixel((300, 300)) == pytest.approx((255, 0, 0), abs=3)
        assert image.getpixel((900, 300)) == (255, 255, 255)


def test_rounding_does_not_make_the_picture_larger() -> None:
    # 16.43 * (1200 / 16.43) is a little more than 1200 in floating point.
    data = handmade().replace(b"[0 0 100 50]", b"[0 0 16.43 9]")
    assert inspect(data).preview.width == PREVIEW_SIZE


def test_no_title_is_none() -> None:
    assert inspect(files.pdf()).title is None
    assert inspect(files.pdf(title="x" * 1000)).title == "x" * MAX_TITLE


def test_a_pdf_that_needs_a_password_is_accepted_as_such() -> None:
    assert inspect(files.pdf(2, password="geheim")) == DocumentFacts(pages=None, title=None)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"%PDF-1.7\n",
        b"%PDF-1.7\n" + bytes(range(256)) * 100,
        handmade().replace(b"/Kids[3 0 R]/Count 1", b"/Kids[     ]/Count 0"),
        files.truncated(files.pdf(50), 0.5),
        files.truncated(files.pdf(size=3 * MIB), 0.5),
    ],
    ids=["empty", "html", "header", "garbage", "no-pages", "half", "half-large"],
)
def test_a_broken_pdf_is_refused(data: bytes) -> None:
    assert refusal(data) == "invalid_pdf"


def test_a_pdf_whose_end_is_missing_is_accepted_when_its_pages_are_there() -> None:
    whole = handmade(b"0 0 9 9 re f")
    assert inspect(whole[: whole.index(b"startxref")]).pages == 1


@pytest.mark.parametrize("banner", [1, 500, 1024])
def test_what_comes_before_the_pdf_is_skipped(banner: int) -> None:
    document = inspect(b"x" * banner + files.pdf(3))
    assert document.pages == 3
    assert document.preview


@pytest.mark.parametrize("pages", [1, 500])
def test_few_ranges_of_a_large_file_are_read(pages: int) -> None:
    data = files.pdf(pages, size=50 * MIB)
    reader = Counting(len(data), {0: data})
    document = inspect(reader.source)
    assert document.pages == pages
    assert document.preview
    assert len(reader.ranges) <= 8
    assert sum(length for _, length in reader.ranges) <= MIB


def test_a_scattered_file_is_read_in_few_requests() -> None:
    data = scattered(150)
    reader = Counting(len(data), {0: data})
    assert inspect(reader.source).preview
    assert len(reader.ranges) <= 40


class Clock:
    """A clock that `sleep` moves forward without sleeping."""

    def __init__(self) -> None:
        self._slept = 0.0

    def sleep(self, seconds: float) -> None:
        self._slept += seconds

    def monotonic(self) -> float:
        return time.monotonic() + self._slept


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(conversation, "time", clock)
    monkeypatch.setattr(room, "time", clock)
    return clock


def slowly(data: bytes, clock: Clock, seconds: float) -> Source:
    """The file in a storage that takes `seconds` for each request."""

    def read(offset: int, length: int) -> BytesIO:
        clock.sleep(seconds)
        return BytesIO(data[offset : offset + length])

    return Source(len(data), ranges=read)


def test_the_time_that_the_storage_takes_does_not_count(clock: Clock) -> None:
    inside = 0.9 * conversation.SOURCE_SECONDS / 40
    assert inside * 40 > room.WALL_SECONDS
    assert inspect(slowly(scattered(150), clock, inside)).preview


def test_what_a_slow_storage_leaves_no_time_for_is_left_for_later(clock: Clock) -> None:
    seconds = (conversation.SOURCE_SECONDS + room.WALL_SECONDS) / 8
    document = inspect(slowly(scattered(150), clock, seconds))
    assert document == DocumentFacts(pages=1, title=None, preview_later=True)
    with pytest.raises(Mishap):  # not even the number of pages is known
        inspect(slowly(scattered(150), clock, 100))


def test_a_file_larger_than_four_gigabytes() -> None:
    small = handmade(b"0 0 9 9 re f")
    body, far = small[: small.index(b"4 0 obj")], 5 * 1024 * MIB
    content = small[small.index(b"4 0 obj") : small.index(b"xref\n")]
    offsets = [body.index(b"%d 0 obj" % number) for number in (1, 2, 3)] + [far]
    tail = content + trailer(offsets, far + len(content))
    reader = Counting(far + len(tail), {0: body, far: tail})
    document = inspect(reader.source)
    assert document.pages == 1
    assert document.preview
    assert sum(length for _, length in reader.ranges) < MIB


def test_ranged_reads_give_the_files_bytes_and_keep_few_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "BLOCK_BYTES", 16)
    monkeypatch.setattr(child, "CACHED_BLOCKS", 20)
    data, fetched = random.Random(1).randbytes(2_005), []

    class Teller(child.Teller):
        def __init__(self) -> None:
            pass

        def fetch(self, offset: int, length: int) -> bytes:
            assert 0 < length <= len(data) - offset
            fetched.append(length)
            return data[offset : offset + length]

    file = child.RemoteFile(Teller(), len(data))
    chance = random.Random(2)
    for _ in range(500):
        start = chance.randrange(2_100)
        for length in chance.choices(range(90), k=4):
            file.seek(start)
            assert file.read(length) == data[start : start + length]
            start += length
            assert len(file._blocks) <= 20
    fetched.clear()
    file = child.RemoteFile(Teller(), len(data))
    assert file.read(5_000) == data
    # 1, 2, 4, 8 and then 16 blocks at a time.
    assert len(fetched) == 11


def test_a_file_on_disk_is_read_through_its_descriptor(tmp_path: Path) -> None:
    data = files.pdf(2)
    (tmp_path / "a.pdf").write_bytes(data + b"bytes that are not the file's")
    with (tmp_path / "a.pdf").open("rb") as stream:
        source = Source(len(data), sources.descriptor_of(stream))
        assert source.descriptor is not None
        assert inspect(source).pages == 2


def test_a_page_that_takes_too_long_leaves_a_document_without_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "CPU_SECONDS", 1)
    monkeypatch.setattr(room, "WALL_SECONDS", 60.0)  # on a busy machine a job gets only a part of the time
    assert inspect(endless()) == DocumentFacts(pages=1, title=None)


def test_a_page_that_needs_too_much_memory_does_no_harm() -> None:
    picture = (
        b"<</Type/XObject/Subtype/Image/Width 30000/Height 30000/ColorSpace/DeviceRGB/BitsPerComponent 8/Length 0>>"
    )
    data = handmade(b"100 0 0 50 0 0 cm /I Do", {5: picture + b"stream\n\nendstream"}, b"/XObject<</I 5 0 R>>")
    assert inspect(data).pages == 1


def test_a_form_that_takes_for_ever_is_drawn_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field with two children that are the same field, which has two such children, and so on."""
    fields = {5 + n: b"<</Kids[%d 0 R %d 0 R]/Parent %d 0 R>>" % (6 + n, 6 + n, 4 + n) for n in range(40)}
    data = handmade(b"1 0 0 rg 0 0 50 50 re f", {**fields, 45: b"<</FT/Tx/T(a)/Parent 44 0 R>>"})
    data = data.replace(b"/Pages 2 0 R", b"/Pages 2 0 R/AcroForm<</Fields[5 0 R]/NeedAppearances true>>")
    asked = []
    monkeypatch.setattr(
        room, "Conversation", lambda request, *_: asked.append(request.arguments) or Conversation(request, *_)
    )
    assert inspect(data).preview
    assert asked == [{"forms": True}, {"forms": False}]
