"""Interpreters on this machine: what a program says of itself, and which one fits a version."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seedreg.environments.uv import Uv
from seedreg.errors import EnvironmentFailed, EnvironmentProblem

OLDEST = (3, 6)
_QUERY_TIMEOUT_S = 20.0
_QUERY = (
    "import json, os, sys; print(json.dumps([sys.implementation.name, sys.version.split()[0], "
    "list(sys.version_info[:3]), sys.version_info[3] == 'final', os.uname()[4], 't' in sys.abiflags]))"
)


@dataclass(frozen=True)
class Interpreter:
    """A Python found on this machine, as it describes itself.

    `version` is as Python writes it (`3.14.0rc1`), `numbers` its first three; `usual` is a final
    release of CPython with the global lock, which is what wheels are built for.
    """

    path: str
    version: str
    numbers: tuple[int, ...]
    machine: str
    usual: bool = True


def query(path: str) -> Interpreter:
    """What the program at the path says of itself.

    Raises:
        EnvironmentFailed: if it is no Python that runs, or one older than `OLDEST`.
    """
    try:
        done = subprocess.run(
            [path, "-I", "-S", "-c", _QUERY],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_QUERY_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = f"no answer in {_QUERY_TIMEOUT_S:.0f} s"
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
        raise EnvironmentFailed(EnvironmentProblem.PYTHON_NOT_RUNNABLE, python=path, error=reason) from error
    try:
        name, version, numbers, final, machine, free_threaded = json.loads(done.stdout)
    except (ValueError, TypeError) as error:
        words = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        oldest = ".".join(map(str, OLDEST))
        raise EnvironmentFailed(
            EnvironmentProblem.NOT_A_PYTHON, python=path, oldest=oldest, words=words[-1]
        ) from error
    usual = name == "cpython" and final and not free_threaded
    return Interpreter(path, version, tuple(numbers), machine, usual)


def find_interpreter(version: str, uv: Uv) -> Interpreter:
    """The newest Python of this version (`3.7`, or exactly `3.7.16`) that uv, pyenv or the search path has.

    Raises:
        UvMissing: if uv is not installed.
        EnvironmentFailed: if there is none; it lists what was found.
    """
    wanted = tuple(int(part) for part in version.split("."))
    found: dict[str, Interpreter] = {}
    for path in _paths(uv):
        real = os.path.realpath(path)
        if real not in found:
            with contextlib.suppress(EnvironmentFailed):
                found[real] = query(path)
    fitting = [one for one in found.values() if one.usual and one.numbers[: len(wanted)] == wanted]
    if fitting:
        return max(fitting, key=lambda one: one.numbers)
    seen = sorted((one.numbers, f"{one.version} ({one.path})") for one in found.values())
    found_were = tuple(text for _, text in seen) or ("none",)
    raise EnvironmentFailed(EnvironmentProblem.NO_PYTHON, version=version, found=found_were)


def _paths(uv: Uv) -> Iterator[str]:
    roots = [Path(uv.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")) / "versions"]
    with contextlib.suppress(EnvironmentFailed):
        answer = uv.run("python", "dir")
        if answer.failure is None and answer.output.strip():
            roots.append(Path(answer.output.strip()))
    for root in roots:
        yield from sorted(str(path) for path in root.glob("*/bin/python3"))
    for folder in uv.environ.get("PATH", "").split(os.pathsep):
        # pyenv's shims answer for the selected version only; the versions themselves were listed above.
        if not os.path.isabs(folder) or "shims" in Path(folder).parts:
            continue
        with contextlib.suppress(OSError):
            names = sorted(name for name in os.listdir(folder) if re.fullmatch(r"python(3(\.\d+)?)?", name))
            yield from (os.path.join(folder, name) for name in names)
