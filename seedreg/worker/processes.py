"""Processes of Linux and macOS: groups, ends, and what is left behind."""

import os
import signal
import subprocess
import sys
from typing import Any, Dict, List

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def default_signals() -> None:
    """Undo what this process inherits: a shell's background jobs ignore Ctrl-C, `nohup` the hangup.

    Builds behave alike, however seedreg was started. SIGPIPE and SIGXFSZ are ignored by Python itself.
    """
    for number in range(1, signal.NSIG):
        if number in (signal.SIGPIPE, signal.SIGXFSZ):
            continue
        try:
            if signal.getsignal(number) is signal.SIG_IGN:
                default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
                signal.signal(number, default)
        except (OSError, ValueError):
            continue  # a number that is not for programs
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def end_with(parent_pid: int) -> None:
    """End this process with its parent, even if that is killed.

    The serving loop sees the end of its input; an import, or user code, does not.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(0)


def wake_with_parent() -> None:
    """Undo `end_with`; resume this process when its parent ends, if a build has stopped it."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGCONT)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose parent ends, on Linux; it lasts through `exec`."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def leave_orphans() -> None:
    """Undo `adopt_orphans`."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 0)


def become_build(parent_pid: int) -> None:
    """Make this process one that `kill_build` ends completely, and that ends with its parent."""
    lead_group(0)
    # What a running build leaves behind stays below it, so the serving loop's own children are builds, and
    # what builds that have ended left.
    adopt_orphans()
    end_with(parent_pid)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def children() -> List[int]:
    """The children of this process; none without /proc, where only the process group is known."""
    own = os.getpid()
    try:
        with open("/proc/self/task/{}/children".format(own)) as stream:
            return [int(pid) for pid in stream.read().split()]
    except OSError:
        pass  # this kernel is built without the file, as some sandboxes' are
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        try:
            with open("/proc/{}/stat".format(int(name)), "rb") as status:
                if int(status.read().rpartition(b")")[2].split()[1]) == own:
                    found.append(int(name))
        except (OSError, ValueError, IndexError):
            continue
    return found


def lead_group(pid: int) -> None:
    """Have the process (0: this one) lead a process group of its own."""
    try:
        os.setpgid(pid, pid)
    except OSError:
        pass  # parent and child both do it; the other was faster


def kill_build(pid: int) -> None:
    """Kill a build and its process group, which it may have left.

    On Linux its other descendants become children of this process, which kills those too. Elsewhere they
    are found while they still have their parents.
    """
    others = [] if sys.platform == "linux" else _descendants(pid)
    kill(os.kill, pid)
    kill_group(pid)
    for other in others:
        kill(os.kill, other)


def kill_group(pid: int) -> None:
    """Kill the process group, if it is still there."""
    kill(os.killpg, pid)


def kill(how: Any, pid: int) -> None:
    """Kill by `os.kill` or `os.killpg`, if there is still something to kill."""
    try:
        how(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _descendants(pid: int) -> List[int]:
    """The processes below this one, as `ps` lists them."""
    try:
        listed = subprocess.check_output(["ps", "-axo", "pid=,ppid="], stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return []
    below: Dict[int, List[int]] = {}
    for line in listed.splitlines():
        child, parent = map(int, line.split())
        below.setdefault(parent, []).append(child)
    found, waiting = [], [pid]
    while waiting:
        nearest = below.get(waiting.pop(), [])
        found += nearest
        waiting += nearest
    return found
