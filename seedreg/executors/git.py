"""What git knows about a source file."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

from seedreg.domain.entry import Source

_TIMEOUT_S = 10

# From `git rev-parse --local-env-vars`: those that choose the repository.
_LOCAL_VARIABLES = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
)


def with_git(source: Source, root: Path) -> Source:
    """The source with its repository's commit, and whether the file differs from what is committed.

    Both stay None outside a repository, without git, or where nothing is committed yet.
    """
    if source.file is None:
        return source
    file = root / source.file
    commit = _git(file.parent, "rev-parse", "--verify", "HEAD")
    # The user's own status.showUntrackedFiles = no would make a file that git does not hold look clean.
    look = ("status", "--porcelain", "--ignored", "--untracked-files=all", "--", file.name)
    status = _git(file.parent, *look) if commit else None
    if commit is None or status is None:
        return source
    return replace(source, git_commit=commit.strip(), git_dirty=bool(status.strip()))


def is_tracked(file: Path) -> bool:
    """Whether git holds the file, or will with the next commit; False where there is no repository."""
    return bool(_git(file.parent, "ls-files", "--", file.name))


def _git(folder: Path, *arguments: str) -> str | None:
    # In a hook git sets GIT_DIR, GIT_INDEX_FILE and the like for another repository or folder.
    environ = {name: value for name, value in os.environ.items() if name not in _LOCAL_VARIABLES}
    environ.update(GIT_OPTIONAL_LOCKS="0", GIT_LITERAL_PATHSPECS="1", LC_ALL="C")
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            env=environ,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
