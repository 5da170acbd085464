"""`scapi check --fix` is killed in the middle, then run to its end: nothing is lost, nothing is left."""

import json
from collections.abc import Callable
from functools import partial
from hashlib import md5
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, select

from scapi.media.models import MediaFile
from storage_backends import CheckedBackend, StorageBackend, load
from tests import files, running
from tests.client import refusal, upload
from tests.e2e.test_moving import check_served, command, kill, run
from tests.e2e.test_restoring import PLACES

ORPHANS = 60
UNTIL_NOW = ("--orphans-older-than", "0")


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_check_that_is_killed(
    place: tuple[str, str],
    settings_for: Callable[[str, str], dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    settings = settings_for(*place)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, settings.get(name, ""))
    photos = [files.jpeg(noise=True, seed=number) for number in range(4)]
    with running.scapi(tmp_path, workers=1, **settings) as server:
        storage = storage_of(server.settings)
        made = ["/media/" + upload(server, photo)["url"].partition("/media/")[2] for photo in photos]
    there = {**settings, "SCAPI_DATA_DIR": server.settings["SCAPI_DATA_DIR"]}
    lost = keys(settings["SCAPI_DATABASE_URL"])[:2]
    for key in lost:
        storage.delete(key)
    orphans = [f"{number:02x}/{number:032x}" for number in range(ORPHANS)]
    for key in orphans:
        storage.save(key, BytesIO(b"nobody's"), "image/png")

    fixing = command(there, "check", "--fix", *UNTIL_NOW, "--expect", str(len(lost) + ORPHANS))
    assert kill(fixing, partial(is_gone, storage, orphans[ORPHANS // 3]))
    left = sum(exists(storage, key) for key in orphans)  # lost files were marked first
    assert 0 < left < ORPHANS
    run(there, "check", "--fix", *UNTIL_NOW, "--expect", str(left))
    assert not any(exists(storage, key) for key in orphans)
    said = json.loads(run(there, "check", "--bytes", *UNTIL_NOW, "--json", code=1))
    assert (said["lost"], said["marked"], said["orphan"], said["damaged"], said["rows"]) == (2, 2, 0, 0, 8)
    with running.scapi(tmp_path / "after", workers=1, **there) as server:
        refusal(server.request("GET", made[0]), 410, "file_lost")
        for path, photo in zip(made[1:], photos[1:], strict=True):
            check_served(server, path, md5(photo, usedforsecurity=False).hexdigest())


def storage_of(settings: Any) -> StorageBackend:
    name = settings.get("SCAPI_STORAGE", "local")
    return CheckedBackend(load(name).from_settings({**settings, "SCAPI_STORAGE": name}))


def exists(storage: StorageBackend, key: str) -> bool:
    return any(found.key == key for found in storage.published(key[:-1]))


def is_gone(storage: StorageBackend, key: str) -> bool:
    return not exists(storage, key)


def keys(url: str) -> list[str]:
    """Return the keys of all files, in the order of their media."""
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return list(connection.execute(select(MediaFile.key).order_by(MediaFile.id)).scalars())
