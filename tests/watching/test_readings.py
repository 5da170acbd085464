"""Readings: metrics that are read from the database when they are asked for."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import event

from scapi.database import UPLOADS_BIND, db, now
from scapi.media.models import Media, MediaType
from scapi.watching.readings import Readings


def test_the_backlog_of_renditions(app: Flask) -> None:
    def waiting() -> tuple[float, float]:
        found = {metric.name: metric.samples[0].value for metric in Readings().collect() if metric.samples}
        return found["scapi_renditions_waiting"], found["scapi_renditions_oldest_seconds"]

    assert waiting() == (0, 0)
    minutes = {"late": -10, "later": -2, "being made": 3, "made": None}
    for name, since in minutes.items():
        due = None if since is None else now() + timedelta(minutes=since)
        db.session.add(Media(type=MediaType.IMAGE, title=name, renditions_due_at=due))
    db.session.commit()
    count, oldest = waiting()
    assert count == 3
    assert 600 <= oldest < 660


def test_the_backlog_is_read_by_its_index(app: Flask) -> None:
    statements = []
    event.listen(db.engines[UPLOADS_BIND], "before_cursor_execute", lambda *a: statements.append((a[2], a[3])))
    list(Readings().collect())
    with db.engines[UPLOADS_BIND].connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if not sqlite:
            connection.exec_driver_sql("SET enable_seqscan = off")  # for few rows it would read all of them
        found = [(text, values) for text, values in statements if "renditions_due_at" in text]
        assert len(found) == 2
        for text, values in found:
            explained = connection.exec_driver_sql(f"{'EXPLAIN QUERY PLAN' if sqlite else 'EXPLAIN'} {text}", values)
            assert "ix_media_renditions_due_at" in " ".join(str(row) for row in explained)
