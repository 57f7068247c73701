"""An interpreter with an older TensorFlow and without seedreg judges what the current one registered."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import keras_version, run_seedreg

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),  # the environment may have to be downloaded
    pytest.mark.skipif(0 < keras_version()[0] < 3, reason="the drift is that from Keras 2 to Keras 3"),
]


@pytest.fixture(scope="module")
def old_python(tmp_path_factory: pytest.TempPathFactory, network_variables: dict[str, str]) -> str:
    """A Python that has TensorFlow 2.15 and no seedreg."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    command = [uv] if uv else [sys.executable, "-m", "uv"]
    if uv is None and importlib.util.find_spec("uv") is None:
        pytest.skip("uv is not installed: pip install 'seedreg[envs]'")
    found = subprocess.run(
        [*command, "python", "find", "--no-project", ">=3.9,<3.12"],
        env=network_variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        pytest.skip(f"uv finds no Python from 3.9 to 3.11: {found.stderr.strip()}")
    folder = tmp_path_factory.mktemp("tensorflow-2.15") / "venv"
    python = folder / "bin" / "python"
    for arguments in (
        ["venv", "--quiet", "--no-project", "--python", found.stdout.strip(), str(folder)],
        ["pip", "install", "--quiet", "--python", str(python), "tensorflow==2.15.*"],
    ):
        done = subprocess.run(
            [*command, *arguments], env=network_variables, capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"TensorFlow 2.15 cannot be installed here: {done.stderr.strip()[-300:]}")
    return str(python)


def test_a_drift_between_two_versions_of_keras_names_layers_and_packages(
    old_python: str, project: Path, tmp_path: Path
) -> None:
    db = ("--db", str(tmp_path / "registry.db"))
    for name in ("dropout", "module"):
        done = run_seedreg(project, "register", f"zoo:{name}", "--isolation", "fork", *db)
        assert done.returncode == 0, done.stderr

    done = run_seedreg(project, "verify", "dropout", "module", "--python", old_python, *db)
    assert (done.returncode, done.stderr) == (1, "")
    module, dropout = (
        done.stdout[done.stdout.index(verdict) :].splitlines() for verdict in ("REPRODUCED", "DRIFTED")
    )
    assert "zoo:module@0" in module[0]
    assert "zoo:dropout@0" in dropout[0]
    assert dropout[1] == "  1 of 4 tensors differ from baseline 1; layers: second"
    (start,) = (number for number, line in enumerate(dropout) if line.startswith("  environment: "))
    environment = " ".join(line.strip() for line in dropout[start : start + 3])
    assert re.search(r"tensorflow \S+ → 2\.15\.\d+, keras \S+ → 2\.15\.0, ", environment)
    assert "  source: unchanged" in dropout
