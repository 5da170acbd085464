"""The wheel contains what scapi needs to run, and no development files."""

import importlib.metadata
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests import files
from tests.client import upload
from tests.running import ROOT, Server, environment, free_port, wait_until_ready

BUILT = ROOT / "scapi" / "page" / "static"
"""The page, which does not exist before `make page`."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources."""
    tmp_path = tmp_path_factory.mktemp("wheel")
    source = tmp_path / "source"  # setuptools leaves its build folder in the source folder
    for name in ("scapi", "storage_backends"):  # gunicorn_conf.py is a link to the numbers at the top
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", str(tmp_path), str(source)], check=True, capture_output=True)
    (built,) = tmp_path.glob("scapi-*.whl")
    return built


def test_what_is_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert names >= {
        "scapi/py.typed",
        "scapi/migrations/env.py",
        "scapi/migrations/alembic.ini",
        "scapi/migrations/versions/0001_uploads_and_media.py",
        "scapi/inspection/warm.py",
        "scapi/page/unbuilt.html",
        "storage_backends/conformance/suite.py",
        "storage_backends/py.typed",
    }
    page = {f"scapi/page/static/{file.relative_to(BUILT)}" for file in BUILT.rglob("*") if file.is_file()}
    assert {name for name in names if name.startswith("scapi/page/static/")} == page
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"scapi", "storage_backends"}


def requirements_of(name: str) -> set[str]:
    """Return the names of all requirements of a distribution, without extras."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for line in importlib.metadata.requires(waiting.pop()) or []:
            requirement = Requirement(line)
            if requirement.name not in found and (not requirement.marker or requirement.marker.evaluate({"extra": ""})):
                found.add(requirement.name)
                waiting.append(requirement.name)
    return found


def test_the_wheel_starts_with_its_requirements_alone(wheel: Path, tmp_path: Path) -> None:
    """In an environment without extras and without the tests' requirements."""
    site = tmp_path / "site"
    site.mkdir()
    for name in requirements_of("scapi"):
        distribution = importlib.metadata.distribution(name)
        tops = {file.parts[0] for file in distribution.files or () if ".." not in file.parts}
        for top in tops - {"__pycache__", "share", "man"}:
            if not (site / top).exists():
                (site / top).symlink_to(Path(str(distribution.locate_file(top))))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "wheel")
    folder = tmp_path / "empty"
    folder.mkdir()
    env = {**environment(), "PYTHONPATH": f"{tmp_path / 'wheel'}{os.pathsep}{site}"}
    del env["SCAPI_JWT_SECRET"]
    code = (
        "import sys, scapi; app = scapi.create_app(); print(scapi.__file__, 'pytest' in sys.modules);"
        "import importlib.util as u; print(u.find_spec('boto3'), u.find_spec('pytest'))"
    )
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{tmp_path / 'wheel'}/scapi/__init__.py False", "None None"]


def test_the_wheel_serves_by_itself(wheel: Path, tmp_path: Path) -> None:
    """Without this repository's files, with default settings, in an empty folder, with one command."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    port = free_port()
    folder = tmp_path / "empty"
    folder.mkdir()
    env = {**environment(), "PYTHONPATH": str(tmp_path / "site"), "PORT": str(port)}
    del env["SCAPI_JWT_SECRET"]
    log = tmp_path / "log"
    command = [sys.executable, "-m", "scapi", "serve"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=output, stderr=output, start_new_session=True)
    try:
        server = Server(f"http://127.0.0.1:{port}", {}, log, process)
        wait_until_ready(server.url, process, log)
        assert upload(server, files.jpeg())["type"] == "image"
        assert server.request("GET", "/readyz").status_code == 200
        assert "text/html" in server.request("GET", "/").headers["Content-Type"]
    finally:
        os.killpg(process.pid, signal.SIGINT)  # what Ctrl-C does
        process.wait(timeout=30)
    assert (folder / "var" / "jwt-secret").exists()
    assert "Traceback" not in log.read_text()
