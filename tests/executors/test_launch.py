"""How workers are started: which variables of the user reach a build."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from builds import built, recipe, run_one, write_project

from seedreg.domain.inputs import InputSpec
from seedreg.domain.isolation import Isolation
from seedreg.executors.launch import Launch, Mode

SHAPE = (InputSpec((4,)),)
ENVIRON = {
    "PATH": "/bin",
    "PYTHONHOME": "/opt/python",
    "PYTHONPATH": "/opt/lib",
    "PYTHONHASHSEED": "7",
    "CUDA_VISIBLE_DEVICES": "1",
    "__PYVENV_LAUNCHER__": "/opt/bin/python",
}


@pytest.mark.parametrize(
    ("launch", "changed"),
    [
        (Launch(Mode.ZYGOTE, "0", hide_gpus=True), {"PYTHONHASHSEED": "0", "CUDA_VISIBLE_DEVICES": "-1"}),
        (Launch(Mode.FRESH, "random", hide_gpus=False), {"PYTHONHASHSEED": "random"}),
    ],
)
def test_seedreg_sets_the_hash_seed_and_hides_gpus(launch: Launch, changed: dict[str, str]) -> None:
    assert launch.environment(ENVIRON, sys.executable) == {**ENVIRON, **changed}


def test_what_belongs_to_one_interpreter_does_not_reach_another(tmp_path: Path) -> None:
    launch = Launch(Mode.FRESH, "0", hide_gpus=False)
    kept = {name: value for name, value in ENVIRON.items() if name in ("PATH", "PYTHONPATH")}
    found = launch.environment(ENVIRON, str(tmp_path / "python"))
    assert found == {**kept, "CUDA_VISIBLE_DEVICES": "1", "PYTHONHASHSEED": "0"}


def test_the_supervisor_of_fresh_interpreters_starts_without_site_packages() -> None:
    program, folder = Path("/seedreg/worker"), Path("/tmp/builds")
    found = [Launch(mode, "0", hide_gpus=True).command("/py", program, folder) for mode in Mode]
    assert found == [
        ["/py", "/seedreg/worker", "zygote", str(os.getpid()), "/tmp/builds"],
        ["/py", "-S", "/seedreg/worker", "fresh", str(os.getpid()), "/tmp/builds"],
    ]


# Each changes what a Python does when it starts or ends; none may change or hang a build.
STARTS = {
    "PYTHONINSPECT": "1",
    "PYTHONSTARTUP": "/nowhere/startup.py",
    "PYTHONVERBOSE": "1",
    "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONOPTIMIZE": "2",
    "PYTHONDEVMODE": "1",
    "PYTHONSAFEPATH": "1",
    "PYTHONFAULTHANDLER": "1",
    "PYTHONIOENCODING": "latin-1",
}


@pytest.mark.parametrize("isolation", [Isolation.FORK, Isolation.FRESH], ids=["fork", "fresh"])
@pytest.mark.parametrize("name", STARTS)
def test_how_a_python_starts_and_ends_changes_no_build(
    tmp_path: Path, fake_tensorflow_environ: dict[str, str], name: str, isolation: Isolation
) -> None:
    files = {"models.py": "def build():\n    from tensorflow import keras\n    return keras.Dense(3)\n"}
    root = write_project(tmp_path, {**files, "needed.py": ""})
    one = recipe("models:build", inputs=SHAPE)
    environ = {**fake_tensorflow_environ, name: STARTS[name]}
    odd = built(run_one(root, environ, one, isolation, timeout_s=60))
    plain = built(run_one(root, fake_tensorflow_environ, one, isolation))
    assert (odd.fingerprint.digest, odd.environment) == (plain.fingerprint.digest, plain.environment)


@pytest.fixture
def background_job() -> Iterator[None]:
    """This process as a shell starts a background job, with another signal blocked."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGQUIT)}
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    yield
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("background_job")
@pytest.mark.parametrize("isolation", [Isolation.FORK, Isolation.FRESH], ids=["fork", "fresh"])
def test_a_build_ignores_no_signal_that_seedreg_was_started_to_ignore(
    tmp_path: Path, fake_tensorflow_environ: dict[str, str], isolation: Isolation
) -> None:
    script = """
        import signal

        import numpy

        def build():
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
            assert signal.getsignal(signal.SIGQUIT) is signal.SIG_DFL
            assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()
            return [numpy.zeros(2)]
    """
    root = write_project(tmp_path, {"models.py": script})
    built(run_one(root, fake_tensorflow_environ, recipe("models:build"), isolation))


def test_assertions_of_the_project_are_left_out_where_the_user_asks_for_it(
    tmp_path: Path, fake_tensorflow_environ: dict[str, str]
) -> None:
    script = "def build():\n    import numpy\n    assert False\n    return [numpy.zeros(2)]\n"
    root = write_project(tmp_path, {"models.py": script})
    environ = {**fake_tensorflow_environ, "PYTHONOPTIMIZE": "1"}
    built(run_one(root, environ, recipe("models:build"), Isolation.FRESH))


def test_python_path_of_the_user_reaches_the_build_behind_the_project(
    tmp_path: Path, fake_tensorflow_environ: dict[str, str]
) -> None:
    found = "def build():\n    import numpy\n    return [numpy.full(2, {})]\n"
    root = write_project(
        tmp_path,
        {"project/one.py": found.format(1), "lib/one.py": found.format(2), "lib/two.py": found.format(2)},
    )
    python_path = os.pathsep.join([fake_tensorflow_environ["PYTHONPATH"], str(root / "lib")])
    environ = {**fake_tensorflow_environ, "PYTHONPATH": python_path}
    means = []
    for address in ("one:build", "two:build"):
        outcome = built(run_one(root / "project", environ, recipe(address), Isolation.FRESH))
        stats = outcome.fingerprint.tensors[0].stats
        assert stats is not None
        means.append(stats.mean)
    assert means == [1.0, 2.0]
