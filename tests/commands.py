"""Runs commands of scapi in forks of a process that has loaded its modules: each start of Python takes a second.

Commands that a test must kill or signal, or whose start is tested, are processes of their own (`python -m scapi`).
"""

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["scapi.__main__", "scapi.housekeeping.database", __name__])


def run(environment: Mapping[str, str], *arguments: str) -> str:
    """Run `scapi ...` with exactly this environment, and return what it prints. Raises RuntimeError if it fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        process = _FORKS.Process(target=_run, args=(dict(environment), arguments, folder))
        process.start()
        process.join()
        code, printed = process.exitcode, (folder / "stdout").read_text()
        process.close()
        if code != 0:
            errors = (folder / "stderr").read_text()
            raise RuntimeError(f"scapi {' '.join(arguments)} ended with {code}:\n{printed}{errors}")
        return printed


def _run(environment: dict[str, str], arguments: tuple[str, ...], folder: Path) -> None:
    for stream in (sys.stdout, sys.stderr):
        with (folder / stream.name.strip("<>")).open("wb") as file:
            os.dup2(file.fileno(), stream.fileno())
    os.chdir(Path(__file__).parent.parent)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["scapi", *arguments]
    from scapi.__main__ import main  # not at the top: the process that asks for a command needs no commands

    main()
