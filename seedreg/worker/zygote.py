"""The worker's serving loop: starts one process for each build, holds it to its deadline, reports its end.

In mode `zygote` a build is a fork of this process, taken after NumPy and TensorFlow were imported
and before any operation ran. In mode `fresh` it is a new interpreter. Either way it leads its own
process group; when it ends, the group and whatever it left behind are killed.
"""

import gc
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from typing import Any, Dict, List, Optional, Set

from . import build, probe, protocol
from .protocol import Failure

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_READ_BYTES = 65536
_END_S = 5.0
# What a build may print before what it printed first is thrown away, and how often that is looked at.
_LOG_BYTES = 1 << 26
_LOOK_S = 1.0


def serve(mode: str, parent_pid: int) -> None:
    """Serve requests from standard input until it ends; then end everything that was started."""
    requests, messages = _take_descriptors()
    _die_with(parent_pid)
    common: Optional[Dict[str, Any]] = None
    try:
        if mode == "zygote":
            # Before the import, as in a fresh interpreter: TensorFlow 2.15 imports setuptools, which puts
            # the packages inside it on the path.
            common = probe.interpreter()
            build.import_tensorflow()
            build.index_kernels()
            build.flush_output()  # else every fork would say again what the import left in the buffer
    except Failure as failure:
        _write_all(
            messages,
            {
                "type": "unusable",
                "protocol": protocol.PROTOCOL,
                "failure": protocol.failed(failure)["failed"],
            },
        )
        os._exit(0)
    _write_all(messages, {"type": "ready", "protocol": protocol.PROTOCOL})
    _Server(requests, messages, common).run()


