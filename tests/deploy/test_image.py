"""The container image, built and run as its user: `make test-image`, which takes minutes and needs the network."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests import files
from tests.client import fetch, upload
from tests.running import ROOT, Server, free_port, wait_until_ready

SCRIPT = ROOT / "deploy" / "image.sh"

UID = "10001"
"""The user of Dockerfile."""


@pytest.fixture
def image(tmp_path: Path) -> Iterator[Server]:
    """The running image; skip the test if no tool can build it."""
    if not os.environ.get("SCAPI_TEST_IMAGE"):
        pytest.skip("takes minutes and the network: make test-image")
    port = free_port()
    env = {**os.environ, "IMAGE": "scapi-test", "PORT": str(port)}
    log = tmp_path / "log"
    with log.open("wb") as output:
        built = subprocess.run([SCRIPT, "build"], env=env, stdout=output, stderr=output, check=False)
        if built.returncode == os.EX_UNAVAILABLE:
            pytest.skip(log.read_text())
        assert built.returncode == 0, log.read_text()[-4000:]
        process = subprocess.Popen([SCRIPT, "run"], env=env, stdout=output, stderr=output, start_new_session=True)
    try:
        server = Server(f"http://127.0.0.1:{port}", {}, log, process)
        wait_until_ready(server.url, process, log)
        yield server
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=60)


def test_it_serves_as_its_user(image: Server) -> None:
    assert image.request("GET", "/readyz").json() == {"database": "ready", "storage": "ready"}
    page = requests.get(image.url, timeout=30)
    assert '<div id="page">' in page.text
    photo = files.jpeg()
    assert fetch(image, upload(image, photo)["url"]).content == photo
    listening = subprocess.run(["ps", "-eo", "uid,args"], capture_output=True, text=True, check=True).stdout
    users = {line.split()[0] for line in listening.splitlines() if "/opt/scapi/bin/gunicorn" in line}
    assert users == {UID}
