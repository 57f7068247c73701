"""Every command and option that a message names exists, and the option is one of that command."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import seedreg
from seedreg.cli import seedreg as group
from seedreg.cli.hints import WORDS
from seedreg.errors import Step

PACKAGE = Path(seedreg.__file__).parent
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*(?!\w|\{)")
_COMMAND = re.compile(r"`?\bseedreg ((?:[a-z]+ ?)+)([^`]*)`?")
OF_PIP = {"--upgrade"}


def commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Every command with the long options that it takes, those of the program among them."""
    # Click keeps the help option of the first context, so this one has the settings of the program.
    context = click.Context(command, **group.context_settings)
    yield (
        path,
        {name for one in command.get_params(context) for name in one.opts} | {"--db", "--help", "--version"},
    )
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, (*path, name))


TREE = dict(commands(group))
OPTIONS = set().union(*TREE.values())


def wrong(text: str) -> list[str]:
    """Commands that do not exist, options that no command has, and options that the named command lacks."""
    found = [name for name in _OPTION.findall(text) if name not in OPTIONS | OF_PIP]
    for quoted in re.findall(r"`(seedreg [^`]+)`", text) or re.findall(r"^run seedreg .*|^seedreg .*", text):
        words = quoted.removeprefix("run ").split()[1:]
        path: tuple[str, ...] = ()
        while words and (*path, words[0]) in TREE:
            path = (*path, words.pop(0))
        if not path and words and not words[0].startswith(("{", "-", "…")):
            found.append(quoted)
        found += [f"{quoted}: {name}" for name in _OPTION.findall(quoted) if name not in TREE[path]]
    return found


@pytest.mark.parametrize("step", Step)
def test_a_hint_names_only_what_exists(step: Step) -> None:
    assert wrong(WORDS[step]) == []


@pytest.mark.parametrize("folder", ["cli", "reports", "registry", "audit", "storage", "domain"])
def test_a_text_names_only_what_exists(folder: str) -> None:
    found = []
    for path in sorted((PACKAGE / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found += [f"{path.name}:{node.lineno}: {one}" for one in wrong(node.value)]
    assert found == []


@pytest.mark.parametrize(
    "text", ["give --nothing", "`seedreg nothing` does it", "`seedreg list --keep-weights` does it"]
)
def test_what_does_not_exist_is_noticed(text: str) -> None:
    assert wrong(text) != []
