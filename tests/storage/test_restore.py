from __future__ import annotations

import hashlib
import io
import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from seedreg.domain.problem import ProblemKind, problem
from seedreg.errors import RegistryError, SchemaError, Step, UsageError
from seedreg.storage import (
    Repository,
    Restored,
    SqliteFile,
    backup,
    check,
    companions,
    open_repository,
    restore,
    status,
)

from .files import execute
from .values import PLAN, baseline, entry, fingerprint

TEXTS = (b"first", b"second")
DIGESTS = [hashlib.sha256(text).hexdigest() for text in TEXTS]


def keep_weights(repository: Repository) -> None:
    """An entry with seed 0 whose two tensors are kept."""
    weights = fingerprint()
    tensors = tuple(replace(one, sha256=digest) for one, digest in zip(weights.tensors, DIGESTS, strict=True))
    repository.entries.add(entry(), replace(baseline(), fingerprint=replace(weights, tensors=tensors)))
    for text, digest in zip(TEXTS, DIGESTS, strict=True):
        repository.objects.adopt(io.BytesIO(text), digest)
    repository.baselines.mark_kept(entry().id, 1)


def seeds(path: Path) -> list[int]:
    with open_repository(SqliteFile(path), write=False) as repository:
        return sorted(summary.seed for summary in repository.entries.summaries())


@pytest.fixture
def saved(path: Path, tmp_path: Path) -> Path:
    """A backup in another folder, with seed 0 and its weights; the registry has seed 1, too."""
    target = tmp_path / "elsewhere" / "backup.db"
    target.parent.mkdir()
    with open_repository(SqliteFile(path)) as repository:
        keep_weights(repository)
        backup(SqliteFile(path), target)
        repository.entries.add(entry(1), baseline())
    return target


@pytest.fixture
def pending(path: Path, saved: Path) -> Path:
    """The registry of a process that was killed: seed 2 is in its -wal alone."""
    with closing(sqlite3.connect(path)) as other:
        other.execute("SELECT count(*) FROM entries").fetchone()
        with open_repository(SqliteFile(path)) as repository:
            repository.entries.add(entry(2), baseline())
        kept = {one: one.read_bytes() for one in (path, *companions(path)) if one.exists()}
    for one, content in kept.items():
        one.write_bytes(content)
    assert companions(path)[0].stat().st_size > 0
    return path


def restored(path: Path, saved: Path) -> Restored:
    done = restore(SqliteFile(path), saved, busy_timeout_s=5)
    assert (done.tensors, done.problems) == (2, ())
    assert [one for one in companions(path) if one.exists()] == []
    assert list(path.parent.glob(".seedreg-*")) == []
    assert (seeds(path), check(SqliteFile(path))) == ([0], [])
    return done


def test_a_backup_is_a_registry_with_its_weights(path: Path, saved: Path) -> None:
    assert (seeds(saved), check(SqliteFile(saved))) == ([0], [])
    with (
        open_repository(SqliteFile(saved), write=False) as repository,
        repository.objects.open(DIGESTS[0]) as one,
    ):
        assert one.read() == TEXTS[0]


def test_backups_in_one_folder_share_their_weights(path: Path, saved: Path) -> None:
    before = sorted(saved.parent.glob("objects/*/*"))
    done = backup(SqliteFile(path), saved.with_name("second.db"))
    assert (done.tensors, done.problems) == (2, ())
    assert sorted(saved.parent.glob("objects/*/*")) == before


def test_a_backup_says_which_weights_are_lost(path: Path, saved: Path, tmp_path: Path) -> None:
    (path.parent / "objects" / DIGESTS[0][:2] / DIGESTS[0][2:]).write_bytes(b"damaged")
    (tmp_path / "more").mkdir()
    done = backup(SqliteFile(path), tmp_path / "more" / "copy.db")
    lost = problem(ProblemKind.WEIGHTS_MISSING, entry=entry().id, number=1, missing=1, tensors=2)
    assert (done.tensors, done.problems) == (1, (lost,))
    assert seeds(tmp_path / "more" / "copy.db") == [0, 1]


