from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from seedreg.config import declared_distributions, load_config

from .projects import error, write


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("factory", "did you mean 'factories'?"),
        ("busy-timeout", "did you mean 'busy_timeout'?"),
        ("Timeout_S", "did you mean 'timeout'?"),
        (
            "qqq",
            "known keys: db, project, python, factories, pythonpath, environ, isolation, jobs, timeout, "
            "seeding, device, busy_timeout, cache_dir, envs, entries, builds",
        ),
    ],
)
def test_an_unknown_key_is_an_error_that_names_the_nearest_one(tmp_path: Path, key: str, hint: str) -> None:
    path = write(tmp_path, f"[tool.seedreg]\n{key} = 1\n")
    assert error({}, {}, tmp_path) == (f"unknown key {key!r} in [tool.seedreg] in {path}", hint)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.seedreg]\njobs = \n", "line 2: not valid TOML: Invalid value"),
        ("[tool.seedreg]\n\njobs", "line 3: not valid TOML: Expected '=' after a key in a key/value pair"),
    ],
)
def test_broken_toml_is_an_error_with_its_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    assert error({}, {}, tmp_path) == (f"{path}, {message}", None)


def test_a_number_of_5000_digits_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, "[tool.seedreg]\njobs = " + "1" * 5000)
    assert error({}, {}, tmp_path) == (f"{path}: a number has too many digits", None)


def test_a_pyproject_that_is_not_utf8_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_bytes(b"[tool.seedreg]\n# \xff\n")
    assert error({}, {}, tmp_path) == (f"{path}, line 2: not UTF-8, which TOML requires", None)


def test_a_pyproject_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").mkdir()
    assert error({}, {}, tmp_path) == (f"{tmp_path / 'pyproject.toml'} cannot be read: Is a directory", None)


def test_tables_have_to_be_tables(tmp_path: Path) -> None:
    path = write(tmp_path, "[tool]\nseedreg = 3\n")
    assert error({}, {}, tmp_path)[0] == f"[tool.seedreg] in {path} is not a table"
    write(tmp_path, "[tool.seedreg]\nenvs = ['a']\n")
    assert error({}, {}, tmp_path)[0] == f"envs = ['a'] ([tool.seedreg] in {path}) is not a table"


def test_other_tools_tables_are_not_looked_at(tmp_path: Path) -> None:
    write(tmp_path, "tool = 3\n# seedreg\n")
    assert load_config({}, {}, tmp_path).project == tmp_path.name
    write(tmp_path, "[tool.other]\nbroken = \n")
    assert load_config({}, {}, tmp_path).project == tmp_path.name


def test_whom_a_user_trusts_is_no_setting_of_a_project(tmp_path: Path) -> None:
    path = write(tmp_path, '[tool.seedreg]\nstate_dir = "mine"\n')
    assert error({}, {}, tmp_path) == (
        f"state_dir in {path} is a setting of the user, not of a project",
        "set the variable SEEDREG_STATE_DIR",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", set()),
        ("[project", set()),
        ('project = 3\ndependency-groups = []\n[tool]\npoetry = "x"\n', set()),
        (
            """
            [project]
            name = "My_Own.Name"
            dependencies = ["  Zoo[extra] >= 1 ; python_version < '4'", "url @ https://x.org/a", 3, "==1"]
            optional-dependencies = {all = ["more"], wrong = 3}
            """,
            {"my-own-name", "zoo", "url", "more"},
        ),
        (
            """
            [build-system]
            requires = ["hatchling>=1"]
            [dependency-groups]
            dev = ["pytest", {include-group = "more"}]
            [tool.poetry]
            name = "poem"
            [tool.poetry.dependencies]
            Verse = "^1"
            [tool.poetry.group.dev.dependencies]
            rhyme = {version = "1"}
            """,
            {"pytest", "poem", "verse", "rhyme"},
        ),
    ],
)
def test_declared_distributions_are_those_of_every_usual_table(
    tmp_path: Path, text: str, expected: set[str]
) -> None:
    (tmp_path / "pyproject.toml").write_text(dedent(text), encoding="utf-8")
    assert declared_distributions(tmp_path / "pyproject.toml") == expected


def test_without_a_file_nothing_is_declared(tmp_path: Path) -> None:
    assert declared_distributions(tmp_path / "pyproject.toml") == set()
