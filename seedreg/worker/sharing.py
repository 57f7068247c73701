"""Shared builds: a fork of the zygote that builds seed after seed of one factory, all in its own process.

What one build leaves behind is there when the next one begins, so a result means something only where it is
the one that was known before. This process is never given what that is. Whatever it cannot build ends it, and
the build is repeated in a process of its own.
"""

import gc
from marshal import loads
from os import _exit, chdir, close, getpid
from resource import RUSAGE_SELF, getpagesize, getrusage
from typing import Any, Dict

from . import answers, build, calling, frameworks, hosting, processes, variables

_collect = gc.collect
# A process that has grown by this much is replaced: models that user code keeps are never freed.
_MAX_GROWTH_BYTES = 1 << 29


def serve(channel: Any, request: Dict[str, Any], common: Dict[str, Any], server_pid: int) -> None:
    """Run the builds that are asked for, one after another; never returns.

    `request` is the first of them; all are of its factory and differ in their seeds alone. `common` is the
    interpreter's probe, `server_pid` the process of the serving loop.
    """
    pid = getpid()
    hosting.print_nowhere()
    processes.adopt_orphans()  # what a build starts stays below this process, and is killed when it ends
    try:
        chdir(request["root"])
        imported = build.Imported(request, variables.Watch(request["device"] == "cpu"))
        if imported.watch.changed():
            _leave(channel, "variables")
        at_first = _memory_bytes()
        for number, path, output in hosting.requests(channel):
            close(output)  # a build that fails is repeated elsewhere, so nobody would read it
            with open(path, "rb") as stream:
                asked = loads(stream.read())
            chdir(asked["root"])
            frameworks.keras.reset_names()
            outcome = build.run_shared(asked, common, imported)
            calling.end_copy(pid)
            answers.give(asked["answer_path"], outcome)
            del outcome
            channel.send("built {}".format(number).encode())
            if _memory_bytes() - at_first > _MAX_GROWTH_BYTES:
                _collect()
                if _memory_bytes() - at_first > _MAX_GROWTH_BYTES:
                    _leave(channel, "full")
    except BaseException:  # also what user code has made of this process
        calling.end_copy(pid)
        _leave(channel, "failed")
    _exit(0)


def _leave(channel: Any, reason: str) -> None:
    channel.send("unfit {}".format(reason).encode())
    _exit(0)


def _memory_bytes() -> int:
    """The memory of this process now; where the system does not show it, its largest so far."""
    try:
        with open("/proc/self/statm", "rb") as stream:
            return int(stream.read().split()[1]) * getpagesize()
    except (OSError, ValueError, IndexError):
        return getrusage(RUSAGE_SELF).ru_maxrss * 1024