@pytest.mark.parametrize("name", ["registry.db", "registry.db-wal", "objects", "objects/ab/x"])
def test_a_backup_is_none_of_the_registrys_own_files(path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is part of the registry"):
        backup(SqliteFile(path), path.parent / name)


@pytest.mark.parametrize("name", ["registry.db", "registry.db-wal"])
def test_the_registry_itself_is_no_backup(path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is part of the registry"):
        restore(SqliteFile(path), path.parent / name)


def test_a_backup_beside_the_registry_can_be_restored(path: Path, saved: Path) -> None:
    beside = Path(shutil.copy(saved, path.with_name("registry.db.0004-2026.bak")))
    restored(path, beside)


def test_the_registry_before_is_kept_with_what_was_in_its_wal(pending: Path, saved: Path) -> None:
    pending.chmod(0o640)
    done = restored(pending, saved)
    (kept,) = done.replaced
    assert kept.name.startswith("registry.db.replaced-")
    assert seeds(kept) == [0, 1, 2]
    assert [stat.S_IMODE(one.stat().st_mode) for one in (pending, kept)] == [0o640, 0o640]


def test_a_registry_is_restored_where_there_is_none(tmp_path: Path, saved: Path) -> None:
    path = tmp_path / "new" / ".seedreg" / "registry.db"
    assert restored(path, saved).replaced == ()
    assert (path.parent / ".gitignore").read_text() == "*\n"


def test_a_wal_beside_no_registry_is_set_aside(pending: Path, saved: Path) -> None:
    pending.unlink()
    replaced = restored(pending, saved).replaced
    assert [one.name.rpartition("Z.bak")[2] for one in replaced] == ["-wal"]


def test_a_backup_that_was_copied_beside_an_old_wal_is_replaced(pending: Path, saved: Path) -> None:
    with open_repository(SqliteFile(saved)) as repository:  # so that pages of the two files do not fit
        for seed in range(10, 60):
            repository.entries.add(entry(seed), baseline(letter="a"))
        execute(
            saved,
            "DELETE FROM baselines WHERE id > 1; DELETE FROM entries WHERE seed > 0; DELETE FROM"
            " fingerprints WHERE id > 1; VACUUM",
        )
    shutil.copy(saved, pending)
    restored(pending, saved)


@pytest.mark.parametrize("content", [b"", b"no registry", b"SQLite format 3\0" + b"\xff" * 9000])
def test_a_file_that_cannot_be_read_is_set_aside_as_it_is(path: Path, saved: Path, content: bytes) -> None:
    path.write_bytes(content)
    companions(path)[0].write_bytes(b"whatever")
    replaced = restored(path, saved).replaced
    assert [one.read_bytes() for one in replaced] == [content, b"whatever"]


def test_a_damaged_page_does_not_keep_a_backup_out(path: Path, saved: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * 20480 + whole[24576:])
    (kept,) = restored(path, saved).replaced
    assert kept.stat().st_size == len(whole)


def test_times_of_a_clock_that_was_wrong_do_not_keep_a_backup_out(path: Path, saved: Path) -> None:
    with open_repository(SqliteFile(saved)) as repository:
        for year in (2099, 1970):
            repository.audits.start(replace(PLAN, entry_ids=(entry().id,)), f"{year}-01-01T00:00:00.000000Z")
    found = {one.kind for one in check(SqliteFile(saved))}
    assert found == {ProblemKind.TIME_AHEAD, ProblemKind.TIME_ORDER}
    restore(SqliteFile(path), saved, busy_timeout_s=5)
    assert seeds(path) == [0]


def test_kept_weights_are_beside_the_file_that_a_link_names(path: Path, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    link = tmp_path / "project" / "registry.db"
    link.symlink_to(path)
    with open_repository(SqliteFile(link)) as repository:
        keep_weights(repository)
    assert (check(SqliteFile(path)), check(SqliteFile(link))) == ([], [])
    assert os.listdir(link.parent) == ["registry.db"]


def test_what_is_behind_a_link_is_replaced(path: Path, saved: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(path)
    done = restore(SqliteFile(link), saved, busy_timeout_s=5)
    assert (link.is_symlink(), seeds(path), done.replaced[0].parent) == (True, [0], path.parent)


@pytest.fixture
def unchanged(path: Path, saved: Path) -> Iterator[None]:
    before = {one: one.read_bytes() for one in path.parent.rglob("*") if one.is_file()}
    yield
    assert {one: one.read_bytes() for one in path.parent.rglob("*") if one.is_file()} == before


@pytest.mark.usefixtures("unchanged")
class TestRefusals:
    def test_a_backup_with_a_problem(
        self, path: Path, saved: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        bad = Path(shutil.copy(saved, tmp_path_factory.mktemp("bad") / "bad.db"))
        execute(bad, "UPDATE environments SET numpy = '3'")
        with pytest.raises(RegistryError) as error:
            restore(SqliteFile(path), bad)
        assert error.value.message == f"backup {bad} is not sound: 1 problem; nothing was changed"
        assert (error.value.step, error.value.fields) == (Step.CHECK_BACKUP, {"path": str(bad)})

    def test_a_backup_that_is_newer(
        self, path: Path, saved: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        newer = Path(shutil.copy(saved, tmp_path_factory.mktemp("newer") / "newer.db"))
        execute(newer, "UPDATE seedreg_alembic_version SET version_num = '9999_future'")
        with pytest.raises(SchemaError, match="newer than this seedreg"):
            restore(SqliteFile(path), newer)

    def test_what_is_no_backup(self, path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
        text = tmp_path_factory.mktemp("text") / "notes.txt"
        text.write_text("not a registry")
        with pytest.raises(RegistryError, match="is not a seedreg registry"):
            restore(SqliteFile(path), text)
        with pytest.raises(RegistryError) as error:
            restore(SqliteFile(path), text.with_name("nothing"))
        assert (error.value.message, error.value.step) == (f"no backup at {text.with_name('nothing')}", None)


def test_another_programs_file_is_not_replaced(path: Path, saved: Path) -> None:
    execute(path, "PRAGMA application_id = 1")
    with pytest.raises(RegistryError, match="another program's SQLite file"):
        restore(SqliteFile(path), saved)
    assert list(path.parent.glob("*.bak")) == []


def test_a_registry_that_another_command_has_open_is_not_replaced(path: Path, saved: Path) -> None:
    with open_repository(SqliteFile(path)) as repository:
        repository.entries.add(entry(5), baseline())
        with pytest.raises(RegistryError, match="is locked by another process"):
            restore(SqliteFile(path), saved, busy_timeout_s=0.2)
    assert seeds(path) == [0, 1, 5]


def test_a_backup_of_an_older_schema_can_be_restored(path: Path, older: Path) -> None:
    done = restore(SqliteFile(path), older, busy_timeout_s=5)
    assert done.schema == status(SqliteFile(path))
    assert done.schema.revision == "0001_initial"


def test_weights_that_only_the_registry_before_has_stay(path: Path, saved: Path) -> None:
    shutil.rmtree(saved.parent / "objects")
    restored(path, saved)


def test_weights_that_nobody_has_are_reported(path: Path, saved: Path) -> None:
    for folder in (saved.parent, path.parent):
        shutil.rmtree(folder / "objects")
    done = restore(SqliteFile(path), saved, busy_timeout_s=5)
    lost = problem(ProblemKind.WEIGHTS_MISSING, entry=entry().id, number=1, missing=2, tensors=2)
    assert (done.tensors, done.problems, seeds(path)) == (0, (lost,), [0])


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="owner of files")
def test_nothing_is_written_where_nothing_may_be_written(guarded: Path, saved: Path) -> None:
    guarded.parent.chmod(0o555)
    with pytest.raises(RegistryError, match=f"^registry {guarded}: Permission denied$"):
        restore(SqliteFile(guarded), saved)
