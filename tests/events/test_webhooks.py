"""Webhooks: sent if and only if the change was committed, signed, tried again, by one deliverer at a time."""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from scapi import create_app
from scapi.cli import cli
from scapi.database import db, now
from scapi.events import delivery, outbox
from scapi.events.models import Delivery, DeliveryStatus
from scapi.http.application import Application
from scapi.media.models import Media
from scapi.settings import ConfigurationError, read_settings
from tests import files, running, servers
from tests.client import complete, md5, refusal, send_all, upload
from tests.conftest import token
from tests.events.receiver import PUBLIC, SECRET, Receiver
from tests.running import ROOT, Server, environment, settings_of

PHOTO = files.jpeg()
EMBED = {"type": "embed", "embed_type": "song", "embed_id": "1"}
MEDIA = "/api/v2/media/"

SHARED = ("SCAPI_DATA_DIR", "SCAPI_DATABASE_URL", "SCAPI_PUBLIC_URL", "SCAPI_WEBHOOK_SECRET")
"""Settings of a deliverer in another process."""


def make(app: Flask, times: int = 1) -> None:
    """Make media, each of which is an event."""
    for _ in range(times):
        assert app.test_client().post(MEDIA, json=EMBED, headers=token(7)).status_code == 201


def deliver(app: Flask) -> str:
    return app.test_cli_runner().invoke(cli, ["webhooks", "deliver"], catch_exceptions=False).output.strip()


def listed(app: Flask) -> str:
    return app.test_cli_runner().invoke(cli, ["webhooks", "list"], catch_exceptions=False).output


def rows() -> list[Delivery]:
    db.session.rollback()
    return list(db.session.scalars(select(Delivery).order_by(Delivery.id)))


def all_due() -> None:
    """Make all waiting deliveries due."""
    db.session.execute(update(Delivery).values(due_at=now()))
    db.session.commit()


def without_token(media: dict[str, Any]) -> dict[str, Any]:
    """Return a media as in events: without its delete token."""
    return {name: value for name, value in media.items() if name != "delete_token"}


def test_from_a_killed_server_to_the_receiver(
    database: str, new_database: Callable[[str], str], receiver: Receiver, tmp_path: Path
) -> None:
    """Events of a killed server are delivered by others; several deliverers deliver each event once."""
    settings = {
        "SCAPI_DATABASE_URL": new_database(database),
        "SCAPI_WEBHOOK_SECRET": SECRET,
        "SCAPI_PUBLIC_URL": PUBLIC,
    }
    with running.scapi(tmp_path, workers=1, SCAPI_WEBHOOK_URLS=receiver.url, **settings) as server:
        media = without_token(upload(server, PHOTO, filename="Фото.jpg", headers=token(7)))
        assert server.request("DELETE", f"{MEDIA}{media['id']}/", headers=token(7)).status_code == 204
        refusal(complete(server, send_all(server, PHOTO), md5(b"")), 400, "md5_mismatch", "md5")
        link = server.request("POST", MEDIA, json=EMBED)
        server.kill()
        assert receiver.events == []
        printed = [process.communicate()[0] for process in [_deliverer(server) for _ in range(3)]]
    assert sum(int(line.split(": ")[1].split()[0]) for line in printed) == 4, printed
    assert len(set(receiver.ids())) == len(receiver.ids()) == 4
    told = {said["type"]: said for said in receiver.events}
    assert Counter(receiver.types()) == {"upload.completed": 1, "media.created": 2, "media.deleted": 1}
    assert told["media.deleted"]["data"] == {
        "user_id": 7,
        "upload_id": told["upload.completed"]["data"]["upload_id"],
        "media": media,
        "deleted_by": 7,
        "urls": [media["url"], media["image_thumbnail"]["url"]],
    }
    assert told["upload.completed"]["data"] == {
        "upload_id": told["media.deleted"]["data"]["upload_id"],
        "user_id": 7,
        "media_id": media["id"],
        "filename": "Фото.jpg",
        "mimetype": "image/jpeg",
        "size": len(PHOTO),
        "md5": md5(PHOTO),
    }
    created = [said["data"] for said in receiver.events if said["type"] == "media.created"]
    assert {"user_id": None, "upload_id": None, "media": without_token(link.json())} in created
    assert told["media.deleted"]["timestamp"][:11] == media["added_at"][:11]
    assert all(headers["content-type"] == "application/json" for headers in receiver.headers)


