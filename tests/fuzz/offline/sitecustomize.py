"""Keeps a process on loopback, whatever it fetches. Python imports this if PYTHONPATH names its folder."""

import errno
import os
import socket
import sys
from ipaddress import ip_address
from typing import Any


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _stay(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple) and not _is_loopback(arguments[1][0]):
        raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
    if event == "socket.getaddrinfo" and not _is_loopback(arguments[0]):
        raise socket.gaierror(socket.EAI_NONAME, "nothing but loopback is asked for here")


sys.addaudithook(_stay)
