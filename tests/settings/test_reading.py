"""Settings are read from the environment as text; invalid ones stop the start."""

import logging
from pathlib import Path

import pytest

from scapi.settings import ConfigurationError, Settings, environment_name, read_settings, reading
from scapi.settings.definitions import definitions


def test_the_defaults() -> None:
    assert read_settings({}) == Settings()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("SCAPI_MAX_CHUNK_BYTES", "1024", 1024),
        ("SCAPI_MAX_CHUNK_BYTES", 1024, 1024),
        ("SCAPI_PREVIEW_SECONDS", "0.5", 0.5),
        ("SCAPI_ANONYMOUS_WRITES", "false", False),
        ("SCAPI_ANONYMOUS_WRITES", "1", True),
        ("SCAPI_PREVIEW_PORTS", "80, 8080", (80, 8080)),
        ("SCAPI_CHECKS", "", ()),
        ("SCAPI_CHECKS", ["one", "two"], ("one", "two")),
        ("SCAPI_DATA_DIR", "/srv/scapi", Path("/srv/scapi")),
        ("SCAPI_STORAGE", "", ""),
    ],
)
def test_text_becomes_what_it_says(name: str, text: object, value: object) -> None:
    assert read_settings({name: text}).by_name()[name] == value


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("SCAPI_MAX_CHUNK_BYTES", "many", "expected a whole number"),
        ("SCAPI_MAX_CHUNK_BYTES", "", "expected a whole number"),
        ("SCAPI_MAX_CHUNK_BYTES", "0", "greater than or equal to 1"),
        ("SCAPI_CLIENT_TIMEOUT", "soon", "expected a number"),
        ("SCAPI_ANONYMOUS_WRITES", "maybe", "expected true or false"),
        ("SCAPI_PREVIEW_PORTS", "80,http", "expected a whole number"),
        ("SCAPI_TAG_WRITERS", "everyone", "Must be one of: anyone, users, admins"),
    ],
)
def test_what_cannot_work_is_said_without_its_value(name: str, text: str, expected: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_settings({name: text})
    assert str(caught.value).startswith(f"{name}: ")
    assert expected in str(caught.value)


def test_a_name_that_is_gone_is_refused_with_the_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(reading.GONE, "SCAPI_OLD", "SCAPI_NEW")
    with pytest.raises(ConfigurationError, match="SCAPI_OLD is gone; set SCAPI_NEW instead"):
        read_settings({"SCAPI_OLD": "x"})


def test_unknown_names_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        settings = read_settings({"SCAPI_MAX_CHUNKBYTES": "1", "SCAPI_STORAGE": "mine", "SCAPI_MINE_PATH": "/x"})
    assert [record.getMessage() for record in caplog.records] == [
        "SCAPI_MAX_CHUNKBYTES is not a setting that scapi knows; it is ignored"
    ]
    assert settings.by_name()["SCAPI_MINE_PATH"] == "/x"


def test_a_secret_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from a file\n")
    assert read_settings({"SCAPI_JWT_SECRET_FILE": str(file)}).jwt_secret == "from a file"
    with pytest.raises(ConfigurationError, match="both set"):
        read_settings({"SCAPI_JWT_SECRET_FILE": str(file), "SCAPI_JWT_SECRET": "x"})
    with pytest.raises(ConfigurationError, match="SCAPI_JWT_SECRET_FILE: the file cannot be read"):
        read_settings({"SCAPI_JWT_SECRET_FILE": str(tmp_path / "none")})


def test_every_setting_is_documented_and_its_default_passes_its_check() -> None:
    for one in definitions():
        assert one.metadata["documentation"].endswith("."), one.name
        if one.metadata["check"]:
            one.metadata["check"](one.default)
        assert environment_name(one.name).isupper()
