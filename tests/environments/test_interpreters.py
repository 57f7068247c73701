from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from seedreg.domain.environment_spec import ExistingPython, MadeEnvironment
from seedreg.environments.interpreters import find_interpreter, query
from seedreg.environments.uv import Uv
from seedreg.errors import EnvironmentFailed, EnvironmentProblem, Step

from .shop import Shop


def interpreter(folder: Path, name: str, answer: list[object]) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    path.chmod(0o755)
    return str(path)


def answer(*numbers: int, kind: str = "cpython", final: bool = True, free: bool = False) -> list[object]:
    version = ".".join(map(str, numbers)) + ("" if final else "rc1")
    return [kind, version, list(numbers), final, "x86_64", free]


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """A machine with several Pythons, in pyenv, in uv's folder and on the search path."""
    pyenv, uv, usual = tmp_path / "pyenv", tmp_path / "uv", tmp_path / "usr" / "bin"
    interpreter(pyenv / "versions" / "3.7.9" / "bin", "python3", answer(3, 7, 9))
    interpreter(pyenv / "versions" / "3.7.16" / "bin", "python3", answer(3, 7, 16))
    interpreter(pyenv / "shims", "python3.7", answer(3, 7, 99))
    interpreter(uv / "cpython-3.14" / "bin", "python3", answer(3, 14, 0, final=False))
    interpreter(uv / "cpython-3.13t" / "bin", "python3", answer(3, 13, 5, free=True))
    interpreter(usual, "python3.13", answer(3, 13, 2))
    interpreter(usual, "python3.9", answer(3, 9, 1, kind="pypy"))
    interpreter(usual, "python", answer(3, 12, 1))
    (usual / "python3.8").write_text("#!/bin/sh\necho not python\n")
    (usual / "python3.8").chmod(0o755)
    interpreter(tmp_path, "uv-program", [])
    (tmp_path / "uv-program").write_text(f"#!/bin/sh\necho {uv}\n")
    return {"PYENV_ROOT": str(pyenv), "PATH": os.pathsep.join(["", "bin", str(pyenv / "shims"), str(usual)])}


@pytest.mark.parametrize(
    ("version", "place"),
    [
        ("3.7", "pyenv/versions/3.7.16/bin/python3"),
        ("3.7.9", "pyenv/versions/3.7.9/bin/python3"),
        ("3.13", "usr/bin/python3.13"),
        ("3.12", "usr/bin/python"),
    ],
)
def test_the_newest_usual_python_of_a_version_is_found(
    tmp_path: Path, machine: dict[str, str], version: str, place: str
) -> None:
    found = find_interpreter(version, Uv(tmp_path, machine, lambda environ: str(tmp_path / "uv-program")))
    assert found.path == str(tmp_path / place)


@pytest.mark.parametrize("version", ["3.14", "3.9", "3.8", "3.1"])
def test_a_missing_python_is_an_error_that_lists_those_that_are_there(
    tmp_path: Path, machine: dict[str, str], version: str
) -> None:
    with pytest.raises(EnvironmentFailed) as caught:
        find_interpreter(version, Uv(tmp_path, machine, lambda environ: str(tmp_path / "uv-program")))
    found = (
        f"3.7.9 ({tmp_path}/pyenv/versions/3.7.9/bin/python3)",
        f"3.7.16 ({tmp_path}/pyenv/versions/3.7.16/bin/python3)",
        f"3.9.1 ({tmp_path}/usr/bin/python3.9)",
        f"3.12.1 ({tmp_path}/usr/bin/python)",
        f"3.13.2 ({tmp_path}/usr/bin/python3.13)",
        f"3.13.5 ({tmp_path}/uv/cpython-3.13t/bin/python3)",
        f"3.14.0rc1 ({tmp_path}/uv/cpython-3.14/bin/python3)",
    )
    assert (caught.value.problem, caught.value.facts, caught.value.step, caught.value.message) == (
        EnvironmentProblem.NO_PYTHON,
        {"version": version, "found": found},
        Step.INSTALL_PYTHON,
        f"no Python {version} was found by uv, in pyenv or on the search path; found were: "
        + ", ".join(found),
    )


def test_a_program_that_is_no_python_is_an_error(shop: Shop) -> None:
    for program, shown in (
        ("/bin/echo", "/bin/echo is not a Python 3.6 or newer that runs (exit status 0)"),
        ("/bin/false", "/bin/false is not a Python 3.6 or newer that runs (exit status 1)"),
        (f"{shop.root}/none", f"the interpreter {shop.root}/none cannot be run: No such file or directory"),
        (str(shop.root), f"the interpreter {shop.root} cannot be run: Permission denied"),
    ):
        with pytest.raises(EnvironmentFailed) as caught:
            shop.cache().open("old", MadeEnvironment(("alpha",)), ExistingPython(program))
        assert caught.value.message == shown
    broken = shop.script("python", "echo 'Fatal Python error: no encodings' >&2; exit 1")
    with pytest.raises(EnvironmentFailed, match=r"newer that runs \(Fatal Python error: no encodings\)"):
        query(broken)


def test_this_interpreter_describes_itself() -> None:
    found = query(sys.executable)
    assert (found.path, found.numbers) == (sys.executable, sys.version_info[:3])
    assert found.machine == os.uname().machine
