"""A HEIC that is kept beside the JPEG made from it."""

from collections.abc import Callable
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import select

from scapi.database import db
from scapi.media.models import Media, MediaFile, Role
from scapi.storage import storage
from scapi.uploads.rules import key_of
from storage_backends import NotFound
from tests.client import CHUNK, COMPLETE, chunk_form, md5
from tests.conftest import token
from tests.formats.heics import heic

HEIC = heic()


def upload(app: Flask) -> tuple[str, dict[str, object]]:
    client = app.test_client()
    chunk = client.post(CHUNK, **chunk_form(HEIC), headers=token(7))
    assert chunk.status_code == 201, chunk.text
    upload_id = chunk.get_json()["upload_id"]
    answer = client.post(COMPLETE, json={"upload_id": upload_id, "md5": md5(HEIC)}, headers=token(7))
    assert answer.status_code == 201, answer.text
    return upload_id, answer.get_json()


@pytest.mark.parametrize("kept", [False, True])
def test_the_original_is_kept_only_where_a_setting_says_so(make_app: Callable[..., Flask], kept: bool) -> None:
    app = make_app(SCAPI_KEEP_ORIGINALS=kept)
    with app.app_context():
        upload_id, media = upload(app)
        found = {file.role: file for file in db.session.scalars(select(MediaFile))}
        served = found[Role.FILE]
        assert (served.mimetype, served.md5_sent) == ("image/jpeg", md5(HEIC))
        assert served.md5_served != served.md5_sent
        assert (Role.ORIGINAL in found) == kept
        assert db.session.scalars(select(Media)).one().stored == sum(file.size for file in found.values())
        client = app.test_client()
        assert client.get(f"/media/{media['hash_code']}/original").status_code == 404
        if kept:
            assert found[Role.ORIGINAL].md5_served == md5(HEIC)
            with storage.open(key_of(upload_id)) as stream:
                assert BytesIO(stream.read()).getvalue() == HEIC
            assert client.delete(f"/api/v2/media/{media['id']}/", headers=token(7)).status_code == 204
        else:
            with pytest.raises(NotFound):
                storage.open(key_of(upload_id))
        db.session.remove()
