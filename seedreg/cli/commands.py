"""Commands and groups: their help, their names, and the options that all of them have."""

from __future__ import annotations

import click

from seedreg.cli import terminal


def _color(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is not None:
        terminal.want_color(terminal.Color(value))


def _quiet(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        terminal.want_quiet()


def common_options() -> list[click.Parameter]:
    """The options that are understood before and after the name of a command."""
    return [
        click.Option(
            ["--quiet", "-q"],
            is_flag=True,
            expose_value=False,
            callback=_quiet,
            help="Print only failures and data: no progress, no notes, no summary.",
        ),
        click.Option(
            ["--color"],
            type=click.Choice([one.value for one in terminal.Color]),
            expose_value=False,
            is_eager=True,
            callback=_color,
            help="Colour words (default: auto, which is on a terminal).",
        ),
    ]


class Command(click.Command):
    """A command whose help lists its options by subject, and shows examples."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """See Click; with the options that every command has."""
        *own, help_option = super().get_params(ctx)
        known = {name for param in own for name in param.opts}
        return [*own, *(one for one in _COMMON if not known & set(one.opts)), help_option]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, one section for each subject."""
        from seedreg.cli.help import write_options  # only for help

        write_options(self.get_params(ctx), ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, and what else belongs at the end."""
        from seedreg.cli.help import write_examples

        write_examples(ctx, formatter)
        super().format_epilog(ctx, formatter)


class Group(Command, click.Group):
    """A group that knows its commands; another name is wrong usage, whatever it begins with."""

    command_class = Command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands and then the options."""
        self.format_commands(ctx, formatter)
        Command.format_options(self, ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """See Click; before 8.2 it takes a name that begins with a sign for an option, and exits with 0."""
        if not ctx.resilient_parsing and self.get_command(ctx, args[0]) is None:
            raise UnknownCommand(args[0], self.list_commands(ctx), ctx)
        return super().resolve_command(ctx, args)


class UnknownCommand(click.UsageError):
    """A command that does not exist.

    Args:
        name: what was written.
        known: the commands that exist.
        ctx: of the group.
    """

    def __init__(self, name: str, known: list[str], ctx: click.Context) -> None:
        super().__init__(f"No such command {name!r}.", ctx)
        self.name = name
        self.known = known


_COMMON = common_options()
