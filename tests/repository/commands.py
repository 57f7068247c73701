"""The command line as a tree of Click commands, and the reference page made from it."""

from __future__ import annotations

from collections.abc import Iterator

import click
from click.testing import CliRunner

from seedreg.cli import seedreg

Path = tuple[str, ...]


def commands(group: click.Group = seedreg, path: Path = ()) -> Iterator[tuple[Path, click.Command]]:
    """Every command with the words that call it, the program itself first."""
    yield path, group
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def options(command: click.Command) -> set[str]:
    """Every way to write an option of the command."""
    found = {"-h", "--help"}
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            found.update(parameter.opts, parameter.secondary_opts)
    return found


def help_of(path: Path) -> str:
    """The command's help as a terminal of 80 columns shows it."""
    result = CliRunner().invoke(seedreg, [*path, "--help"], prog_name="seedreg", terminal_width=80)
    assert result.exit_code == 0, result.output
    return result.output


def reference() -> str:
    """A section for each command, for docs/reference/cli.md."""
    sections = (
        f"## `{' '.join(('seedreg', *path))}`\n\n```text\n{help_of(path)}```\n" for path, _ in commands()
    )
    return "\n".join(sections)
