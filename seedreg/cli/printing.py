"""How commands print: every text on its way to a terminal, a pipe or a log passes through here.

Text is made printable first, whatever it is, and coloured afterwards. Nothing here fails if the output
cannot be written: `seedreg.streams` remembers that, and `needs_output` says whether it is an error.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, ParamSpec, TextIO

import click

from seedreg.cli.terminal import color, is_dumb, is_quiet, width
from seedreg.reports.lines import INDENT, Headline, Line, Tone
from seedreg.reports.words.printable import (
    escaped_lines,
    printable,
    printable_json,
    printable_line,
    printable_lines,
)
from seedreg.streams import OutputLost, output_failure

_STYLES: dict[Tone, dict[str, Any]] = {
    Tone.GOOD: {"fg": "green"},
    Tone.BAD: {"fg": "red", "bold": True},
    Tone.UNKNOWN: {"fg": "yellow", "bold": True},
}

_Parameters = ParamSpec("_Parameters")


def needs_output(command: Callable[_Parameters, int | None]) -> Callable[_Parameters, int | None]:
    """For a command whose only product is its output: it fails if that cannot be written.

    Other commands store something or judge: their exit code is what they did or found.

    Raises:
        OutputLost: by the command.
    """

    @functools.wraps(command)
    def checked(*arguments: _Parameters.args, **settings: _Parameters.kwargs) -> int | None:
        code = command(*arguments, **settings)
        failure = output_failure()
        if failure is not None and not code:
            raise OutputLost from failure
        return code

    return checked


def print_line(line: Line, *, err: bool = False) -> None:
    """Print one line, the word of a headline coloured where there is a terminal."""
    click.echo(_shown(line), err=err, color=color())


def print_lines(lines: Iterable[Line], *, err: bool = False) -> None:
    """Print lines, the words of headlines coloured where there is a terminal."""
    for line in lines:
        print_line(line, err=err)


def _shown(line: Line) -> str:
    if isinstance(line, Headline):
        word = click.style(printable(line.word), **_STYLES[line.tone])
        return str(replace(line, word=word, rest=printable(line.rest)))
    return printable_line(line)


def print_paged(lines: Iterable[str]) -> None:
    """Print lines, through the pager where they would not fit on the terminal."""
    shown = printable_lines(list(lines))
    if sys.stdout.isatty() and not is_dumb() and _rows(shown, output_width()) >= _terminal_lines():
        click.echo_via_pager("".join(f"{line}\n" for line in shown))
        return
    click.echo("\n".join(shown))


def output_width() -> int | None:
    """Columns of standard output, if it is a terminal; what goes elsewhere is never shortened."""
    return width(sys.stdout)


def _rows(lines: Sequence[str], columns: int | None) -> int:
    """How many rows of a terminal the lines take; a long line takes several."""
    return sum(max(1, -(-len(line) // columns)) for line in lines) if columns else len(lines)


def _terminal_lines() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).lines
    except OSError:  # it has gone
        return 0


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document."""
    click.echo(printable_json(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)))


def say(text: str) -> None:
    """Print one line about the run itself on stderr, e.g. what takes long; nothing with `--quiet`."""
    if not is_quiet():
        print_line(f"seedreg: {text}", err=True)


def warn(text: str) -> None:
    """Print a warning on stderr."""
    _print_labelled("warning", "yellow", [text])


def print_error(message: str, hint: str | None) -> None:
    """Print an error on stderr, and what to do about it."""
    _print_labelled("error", "red", escaped_lines(message) or [""])
    if hint:
        print_line(f"{INDENT}hint: {hint}", err=True)


def _print_labelled(word: str, colour: str, lines: Sequence[str]) -> None:
    first, *more = lines
    click.echo(f"seedreg: {click.style(word, fg=colour)}: {printable(first)}", err=True, color=color())
    # Behind a bar, so that no line of another program looks like one of ours.
    print_lines((f"{INDENT}| {line}" for line in more), err=True)


def print_usage_error(error: click.ClickException) -> None:
    """Print what is wrong with a command line, in the words of all other errors."""
    from seedreg.cli.usage import hint_of_usage, words_of_usage  # 1 ms of start-up, for an error

    print_error(words_of_usage(error), hint_of_usage(error))


def print_help(text: str) -> None:
    """Print the help of a command, which only seedreg itself has written."""
    click.echo(text, color=color())


def draw(text: str) -> None:
    """Replace the line that was drawn last on the terminal of stderr; an empty text removes it."""
    # With NO_COLOR too: "clear to the end of the line" is no colour, and Click would take it out.
    click.echo(f"\r{printable(text)}\x1b[K", err=True, nl=False, color=True)


def report_output() -> TextIO:
    """Standard output for reports of audits, whose formats make every text harmless themselves."""
    return sys.stdout