def _take_descriptors() -> Any:
    """Move the control descriptors away from 0 and 1, where the user's code would find them."""
    requests, messages = os.dup(0), os.dup(1)  # not inheritable, as everything that Python opens
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return requests, messages


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _die_with(parent_pid: int) -> None:
    """End with the parent, even if it is killed: the loop sees the end of input, but an import does not."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(0)


def _write_all(descriptor: int, message: Dict[str, Any]) -> None:
    data = memoryview(protocol.encode(message))
    while data:
        data = data[os.write(descriptor, data) :]


class _Build(object):
    """A running build: its process, folder and deadline."""

    def __init__(self, identity: Any, pid: int, folder: str, timeout_s: float) -> None:
        self.identity = identity
        self.pid = pid
        self.folder = folder
        self.started = time.monotonic()
        self.timeout_s = timeout_s
        self.timed_out = False


class _Server(object):
    def __init__(self, requests: int, messages: int, common: Optional[Dict[str, Any]]) -> None:
        self._requests = requests
        self._messages = messages
        self._common = common
        self._builds: Dict[int, _Build] = {}
        self._buffer = b""
        self._folder = tempfile.mkdtemp(prefix="seedreg-")
        self._count = 0
        self._popen: Dict[int, Any] = {}
        self._swept: Set[int] = set()

    def run(self) -> None:
        """Serve until the input ends, then kill every build and end the process."""
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._wake_writer)
        # What a build leaves behind becomes this process's child and is found by `_sweep`.
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        _prctl(_PR_SET_PDEATHSIG, 0)  # from here on the end of input is seen at once
        if self._common is not None and hasattr(gc, "freeze"):
            gc.freeze()  # a collection in a child would touch, and so copy, every page of the heap
        try:
            while self._step():
                pass
        except (BrokenPipeError, ConnectionError):
            pass
        finally:
            self._end_everything()
            shutil.rmtree(self._folder, ignore_errors=True)
        os._exit(0)

    def _end_everything(self) -> None:
        """Kill every build and descendant: a child of what is killed is adopted, and then killed too."""
        for running in list(self._builds.values()):
            _kill_group(running.pid)
        deadline = time.monotonic() + _END_S
        while time.monotonic() < deadline:
            self._sweep(set())
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    time.sleep(0.002)
            except ChildProcessError:
                return

    def _step(self) -> bool:
        now = time.monotonic()
        deadlines = [b.started + b.timeout_s for b in self._builds.values() if not b.timed_out]
        wait_s = min(max(0.0, min(deadlines) - now), _LOOK_S) if deadlines else None
        readable, _, _ = select.select([self._requests, self._wake_reader], [], [], wait_s)
        if self._wake_reader in readable:
            os.read(self._wake_reader, _READ_BYTES)
        self._reap()
        self._enforce_deadlines()
        self._limit_logs()
        if self._requests not in readable:
            return True
        data = os.read(self._requests, _READ_BYTES)
        lines = (self._buffer + data).split(b"\n")
        self._buffer = lines.pop()
        for line in lines:
            self._start(protocol.decode(line))
        return bool(data)

    def _start(self, message: Dict[str, Any]) -> None:
        if message.get("type") != "build":
            raise ValueError("unknown request {!r}".format(message.get("type")))
        self._count += 1
        folder = os.path.join(self._folder, str(self._count))
        request = dict(message["build"], answer_path=os.path.join(folder, "answer"))
        try:
            os.mkdir(folder)
            log = os.open(os.path.join(folder, "log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                pid = self._spawn(request, folder, log) if self._common is None else self._fork(request, log)
            finally:
                os.close(log)
        except OSError as error:
            failure = Failure("worker", error=str(error))
            self._report(message["id"], 0.0, protocol.failed(failure))
            return
        self._builds[pid] = _Build(message["id"], pid, folder, float(message["timeout_s"]))

    def _fork(self, request: Dict[str, Any], log: int) -> int:
        zygote_pid = os.getpid()
        pid = os.fork()
        if pid:
            _lead_group(pid)
            return pid
        try:
            _lead_group(0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != zygote_pid:
                os._exit(0)
            for descriptor in (self._requests, self._messages, self._wake_reader, self._wake_writer):
                os.close(descriptor)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.close(log)
            build.run_and_exit(request, self._common)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(70)  # an answer could not be written; the serving loop must never run here

    def _spawn(self, request: Dict[str, Any], folder: str, log: int) -> int:
        path = os.path.join(folder, "request")
        with open(path, "wb") as stream:
            stream.write(protocol.encode(request))

        supervisor_pid = os.getpid()

        def prepare() -> None:
            _lead_group(0)
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != supervisor_pid:
                os._exit(0)

        process = subprocess.Popen(
            [sys.executable, os.path.dirname(os.path.abspath(__file__)), "build", path],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=prepare,
        )
        self._popen[process.pid] = process  # else its destructor would wait for it
        return process.pid

    def _reap(self) -> None:
        ended: Dict[int, int] = {}
        orphaned = False
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            if pid in self._builds:
                ended[pid] = status
                _kill_group(pid)
            elif pid in self._swept:
                self._swept.remove(pid)
                orphaned = True  # if it had children, they are this process's now
        if not ended and not orphaned:
            return
        builds = {pid: self._builds.pop(pid) for pid in ended}
        self._sweep(set(self._builds))
        for pid, finished in builds.items():
            process = self._popen.pop(pid, None)
            if process is not None:
                process.returncode = ended[pid]
            self._finish(finished, ended[pid])

    def _finish(self, finished: _Build, status: int) -> None:
        duration_s = time.monotonic() - finished.started
        answer: Optional[Dict[str, Any]] = None
        try:
            with open(os.path.join(finished.folder, "answer"), "rb") as stream:
                answer = protocol.decode(stream.read())
        except (OSError, ValueError):
            pass
        if finished.timed_out or answer is None:
            failure = _timeout(finished.timeout_s) if finished.timed_out else _death(status)
            answer = protocol.failed(failure)
        if "failed" in answer:
            answer["failed"]["output"] = _tail(os.path.join(finished.folder, "log"))
        shutil.rmtree(finished.folder, ignore_errors=True)
        self._report(finished.identity, duration_s, answer)

    def _report(self, identity: Any, duration_s: float, outcome: Dict[str, Any]) -> None:
        _write_all(
            self._messages, {"type": "outcome", "id": identity, "duration_s": duration_s, "outcome": outcome}
        )

    def _enforce_deadlines(self) -> None:
        now = time.monotonic()
        for running in self._builds.values():
            if not running.timed_out and now >= running.started + running.timeout_s:
                running.timed_out = True
                _kill_group(running.pid)

    def _limit_logs(self) -> None:
        """Empty the log of a build that prints without end, before it fills the disk."""
        for running in self._builds.values():
            path = os.path.join(running.folder, "log")
            try:
                if os.stat(path).st_size > _LOG_BYTES:
                    os.truncate(path, 0)  # it is written at its end, wherever that is
            except OSError:
                pass

    def _sweep(self, keep: Set[int]) -> None:
        """Kill the children of this process that are no build: what ended builds left behind."""
        for pid in _children():
            if pid not in keep:
                self._swept.add(pid)
                _kill(os.kill, pid)


def _children() -> List[int]:
    """The children of this process; none where there is no /proc, and the process group has to do."""
    own = os.getpid()
    try:
        with open("/proc/self/task/{}/children".format(own)) as stream:
            return [int(pid) for pid in stream.read().split()]
    except OSError:
        pass  # this kernel is built without the file, as some sandboxes' are
    children = []
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        try:
            with open("/proc/{}/stat".format(int(name)), "rb") as status:
                if int(status.read().rpartition(b")")[2].split()[1]) == own:
                    children.append(int(name))
        except (OSError, ValueError, IndexError):
            continue
    return children


def _lead_group(pid: int) -> None:
    try:
        os.setpgid(pid, pid)
    except OSError:
        pass  # the other of parent and child was faster


def _kill_group(pid: int) -> None:
    _kill(os.killpg, pid)


def _kill(how: Any, pid: int) -> None:
    try:
        how(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _timeout(timeout_s: float) -> Failure:
    return Failure("timeout", timeout_s=timeout_s)


def _death(status: int) -> Failure:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = "signal {}".format(number)
        return Failure("signal", signal=name)
    return Failure("vanished", status=os.WEXITSTATUS(status))


def _tail(path: str) -> Optional[str]:
    try:
        with open(path, "rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - protocol.OUTPUT_TAIL_BYTES))
            return stream.read().decode("utf-8", "replace") or None
    except OSError:
        return None
