"""Workers that die, lie, hang or cannot be started, and that nothing of them is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from builds import (
    MODELS,
    built,
    descendants,
    failed,
    is_alive,
    recipe,
    requests_of,
    run_one,
    shown,
    wait_for_end,
    wait_for_pids,
    write_project,
)

from seedreg.cli.hints import WORDS
from seedreg.domain.build import BuildRequest, Outcome
from seedreg.domain.failure import FailureKind, build_failure
from seedreg.domain.isolation import Isolation
from seedreg.errors import Step
from seedreg.executors.local import LocalExecutor
from seedreg.reports.words.failures import failure_message

FORK, FRESH, AUTO = Isolation.FORK, Isolation.FRESH, Isolation.AUTO

FILES = {
    "models.py": MODELS
    + """
    import os, signal, time
    from pathlib import Path

    def kills_parent():
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)

    def daemon():
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                note()
                time.sleep(600)
            os._exit(0)
        note()
        time.sleep(600)

    def note():
        with (Path(__file__).parent / 'pids').open('a') as stream:
            stream.write(f'{os.getpid()}\\n')
    """
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path, FILES)


@pytest.fixture
def stand_in(root: Path, stand_in_worker: Path) -> Iterator[Callable[..., LocalExecutor]]:
    """Makes executors of stand-in workers, with variables for them."""
    made: list[LocalExecutor] = []

    def make(isolation: Isolation = FORK, jobs: int = 1, **variables: str) -> LocalExecutor:
        environ = {**os.environ, **variables}
        made.append(
            LocalExecutor(
                sys.executable,
                root,
                environ=environ,
                isolation=isolation,
                jobs=jobs,
                worker_folder=stand_in_worker,
            )
        )
        return made[-1]

    yield make
    for executor in made:
        executor.close()


def outcomes_of(executor: LocalExecutor, *names: str) -> list[Outcome]:
    requests = requests_of(recipe(f"models:{name}", seed) for seed, name in enumerate(names))
    found = {request.key: outcome for request, outcome in executor.run(requests)}
    return [found[key] for key in range(len(names))]


NAME_PYTHON = WORDS[Step.NAME_PYTHON]
HINT = "see that `import tensorflow` works there; --isolation fresh does without the shared import"


# Isolation ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("isolation", "asked", "modes"),
    [
        (AUTO, [AUTO], ["fresh"]),
        (AUTO, [AUTO, AUTO], ["fork", "fork"]),
        (AUTO, [FRESH, FORK], ["fresh", "fork"]),
        (FRESH, [AUTO, FORK], ["fresh", "fresh"]),
        (FORK, [AUTO, FRESH], ["fork", "fork"]),
    ],
)
def test_isolation_is_the_executors_or_the_requests(
    stand_in: Callable[..., LocalExecutor], isolation: Isolation, asked: list[Isolation], modes: list[str]
) -> None:
    requests = [BuildRequest(key, recipe("models:build"), how) for key, how in enumerate(asked)]
    found = {request.key: outcome for request, outcome in stand_in(isolation).run(requests)}
    assert [built(found[key]).facts.isolation.value for key in range(len(asked))] == modes


def test_lone_build_is_forked_where_a_zygote_is_up(stand_in: Callable[..., LocalExecutor]) -> None:
    executor = stand_in(AUTO)
    outcomes_of(executor, "build", "build")
    (outcome,) = outcomes_of(executor, "build")
    assert built(outcome).facts.isolation is FORK


def test_factory_that_needed_a_fresh_interpreter_gets_one_at_once(
    stand_in: Callable[..., LocalExecutor], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    executor = stand_in(FORK, STAND_IN_LOG=str(log))
    for _ in range(2):
        (outcome,) = outcomes_of(executor, "fresh_needed")
        assert built(outcome).facts.isolation is FRESH
    assert log.read_text().split("\n") == [
        "zygote models:fresh_needed 0",
        "fresh models:fresh_needed 0",
        "fresh models:fresh_needed 0",
        "",
    ]


@pytest.mark.parametrize("jobs", [1, 3])
def test_jobs_are_the_builds_at_once(root: Path, stand_in_worker: Path, jobs: int) -> None:
    with LocalExecutor(sys.executable, root, jobs=jobs, worker_folder=stand_in_worker) as executor:
        requests = requests_of(recipe("models:slow", seed, {"sleep_s": 0.3}) for seed in range(6))
        started = time.monotonic()
        assert len(list(executor.run(requests))) == 6
        assert time.monotonic() - started >= 6 / jobs * 0.3


# Workers that fail ----------------------------------------------------------------------------


def test_interpreter_that_is_not_there_fails_every_build(root: Path) -> None:
    with LocalExecutor(str(root / "python"), root) as executor:
        outcomes = outcomes_of(executor, "build", "build")
    assert (
        outcomes
        == [
            build_failure(
                FailureKind.INTERPRETER, python=str(root / "python"), error="No such file or directory"
            )
        ]
        * 2
    )


def test_interpreter_that_is_no_python_fails_every_build(root: Path) -> None:
    with LocalExecutor("/bin/false", root) as executor:
        outcomes = outcomes_of(executor, "build", "build")
    assert outcomes == [build_failure(FailureKind.WORKER, python="/bin/false", status=1)] * 2


def test_unusable_worker_fails_every_build_in_its_own_words(stand_in: Callable[..., LocalExecutor]) -> None:
    outcomes = outcomes_of(stand_in(STAND_IN_UNUSABLE="no-tensorflow"), "build", "build")
    assert outcomes == [build_failure(FailureKind.NO_TENSORFLOW, python="a stand-in")] * 2


@pytest.mark.parametrize("protocol", ["0", "2"])
def test_worker_of_another_protocol_is_not_used(
    stand_in: Callable[..., LocalExecutor], protocol: str
) -> None:
    outcomes = outcomes_of(stand_in(STAND_IN_PROTOCOL=protocol), "build", "build")
    message = (
        f"the worker of {sys.executable} cannot be understood: it speaks worker protocol {protocol}, not 1"
    )
    assert [shown(failed(outcome)) for outcome in outcomes] == [("worker", message, HINT)] * 2


def test_worker_that_dies_fails_what_it_was_building_and_is_replaced(
    stand_in: Callable[..., LocalExecutor],
) -> None:
    first, died, last = outcomes_of(stand_in(), "build", "die", "build")
    message = f"the worker of {sys.executable} ended with exit status 7"
    assert shown(failed(died)) == ("worker", message, HINT)
    built(first)
    built(last)


def test_worker_that_talks_nonsense_is_replaced(stand_in: Callable[..., LocalExecutor]) -> None:
    nonsense, after = outcomes_of(stand_in(), "nonsense", "build")
    assert failed(nonsense).kind is FailureKind.WORKER
    assert failure_message(failed(nonsense)).startswith(
        f"the worker of {sys.executable} cannot be understood: it said 'good morning'"
    )
    built(after)


SCRIPTED = """
import json, sys
def say(**message):
    sys.stdout.write(json.dumps(message) + "\\n")
    sys.stdout.flush()
