"""`seedreg help`."""

from __future__ import annotations

import click

from seedreg.cli.commands import Command, UnknownCommand
from seedreg.cli.printing import print_help


@click.command("help", cls=Command)
@click.argument("words", metavar="[COMMAND]...", nargs=-1)
@click.pass_context
def help_command(ctx: click.Context, /, words: tuple[str, ...]) -> int:
    """Show the help of a command."""
    current = ctx.find_root()
    for word in words:
        group = current.command
        known = group.list_commands(current) if isinstance(group, click.Group) else []
        found = group.get_command(current, word) if isinstance(group, click.Group) else None
        if found is None:
            raise UnknownCommand(word, known, current)
        current = click.Context(found, current, word)
    print_help(current.get_help())
    return 0
