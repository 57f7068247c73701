from __future__ import annotations

import os
from pathlib import Path

import pytest

from seedreg.config import load_config
from seedreg.errors import ConfigError, Step

from .projects import error, write


def test_a_database_url_stays_as_it_was_written(tmp_path: Path) -> None:
    for url in ("sqlite:///rel.db", "postgresql+psycopg://me@host/db"):
        assert load_config({"db": url}, {}, tmp_path).db == url


def test_a_tilde_is_the_home_folder(tmp_path: Path) -> None:
    assert load_config({"db": "~/reg.db"}, {}, tmp_path).db == os.path.expanduser("~/reg.db")


def test_modules_are_imported_from_the_root_its_src_and_the_python_path(tmp_path: Path) -> None:
    assert load_config({}, {}, tmp_path).import_paths == (tmp_path,)
    (tmp_path / "src").mkdir()
    config = load_config({"pythonpath": "lib" + os.pathsep + "src"}, {}, tmp_path)
    assert config.import_paths == (tmp_path, tmp_path / "src", tmp_path / "lib")


@pytest.mark.parametrize(
    ("name", "bad", "allowed"),
    [
        ("jobs", "many", "a whole number of at least 1"),
        ("jobs", "0", "a whole number of at least 1"),
        ("jobs", "1.5", "a whole number of at least 1"),
        ("timeout", "0", "a number of seconds above 0 and up to 1000000"),
        ("timeout", "nan", "a number of seconds above 0 and up to 1000000"),
        ("timeout", "1e9", "a number of seconds above 0 and up to 1000000"),
        ("busy_timeout", "-1", "a number of seconds from 0 to 1000000"),
        ("isolation", "forked", "one of: auto, fork, fresh, shared"),
        ("seeding", "none", "one of: full, tf"),
        ("device", "tpu", "one of: cpu, gpu, gpu:0, gpu:1 …"),
        ("device", "gpu:٣", "one of: cpu, gpu, gpu:0, gpu:1 …"),
        ("factories", ",", 'a list of modules, e.g. ["my_package.models"]'),
    ],
)
def test_a_wrong_variable_is_an_error_with_its_value_and_what_is_allowed(
    tmp_path: Path, name: str, bad: str, allowed: str
) -> None:
    variable = f"SEEDREG_{name.upper()}"
    assert error({}, {variable: bad}, tmp_path) == (
        f"{name} = {bad!r} ({variable}) is not {allowed}",
        f"set {name} to {allowed}",
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("db = 3", "db = 3"),
        ("db = ''", "db = ''"),
        ('db = "a\\u0000b"', "db = 'a\\x00b'"),
        ("jobs = true", "jobs = True"),
        ("jobs = 2.0", "jobs = 2.0"),
        ("timeout = true", "timeout = True"),
        ("timeout = inf", "timeout = inf"),
        (f"timeout = 1{'0' * 400}", f"timeout = 1{'0' * 400}"),
        ("factories = [1]", "factories = [1]"),
        ("factories = {}", "factories = {}"),
        ("pythonpath = [' ']", "pythonpath = [' ']"),
        ("isolation = ['auto']", "isolation = ['auto']"),
        ("project = 1979-05-27", "project = datetime.date(1979, 5, 27)"),
    ],
)
def test_a_wrong_type_in_pyproject_is_an_error_even_where_an_option_wins(
    tmp_path: Path, line: str, said: str
) -> None:
    path = write(tmp_path, f"[tool.seedreg]\n{line}\n")
    options: dict[str, object] = {"db": "x", "jobs": 1, "timeout_s": 1, "project": "p", "factories": "m"}
    message, _ = error(options, {}, tmp_path)
    assert message.startswith(f"{said} ([tool.seedreg] in {path}) is not ")


def test_a_wrong_option_is_an_error_that_names_the_option_as_a_value(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config({"busy_timeout_s": -2.0}, {}, tmp_path)
    allowed = "a number of seconds from 0 to 1000000"
    assert (caught.value.message, caught.value.step, caught.value.fields) == (
        f"busy_timeout = -2.0 is not {allowed}",
        Step.SET_OPTION,
        {"option": "busy-timeout", "allowed": allowed},
    )


def test_a_project_name_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, "[project]\nname = 3\n")
    assert (
        error({}, {}, tmp_path)[0]
        == f"project = 3 ([project] name in {path}) is not a name that is not empty"
    )
