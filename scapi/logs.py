"""The loggers of scapi. The server decides where and in which format the log is written."""

import logging

audit = logging.getLogger("scapi.audit")
"""Who deleted what. It is always written, whatever SCAPI_LOG_LEVEL says."""
audit.setLevel(logging.INFO)

LOGGERS = ("scapi", "storage_backends")


def set_up(level: str, mark: logging.Filter) -> None:
    """Set the log level. The server decides where the log is written. `mark` may add fields to each record."""
    for name in LOGGERS:
        logging.getLogger(name).setLevel(level.upper())
    for handler in logging.getLogger().handlers:
        handler.addFilter(mark)
