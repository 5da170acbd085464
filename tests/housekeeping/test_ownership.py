"""The sweeper on a storage that may belong to another database: it is empty, or has other files."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask

from scapi import storage as storages
from scapi.cli import cli
from scapi.database import db, now
from scapi.exits import Exit
from scapi.housekeeping import ownership
from scapi.housekeeping.check import marker
from scapi.media.models import StaleFile
from scapi.sweeping import GRACE
from tests import files
from tests.client import CHUNK, chunk_form
from tests.media.completing import completed
from tests.running import settings_of

PHOTO = files.jpeg()
HALF = len(PHOTO) // 2


@pytest.fixture(autouse=True)
def _no_renditions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scapi.media.renditions.maker.make_soon", lambda: None)


def begin(app: Flask) -> None:
    """Send the first half of a file."""
    position = {"Content-Range": f"bytes 0-{HALF - 1}/{len(PHOTO)}"}
    sent = app.test_client().post(CHUNK, headers=position, **chunk_form(PHOTO[:HALF]))
    assert sent.status_code == 201


def parts(app: Flask) -> list[str]:
    return [left.name for left in storages.of("local").unfinished(now() + timedelta(days=1))]


def forget(key: str) -> None:
    """Record a deleted file, for the sweeper to delete again."""
    db.session.add(StaleFile(key=key, since=now() - 2 * GRACE))
    db.session.commit()


def swept(app: Flask, *options: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(cli, ["sweep", *options], catch_exceptions=False)
    return done.exit_code, done.output


def test_a_storage_of_one_s_own(app: Flask) -> None:
    assert ownership.objection("local") is None  # nothing was ever stored
    begin(app)
    assert ownership.objection("local") is None
    completed(app, PHOTO)
    assert ownership.objection("local") is None
    marker.write(storages.of("local"))
    assert ownership.objection("local") is None


def test_only_a_deleted_file_is_left(app: Flask) -> None:
    storages.of("local").save("ab/deleted", BytesIO(b"x"), "text/plain")
    forget("ab/deleted")
    assert swept(app)[0] == Exit.DONE
    assert not list(storages.of("local").published())


@pytest.mark.parametrize("is_marked", [True, False])
def test_of_another_database(make_app: Callable[..., Flask], *, is_marked: bool) -> None:
    with make_app().app_context() as theirs:
        completed(theirs.app, PHOTO)
        begin(theirs.app)
        if is_marked:
            marker.write(storages.of("local"))
        left = parts(theirs.app)
    with make_app().app_context() as mine:  # with the same folder
        forget("ab/deleted")
        for options in (["--older-than", "0", "--dry-run"], ["--older-than", "0"]):
            code, said = swept(mine.app, *options)
            assert (code, "; 2 failed" in said) == ((Exit.FAILED, True) if is_marked else (Exit.DONE, False))
        assert parts(mine.app) == left
        assert db.session.get(StaleFile, "ab/deleted") is not None
        said = mine.app.test_cli_runner().invoke(cli, ["doctor"]).output
        assert "WRONG  storage local: owner" in said
    with theirs.app.app_context():
        assert swept(theirs.app, "--older-than", "0")[0] == Exit.DONE
        assert parts(theirs.app) == []


def test_a_folder_that_is_not_mounted(app: Flask) -> None:
    folder = Path(settings_of(app).data_dir, "files")
    completed(app, PHOTO)
    storages.of("local").save("ab/deleted", BytesIO(b"x"), "text/plain")
    forget("ab/deleted")
    folder.rename(folder.with_name("away"))
    folder.mkdir()
    assert ownership.objection("local") == ("local has none of the newest files", False)
    assert "0 deleted files" in swept(app)[1]
    folder.rmdir()
    folder.with_name("away").rename(folder)
    assert "1 deleted files" in swept(app)[1]
    assert "ab/deleted" not in {found.key for found in storages.of("local").published()}
