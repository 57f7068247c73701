"""The names of frameworks' distributions, and that nothing else in the parent knows them."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from importlib import metadata
from pathlib import Path

import pytest

import seedreg
from seedreg.domain.distributions import OF_SEEDREG
from seedreg.domain.environment import Environment
from seedreg.domain.frameworks import (
    LIKELY,
    RECORDED,
    is_prominent,
    likelihood,
    often_moves_weights,
    prominence,
)

PACKAGE = Path(seedreg.__file__).parent
NAMES = {*LIKELY, *(name for library in RECORDED for name in library.others)}
# What a registry and its documents are made of: the columns and keys that hold the versions.
FIELDS = {
    "domain/entry.py",
    "domain/environment.py",
    "domain/frameworks.py",
    "domain/recipe.py",
    "storage/tables.py",
}


def test_every_recorded_library_is_a_field_of_the_environment() -> None:
    assert {library.name for library in RECORDED} <= {field.name for field in fields(Environment)}


@pytest.mark.parametrize("name", ["tensorflow", "tensorflow-cpu", "tf-nightly", "tensorflow-macos"])
def test_tensorflow_is_as_likely_under_its_other_names(name: str) -> None:
    assert (likelihood(name), often_moves_weights(name)) == (likelihood("tensorflow"), True)


def test_the_likeliest_come_first_and_all_others_after_them() -> None:
    assert sorted(["absl-py", "numpy", "tensorflow-cpu", "keras"], key=likelihood) == [
        *["keras", "tensorflow-cpu", "numpy", "absl-py"]
    ]
    assert (likelihood("absl-py"), often_moves_weights("absl-py")) == (len(LIKELY), False)


def test_python_and_the_frameworks_are_shown_first() -> None:
    names = ["absl-py", "numpy", "keras", "python", "tensorflow"]
    assert sorted(names, key=prominence) == ["python", "tensorflow", "keras", "numpy", "absl-py"]
    assert [name for name in names if is_prominent(name)] == names[1:]
    assert (prominence("tensorflow-cpu"), is_prominent("tensorflow-cpu")) == (prominence("tensorflow"), True)


def test_what_is_built_on_the_frameworks_follows_them_and_what_only_seedreg_needs_comes_last() -> None:
    names = ["sqlalchemy", "absl-py", "keras-hub", "numpy", "tensorflow-probability", "seedreg", "h5py"]
    assert sorted(names, key=prominence) == [
        *["numpy", "keras-hub", "tensorflow-probability", "h5py", "absl-py", "sqlalchemy", "seedreg"]
    ]


def test_seedreg_and_what_it_requires_are_its_own_but_for_what_tensorflow_requires_too() -> None:
    required = metadata.requires("seedreg") or []
    names = {re.split(r"[^a-z-]", one)[0] for one in required if "extra ==" not in one}
    assert names - OF_SEEDREG == {"packaging"}
    assert "seedreg" in OF_SEEDREG


def test_no_other_module_knows_the_distributions_by_name() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        if "worker" not in path.parts and path.relative_to(PACKAGE).as_posix() not in FIELDS
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Constant) and node.value in NAMES
    ]
    assert found == []
