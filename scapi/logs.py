"""What scapi says in the log; where and in which format the log is written is the server's to say."""

import logging
from types import TracebackType

from flask import Flask, has_request_context, request

from scapi.http import request_ids

LOGGERS = ("scapi", "storage_backends")


class LoggedFlask(Flask):
    """Flask, which would write the path of a request that fails into the log: it may have a file's name in it."""

    def log_exception(self, exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]) -> None:
        rule = request.url_rule
        self.logger.error("%s %s broke", request.method, rule.rule if rule else "-", exc_info=exc_info)


class RequestId(logging.Filter):
    """Gives a record the id of the request under way. It keeps every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        if has_request_context():
            record.request_id = request_ids.current()
        return True


_request_id = RequestId()


def set_up(level: str) -> None:
    """Say what `level` lets through, with the id of the request, wherever the server writes it."""
    for name in LOGGERS:
        logging.getLogger(name).setLevel(level.upper())
    for handler in logging.getLogger().handlers:
        handler.addFilter(_request_id)
