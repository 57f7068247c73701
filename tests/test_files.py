from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from seedreg.files import CreationLocked, put_in_place, temporary_beside, whole_file


def test_a_temporary_file_is_beside_its_target_and_is_removed(tmp_path: Path) -> None:
    with temporary_beside(tmp_path / "target") as temporary:
        temporary.write_text("half")
        assert temporary.parent == tmp_path
    assert os.listdir(tmp_path) == []


def test_a_file_is_put_in_place_once(tmp_path: Path) -> None:
    target = tmp_path / "target"
    for text, placed in (("first", True), ("second", False)):
        with temporary_beside(target) as temporary:
            temporary.write_text(text)
            assert put_in_place(temporary, target, wait_s=1) is placed
    assert (target.read_text(), os.listdir(tmp_path)) == ("first", ["target"])


def test_without_hard_links_a_lock_that_stays_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    (tmp_path / "target.creating").touch()
    (tmp_path / "new").write_text("x")
    with pytest.raises(CreationLocked) as error:
        put_in_place(tmp_path / "new", tmp_path / "target", wait_s=0)
    assert error.value.lock == tmp_path / "target.creating"
    assert sorted(os.listdir(tmp_path)) == ["new", "target.creating"]


def test_an_error_of_the_file_system_stays_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "link", link)
    (tmp_path / "new").write_text("x")
    with pytest.raises(OSError, match="Input/output error"):
        put_in_place(tmp_path / "new", tmp_path / "target", wait_s=0)
    assert os.listdir(tmp_path) == ["new"]


def test_a_whole_file_replaces_the_one_before_and_keeps_its_permissions(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("before")
    target.chmod(0o600)
    with whole_file(target) as file:
        file.write("after\n")
        assert target.read_text() == "before"
    assert (target.read_bytes(), stat.S_IMODE(target.stat().st_mode)) == (b"after\n", 0o600)
    assert os.listdir(tmp_path) == ["target"]


def test_a_file_that_fails_half_way_leaves_the_one_before(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("before")
    with pytest.raises(UnicodeDecodeError), whole_file(target) as file:
        file.write(b"after\xff".decode("ascii"))
    assert (target.read_text(), os.listdir(tmp_path)) == ("before", ["target"])


def test_a_whole_file_is_written_through_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with whole_file(tmp_path / "link") as file:
        file.write("x")
    assert ((tmp_path / "link").is_symlink(), (tmp_path / "target").read_text()) == (True, "x")


def test_what_is_no_regular_file_is_written_to_directly() -> None:
    with whole_file(Path(os.devnull)) as file:
        file.write("x")
    assert not stat.S_ISREG(Path(os.devnull).stat().st_mode)


def test_a_folder_that_is_not_there_stays_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "nowhere" / "target"):
        pass


def test_a_lone_surrogate_does_not_break_a_file(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a") as file:
        file.write("\udc80")
    assert (tmp_path / "a").read_text(encoding="utf-8") == r"\udc80"
