"""Untrusted text made printable: names and messages come from other people's programs.

Terminals obey control characters. CI services obey commands in what a step prints: GitHub's runner a line
that begins with `::` after any white space, and `##[command]` anywhere in a line (`ActionCommand.cs` of
actions/runner); Azure Pipelines `##vso[…]`, TeamCity `##teamcity[…]`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# Control characters, what changes the direction of writing, what has no width (but joins letters: U+200C and
# U+200D are common), separators of lines, surrogates, and what XML 1.0 forbids.
_BEYOND_ASCII = (
    "\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\ufffe\uffff\U000e0000-\U000e007f"
)
_UNPRINTABLE = re.compile(f"[\x00-\x1f{_BEYOND_ASCII}]")
# The second of two signs before a command of a CI service.
COMMAND = re.compile(r"(?<=#)#(?=[A-Za-z]*\[)")
_UNPRINTABLE_IN_JSON = re.compile(rf"[{_BEYOND_ASCII}]|{COMMAND.pattern}")


def escaped(text: str) -> str:
    r"""The text on one line, with `\n`, `\x1b` and their like for what a terminal or XML would not show."""
    return text if text.isprintable() else _UNPRINTABLE.sub(_escape, text)


def printable(text: str) -> str:
    """The text on one line without control characters and without `##[command]`."""
    shown = escaped(text)
    return COMMAND.sub(r"\\x23", shown) if "##" in shown else shown


def is_printable(text: str) -> bool:
    """Whether `printable` certainly leaves the text as it is; a quick look at much of it."""
    return text.isprintable() and "##" not in text


def printable_line(text: str) -> str:
    """The text as a line of its own: printable, and behind a bar if it begins with `::`."""
    shown = printable(text)
    if "::" not in shown:
        return shown
    rest = shown.lstrip()
    return f"{shown[: -len(rest)]}| {rest}" if rest.startswith("::") else shown


def printable_lines(lines: Sequence[str]) -> Sequence[str]:
    """Each of the lines as `printable_line` gives it; 10,000 harmless ones are looked at as a whole."""
    whole = "".join(lines)
    return lines if is_printable(whole) and "::" not in whole else [printable_line(line) for line in lines]


def escaped_lines(text: str) -> list[str]:
    """The text's lines, each escaped."""
    return [escaped(line.expandtabs()) for line in text.splitlines()]


def printable_json(text: str) -> str:
    r"""The same JSON document, with `\u007f` and the like for what a terminal or CI service would obey."""
    if text.isascii() and "\x7f" not in text and "##" not in text:
        return text
    return _UNPRINTABLE_IN_JSON.sub(_escape_in_json, text)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def _escape_in_json(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
