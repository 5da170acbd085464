"""The restore drill: an older database with the current storage, repaired by `scapi check --fix`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy

from scapi.housekeeping.check.marker import KEY
from tests import files, running
from tests.client import complete, md5, refusal, send_chunk, upload
from tests.conftest import token
from tests.e2e.test_moving import begin, check_served, command, empty_database, run
from tests.running import Server
from tests.storehouse import contents

PLACES = {"sqlite-local": ("sqlite", "local"), "postgresql-seaweedfs": ("postgresql", "seaweed")}
ADMIN = token(1, admin=True)


def photo(number: int) -> bytes:
    return files.jpeg(noise=True, seed=number)


def path_of(media: dict[str, str]) -> str:
    return "/media/" + media["url"].partition("/media/")[2]


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_database_of_before_and_the_files_of_now(
    place: tuple[str, str],
    settings_for: Callable[[str, str], dict[str, str]],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    settings = settings_for(*place)
    saved = empty_database(place[0], request, tmp_path)
    with running.scapi(tmp_path / "before", workers=1, **settings) as server:
        kept = {path_of(upload(server, photo(number))): md5(photo(number)) for number in range(4)}
        deleted_later = upload(server, photo(4))
        completed_later, aborted_later = begin(server, photo(5)), begin(server, photo(6))
        goes_on = begin(server, photo(7))
        run(settings, "database", "copy", "--to", saved)

        finish(server, *completed_later)
        assert server.request("DELETE", f"/api/v2/media/upload/{aborted_later[0]}/").status_code == 204
        gone = server.request("DELETE", f"/api/v2/media/{deleted_later['id']}/", headers=ADMIN)
        assert gone.status_code == 204
        after = [path_of(upload(server, photo(number))) for number in (8, 9)]
        begin(server, photo(10))

    restored = {**settings, "SCAPI_DATABASE_URL": saved}
    options = ("check", "--fix", "--orphans-older-than", "0")
    said = json.loads(run(restored, *options, "--json", code=1))
    assert said["lost"] == 2  # the file and the thumbnail of the media that was deleted later
    assert said["objections"]
    run(restored, *options, "--expect", str(said["lost"] + said["orphan"]))

    assert files_and_parts(restored) == named_by_rows(saved) | {goes_on[0]}
    with running.scapi(tmp_path / "after", workers=1, **restored) as server:
        for path, digest in kept.items():
            check_served(server, path, digest)
        refusal(server.request("GET", path_of(deleted_later)), 410, "file_lost")
        for path in after:
            assert server.request("GET", path).status_code == 404
        for upload_id, content in (completed_later, aborted_later):
            rest = len(content) // 2
            answer = send_chunk(server, content[rest:], rest, len(content), upload_id=upload_id)
            if answer.status_code == 201:  # S3 notices it when it joins the parked chunks
                answer = complete(server, upload_id, md5(content))
            refusal(answer, 410, "upload_gone")
            refusal(server.request("GET", f"/api/v2/media/upload/{upload_id}/"), 410, "upload_gone")
        finish(server, *goes_on)
    process = command(restored, "check", "--bytes", "--orphans-older-than", "0", "--json")
    said = json.loads(process.communicate()[0])
    assert (said["lost"], said["marked"], said["orphan"], said["leftover"]) == (2, 2, 0, 0)


def finish(server: Server, upload_id: str, content: bytes) -> None:
    """Send the second half of a file, and complete it."""
    rest = len(content) // 2
    assert send_chunk(server, content[rest:], rest, len(content), upload_id=upload_id).status_code == 201
    made = complete(server, upload_id, md5(content))
    assert made.status_code == 201, made.text


def files_and_parts(settings: dict[str, str]) -> set[str]:
    """Return the keys of all files in the storage, and the ids of unfinished uploads with bytes in it."""
    found = set()
    for name in contents(settings):
        plain = name.removeprefix("multipart ").removeprefix(settings.get("SCAPI_S3_PREFIX", "")).removeprefix("files/")
        if plain.startswith(("parts/", ".parked/")):
            found.add(plain.split("/")[2].partition("~")[0])
        elif plain != KEY:
            found.add(plain)
    return found


def named_by_rows(url: str) -> set[str]:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        rows = connection.execute(sqlalchemy.text("SELECT key FROM media_files WHERE lost_at IS NULL"))
        return set(rows.scalars())
