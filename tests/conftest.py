"""Stand-ins for what the tests do without: TensorFlow, and the worker itself."""

from __future__ import annotations

import compileall
import os
import signal
from pathlib import Path

import pytest

from seedreg.executors.local import WORKER_FOLDER

STAND_INS = Path(__file__).parent / "stand_ins"
_FOREIGN = ("SEEDREG_", "TF_", "KERAS_", "XLA_", "CUDA_", "FAKE_TF_", "STAND_IN_")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the sample documents of tests/data anew; never for a format that was released",
    )


def pytest_configure() -> None:
    # A shell starts what runs in its background with Ctrl-C ignored, and so the commands under test would be.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def fake_tensorflow_environ() -> dict[str, str]:
    """Variables of a process whose `import tensorflow` and `import keras` find the stand-ins.

    For `LocalExecutor(environ=…)`, or for a subprocess that runs the command line. Copy it to change it.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    inherited = [environ["PYTHONPATH"]] if environ.get("PYTHONPATH") else []
    environ["PYTHONPATH"] = os.pathsep.join([str(STAND_INS / "fake_tensorflow"), *inherited])
    # A test that changes a module twice in one second must not get the bytecode of the first.
    environ["PYTHONDONTWRITEBYTECODE"] = "1"
    compileall.compile_dir(str(WORKER_FOLDER), quiet=2)  # else every fresh build compiles the worker anew
    return environ


@pytest.fixture(scope="session")
def uv_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of uv's own for all tests: what it holds of an index is told apart by the index's path."""
    return tmp_path_factory.mktemp("uv-cache")


@pytest.fixture(scope="session")
def stand_in_worker() -> Path:
    """The folder of a worker that needs neither TensorFlow nor NumPy: `LocalExecutor(worker_folder=…)`."""
    return STAND_INS / "worker"
