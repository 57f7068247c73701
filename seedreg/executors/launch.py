"""How a worker is started: its mode, its command and its environment."""

from __future__ import annotations

import enum
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# Each is meant for one interpreter, and breaks any other.
_OF_ONE_INTERPRETER = ("PYTHONHOME", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__")


class Mode(enum.Enum):
    """The mode of a worker; docs/reference/worker-protocol.md describes both."""

    ZYGOTE = "zygote"
    FRESH = "fresh"


@dataclass(frozen=True)
class Launch:
    """What a worker must be started with for a build to be right; builds that agree share a worker."""

    mode: Mode
    hash_seed: str
    hide_gpus: bool
    variables: tuple[tuple[str, str], ...] = ()
    """Environment variables that the project sets for these builds."""
    only_for: int | None = None
    """The key of the one build that the worker is for, where it is not for every build that fits."""

    def command(self, python: str, program: Path, folder: Path) -> list[str]:
        """The command that starts the worker program; builds have their files in `folder`."""
        # The supervisor of fresh interpreters needs no site-packages; each build's interpreter gets them.
        flags = ["-S"] if self.mode is Mode.FRESH else []
        return [python, *flags, str(program), self.mode.value, str(os.getpid()), str(folder)]

    def environment(self, environ: Mapping[str, str], python: str) -> dict[str, str]:
        """The environment variables of the worker: the user's, without those of another interpreter."""
        kept = dict(environ)
        if os.path.realpath(python) != os.path.realpath(sys.executable):
            for name in _OF_ONE_INTERPRETER:
                kept.pop(name, None)
        kept.update(self.variables)
        kept["PYTHONHASHSEED"] = self.hash_seed
        if self.hide_gpus:
            kept["CUDA_VISIBLE_DEVICES"] = "-1"
        return kept
