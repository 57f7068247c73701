"""What a command reported as done survives whatever ends it, and no process of its outlives it."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from .conftest import Project

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")


SOON_S = 10.0  # also on a busy machine; what would wait for a build or an import would take 30 s or 600 s


def wait_until(true: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return true()


def integrity(project: Project) -> str:
    file = sqlite3.connect(project.db)
    try:
        (found,) = file.execute("PRAGMA integrity_check").fetchone()
    finally:
        file.close()
    return str(found)


def registered(project: Project) -> set[str]:
    return {entry["id"][:12] for entry in project("list", "--json").document["entries"]}


@pytest.mark.slow
def test_what_was_printed_survives_kill_9_at_any_moment(project: Project) -> None:
    moments = random.Random(20240229)
    shown: set[str] = set()
    left: list[list[str]] = []
    for attempt in range(10):
        said = [project.root / f"said-{number}" for number in range(3)]
        commands = []
        for number, path in enumerate(said):
            seeds = f"{attempt * 600 + number * 200}-{attempt * 600 + number * 200 + 199}"
            with path.open("wb") as out:
                commands.append(
                    project.popen("register", "slow", "-p", "pause=0", "--seed", seeds, stdout=out)
                )
        if attempt % 5:  # while entries are written; else at any moment from the start on
            assert wait_until(lambda: any(path.stat().st_size for path in said), 30)  # noqa: B023
        for process in commands:
            time.sleep(moments.random() * (0.4 if attempt % 5 else 1.0))
            process.kill()
            process.communicate()
        for path in said:
            *lines, _ = path.read_text(encoding="utf-8").split("\n")
            shown |= {line.split("  ")[1] for line in lines if line.startswith("registered  ")}
        if not wait_until(lambda: not project.processes(), SOON_S):
            left.append(project.processes())
        assert integrity(project) == "ok"
    assert left == []
    assert shown, "no command came as far as to register anything"
    assert shown - registered(project) == set()
    sample = moments.sample(sorted(shown), min(len(shown), 20))
    result = project("verify", *sample, "--json")
    assert (result.code, result.document["summary"]["REPRODUCED"]) == (0, len(sample))
    assert project("db", "check").code == 0


@pytest.mark.slow
def test_eight_commands_at_once_lose_nothing_of_each_other(empty_project: Project) -> None:
    commands = [
        empty_project.popen("register", "slow", "-p", "pause=0", "--seed", f"{number * 3}-{number * 3 + 4}")
        for number in range(8)
    ]
    said = [command.communicate(timeout=120) for command in commands]
    assert [command.returncode for command in commands] == [0] * 8, said
    assert all("error" not in err for _, err in said)
    expected = {empty_project.id("slow", seed, params={"pause": 0}) for seed in range(26)}
    assert registered(empty_project) == expected
    # A seed that two commands had is new to one of them only.
    new = [line.split("  ")[1] for out, _ in said for line in out.splitlines() if line.startswith("reg")]
    assert sorted(new) == sorted(expected)
    assert empty_project("db", "check").code == 0


def ended(process: subprocess.Popen[str], number: int) -> tuple[int, str, float]:
    """Exit code, standard error and seconds after a signal to the group, as a terminal sends it."""
    started = time.monotonic()
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=20)
    return process.returncode, err, time.monotonic() - started


SIGNALS = [
    pytest.param(signal.SIGINT, 130, "\nseedreg: interrupted; what was finished is kept\n", id="Ctrl-C"),
    pytest.param(signal.SIGTERM, 143, "", id="SIGTERM"),
]


@pytest.mark.parametrize(("number", "code", "message"), SIGNALS)
def test_a_signal_while_builds_hang(project: Project, number: int, code: int, message: str) -> None:
    process = project.popen("register", "hangs", "--seed", "0-3", "--jobs", "2", start_new_session=True)
    # The command, a worker for each kind of isolation, and a build in each of them.
    assert wait_until(lambda: len(project.processes()) >= 3, 20), project.processes()
    time.sleep(0.3)
    found = ended(process, number)
    assert found[:2] == (code, message)
    assert found[2] < SOON_S
    assert wait_until(lambda: not project.processes(), SOON_S), project.processes()


@pytest.mark.parametrize(("number", "code", "message"), SIGNALS)
def test_a_signal_while_tensorflow_is_imported(
    project: Project, number: int, code: int, message: str
) -> None:
    variables = {"FAKE_TF_SLEEP_S": "30"}
    process = project.popen("verify", "build", start_new_session=True, variables=variables)
    assert wait_until(lambda: len(project.processes()) >= 2, 20), project.processes()
    time.sleep(0.3)
    found = ended(process, number)
    assert found[:2] == (code, message)
    assert found[2] < SOON_S
    assert wait_until(lambda: not project.processes(), SOON_S), project.processes()


def test_what_was_finished_before_ctrl_c_is_kept(project: Project) -> None:
    project.edit(
        "def slow(pause=0.05):\n", "def slow(pause=0.05, seed=0):\n    pause = 600 if seed > 1 else 0\n"
    )
    process = project.popen("register", "slow", "--seed", "0-3", "--jobs", "2", start_new_session=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith(f"registered  {project.id('slow')}  models:slow@0")
    assert ended(process, signal.SIGINT)[0] == 130
    assert project.id("slow") in registered(project)
    assert wait_until(lambda: not project.processes(), SOON_S), project.processes()


def test_a_build_that_ignores_signals_and_forks_is_ended_with_the_command(project: Project) -> None:
    project.write(
        "stubborn.py",
        "import os, signal, time\n"
        "def build():\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "    os.fork()\n"
        "    open('started', 'w').close()\n"
        "    time.sleep(600)\n",
    )
    process = project.popen("register", "stubborn:build", start_new_session=True)
    assert wait_until((project.root / "started").exists, 20)
    assert ended(process, signal.SIGINT)[0] == 130
    assert wait_until(lambda: not project.processes(), SOON_S), project.processes()


def test_a_second_ctrl_c_ends_the_command_too(project: Project) -> None:
    process = project.popen("verify", "build", start_new_session=True, variables={"FAKE_TF_SLEEP_S": "30"})
    assert wait_until(lambda: len(project.processes()) >= 2, 20)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.2)
    assert ended(process, signal.SIGINT)[0] == 130
    assert wait_until(lambda: not project.processes(), SOON_S), project.processes()
