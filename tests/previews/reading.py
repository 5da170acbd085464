"""Reads a page like a preview."""

from scapi.previews import page
from scapi.previews.addresses import Target
from scapi.previews.fetch import Fetched
from scapi.previews.page import Page


def read(body: str | bytes, charset: str | None = "utf-8", url: str = "https://www.example.com/a/b?c=d") -> Page:
    data = body.encode() if isinstance(body, str) else body
    return page.read(Fetched(Target.of(url), "text/html", charset, data, complete=True))
