"""Lines and tables of text reports."""

from __future__ import annotations

from seedreg.reports.lines import Headline, Line, Tone, counted, indented, listed, wrapped
from seedreg.reports.table import table_lines


def test_one_is_not_many() -> None:
    assert [counted(number, "tensor") for number in (0, 1, 2, 1234)] == [
        "0 tensors",
        "1 tensor",
        "2 tensors",
        "1,234 tensors",
    ]


def test_lines_are_indented_with_their_headlines() -> None:
    headline = Headline("DRIFTED", Tone.BAD, "  models:build@0")
    both: list[Line] = ["one", headline]
    lines = list(indented(both, 2))
    assert lines == ["    one", Headline("DRIFTED", Tone.BAD, "  models:build@0", "    ")]
    assert str(lines[1]) == "    DRIFTED  models:build@0"


def test_pieces_are_wrapped_but_never_broken() -> None:
    pieces = [f"package-{number} 1.0 → 2.0" for number in range(5)]
    lines = list(wrapped(["environment:", *listed(pieces)]))
    assert lines == [
        "environment: package-0 1.0 → 2.0, package-1 1.0 → 2.0, package-2 1.0 → 2.0,",
        "  package-3 1.0 → 2.0, package-4 1.0 → 2.0",
    ]
    assert max(map(len, lines)) <= 78
    long = "x" * 100
    assert list(wrapped(["a", long, "b"])) == ["a", f"  {long}", "  b"]
    assert list(wrapped([])) == []


def test_a_list_ends_with_its_last_word() -> None:
    assert [" ".join(listed(list(items), last="and")) for items in ("a", "ab", "abc")] == [
        "a",
        "a and b",
        "a, b and c",
    ]
    assert " ".join(listed(["a", "b"])) == "a, b"


def test_columns_are_as_wide_as_their_longest_cell() -> None:
    rows = [("", "NAME", "SIZE"), ("", "a", "12"), ("", "long name", "3")]
    assert list(table_lines(rows)) == ["  NAME       SIZE", "  a          12", "  long name  3"]
    assert list(table_lines(rows, right=[2])) == [
        "  NAME       SIZE",
        "  a            12",
        "  long name     3",
    ]
    assert list(table_lines([])) == []
