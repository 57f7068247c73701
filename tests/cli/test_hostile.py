"""Other people's text in everything that a registry, a project and a command line can hold, in every command.

No command may print a control character, a change of direction or a command that a CI service obeys.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest

from seedreg.cli import seedreg as group
from seedreg.reports.audit import Format

from .conftest import Project

HOSTILE = (
    "::error::a\x1b]8;;http://x\x07b\x1b[2J\x9b31m\x7f\u202ec\u2066\u2028::error::d ##[stop-commands]e "
    "##vso[task.complete]f ##teamcity[x] \r\n::warning::g\n##[group]h\x85 ::add-mask::i \U000e0041{0}|`<"
)
FORBIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
COMMAND = re.compile(r"##[A-Za-z]*\[|^\s*::")
OURS = re.compile(r"::(?:error|warning|notice) (?:(?!##[A-Za-z]*\[).)*")

MODELS = f"""\
import os

import numpy as np

HOSTILE = {HOSTILE!r}


def wild(text="##[group]"):
    {HOSTILE!r}
    return {{HOSTILE: np.random.normal(size=4) + os.path.exists("drift"), "twin": np.zeros(3)}}


def twins():
    start = np.random.normal(size=4)
    return {{HOSTILE: start, HOSTILE + "2": start.copy()}}


def broken():
    print(HOSTILE)
    raise ValueError(HOSTILE)


def fails():
    if os.path.exists("drift"):
        print(HOSTILE)
        raise ValueError(HOSTILE)
    return {{"w": np.zeros(3)}}
