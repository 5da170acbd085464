"""The server's log: its format, and the lines at the start."""

import ipaddress
import logging
import os
import re
from collections.abc import Sequence
from typing import Any

from gunicorn.glogging import Logger

Address = tuple[Any, ...] | str | bytes
"""The address of a listening socket: host, port and more, or the path of a unix socket."""


class QuietLogger(Logger):
    """Writes no access lines: gunicorn composes one for every request, even if it is not written. scapi has its own."""

    def access(self, *_arguments: Any) -> None:
        """Write nothing."""


class WithoutAddresses(logging.Filter):
    """Removes client data from gunicorn's own lines: a URL may contain a file's name or a signature."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = str(record.msg)
        if said.startswith("Error handling request"):
            record.msg, record.args = "Error handling request", ()
        elif said.startswith("Invalid request from"):
            record.msg = re.split("['\"]", said)[0]
        return True


FORMATTERS: dict[str, dict[str, Any]] = {
    "text": {
        "()": "logging.Formatter",
        "fmt": "%(asctime)s [%(process)d] [%(levelname)s] [%(request_id)s] %(message)s",
        "defaults": {"request_id": "-"},
    },
    "json": {
        "()": "pythonjsonlogger.json.JsonFormatter",
        "fmt": ["levelname", "name", "process", "message"],
        "rename_fields": {"levelname": "level", "name": "logger"},
        "timestamp": "time",
    },
}


def log_settings(log_format: str) -> dict[str, Any]:
    """Return one logging configuration for gunicorn and scapi: to the standard error, as `text` or `json`.

    SCAPI_LOG_LEVEL decides which of scapi's lines are written.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": FORMATTERS["json" if log_format == "json" else "text"]},
        "filters": {"without_addresses": {"()": WithoutAddresses}},
        "handlers": {
            "scapi": {"class": "logging.StreamHandler", "formatter": "line"},
            "gunicorn": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["without_addresses"]},
        },
        "root": {"level": "WARNING", "handlers": ["scapi"]},
        "loggers": {"gunicorn.error": {"handlers": ["gunicorn"]}},
    }


def banner(scheme: str, addresses: Sequence[Address]) -> str:
    """Return the message at the start of a server that listens at `addresses`."""
    urls = [f"{scheme}://{_host(address[0])}:{address[1]}" for address in addresses if isinstance(address, tuple)]
    paths = [os.fsdecode(address).replace("\0", "@") for address in addresses if not isinstance(address, tuple)]
    here = urls[0] if urls else f"{scheme}://localhost"
    curl = "curl" if urls or not paths else f"curl {_socket_option(paths[0])}"
    return (
        f"scapi is ready at {', '.join([*urls, *(f'unix:{path}' for path in paths)])}\n"
        f"    in a browser       {here}/\n"
        f"    the API            {here}/api/v2/\n"
        f"    its documentation  {here}/api/v2/docs\n"
        f"    a first upload     {curl} -F image=@photo.jpg {here}/api/v2/media/upload/chunk/"
    )


def _host(host: str) -> str:
    """Return a host for a URL. The wildcard address is replaced, as browsers cannot open it."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:  # a name
        return host
    if address.is_unspecified:
        return "localhost"
    return f"[{address}]" if address.version == 6 else str(address)


def _socket_option(path: str) -> str:
    """Return curl's option for a unix socket; a leading `@` means Linux's abstract namespace."""
    return f"--abstract-unix-socket {path[1:]}" if path.startswith("@") else f"--unix-socket {path}"
