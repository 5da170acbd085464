"""The boot id, and on which file systems it counts, from Linux's /proc."""

from pathlib import Path

import pytest

from storage_backends.local import boot

MOUNTS = """\
21 1 254:0 / / rw,relatime - ext4 /dev/root rw
22 21 0:5 / /dev rw,nosuid - devtmpfs none rw
31 21 0:44 / /srv rw,relatime shared:5 - nfs4 server:/srv rw,vers=4.2
32 31 8:16 / /srv/media rw shared:6 master:1 - xfs /dev/sdb rw
33 21 0:50 /sub /home rw - btrfs /dev/sdc rw
34 21 0:51 / /mnt/two\\040words rw - cifs //server/share rw
35 21 0:52 / /twice rw - nfs4 server:/twice rw
36 21 8:32 / /twice rw - ext4 /dev/sdd rw
"""


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("/", "ext4"),
        ("/var/lib/scapi", "ext4"),
        ("/srv", "nfs4"),
        ("/srv/other", "nfs4"),
        ("/srv/media/parts", "xfs"),
        ("/srv/media2", "nfs4"),
        ("/home/scapi", "btrfs"),
        ("/mnt/two words/parts", "cifs"),
        ("/mnt/two", "ext4"),
        ("/twice/parts", "ext4"),
    ],
)
def test_the_file_system_of_a_folder(folder: str, expected: str) -> None:
    assert boot.file_system(Path(folder), MOUNTS) == expected


def test_nothing_mounted_is_no_file_system() -> None:
    assert boot.file_system(Path("/srv"), "") is None


@pytest.mark.parametrize("type_", ["ext4", "nfs4", "fuse.sshfs"])
def test_a_start_vouches_only_for_disks_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, type_: str) -> None:
    monkeypatch.setattr(boot, "file_system", lambda folder, _mounts: type_ if folder == tmp_path else None)
    expected = Path("/proc/sys/kernel/random/boot_id").read_text().strip() if type_ == "ext4" else None
    assert boot.boot_id(tmp_path) == expected


def test_a_link_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.setattr(boot, "file_system", lambda folder, _mounts: "ext4" if folder == tmp_path else None)
    assert boot.boot_id(tmp_path / "link") is not None


def test_without_proc_nothing_is_vouched_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", refuse)
    assert boot.boot_id(tmp_path) is None
