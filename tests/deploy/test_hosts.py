"""Two scapi hosts behind nginx: either accepts the next chunk, and one may die."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests import files, running, servers
from tests.client import CHUNK, KiB, complete, md5, pieces, refusal, send_chunk
from tests.conftest import token
from tests.deploy import nginx
from tests.running import Server

PAPER = files.pdf(2, size=4000 * KiB)
LOGGED = {"GUNICORN_CMD_ARGS": "--access-logfile -", "SCAPI_TRUSTED_PROXIES": "1"}


def send_through(server: Server, hosts: list[Server]) -> str:
    """Send PAPER, kill the first host half-way, and return the media's URL."""
    upload_id = None
    for turn, (start, piece) in enumerate(pieces(PAPER, 200 * KiB)):
        if turn == 10:
            assert all(CHUNK in host.log.read_text() for host in hosts)
            hosts[0].kill()
        answer = send_chunk(server, piece, start, len(PAPER), upload_id=upload_id)
        assert answer.status_code == 201, answer.text
        upload_id = answer.json()["upload_id"]
    url: str = complete(server, str(upload_id), md5(PAPER)).json()["url"]
    return url


def start_two(stack: ExitStack, folder: Path, settings: dict[str, str]) -> list[Server]:
    """Start two hosts of one worker each."""
    folders = (folder / "one", folder / "two")
    return [stack.enter_context(running.scapi(each, workers=1, **settings)) for each in folders]


def test_on_a_shared_folder(settings_for: Callable[[str, str], dict[str, str]], tmp_path: Path) -> None:
    settings = settings_for("postgresql", "local") | LOGGED | {"SCAPI_ACCEL_REDIRECT": "/internal/files/"}
    with ExitStack() as stack:
        hosts = start_two(stack, tmp_path, settings)
        shared = Path(settings["SCAPI_DATA_DIR"], "files")
        server = stack.enter_context(nginx.on_a_host(tmp_path / "etc", shared, *hosts))
        answer = server.request("GET", send_through(server, hosts).removeprefix(server.url))
        assert answer.content == PAPER


def test_as_compose_does_it(
    settings_for: Callable[[str, str], dict[str, str]], seaweed: servers.Server, tmp_path: Path
) -> None:
    port = running.free_port()
    settings = settings_for("postgresql", "seaweed") | LOGGED
    settings |= {"SCAPI_S3_BUCKET": "scapi-files", "SCAPI_S3_PUBLIC_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    seaweed.client().create_bucket(Bucket="scapi-files")
    with ExitStack() as stack:
        hosts = start_two(stack, tmp_path, settings)
        server = stack.enter_context(nginx.in_compose(tmp_path / "etc", port, seaweed.endpoint_url, *hosts))
        path = send_through(server, hosts).removeprefix(server.url)
        there = server.request("GET", path, allow_redirects=False).headers["Location"]
        assert there.startswith(f"{server.url}/scapi-files/")
        script = {**token(7), "Origin": "https://page.example"}
        answer = server.request("GET", path, headers=script)
        assert answer.content == PAPER
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        preflight = server.request("OPTIONS", there.removeprefix(server.url), headers=script)
        assert (preflight.status_code, preflight.headers["Access-Control-Allow-Headers"]) == (204, "Authorization")
        unsigned = there.removeprefix(server.url).partition("?")[0]
        assert server.request("GET", unsigned).status_code == 403
        refusal(server.request("PUT", unsigned, data=b"x"), 403, "forbidden")
