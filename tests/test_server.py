"""scapi under gunicorn: threads for connections, reloads, and gunicorn's messages."""

import http.client
import logging
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from scapi.server import lines
from tests import running
from tests.running import ROOT, Server
from tests.servers import wait_until

THREADS = 8
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def one_worker(new_database: Callable[[str], str], tmp_path: Path) -> Iterator[Server]:
    """A server with one worker and few threads."""
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
            key.fileobj.close()
        self._selector.close()

    def wait_until_closed(self) -> None:
        """Wait until the server has closed every connection."""
        self._thread.join(30)
        assert not self._thread.is_alive()


def test_busy_connections_leave_threads_to_others(one_worker: Server) -> None:
    with Busy(one_worker, THREADS) as busy, closing(connect(one_worker)) as another:
        assert [ask(another) for _ in range(5)] == [200] * 5
    assert b"".join(busy.answers).count(b"HTTP/1.1 200 OK") < 1000  # so few answers came before the other client's five


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


APPLICATION = """
import os, time
from pathlib import Path
here = Path(__file__).parent
text = (here / "text").read_bytes()
(here / f"started-{os.getpid()}").touch()
while (here / "wait").exists():
    time.sleep(0.01)
if (here / "broken").exists():
    raise SystemExit(4)
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", str(len(text)))])
    return [text]
"""


class Reloaded:
    """A gunicorn with scapi's configuration. It serves an application whose start is as slow as the test needs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{running.free_port()}"
        (folder / "slow.py").write_text(APPLICATION)
        self.write("old")
        command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), "slow:app"]
        command += ["--chdir", str(folder), "--bind", urlsplit(self.url).netloc]
        env = running.environment(PYTHONPATH=str(ROOT), PYTHONDONTWRITEBYTECODE="1")
        self.log = folder / "log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(command, env=env, stdout=output, stderr=output)

    def write(self, text: str) -> None:
        """Make applications that are loaded from now on answer `text`."""
        (self.folder / "text").write_text(text)

    def answers(self, text: str) -> bool:
        """Return whether all of a few connections get the answer `text`."""
        try:
            return all(requests.get(self.url, timeout=10).text == text for _ in range(6))
        except requests.ConnectionError:
            return False

    def started(self) -> int:
        """Return how many workers have begun to load the application."""
        return len(list(self.folder.glob("started-*")))

    def reload(self) -> None:
        """Do the same as `systemctl reload`."""
        self.process.send_signal(signal.SIGHUP)


@pytest.fixture
def reloaded(tmp_path: Path) -> Iterator[Reloaded]:
    one = Reloaded(tmp_path)
    try:
        wait_until(lambda: one.answers("old"), 60, "the first workers")
        yield one
    except BaseException:
        print(one.log.read_text())
        raise
    finally:
        one.process.terminate()
        one.process.wait(30)


def test_old_workers_serve_until_new_ones_have_loaded_the_application(reloaded: Reloaded) -> None:
    (reloaded.folder / "wait").touch()
    reloaded.write("new")
    reloaded.reload()
    wait_until(lambda: reloaded.started() == 4, 60, "new workers")
    assert reloaded.answers("old")
    (reloaded.folder / "wait").unlink()
    wait_until(lambda: reloaded.answers("new"), 60, "the new workers")


def test_a_reload_takes_new_code(reloaded: Reloaded) -> None:
    (reloaded.folder / "slow.py").write_text(APPLICATION.replace("read_bytes()", "read_bytes() + b'er code'"))
    reloaded.reload()
    wait_until(lambda: reloaded.answers("older code"), 60, "the new workers")


def test_old_workers_go_on_if_the_new_ones_cannot_start(reloaded: Reloaded) -> None:
    (reloaded.folder / "broken").touch()
    reloaded.reload()
    wait_until(lambda: reloaded.log.read_text().count("could not start") == 2, 60, "both new workers to fail")
    assert reloaded.answers("old")
    (reloaded.folder / "broken").unlink()
    reloaded.write("new")
    reloaded.reload()
    wait_until(lambda: reloaded.answers("new"), 60, "the next reload")


def test_no_request_fails_while_workers_are_replaced(one_worker: Server) -> None:
    assert one_worker.process is not None
    [old] = one_worker.workers()
    one_worker.process.send_signal(signal.SIGHUP)
    asked = 0
    while old in one_worker.workers():
        assert one_worker.request("GET", "/healthz").status_code == 200
        asked += 1
    assert asked > 1


def test_a_server_whose_first_workers_cannot_start_stops(tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    assert Reloaded(tmp_path).process.wait(60) == 4


def test_the_master_does_not_load_the_application() -> None:
    code = "import sys, scapi.server.hooks; assert not {'flask', 'sqlalchemy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, env=dict(os.environ))


@pytest.mark.parametrize("message", ["Error handling request %s %s", "Error handling request %s"])
def test_gunicorn_does_not_log_addresses(message: str) -> None:
    arguments = ("GET", "/media/x/a-private-name")[-message.count("%s") :]
    record = logging.LogRecord("gunicorn.error", logging.ERROR, "", 0, message, arguments, None)
    assert lines.WithoutAddresses().filter(record)
    assert record.getMessage() == "Error handling request"


def test_gunicorn_does_not_log_what_a_broken_request_sent() -> None:
    message = "Invalid request from ip=127.0.0.1: Invalid HTTP request line: '/media/x/a-private-name'"
    record = logging.LogRecord("gunicorn.error", logging.WARNING, "", 0, message, (), None)
    assert lines.WithoutAddresses().filter(record)
    assert "private" not in record.getMessage()


@pytest.mark.parametrize(
    ("addresses", "where", "upload"),
    [
        ([("127.0.0.1", 8000)], "http://127.0.0.1:8000", "curl -F image=@photo.jpg http://127.0.0.1:8000/api"),
        ([("0.0.0.0", 80)], "http://localhost:80", "http://localhost:80/api"),
        ([("::1", 8000, 0, 0)], "http://[::1]:8000", "http://[::1]:8000/api"),
        ([("::", 8000, 0, 0)], "http://localhost:8000", "http://localhost:8000/api"),
        (["/run/scapi.sock"], "unix:/run/scapi.sock", "curl --unix-socket /run/scapi.sock -F image=@photo.jpg http://"),
        ([b"\0scapi"], "unix:@scapi", "curl --abstract-unix-socket scapi -F"),
        ([("10.0.0.5", 80), ("::1", 81, 0, 0)], "http://10.0.0.5:80, http://[::1]:81", "http://10.0.0.5:80/api"),
        ([("media.local", 80)], "http://media.local:80", "http://media.local:80/api"),
        (["/run/scapi.sock", ("::1", 81, 0, 0)], "http://[::1]:81, unix:/run/scapi.sock", "curl -F"),
    ],
)
def test_the_banner_names_every_address(addresses: list[lines.Address], where: str, upload: str) -> None:
    said = lines.banner("http", addresses)
    assert said.splitlines()[0] == f"scapi is ready at {where}"
    assert upload in said.splitlines()[-1]
