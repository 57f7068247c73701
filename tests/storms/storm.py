"""What a storm is, and the project that it is run on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

STAND_INS = Path(__file__).resolve().parents[1] / "stand_ins"
ROOT = STAND_INS.parents[1]

MODELS = '''\
import os

import numpy as np


def build(units=4):
    """Random weights."""
    return {"kernel": np.random.normal(size=(3, units)), "bias": np.zeros(units)}


def flips():
    return {"w": np.random.normal(size=4) + os.path.exists("drift")}
'''


@dataclass
class Tally:
    """What one storm did, how each case ended, and every case that broke a promise."""

    counts: Counter[str] = field(default_factory=Counter)
    """The number of cases by how they ended; the sum is the number of cases."""
    broken: list[str] = field(default_factory=list)
    """One line for each case that did not end as promised: how to repeat it, and what was seen."""
    notes: list[str] = field(default_factory=list)
    """Measurements, and cases that are known to be undecidable."""

    @property
    def cases(self) -> int:
        """How many cases were tried."""
        return self.counts.total()


@dataclass(frozen=True)
class Storm:
    """One kind of harm: `run(count, seed, folder)` does it `count` times, repeatably for one seed."""

    name: str
    """The module's name, with hyphens."""
    title: str
    """What is done, as the first cell of its row in docs/reliability.md."""
    promise: str
    """What is true after every case, in whole sentences."""
    in_ci: int
    """Number of cases in the test suite: at most half a minute on one core."""
    by_hand: int
    """Number of cases for docs/reliability.md."""
    run: Callable[[int, int, Path], Tally]
    needs: Callable[[], str | None] = lambda: None
    """Why this machine cannot run it; None if it can."""


def needs_proc() -> str | None:
    """Why processes cannot be found on this machine; None if they can."""
    return None if sys.platform == "linux" else "processes are found in /proc"


@dataclass(frozen=True)
class Finished:
    """How a command ended; negative codes are signals."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Shop:
    """A project with factories in a folder of its own, and a user without any other file."""

    root: Path
    environ: Mapping[str, str]

    @classmethod
    def new(cls, folder: Path, models: str = MODELS, **variables: str) -> Shop:
        """A new project without a registry, in which `import tensorflow` finds the stand-in."""
        root, home = (folder / "shop").resolve(), (folder / "home").resolve()
        root.mkdir(parents=True)
        home.mkdir()
        (root / "pyproject.toml").write_text('[tool.seedreg]\nproject = "shop"\n', encoding="utf-8")
        (root / "models.py").write_text(models, encoding="utf-8")
        environ = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(STAND_INS / "fake_tensorflow"))),
            "PYTHONDONTWRITEBYTECODE": "1",
            **variables,
        }
        return cls(root, environ)

    @property
    def registry(self) -> Path:
        """The registry's file."""
        return self.root / ".seedreg" / "registry.db"

    def start(self, *arguments: str, **settings: object) -> subprocess.Popen[str]:
        """Start a command; `variables` adds to its environment."""
        variables = settings.pop("variables", {})
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            [sys.executable, "-m", "seedreg", *arguments],
            cwd=self.root,
            env={**self.environ, **variables},  # type: ignore[dict-item]
            text=True,
            errors="replace",
            **{**options, **settings},
        )

    def __call__(self, *arguments: str, timeout_s: float = 120, **settings: object) -> Finished:
        """Run a command to its end."""
        process = self.start(*arguments, **settings)
        try:
            out, err = process.communicate(timeout=timeout_s)
        except BaseException:
            process.kill()
            process.communicate()
            raise
        return Finished(process.returncode, out or "", err or "")
