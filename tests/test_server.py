"""How gunicorn works with scapi's settings of it: which connection gets a thread, and what its workers keep."""

import http.client
import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests import running
from tests.running import Server

THREADS = 8
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def one_worker(new_database: Callable[[str], str], tmp_path: Path) -> Iterator[Server]:
    """A server of one worker, whose threads are few."""
    with running.scapi(tmp_path, workers=1, SCAPI_DATABASE_URL=new_database("sqlite")) as server:
        yield server


def connect(server: Server) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)


def ask(connection: http.client.HTTPConnection) -> int:
    """Send a request, and return the status of its answer."""
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    answer.read()
    return answer.status


class Busy:
    """Connections of which each sends its next request as soon as it is answered, until the server closes it."""

    def __init__(self, server: Server, connections: int) -> None:
        address = urlsplit(server.url)
        self.answers = [b""] * connections
        self._selector = selectors.DefaultSelector()
        for number in range(connections):
            connection = socket.create_connection((str(address.hostname), address.port or 80), timeout=30)
            self._selector.register(connection, selectors.EVENT_READ, number)
            connection.sendall(REQUEST)
        self._under_way, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stopped.is_set() and self._selector.get_map():
            for key, _ in self._selector.select(0.1):
                connection: socket.socket = key.fileobj  # type: ignore[assignment]
                if received := connection.recv(65536):
                    self.answers[key.data] += received
                    connection.sendall(REQUEST)
                    if all(self.answers):
                        self._under_way.set()
                else:
                    self._selector.unregister(connection)
                    connection.close()

    def __enter__(self) -> "Busy":
        self._thread.start()
        assert self._under_way.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        for key in list((self._selector.get_map() or {}).values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def wait_until_closed(self) -> None:
        """Wait until the server has closed every connection."""
        self._thread.join(30)
        assert not self._thread.is_alive()


def test_busy_connections_leave_threads_to_others(one_worker: Server) -> None:
    with Busy(one_worker, THREADS) as busy, closing(connect(one_worker)) as another:
        assert [ask(another) for _ in range(5)] == [200] * 5
    assert b"".join(busy.answers).count(b"HTTP/1.1 200 OK") < 1000  # that many came before the other's five


def test_requests_that_are_sent_before_the_answer_is_there(one_worker: Server) -> None:
    with closing(connect(one_worker)) as connection:
        assert ask(connection) == 200
        connection.sock.sendall(REQUEST * 3 + REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        received = b"".join(iter(lambda: connection.sock.recv(65536), b""))
        assert received.count(b"HTTP/1.1 200 OK") == 4


def test_a_busy_connection_does_not_keep_a_server_from_stopping(one_worker: Server) -> None:
    with Busy(one_worker, 2) as busy:
        assert one_worker.process is not None
        one_worker.process.terminate()
        busy.wait_until_closed()
        assert one_worker.process.wait(30) == 0
    for answers in busy.answers:
        assert answers.count(b"Connection: close") == 1
