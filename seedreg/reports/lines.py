"""Lines of text reports: emphasis is data, and each interface decides how it looks."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from seedreg.reports.words.printable import printable

INDENT = "  "
# Of a terminal; lines are indented by up to two columns after they were wrapped.
_COLUMNS = 80 - len(INDENT)


class Tone(enum.Enum):
    """What a word says about the thing that it describes."""

    GOOD = enum.auto()
    BAD = enum.auto()
    UNKNOWN = enum.auto()


@dataclass(frozen=True)
class Headline:
    """A line that begins with the word for how something ended; `str()` gives the plain line."""

    word: str
    tone: Tone
    rest: str
    indent: str = ""

    def __str__(self) -> str:
        return f"{self.indent}{self.word}{self.rest}"


Line: TypeAlias = str | Headline
_Line = TypeVar("_Line", str, Line)


def indented(lines: Iterable[_Line], depth: int = 1) -> Iterator[_Line]:
    """The lines, moved to the right."""
    prefix = INDENT * depth
    for line in lines:
        if isinstance(line, Headline):
            yield replace(line, indent=prefix + line.indent)
        else:
            yield f"{prefix}{line}"


def next_lines(step: str | None) -> Iterator[str]:
    """The line that says what to do next; none where there is nothing to do."""
    if step is not None:
        yield f"next: {step}"


def with_step(text: str, step: str | None) -> str:
    """The text, and after a semicolon what to do about it."""
    return text if step is None else f"{text}; {step}"


def wrapped(pieces: Iterable[str]) -> Iterator[str]:
    """The printable pieces, with spaces, on as few lines as a terminal allows; no piece is broken."""
    line = ""
    for piece in map(printable, pieces):
        if line and len(line) + 1 + len(piece) > _COLUMNS:
            yield line
            line = INDENT + piece
        else:
            line = f"{line} {piece}" if line else piece
    if line:
        yield line


def listed(items: Sequence[str], last: str = "") -> Iterator[str]:
    """The items for `wrapped`, each but the last with its comma; `last` comes before the last one."""
    *others, end = items
    if last and others:
        *others, before = others
        yield from (f"{item}," for item in others)
        yield f"{before} {last}"
    else:
        yield from (f"{item}," for item in others)
    yield end


def counted(number: int, noun: str) -> str:
    """`1 tensor`, `2 tensors`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
