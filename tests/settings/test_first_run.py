"""What is made at the first run."""

from pathlib import Path

import pytest

from scapi.settings import ConfigurationError, Settings
from scapi.settings.first_run import MIN_SECRET_BYTES, with_data_dir, with_secret


def test_the_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    settings = with_data_dir(Settings(data_dir=tmp_path / "data"))
    secret = with_secret(settings).jwt_secret
    assert len(secret) >= MIN_SECRET_BYTES
    assert with_secret(settings).jwt_secret == secret
    assert (tmp_path / "data" / "jwt-secret").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["jwt-secret"]


def test_a_data_dir_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="SCAPI_DATA_DIR cannot be made"):
        with_data_dir(Settings(data_dir=tmp_path / "file" / "data"))
