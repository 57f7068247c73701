"""One mistake has one exit code, however and wherever it is written."""

from __future__ import annotations

import pytest

from .conftest import Project

MISTAKES: dict[str, tuple[str, ...]] = {
    "a bare name": ("register", "buil"),
    "a full address": ("register", "models:buil"),
    "a path": ("register", "models.py:buil"),
    "a module": ("register", "modls:build"),
    "a file": ("register", "modls.py:build"),
    "the module of a bare name": ("register", "build", "--module", "modls"),
    "no callable": ("register", "models:np"),
    "a parameter's name": ("register", "models:build", "-p", "unit=8"),
    "a missing argument": ("register", "models:needs"),
    "a parameter that is no pair": ("register", "models:build", "-p", "units"),
    "a seed": ("register", "models:build", "-s", "x"),
    "a device": ("register", "models:build", "--device", "tpu"),
    "an input's shape": ("register", "models:build", "--input-shape", "0"),
    "an alias": ("register", "models:build", "--alias", "a b"),
    "an option": ("register", "models:build", "--sed", "0"),
    "a command": ("registr", "models:build"),
    "an interpreter": ("register", "models:build", "--python", "/nowhere/python"),
    "a requirements file": ("register", "models:build", "--requirements", "nowhere.txt"),
    "an interpreter, to verify": ("verify", "models:build", "--python", "/nowhere/python"),
    "an environment": ("verify", "models:build", "--env", "old"),
    "a requirement": ("verify", "models:build", "--with", "tensor flow"),
    "a path of a package": ("verify", "models:build", "--with", "./nowhere-1.0-py3-none-any.whl"),
    "a missing package": ("verify", "models:build", "--with", "tensorfow"),
    "a missing package, to register": ("register", "models:build", "--with", "tensorfow"),
    "a missing package, to accept": ("accept", "build@0", "--reason", "x", "--with", "tensorfow"),
}


@pytest.mark.parametrize("arguments", MISTAKES.values(), ids=MISTAKES.keys())
def test_what_is_written_wrongly_is_wrong_usage(project: Project, arguments: tuple[str, ...]) -> None:
    project.write("models.py", (project.root / "models.py").read_text() + "\n\ndef needs(units): ...\n")
    before = project("list", "--json").document["entries"]
    result = project(*arguments, UV_INDEX_URL=f"file://{project.root}/index", UV_NO_CACHE="1")
    assert result.code == 2, result
    assert project("list", "--json").document["entries"] == before


@pytest.mark.parametrize(
    "arguments",
    [("verify", "coin"), ("register", "flips"), ("accept", "coin", "--reason", "x"), ("audit", "coin")],
    ids=lambda arguments: arguments[0],
)
def test_a_registered_entry_whose_factory_has_vanished_is_not_judged(
    project: Project, arguments: tuple[str, ...]
) -> None:
    project.edit("def flips", "def flops")
    project("list")
    address = "models:flips" if arguments[0] == "register" else arguments[1]
    assert project(arguments[0], address, *arguments[2:]).code == 125
