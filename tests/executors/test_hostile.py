"""What a build does to its worker, to the builds beside it and to the system does not outlive it.

`tests/storms/hostile_factories.py` has far more of it.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest
from builds import (
    built,
    descendants,
    failed,
    recipe,
    requests_of,
    run_one,
    shown,
    wait_for_end,
    wait_for_pids,
    write_project,
)

from seedreg.domain.build import Outcome
from seedreg.domain.failure import FailureKind
from seedreg.domain.isolation import Isolation
from seedreg.executors import watched
from seedreg.executors.local import LocalExecutor
from seedreg.executors.spool import Spool
from seedreg.leftovers import temporary_name

FORK, FRESH = Isolation.FORK, Isolation.FRESH
both = pytest.mark.parametrize("isolation", [FORK, FRESH], ids=["fork", "fresh"])

FILES = {
    "models.py": """
        import json, os, signal, subprocess, sys, time
        from pathlib import Path
        from tensorflow import keras

        HERE = Path(__file__).parent

        def build():
            return keras.Sequential([keras.Input((4,)), keras.Dense(3)])

        def healthy():
            time.sleep(1.5)
            return build()

        def note(pid):
            with (HERE / 'pids').open('a') as stream:
                stream.write(f'{pid}\\n')

        def daemon(act):
            reader, writer = os.pipe()
            child = os.fork()
            if child == 0:
                os.setsid()
                if os.fork() == 0:
                    note(os.getpid())
                    os.write(writer, b'x')
                    act()
                os._exit(0)
            os.waitpid(child, 0)
            os.read(reader, 1)

        def answer_path():
            frame = sys._getframe()
            while 'answer_path' not in frame.f_locals:
                frame = frame.f_back
            return frame.f_locals['answer_path']

        def forge(data):
            Path(answer_path()).write_bytes(data)
            os._exit(0)

        def joins_another_group():
            note(os.getpid())
            os.setpgid(0, os.getpgid(os.getppid()))
            time.sleep(600)

        def needs_its_daemon():
            def act():
                time.sleep(1)
                (HERE / 'done').write_text('x')
                time.sleep(600)
            daemon(act)
            deadline = time.monotonic() + 10
            while not (HERE / 'done').exists():
                assert time.monotonic() < deadline, 'the daemon was ended'
                time.sleep(0.01)
            return build()

        def kills_parent():
            daemon(lambda: time.sleep(600))
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(600)

        def stops_parent():
            os.kill(os.getppid(), signal.SIGSTOP)
            return build()

        def keeps_stopping_parent():
            pid = os.getppid()
            while True:
                os.kill(pid, signal.SIGSTOP)
                time.sleep(0.001)

        def answers_with_a_pipe():
            os.mkfifo(answer_path())
            os._exit(0)

        def answers_with_a_link():
            os.symlink('/dev/zero', answer_path())
            os._exit(0)

        def answers_with_a_folder():
            os.mkdir(answer_path())
            os._exit(0)

        def answers_too_much():
            with open(answer_path(), 'wb') as stream:
                stream.truncate(40 << 30)
            os._exit(0)

        def answers_deep():
            forge(b'[' * 100000)

        def answers_wrong_types():
            forge(b'{"built": {"tensors": [{"dtype": 7}]}}')

        def asks_for_a_fresh_interpreter():
            forge(b'{"fresh_needed": {"variables": []}}')

        def masks_everything():
            os.umask(0o777)
            os.closerange(0, 65536)
            json.dumps = os.open = os.write = os.rename = os._exit = os.getpid = None
            return build()
    """
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path, FILES)


def outcomes(
    root: Path, environ: dict[str, str], *names: str, isolation: Isolation = FORK, timeout_s: float = 20
) -> list[Outcome]:
    """The outcomes of builds at the same time in one executor."""
    requests = requests_of(recipe(f"models:{name}", 7) for name in names)
    with LocalExecutor(
        sys.executable, root, environ=environ, isolation=isolation, jobs=len(names), timeout_s=timeout_s
    ) as executor:
        found = {request.key: outcome for request, outcome in executor.run(requests)}
    return [found[key] for key in range(len(names))]


@both
def test_a_build_in_another_process_group_has_a_deadline(
    root: Path, fake_tensorflow_environ: dict[str, str], isolation: Isolation
) -> None:
    one = recipe("models:joins_another_group")
    outcome = run_one(root, fake_tensorflow_environ, one, isolation, timeout_s=2)
    assert failed(outcome).kind is FailureKind.TIMEOUT
    assert wait_for_end(wait_for_pids(root / "pids", 1)) == []


@both
def test_daemons_of_a_build_live_while_others_end_and_end_with_it(
    root: Path, fake_tensorflow_environ: dict[str, str], isolation: Isolation
) -> None:
    names = ("needs_its_daemon", "build", "build")
    found = outcomes(root, fake_tensorflow_environ, *names, isolation=isolation)
    assert len({built(outcome).fingerprint.digest for outcome in found}) == 1
    assert wait_for_end(wait_for_pids(root / "pids", 1)) == []


ANSWERS = [
    ("answers_with_a_pipe", "the build's answer is not a file but a pipe or device"),
    ("answers_with_a_link", "the build's answer is not a file but a link"),
    ("answers_with_a_folder", "the build's answer is not a file but a folder"),
    ("answers_too_much", "the build's answer is larger than 33554432 bytes"),
    ("answers_deep", f"the build's answer cannot be understood (it is nested too deeply): {'[' * 200}"),
    (
        "answers_wrong_types",
        "the build's answer cannot be understood (built.tensors[0].dtype: 7 is not a text): "
        '{"built": {"tensors": [{"dtype": 7}]}}',
    ),
    (
        "asks_for_a_fresh_interpreter",
        f"the worker of {sys.executable} cannot be understood: a fresh interpreter asks for a fresh "
        "interpreter in build 0",
    ),
]


@both
def test_a_bad_answer_is_a_failure_of_that_build_alone(
    root: Path, fake_tensorflow_environ: dict[str, str], isolation: Isolation
) -> None:
    *found, beside = outcomes(
        root, fake_tensorflow_environ, *(name for name, _ in ANSWERS), "healthy", isolation=isolation
    )
    messages = [shown(failed(outcome))[:2] for outcome in found]
    expected = [("worker", message) for _, message in ANSWERS]
    expected[-1] = ("worker", expected[-1][1].replace("build 0", f"build {len(ANSWERS) - 1}"))
    assert messages == expected
    built(beside)


def test_a_build_that_kills_its_worker_fails_alone_and_leaves_no_daemon(
    root: Path, fake_tensorflow_environ: dict[str, str]
) -> None:
    first, killer, last = outcomes(root, fake_tensorflow_environ, "healthy", "kills_parent", "healthy")
    assert built(first).fingerprint == built(last).fingerprint
    assert shown(failed(killer))[:2] == ("worker", f"the worker of {sys.executable} ended with signal 9")
    # Beside the others, then in a worker of its own.
    assert wait_for_end(wait_for_pids(root / "pids", 2)) == []


def test_a_stopped_worker_is_resumed(root: Path, fake_tensorflow_environ: dict[str, str]) -> None:
    found = outcomes(root, fake_tensorflow_environ, "stops_parent", "healthy")
    assert built(found[0]).fingerprint == built(found[1]).fingerprint


def test_a_worker_that_stays_silent_is_given_up(
    root: Path, fake_tensorflow_environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "SILENT_S", 2.5)
    stopper, beside = outcomes(
        root, fake_tensorflow_environ, "keeps_stopping_parent", "healthy", timeout_s=600
    )
    message = f"the worker of {sys.executable} did not respond for "
    assert shown(failed(stopper))[1].startswith(message)
    built(beside)


def test_a_build_that_its_worker_does_not_end_is_overdue(
    root: Path, fake_tensorflow_environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "GRACE_S", 0.5)
    found = outcomes(root, fake_tensorflow_environ, "keeps_stopping_parent", "build", timeout_s=2)
    assert failed(found[0]).kind is FailureKind.TIMEOUT
    built(found[1])


def test_a_worker_that_takes_no_request_is_given_up(
    root: Path, fake_tensorflow_environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seedreg.executors.process._SEND_S", 0.5)
    monkeypatch.setattr("seedreg.executors.process.RESUME_S", 0.2)
    monkeypatch.setattr("seedreg.executors.process.WorkerProcess.resume", lambda self: None)
    large = recipe("models:build", 0, {"text": "x" * 1_000_000})
    with LocalExecutor(sys.executable, root, environ=fake_tensorflow_environ, isolation=FORK) as executor:
        ((_, outcome),) = executor.run(requests_of([recipe("models:build")]))
        built(outcome)
        (worker,) = descendants(os.getpid())
        os.kill(worker, signal.SIGSTOP)
        ((_, outcome),) = executor.run(requests_of([large]))
    assert shown(failed(outcome))[1].startswith(f"the worker of {sys.executable} did not respond for")
    assert wait_for_end([worker]) == []


@both
def test_nothing_that_a_build_replaces_is_on_the_way_of_its_answer(
    root: Path, fake_tensorflow_environ: dict[str, str], isolation: Isolation
) -> None:
    found = outcomes(root, fake_tensorflow_environ, "masks_everything", "build", isolation=isolation)
    assert built(found[0]).fingerprint == built(found[1]).fingerprint


@both
def test_no_process_survives_a_worker_that_is_killed_while_seedreg_runs(
    root: Path, fake_tensorflow_environ: dict[str, str], isolation: Isolation
) -> None:
    with LocalExecutor(
        sys.executable, root, environ=fake_tensorflow_environ, isolation=isolation, jobs=2
    ) as executor:
        found = executor.run(requests_of([recipe("models:build"), recipe("models:joins_another_group")]))
        next(found)
        wait_for_pids(root / "pids", 1)
        for pid in descendants(os.getpid()):
            os.kill(pid, signal.SIGSTOP)
        started = time.monotonic()
        found.close()  # type: ignore[attr-defined]
    assert wait_for_end(wait_for_pids(root / "pids", 1)) == []
    assert time.monotonic() - started < 10


def test_a_folder_of_a_killed_process_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    name = temporary_name("-x")
    abandoned = tmp_path / name.replace(f"-{os.getpid()}-", "-999999999-")
    abandoned.mkdir()
    spool = Spool()
    folder = spool.worker_folder()
    assert list(tmp_path.iterdir()) == [folder.parent.parent]
    spool.close()
    assert list(tmp_path.iterdir()) == []
