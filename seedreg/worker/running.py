"""A build that runs: how its process is started, what it prints, and what its end means."""

import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from os import _exit
from typing import Any, Callable, Dict, List, Optional

from . import answers, build, probe, processes, protocol
from .protocol import Failure

_READ_BYTES = 1 << 16
# A process that a build has left may print without end, so its last words are at most this many.
_LAST_READS = 64


def fork(request: Dict[str, Any], common: Dict[str, Any], output: int, closed: List[int]) -> int:
    """Run the build in a fork of this process, without the descriptors in `closed`; its process id."""

    def run() -> None:
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        build.run_and_exit(request, common)

    zygote_pid = os.getpid()
    return _fork(lambda: processes.become_build(zygote_pid), run, closed)


def fork_host(serve: Callable[[], None], closed: List[int]) -> int:
    """Run `serve` in a fork of this process, without the descriptors in `closed`; its process id."""
    zygote_pid = os.getpid()

    def become_host() -> None:
        processes.lead_group(0)
        processes.end_with(zygote_pid)

    return _fork(become_host, serve, closed)


def _fork(become: Callable[[], None], run: Callable[[], None], closed: List[int]) -> int:
    pid = os.fork()
    if pid:
        processes.lead_group(pid)
        return pid
    try:
        become()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor in closed:
            os.close(descriptor)
        run()
    except BaseException:
        traceback.print_exc()
    finally:
        _exit(70)  # an answer could not be written; the serving loop must never run here


def spawn(request: Dict[str, Any], folder: str, output: int) -> Any:
    """Run the build in a fresh interpreter; its `Popen`, whose destructor would wait for it."""
    path = os.path.join(folder, "request")
    with open(path, "wb") as stream:
        stream.write(protocol.encode(request))
    supervisor_pid = os.getpid()
    return subprocess.Popen(
        [sys.executable, os.path.dirname(os.path.abspath(__file__)), "build", path],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        preexec_fn=lambda: processes.become_build(supervisor_pid),
    )


class Build(object):
    """A running build: its process, folder, deadline and the end of what it printed.

    `pid` is 0 until the process is known. `output` is the end of a pipe, which it owns. Through a pipe no
    build can fill a disk, however fast it prints, and the serving loop keeps only the last of it.
    """

    def __init__(self, identity: Any, pid: int, folder: str, output: int, timeout_s: float) -> None:
        self.identity = identity
        self.output = output
        self.pid = pid
        self._folder = folder
        self._printed = b""
        self._started = time.monotonic()
        self._timeout_s = timeout_s
        self._timed_out = False

    @property
    def deadline(self) -> Optional[float]:
        """When it is to be ended; None once that was done."""
        return None if self._timed_out else self._started + self._timeout_s

    def begin(self) -> None:
        """Count its time from now on: it has waited for another build."""
        self._started = time.monotonic()

    def enforce_deadline(self, now: float) -> None:
        """Kill it if it took too long."""
        if not self._timed_out and now >= self._started + self._timeout_s:
            self._timed_out = True
            self.kill()

    def kill(self) -> None:
        """Kill its process and its process group."""
        processes.kill_build(self.pid)

    def listen(self) -> bool:
        """Take some of what it prints; False if there is nothing now."""
        if self.output < 0:
            return False
        try:
            data = os.read(self.output, _READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self._close_output()  # it closed the other end
            return False
        self._printed = (self._printed + data)[-protocol.OUTPUT_TAIL_BYTES :]
        return True

    def _close_output(self) -> None:
        os.close(self.output)
        self.output = -1

    def without_host(self, reason: str) -> Dict[str, Any]:
        """The message that no host would run it; removes its files."""
        if self.output >= 0:
            self._close_output()
        remove(self._folder)
        outcome = {"unhosted": {"reason": reason}}
        return {"type": "outcome", "id": self.identity, "duration_s": 0.0, "outcome": outcome}

    def finish(self, status: int) -> Dict[str, Any]:
        """The message about its end; removes its files."""
        duration_s = time.monotonic() - self._started
        for _ in range(_LAST_READS):
            if not self.listen():
                break
        if self.output >= 0:
            self._close_output()
        printed = self._printed.decode("utf-8", "replace") or None
        message: Dict[str, Any] = {"id": self.identity, "duration_s": duration_s}
        try:
            if self._timed_out:
                raise Failure("timeout", timeout_s=self._timeout_s)
            text = answers.take(os.path.join(self._folder, "answer"))
            if text is None:
                raise _death(status)
            message.update(type="answer", text=text, output=printed)
        except Failure as failure:
            message.update(type="outcome", outcome=protocol.failed(failure, printed, probe.without_model()))
        remove(self._folder)
        return message


def remove(folder: str) -> None:
    """Delete a build's folder, which it may have closed or replaced."""
    try:
        os.chmod(folder, 0o700)
    except OSError:
        pass
    shutil.rmtree(folder, ignore_errors=True)


def _death(status: int) -> Failure:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = "signal {}".format(number)
        return Failure("signal", signal=name)
    return Failure("vanished", status=os.WEXITSTATUS(status))
