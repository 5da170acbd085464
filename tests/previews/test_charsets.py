"""The encoding of a page, also if the page and its server declare a wrong one."""

import pytest

from scapi.previews.charsets import decode

RUSSIAN = "Погода в Москве сегодня: дождь и сильный ветер"
JAPANESE = "今日の東京の天気は晴れのち曇りでしょう"
FAR = f"<!--{'x' * 5000}-->"


@pytest.mark.parametrize(
    ("text", "encoding", "head", "charset"),
    [
        (RUSSIAN, "koi8-r", FAR + "<meta charset=koi8-r>", None),
        (
            JAPANESE,
            "euc-jp",
            f'<style>{"x" * 3000}</style><meta http-equiv=content-type content="text/html;charset=EUC-JP">',
            None,
        ),
        (JAPANESE, "cp932", '<meta charset="x-sjis">', "utf-8"),
        (RUSSIAN, "utf-8", "<meta charset=utf-8>", "iso-8859-1"),
        (RUSSIAN, "utf-8", "", "windows-1251"),
        (RUSSIAN, "utf-8", "<meta charset='windows-1251'>", None),
        (RUSSIAN, "iso8859-5", '<?xml version="1.0" encoding="ISO-8859-5"?>', None),
        (RUSSIAN, "cp1251", "<!-- <meta charset=utf-8> --><meta charset = ' windows-1251 '>", None),
        ("联通", "gbk", "<meta charset=gb2312>", None),  # its bytes are valid UTF-8, too
        ("联通", "gbk", "", "gb2312"),
        (RUSSIAN, "utf-8", "<meta charset=utf-16>", None),
    ],
)
def test_what_is_said_wrong_or_late(text: str, encoding: str, head: str, charset: str | None) -> None:
    page = f"<html><head><title>{text}</title></head>"
    head, rest = (head, page) if head.startswith("<?xml") else ("", page.replace("<title>", head + "<title>"))
    assert text in decode((head + rest).encode(encoding), charset)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc-jp"),
        (JAPANESE, "iso-2022-jp"),
        ("今天北京的天气很好，适合出门", "gb18030"),
        ("오늘 서울의 날씨는 맑습니다", "cp949"),
        ("Größe, Wärme und Übermut", "cp1252"),
        ("The café’s menu", "cp1252"),
        ("Ο καιρός στην Αθήνα σήμερα", "cp1253"),
        (RUSSIAN, "utf-8"),
        (RUSSIAN, "utf-16"),
    ],
)
def test_what_is_not_said_is_seen(text: str, encoding: str) -> None:
    assert text in decode(f"<title>{text}</title><p>{text}</p>".encode(encoding), None)


def test_a_mistake_does_not_make_it_another_encoding() -> None:
    broken = f"<title>{RUSSIAN}</title>".encode() + b"<p>\xff and \xe4</p>"
    for charset in (None, "utf-8", "iso-8859-1"):
        assert RUSSIAN in decode(broken, charset)
    assert RUSSIAN in decode(f"{RUSSIAN}ы".encode()[:-1], None)  # cut off


def test_bytes_that_mean_nothing_are_some_text() -> None:
    for body in (b"", b"\xff" * 1000, bytes(range(256)) * 10, b"\x1b$", b"\xfe\xff"):
        assert isinstance(decode(body, None), str)