"""

# By command: what is given to it. Each that can print JSON is called for that too.
CALLS: dict[str, list[list[str]]] = {
    "register": [["wild", "--seed", "7", "--note", HOSTILE], ["twins"], ["broken", "--verbose"], [HOSTILE]],
    "verify": [["wild", "fails", "--verbose"], [HOSTILE], ["fails"], ["wild", "--env", HOSTILE]],
    "audit": [[], ["--verbose"], [HOSTILE], ["--shard", HOSTILE], ["-o", HOSTILE, "--format", "json"]],
    "audits": [[]],
    "audits show": [["1"], [HOSTILE]],
    "audits compare": [["1", "2"]],
    "list": [[], ["--all"], ["--tag", HOSTILE], ["--seed", HOSTILE]],
    "show": [["wild@0"], ["fails@0"], [HOSTILE]],
    "history": [["wild@0"], ["fails@0"], [HOSTILE]],
    "accept": [
        ["wild@0", "--reason", HOSTILE],
        ["fails@0", "--reason", "x"],
        ["wild@1", "--reason", HOSTILE],
    ],
    "report": [["1"], ["2"], [HOSTILE]],
    "waive": [
        ["--list"],
        ["wild@0", "--reason", HOSTILE, "--until", "2999-12-31"],
        ["wild@0", "--until", HOSTILE],
    ],
    "retire": [["wild", "--reason", HOSTILE], [HOSTILE]],
    "unretire": [["wild"], [HOSTILE]],
    "tag": [["wild", "--add", HOSTILE], ["wild", "--remove", HOSTILE], ["wild", "--add", "x"]],
    "alias": [["wild@0", HOSTILE], [HOSTILE, "x"], ["wild@0", "--remove"]],
    "rebuild": [["wild@0", "-o", f"{HOSTILE.replace('/', '')}.npz"], ["wild@0", "-o", HOSTILE]],
    "blame": [["wild@0"], [HOSTILE], ["fails@0", "--verbose"]],
    "bisect": [["wild@0", "--package", HOSTILE], ["wild@0", "--package", "keras", "--from", HOSTILE]],
    "factories": [[], ["--module", HOSTILE]],
    "config": [[], ["--db", HOSTILE]],
    "help": [[HOSTILE], ["db", HOSTILE]],
    "envs list": [[]],
    "envs remove": [[HOSTILE]],
    "envs check": [[], [HOSTILE]],
    "envs prune": [["--unused-for", HOSTILE], []],
    "db status": [[], ["--db", HOSTILE]],
    "db check": [[]],
    "db backup": [[HOSTILE.replace("/", "")]],
    "db restore": [[HOSTILE.replace("/", "")], [HOSTILE]],
    "db upgrade": [[]],
}
# They repeat nothing of what they are given or read.
SAFE = {"retire", "unretire", "envs list", "db upgrade"}
UNKNOWN = [
    [HOSTILE],
    [f"--{HOSTILE}"],
    ["db", HOSTILE],
    ["list", HOSTILE],
    ["list", f"--{HOSTILE}"],
    ["--db", HOSTILE],
]


def leaves(command: click.Command, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its words."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from leaves(below, f"{path} {name}".strip())
    if not isinstance(command, click.Group) or command.invoke_without_command:
        yield path, command


COMMANDS = dict(leaves(group))


def variants(path: str, arguments: list[str]) -> Iterator[list[str]]:
    """The call as it is, as JSON, and in every format, as far as the command has them."""
    options = {name for parameter in COMMANDS[path].params for name in parameter.opts}
    yield [*path.split(), *arguments]
    if "--json" in options:
        yield [*path.split(), *arguments, "--json"]
    if "--format" in options and "--format" not in arguments:
        for one in Format:
            yield [*path.split(), *arguments, "--format", one.value]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture
def hostile(empty_project: Project, kept: Path) -> Project:
    """A project in which all that may hold any text holds this one; `wild` drifts and `fails` fails."""
    project = empty_project
    project.write("models.py", MODELS)
    if not (kept / "registry.db").exists():
        for name in ("wild", "fails"):
            assert project("register", name, "--seed", "0-1", "--note", HOSTILE).code == 0
        assert project("audit").code == 0
        project.write("drift", "")
        assert project("audit").code == 1
        assert project("waive", "wild@1", "--reason", HOSTILE, "--until", "2999-12-31").code == 0
        assert project("accept", "wild@0", "--reason", HOSTILE).code == 0
        (project.root / "drift").unlink()
        assert project("audit").code == 1
        assert project("retire", "fails@1", "--reason", HOSTILE).code == 0
        _spoil(project.db)
        shutil.copytree(project.db.parent, kept, dirs_exist_ok=True)
    else:
        shutil.copytree(kept, project.db.parent)
    project.write("drift", "")
    return project


def _spoil(db: Path) -> None:
    """What the commands themselves refuse to store: another program may have written the file."""
    with closing(sqlite3.connect(db)) as file, file:
        file.execute("UPDATE entries SET alias = ? WHERE seed = 0 AND factory = 'models:wild'", (HOSTILE,))
        file.execute("INSERT INTO tags SELECT id, ? FROM entries", (HOSTILE,))
        for field in ("$.os", "$.cpu"):
            file.execute("UPDATE environments SET document = json_set(document, ?, ?)", (field, HOSTILE))
        file.execute("UPDATE baselines SET source = json_set(source, '$.file', ?)", (HOSTILE,))
        file.execute("UPDATE audits SET document = json_set(document, '$.project', ?)", (HOSTILE,))


def harmful(text: str, *, annotated: bool) -> list[str]:
    """The lines that a terminal or a CI service would obey, besides our own annotations."""
    return [
        line
        for line in text.split("\n")
        if FORBIDDEN.search(line) or (COMMAND.search(line) and not (annotated and OURS.fullmatch(line)))
    ]


def test_every_command_has_hostile_calls() -> None:
    assert set(CALLS) == set(COMMANDS)


@pytest.mark.parametrize("path", COMMANDS)
def test_no_text_of_others_is_obeyed(hostile: Project, path: str) -> None:
    if path in ("blame", "bisect"):
        pytest.importorskip("uv")
    shown = ""
    for number, arguments in enumerate(CALLS[path]):
        for call in variants(path, arguments):
            variables = {"GITHUB_ACTIONS": "true"} if number == 0 else {}
            result = hostile(*call, **variables)
            annotated = "github" in call or (bool(variables) and "--format" not in call)
            found = harmful(result.out, annotated=annotated) + harmful(result.err, annotated=False)
            assert found == [], (call, result.code)
            assert result.code != 125 or path not in ("db check", "list", "show"), result
            if "--json" in call and result.out:
                json.loads(result.out)
            shown += result.out + result.err
    assert ("stop-commands" in shown) is (path not in SAFE)


@pytest.mark.parametrize("arguments", UNKNOWN, ids=range(len(UNKNOWN)))
def test_wrong_usage_repeats_nothing_that_is_obeyed(hostile: Project, arguments: list[str]) -> None:
    result = hostile(*arguments)
    assert result.code == 2
    assert harmful(result.out + result.err, annotated=False) == []


def test_json_holds_the_text_as_it_is(hostile: Project) -> None:
    notes = {entry["note"] for entry in hostile("list", "--json").document["entries"]}
    assert hostile("show", "wild@0", "--json").document["entry"]["note"] == HOSTILE
    assert notes <= {HOSTILE, None}


def test_a_shell_is_offered_only_words_that_mean_nothing_to_it(hostile: Project) -> None:
    for seed, alias in enumerate(("$(touch pwned)", "`id`")):
        with closing(sqlite3.connect(hostile.db)) as file, file:
            where = "WHERE factory = 'models:wild' AND seed = ?"
            file.execute(f"UPDATE entries SET alias = ? {where}", (alias, seed))
    variables = {"_SEEDREG_COMPLETE": "bash_complete", "COMP_WORDS": "seedreg show ", "COMP_CWORD": "2"}
    process = hostile.popen(variables=variables)
    out, err = process.communicate(timeout=60)
    words = {line.partition(",")[2] for line in out.splitlines()}
    assert (process.returncode, err) == (0, "")
    assert {"models:wild@0", "models:wild@1"} <= words
    assert {word for word in words if not re.fullmatch(r"[\w:@./-]+", word)} == set()


def test_the_traceback_of_a_defect_is_printable(hostile: Project) -> None:
    script = (
        "import seedreg.__main__ as m\n"
        f"def broken(arguments): raise RuntimeError({HOSTILE!r})\n"
        "m.run = broken\nm.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=hostile.root, capture_output=True, text=True, check=False
    )
    assert (done.returncode, harmful(done.stderr, annotated=False)) == (125, [])
    assert done.stderr.startswith("Traceback (most recent call last):\n")