def _deliverer(server: Server) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "scapi", "webhooks", "deliver"]
    return subprocess.Popen(command, cwd=ROOT, env=environment(**server.settings), stdout=subprocess.PIPE, text=True)


def test_a_service_delivers_until_it_is_told_to_stop(telling: Flask, receiver: Receiver) -> None:
    by_name = settings_of(telling).by_name()
    settings = {name: by_name[name] for name in SHARED}
    env = environment(SCAPI_WEBHOOK_URLS=receiver.url, **settings)
    command = [sys.executable, "-m", "scapi", "webhooks", "deliver", "--watch", "0.1"]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as service:
        for number in (1, 2):
            make(telling)
            servers.wait_until(partial(receiver.has, number), 20, "the event")
        service.terminate()
        assert service.wait(10) == 0


def test_it_is_tried_again_with_growing_pauses_and_then_kept_as_failed(telling: Flask, receiver: Receiver) -> None:
    receiver.status = 500
    make(telling)
    waited = []
    for _ in range(len(outbox.PAUSES)):
        assert deliver(telling) == "tried 1 deliveries: 0 arrived, 1 not"
        assert deliver(telling) == "tried 0 deliveries: 0 arrived, 0 not"
        waited.append((rows()[0].due_at - now()).total_seconds())
        all_due()
    assert waited == pytest.approx([pause.total_seconds() for pause in outbox.PAUSES], abs=5)
    deliver(telling)
    assert [(row.status, row.attempts, row.problem) for row in rows()] == [("failed", 10, "it answered 500")]
    assert "failed  msg_" in listed(telling)
    assert "it answered 500" in listed(telling)
    all_due()
    assert deliver(telling) == "tried 0 deliveries: 0 arrived, 0 not"
    receiver.status = 200
    assert telling.test_cli_runner().invoke(cli, ["webhooks", "retry"]).output == "1 deliveries are due again\n"
    assert deliver(telling) == "tried 1 deliveries: 1 arrived, 0 not"
    assert len(set(receiver.ids())) == 1, "a repeat is known by its id"
    assert rows()[0].status == "delivered"


def test_redirects_are_not_followed(telling: Flask, receiver: Receiver) -> None:
    receiver.status = 307
    make(telling)
    deliver(telling)
    assert len(receiver.events) == 1
    assert rows()[0].problem == "it answered 307"


