from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from seedreg.errors import EXIT_REGISTRY, RegistryError, Step
from seedreg.storage import (
    ObjectStore,
    Repository,
    SqliteFile,
    backup,
    check,
    open_repository,
    sqlite_file,
    status,
    upgrade,
)
from seedreg.storage.sqlite_file import APPLICATION_ID

from .files import abandoned_name
from .values import baseline, entry


def other_programs_file(path: Path, mode: str = "delete") -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute(f"PRAGMA journal_mode={mode}")
        file.execute("CREATE TABLE theirs (x)")
        file.execute("INSERT INTO theirs VALUES (1)")
        file.commit()


BAD_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda path: path.touch(), "{path} is empty, not a registry"),
    "short text": (
        lambda path: path.write_text("hello"),
        "{path} is not a seedreg registry: file is not a database",
    ),
    "random bytes": (
        lambda path: path.write_bytes(os.urandom(8192)),
        "{path} is not a seedreg registry: file is not a database",
    ),
    "another program's file": (
        other_programs_file,
        "{path} is another program's SQLite file, not a seedreg registry",
    ),
    "another program's file in WAL mode": (
        lambda path: other_programs_file(path, "wal"),
        "{path} is another program's SQLite file, not a seedreg registry",
    ),
}
USES: dict[str, Callable[[Path], object]] = {
    "write": lambda path: open_repository(SqliteFile(path)),
    "create": lambda path: open_repository(SqliteFile(path), create=True),
    "read": lambda path: open_repository(SqliteFile(path), write=False),
    "status": lambda path: status(SqliteFile(path)),
    "upgrade": lambda path: upgrade(SqliteFile(path)),
    "backup": lambda path: backup(SqliteFile(path), path.with_name("copy")),
    "check": lambda path: check(SqliteFile(path)),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("bad", BAD_FILES)
def test_a_file_that_is_no_registry_is_refused_and_left_untouched(tmp_path: Path, bad: str, use: str) -> None:
    path = tmp_path / "registry.db"
    make, message = BAD_FILES[bad]
    make(path)
    before = path.read_bytes()
    with pytest.raises(RegistryError) as error:
        USES[use](path)
    assert error.value.message == message.format(path=path)
    assert error.value.exit_code == EXIT_REGISTRY
    assert (path.read_bytes(), os.listdir(tmp_path)) == (before, ["registry.db"])


@pytest.mark.parametrize("use", sorted(set(USES) - {"create"}))
def test_a_missing_registry_says_how_to_make_one_and_makes_nothing(tmp_path: Path, use: str) -> None:
    path = tmp_path / "sub" / "registry.db"
    with pytest.raises(RegistryError) as error:
        USES[use](path)
    assert (error.value.message, error.value.step) == (f"no registry at {path}", Step.CREATE_REGISTRY)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("use", USES)
def test_a_folder_is_refused(tmp_path: Path, use: str) -> None:
    with pytest.raises(RegistryError) as error:
        USES[use](tmp_path)
    assert error.value.message == f"{tmp_path} is a folder, not a registry"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RegistryError, match="is not a file"):
        open_repository(SqliteFile(tmp_path / "pipe"))


def test_a_path_below_a_file_is_missing_and_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "registry.db"
    with pytest.raises(RegistryError, match="no registry at"):
        open_repository(SqliteFile(path))
    with pytest.raises(RegistryError, match=r"file/registry\.db: "):
        open_repository(SqliteFile(path), create=True)


def test_a_truncated_registry_is_damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:8192])
    before = path.read_bytes()
    with pytest.raises(RegistryError) as error:
        open_repository(SqliteFile(path))
    assert error.value.message == f"registry {path} is damaged: database disk image is malformed"
    assert path.read_bytes() == before


def test_a_registry_overwritten_in_the_middle_is_damaged(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * 20480 + whole[24576:])
    with pytest.raises(RegistryError, match="is damaged"), open_repository(SqliteFile(path)) as repository:
        repository.entries.summaries()
    assert check(SqliteFile(path)) != []


