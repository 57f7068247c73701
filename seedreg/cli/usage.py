"""Wrong usage in words: what Click found, said as every other error of seedreg is."""

from __future__ import annotations

from difflib import get_close_matches

import click

from seedreg.cli.commands import UnknownCommand


def words_of_usage(error: click.ClickException) -> str:
    """What is wrong, on one line."""
    match error:
        case UnknownCommand(name=name):
            return f"there is no command {name!r}"
        case click.NoSuchOption(option_name=name):
            return f"there is no option {name}"
        case click.MissingParameter(param=click.Parameter() as param):
            return f"{_name(param)} is missing"
        case click.BadParameter(param=click.Parameter() as param):
            return f"{_name(param)}: {_begun_small(error.message)}"
    return _begun_small(error.format_message())


def hint_of_usage(error: click.ClickException) -> str | None:
    """The nearest name that exists, and where all of them are listed."""
    ctx = getattr(error, "ctx", None)
    if ctx is None:
        return None
    help_ = f"`{ctx.command_path} --help`"
    near: list[str] = []
    match error:
        case UnknownCommand(name=name, known=known):
            near = get_close_matches(name.lower(), known, n=1)
        case click.NoSuchOption(option_name=name):
            known = [one for param in ctx.command.get_params(ctx) for one in param.opts]
            near = get_close_matches(name, known, n=1)
        case click.MissingParameter():
            return f"{' '.join(ctx.get_usage().split()).removeprefix('Usage: ')}; {help_} explains it"
    return f"did you mean {near[0]}?" if near else f"{help_} lists what there is"


def _name(param: click.Parameter) -> str:
    if isinstance(param, click.Argument):
        return param.human_readable_name  # Click 8.1 and 8.2 differ in the arguments of `make_metavar`
    return max(param.opts, key=len)


def _begun_small(text: str) -> str:
    text = text.strip().removesuffix(".")
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
