"""What a shell, a terminal or a CI sets changes no result and no output of a command."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from .conftest import Project, Result

# For terminals, shells and other programs. Those that change a build: docs/reference/worker-protocol.md.
NEUTRAL = {
    "LANG": "C",
    "LC_ALL": "C",
    "LANGUAGE": "de",
    "TZ": "Pacific/Apia",
    "TERM": "dumb",
    "COLUMNS": "20",
    "LINES": "5",
    "NO_COLOR": "1",
    "FORCE_COLOR": "1",
    "CLICOLOR_FORCE": "1",
    "PAGER": "false",
    "CI": "true",
    "HOME": "/nonexistent",
    "XDG_CACHE_HOME": "relative",
    "XDG_CONFIG_HOME": "/nonexistent",
    "VIRTUAL_ENV": "/nonexistent",
    "GIT_DIR": "/nonexistent",
    "GIT_WORK_TREE": "/nonexistent",
    "PYTHONHASHSEED": "12345",
    "PYTHONOPTIMIZE": "2",
    "PYTHONUNBUFFERED": "1",
    "UV_OFFLINE": "1",
    "UV_INDEX_URL": "http://127.0.0.1:9/simple",
    "TF_CPP_MIN_LOG_LEVEL": "0",
}


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "build"),
        ("verify", "build@0", "--isolation", "fresh", "--verbose"),
        ("register", "build", "--seed", "3"),
        ("register", "broken", "--verbose"),
        ("audit",),
        ("list",),
        ("show", "build@0"),
    ],
    ids=" ".join,
)
def test_what_a_shell_sets_changes_nothing(project: Project, made: Path, words: tuple[str, ...]) -> None:
    one = {"SEEDREG_JOBS": "1"}  # results in the same order
    plain = project.program(*words, variables=one)
    shutil.rmtree(project.db.parent)
    shutil.copytree(made, project.db.parent)
    found = project.program(*words, variables={**one, **NEUTRAL})
    assert comparable(found) == comparable(plain)


def comparable(result: Result) -> tuple[int, str, str]:
    code, out, err = result.shown
    return code, re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", out), err
