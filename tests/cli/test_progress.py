"""The progress line of `seedreg audit`: on a terminal, and nowhere else."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import termios
from collections.abc import Iterator

import pytest

from seedreg.cli.progress import Progress

from .conftest import Project


@pytest.fixture
def now() -> list[float]:
    return [100.0]


def progress(total: int, now: list[float]) -> Progress:
    return Progress(total, lambda: now[0])


def test_it_tells_what_is_done(now: list[float]) -> None:
    one = progress(4, now)
    assert one.line() == "[------------------------] 0 of 4"
    one.step(failed=False)
    assert one.line() == "[######------------------] 1 of 4"
    now[0] += 3
    one.step(failed=True)
    assert one.line() == "[############------------] 2 of 4, 1 failed, 6 s left"
    for _ in range(2):
        one.step(failed=True)
    assert one.line() == "[########################] 4 of 4, 3 failed"


@pytest.mark.parametrize(
    ("pace_s", "left"), [(0.1, "10 s"), (1.0, "1 min 38 s"), (60.0, "1 h 38 min"), (0.0, "0 s")]
)
def test_the_time_left_is_told_from_the_pace_since_the_first(
    now: list[float], pace_s: float, left: str
) -> None:
    one = progress(100, now)
    now[0] += 1000  # the import of TensorFlow does not count
    one.step(failed=False)
    now[0] += pace_s
    one.step(failed=False)
    assert one.line().endswith(f"2 of 100, {left} left")


def test_nothing_to_do_is_no_division_by_zero(now: list[float]) -> None:
    assert progress(0, now).line() == "[------------------------] 0 of 0"


def test_a_terminal_that_has_gone_ends_nothing(
    now: list[float], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    one = progress(4, now)
    one.draw()  # the size of what is no terminal cannot be asked for
    assert capfd.readouterr().err == f"\r{one.line()}\x1b[K"


def test_where_there_is_no_terminal_nothing_is_drawn(
    now: list[float], capfd: pytest.CaptureFixture[str]
) -> None:
    one = progress(2, now)
    one.draw()
    one.step(failed=False)
    one.clear()
    assert capfd.readouterr() == ("", "")


def on_terminal(
    project: Project, *arguments: str, columns: int = 80, **variables: str
) -> tuple[int, str, str]:
    """Exit code, standard output, and what a terminal that is standard error was sent."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = project.popen(*arguments, stderr=theirs, variables=variables)
    os.close(theirs)
    sent = "".join(_read(ours))
    os.close(ours)
    out, _ = process.communicate(timeout=60)
    return process.returncode, out, sent


def _read(terminal: int) -> Iterator[str]:
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # nobody has the other end any more
            return
        yield data.decode()


def shown(sent: str) -> list[str]:
    """The lines that stand on the terminal at the end."""
    lines = [""]
    for part in re.findall(r"\r\n|\r|\x1b\[K|\x1b\[[0-9;]*m|[^\r\x1b]+", sent):
        if part == "\r\n":
            lines.append("")
        elif part in ("\r", "\x1b[K"):
            lines[-1] = ""
        elif not part.startswith("\x1b"):
            lines[-1] += part
    return lines


@pytest.mark.parametrize("no_color", ["", "1"])
def test_on_a_terminal_there_is_a_line_that_is_taken_away(project: Project, no_color: str) -> None:
    code, out, sent = on_terminal(project, "audit", NO_COLOR=no_color)
    assert (code, out.splitlines()[-1]) == (0, "4 checks: all reproduced")
    assert "\r[------------------------] 0 of 4\x1b[K" in sent
    assert "\r[########################] 4 of 4\x1b[K" in sent
    assert shown(sent) == ["seedreg: audit 1: 4 checks", ""]


def test_on_a_terminal_failures_stand_above_the_line(project: Project) -> None:
    project.write("break", "")
    code, _, sent = on_terminal(project, "audit")
    assert code == 125
    first, second, *_, last = shown(sent)
    assert first == "seedreg: audit 1: 4 checks"
    assert second.startswith(f"ERROR  {project.id('flips')}  models:flips@0  ")
    assert (last, "REPRODUCED" in sent) == ("", False)
    assert "4 of 4, 1 failed" in sent


def test_on_a_narrow_terminal_the_line_does_not_wrap(project: Project) -> None:
    _, _, sent = on_terminal(project, "audit", columns=20)
    drawn = re.findall(r"\r(\[[^\r\x1b]*)\x1b\[K", sent)
    assert drawn
    assert {len(line) for line in drawn} == {19}


def test_elsewhere_every_result_is_a_line_without_escapes(project: Project) -> None:
    result = project.program("audit")
    assert result.code == 0
    assert "\x1b" not in result.out + result.err
    assert "\r" not in result.err
    assert len(result.err.splitlines()) == 5


def test_what_is_made_stands_above_the_line_too(upgraded: Project) -> None:
    upgraded.environ["SEEDREG_CACHE_DIR"] = str(upgraded.root.parent / "cache")
    with_old = [f"--with={pin}" for pin in ("tensorflow==1.0", "keras==1.0", "noise==1", "grain==1")]
    code, _, sent = on_terminal(upgraded, "audit", "steady", *with_old)
    assert code == 0
    lines = shown(sent)
    assert lines[0] == "seedreg: audit 1: 1 check"
    assert lines[1].startswith("seedreg: creating environment tensorflow==1.0, keras==1.0")
    assert lines[2:] == [""]