def failed():
    return {"failed": {"kind": "raised", "facts": {"factory": "f", "error": "m"}}}
"""


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            "say(type='ready', protocol=1)\nsys.stdin.readline()\n"
            "say(type='outcome', id=99, duration_s=0, outcome=failed())\nsys.stdin.read()",
            "cannot be understood: it answered build 99, which it was not asked for",
        ),
        (
            "say(type='ready', protocol=1)\nsys.stdin.readline()\n"
            "say(type='outcome', id=[0], duration_s=0, outcome=failed())\nsys.stdin.read()",
            "cannot be understood: it sent what is not protocol 1",
        ),
        (
            "say(type='greeting')\nsys.stdin.read()",
            "cannot be understood: it sent a message of unknown type 'greeting'",
        ),
        ("say(type='ready', protocol=1)", "ended with exit status 0"),
        ("sys.exit(4)", "ended with exit status 4"),
        (
            "say(type='ready', protocol=1)\nsys.stdin.readline()\n"
            "sys.stdout.write('\\xff' * 300 + '\\n')\nsys.stdout.flush()\nsys.stdin.read()",
            "cannot be understood: it said '" + "\xff" * 100 + "'",
        ),
        ("sys.stderr.write('last words')\nsys.exit(4)", "ended with exit status 4"),
    ],
)
def test_worker_off_the_protocol_is_a_failure(tmp_path: Path, script: str, said: str) -> None:
    folder = tmp_path / "worker"
    folder.mkdir()
    (folder / "__main__.py").write_text(SCRIPTED + script)
    with LocalExecutor(sys.executable, tmp_path, isolation=FORK, worker_folder=folder) as executor:
        (failure,) = outcomes_of(executor, "build")
    assert failed(failure).kind is FailureKind.WORKER
    assert said in failure_message(failed(failure))
    assert failed(failure).output == ("last words" if "last words" in script else None)


def test_what_is_no_worker_is_no_interpreter_to_build_with(tmp_path: Path) -> None:
    folder = tmp_path / "worker"
    folder.mkdir()
    (folder / "__main__.py").write_text("import sys\nprint('Welcome!', flush=True)\nsys.stdin.read()")
    with LocalExecutor(sys.executable, tmp_path, isolation=FORK, worker_folder=folder) as executor:
        outcomes = outcomes_of(executor, "build", "build")
    message = f"{sys.executable} does not run the worker: it said 'Welcome!'"
    hint = f"it must print nothing when it starts; {NAME_PYTHON}"
    assert [shown(failed(outcome)) for outcome in outcomes] == [("interpreter", message, hint)] * 2


def test_words_after_unusable_are_not_heard(tmp_path: Path) -> None:
    folder = tmp_path / "worker"
    folder.mkdir()
    (folder / "__main__.py").write_text(
        SCRIPTED + "say(type='unusable', protocol=1, failure=failed()['failed'])\nsay(type='more')"
    )
    with LocalExecutor(sys.executable, tmp_path, isolation=FORK, worker_folder=folder) as executor:
        assert outcomes_of(executor, "build") == [build_failure(FailureKind.RAISED, factory="f", error="m")]


def test_worker_that_writes_before_it_reads_blocks_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "worker"
    folder.mkdir()
    (folder / "__main__.py").write_text(
        SCRIPTED
        + """
