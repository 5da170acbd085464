"""Which URLs and addresses the fetcher may access, decided without any I/O."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scapi.previews.addresses import Forbidden, Rules, Target, is_public, unwrapped, written

PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8"]
PUBLIC += ["64:ff9b::808:808", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1", "11.0.0.1"]

NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.254",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.9",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::2",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::a00:1",
    "64:ff9b:1::808:808",
    "64:ff9b:1::a00:1",
    "100::1",
    "100:0:0:1::1",
    "200::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "2002:a9fe:a9fe::",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_no_more_public_than_itself(address: object) -> None:
    number = int(ip_address(str(address)))
    for wrapped in (f"::ffff:{address}", str(ip_address(int(ip_address("64:ff9b::")) + number))):
        assert unwrapped(ip_address(wrapped)) == address
        assert is_public(ip_address(wrapped)) == is_public(ip_address(str(address)))


@pytest.mark.parametrize(
    ("url", "normalised"),
    [
        ("http://example.com", "http://example.com/"),
        ("HTTP://EXAMPLE.com.:80/A?b=c#d", "http://example.com/A?b=c"),
        ("https://example.com:443/%41/ü?q=ä b".replace(" ", "+"), "https://example.com/%41/%C3%BC?q=%C3%A4+b"),
        ("https://bücher.example.com/", "https://xn--bcher-kva.example.com/"),
        ("https://例え.jp/", "https://xn--r8jz45g.jp/"),
        ("https://[2606:4700:4700:0::1111]/", "https://[2606:4700:4700::1111]/"),
        ("http://1.1.1.1/", "http://1.1.1.1/"),
        ("  https://example.com/a\n", "https://example.com/a"),
        ("https://under_score.example.com/", "https://under_score.example.com/"),
        ("http://example.com/two words?a=b c#d e", "http://example.com/two%20words?a=b%20c"),
        ("https:\\\\example.com\\a\\b", "https://example.com/a/b"),
        ("https:example.com/100%/%zz", "https://example.com/100%/%zz"),
        ("https://example.com/a/../b/./c", "https://example.com/b/c"),
        ("http://example.com\\.example.org/", "http://example.com/.example.org/"),
        ("https://example.com?x=http://127.0.0.1/@", "https://example.com/?x=http://127.0.0.1/@"),
    ],
)
def test_urls_that_may_be_used(url: str, normalised: str) -> None:
    assert Rules().parse(url).url == normalised


@given(st.text(max_size=60) | st.from_regex(r"https?://[a-z0-9.@:\[\]%-]{1,30}(/[ -~]{0,20})?", fullmatch=True))
def test_what_is_taken_apart_means_the_same_when_it_is_read_again(url: str) -> None:
    try:
        target = Target.of(url)
    except Forbidden:
        return
    assert target.url.isascii()
    assert Target.of(target.url) == target


def test_halves_of_characters_are_refused() -> None:
    for url in ("http://example.com/\ud800", "http://example.com/?\udfff", "http://\ud800.example.com/"):
        with pytest.raises(Forbidden):
            Rules().parse(url)


@pytest.mark.parametrize("length", [2049, 100_000])
def test_long_urls(length: int) -> None:
    with pytest.raises(Forbidden):
        Rules().parse("https://example.com/".ljust(length, "a"))


def test_the_setting_opens_hosts_and_networks_and_ports_and_nothing_else() -> None:
    rules = Rules.from_settings(["wiki.intern", " 10.1.0.0/16", "fd00::/8", "Bücher.intern", ""], [80, 8080])
    for url in ("http://wiki.intern/", "http://10.1.2.3:8080/", "http://[fd00::1]/", "http://xn--bcher-kva.intern./"):
        rules.parse(url)
    rules.check([ip_address("192.168.0.1")], "wiki.intern")
    rules.check([ip_address("10.1.0.1"), ip_address("::ffff:10.1.0.2"), ip_address("8.8.8.8")], "other.example.com")
    for url in ("http://10.2.0.1/", "http://sub.wiki.intern.localhost/", "http://127.0.0.1/", "https://wiki.intern/"):
        with pytest.raises(Forbidden):
            rules.parse(url)
    with pytest.raises(Forbidden):
        rules.check([ip_address("10.1.0.1"), ip_address("10.2.0.1")], "other.example.com")


@pytest.mark.parametrize(
    ("allow", "ports"),
    [(["http://wiki.intern/"], [80]), (["10.1.2.3/8"], [80]), (["a b"], [80]), ([], [0]), ([], [70000])],
)
def test_settings_that_mean_nothing(allow: list[str], ports: list[int]) -> None:
    with pytest.raises(ValueError):
        Rules.from_settings(allow, ports)


@pytest.mark.parametrize("port", [1, 2, 65534, 65535])
def test_ports_that_may_be_allowed(port: int) -> None:
    assert Rules.from_settings([], [port]).parse(f"http://example.com:{port}/").port == port


@pytest.mark.parametrize("port", [-1, 0, 65536, 65537])
def test_numbers_that_are_no_ports(port: int) -> None:
    with pytest.raises(ValueError, match="not ports"):
        Rules.from_settings([], [80, port])


def test_the_ports_of_the_schemes() -> None:
    assert Rules().parse("http://example.com/").port == 80
    assert Rules().parse("https://example.com/").port == 443
    for url in (
        "http://example.com:81/",
        "https://example.com:444/",
        "http://example.com:79/",
        "https://example.com:442/",
    ):
        with pytest.raises(Forbidden, match="is not one of those"):
            Rules().parse(url)


@pytest.mark.parametrize(("length", "is_taken"), [(2047, True), (2048, True), (2049, False)])
def test_the_longest_url(length: int, is_taken: bool) -> None:
    url = "http://example.com/".ljust(length, "a")
    if is_taken:
        assert Rules().parse(url).url == url
    else:
        with pytest.raises(Forbidden, match="at most 2048 characters"):
            Rules().parse(url)


def test_references_of_a_page() -> None:
    target = Rules().parse("https://example.com/a/b?c")
    for reference, url in (
        ("d", "https://example.com/a/d"),
        (" /d\n", "https://example.com/d"),
        ("//other.example.com/d", "https://other.example.com/d"),
        ("http://other.example.com", "http://other.example.com/"),
        ("?e", "https://example.com/a/b?e"),
        ("", "https://example.com/a/b?c"),
        ("http://10.0.0.1/", "http://10.0.0.1/"),
    ):
        assert target.join(reference) == url
    for reference in ("a\0b", "http://0x7f.1/", "//2130706433/", "http://["):
        with pytest.raises(Forbidden):
            target.join(reference)


def test_a_url_is_kept_as_it_was_sent_where_that_is_plain() -> None:
    assert written(" http://example.com ") == "http://example.com"
    assert written("http://example.com/a b") == "http://example.com/a%20b"
