"""Keras 3 came with TensorFlow 2.16: a Dropout before a Dense moves that Dense's initial weights."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

MODELS = """\
from tensorflow import keras


def build():
    layers = keras.layers
    return keras.Sequential([layers.InputLayer((4,)), layers.Dense(8), layers.Dropout(0.5), layers.Dense(2)])
"""
OLD, NEW = (
    ("--with", f"tensorflow-cpu=={release}.*", "--python-version", "3.11") for release in ("2.15", "2.16")
)


def seedreg(root: Path, variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "seedreg", *arguments],
        cwd=root,
        env={**variables, "SEEDREG_TIMEOUT": "900", "SEEDREG_CACHE_DIR": str(root / "environments")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.timeout(3600)
def test_blame_names_keras_between_tensorflow_2_15_and_2_16(
    tmp_path: Path, network_variables: dict[str, str]
) -> None:
    """Both TensorFlows come from the default index: 0.5 GB, kept by uv."""
    (tmp_path / ".seedreg").mkdir()
    (tmp_path / "models.py").write_text(MODELS)
    registered = seedreg(tmp_path, network_variables, "register", "build", *OLD)
    if registered.returncode != 0:
        pytest.skip(f"TensorFlow 2.15 on Python 3.11 cannot be installed here: {registered.stderr[-500:]}")
    blamed = seedreg(tmp_path, network_variables, "blame", "build", *NEW)
    if blamed.returncode == 125:
        pytest.skip(f"TensorFlow 2.16 on Python 3.11 cannot be installed here: {blamed.stderr[-500:]}")
    assert blamed.returncode == 1, blamed
    # The second Dense, which is named dense_1 in one Keras or the other.
    assert "1 of 4 tensors differ from baseline 1; layers: dense_1\n" in blamed.stdout
    (found,) = re.findall(r"^found: (.*)$", blamed.stdout, re.MULTILINE)
    assert re.fullmatch(r"keras 2\.15\.0 → 3\.\S+", found)
    assert (
        "today's environment with only this undone gives the baseline's weights" in blamed.stdout
        or "the baseline's environment with only this changed gives today's weights" in blamed.stdout
    )
