"""The posted link stays, unless the page declares a better one."""

import pytest

from scapi.previews.canonical import kept

POSTED = "https://news.example.com/2024/storm.html?id=7&utm_source=mail"


@pytest.mark.parametrize(
    ("posted", "declared"),
    [
        (POSTED, "https://news.example.com/2024/storm.html?id=7"),
        (POSTED, "https://news.example.com/articles/storm-7"),
        ("https://a.example.com/x?fbclid=1&gclid=2", "https://a.example.com/x"),
        ("http://a.example.com/x", "https://a.example.com/x"),
        ("http://a.example.com:80/x", "https://a.example.com:443/y"),
        ("https://a.example.com/x/", "https://a.example.com/x"),
        ("https://a.example.com/index.html", "https://a.example.com/"),
        ("https://a.example.com/?utm_campaign=x", "https://a.example.com/"),
        ("https://a.example.com/login?from=x", "https://a.example.com/login/form"),
        ("https://a.example.com/wiki/null", "https://a.example.com/wiki/Null"),
    ],
)
def test_a_better_url_of_the_same_page_is_taken(posted: str, declared: str) -> None:
    assert kept(posted, [declared]) == declared.replace(":443", "")


@pytest.mark.parametrize(
    "declared",
    [
        "https://news.example.com/",
        "https://news.example.com",
        "https://news.example.com/2024/",
        "https://news.example.com/2024",
        "https://news.example.com/index.php",
        "https://news.example.com/2024/storm.html",  # without the id
        "https://news.example.com/login?next=/2024/storm.html",
        "https://news.example.com/users/sign_in",
        "https://news.example.com/wp-login.php",
        "https://news.example.com/account/signin",
        "https://news.example.com/2024/null",
        "https://news.example.com/undefined",
        "https://news.example.com/2024/%5Bobject%20Object%5D",
        "https://www.example.com/2024/storm.html?id=7",
        "https://example.com/storm",
        "https://bank.example.org/",
        "https://news.example.com:8443/storm",
        "http://news.example.com/storm",
        "ftp://news.example.com/storm",
        "http://10.0.0.1/",
        "https://news.example.com/" + "a" * 3000,
        "nonsense",
    ],
)
def test_another_page_never_replaces_the_one_that_was_posted(declared: str) -> None:
    assert kept(POSTED, [declared]) == POSTED
    assert kept(POSTED, [declared, "https://news.example.com/storm-7"]) == "https://news.example.com/storm-7"


def test_a_place_on_the_page_stays() -> None:
    assert (
        kept("https://a.example.com/x?utm_id=1#part-3", ["https://a.example.com/x"]) == "https://a.example.com/x#part-3"
    )
    for fragment in ("#!/topic/42", "#/inbox/7"):
        assert kept(f"https://a.example.com/app{fragment}", ["https://a.example.com/start"]).endswith(f"app{fragment}")


@pytest.mark.parametrize(
    ("posted", "declared"),
    [
        ("http://a.example.com:8080/x", "https://a.example.com/x"),
        ("http://a.example.com/x", "https://a.example.com:8443/x"),
        ("https://a.example.com/x?id=", "https://a.example.com/x"),
    ],
)
def test_another_port_or_a_lost_parameter_is_another_page(posted: str, declared: str) -> None:
    assert kept(posted, [declared]) == posted


@pytest.mark.parametrize(("length", "is_taken"), [(2047, True), (2048, True), (2049, False)])
def test_the_longest_url_with_its_fragment(length: int, is_taken: bool) -> None:
    posted, declared = "https://a.example.com/x#f", "https://a.example.com/".ljust(length - 2, "y")
    assert kept(posted, [declared]) == (f"{declared}#f" if is_taken else posted)
