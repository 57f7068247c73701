"""Other people's text on terminals, in logs of CI services and in JSON."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest

from seedreg.reports.words.printable import (
    escaped,
    escaped_lines,
    printable,
    printable_json,
    printable_line,
    printable_lines,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 漢 😀", "plain é 漢 😀"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x07", r"\x1b]8;;http://x\x07link\x1b]8;;\x07"),
        ("\x9b31m \x7f \x85", r"\x9b31m \x7f \x85"),
        ("a\nb\r\nc\td", r"a\nb\r\nc\td"),
        ("\u202eabc\u2066 \u200f \u061c", r"\u202eabc\u2066 \u200f \u061c"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        ("\ud800 \ufffe", r"\ud800 \ufffe"),
        ("a\u00ad\u200b\u2060\ufeffb", r"a\xad\u200b\u2060\ufeffb"),
        ("hidden \U000e0041", r"hidden \U000e0041"),
        ("می\u200cخواهم 👩\u200d💻", "می\u200cخواهم 👩\u200d💻"),
        ("no-break\u00a0space", "no-break\u00a0space"),
    ],
)
def test_what_a_terminal_would_obey_or_hide_is_escaped(text: str, shown: str) -> None:
    assert escaped(text) == shown
    assert printable(shown) == shown


def test_every_control_and_surrogate_and_line_separator_is_escaped() -> None:
    for number in range(0x110000):
        character = chr(number)
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            assert escaped(character).isascii(), hex(number)
        if unicodedata.bidirectional(character) in (
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        ):
            assert escaped(character).isascii(), hex(number)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x ##[stop-commands]y", r"x #\x23[stop-commands]y"),
        ("###[group]", r"##\x23[group]"),
        ("##vso[task.setvariable]", r"#\x23vso[task.setvariable]"),
        ("##teamcity[message]", r"#\x23teamcity[message]"),
        ("## heading", "## heading"),
        ("a ## b [c]", "a ## b [c]"),
    ],
)
def test_a_command_of_a_ci_service_in_a_text_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown
    assert json.loads(printable_json(json.dumps(text))) == text
    assert not re.search(r"##[A-Za-z]*\[", printable_json(json.dumps(text)))


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("::error::x", "| ::error::x"),
        ("  ::error file=x::y", "  | ::error file=x::y"),
        ("\u3000::error::x", "\u3000| ::error::x"),
        ("\t::error::x", r"\t::error::x"),
        ("std::vector", "std::vector"),
        ("a ::error::x", "a ::error::x"),
        ("::", "| ::"),
        ("| ::error::x", "| ::error::x"),
    ],
)
def test_a_line_that_would_be_a_command_is_behind_a_bar(line: str, shown: str) -> None:
    assert printable_line(line) == shown
    assert printable_line(shown) == shown


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["one", "std::vector", "::error::x", "two"],
        ["one", "\x1b[31mred", "two"],
        ["ends with :", ":error::x"],
        ["one", "two"],
    ],
)
def test_lines_are_shown_together_as_each_is_alone(lines: list[str]) -> None:
    assert list(printable_lines(lines)) == [printable_line(line) for line in lines]


def test_a_text_of_several_lines_is_split_as_terminals_would_and_tabs_become_spaces() -> None:
    assert escaped_lines("one\r\ntwo\tx\x00\n\u2028end") == ["one", "two     x\\x00", "", "end"]


@pytest.mark.parametrize(
    "text", ["\x7f\x80\x9b", "\u202e \u2028", "\ud800", "\U000e0041", "é 😀", '"\\##[x]', "a\nb\x1b"]
)
def test_json_stays_the_same_document(text: str) -> None:
    document = {"text": text, text: [text]}
    shown = printable_json(json.dumps(document, indent=2, ensure_ascii=False))
    assert json.loads(shown) == document
    assert escaped(shown.replace("\n", "")) == shown.replace("\n", "")
    assert "##[" not in shown
