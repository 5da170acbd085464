"""The Flask application: its JSON, and what it says of requests that fail."""

from types import TracebackType

from flask import Flask, request

from scapi.http.bodies import JSONProvider


class Application(Flask):
    """Flask, which would write the path of a request that fails into the log: it may have a file's name in it."""

    json_provider_class = JSONProvider

    def log_exception(self, exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]) -> None:
        rule = request.url_rule
        self.logger.error("%s %s broke", request.method, rule.rule if rule else "-", exc_info=exc_info)
