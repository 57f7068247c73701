"""A registry that came from elsewhere runs no function that is not this project's."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seedreg.domain.canonical import canonical_json, sha256_text
from seedreg.domain.recipe import Recipe
from seedreg.storage import SqliteFile, open_repository

from .conftest import TODAY, Project

TOUCH = {"command": "touch harmed"}
FOREIGN = "this registry was not created here"
STEP = "if you know where the registry comes from, --trust builds it all the same"


def plant(project: Project, factory: str, params: Mapping[str, Any] = TOUCH) -> str:
    """An entry that nobody registered, in the project's registry; its short id."""
    with open_repository(SqliteFile(project.db)) as repository:
        (known,) = repository.entries.select("models:build@0")
        recipe = Recipe("shop", factory, 0, canonical_json(params))
        repository.entries.add(
            replace(known, recipe=recipe, alias=None, tags=()), repository.baselines.current(known.id)
        )
    return recipe.id[:12]


@pytest.fixture
def foreign(project: Project) -> Project:
    """A project whose registry came from elsewhere."""
    shutil.rmtree(Path(project.environ["HOME"]) / ".local", ignore_errors=True)
    return project


def harmed(project: Project) -> bool:
    return (project.root / "harmed").exists()


@pytest.mark.parametrize("factory", ["os:system", "posix:system", "models:os.system"])
def test_a_function_of_anybody_is_not_run(foreign: Project, factory: str) -> None:
    planted = plant(foreign, factory)
    result = foreign("verify", planted, "build@0")
    assert result.code == 125
    assert "1 of 2" not in result.err
    assert "build@0" in result.out
    assert "REPRODUCED" in result.out
    assert (
        f"{factory} is neither in this project nor in a package that it declares, and {FOREIGN}" in result.out
    )
    assert STEP in result.out
    assert not harmed(foreign)
    history = foreign("history", planted, "--json").document
    assert history["checks"] == []


@pytest.mark.parametrize(
    "command",
    [
        ("accept", "ID", "--reason", "x"),
        ("rebuild", "ID", "-o", "w.npz"),
        ("blame", "ID"),
        ("bisect", "ID", "--package", "keras"),
    ],
)
def test_every_command_that_builds_refuses_it(foreign: Project, command: tuple[str, ...]) -> None:
    planted = plant(foreign, "os:system")
    result = foreign(*(planted if word == "ID" else word for word in command))
    assert result.code == 125
    assert FOREIGN in result.out + result.err
    assert STEP in result.out + result.err
    assert not harmed(foreign)
    assert not (foreign.root / "w.npz").exists()


def test_an_audit_checks_the_rest_and_stores_the_refusal(foreign: Project) -> None:
    planted = plant(foreign, "os:system")
    result = foreign("audit", "--format", "json")
    assert result.code == 125
    rows = {check["entry"]["id"][:12]: check for check in result.document["checks"]}
    assert {row["verdict"] for short_id, row in rows.items() if short_id != planted} == {"REPRODUCED"}
    assert rows[planted]["verdict"] == "ERROR"
    assert rows[planted]["failure"]["kind"] == "untrusted"
    assert not harmed(foreign)


def test_who_trusts_a_registry_says_so(foreign: Project) -> None:
    planted = plant(foreign, "os:system")
    result = foreign("verify", planted, "--trust")
    assert result.code == 125  # it returns a number
    assert "wrong-return" in foreign("show", planted, "--json").out
    assert harmed(foreign)


def test_no_name_leads_through_one_module_into_another(foreign: Project) -> None:
    planted = plant(foreign, "models:os.system")
    result = foreign("verify", planted, "--trust")
    assert result.code == 125
    assert "'os.system' leads out of models into the module os" in result.out
    assert not harmed(foreign)


def test_a_registry_that_was_created_here_is_trusted(empty_project: Project) -> None:
    assert empty_project("register", "build").code == 0
    (known,) = (Path(empty_project.environ["HOME"]) / ".local/state/seedreg/registries").iterdir()
    assert known.read_text() == f"{empty_project.db}\n"
    planted = plant(empty_project, "os:system")
    assert empty_project("verify", planted).code == 125
    assert harmed(empty_project)


def test_opening_a_registry_from_elsewhere_does_not_make_it_known(foreign: Project) -> None:
    planted = plant(foreign, "os:system")
    copy = foreign.root / "copy.db"
    for command in (
        ("register", "constant"),
        ("verify", "build@0"),
        ("db", "upgrade"),
        ("db", "backup", str(copy)),
        ("list",),
    ):
        assert foreign(*command).code == 0
    assert foreign("verify", planted).code == 125
    assert foreign("--db", str(copy), "verify", planted).code == 125
    assert not harmed(foreign)