def _trickle(handler: BaseHTTPRequestHandler) -> None:
    """Send a header byte by byte: each single read succeeds soon."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Padding: ")
    for _ in range(200):
        handler.wfile.write(b"x")
        time.sleep(0.05)


def test_one_attempt_takes_so_long_at_most(telling: Flask, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "SECONDS", 0.5)
    receiver.answer = _trickle
    make(telling)
    assert deliver(telling) == "tried 1 deliveries: 0 arrived, 1 not"
    assert str(rows()[0].problem).startswith("ReadTimeout")


def test_who_is_away_is_asked_once_in_a_run(make_app: Callable[..., Application], receiver: Receiver) -> None:
    away = f"http://127.0.0.1:{running.free_port()}/"
    app = make_app(SCAPI_PUBLIC_URL=PUBLIC, SCAPI_WEBHOOK_URLS=[away, receiver.url], SCAPI_WEBHOOK_SECRET=SECRET)
    with app.app_context():
        make(app, 3)
        assert deliver(app) == "tried 4 deliveries: 3 arrived, 1 not"
        assert sum(row.attempts for row in rows() if row.url == away) == 1
        assert len({(row.event_id, row.url) for row in rows()}) == 6
        app.settings = replace(app.settings, webhook_urls=(receiver.url,))
        all_due()
        deliver(app)
        assert "SCAPI_WEBHOOK_URLS does not name this URL any more" in {row.problem for row in rows()}
        db.session.remove()


def test_a_delivery_is_one_deliverers_until_its_lease_is_over(telling: Flask, receiver: Receiver) -> None:
    make(telling)
    ((delivery_id, _),) = outbox.due(10)
    claimed = outbox.claim(delivery_id)
    assert claimed
    assert outbox.claim(delivery_id) is None
    assert deliver(telling) == "tried 0 deliveries: 0 arrived, 0 not"
    all_due()  # the first deliverer has died or is slow
    second = outbox.claim(delivery_id)
    assert second
    outbox.put_off(claimed, "much too late")
    assert [(row.status, row.attempts, row.problem) for row in rows()] == [("pending", 2, None)]
    outbox.delivered(second)
    assert rows()[0].status == "delivered"


def test_many_deliverers_claim_each_delivery_once(telling: Flask) -> None:
    make(telling, 10)
    ids = [delivery_id for delivery_id, _ in outbox.due(100)]
    claims: Counter[int] = Counter()
    barrier, lock = threading.Barrier(4), threading.Lock()

    def claim_all() -> None:
        with telling.app_context():
            barrier.wait()
            for delivery_id in ids:
                if outbox.claim(delivery_id):
                    with lock:
                        claims[delivery_id] += 1
            db.session.remove()

    threads = [threading.Thread(target=claim_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert claims == dict.fromkeys(ids, 1)


@pytest.mark.parametrize(("moment", "count"), [("before_commit", 0), ("after_commit", 1)])
def test_a_crash_at_the_commit_neither_invents_nor_loses_an_event(telling: Flask, moment: str, count: int) -> None:
    def crash(session: Session) -> None:
        if any(isinstance(row, Media) for row in [*session.new, *session.identity_map.values()]):
            raise KeyboardInterrupt

    event.listen(db.session, moment, crash)
    try:
        with pytest.raises(KeyboardInterrupt):
            telling.test_client().post(MEDIA, json=EMBED)
    finally:
        event.remove(db.session, moment, crash)
    db.session.remove()
    assert [db.session.scalar(select(func.count()).select_from(table)) for table in (Media, Delivery)] == [count] * 2


def test_the_sweeper_removes_what_is_long_over(telling: Flask, receiver: Receiver) -> None:
    make(telling, 3)
    first, second, third = rows()
    first.status, first.due_at = DeliveryStatus.DELIVERED, now() - timedelta(days=1)
    second.status, second.due_at = DeliveryStatus.FAILED, now() - timedelta(days=29)
    third.due_at = now() - timedelta(days=100)
    kept = [second.id, third.id]
    db.session.commit()
    done = telling.test_cli_runner().invoke(cli, ["sweep"], catch_exceptions=False)
    assert "1 old webhooks; 0 failed" in done.output
    assert [row.id for row in rows()] == kept


def test_two_keys_while_the_secret_is_changed(make_app: Callable[..., Flask], receiver: Receiver) -> None:
    other = "whsec_" + "b3RoZXIga2V5IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXM="
    app = make_app(SCAPI_PUBLIC_URL=PUBLIC, SCAPI_WEBHOOK_URLS=[receiver.url], SCAPI_WEBHOOK_SECRET=f"{other} {SECRET}")
    with app.app_context():
        make(app)
        assert deliver(app) == "tried 1 deliveries: 1 arrived, 0 not"
        db.session.remove()
    assert receiver.headers[0]["webhook-signature"].count("v1,") == 2


def test_without_webhooks_nothing_is_written(app: Flask) -> None:
    make(app)
    assert db.session.scalar(select(func.count()).select_from(Delivery)) == 0


@pytest.mark.parametrize(
    "settings",
    [
        {"SCAPI_WEBHOOK_URLS": ["http://hook.example/"]},
        {"SCAPI_WEBHOOK_URLS": ["http://hook.example/"], "SCAPI_WEBHOOK_SECRET": SECRET, "SCAPI_PUBLIC_URL": ""},
        {"SCAPI_WEBHOOK_URLS": ["http://hook.example/"], "SCAPI_WEBHOOK_SECRET": "whsec_c2hvcnQ="},
        {"SCAPI_WEBHOOK_URLS": ["http://hook.example/"], "SCAPI_WEBHOOK_SECRET": SECRET.removeprefix("whsec_")},
        {"SCAPI_WEBHOOK_URLS": ["hook.example"], "SCAPI_WEBHOOK_SECRET": SECRET},
        {"SCAPI_WEBHOOK_URLS": ["ftp://hook.example/"], "SCAPI_WEBHOOK_SECRET": SECRET},
        {"SCAPI_WEBHOOK_URLS": ["https://user:password@hook.example/"], "SCAPI_WEBHOOK_SECRET": SECRET},
    ],
)
def test_settings_that_cannot_work(settings: dict[str, object], tmp_path: Path) -> None:
    basis = {
        "SCAPI_DATA_DIR": str(tmp_path),
        "SCAPI_JWT_SECRET": running.SECRET,
        "SCAPI_PUBLIC_URL": PUBLIC,
        **settings,
    }
    with pytest.raises(ConfigurationError, match="SCAPI_WEBHOOK") as refused:
        create_app(read_settings(basis | settings))
    assert "password" not in str(refused.value)
