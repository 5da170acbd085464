"""The fetcher, against real servers on loopback."""

import re
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from scapi.previews import fetch
from scapi.previews.addresses import Forbidden, Rules
from scapi.previews.deadlines import Deadline
from scapi.previews.fetch import Fetcher, Unreachable, Unwanted
from tests.previews import sites
from tests.previews.fetching import HTML, fetcher, get
from tests.previews.network import PUBLIC, Dialler, Resolver
from tests.previews.sites import Answer, Behaviour, Site, redirect

SECONDS = 0.7
PATIENCE = 8
"""Extra seconds for a busy machine; without the deadline it would take 20."""

PAGE = b"<!doctype html><title>plain</title>"


def test_a_page_is_had(site: Site) -> None:
    answer = get(site, site.put("/a", Answer("<title>here</title>", 'Text/HTML; charset="ISO-8859-1"')) + "?q=1#part")
    assert (answer.body, answer.mimetype, answer.charset) == (b"<title>here</title>", "text/html", "ISO-8859-1")
    assert answer.complete
    assert answer.target.url == f"{site.url}/a?q=1"


def test_the_request_says_who_asks_and_nothing_else(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    site.put("/again", Answer(status=302, headers={"Location": "/", "Set-Cookie": "a=b"}))
    site.put("/", "<title>x</title>")
    get(site, f"{site.url}/again")
    for headers in (site.asked_for("/again")[0], site.asked_for("/")[0]):
        assert headers == {
            "host": f"127.0.0.1:{site.port}",
            "accept": "text/html",
            "accept-language": "en",
            "accept-encoding": "gzip, deflate, br, zstd",
            "user-agent": headers["user-agent"],
            "connection": "close",
        }
        assert re.fullmatch(r"Mozilla/5\.0 \(compatible; scapi/[0-9.]+; link preview\)", headers["user-agent"])
    assert fetch.user_agent("ops@example.org").endswith("; +ops@example.org)")


def test_a_cookie_is_given_back_where_a_page_redirects_in_a_circle_without_it(site: Site) -> None:
    def wall(handler: BaseHTTPRequestHandler) -> None:
        if "seen=1" in handler.headers.get("Cookie", ""):
            Answer("there")(handler)
        else:
            Answer(status=302, headers={"Location": "/wall", "Set-Cookie": "seen=1; Path=/; HttpOnly"})(handler)

    assert get(site, site.put("/wall", wall)).body == b"there"
    assert [headers.get("cookie") for headers in site.asked_for("/wall")] == [None, "seen=1"]
    assert get(site, f"{site.url}/wall").body == b"there"
    assert [headers.get("cookie") for headers in site.asked_for("/wall")] == [None, "seen=1"] * 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(site: Site, status: int) -> None:
    site.put("/b/target", "there")
    assert get(site, site.put("/a", redirect("b/target", status))).body == b"there"


def test_five_redirects_and_no_more(site: Site) -> None:
    for number in range(7):
        site.put(f"/{number}", redirect(f"/{number + 1}"))
    site.put("/7", "there")
    assert get(site, f"{site.url}/2").body == b"there"
    with pytest.raises(Unreachable):
        get(site, f"{site.url}/1")
    assert not site.asked_for("/0")


def test_a_redirect_may_be_written_in_utf_8(site: Site) -> None:
    site.put("/caf%C3%A9", "there")
    to = "/café".encode().decode("latin-1")
    assert get(site, site.put("/a", redirect(to))).body == b"there"
    site.put("/caf%E9", "latin")
    assert get(site, site.put("/b", redirect("/café"))).body == b"latin"


@pytest.mark.parametrize("to", ["/two words?a=b c", "\\two words", "/x/../two%20words", "  /two words  "])
def test_a_redirect_is_read_as_browsers_read_it(site: Site, to: str) -> None:
    site.put("/two%20words", "there")
    assert get(site, site.put("/a", redirect(to))).body == b"there"


@pytest.mark.parametrize(
    "to",
    [
        "http://169.254.169.254/",
        "http://127.0.0.2/",
        "//10.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/x",
        "http://user@127.0.0.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://127.0.0.1:22/",
        "https://2130706433/",
    ],
)
def test_every_redirect_is_checked_again(site: Site, to: str) -> None:
    one = fetcher(site)
    with pytest.raises(Forbidden):
        one.get(site.put("/a", redirect(to)), HTML, Deadline.after(5))
    assert one.connect.dialled == [("127.0.0.1", site.port)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "addresses",
    [["10.0.0.1"], [PUBLIC, "10.0.0.1"], ["::1"], ["169.254.169.254", PUBLIC], ["64:ff9b::a00:1"], ["::ffff:10.0.0.1"]],
)
def test_every_address_of_a_name_must_be_public(addresses: list[str]) -> None:
    dialler = Dialler()
    with pytest.raises(Forbidden):
        Fetcher(Rules(), Resolver({"a.example.com": addresses}), dialler).get(
            "http://a.example.com/", HTML, Deadline.after(1)
        )
    assert dialler.dialled == []


def test_a_name_is_resolved_once_and_the_connection_goes_where_it_was_checked(site: Site) -> None:
    resolver = Resolver({"rebinding.example.com": [[PUBLIC], ["127.0.0.1"]]})
    dialler = Dialler(lambda *_: ("127.0.0.1", site.port))
    site.put("/", "there")
    answer = Fetcher(Rules(), resolver, dialler).get("http://rebinding.example.com/", HTML, Deadline.after(5))
    assert answer.body == b"there"
    assert site.asked_for("/")[0]["host"] == "rebinding.example.com"
    assert (resolver.asked, dialler.dialled) == (["rebinding.example.com"], [(PUBLIC, 80)])


def test_a_name_is_resolved_and_checked_again_for_every_redirect(site: Site) -> None:
    resolver = Resolver({"rebinding.example.com": [[PUBLIC], ["127.0.0.1"]]})
    dialler = Dialler(lambda *_: ("127.0.0.1", site.port))
    site.put("/", redirect("http://rebinding.example.com/again"))
    with pytest.raises(Forbidden):
        Fetcher(Rules(), resolver, dialler).get("http://rebinding.example.com/", HTML, Deadline.after(5))
    assert dialler.dialled == [(PUBLIC, 80)]


def test_the_next_address_is_tried(site: Site) -> None:
    dialler = Dialler(lambda address, _: ("127.0.0.1", site.port) if address == PUBLIC else None)
    site.put("/", "there")
    one = Fetcher(Rules(), Resolver({"a.example.com": ["2606:4700::1", PUBLIC]}), dialler)
    assert one.get("http://a.example.com/", HTML, Deadline.after(5)).body == b"there"
    assert dialler.dialled == [("2606:4700::1", 80), (PUBLIC, 80)]


def test_a_name_without_an_address() -> None:
    unknown: tuple[dict[str, list[str]], ...] = ({}, {"a.example.com": []})
    for names in unknown:
        with pytest.raises(Unreachable):
            Fetcher(Rules(), Resolver(names), Dialler()).get("http://a.example.com/", HTML, Deadline.after(1))


def test_a_resolver_that_does_not_answer() -> None:
    def resolve(host: str) -> list[object]:
        time.sleep(20)
        return []

    started = time.monotonic()
    with pytest.raises(Unreachable):
        Fetcher(Rules(), resolve, Dialler()).get("http://a.example.com/", HTML, Deadline.after(0.3))  # type: ignore[arg-type]
    assert time.monotonic() - started < PATIENCE


@pytest.mark.parametrize(
    "behaviour",
    [sites.silent, sites.slow_header, sites.endless_header, sites.endless_interim, sites.no_http],
    ids=lambda behaviour: behaviour.__name__,
)
def test_a_server_that_does_not_answer_properly_is_given_up_in_time(site: Site, behaviour: Behaviour) -> None:
    url = site.put("/", behaviour)
    started = time.monotonic()
    with pytest.raises(Unreachable):
        get(site, url, seconds=SECONDS)
    assert time.monotonic() - started < SECONDS + PATIENCE


@pytest.mark.parametrize(
    ("behaviour", "beginning"),
    [
        (sites.slow_body, b"<title>the beginning"),
        (sites.endless_body, b"<title>endless"),
        (sites.cut_off, b"<title>cut"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_of_a_body_that_does_not_end_the_first_part_is_read(site: Site, behaviour: Behaviour, beginning: bytes) -> None:
    url = site.put("/", behaviour)
    started = time.monotonic()
    answer = get(site, url, seconds=SECONDS)
    assert time.monotonic() - started < SECONDS + PATIENCE
    assert not answer.complete
    assert answer.body.startswith(beginning)
    assert len(answer.body) <= HTML.max_bytes


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type : text/html\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nAn odd name: 1\r\nno colon\r\n: no name\r\nContent-Type: text/html\r\n folded\r\n\r\n",
        b"HTTP/1.1 200\nContent-Type: text/html\nX: a\x00\x07b\n\n",
        b"HTTP/1.1 103 Early Hints\r\nL nk: x\r\n\r\nHTTP/1.0 200 OK\r\nC: \xff\r\nContent-Type: text/html\r\n\r\n",
    ],
    ids=lambda head: str(head[:30]),
)
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_the_head_of_an_answer_is_read_as_browsers_read_it(site: Site, head: bytes, step: int) -> None:
    def send(handler: BaseHTTPRequestHandler) -> None:
        answer = head + PAGE
        for start in range(0, len(answer), step):
            handler.wfile.write(answer[start : start + step])

    assert get(site, site.put("/", send)).body == PAGE


def test_the_limit_is_exact(site: Site) -> None:
    whole = get(site, site.put("/", b"x" * HTML.max_bytes))
    assert (len(whole.body), whole.complete) == (HTML.max_bytes, True)
    cut = get(site, site.put("/", b"x" * (HTML.max_bytes + 1)))
    assert (len(cut.body), cut.complete) == (HTML.max_bytes, False)


def test_other_types_are_not_read(site: Site) -> None:
    for kind in ("application/octet-stream", "text/plain", "nonsense", "video/mp4"):
        with pytest.raises(Unwanted):
            get(site, site.put("/", Answer(b"x", kind)))
    assert get(site, site.put("/", Answer("a page without a type", None))).body
    looked_at = get(site, site.put("/", Answer(b"x" * 100, "video/mp4")), replace(HTML, other_bytes=10))
    assert (looked_at.body, looked_at.mimetype, looked_at.headers["content-length"]) == (b"x" * 10, "video/mp4", "100")


@pytest.mark.parametrize(
    ("header", "read"),
    [
        ("text/html, text/html; charset=utf-8", ("text/html", "utf-8")),
        ("text/html; charset='koi8-r'", ("text/html", "koi8-r")),
        ('TEXT/HTML;charset= "UTF-8" ; charset=latin1', ("text/html", "UTF-8")),
        ("html", ("html", None)),
        ("text/html charset=utf-8", ("text/html", "utf-8")),
        ("", ("", None)),
    ],
)
def test_the_type_of_an_answer(header: str, read: tuple[str, str | None]) -> None:
    assert fetch._content_type(header) == read


@pytest.mark.parametrize(
    ("status", "error"), [(404, Unwanted), (410, Unwanted), (403, Unreachable), (500, Unreachable)]
)
def test_other_statuses(site: Site, status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        get(site, site.put("/", Answer("<title>Sorry</title>", status=status)))


def test_nobody_listens(site: Site) -> None:
    with pytest.raises(Unreachable):
        Fetcher(Rules.from_settings(["127.0.0.0/8"], [1])).get("http://127.0.0.1:1/", HTML, Deadline.after(2))


def test_tls_is_verified_for_the_name(tmp_path: Path) -> None:
    server, client = sites.certificate(tmp_path, "secure.example.com")
    with sites.serving(server) as site:
        site.put("/", "there")
        names = {"secure.example.com": [PUBLIC], "other.example.com": [PUBLIC]}
        dialler = Dialler(lambda *_: ("127.0.0.1", site.port))
        trusting = Fetcher(Rules(), Resolver(names), dialler, client)
        assert trusting.get("https://secure.example.com/", HTML, Deadline.after(5)).body == b"there"
        with pytest.raises(Unreachable):
            trusting.get("https://other.example.com/", HTML, Deadline.after(5))
        with pytest.raises(Unreachable):
            Fetcher(Rules(), Resolver(names), dialler).get("https://secure.example.com/", HTML, Deadline.after(5))
        assert len(site.asked_for("/")) == 1


def test_a_server_that_stalls_in_tls(site: Site, tmp_path: Path) -> None:
    _, client = sites.certificate(tmp_path, "secure.example.com")
    dialler = Dialler(lambda *_: ("127.0.0.1", site.port))
    one = Fetcher(Rules(), Resolver({"secure.example.com": [PUBLIC]}), dialler, client)
    started = time.monotonic()
    with pytest.raises(Unreachable):  # the plain server waits for the end of a line that never comes
        one.get("https://secure.example.com/", HTML, Deadline.after(SECONDS))
    assert time.monotonic() - started < SECONDS + PATIENCE


@pytest.mark.parametrize("status", [203, 206])
def test_statuses_of_a_page_that_is_there(site: Site, status: int) -> None:
    assert get(site, site.put("/", Answer("there", status=status))).body == b"there"
