"""The program as a whole: help, completion, colour, pipes, and what no command handles."""

from __future__ import annotations

import importlib
import json
import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import jsonschema
import pytest

import seedreg
from seedreg.cli import COMMANDS, SECTIONS
from seedreg.cli import seedreg as group
from seedreg.cli.commands import Command
from seedreg.cli.help import EXAMPLES

from .conftest import NOT_IN_GIT, Project

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
EVERY_COMMAND = [[name] for name in COMMANDS] + [
    ["db", name] for name in ("status", "upgrade", "backup", "check")
]


def command(name: str) -> click.Command:
    found = group.get_command(click.Context(group), name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_the_short_help_of_a_command_is_its_own_first_line(name: str) -> None:
    assert (command(name).help or "").splitlines()[0] == COMMANDS[name][1]


@pytest.mark.parametrize("words", EVERY_COMMAND, ids=" ".join)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_has_help(empty_project: Project, words: list[str], flag: str) -> None:
    result = empty_project(*words, flag)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"Usage: seedreg {' '.join(words)} ")
    assert max(map(len, result.out.splitlines())) <= 80
    assert "..." not in re.sub(r"[A-Z]+\.\.\.|\[(OPTIONS|ARGS|SELECTOR|FACTORY|COMMAND)\]\S*", "", result.out)


