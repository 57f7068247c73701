"""How commands print: lines with coloured verdicts, pages, JSON, and what takes long on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import click

from seedreg.reports.lines import Headline, Line, Tone

_STYLES: dict[Tone, dict[str, Any]] = {
    Tone.GOOD: {"fg": "green"},
    Tone.BAD: {"fg": "red", "bold": True},
    Tone.UNKNOWN: {"fg": "yellow", "bold": True},
}


def say(text: str) -> None:
    """Print one line about the run itself on stderr, e.g. what takes long."""
    click.echo(f"seedreg: {text}", err=True)


def print_lines(lines: Iterable[Line], *, err: bool = False) -> None:
    """Print lines, the words of headlines coloured where there is a terminal."""
    for line in lines:
        if isinstance(line, Headline):
            line = replace(line, word=click.style(line.word, **_STYLES[line.tone]))
        click.echo(str(line), err=err)


def print_paged(lines: Iterable[str]) -> None:
    """Print lines, through the pager where they would not fit on the terminal."""
    lines = list(lines)
    if sys.stdout.isatty() and len(lines) >= os.get_terminal_size(sys.stdout.fileno()).lines:
        click.echo_via_pager("".join(f"{line}\n" for line in lines))
        return
    click.echo("\n".join(lines))


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))
