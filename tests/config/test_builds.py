"""`environ` and `[[tool.seedreg.builds]]`: what builds of some factories get."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedreg.config import load_config

from .projects import error, write

TABLES = """
[tool.seedreg]
environ = {A = "1", B = "1"}

[[tool.seedreg.builds]]
factory = "models:*"
environ = {B = "2"}
python = "python3.10"

[[tool.seedreg.builds]]
factory = "models:build_old"
environ = {B = "3", C = "3=3"}
python = "env/bin/python"
"""


def test_variables_of_a_factory_are_those_of_every_table_that_fits(tmp_path: Path) -> None:
    write(tmp_path, TABLES)
    config = load_config({}, {}, tmp_path)
    assert {name: config.variables_of(name) for name in ("other:f", "models:f", "models:build_old")} == {
        "other:f": (("A", "1"), ("B", "1")),
        "models:f": (("A", "1"), ("B", "2")),
        "models:build_old": (("A", "1"), ("B", "3"), ("C", "3=3")),
    }


def test_interpreter_of_a_factory_is_that_of_the_last_table_that_fits(tmp_path: Path) -> None:
    write(tmp_path, TABLES)
    config = load_config({}, {}, tmp_path)
    assert [config.python_of(name) for name in ("other:f", "models:f", "models:build_old")] == [
        None,
        "python3.10",
        str(tmp_path / "env" / "bin" / "python"),
    ]


def test_variable_of_seedreg_gives_variables_too(tmp_path: Path) -> None:
    config = load_config({}, {"SEEDREG_ENVIRON": "A=1, B=x=y"}, tmp_path)
    assert config.variables_of("models:build") == (("A", "1"), ("B", "x=y"))


@pytest.mark.parametrize(
    "table",
    ["{A = 1}", '["A"]', '{"A B" = "1"}', '{PYTHONHASHSEED = "1"}', '{CUDA_VISIBLE_DEVICES = "0"}', "7"],
)
def test_variables_that_are_none_or_that_seedreg_sets_are_errors(tmp_path: Path, table: str) -> None:
    write(tmp_path, f"[tool.seedreg]\nenviron = {table}\n")
    message, hint = error({}, {}, tmp_path)
    assert message.endswith(
        'is not a table of variables and their values in quotes, e.g. {KERAS_BACKEND = "tensorflow"}'
    )
    assert hint is not None
    assert hint.startswith("set environ to ")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("builds = 3", "builds ([tool.seedreg] in {path}) is not a list of tables"),
        (
            "[[tool.seedreg.builds]]\nenviron = {}",
            "table 1 of [[tool.seedreg.builds]] in {path} names no factory",
        ),
        (
            "[[tool.seedreg.builds]]\nfactroy = 'm:*'",
            "unknown key 'factroy' in table 1 of [[tool.seedreg.builds]] in {path}",
        ),
        (
            "[[tool.seedreg.builds]]\nfactory = 'models'",
            "factory = 'models' (table 1 of [[tool.seedreg.builds]] in {path}) is not an address or a"
            ' pattern of addresses, e.g. "models:*"',
        ),
    ],
)
def test_wrong_table_is_an_error_that_names_it(tmp_path: Path, table: str, message: str) -> None:
    path = write(tmp_path, f"[tool.seedreg]\n{table}\n")
    assert error({}, {}, tmp_path)[0] == message.format(path=path)
