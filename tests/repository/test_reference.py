"""What the pages say of commands, options, settings, exit codes and formats is what the program does."""

from __future__ import annotations

import importlib.metadata
import inspect
import re
import shlex
from pathlib import Path

import pytest

from seedreg import errors
from seedreg.cli import COMMANDS
from seedreg.config import load_config
from seedreg.config.builds import KEYS as BUILD_KEYS
from seedreg.config.entries import KEYS as ENTRY_KEYS
from seedreg.config.environments import KINDS as ENVIRONMENT_KINDS
from seedreg.reports.audit import Format

from . import pages
from .commands import commands, help_of, options, reference

CLI_PAGE = "docs/reference/cli.md"
COMMAND_OF = dict(commands())


def test_reference_of_the_command_line_is_its_help(request: pytest.FixtureRequest) -> None:
    head = pages.text(CLI_PAGE).partition("## `seedreg`")[0]
    if request.config.getoption("update_golden"):
        (pages.ROOT / CLI_PAGE).write_text(head + reference(), encoding="utf-8")
    if tuple(map(int, importlib.metadata.version("click").split(".")[:2])) < (8, 2):
        pytest.skip("older releases of Click lay help out differently; the next test is for them")
    assert pages.text(CLI_PAGE) == head + reference(), (
        "write it again: pytest tests/repository --update-golden"
    )


@pytest.mark.parametrize("path", COMMAND_OF, ids=lambda path: " ".join(("seedreg", *path)))
def test_reference_has_every_command_and_option(path: tuple[str, ...]) -> None:
    sections = dict(re.findall(r"^## `(.+?)`\n\n```text\n(.*?)^```$", pages.text(CLI_PAGE), re.M | re.S))
    section = sections[" ".join(("seedreg", *path))]
    assert {
        name for name in options(COMMAND_OF[path]) if not re.search(rf"(?<![\w-]){name}(?![\w-])", section)
    } == set()


def test_readme_lists_every_command_once() -> None:
    rows = pages.table("README.md", "task", "commands")
    listed = [name for _, names in rows for name in pages.code(names)]
    assert sorted(listed) == sorted(COMMANDS)


def test_exit_codes_are_those_of_the_program() -> None:
    codes = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    raised = {
        kind.exit_code
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if hasattr(kind, "exit_code")
    }
    assert [
        int(code) for code, _ in pages.table("docs/reference/exit-codes.md", "code", "meaning")
    ] == sorted(codes)
    assert raised <= codes
    epilog = " ".join(help_of(()).split("Exit codes:")[1].split())
    assert [int(code) for code in re.findall(r"\b\d+\b", epilog)] == sorted(codes)


def shown(value: object) -> str:
    """A default as the page writes it."""
    match value:
        case tuple():
            return "none" if not value else "[" + ", ".join(f'"{one}"' for one in value) + "]"
        case float():
            return f"{value:g} seconds"
        case Path():
            return value.name
    return str(value)


def test_settings_are_those_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.seedreg]\n", encoding="utf-8")
    defaults = {setting.name: setting.value for setting in load_config({}, {}, tmp_path).settings}
    every_option = {name for command in COMMAND_OF.values() for name in options(command)}
    rows = pages.table(
        "docs/reference/configuration.md", "key in `[tool.seedreg]`", "variable", "option", "default"
    )
    keys = []
    for key, variable, option, default in rows:
        (name, *_) = pages.code(key)
        keys.append(name)
        assert pages.code(variable) == (
            [] if name in ("envs", "entries", "builds") else [f"SEEDREG_{name.upper()}"]
        )
        assert set(pages.code(option)) <= every_option
        if name not in (
            "db",
            "project",
            "python",
            "jobs",
            "envs",
            "entries",
            "builds",
        ):  # these depend on the project and the machine
            assert shown(defaults[name]) in default.replace("`", ""), name
    assert sorted(keys) == sorted([*defaults, "envs", "entries", "builds"])


def test_keys_of_environments_are_those_of_the_configuration() -> None:
    rows = pages.table("docs/reference/configuration.md", "key", "meaning")
    assert sorted(name for key, _ in rows for name in pages.code(key)) == sorted(ENVIRONMENT_KINDS)


def test_keys_of_builds_are_those_of_the_configuration() -> None:
    rows = pages.table("docs/reference/configuration.md", "key in `[[tool.seedreg.builds]]`", "meaning")
    assert sorted(name for key, _ in rows for name in pages.code(key)) == sorted(BUILD_KEYS)


def test_keys_of_entries_are_those_of_the_configuration() -> None:
    rows = pages.table("docs/reference/configuration.md", "key", "meaning", "default")
    assert sorted(name for key, *_ in rows for name in pages.code(key)) == sorted(ENTRY_KEYS)


def test_every_schema_and_every_document_is_listed() -> None:
    rows = pages.table("docs/reference/json.md", "command", "`format`", "schema")
    for _, form, schema in rows:
        name, number = pages.code(form)[0].removeprefix("seedreg.").split("/")
        assert f"../schemas/{name}-{number}.schema.json" in schema
    listed = {re.findall(r"schemas/(\S+?)\)", schema)[0] for _, _, schema in rows}
    assert listed == {path.name for path in (pages.ROOT / "docs" / "schemas").glob("*.json")}
    printed = {
        f"`{form}`"
        for path in COMMAND_OF
        for form in re.findall(r"seedreg\.[a-z]+/\d+", " ".join(help_of(path).split()))
    }
    assert printed <= {form for _, form, _ in rows}


def test_every_report_of_audits_is_described() -> None:
    rows = pages.table("docs/reference/reports.md", "`--format`", "for", "content")
    assert [pages.code(name)[0] for name, _, _ in rows] == [one.value for one in Format]


def calls(page: Path) -> list[str]:
    """Every call of seedreg in the page's code, without prompt, comment, redirection and pipe."""
    found = re.findall(r"`(seedreg [^`]+)`", pages.text(page))
    for _, language, block in pages.blocks(page):
        if language in ("sh", "console", "yaml"):
            found += re.findall(r"^(?:\$ |\s*- run: |\s*)(seedreg .*)$", block, re.MULTILINE)
    return found


@pytest.mark.parametrize("page", pages.pages(), ids=str)
def test_commands_and_options_of_the_page_exist(page: Path) -> None:
    unknown = []
    for call in calls(page):
        words = shlex.split(re.split(r" [|;#]|\d?>| && ", call)[0].replace("…", ""))[1:]
        path: tuple[str, ...] = ()
        for word in words:
            if (*path, word) in COMMAND_OF:
                path = (*path, word)
        known = options(COMMAND_OF[path]) | options(COMMAND_OF[()])
        unknown += [
            f"{call}: {word}"
            for word in words
            if re.match(r"--?[a-zA-Z]", word) and word.split("=")[0] not in known
        ]
        first = next((word for word in words if not word.startswith("-")), "")
        if not path and re.fullmatch(r"[a-z]+", first):
            unknown.append(f"{call}: {first}")
    assert unknown == []
