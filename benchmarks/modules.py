"""Modules that take long to import or set variables, compared with modules that do not.

Each has an environment of its own with the releases that are named here. uv installs them, so this needs the
network once.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.measure import Command, CommandFailed, Pairs
from benchmarks.project import Project, environment, project
from benchmarks.results import Result, Settings

_TENSORFLOW = "tensorflow==2.21.0"
_HUB = (_TENSORFLOW, "keras==3.15.1", "keras-hub==0.32.0")
_LEGACY = (_TENSORFLOW, "tf-keras==2.21.0")
_PROBABILITY = (*_LEGACY, "tensorflow-probability==0.25.0")
_BERT = (*_LEGACY, "transformers==4.57.6")
_SEEDS = 6
_MANY_SEEDS = 20

_SMALL = """\
def build_model():
    return keras.Sequential([keras.layers.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(64)])
"""
_LIGHT = "import keras\n\n" + _SMALL
_KERAS_HUB = "import keras\nimport keras_hub\n\n" + _SMALL
_BACKEND = 'import os\n\nos.environ["KERAS_BACKEND"] = "tensorflow"\nimport keras\n\n' + _SMALL
_VARIABLE = 'import os\n\nos.environ["TF_USE_LEGACY_KERAS"] = "1"\n'
_DISTRIBUTIONS = """\
import tensorflow as tf
import tensorflow_probability as tfp

def build_model():
    layers = [tf.keras.layers.Input((8,)), tfp.layers.DenseFlipout(16), tf.keras.layers.Dense(2)]
    return tf.keras.Sequential(layers)
"""
_TRANSFORMER = """\
import tensorflow as tf
from transformers import BertConfig, TFBertModel

def build_model():
    model = TFBertModel(
        BertConfig(hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128)
    )
    model.build()
    return model
"""


def keras_hub(settings: Settings) -> Result:
    """Many builds of a module that imports keras-hub, compared with one that imports Keras alone."""
    return _compared("verify-keras-hub", _HUB, _KERAS_HUB, _LIGHT, _MANY_SEEDS, 1.3, settings)


def keras_backend(settings: Settings) -> Result:
    """A module that sets KERAS_BACKEND to what is in effect, compared with one that does not."""
    return _compared("verify-keras-backend", _HUB, _BACKEND, _LIGHT, _SEEDS, 1.2, settings)


def probability(settings: Settings) -> Result:
    """A module that chooses the legacy Keras itself, compared with the choice made in the shell."""
    return _legacy("verify-probability", _PROBABILITY, _DISTRIBUTIONS, settings)


def bert(settings: Settings) -> Result:
    """The same for a model of transformers."""
    return _legacy("verify-bert", _BERT, _TRANSFORMER, settings)


def _legacy(name: str, packages: tuple[str, ...], code: str, settings: Settings) -> Result:
    return _compared(
        name, packages, _VARIABLE + code, code, _SEEDS, 1.5, settings, {"TF_USE_LEGACY_KERAS": "1"}
    )


def _compared(
    name: str,
    packages: tuple[str, ...],
    heavy: str,
    light: str,
    seeds: int,
    bound: float,
    settings: Settings,
    variables: dict[str, str] | None = None,
) -> Result:
    """CPU time of verifying the factory of one module and of another; `variables` are set for the latter."""
    with _python(packages) as python, project() as place:
        (place.folder / "heavy.py").write_text(heavy, encoding="utf-8")
        (place.folder / "light.py").write_text(light, encoding="utf-8")
        first = _verify(place, "heavy", seeds, python, {})
        second = _verify(place, "light", seeds, python, variables or {})
        first.run()
        second.run()
        measured = [(first.cpu_time(), second.cpu_time()) for _ in range(settings.repeat)]
    other = "the variable set in the shell" if variables else "one that imports Keras alone"
    return Result(
        name,
        f"`seedreg verify` of {seeds} seeds, {' '.join(packages[-1:])}",
        f"that of {other}",
        "s",
        bound,
        Pairs(tuple(a for a, _ in measured), tuple(b for _, b in measured)),
        note=f"CPU time, in user and system mode. Environment: {', '.join(packages)}.",
    )


def _verify(place: Project, module: str, seeds: int, python: str, variables: dict[str, str]) -> Command:
    """The command that verifies the seeds of a module's factory, which are registered here."""

    def with_variables(command: Command) -> Command:
        return replace(command, environ={**command.environ, **variables})

    factory = f"{module}:build_model"
    register = place.seedreg("register", factory, "--seed", f"0-{seeds - 1}", "--python", python)
    with_variables(register).run()
    return with_variables(place.seedreg("verify", factory, "--python", python))


@contextlib.contextmanager
def _python(packages: tuple[str, ...]) -> Iterator[str]:
    """The interpreter of a new environment with these packages, which is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="seedreg-benchmark-") as folder:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        python = str(Path(folder) / "bin" / "python")
        _uv("venv", "--quiet", "--python", version, "--allow-existing", folder)
        _uv("pip", "install", "--quiet", "--python", python, *packages)
        yield python


def _uv(*arguments: str) -> None:
    command = [sys.executable, "-m", "uv", *arguments]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CommandFailed(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stderr}")
