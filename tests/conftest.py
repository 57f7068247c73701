"""What every test starts from; stand-ins for what the tests do without: TensorFlow, and the worker itself."""

from __future__ import annotations

import compileall
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hermetic
import hypothesis
import pytest

from seedreg.executors.local import WORKER_FOLDER

STAND_INS = Path(__file__).parent / "stand_ins"
_STATE = pytest.StashKey[hermetic.KnownState]()

# A busy machine is no failure, no example is kept between runs, and CI=true changes none of this.
hypothesis.settings.register_profile("seedreg", deadline=None, database=None, print_blob=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the sample documents of tests/data again; never for a format that was released",
    )


def pytest_configure() -> None:
    hypothesis.settings.load_profile("seedreg")


# First of all: before pytest-xdist starts its workers and before a test module is imported, but after pytest
# has read TERM, NO_COLOR and the like for its own report.
@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    if reason := hermetic.refusal():
        raise pytest.UsageError(reason)
    # A worker of pytest-xdist inherits the known state and gets the variables outside from its parent.
    outside = getattr(session.config, "workerinput", {}).get("outside_variables")
    session.config.stash[_STATE] = hermetic.enter(dict(os.environ) if outside is None else outside)
    # pytest finds its own files relative to this folder until the first test starts.
    os.chdir(session.config.invocation_params.dir)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["outside_variables"] = dict(node.config.stash[_STATE].outside)


def pytest_unconfigure(config: pytest.Config) -> None:
    if state := config.stash.get(_STATE, None):
        hermetic.leave(state, config.invocation_params.dir)


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    session.config.stash[_STATE].restore()
    return (yield)


@pytest.fixture(autouse=True)
def known_state(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test starts from the known state and leaves it as it was."""
    state = request.config.stash[_STATE]
    yield
    changes = state.changes()
    state.restore()
    assert changes == [], "the test has left the process changed"


@pytest.fixture(scope="session")
def network_variables(request: pytest.FixtureRequest) -> dict[str, str]:
    """The known variables, and those by which this machine's uv finds packages, interpreters and its cache.

    Only for tests that install real packages.
    """
    return {**os.environ, **hermetic.network_variables(request.config.stash[_STATE].outside)}


@pytest.fixture(scope="session")
def fake_tensorflow_environ() -> dict[str, str]:
    """Variables of a process whose `import tensorflow` and `import keras` find the stand-ins.

    For `LocalExecutor(environ=…)`, or for a subprocess that runs the command line. Copy it to change it.
    """
    environ = {**os.environ, "PYTHONPATH": str(STAND_INS / "fake_tensorflow")}
    # A test that changes a module twice in one second must not get the bytecode of the first.
    environ["PYTHONDONTWRITEBYTECODE"] = "1"
    compileall.compile_dir(str(WORKER_FOLDER), quiet=2)  # else every fresh build compiles the worker again
    return environ


@pytest.fixture(scope="session")
def uv_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of uv's own for all tests: its entries carry the path of their index."""
    return tmp_path_factory.mktemp("uv-cache")


@pytest.fixture(scope="session")
def stand_in_worker() -> Path:
    """The folder of a worker that needs neither TensorFlow nor NumPy: `LocalExecutor(worker_folder=…)`."""
    return STAND_INS / "worker"
