"""Changes one thing at a time in the modules without I/O, and checks that their tests fail: `make mutants`.

tests/mutants.toml lists the tests of each module, and the changes that no test can detect or must detect, with reasons.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from tests.running import ROOT

SETTINGS = ROOT / "tests" / "mutants.toml"
FOLDER = ROOT / "build" / "mutants"
NOTICED_AT_LEAST = 0.9
SECONDS = 60.0
"""The time limit of the tests of one change; a change that exceeds it counts as detected."""

# Per operator, one change to another limit and one to the opposite are enough; `|` is mostly used in types.
LEFT_OUT = [
    "core/ReplaceBinaryOperator_(?!(Add_Sub|Sub_Add|Mul_FloorDiv|FloorDiv_Mul|Div_Mul|Mod_Mul|LShift_RShift|RShift_LShift)$)",
    "core/ReplaceComparisonOperator_(?!(Lt_LtE|LtE_Lt|Gt_GtE|GtE_Gt|Lt_GtE|GtE_Lt|Eq_NotEq|NotEq_Eq|Is_IsNot|IsNot_Is)$)",
    "core/ReplaceUnaryOperator_USub_Invert",
    "core/ExceptionReplacer",
]


@dataclass(frozen=True)
class Change:
    """A changed line of a module, and whether a test failed because of it."""

    module: str
    before: str
    after: str
    is_noticed: bool


def main() -> int:
    """Try all changes, or those of the modules that the command names; return the exit code."""
    settings = tomllib.loads(SETTINGS.read_text())
    modules: dict[str, list[str]] = settings["modules"]
    chosen = sys.argv[1:] or list(modules)
    shutil.rmtree(FOLDER, ignore_errors=True)
    trees: SimpleQueue[Path] = SimpleQueue()
    jobs = int(os.environ.get("JOBS", "1"))
    for number in range(jobs):
        trees.put(_copy(FOLDER / str(number)))

    def run(module: str) -> list[Change]:
        tree = trees.get()
        try:
            return _changes(tree, module, modules[module])
        finally:
            trees.put(tree)

    with ThreadPoolExecutor(jobs) as pool:
        changes = [change for found in pool.map(run, chosen) for change in found]
    return _report(changes, settings.get("survivors", []), set(chosen))


def _copy(tree: Path) -> Path:
    """Copy the files that the tests need to `tree`: the changes are written into the modules there."""
    for folder in ("scapi", "storage_backends", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "node_modules", "static", "*.tar.gz")
        shutil.copytree(ROOT / folder, tree / folder, ignore=ignored, symlinks=True)
    for file in ("setup.cfg", "pyproject.toml", "config.py"):
        shutil.copy(ROOT / file, tree)
    return tree


def _changes(tree: Path, module: str, tests: list[str]) -> list[Change]:
    config, session = tree / "mutants.toml", tree / "session.sqlite"
    session.unlink(missing_ok=True)
    test = [sys.executable, "-m", "pytest", "-q", "-x", "--noconftest", "-p", "no:cacheprovider", *tests]
    config.write_text(
        f'[cosmic-ray]\nmodule-path = "{module}"\ntimeout = {SECONDS}\nexcluded-modules = []\n'
        f'test-command = "{" ".join(test)}"\n[cosmic-ray.distributor]\nname = "local"\n'
        f"[cosmic-ray.filters.operators-filter]\nexclude-operators = {json.dumps(LEFT_OUT)}\n"
    )
    # without plug-ins pytest starts faster; a module that was changed twice in a second must be compiled twice
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    tool = [sys.executable, "-m", "cosmic_ray.cli"]
    steps = (
        test,
        [*tool, "init", str(config), str(session)],
        [sys.executable, "-m", "cosmic_ray.tools.filters.operators_filter", str(session), str(config)],
        [*tool, "exec", str(config), str(session)],
    )
    for step in steps:
        done = subprocess.run(step, cwd=tree, env=env, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(step)}\n{done.stdout}{done.stderr}")
    dumped = subprocess.run(
        [*tool, "dump", str(session)], cwd=tree, env=env, check=True, capture_output=True, text=True
    )
    changes = []
    for line in dumped.stdout.splitlines():
        _item, result = json.loads(line)
        if result and result["worker_outcome"] != "skipped":
            changes.append(_change(module, result["diff"], result["test_outcome"]))
    noticed = sum(change.is_noticed for change in changes)
    print(f"{module}: {noticed} of {len(changes)} changes were noticed", flush=True)
    return changes


def _change(module: str, diff: str, outcome: str) -> Change:
    lines = diff.splitlines()
    before, after = (
        " ".join(line[1:].strip() for line in lines if line.startswith(sign) and not line.startswith(sign * 3))
        for sign in "-+"
    )
    return Change(module, before, after, is_noticed=outcome != "survived")


def _report(changes: list[Change], kept: list[dict[str, str]], modules: set[str]) -> int:
    known = {(one["module"], one["before"], one["after"]) for one in kept if one["module"] in modules}
    survivors = {(change.module, change.before, change.after) for change in changes if not change.is_noticed}
    for module, before, after in sorted(survivors - known):
        print(f"\nno test noticed, and tests/mutants.toml does not know:\n  {module}\n- {before}\n+ {after}")
    for module, before, after in sorted(known - survivors):
        print(f"\na test notices what tests/mutants.toml has as a survivor:\n  {module}\n- {before}\n+ {after}")
    share = sum(change.is_noticed for change in changes) / max(len(changes), 1)
    print(f"\n{share:.1%} of {len(changes)} changes were noticed; {NOTICED_AT_LEAST:.0%} are wanted")
    return int(share < NOTICED_AT_LEAST or survivors != known)


if __name__ == "__main__":
    sys.exit(main())
