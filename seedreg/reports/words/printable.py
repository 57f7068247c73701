"""Untrusted text made printable: names and messages come from other people's programs."""

from __future__ import annotations

import re

# Control characters, what changes the direction of writing, surrogates, and what XML 1.0 forbids.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def printable(text: str) -> str:
    r"""The text on one line, with `\n`, `\x1b` and their like for what a terminal or XML would not show."""
    return _UNPRINTABLE.sub(_escaped, text)


def printable_lines(text: str) -> list[str]:
    """The text's lines, each made printable."""
    return [printable(line.expandtabs()) for line in text.splitlines()]


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
