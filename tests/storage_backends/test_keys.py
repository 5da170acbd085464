"""The form of keys."""

import pytest

from storage_backends.checked import check_key


@pytest.mark.parametrize("key", ["a", "ab/cd", "ab/c-d_e.f/0", "0/_", "-", "a.b"])
def test_keys(key: str) -> None:
    assert check_key(key) == key


@pytest.mark.parametrize(
    "key", ["", "/", "a/", "/a", "a//b", ".a", "a/.b", "..", "A", "é", "a b", "a\n", "a\\b", "a\0"]
)
def test_what_is_no_key(key: str) -> None:
    with pytest.raises(ValueError, match="not a storage key"):
        check_key(key)
