"""A real nginx with the shipped configuration; only addresses, ports and paths are replaced."""

import shutil
import socket
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.running import ROOT, Server, free_port
from tests.servers import process

SHIPPED = ROOT / "deploy" / "nginx"

MAIN = """
user root;
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    scgi_temp_path {folder}/scgi;
    uwsgi_temp_path {folder}/uwsgi;
    include site.conf;
}}
"""
"""What the machine's nginx.conf would contain: the paths of nginx's own files."""


def binary() -> str:
    """Return the path of nginx; skip the test if it is not installed."""
    found = shutil.which("nginx", path="/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin")
    return found or pytest.skip("nginx is not installed (Debian: nginx-light)")


def lay_out(folder: Path, site: str, substitutions: Mapping[str, str]) -> list[str]:
    """Put the configuration into `folder` and return the command that runs nginx on it.

    `site` is a file of deploy/nginx; it must contain each key of `substitutions`.
    """
    text = (SHIPPED / site).read_text()
    for shipped, here in substitutions.items():
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    folder.mkdir(parents=True)
    shutil.copytree(SHIPPED / "scapi", folder / "scapi")
    (folder / "site.conf").write_text(text)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    return [binary(), "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]


def check(command: list[str]) -> str:
    """Run `nginx -t` and return its output."""
    done = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


@contextmanager
def run(folder: Path, site: str, substitutions: Mapping[str, str], port: int) -> Iterator[Server]:
    """Run nginx on loopback, on `port`, which the substitutions name too."""
    command = lay_out(folder, site, substitutions)

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    with process(command, folder / "log", listens):
        yield Server(f"http://127.0.0.1:{port}", {}, folder / "error.log")


@contextmanager
def on_a_host(folder: Path, files: Path, *apps: Server) -> Iterator[Server]:
    """Run nginx as on a plain host, before `apps`, whose files are in `files`."""
    port = free_port()
    substitutions = {
        "listen 80;": f"listen 127.0.0.1:{port};",
        "listen [::]:80;": "",
        "listen 80 default_server;": f"listen 127.0.0.1:{port} default_server;",
        "listen [::]:80 default_server;": "",
        "server_name media.example.org;": "server_name 127.0.0.1;",
        "server 127.0.0.1:8000;": _upstreams(apps),
        "/var/lib/scapi/files/": f"{files}/",
    }
    with run(folder, "scapi.conf", substitutions, port) as server:
        yield server


@contextmanager
def in_compose(folder: Path, port: int, store: str, *apps: Server) -> Iterator[Server]:
    """Run nginx as in compose.yaml, on `port`, before `apps` and the S3 server at the URL `store`."""
    substitutions = {
        "listen 8080;": f"listen 127.0.0.1:{port};",
        "server app:8000;": _upstreams(apps),
        "server store:8333;": f"server {store.removeprefix('http://')};",
    }
    with run(folder, "compose.conf", substitutions, port) as server:
        yield server


def _upstreams(apps: Iterable[Server]) -> str:
    return "\n    ".join(f"server {app.url.removeprefix('http://')};" for app in apps)
