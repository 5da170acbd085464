"""The wheel carries what scapi needs to run, and nothing of this repository's own."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.running import ROOT

BUILT = ROOT / "scapi" / "page" / "static"
"""The page, which is not there before `make page`."""


def test_what_is_in_the_wheel(tmp_path: Path) -> None:
    source = tmp_path / "source"  # setuptools leaves its build folder where it builds
    for name in ("scapi", "storage_backends"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", str(tmp_path), str(source)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("scapi-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert names >= {
        "scapi/py.typed",
        "scapi/migrations/env.py",
        "scapi/migrations/alembic.ini",
        "scapi/migrations/versions/0001_uploads_and_media.py",
        "scapi/formats/pdf_child.py",
        "scapi/page/unbuilt.html",
        "storage_backends/conformance.py",
        "storage_backends/py.typed",
    }
    page = {f"scapi/page/static/{file.relative_to(BUILT)}" for file in BUILT.rglob("*") if file.is_file()}
    assert {name for name in names if name.startswith("scapi/page/static/")} == page
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"scapi", "storage_backends"}
