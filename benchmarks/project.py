"""The temporary project whose models are measured, and the bare script that a user would write instead."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Command

_MODELS = """\
import tensorflow as tf


def small():
    return tf.keras.Sequential(
        [
            tf.keras.layers.Input((28, 28, 1)),
            tf.keras.layers.Flatten(),
            tf.keras.layers.Dense(64, activation="relu"),
            tf.keras.layers.Dense(10),
        ]
    )


def resnet50():
    return tf.keras.applications.ResNet50(weights=None)
"""

_BARE = """\
import hashlib
import sys

import tensorflow as tf

import models

tf.keras.utils.set_random_seed(int(sys.argv[2]))
model = getattr(models, sys.argv[1])()
for weight in model.weights:
    print(weight.name, hashlib.sha256(weight.numpy().tobytes()).hexdigest())
"""

# Variables that would make one side slower or faster than it is for a user.
_DROPPED = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPROFILEIMPORTTIME", "PYTHONHASHSEED")


@dataclass(frozen=True)
class Project:
    """A folder with `models.py`, under git, in which seedreg and the bare script build the same models."""

    folder: Path

    def seedreg(self, *arguments: str) -> Command:
        """The seedreg command with these arguments."""
        program = Path(sys.executable).with_name("seedreg")
        start = [str(program)] if program.exists() else [sys.executable, "-m", "seedreg"]
        return Command((*start, *arguments), self.folder, environment())

    def bare(self, factory: str, seed: int) -> Command:
        """The script that seeds, builds the same model and prints a hash of each weight."""
        return self.python(str(self.folder / "bare.py"), factory, str(seed))

    def python(self, *arguments: str) -> Command:
        """The interpreter of this program."""
        return Command((sys.executable, *arguments), self.folder, environment())


@contextlib.contextmanager
def project() -> Iterator[Project]:
    """A new project, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="seedreg-benchmark-") as name:
        folder = Path(name).resolve()
        (folder / "models.py").write_text(_MODELS, encoding="utf-8")
        (folder / "bare.py").write_text(_BARE, encoding="utf-8")
        (folder / "pyproject.toml").write_text('[tool.seedreg]\nproject = "benchmark"\n', encoding="utf-8")
        (folder / ".gitignore").write_text("__pycache__/\n", encoding="utf-8")
        _commit(folder)
        yield Project(folder)


def environment() -> dict[str, str]:
    """The variables of every measured command: the same for both sides, without GPUs."""
    environ = {
        name: value
        for name, value in os.environ.items()
        if name not in _DROPPED and not name.startswith(("SEEDREG_", "GIT_"))
    }
    environ["CUDA_VISIBLE_DEVICES"] = "-1"
    return environ


def _commit(folder: Path) -> None:
    """Put the project under git if git is installed: seedreg asks git about the factory's source."""
    if shutil.which("git") is None:
        return
    identity = (
        "-c",
        "user.name=benchmark",
        "-c",
        "user.email=benchmark@localhost",
        "-c",
        "commit.gpgsign=false",
    )
    for arguments in (("init", "-q"), ("add", "."), (*identity, "commit", "-q", "-m", "benchmark")):
        subprocess.run(["git", *arguments], cwd=folder, env=environment(), check=True)