def test_a_registry_without_its_tables_is_an_error_of_the_registry(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("DROP TABLE tags")
    with (
        open_repository(SqliteFile(path)) as repository,
        pytest.raises(RegistryError, match="failed: no such table: tags"),
    ):
        repository.entries.add(entry(tags=("x",)), baseline())


def test_a_registry_without_a_revision_is_damaged(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("DELETE FROM seedreg_alembic_version")
    with pytest.raises(RegistryError, match="it has 0 schema revisions, not one"):
        open_repository(SqliteFile(path))


def test_a_locked_registry_says_how_long_it_waited(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with open_repository(SqliteFile(path), busy_timeout_s=0.05) as repository:
            with pytest.raises(RegistryError) as error:
                repository.entries.add(entry(), baseline())
            assert error.value.message == f"registry {path} is locked by another process (waited 0.05 s)"
            assert repository.entries.summaries() == []  # readers are not locked out
            other.execute("ROLLBACK")
            assert repository.entries.add(entry(), baseline())


def test_a_full_disk_loses_nothing_that_was_stored(path: Path) -> None:
    with open_repository(SqliteFile(path)) as repository:
        repository.entries.add(entry(0), baseline())
        connection = repository.database.backend.connection
        connection.exec_driver_sql("PRAGMA max_page_count=1")  # as many pages as there are
        connection.commit()

        def fill() -> None:
            for seed in range(1, 200):
                repository.entries.add(entry(seed, note="n" * 2000), baseline())

        with pytest.raises(RegistryError) as error:
            fill()
        assert error.value.message == f"registry {path} cannot grow: database or disk is full"
        stored = [summary.recipe.seed for summary in repository.entries.summaries()]
    assert stored == list(range(len(stored)))
    assert check(SqliteFile(path)) == []


@pytest.mark.parametrize("name", ["100%", "a b", "what?", "x#y", "naïve-模型", "%41", "a;b", "q'q", "file:x"])
def test_any_path_can_hold_a_registry(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / f"{name}.db"
    with open_repository(SqliteFile(path), create=True) as repository:
        assert repository.entries.add(entry(), baseline())
    backup(SqliteFile(path), path.with_name(f"{name}.bak"))
    assert check(SqliteFile(path.with_name(f"{name}.bak"))) == []
    assert sorted(os.listdir(tmp_path / name)) == sorted([f"{name}.db", f"{name}.bak"])
    assert os.listdir(tmp_path) == [name]


def test_a_relative_path_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_repository(SqliteFile(Path("registry.db")), create=True) as repository:
        repository.entries.add(entry(), baseline())
    assert os.listdir() == ["registry.db"]


def test_a_symbolic_link_leads_to_the_registry(tmp_path: Path, path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(path)
    with open_repository(SqliteFile(link)) as repository:
        repository.entries.add(entry(), baseline())
    with open_repository(SqliteFile(path)) as repository:
        assert len(repository.entries.summaries()) == 1


def test_creating_through_a_dangling_link_creates_its_target(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "real.db")
    open_repository(SqliteFile(tmp_path / "link.db"), create=True).close()
    assert sorted(os.listdir(tmp_path)) == ["link.db", "real.db"]


def test_an_open_registry_is_durable_and_checks_its_references(path: Path) -> None:
    with open_repository(SqliteFile(path)) as repository:
        settings = {
            name: repository.database.backend.connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "application_id")
        }
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 30000,
        "application_id": APPLICATION_ID,
    }


def test_a_reader_writes_nothing_and_leaves_nothing_behind(path: Path) -> None:
    before = path.read_bytes()
    with open_repository(SqliteFile(path), write=False) as repository:
        with pytest.raises(RegistryError, match="cannot be written: it or its folder is read-only"):
            repository.entries.add(entry(), baseline())
        assert repository.entries.summaries() == []
    assert (path.read_bytes(), os.listdir(path.parent)) == (before, ["registry.db"])


def test_the_next_command_that_writes_removes_what_a_killed_one_left(path: Path) -> None:
    left = [path.with_name(abandoned_name()), path.parent / "objects" / abandoned_name()]
    left[1].parent.mkdir()
    for one in left:
        one.write_bytes(b"half")
    open_repository(SqliteFile(path), write=False).close()
    assert [one.exists() for one in left] == [True, True]
    open_repository(SqliteFile(path)).close()
    assert [one.exists() for one in left] == [False, False]
    assert sorted(os.listdir(path.parent)) == ["objects", "registry.db"]


def test_kept_weights_are_beside_the_registry(path: Path, repository: Repository) -> None:
    assert isinstance(repository.objects, ObjectStore)
    assert repository.objects.folder == path.parent / "objects"


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX's")
class TestPermissions:
    def test_a_registry_in_a_read_only_folder_can_be_read_but_not_written(self, guarded: Path) -> None:
        with open_repository(SqliteFile(guarded)) as repository:
            repository.entries.add(entry(), baseline())
        guarded.chmod(0o444)
        guarded.parent.chmod(0o555)
        with open_repository(SqliteFile(guarded), write=False) as repository:
            assert repository.entries.select("build") == (entry(),)
        assert check(SqliteFile(guarded)) == []
        with pytest.raises(RegistryError) as error:
            open_repository(SqliteFile(guarded))
        assert (error.value.message, error.value.hint) == (
            f"registry {guarded} cannot be written: it or its folder is read-only",
            "commands that only read still work",
        )

    def test_a_read_only_file_in_a_writable_folder_can_be_read_but_not_written(self, guarded: Path) -> None:
        guarded.chmod(0o444)
        with open_repository(SqliteFile(guarded), write=False) as repository:
            assert repository.entries.summaries() == []
        with pytest.raises(RegistryError, match="cannot be written"):
            open_repository(SqliteFile(guarded))

    def test_an_unreadable_file_cannot_be_opened(self, guarded: Path) -> None:
        guarded.chmod(0)
        for write in (True, False):
            with pytest.raises(RegistryError) as error:
                open_repository(SqliteFile(guarded), write=write)
            assert error.value.message == f"registry {guarded} cannot be opened"
        guarded.chmod(0o600)

    def test_an_unreachable_folder_says_why(self, guarded: Path) -> None:
        guarded.parent.chmod(0)
        for create in (True, False):
            with pytest.raises(RegistryError, match="Permission denied"):
                open_repository(SqliteFile(guarded), create=create)

    def test_no_registry_is_created_in_a_read_only_folder(self, guarded: Path) -> None:
        guarded.parent.chmod(0o555)
        for path in (guarded.with_name("other.db"), guarded.parent / "sub" / "registry.db"):
            with pytest.raises(RegistryError) as error:
                open_repository(SqliteFile(path), create=True)
            assert str(path) in error.value.message
        assert os.listdir(guarded.parent) == ["registry.db"]

    def test_changes_that_cannot_be_reached_are_not_passed_over(self, guarded: Path) -> None:
        with open_repository(SqliteFile(guarded)) as repository:
            repository.entries.add(entry(), baseline())
            copy = guarded.with_name("copy.db")
            shutil.copy(guarded, copy)
            shutil.copy(f"{guarded}-wal", f"{copy}-wal")  # and no -shm: as after a crash
        copy.chmod(0o444)
        guarded.parent.chmod(0o555)
        with pytest.raises(RegistryError, match="cannot be opened"):
            open_repository(SqliteFile(copy), write=False)

    def test_who_can_take_no_lock_reads_one_moment_whatever_another_user_writes(self, guarded: Path) -> None:
        guarded.chmod(0o444)
        guarded.parent.chmod(0o555)
        with open_repository(SqliteFile(guarded), write=False) as reader:
            guarded.parent.chmod(0o755)
            guarded.chmod(0o644)
            with open_repository(SqliteFile(guarded)) as writer:
                for seed in range(50):
                    writer.entries.add(entry(seed), baseline())
            assert reader.entries.summaries() == []
            assert list(reader.database.backend.damages()) == []

    def test_a_file_that_changes_while_it_is_copied_is_copied_again(
        self, guarded: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        guarded.chmod(0o444)
        guarded.parent.chmod(0o555)
        states = [(1,), (2,), None, (3,), (3,)]
        monkeypatch.setattr(sqlite_file, "_state", lambda _: states.pop(0))
        with open_repository(SqliteFile(guarded), write=False, busy_timeout_s=5) as reader:
            assert reader.entries.summaries() == []
        assert states == []
