"""Module zygotes: a fork of the zygote that imports one module and forks a child for each of its builds.

The import is paid once. A build gets what it would have had if it had imported the module itself, as long as
the import left nothing behind that two forks would share or that a fork does not copy. `_Traces` looks for
that.
"""

import signal
import sys
from marshal import loads
from os import _exit, chdir, close, fork, getppid, listdir, readlink, stat, waitpid
from time import monotonic, sleep
from typing import Any, Dict, Optional

from . import build, frameworks, hosting, processes, variables
from .protocol import Failure

_ADOPTION_S = 10.0
_THREAD_END_S = 0.05
_TRACES = ("threads", "operations", "descriptors", "shared", "processes", "signals", "timers", "tracing")


def serve(channel: Any, request: Dict[str, Any], common: Dict[str, Any], server_pid: int) -> None:
    """Import the module of the request's factory, then fork the builds that are asked for; never returns.

    `common` is the interpreter's probe, `server_pid` the process of the serving loop, which becomes the
    parent of every build.
    """
    unfit = None
    hosting.print_nowhere()
    processes.adopt_orphans()  # so that a daemon that the import starts is seen
    chdir(request["root"])
    before = _Traces()
    try:
        imported = build.Imported(request, variables.Watch(request["device"] == "cpu"))
        unfit = before.unfit(_Traces()) or ("variables" if imported.watch.changed() else None)
    except (Failure, MemoryError):
        unfit = "failed"
    except OSError:
        unfit = "unknown"
    if unfit is not None:
        channel.send("unfit {}".format(unfit).encode())
        _exit(0)
    build.flush_output()
    processes.leave_orphans()  # builds become children of the serving loop

    def run(asked: Dict[str, Any]) -> None:
        build.run_imported_and_exit(asked, common, imported)

    for number, path, output in hosting.requests(channel):
        _fork_build(channel, number, path, output, run, server_pid)
    _exit(0)


def _fork_build(channel: Any, number: int, path: str, output: int, run: Any, server_pid: int) -> None:
    """Start the build in a fork of a fork, whose parent ends at once, so that the serving loop adopts it."""
    between = fork()
    if between:
        close(output)
        status = waitpid(between, 0)[1]
        if status != 0:
            channel.send("lost {}".format(number).encode())
        return
    try:
        pid = fork()
        if pid:
            # Before this process ends: the serving loop knows of every build that becomes its child.
            channel.send("started {} {}".format(number, pid).encode())
            _exit(0)
        channel.close()
        _await_parent(server_pid)
        hosting.become_build(server_pid, output)
        with open(path, "rb") as stream:
            request = loads(stream.read())
        run(request)
    finally:
        _exit(70)


def _await_parent(server_pid: int) -> None:
    """Wait until the serving loop is this process's parent."""
    deadline = monotonic() + _ADOPTION_S
    while getppid() != server_pid and monotonic() < deadline:
        sleep(0.0002)


class _Traces(object):
    """What an import may leave behind in this process that its forks would share, or would not have.

    Threads and timers do not survive a fork. A descriptor's position, shared memory and child processes would
    be shared by forks. A framework that has run has threads and locks.

    Raises:
        OSError: if this system does not show it.
    """

    def __init__(self) -> None:
        self.threads = _threads()
        self.descriptors = _descriptors()
        with open("/proc/self/maps", "rb") as stream:
            self.shared = sorted(line for line in stream if line.split(None, 2)[1].endswith(b"s"))
        self.processes = processes.children()
        self.signals = [_handler(number) for number in range(1, signal.NSIG)]
        self.signals.append(signal.pthread_sigmask(signal.SIG_BLOCK, []))
        self.timers = [
            signal.getitimer(which)
            for which in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
        ]
        self.tracing = (sys.gettrace(), sys.getprofile())
        self.operations = frameworks.has_run()

    def unfit(self, after: "_Traces") -> Optional[str]:
        """The first kind of trace in which the two differ; None if there is none."""
        for name in _TRACES:
            if getattr(self, name) != getattr(after, name):
                return name
        return None


def _threads() -> int:
    """How many threads there are, native ones too; one that has just ended may be listed a moment longer."""
    deadline = monotonic() + _THREAD_END_S
    while len(listdir("/proc/self/task")) > 1 and monotonic() < deadline:
        sleep(0.001)
    return len(listdir("/proc/self/task"))


def _descriptors() -> Dict[int, Any]:
    found = {}
    for name in listdir("/proc/self/fd"):
        try:
            status = stat("/proc/self/fd/" + name)
            found[int(name)] = (status.st_dev, status.st_ino, readlink("/proc/self/fd/" + name))
        except OSError:
            continue  # the listing's own
    return found


def _handler(number: int) -> Any:
    try:
        return signal.getsignal(number)
    except ValueError:
        return None  # a number that is not for programs
