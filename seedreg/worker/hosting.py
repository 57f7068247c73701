"""Hosts, from inside: taking requests from the serving loop, and becoming a build.

What is needed here is imported by name, because the user's module has been imported in this process.
"""

import socket
from array import array
from os import O_WRONLY, close, dup2
from os import open as open_file
from typing import Any, Iterator, Tuple

from . import processes

_MAX_MESSAGE = 1 << 14
_RIGHTS_BYTES = socket.CMSG_LEN(array("i").itemsize)


def requests(channel: Any) -> Iterator[Tuple[int, str, int]]:
    """What the serving loop asks for, until it ends: the build's number, its file, and where it prints."""
    while True:
        data, rights, _, _ = channel.recvmsg(_MAX_MESSAGE, _RIGHTS_BYTES)
        if not data or not rights:
            return
        number, _, path = data.decode().partition(" ")
        output = array("i")
        output.frombytes(rights[0][2])
        yield int(number), path, output[0]


def become_build(server_pid: int, output: int) -> None:
    """Make this process a build of the serving loop, which prints to `output`."""
    processes.become_build(server_pid)
    print_to(output)


def print_to(output: int) -> None:
    """Let what this process prints go to the descriptor, which is closed."""
    dup2(output, 1)
    dup2(output, 2)
    close(output)


def print_nowhere() -> None:
    """Let what this process prints be lost: it is no build, so nobody would read it."""
    print_to(open_file("/dev/null", O_WRONLY))
