"""What git knows of a source: the commit, and whether the file is what is committed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from seedreg.domain.entry import Source
from seedreg.executors.git import with_git

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="no git here")


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    root = tmp_path / "project"
    (root / "sub").mkdir(parents=True)
    for name in ("models.py", "sub/[odd] name.py"):
        (root / name).write_text("x = 1\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    return root


def known(root: Path, file: str) -> tuple[str | None, bool | None]:
    source = with_git(Source(file=file), root)
    return source.git_commit, source.git_dirty


@pytest.mark.parametrize("file", ["models.py", "sub/[odd] name.py"])
def test_committed_file_is_clean(root: Path, file: str) -> None:
    assert known(root, file) == (git(root, "rev-parse", "HEAD"), False)


def test_changed_file_is_dirty(root: Path) -> None:
    (root / "models.py").write_text("x = 2\n")
    assert known(root, "models.py") == (git(root, "rev-parse", "HEAD"), True)
    assert known(root, "sub/[odd] name.py")[1] is False


@pytest.mark.parametrize("ignored", [False, True])
def test_file_that_git_does_not_hold_is_dirty(root: Path, ignored: bool) -> None:
    (root / "new.py").write_text("")
    if ignored:
        (root / ".gitignore").write_text("new.py\n")
    assert known(root, "new.py") == (git(root, "rev-parse", "HEAD"), True)


def test_settings_of_the_user_hide_no_file(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[status]\n\tshowUntrackedFiles = no\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    (root / "new.py").write_text("")
    assert known(root, "new.py") == (git(root, "rev-parse", "HEAD"), True)


def test_variables_of_a_hook_do_not_mislead(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    commit, dirty = known(root, "sub/[odd] name.py")
    assert (len(commit or ""), dirty) == (40, False)


def test_nothing_is_known_outside_a_repository(tmp_path: Path, root: Path) -> None:
    (tmp_path / "models.py").write_text("")
    assert known(tmp_path, "models.py") == (None, None)
    assert with_git(Source(), root) == Source()


def test_nothing_is_known_before_the_first_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "models.py").write_text("")
    assert known(tmp_path, "models.py") == (None, None)


def test_nothing_is_known_without_git(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(root))
    assert known(root, "models.py") == (None, None)
