from __future__ import annotations

import os
import stat
from io import BytesIO
from pathlib import Path

import pytest

from seedreg.storage import Repository, SqliteFile, backup, open_repository, upgrade
from seedreg.storage.permissions import take_permissions

from .test_objects import BYTES, SHA256
from .values import baseline, entry

pytestmark = pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX's")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("wanted", [0o600, 0o644, 0o660])
def test_a_backup_is_as_private_as_the_registry(path: Path, wanted: int) -> None:
    path.chmod(wanted)
    backup(SqliteFile(path), path.with_name("copy.db"))
    assert mode(path.with_name("copy.db")) == wanted


def test_the_backup_of_an_upgrade_is_as_private_as_the_registry(any_older: Path) -> None:
    any_older.chmod(0o600)
    upgrade(SqliteFile(any_older))
    (saved,) = any_older.parent.glob("*.bak")
    assert (mode(saved), mode(any_older)) == (0o600, 0o600)


@pytest.mark.parametrize(("wanted", "folder"), [(0o600, 0o700), (0o644, 0o755), (0o660, 0o770)])
def test_kept_weights_are_as_private_as_the_registry(
    path: Path, repository: Repository, wanted: int, folder: int
) -> None:
    path.chmod(wanted)
    repository.objects.adopt(BytesIO(BYTES), SHA256)
    objects = repository.objects.folder
    assert [mode(objects), mode(objects / SHA256[:2])] == [folder, folder]
    assert mode(objects / SHA256[:2] / SHA256[2:]) == wanted


def test_what_sqlite_writes_beside_a_private_registry_is_private(path: Path) -> None:
    path.chmod(0o600)
    with open_repository(SqliteFile(path)) as repository:
        repository.entries.add(entry(), baseline())
        modes = {one.name: mode(one) for one in path.parent.glob("registry.db*")}
    assert set(modes.values()) == {0o600}
    assert {"registry.db-wal", "registry.db-shm"} <= set(modes)


def test_a_copy_can_always_be_written_by_its_owner(tmp_path: Path) -> None:
    for name in ("model", "copy"):
        (tmp_path / name).touch()
    (tmp_path / "model").chmod(0o440)
    take_permissions(tmp_path / "copy", tmp_path / "model")
    assert mode(tmp_path / "copy") == 0o640


def test_another_group_gets_no_more_than_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("model", "copy"):
        (tmp_path / name).touch()
    (tmp_path / "model").chmod(0o664)
    real = Path.stat

    def of_another_group(path: Path, **options: bool) -> os.stat_result:
        found = real(path, **options)
        if path.name != "model":
            return found
        return os.stat_result((*found[:5], found.st_gid + 1, *found[6:]))

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "stat", of_another_group)
    monkeypatch.setattr(os, "chown", refuse)
    take_permissions(tmp_path / "copy", tmp_path / "model")
    assert mode(tmp_path / "copy") == 0o644


def test_without_a_model_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / "copy").touch(0o640)
    before = mode(tmp_path / "copy")
    take_permissions(tmp_path / "copy", tmp_path / "model")
    assert mode(tmp_path / "copy") == before