def test_a_fresh_machine_builds_the_factories_of_the_repository(foreign: Project) -> None:
    foreign.write("nets/small.py", "import numpy as np\ndef net():\n    return [np.random.normal(size=2)]\n")
    assert foreign("register", "nets/small.py:net").code == 0
    result = foreign("audit", "--format", "json")
    assert result.code == 0
    assert {check["verdict"] for check in result.document["checks"]} == {"REPRODUCED"}


def test_a_folder_of_state_that_cannot_be_written_keeps_nobody_from_registering(
    empty_project: Project, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    result = empty_project("register", "build", SEEDREG_STATE_DIR=str(tmp_path / "file" / "state"))
    assert result.code == 0
    assert empty_project("verify", "build").code == 0


def test_an_identity_that_is_none_is_a_damaged_registry(foreign: Project, tmp_path: Path) -> None:
    with closing(sqlite3.connect(foreign.db)) as file, file:
        file.execute("UPDATE registry SET identity = '../../../../etc/passwd'")
    result = foreign("verify", "build@0")
    assert result.code == 3
    assert "it has no identity" in result.err


def test_the_python_interface_is_told_by_a_value(foreign: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from seedreg import Trust, open_registry

    planted = plant(foreign, "os:system")
    monkeypatch.chdir(foreign.root)
    for name, value in foreign.environ.items():
        monkeypatch.setenv(name, value)
    with open_registry() as registry:
        (refused,) = registry.verify(planted)
    assert refused.check.failure is not None
    assert refused.check.failure.kind.value == "untrusted"
    with open_registry(trust=Trust.ALL) as registry:
        (built,) = registry.verify(planted)
    assert built.check.failure is not None
    assert built.check.failure.kind.value == "wrong-return"
    assert json.loads(foreign("show", planted, "--json").out)


# Versions that become requirements ----------------------------------------------------------------


def test_a_version_with_a_line_break_installs_nothing(upgraded: Project) -> None:
    """Blame on a crafted registry: the second line would be a package whose build runs code."""
    mark = upgraded.root / "harmed"
    upgraded.write("evil/backend.py", f"open({str(mark)!r}, 'w')\n")
    upgraded.write(
        "evil/pyproject.toml",
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "evil"\nversion = "1"\n',
    )
    planted = f"1\n-e {upgraded.root / 'evil'}"
    with closing(sqlite3.connect(upgraded.db)) as file, file:
        for id_, text in file.execute("SELECT id, document FROM environments").fetchall():
            document = json.loads(text)
            document["distributions"]["grain"] = planted
            changed = canonical_json(document)
            file.execute(
                "UPDATE environments SET document = ?, digest = ? WHERE id = ?",
                (changed, sha256_text(changed), id_),
            )
    result = upgraded("blame", "joint", *TODAY)
    assert result.code == 1
    assert "its recorded name or version is not valid, so the installer was not asked" in result.out
    assert not mark.exists()


def test_blame_installs_nothing_that_only_a_registry_from_elsewhere_names(upgraded: Project) -> None:
    """Of the entry's changes: `noise` is in today's environment, `planted` is what the index would give."""
    with closing(sqlite3.connect(upgraded.db)) as file, file:
        for id_, text in file.execute("SELECT id, document FROM environments").fetchall():
            document = json.loads(text)
            document["distributions"]["grain"] = "1"
            document["distributions"]["planted"] = "1"
            changed = canonical_json(document)
            file.execute(
                "UPDATE environments SET document = ?, digest = ? WHERE id = ?",
                (changed, sha256_text(changed), id_),
            )
        ((identity,),) = file.execute("SELECT identity FROM registry").fetchall()
    known = Path(upgraded.environ["HOME"]) / ".local/state/seedreg/registries" / identity
    known.unlink(missing_ok=True)
    left_out = "planted 1 → (none) could not be moved back: only the registry names it"
    assert left_out in upgraded("blame", "joint", *TODAY).out
    assert left_out not in upgraded("blame", "joint", "--trust", *TODAY).out
    known.parent.mkdir(parents=True, exist_ok=True)
    known.touch()
    assert left_out not in upgraded("blame", "joint", *TODAY).out
    known.unlink()
    with (upgraded.root / "pyproject.toml").open("a") as pyproject:
        pyproject.write('[dependency-groups]\ntest = ["planted"]\n')
    assert left_out not in upgraded("blame", "joint", *TODAY).out
