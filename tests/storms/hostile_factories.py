"""Hostile factories, each built beside two healthy ones by one worker."""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seedreg.domain.build import BuildRequest, Built, Outcome
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe
from seedreg.executors.local import LocalExecutor
from storms.hostile_code import HOSTILE, PRELUDE
from storms.storm import STAND_INS, Storm, Tally, needs_proc

_TIMEOUT_S = 6.0
# To resume a stopped worker, to start others for builds that are repeated, and for a busy machine.
_GRACE_S = 40.0
_PATIENCE_S = 5.0
_MARK = "STORM_CASE"
# What processes without any variable sleep for, so that they are known from those of other programs.
_SLEEP = f"600.{os.getpid()}"


def run(count: int, seed: int, folder: Path) -> Tally:
    """Build hostile factories, all of them before any is built again."""
    tally = Tally()
    order = list(range(len(HOSTILE)))
    random.Random(seed).shuffle(order)
    root = folder / "project"
    root.mkdir()
    functions = [f"def f{number}():\n    {body}\n" for number, (_, body) in enumerate(HOSTILE)]
    text = (
        "\n\n".join([PRELUDE, *functions])
        .replace("'600'", repr(_SLEEP))
        .replace("sleep 600", f"sleep {_SLEEP}")
    )
    (root / "models.py").write_text(text, encoding="utf-8")
    right = _digest(_build(root, folder / "first", ["model"]).outcomes[0])
    for case in range(count):
        number = order[case % len(order)]
        ended = _build(root, folder / f"case-{case}", ["healthy", f"f{number}", "healthy"])
        found = _kind(ended.outcomes[1])
        tally.counts[found] += 1
        wrong = _wrong(HOSTILE[number][0].split(), ended, right)
        if wrong:
            tally.broken.append(
                f"f{number} (case {case}, seed {seed}): {HOSTILE[number][1]!r}: {'; '.join(wrong)}"
            )
    return tally


class _Ended:
    """How the builds of one executor ended, and what was left afterwards."""

    def __init__(
        self, outcomes: list[Outcome], seconds: float, processes: list[str], files: list[str]
    ) -> None:
        self.outcomes = outcomes
        self.seconds = seconds
        self.processes = processes
        self.files = files


def _build(root: Path, folder: Path, names: list[str]) -> _Ended:
    folder.mkdir()
    own, theirs = folder / "own", folder / "theirs"
    own.mkdir()
    theirs.mkdir()
    case = folder.resolve().as_posix()
    environ = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(theirs),
        "TMPDIR": str(theirs),
        "PYTHONPATH": str(STAND_INS / "fake_tensorflow"),
        "PYTHONDONTWRITEBYTECODE": "1",
        _MARK: case,
    }
    requests = [BuildRequest(key, Recipe("p", f"models:{name}", 7)) for key, name in enumerate(names)]
    before = set(_sleepers())
    started = time.monotonic()
    with _temporary_folder(own):
        executor = LocalExecutor(
            sys.executable, root, environ=environ, isolation=Isolation.FORK, jobs=3, timeout_s=_TIMEOUT_S
        )
        try:
            outcomes = {request.key: outcome for request, outcome in executor.run(requests)}
        finally:
            executor.close()
    seconds = time.monotonic() - started
    left = _left(case, before)
    return _Ended([outcomes[key] for key in range(len(names))], seconds, left, sorted(os.listdir(own)))


@contextmanager
def _temporary_folder(folder: Path) -> Iterator[None]:
    before = tempfile.tempdir
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def _wrong(expected: list[str], ended: _Ended, right: str) -> list[str]:
    wrong = []
    if _kind(ended.outcomes[1]) not in expected:
        wrong.append(f"{ended.outcomes[1]} instead of {' or '.join(expected)}")
    elif isinstance(ended.outcomes[1], Built) and _digest(ended.outcomes[1]) != right:
        wrong.append("other weights")
    wrong += [f"the build beside it: {one}" for one in ended.outcomes[::2] if _digest(one) != right]
    if ended.seconds > _TIMEOUT_S + _GRACE_S:
        wrong.append(f"took {ended.seconds:.0f} s")
    wrong += [f"process left: {one}" for one in ended.processes]
    wrong += [f"file left: {one}" for one in ended.files]
    return wrong


def _kind(outcome: Outcome) -> str:
    return "built" if isinstance(outcome, Built) else outcome.kind.value


def _digest(outcome: Outcome) -> str:
    return outcome.fingerprint.digest if isinstance(outcome, Built) else str(outcome)


def _left(case: str, before: set[int]) -> list[str]:
    """Processes that still have the variable of the case, or that sleep without any."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        found = {
            pid: command
            for pid, environment, command in _processes()
            if f"{_MARK}={case}".encode() in environment or (pid not in before and _is_sleeper(command))
        }
        if not found or time.monotonic() > deadline:
            return [f"{pid} {command}" for pid, command in found.items()]
        time.sleep(0.02)


def _sleepers() -> Iterator[int]:
    yield from (pid for pid, _, command in _processes() if _is_sleeper(command))


def _is_sleeper(command: str) -> bool:
    return command == f"sleep {_SLEEP}"


def _processes() -> Iterator[tuple[int, bytes, str]]:
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                environment = Path(f"/proc/{name}/environ").read_bytes()
                command = (
                    Path(f"/proc/{name}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                )
            except OSError:
                continue
            yield int(name), environment, command.strip()


STORM = Storm(
    name="hostile-factories",
    title="Hostile factories, each beside two healthy ones",
    promise="The hostile build fails as it should or gives its weights. The builds beside it give theirs. "
    "All end in time. No process and no file is left.",
    in_ci=12,
    by_hand=len(HOSTILE),
    run=run,
    needs=needs_proc,
)
