"""A build that runs: how its process is started, and what its end means."""

import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from typing import Any, Dict, List, Optional

from . import build, processes, protocol
from .protocol import Failure

# How much a build may print before its log is emptied.
_LOG_BYTES = 1 << 26


def fork(request: Dict[str, Any], common: Dict[str, Any], log: int, closed: List[int]) -> int:
    """Run the build in a fork of this process, without the descriptors in `closed`; its process id."""
    zygote_pid = os.getpid()
    pid = os.fork()
    if pid:
        processes.lead_group(pid)
        return pid
    try:
        processes.lead_group(0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        processes.end_with(zygote_pid)
        for descriptor in closed:
            os.close(descriptor)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        build.run_and_exit(request, common)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(70)  # an answer could not be written; the serving loop must never run here


def spawn(request: Dict[str, Any], folder: str, log: int) -> Any:
    """Run the build in a fresh interpreter; its `Popen`, whose destructor would wait for it."""
    path = os.path.join(folder, "request")
    with open(path, "wb") as stream:
        stream.write(protocol.encode(request))
    supervisor_pid = os.getpid()

    def prepare() -> None:
        processes.lead_group(0)
        processes.end_with(supervisor_pid)

    return subprocess.Popen(
        [sys.executable, os.path.dirname(os.path.abspath(__file__)), "build", path],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        preexec_fn=prepare,
    )


class Build(object):
    """A running build: its process, folder and deadline."""

    def __init__(self, identity: Any, pid: int, folder: str, timeout_s: float) -> None:
        self.identity = identity
        self._pid = pid
        self._folder = folder
        self._log = os.path.join(folder, "log")
        self._started = time.monotonic()
        self._timeout_s = timeout_s
        self._timed_out = False

    @property
    def deadline(self) -> Optional[float]:
        """When it is to be ended; None once that was done."""
        return None if self._timed_out else self._started + self._timeout_s

    def enforce_deadline(self, now: float) -> None:
        """Kill it if it took too long."""
        if not self._timed_out and now >= self._started + self._timeout_s:
            self._timed_out = True
            self.kill()

    def kill(self) -> None:
        """Kill its process group."""
        processes.kill_group(self._pid)

    def limit_log(self) -> None:
        """Empty the log of a build that prints without end, before it fills the disk."""
        try:
            if os.stat(self._log).st_size > _LOG_BYTES:
                os.truncate(self._log, 0)  # it is written at its end, wherever that is
        except OSError:
            pass

    def finish(self, status: int) -> Dict[str, Any]:
        """The fields of the message about its end; removes its files."""
        duration_s = time.monotonic() - self._started
        outcome: Optional[Dict[str, Any]] = None
        try:
            with open(os.path.join(self._folder, "answer"), "rb") as stream:
                outcome = protocol.decode(stream.read())
        except (OSError, ValueError):
            pass
        if self._timed_out or outcome is None:
            timeout = Failure("timeout", timeout_s=self._timeout_s)
            outcome = protocol.failed(timeout if self._timed_out else _death(status))
        if "failed" in outcome:
            outcome["failed"]["output"] = _tail(self._log)
        shutil.rmtree(self._folder, ignore_errors=True)
        return {"id": self.identity, "duration_s": duration_s, "outcome": outcome}


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
