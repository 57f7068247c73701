"""Hosts: forks of the zygote that live on and serve one build after another; the serving loop's side.

A host has a channel, over which it gets requests and says what became of them:

| message | from | meaning |
|---|---|---|
| `NUMBER PATH` and a descriptor | serving loop | build what the file says, print to the descriptor |
| `started NUMBER PID` | host | this process runs the build, and is or becomes a child of the serving loop |
| `built NUMBER` | host | the build has run in the host's own process, and its answer is written |
| `lost NUMBER` | host | no process could be started for the build |
| `unfit REASON` | host | it cannot serve; it ends now |

The serving loop trusts none of it: a host that ends, or is silent until the deadline of a build, is killed,
and its builds are run without it. User code was imported in a host, so nothing depends on what it does.
"""

import marshal
import socket
from array import array
from typing import Any, Dict, List, Optional, Tuple

from . import processes, running

MAX_MESSAGE = 1 << 14


class Host(object):
    """A host: its process, its channel, and the builds that it was asked for and has not started."""

    def __init__(self, pid: int, channel: socket.socket) -> None:
        self.pid = pid
        self.channel = channel
        self.waiting: Dict[int, running.Build] = {}
        self.reason = "ended"

    def ask(self, number: int, build: running.Build, path: str, output: int) -> None:
        """Ask for a build.

        Raises:
            OSError: if the host is gone.
        """
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [output]))]
        self.channel.sendmsg(["{} {}".format(number, path).encode()], rights, socket.MSG_DONTWAIT)
        self.waiting[number] = build


class Heard(object):
    """What hosts have said: builds that have started, builds that have ended, and why others will not run."""

    def __init__(self) -> None:
        self.started: List[running.Build] = []
        self.built: List[running.Build] = []
        self.left: List[Tuple[running.Build, str]] = []


class Hosts(object):
    """The hosts of a zygote, by what they are for."""

    def __init__(self) -> None:
        self._hosts: Dict[str, Host] = {}

    def __iter__(self) -> Any:
        return iter(list(self._hosts.values()))

    @property
    def descriptors(self) -> List[int]:
        """This side of every channel."""
        return [host.channel.fileno() for host in self]

    @property
    def pids(self) -> List[int]:
        """The processes of the hosts."""
        return [host.pid for host in self]

    @property
    def waiting(self) -> List[running.Build]:
        """The builds that no host has started yet."""
        return [build for host in self for build in host.waiting.values()]

    def get(self, key: str) -> Optional[Host]:
        """The host for this, if there is one."""
        return self._hosts.get(key)

    def add(self, key: str, pid: int, channel: socket.socket) -> Host:
        """A host that was just started."""
        self._hosts[key] = Host(pid, channel)
        return self._hosts[key]

    def hear(self) -> "Heard":
        """What the hosts have said."""
        heard = Heard()
        for key, host in list(self._hosts.items()):
            while True:
                try:
                    data = host.channel.recv(MAX_MESSAGE, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    break
                except OSError:
                    data = b""
                if not self._heard(host, data, heard):
                    heard.left += self.end(key)
                    break
        return heard

    def _heard(self, host: Host, data: bytes, heard: "Heard") -> bool:
        """Take one message; False if the host is of no more use."""
        words = data.decode("ascii", "replace").split()
        if len(words) == 2 and words[0] == "unfit":
            host.reason = words[1]
            return False
        if len(words) < 2 or not words[1].isdigit() or int(words[1]) not in host.waiting:
            return False
        build = host.waiting.pop(int(words[1]))
        if words[0] == "started" and len(words) == 3 and words[2].isdigit() and int(words[2]) > 1:
            build.pid = int(words[2])
            heard.started.append(build)
            return True
        if words[0] == "built" and len(words) == 2:
            heard.built.append(build)
            for other in host.waiting.values():
                other.begin()
            return True
        heard.left.append((build, "ended"))
        return words[0] == "lost"

    def end(self, key: str) -> List[Tuple[running.Build, str]]:
        """Kill a host; the builds that it has not started, with the reason."""
        host = self._hosts.pop(key, None)
        if host is None:
            return []
        host.channel.close()
        processes.kill_build(host.pid)
        return [(build, host.reason) for build in host.waiting.values()]

    def end_all(self) -> List[Tuple[running.Build, str]]:
        """Kill every host; the builds that they have not started, with the reasons."""
        return [build for key in list(self._hosts) for build in self.end(key)]

    def enforce_deadlines(self, now: float) -> List[Tuple[running.Build, str]]:
        """Kill the hosts that have not started a build until its deadline; the builds of these."""
        late = [
            key
            for key, host in self._hosts.items()
            if any(build.deadline is not None and now >= build.deadline for build in host.waiting.values())
        ]
        for key in late:
            self._hosts[key].reason = "silent"
        return [build for key in late for build in self.end(key)]


def write_request(path: str, request: Dict[str, Any]) -> None:
    """Write a request for a host, in a form that its user code cannot change the reading of."""
    with open(path, "wb") as stream:
        stream.write(marshal.dumps(request))


def start(serve: Any, closed: List[int]) -> Tuple[int, socket.socket]:
    """Fork a host, which runs `serve` with its channel, without the descriptors in `closed`.

    Its process id and this side of the channel.
    """
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        pid = running.fork_host(lambda: serve(its), [*closed, ours.fileno()])
    except OSError:
        ours.close()
        raise
    finally:
        its.close()
    return pid, ours
