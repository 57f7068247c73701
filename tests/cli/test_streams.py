"""What a command found does not depend on who can read it."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import Project

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device /dev/full is needed")

LOST = "seedreg: the output could not be written: No space left on device\n"
EVERYTHING_BROKEN = (">&- 2>&-", ">/dev/full 2>/dev/full", "1</dev/null 2</dev/null", "<&- >&- 2>&-")


def redirected(
    project: Project, redirections: str, *arguments: str, **settings: object
) -> subprocess.Popen[str]:
    """The program, started by a shell that redirects its streams."""
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        ["sh", "-c", f'exec "$@" {redirections}', "-", sys.executable, "-m", "seedreg", *arguments],
        cwd=project.root,
        env=project.environ,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **settings,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize("redirections", ["2>&-", "2>/dev/full", ">&-", ">&- 2>&-"])
def test_no_verdict_becomes_a_drift_because_of_a_stream(project: Project, redirections: str) -> None:
    for words, code in ((["verify", "build"], 0), (["verify", "nothing"], 4), (["bogus"], 2)):
        assert ended(redirected(project, redirections, *words))[0] == code, words
    project.write("drift", "")
    assert ended(redirected(project, redirections, "verify", "coin"))[0] == 1


def test_a_full_output_is_an_error_of_commands_that_only_print(project: Project) -> None:
    for words in (["list"], ["list", "--json"], ["show", "coin"], ["waive", "--list", "--json"], ["config"]):
        assert ended(redirected(project, ">/dev/full", *words)) == (2, "", LOST), words
    for words in (
        ["--help"],
        ["--version"],
        ["list", "--help"],
        ["verify", "build@0"],
        ["tag", "coin", "-a", "x"],
    ):
        assert ended(redirected(project, ">/dev/full", *words)) == (0, "", LOST), words


@pytest.mark.parametrize("redirections", EVERYTHING_BROKEN)
@pytest.mark.parametrize("words", [[], ["--format", "json"], ["--verbose", "--format", "github"]])
def test_an_audit_that_nobody_can_read_is_finished_and_stored(
    project: Project, redirections: str, words: list[str]
) -> None:
    project.write("drift", "")
    assert ended(redirected(project, redirections, "audit", *words)) == (1, "", "")
    stored = project("report", "1", "--format", "json").document
    assert (stored["audit"]["finished_at"] is not None, stored["summary"]["done"]) == (True, 4)
    assert project("db", "check").code == 0


@pytest.mark.parametrize("redirections", EVERYTHING_BROKEN)
def test_a_defect_ends_with_125_also_where_it_cannot_be_reported(project: Project, redirections: str) -> None:
    script = "import seedreg.__main__ as m\ndef broken(_): raise RuntimeError\nm.run = broken\nm.main()\n"
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirections}', "-", sys.executable, "-c", script], check=False
    )
    assert done.returncode == 125


@pytest.mark.parametrize("redirections", EVERYTHING_BROKEN)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_command_that_cannot_say_so(
    project: Project, redirections: str, number: int, code: int
) -> None:
    process = redirected(project, redirections, "register", "hangs", start_new_session=True)
    deadline = time.monotonic() + 20
    while len(project.processes()) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, number)
    assert ended(process) == (code, "", "")


def test_a_pager_that_cannot_be_started_or_fails_changes_no_code(project: Project) -> None:
    for pager in ("false", "nowhere", "head -c 1"):
        ours, theirs = pty.openpty()
        process = project.popen(
            *("show", "coin"),
            stdout=theirs,
            variables={"PAGER": pager, "TERM": "xterm", "LINES": "1"},
        )
        os.close(theirs)
        while True:
            try:
                if not os.read(ours, 1 << 16):
                    break
            except OSError:
                break
        assert process.wait(60) == 0, pager
        os.close(ours)
        process.communicate()
