"""The process that reads PDFs: confined, and not believed."""

import logging
import subprocess
import sys
from io import BytesIO

import pytest

from scapi.formats import documents
from scapi.formats.documents import DocumentLimits
from tests import files
from tests.formats.papers import inspect, refusal

MIB = 1024 * 1024


def test_what_the_reader_raises_is_passed_on_and_ends_the_child(monkeypatch):
    started = []
    original = subprocess.Popen

    def remembering(*arguments, **options):
        started.append(original(*arguments, **options))
        return started[-1]

    class Failing(BytesIO):
        def read(self, *_):
            raise ValueError("storage is away")

    monkeypatch.setattr(subprocess, "Popen", remembering)
    with pytest.raises(ValueError, match="storage is away"):
        documents.inspect(Failing(), 1000)
    assert started[0].returncode is not None
    data = files.pdf()
    with pytest.raises(EOFError):
        documents.inspect(BytesIO(data), len(data) + 1)


SUMMARY = """say(b"S"); say(b"D", b'{"pages": 2, "encrypted": false, "title": "t"}')\n"""


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("say(b'S'); os.abort()", "pdf_too_complex"),
        (SUMMARY + "os.abort()", 2),
        (SUMMARY + "say(b'R', struct.pack('>QI', 0, 2**31))", 2),
        (SUMMARY + "say(b'R', struct.pack('>QI', 2**63, 10))", 2),
        (SUMMARY + "say(b'P', struct.pack('>HH', 9, 9) + b'<script>')", 2),
        (SUMMARY + "say(b'P', struct.pack('>HH', 60000, 9) + b'\\xff\\xd8\\xff')", 2),
        (SUMMARY + "sys.stdout.buffer.write(b'P' + b'\\xff' * 4)", 2),
        (SUMMARY + "say(b'P', b'')", 2),
        (SUMMARY + "os.close(0); say(b'R', struct.pack('>QI', 0, 100))", 2),
        ("say(b'S'); say(b'D', b'[]')", "pdf_too_complex"),
        ("say(b'S'); say(b'D', b'no json')", "pdf_too_complex"),
        ("say(b'S'); say(b'D', b'{\"pages\": -1, \"encrypted\": false, \"title\": 0}')", "pdf_too_complex"),
    ],
)
def test_a_crashing_or_hostile_child_is_not_believed(monkeypatch, tmp_path, script, expected):
    child = tmp_path / "child.py"
    child.write_text(
        "import os, struct, sys\n"
        "def say(kind, payload=b''):\n"
        "    sys.stdout.buffer.write(struct.pack('>cI', kind, len(payload)) + payload)\n"
        "    sys.stdout.buffer.flush()\n" + script
    )
    monkeypatch.setattr(documents, "_CHILD", child)
    if isinstance(expected, str):
        assert refusal(files.pdf()) == expected
    else:
        assert inspect(files.pdf()) == documents.Document(expected, False, "t", None)


def test_the_child_is_confined_and_knows_nothing_of_our_environment(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("SCAPI_JWT_SECRET", "secret")
    probe = tmp_path / "probe.py"
    source = documents._CHILD.read_text().replace(
        '    pipe.send(b"S")\n',
        '    pipe.send(b"S")\n'
        "    names = (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE)\n"
        "    limits = [resource.getrlimit(name) for name in names]\n"
        "    raise SystemExit(f'{limits} {sorted(os.environ)} {\"numpy\" in sys.modules}')\n",
    )
    probe.write_text(source)
    monkeypatch.setattr(documents, "_CHILD", probe)
    caplog.set_level(logging.INFO, documents.__name__)
    assert refusal(files.pdf(), DocumentLimits(cpu_seconds=7, memory_bytes=300 * MIB)) == "pdf_too_complex"
    assert f"[({300 * MIB}, {300 * MIB}), (7, 8), (0, 0)]" in caplog.text
    assert "secret" not in caplog.text
    assert "SCAPI" not in caplog.text
    assert caplog.text.rstrip().endswith("False")


def test_the_child_needs_nothing_of_scapi():
    source = documents._CHILD.read_text()
    assert "scapi" not in source
    assert subprocess.run([sys.executable, "-I", str(documents._CHILD)], capture_output=True).returncode
