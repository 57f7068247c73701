"""Small projects on disk, and builds of their factories with the real worker on the stand-in TensorFlow."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

from seedreg.cli.hints import hint_of
from seedreg.domain.build import BuildRequest, Built, Outcome
from seedreg.domain.canonical import canonical_json
from seedreg.domain.failure import BuildFailure
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe
from seedreg.errors import NotJudged
from seedreg.executors.local import LocalExecutor
from seedreg.reports.words.failures import failure_error, failure_message

MODELS = """
    from tensorflow import keras

    def build(units=3):
        return keras.Sequential([keras.Input((4,)), keras.Dense(units), keras.Dropout(0.5), keras.Dense(2)])
"""


def write_project(root: Path, files: Mapping[str, str]) -> Path:
    """Write the files, dedented, with their folders."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return root


def recipe(factory: str, seed: int = 0, params: Mapping[str, Any] | None = None, **fields: Any) -> Recipe:
    """A recipe of project `p`."""
    return Recipe("p", factory, seed, canonical_json(dict(params or {})), **fields)


def requests_of(recipes: Iterable[Recipe]) -> list[BuildRequest]:
    """A request for each, with keys from 0."""
    return [BuildRequest(key, one) for key, one in enumerate(recipes)]


def run_one(
    root: Path, environ: Mapping[str, str], one: Recipe, isolation: Isolation, **options: Any
) -> Outcome:
    """The outcome of one build in an executor of its own."""
    with LocalExecutor(sys.executable, root, environ=environ, isolation=isolation, **options) as executor:
        ((_, outcome),) = executor.run(requests_of([one]))
    return outcome


def built(outcome: Outcome) -> Built:
    """The outcome, which must be weights."""
    assert isinstance(outcome, Built), outcome
    return outcome


def failed(outcome: Outcome) -> BuildFailure:
    """The outcome, which must be a failure."""
    assert isinstance(outcome, BuildFailure), outcome
    return outcome


def shown(failure: BuildFailure) -> tuple[str, str, str | None]:
    """The failure as the command line shows it: its kind, its message and its hint."""
    return failure.kind.value, failure_message(failure), hint_of(failure_error(failure, NotJudged))


def is_alive(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_for_end(pids: Iterable[int], patience_s: float = 5.0) -> list[int]:
    """Those of the processes that are still alive when patience is over."""
    deadline = time.monotonic() + patience_s
    alive = [pid for pid in pids if is_alive(pid)]
    while alive and time.monotonic() < deadline:
        time.sleep(0.01)
        alive = [pid for pid in alive if is_alive(pid)]
    return alive


def wait_for_pids(file: Path, count: int, patience_s: float = 20.0) -> list[int]:
    """The process ids that builds have written to the file, one per line, once there are `count`."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if file.exists() and len(pids := file.read_text().split()) >= count:
            return [int(pid) for pid in pids]
        time.sleep(0.01)
    raise AssertionError(f"{file} does not hold {count} process ids")


def descendants(pid: int) -> list[int]:
    """The processes below this one."""
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry))
    found, waiting = [], [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found
