"""`make run`, as a newcomer types it."""

import os
import signal
import subprocess
from pathlib import Path

from tests import files
from tests.client import upload
from tests.running import ROOT, Server, environment, free_port, wait_until_ready


def test_make_run_sets_up_serves_and_stops_cleanly(tmp_path: Path) -> None:
    port = free_port()
    env = environment(SCAPI_DATA_DIR=str(tmp_path / "data"), PORT=str(port))
    del env["SCAPI_JWT_SECRET"]
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["make", "run"], cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        server = Server(f"http://127.0.0.1:{port}", {}, log, process)
        wait_until_ready(server.url, process, log, timeout=300)
        assert upload(server, files.jpeg())["type"] == "image"
        assert (tmp_path / "data" / "jwt-secret").exists()
        said = log.read_text()
        for line in (
            f"browser       {server.url}/\n",
            f"{server.url}/api/v2/docs",
            f"curl -F image=@photo.jpg {server.url}/api/v2/media/upload/chunk/",
        ):
            assert line in said
    finally:
        os.killpg(process.pid, signal.SIGINT)  # what Ctrl-C does
        process.wait(timeout=30)
    assert "Traceback" not in log.read_text()
