"""One module prints, and whatever it prints is printable."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import seedreg
from seedreg.cli import printing
from seedreg.reports.lines import Headline, Tone
from seedreg.reports.table import table_lines

PACKAGE = Path(seedreg.__file__).parent
PRINTERS = {"cli/printing.py", "streams.py"}
# Programs that other interpreters run; their standard streams are seedreg's own pipes.
NOT_SEEN = ("worker", "_migrations")

CALLS = {
    *("click.echo", "click.secho", "click.echo_via_pager", "click.prompt", "click.confirm"),
    *("print", "sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"),
    *("traceback.print_exc", "traceback.print_exception", "warnings.warn", "logging"),
}
ASKS = {"sys.stderr.isatty", "sys.stdout.isatty", "sys.stderr.fileno", "sys.stdout.fileno"}
# Nothing is printed there: streams are flushed before the process ends, and SQLAlchemy's log is silenced.
ENDS = {
    *(("__main__.py", name) for name in ("sys.stdout.flush", "sys.stderr.flush")),
    *(("storage/sqlite.py", name) for name in ("logging.getLogger", "logging.NullHandler")),
}


def outputs(path: Path) -> list[str]:
    """What the module uses of all that prints, as dotted names."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = path.relative_to(PACKAGE).as_posix()
    dotted = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name)]
    allowed = [name for name in dotted if name in ASKS or (inside, name) in ENDS]
    # Each of these holds the name of its stream once more.
    for name in allowed:
        dotted.remove(name)
        dotted.remove(name.rpartition(".")[0])
    return [name for name in dotted if name in CALLS]


def test_nothing_is_printed_but_where_it_is_made_printable() -> None:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        if inside.parts[0] not in NOT_SEEN and inside.as_posix() not in PRINTERS:
            found[inside.as_posix()] = outputs(path)
    assert {name: used for name, used in found.items() if used} == {}
    assert outputs(PACKAGE / "cli" / "printing.py") != []


HOSTILE = "\x1b]8;;x\x07\u202e a\nb ##[group]\x9b"
SHOWN = r"\x1b]8;;x\x07\u202e a\nb #\x23[group]\x9b"


def test_every_way_to_print_makes_text_printable(capfd: pytest.CaptureFixture[str]) -> None:
    printing.print_line(HOSTILE)
    printing.print_lines([Headline(HOSTILE, Tone.BAD, HOSTILE, indent="  "), "::error::x"])
    printing.print_paged([HOSTILE, "  ::error::x"])
    printing.say(HOSTILE)
    printing.warn(HOSTILE)
    printing.print_error(f"first\n::error::{HOSTILE}", HOSTILE)
    printing.draw(HOSTILE)
    out, err = capfd.readouterr()
    assert out.split("\n") == [
        SHOWN,
        f"  {SHOWN}{SHOWN}",
        "| ::error::x",
        SHOWN,
        "  | ::error::x",
        "",
    ]
    first, second = SHOWN.split(r"\n")
    assert err.split("\n") == [
        f"seedreg: {SHOWN}",
        f"seedreg: warning: {SHOWN}",
        "seedreg: error: first",
        f"  | ::error::{first}",
        f"  | {second}",
        f"  hint: {SHOWN}",
        f"\r{SHOWN}\x1b[K",
    ]


def test_colour_is_added_after_the_text_was_made_printable(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(printing, "color", lambda: True)
    printing.print_line(Headline("DRIFTED", Tone.BAD, "  \x1b[2J"))
    assert capfd.readouterr().out == "\x1b[31m\x1b[1mDRIFTED\x1b[0m  \\x1b[2J\n"


def test_columns_are_as_wide_as_what_is_shown() -> None:
    assert list(table_lines([("a\x1b", "1"), ("abc", "2"), ("##[x]", "3")])) == [
        r"a\x1b     1",
        r"abc       2",
        r"#\x23[x]  3",
    ]
