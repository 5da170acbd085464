"""Failures of PostgreSQL, as clients see them: the right answer each time, and uploads go on afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from tests import databases, files, running
from tests.client import refusal, send_chunk
from tests.running import Server
from tests.servers import wait_until

PHOTO = files.jpeg(900, 900, noise=True)
THIRD = len(PHOTO) // 3

FAIL = """
CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'made to fail' USING ERRCODE = '{code}'; END $$;
CREATE OR REPLACE TRIGGER fail BEFORE UPDATE ON uploads FOR EACH ROW EXECUTE FUNCTION fail();
"""


@pytest.fixture(scope="module")
def own_postgresql() -> Iterator[databases.PostgreSQL]:
    """A PostgreSQL server whose settings these tests change."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder, databases.postgresql(Path(folder)) as server:
        yield server


@pytest.fixture(scope="module")
def url(own_postgresql: databases.PostgreSQL) -> str:
    return own_postgresql.create()


@pytest.fixture(scope="module")
def server(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running.scapi(tmp_path_factory.mktemp("server"), workers=1, SCAPI_DATABASE_URL=url) as server:
        yield server


def begin(server: Server) -> str:
    answer = send_chunk(server, PHOTO[:THIRD], 0, len(PHOTO))
    assert answer.status_code == 201, answer.text
    upload_id: str = answer.json()["upload_id"]
    return upload_id


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [
        ("53100", 507, "storage_full"),
        ("53200", 503, "database_unavailable"),
        ("40P01", 503, "database_unavailable"),
        ("57014", 503, "database_unavailable"),
        ("25006", 503, "database_unavailable"),
        ("42P01", 500, "internal_server_error"),
    ],
)
def test_an_sqlstate(
    own_postgresql: databases.PostgreSQL, url: str, server: Server, state: str, status: int, code: str
) -> None:
    upload_id = begin(server)
    own_postgresql.execute(FAIL.format(code=state), make_url(url).database)
    answer = send_chunk(server, PHOTO[THIRD:], THIRD, len(PHOTO), upload_id=upload_id)
    own_postgresql.execute("DROP TRIGGER fail ON uploads", make_url(url).database)
    refusal(answer, status, code)
    assert ("Retry-After" in answer.headers) == (status == 503)
    assert send_chunk(server, PHOTO[THIRD:], THIRD, len(PHOTO), upload_id=upload_id).status_code == 201


def test_a_failover(own_postgresql: databases.PostgreSQL, url: str, server: Server) -> None:
    """Pooled connections lead to a server that is now read-only, new ones to the new primary."""
    upload_id = begin(server)
    own_postgresql.execute(f"ALTER DATABASE {make_url(url).database} SET default_transaction_read_only = off")
    own_postgresql.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    own_postgresql.execute("SELECT pg_reload_conf()")

    def is_stored() -> bool:
        answer = send_chunk(server, PHOTO[THIRD:], THIRD, len(PHOTO), upload_id=upload_id)
        if answer.status_code != 201:
            refusal(answer, 503, "database_unavailable")
        return answer.status_code == 201

    try:
        wait_until(is_stored, 30, "the new primary to be asked")
        wait_until(lambda: server.request("GET", "/readyz").status_code == 200, 30, "the new primary to be found ready")
    finally:
        own_postgresql.execute("ALTER SYSTEM RESET default_transaction_read_only")
        own_postgresql.execute("SELECT pg_reload_conf()")


def test_no_primary_is_not_ready(own_postgresql: databases.PostgreSQL, url: str, server: Server) -> None:
    name = make_url(url).database
    sessions = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    own_postgresql.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    own_postgresql.execute(sessions)
    wait_until(lambda: server.request("GET", "/readyz").status_code == 503, 30, "the database to be found read-only")
    refusal(send_chunk(server, PHOTO[:THIRD], 0, len(PHOTO)), 503, "database_unavailable")
    assert server.request("GET", "/api/v2/tag/").status_code == 200  # requests that only read go on
    own_postgresql.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    wait_until(lambda: server.request("GET", "/readyz").status_code == 200, 30, "the database to be found writable")