def test_help_lists_every_command_and_imports_none() -> None:
    script = (
        "import sys; from seedreg.__main__ import run; code = run(['--help']); "
        "heavy = {'sqlalchemy', 'numpy', 'alembic', 'seedreg.registry', 'tensorflow'} & set(sys.modules); "
        "sys.exit(f'{code} {heavy}' if code or heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for name, (_, text) in COMMANDS.items():
        wrapped = re.escape(text).replace("\\ ", r"\s+")
        assert re.search(rf"^  {name} +{wrapped}$", done.stdout, re.MULTILINE), name


def test_version(empty_project: Project) -> None:
    assert empty_project("--version").shown == (0, f"seedreg {seedreg.__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "complaint", "hint"),
    [
        (["verfy"], "there is no command 'verfy'", "did you mean verify?"),
        (["bogus"], "there is no command 'bogus'", "`seedreg --help` lists what there is"),
        (["list", "--jsn"], "there is no option --jsn", "did you mean --json?"),
        (["list", "--bogus"], "there is no option --bogus", "`seedreg list --help` lists what there is"),
        (
            ["verify"],
            "SELECTOR... is missing",
            "seedreg verify [OPTIONS] SELECTOR...; `seedreg verify --help` explains it",
        ),
        (
            ["register"],
            "FACTORY... is missing",
            "name factories, or give --configured",
        ),
        (
            ["list", "more"],
            "got unexpected extra argument (more)",
            "`seedreg list --help` lists what there is",
        ),
        (["db", "bakup"], "there is no command 'bakup'", "did you mean backup?"),
        (["help", "db", "bakup"], "there is no command 'bakup'", "did you mean backup?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_says_what_is_wrong(
    project: Project, words: list[str], complaint: str, hint: str
) -> None:
    assert project(*words).shown == (2, "", f"seedreg: error: {complaint}\n  hint: {hint}\n")


def test_a_choice_that_does_not_exist_names_its_option(project: Project) -> None:
    result = project("verify", "x", "--isolation", "y")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("seedreg: error: --isolation: 'y' is not one of ")


@pytest.mark.parametrize("words", [[], ["verify"], ["db", "backup"]], ids=" ".join)
def test_help_is_a_command_too(project: Project, words: list[str]) -> None:
    assert project("help", *words) == project(*words, "--help")


def every_command(group_: click.Group = group, path: str = "") -> dict[str, click.Command]:
    found: dict[str, click.Command] = {path: group_}
    context = click.Context(group_)
    for name in group_.list_commands(context):
        inner = group_.get_command(context, name)
        assert inner is not None
        words = f"{path} {name}".strip()
        found.update(every_command(inner, words) if isinstance(inner, click.Group) else {words: inner})
    return found


def test_every_command_has_examples_that_it_understands() -> None:
    found = every_command()
    assert {name for name, one in found.items() if not isinstance(one, Command)} == set()
    assert set(EXAMPLES) == set(found)
    for name, lines in EXAMPLES.items():
        for line in lines:
            words = shlex.split(line)
            assert words[: len(name.split()) + 1] == ["seedreg", *name.split()]
            root = group.make_context("seedreg", [], resilient_parsing=True)
            rest, current = words[1:], root
            while isinstance(current.command, click.Group) and rest:
                inner = current.command.get_command(current, rest[0])
                assert inner is not None, line
                current, rest = click.Context(inner, current, rest[0]), rest[1:]
            current.command.make_parser(current).parse_args(rest)  # an unknown option is an error


def test_every_command_is_under_one_heading() -> None:
    assert sorted(name for names in SECTIONS.values() for name in names) == sorted(COMMANDS)


def test_bytes_that_are_no_text_are_refused(project: Project) -> None:
    assert project("show", "\udcff").shown == (
        2,
        "",
        "seedreg: error: argument '\\udcff' is not UTF-8\n  hint: write it in UTF-8\n",
    )


def test_python_m_seedreg_is_the_same_program(project: Project) -> None:
    script = Path(sys.executable).with_name("seedreg")
    if not script.exists():
        pytest.skip("seedreg is not installed as a script")
    found = subprocess.run(
        [script, "list"], cwd=project.root, env=project.environ, capture_output=True, text=True, check=False
    )
    result = project.program("list")
    assert (found.returncode, found.stdout, found.stderr) == (result.code, result.out, result.err)
    assert result == project("list")


# Pipes, colour, encodings ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code"),
    [(["list"], 141), (["list", "--json"], 141), (["--help"], 0), (["register", "-h"], 0)],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_reader_that_leaves_is_no_drift_and_no_traceback(
    project: Project, words: list[str], code: int
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    result = project.program(*words, stdout=writer)
    os.close(writer)
    assert (result.code, result.err) == (code, "")


def test_a_reader_that_leaves_does_not_end_the_work(project: Project) -> None:
    reader, writer = os.pipe()
    process = project.popen("register", "slow", "--seed", "0-9", stdout=writer)
    os.close(writer)
    os.read(reader, 10)
    os.close(reader)
    assert process.wait(60) == 0
    assert re.fullmatch(rf"seedreg: warning: models:slow@\d: {NOT_IN_GIT}\n", process.communicate()[1])
    found = project("list", "--factory", "models:slow", "--json").document["entries"]
    assert [entry["recipe"]["seed"] for entry in found] == list(range(10))


def on_a_terminal(project: Project, *words: str, **variables: str) -> str:
    ours, theirs = pty.openpty()
    environ = {"TERM": "xterm", "PAGER": "cat", **variables}
    process = project.popen(*words, stdout=theirs, stderr=theirs, variables=environ)
    os.close(theirs)
    said = b""
    while True:
        try:
            data = os.read(ours, 1 << 16)
        except OSError:
            break
        if not data:
            break
        said += data
    process.wait(60)
    os.close(ours)
    return said.decode().replace("\r\n", "\n")


def test_colour_is_for_terminals_and_no_color_is_honoured(project: Project) -> None:
    assert "\x1b[32mREPRODUCED\x1b[0m  " in on_a_terminal(project, "verify", "coin")
    assert "\x1b[" not in on_a_terminal(project, "verify", "coin", NO_COLOR="1")
    assert "\x1b[31merror\x1b[0m: " in on_a_terminal(project, "show", "nothing")
    assert "\x1b[" not in on_a_terminal(project, "show", "nothing", NO_COLOR="1")
    assert "\x1b[" not in project.program("verify", "coin").out


@pytest.mark.parametrize(
    ("options", "variables", "coloured"),
    [
        ([], {}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ([], {"FORCE_COLOR": "0"}, False),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        (["--color", "auto"], {}, False),
    ],
    ids=str,
)
def test_the_option_comes_before_no_color_and_that_before_force_color(
    project: Project, options: list[str], variables: dict[str, str], coloured: bool
) -> None:
    for words in (["verify", "coin", *options], [*options, "verify", "coin"]):
        assert ("\x1b[32mREPRODUCED\x1b[0m" in project(*words, **variables).out) is coloured


def test_a_dumb_terminal_gets_no_colour(project: Project) -> None:
    assert "\x1b[" not in on_a_terminal(project, "verify", "coin", TERM="dumb")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_arrows_gets_no_traceback(project: Project, encoding: str) -> None:
    variables = {"PYTHONIOENCODING": encoding, "FAKE_TF_VERSION": "3.0.0"}
    result = project.program("verify", "build@0", variables=variables)
    assert (result.code, result.err) == (0, "")
    assert re.search(r"  environment: tensorflow 2\.99\.0 \S+ 3\.0\.0\n", result.out)


def test_a_defect_of_seedreg_is_no_drift(project: Project) -> None:
    script = (
        "import seedreg.__main__ as m\n"
        "def broken(arguments): raise RuntimeError('a defect')\n"
        "m.run = broken\nm.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (125, "")
    assert done.stderr.startswith("Traceback (most recent call last):\n")
    assert done.stderr.splitlines()[-2:] == [
        "RuntimeError: a defect",
        "seedreg: internal error: this is a bug in seedreg, not a result. Please report it with the "
        "traceback above.",
    ]


# Completion --------------------------------------------------------------------------------------------


def completed(project: Project, words: str) -> list[str]:
    """What a shell is offered for the last word."""
    variables = {
        "_SEEDREG_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(shlex.split(words)) - (not words.endswith(" "))),
    }
    script = Path(sys.executable).with_name("seedreg")
    done = subprocess.run(
        [script] if script.exists() else [sys.executable, "-m", "seedreg"],
        cwd=project.root,
        env={**project.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


def test_the_shell_script_of_the_completion(project: Project) -> None:
    result = project.program(variables={"_SEEDREG_COMPLETE": "bash_source"})
    assert (result.code, result.err) == (0, "")
    assert "complete -o nosort -F _seedreg_completion seedreg" in result.out


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("seedreg ver", ["verify"]),
        ("seedreg db ", ["backup", "check", "restore", "status", "upgrade"]),
        ("seedreg verify coi", ["coin"]),
        ("seedreg verify models:flips", ["models:flips", "models:flips@0"]),
        ("seedreg show tag:", ["tag:nightly"]),
        ("seedreg register cons", ["constant"]),
        ("seedreg register models:bu", ["models:build"]),
        ("seedreg verify --isol", ["--isolation"]),
        ("seedreg verify --isolation f", ["fork", "fresh"]),
    ],
)
def test_completion(project: Project, words: str, offered: list[str]) -> None:
    assert completed(project, words) == offered


def test_completion_of_an_id(project: Project) -> None:
    id_ = project.id("flips")
    assert completed(project, f"seedreg show {id_[:6]}") == [id_]


def test_completion_in_another_registry(project: Project, tmp_path: Path) -> None:
    project("db", "backup", str(tmp_path / "other.db"))
    other = shlex.quote(str(tmp_path / "other.db"))
    project("alias", "coin", "--remove")
    assert completed(project, "seedreg show coi") == []
    assert completed(project, f"seedreg --db {other} show coi") == ["coin"]
    assert completed(project, f"seedreg show --db {other} coi") == ["coin"]


def test_completion_where_there_is_no_registry_offers_nothing(empty_project: Project) -> None:
    assert completed(empty_project, "seedreg verify x") == []


# config and factories ------------------------------------------------------------------------------------


def test_config_says_who_said_so(empty_project: Project) -> None:
    result = empty_project("config", "--db", "x.db", SEEDREG_JOBS="3")
    assert (result.code, result.err) == (0, "")
    rows = {line.split()[0]: re.split(r"  +", line)[1:] for line in result.out.splitlines()}
    assert rows["db"] == [f"{empty_project.root}/x.db", "option"]
    assert rows["jobs"] == ["3", "SEEDREG_JOBS"]
    assert rows["project"] == ["shop", f"[tool.seedreg] in {empty_project.root}/pyproject.toml"]
    assert rows["timeout"] == ["600", "default"]
    assert rows["pythonpath"] == ["-", "default"]
    document = empty_project("config", "--json").document
    jsonschema.validate(document, json.loads((SCHEMAS / "config-1.schema.json").read_text()))
    values = {setting["name"]: setting["value"] for setting in document["settings"]}
    origins = [setting["origin"]["kind"] for setting in document["settings"]]
    assert origins == ["markers", "default", "pyproject", *["default"] * (len(origins) - 3)]
    assert (values["timeout"], values["factories"]) == (600.0, ["models", "model"])


def test_factories_lists_what_a_bare_name_could_mean(empty_project: Project) -> None:
    result = empty_project("factories")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[:2] == [
        "models:build(units=4)  function  models.py:8",
        "  Two dense layers.",
    ]
    document = empty_project("factories", "--json").document
    jsonschema.validate(document, json.loads((SCHEMAS / "factories-1.schema.json").read_text()))
    assert document["factories"][0] == {
        "name": "build",
        "address": "models:build",
        "kind": "function",
        "signature": "(units=4)",
        "file": str(empty_project.root / "models.py"),
        "line": 8,
        "doc": "Two dense layers.",
    }


def test_no_factories_is_told_on_stderr(empty_project: Project) -> None:
    (empty_project.root / "models.py").unlink()
    assert empty_project("factories").shown == (
        0,
        "",
        "no factories found in models, model; set [tool.seedreg] factories, "
        "or write package.module:callable\n",
    )


# The documents of real commands -------------------------------------------------------------------------


def test_the_documents_of_real_commands_fit_their_schemas(project: Project) -> None:
    project.write("break", "")
    said = {
        "verify": project("verify", "build@0", "build@1", "coin", "--json", FAKE_TF_STREAM="other"),
        "register": project("register", "build", "--seed", "0-3", "--json", FAKE_TF_VERSION="3.0.0"),
        "show": project("show", "build@0", "--json"),
        "list": project("list", "--all", "--json"),
        "history": project("history", "coin", "--json"),
        "audit": project("audit", "build@0", "--format", "json", FAKE_TF_STREAM="other"),
        "waive": project("waive", "build@0", "--reason", "known", "--until", "2999-12-31"),
        "waivers": project("waive", "--list", "--json"),
        "audits": project("audits", "--json"),
        "compare": project("audits", "compare", "1", "1", "--json"),
    }
    del said["waive"]
    assert {name: (result.code, result.err) for name, result in said.items()} == {
        "verify": (1, ""),
        "register": (0, ""),
        "show": (0, ""),
        "list": (0, ""),
        "history": (0, ""),
        "audit": (1, said["audit"].err),
        "waivers": (0, ""),
        "audits": (0, ""),
        "compare": (0, ""),
    }
    for name, result in said.items():
        schema = json.loads((SCHEMAS / f"{name}-1.schema.json").read_text())
        jsonschema.validate(result.document, schema)


def test_no_command_file_is_left_without_a_command() -> None:
    for name, (home, _) in COMMANDS.items():
        assert isinstance(
            getattr(importlib.import_module(f"seedreg.cli.{home}"), f"{name}_command"), click.Command
        )
