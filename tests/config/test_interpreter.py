from __future__ import annotations

import sys
from pathlib import Path

import pytest

from seedreg.config import resolve_python
from seedreg.errors import ConfigError, Step


def test_a_virtual_environments_python_stays_the_link_that_it_is(tmp_path: Path) -> None:
    link = tmp_path / ".venv" / "bin" / "python"
    link.parent.mkdir(parents=True)
    link.symlink_to(sys.executable)
    assert resolve_python(".venv/bin/python", tmp_path) == str(link)
    assert resolve_python(str(link), Path("/")) == str(link)
    assert resolve_python("python", tmp_path, search_path=str(link.parent)) == str(link)


def test_a_missing_interpreter_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "plain").touch()
    shown = {}
    for text in ("no/python", "python9", "./plain", "./.venv", ""):
        with pytest.raises(ConfigError) as caught:
            resolve_python(text, tmp_path, search_path=str(tmp_path))
        shown[text] = (caught.value.message, caught.value.hint or caught.value.step)
    assert shown == {
        "no/python": (f"there is no interpreter {tmp_path}/no/python", Step.NAME_PYTHON),
        "python9": ("there is no command 'python9' on the search path", Step.NAME_PYTHON),
        "./plain": (f"the interpreter {tmp_path}/plain is not executable", Step.NAME_PYTHON),
        "./.venv": (
            f"the interpreter {tmp_path}/.venv is a folder",
            f"did you mean {tmp_path}/.venv/bin/python?",
        ),
        "": ("it is not known which Python should build", Step.NAME_PYTHON),
    }
