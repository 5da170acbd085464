"""Files that are created at the first run."""

from pathlib import Path
from typing import Any

import pytest

from scapi.database import embedded_url
from scapi.settings import ConfigurationError, Settings
from scapi.settings.first_run import MIN_SECRET_BYTES, secrets_in, with_data_dir, with_keys


def test_the_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    settings = with_data_dir(Settings(data_dir=tmp_path / "data"))
    secret = with_keys(settings).jwt_secret
    assert len(secret) >= MIN_SECRET_BYTES
    assert with_keys(settings).jwt_secret == secret
    assert (tmp_path / "data" / "jwt-secret").stat().st_mode & 0o777 == 0o600
    assert {file.name for file in (tmp_path / "data").iterdir()} == {"jwt-secret", "server-key"}


def test_the_server_key_is_at_first_the_secret_and_stays(tmp_path: Path) -> None:
    first, second = "first" * 10, "second" * 10
    assert with_keys(Settings(data_dir=tmp_path, jwt_secret=first)).server_key == first
    assert with_keys(Settings(data_dir=tmp_path, jwt_secret=f"{second} {first}")).server_key == first
    assert with_keys(Settings(data_dir=tmp_path, jwt_secret=second)).server_key == first
    assert with_keys(Settings(data_dir=tmp_path, server_key="k" * 32)).server_key == "k" * 32


def test_beside_another_database_the_server_key_is_the_older_secret(tmp_path: Path) -> None:
    old, new = "old" * 11, "new" * 11
    other: dict[str, Any] = {"data_dir": tmp_path, "database_url": "postgresql://db/scapi"}
    assert with_keys(Settings(**other, jwt_secret=f"{new} {old}")).server_key == old
    assert with_keys(Settings(**other, jwt_secret=new, server_key=old)).server_key == old
    with pytest.raises(ConfigurationError, match="SCAPI_SERVER_KEY has 5 bytes"):
        with_keys(Settings(**other, jwt_secret=new, server_key="short"))


@pytest.mark.parametrize(
    ("secret", "found"),
    [
        ("a" * 32, ["a" * 32]),
        ("a" * 32 + " " + "b" * 32, ["a" * 32, "b" * 32]),
        ("a" * 32 + " " + "b" * 31, ["a" * 32 + " " + "b" * 31]),
        ("a sentence of many words is one secret", ["a sentence of many words is one secret"]),
    ],
)
def test_two_secrets_while_one_is_changed(secret: str, found: list[str]) -> None:
    assert secrets_in(secret) == found


def test_the_embedded_database_is_its_owner_s_alone(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    for name in ("scapi.sqlite3", "scapi.sqlite3-wal"):
        (old / name).touch(mode=0o644)
    for folder in (tmp_path, old):
        embedded_url(folder)
        modes = {file.stat().st_mode & 0o777 for file in folder.glob("scapi.sqlite3*")}
        assert modes == {0o600}


def test_a_data_dir_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="SCAPI_DATA_DIR cannot be made"):
        with_data_dir(Settings(data_dir=tmp_path / "file" / "data"))


def test_a_data_dir_that_cannot_be_used_is_a_setting_that_cannot_work(tmp_path: Path) -> None:
    for name in ("jwt-secret", "scapi.sqlite3"):
        (tmp_path / name).mkdir()
    with pytest.raises(ConfigurationError, match="SCAPI_DATA_DIR: jwt-secret cannot be read or made there"):
        with_keys(Settings(data_dir=tmp_path))
    with pytest.raises(ConfigurationError, match="SCAPI_DATA_DIR: the database cannot be made there"):
        embedded_url(tmp_path)
