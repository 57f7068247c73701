from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from seedreg.errors import RegistryError, Step
from seedreg.storage.sqlite_errors import explaining
from seedreg.storage.sqlite_faults import Fault, Shortage, fault_of, shortage_at, unreadable

KEPT = "what was reported as stored before is still there"
PLENTY = {"f_files": 10, "f_favail": 5, "f_bavail": 1000, "f_frsize": 4096}


def failed(text: str, code: int | None = None) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(text)
    if code is not None:
        vars(error)["sqlite_errorcode"] = code  # an attribute that Python 3.10 does not know
    return error


def explained(error: Exception, place: Path) -> RegistryError:
    with pytest.raises(RegistryError) as raised, explaining(str(place), 30):
        raise error
    return raised.value


def have(monkeypatch: pytest.MonkeyPatch, **space: int) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(**{**PLENTY, **space}), raising=False)


@pytest.mark.parametrize(
    ("text", "code", "fault"),
    [
        ("database is locked", 5, Fault.LOCKED),
        ("database is locked", 5 | 2 << 8, Fault.LOCKED),
        ("database table is locked", 6, Fault.LOCKED),
        ("locking protocol", 15, Fault.LOCKED),
        ("attempt to write a readonly database", 8 | 5 << 8, Fault.READ_ONLY),
        ("unable to open database file", 14, Fault.NOT_OPENED),
        ("file is not a database", 26, Fault.NOT_A_DATABASE),
        ("database or disk is full", 13, Fault.FULL),
        ("disk I/O error", 10 | 3 << 8, Fault.DISK),
        ("disk I/O error", 10 | 19 << 8, Fault.DISK),
        ("database disk image is malformed", 11, Fault.DAMAGED),
        ("no such table: tags", 1, Fault.OTHER),
    ],
)
def test_the_kind_of_an_error_is_known_by_its_code_and_where_python_gives_none_by_its_text(
    text: str, code: int, fault: Fault
) -> None:
    assert (fault_of(failed("in other words", code)), fault_of(failed(text))) == (fault, fault)


def test_a_file_system_that_is_corrupt_damages_a_registry() -> None:
    assert fault_of(failed("disk I/O error", 10 | 33 << 8)) is Fault.DAMAGED


@pytest.mark.parametrize(
    "text", ["disk I/O error", "unable to open database file", "database or disk is full"]
)
def test_a_full_disk_is_never_called_damage_and_says_what_is_missing(
    path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    have(monkeypatch, f_bavail=0)
    error = explained(failed(text), path)
    assert (error.message, error.hint, error.step) == (
        f"registry {path} cannot be used: the disk is full ({text})",
        f"free some space; {KEPT}",
        None,
    )


@pytest.mark.parametrize(
    "error", [failed("disk I/O error"), failed("unable to open database file"), OSError(errno.ENOSPC, "")]
)
def test_a_file_system_without_inodes_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    have(monkeypatch, f_favail=0)
    found = explained(error, path)
    assert (found.message, found.hint, found.step) == (
        f"registry {path} cannot be used: the file system has no room for another file (no free inodes)",
        f"remove files; {KEPT}",
        None,
    )


def test_a_failing_disk_is_not_called_damage(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch)
    error = explained(failed("disk I/O error"), path)
    assert (error.message, error.hint, error.step) == (
        f"registry {path} cannot be read or written: disk I/O error",
        f"{KEPT}; examine the disk if it happens again",
        None,
    )


def test_only_wrong_content_is_called_damage(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, f_bavail=0)
    error = explained(failed("database disk image is malformed"), path)
    assert (error.message, error.step) == (
        f"registry {path} is damaged: database disk image is malformed",
        Step.CHECK_REGISTRY,
    )


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_errors_of_the_system_say_that_nothing_is_lost(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    have(monkeypatch)
    error = explained(OSError(number, "it is so"), path)
    assert (error.message, error.step) == (f"registry {path}: it is so", None)
    assert KEPT in (error.hint or "")


def test_a_file_system_that_does_not_count_files_has_enough(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    have(monkeypatch, f_files=0, f_favail=0)
    assert shortage_at(path) is None
    have(monkeypatch, f_bavail=1)
    assert shortage_at(path) is Shortage.BLOCKS
    monkeypatch.delattr(os, "statvfs")
    assert shortage_at(path) is None


def test_the_file_that_may_not_be_read_is_named(guarded: Path) -> None:
    wal = guarded.with_name("registry.db-wal")
    wal.touch(0o000)
    assert unreadable(guarded) == wal
    guarded.chmod(0)
    assert unreadable(guarded) == guarded
    error = explained(failed("unable to open database file"), guarded)
    assert (error.message, error.hint) == (
        f"registry {guarded} cannot be opened",
        f"this user may not read {guarded}",
    )
