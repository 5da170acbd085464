"""The Flask application: its settings, its JSON, and its log of failed requests."""

from types import TracebackType

from flask import Flask, request

from scapi.http.bodies import JSONProvider
from scapi.settings import Settings


class Application(Flask):
    """Flask, without the path of failed requests in the log: a path may contain a file's name."""

    json_provider_class = JSONProvider
    settings: Settings
    """What `scapi.settings.settings` stands for while this application works."""

    def log_exception(self, exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]) -> None:
        rule = request.url_rule
        self.logger.error("%s %s broke", request.method, rule.rule if rule else "-", exc_info=exc_info)
