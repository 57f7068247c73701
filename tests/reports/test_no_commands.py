"""Below the command line no text names its options or commands: each interface has its own words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click

import seedreg
from seedreg.cli import COMMANDS
from seedreg.cli import seedreg as group

PACKAGE = Path(seedreg.__file__).parent
# It reads the options that a requirements file may hold.
REQUIREMENTS = Path("environments/requirements.py")


def options(command: click.Command, context: click.Context) -> Iterator[str]:
    """Every long option of the command and of those below it."""
    for parameter in command.params:
        yield from (name for name in parameter.opts if name.startswith("--"))
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from options(below, context)


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """The string literals of a file with their lines, without docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.lineno, node.value


def test_no_text_below_the_command_line_names_an_option_or_a_command() -> None:
    names = {*options(group, click.Context(group)), "-p NAME"}
    assert {"--db", "--isolation", "--unused-for", "--format"} <= names
    option = re.compile("(?<![\\w-])(" + "|".join(map(re.escape, sorted(names))) + ")(?![\\w-])")
    command = re.compile(rf"\bseedreg ({'|'.join(COMMANDS)})\b")
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        if inside.parts[0] in ("cli", "__main__.py") or inside == REQUIREMENTS:
            continue
        # An option alone, where environments are created, is an argument of uv and no text.
        arguments = names if inside.parts[0] == "environments" else set()
        found += [
            f"{inside}:{line}: {text!r}"
            for line, text in texts(path)
            if text not in arguments and (option.search(text) or command.search(text))
        ]
    assert found == []
