"""The arithmetic of parts and parked objects, without a server."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from storage_backends.base import MiB
from storage_backends.s3.state import MAX_PARKED, MAX_PARTS, MIN_PART_SIZE, Parked, Upload, part_size_for

CHUNKS = st.lists(st.one_of(st.integers(1, 100), st.integers(1, 12 * MiB)), min_size=1, max_size=150)


def with_chunk(upload: Upload, size: int) -> tuple[Upload, tuple[Parked, ...]]:
    """Change the state like a write; return it and the merged objects."""
    upload = replace(upload, part_size=upload.part_size or part_size_for(size, 50 * MiB), trash=())
    while bounds := upload.next_part(last=False):
        upload = upload.with_part(bounds[1])
    merged = upload.mergeable(size)
    start = merged[0].start if merged else upload.size
    return upload.with_parked(Parked.new(start, upload.size + size - start)), merged


@given(CHUNKS)
def test_parts_and_parked_objects_cover_every_byte_once(chunks: list[int]) -> None:
    upload, total = Upload("ab/cd", "image/png"), 0
    for size in chunks:
        before = upload
        upload, _ = with_chunk(upload, size)
        total += size
        assert upload.size == total
        assert len(upload.parked) <= MAX_PARKED
        assert Upload.load(upload.dump()) == upload
        assert not {one.name for one in upload.trash} & {one.name for one in upload.parked}
        assert set(before.parked) <= set(upload.parked) | set(upload.trash)
    end = upload.parts * upload.part_size
    while bounds := upload.next_part(last=True):
        slices = upload.slices(*bounds)
        assert bounds[0] == end
        assert sum(piece.end - piece.first for piece in slices) == bounds[1] - bounds[0]
        assert slices[0].parked.start + slices[0].first == bounds[0]
        assert all(left.end == left.parked.size for left in slices[:-1])
        assert all(right.first == 0 for right in slices[1:])
        end = bounds[1]
        upload = upload.with_part(end)
    assert end == total
    assert not upload.parked


def test_tiny_chunks_travel_a_few_times_at_most() -> None:
    upload, merged = Upload("ab/cd", "image/png"), 0
    for _ in range(20_000):
        upload, taken = with_chunk(upload, 1)
        merged += sum(one.size for one in taken)
        assert len(upload.parked) <= MAX_PARKED
        assert len(upload.trash) <= MAX_PARKED
    assert merged < 4 * 20_000


@given(st.integers(1, 64 * MiB), st.integers(0, 5 * 1024**4))
def test_the_largest_object_fits_its_parts(chunk: int, largest: int) -> None:
    size = part_size_for(chunk, largest)
    assert size >= MIN_PART_SIZE
    assert size * MAX_PARTS >= largest
    assert size == chunk or size % MiB == 0


def test_chunks_as_large_as_a_part_become_parts_as_they_are() -> None:
    upload = Upload("ab/cd", "image/png")
    for _ in range(3):
        upload, _ = with_chunk(upload, 8 * MiB)
    assert upload.part_size == 8 * MiB
    assert upload.parts == 2
    assert all(piece.whole for piece in upload.slices(16 * MiB, 24 * MiB))


def test_a_name_that_is_not_ours_is_no_parked_object() -> None:
    assert Parked.parse(Parked.new(0, 5).name)
    for name in (".check", "1-2-3", "holiday.jpg", "1-2-3-0123456789abcdef.tmp", ""):
        assert Parked.parse(name) is None
