from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seedreg.leftovers import is_temporary, leftovers, remove_leftovers, temporary_name


def name_of_process(*, alive: bool) -> tuple[str, subprocess.Popen[str]]:
    script = "from seedreg.leftovers import temporary_name as n; print(n('.new'), flush=True); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    name = process.stdout.readline().strip()
    if not alive:
        process.kill()
        process.communicate()
    return name, process


@pytest.mark.parametrize("alive", [True, False])
def test_only_what_a_process_left_that_is_no_longer_alive_is_found(tmp_path: Path, alive: bool) -> None:
    name, process = name_of_process(alive=alive)
    for made in (name, f"{name}-journal", temporary_name(".tmp")):
        (tmp_path / made).write_text("half")
    found = [path.name for path in leftovers(tmp_path)]
    if alive:
        process.communicate("\n")
    assert found == ([] if alive else [name, f"{name}-journal"])


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux says when a process began")
def test_a_number_that_another_process_has_now_does_not_keep_a_file(tmp_path: Path) -> None:
    pid = os.getpid()
    other = re.sub(rf"-{pid}-\d+-", f"-{pid}-1-", temporary_name(""))
    (tmp_path / other).touch()
    (tmp_path / temporary_name("")).touch()
    assert [path.name for path in leftovers(tmp_path)] == [other]


@pytest.mark.parametrize(("age_h", "kept"), [(23, True), (25, False)])
def test_what_another_machine_made_is_left_alone_for_a_day(tmp_path: Path, age_h: int, kept: bool) -> None:
    theirs = tmp_path / re.sub(r"-[0-9a-f]{8}-", "-00000000-", temporary_name(""), count=1)
    theirs.touch()
    then = time.time() - age_h * 3600
    os.utime(theirs, (then, then))
    remove_leftovers(tmp_path)
    assert theirs.exists() is kept


def test_nothing_else_is_ever_removed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine").touch()
    folder = tmp_path / "folder"
    folder.mkdir()
    name, _ = name_of_process(alive=False)
    others = [".seedreg-1234.tmp", ".seedreg", "registry.db", name[1:], f"x{name}"]
    for other in others:
        (folder / other).touch()
    (folder / name).symlink_to(outside)
    (folder / f"{name}-d").mkdir()
    (folder / f"{name}-d" / "weights").touch()
    remove_leftovers(folder)
    assert sorted(os.listdir(folder)) == sorted(others)
    assert os.listdir(outside) == ["mine"]


def test_a_folder_that_cannot_be_listed_has_no_leftovers(tmp_path: Path) -> None:
    assert list(leftovers(tmp_path / "nowhere")) == []


def test_temporary_names_are_recognised_and_new_each_time() -> None:
    first, second = temporary_name(".new"), temporary_name(".new")
    assert first != second
    assert [is_temporary(name) for name in (first, f"{first}-journal", "registry.db")] == [True, True, False]