import time
say(type='ready', protocol=1)
for key in (0, 1):
    time.sleep(0.3)
    failure = {'kind': 'raised', 'facts': {'factory': 'f', 'error': 'm' * 1_000_000}}
    say(type='outcome', id=key, duration_s=0, outcome={'failed': failure})
    json.loads(sys.stdin.readline())
"""
    )
    large = {"text": "x" * 1_000_000}
    with LocalExecutor(sys.executable, tmp_path, isolation=FORK, worker_folder=folder, jobs=2) as executor:
        requests = requests_of(recipe("models:build", seed, large) for seed in range(2))
        outcomes = dict(executor.run(requests))
    found = {request.key: len(str(failed(outcome).fact("error"))) for request, outcome in outcomes.items()}
    assert found == {0: 1_000_000, 1: 1_000_000}


# The real worker ------------------------------------------------------------------------------


def test_zygote_that_is_killed_between_builds_is_replaced(
    root: Path, fake_tensorflow_environ: dict[str, str]
) -> None:
    with LocalExecutor(sys.executable, root, environ=fake_tensorflow_environ, isolation=FORK) as executor:
        (first,) = outcomes_of(executor, "build")
        (zygote,) = descendants(os.getpid())
        os.kill(zygote, signal.SIGKILL)
        assert wait_for_end([zygote]) == []
        (second,) = outcomes_of(executor, "build")
    assert str(built(first).fingerprint) == str(built(second).fingerprint)


def test_zygote_that_is_killed_by_a_build_is_replaced(
    root: Path, fake_tensorflow_environ: dict[str, str]
) -> None:
    with LocalExecutor(sys.executable, root, environ=fake_tensorflow_environ, isolation=FORK) as executor:
        before, killed, after = outcomes_of(executor, "build", "kills_parent", "build")
    built(before)
    assert shown(failed(killed))[:2] == (
        "worker",
        f"the worker of {sys.executable} ended with signal 9",
    )
    built(after)


@pytest.mark.parametrize("isolation", [FORK, FRESH], ids=["fork", "fresh"])
def test_python_without_tensorflow_is_told(tmp_path: Path, isolation: Isolation) -> None:
    # A hook hides TensorFlow wherever the tests run.
    hook = tmp_path / "hook" / "sitecustomize.py"
    write_project(
        tmp_path,
        {
            "hook/sitecustomize.py": """
                import importlib.machinery
                original = importlib.machinery.PathFinder.find_spec
                def find_spec(name, path=None, target=None):
                    return None if name == 'tensorflow' else original(name, path, target)
                importlib.machinery.PathFinder.find_spec = find_spec
            """,
            "models.py": MODELS,
        },
    )
    environ = {**os.environ, "PYTHONPATH": str(hook.parent)}
    failure = failed(run_one(tmp_path, environ, recipe("models:build"), isolation))
    assert shown(failure) == (
        "no-tensorflow",
        f"TensorFlow is not installed for {sys.executable}",
        f"pip install 'seedreg[tensorflow]' there; {NAME_PYTHON}",
    )


def test_tensorflow_whose_import_raises_is_broken(
    root: Path, fake_tensorflow_environ: dict[str, str]
) -> None:
    environ = {**fake_tensorflow_environ, "FAKE_TF_IMPORT": "raise"}
    failure = failed(run_one(root, environ, recipe("models:build"), FORK))
    assert shown(failure)[:2] == (
        "tensorflow-broken",
        f"importing TensorFlow in {sys.executable} raised ImportError: the stand-in raises",
    )
    assert (failure.details or "").splitlines()[1].endswith("in <module>")
    assert "fake_tensorflow" in (failure.details or "").splitlines()[1]


def test_tensorflow_whose_import_exits_is_broken(root: Path, fake_tensorflow_environ: dict[str, str]) -> None:
    environ = {**fake_tensorflow_environ, "FAKE_TF_IMPORT": "exit"}
    assert failed(run_one(root, environ, recipe("models:build"), FORK)).kind is FailureKind.TENSORFLOW_BROKEN


@pytest.mark.parametrize(
    ("isolation", "kind", "message"),
    [
        (FORK, "worker", f"the worker of {sys.executable} ended with signal 11"),
        (FRESH, "signal", "the build's process was killed by SIGSEGV"),
    ],
    ids=["fork", "fresh"],
)
def test_tensorflow_whose_import_crashes_is_told(
    root: Path, fake_tensorflow_environ: dict[str, str], isolation: Isolation, kind: str, message: str
) -> None:
    environ = {**fake_tensorflow_environ, "FAKE_TF_IMPORT": "segfault"}
    failure = failed(run_one(root, environ, recipe("models:build"), isolation))
    assert shown(failure)[:2] == (kind, message)


def test_import_that_never_ends_has_a_deadline(root: Path, fake_tensorflow_environ: dict[str, str]) -> None:
    environ = {**fake_tensorflow_environ, "FAKE_TF_SLEEP_S": "600"}
    failure = failed(run_one(root, environ, recipe("models:build"), FORK, import_timeout_s=1))
    assert shown(failure) == (
        "timeout",
        f"{sys.executable} took longer than 1 s to import TensorFlow",
        "see how long `import tensorflow` takes there",
    )
    assert descendants(os.getpid()) == []


SEEDREG = """
import os, sys
from pathlib import Path
from seedreg.domain.build import BuildRequest
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe
from seedreg.executors.local import LocalExecutor

