"""Which interpreter a setting names."""

from __future__ import annotations

import os
from pathlib import Path

from seedreg.config.values import absolute
from seedreg.errors import ConfigError, Step


def resolve_python(text: str, base: Path, search_path: str | None = None) -> str:
    """The absolute path of the interpreter that `text` names.

    Symbolic links are kept: a virtual environment's `python` is one, and its place is what makes it one.

    Args:
        text: a path, or a bare command name that is looked up on the search path.
        base: what a relative path is relative to.
        search_path: instead of `PATH`.

    Raises:
        ConfigError: if there is no such interpreter.
    """
    import shutil  # 2 ms of start-up, which only commands that build spend

    if not text:
        raise ConfigError("it is not known which Python should build", step=Step.NAME_PYTHON)
    if not os.path.dirname(text) and not text.startswith("~"):
        found = shutil.which(text, path=search_path)
        if found is None:
            raise ConfigError(f"there is no command {text!r} on the search path", step=Step.NAME_PYTHON)
        return os.path.abspath(found)
    path = absolute(text, base)
    if os.path.isdir(path):
        inside = os.path.join(path, "Scripts" if os.name == "nt" else "bin", "python")
        message = f"the interpreter {path} is a folder"
        if shutil.which(inside):
            raise ConfigError(message, hint=f"did you mean {inside}?")
        raise ConfigError(message, step=Step.NAME_PYTHON)
    found = shutil.which(path)
    if found is None:
        what = f"the interpreter {path} is not executable"
        if not os.path.exists(path):
            what = f"there is no interpreter {path}"
        raise ConfigError(what, step=Step.NAME_PYTHON)
    return found