executor = LocalExecutor(sys.executable, Path(sys.argv[1]), jobs=2, isolation=Isolation(sys.argv[2]))
print("ready", flush=True)
list(executor.run([BuildRequest(key, Recipe("p", "models:daemon", key)) for key in range(2)]))
"""


@pytest.fixture
def seedreg(root: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a process that builds what never ends."""
    started: list[subprocess.Popen[bytes]] = []

    def start(isolation: Isolation, environ: dict[str, str]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", SEEDREG, str(root), isolation.value]
        started.append(subprocess.Popen(command, env=environ, stdout=subprocess.PIPE))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def wait_for_descendants(pid: int, count: int) -> list[int]:
    deadline = time.monotonic() + 20
    while len(found := descendants(pid)) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


@pytest.mark.parametrize("isolation", [FORK, FRESH], ids=["fork", "fresh"])
def test_no_process_survives_seedreg_killed_while_builds_run(
    root: Path,
    seedreg: Callable[..., subprocess.Popen[bytes]],
    fake_tensorflow_environ: dict[str, str],
    isolation: Isolation,
) -> None:
    process = seedreg(isolation, fake_tensorflow_environ)
    noted = wait_for_pids(root / "pids", 4)  # two builds, and a daemon of each in a session of its own
    workers = descendants(process.pid)
    assert set(noted) <= set(workers)
    process.kill()
    assert wait_for_end([*workers, *noted]) == []


@pytest.mark.parametrize("isolation", [FORK, FRESH], ids=["fork", "fresh"])
def test_no_process_survives_seedreg_killed_while_tensorflow_is_imported(
    seedreg: Callable[..., subprocess.Popen[bytes]],
    fake_tensorflow_environ: dict[str, str],
    isolation: Isolation,
) -> None:
    process = seedreg(isolation, {**fake_tensorflow_environ, "FAKE_TF_SLEEP_S": "600"})
    workers = wait_for_descendants(process.pid, 1 if isolation is FORK else 3)
    time.sleep(0.5)  # until they sleep
    assert all(map(is_alive, workers))
    process.kill()
    assert wait_for_end(workers) == []


def test_worker_leaves_no_folder_behind(
    root: Path, fake_tensorflow_environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    environ = {**fake_tensorflow_environ, "TMPDIR": str(temporary)}
    for isolation in (FORK, FRESH):
        run_one(root, environ, recipe("models:build"), isolation)
    assert list(temporary.iterdir()) == []


def test_disk_that_cannot_be_written_is_a_failure(
    root: Path, fake_tensorflow_environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with LocalExecutor(sys.executable, root, environ=fake_tensorflow_environ, isolation=FORK) as executor:
        (outcome,) = outcomes_of(executor, "build")
        built(outcome)
        (folder,) = tmp_path.glob(".seedreg-*/workers/*")
        folder.rmdir()
        (outcome,) = outcomes_of(executor, "build")
    assert failed(outcome).kind is FailureKind.WORKER
    assert failure_message(failed(outcome)).startswith(
        "no process could be started for the build: [Errno 2] "
    )


def test_worker_explains_itself_when_started_by_hand() -> None:
    from seedreg.executors.local import WORKER_FOLDER

    done = subprocess.run([sys.executable, str(WORKER_FOLDER)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"usage: python {WORKER_FOLDER} zygote|fresh PARENT_PID")


def test_request_that_is_no_build_ends_the_worker(
    fake_tensorflow_environ: dict[str, str], tmp_path: Path
) -> None:
    from seedreg.executors.local import WORKER_FOLDER

    done = subprocess.run(
        [sys.executable, str(WORKER_FOLDER), "fresh", str(os.getpid()), str(tmp_path)],
        input='{"type": "dance"}\n',
        env=fake_tensorflow_environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"type": "ready", "protocol": 1, "beat_s": 1.0}
    assert "unknown request 'dance'" in done.stderr
