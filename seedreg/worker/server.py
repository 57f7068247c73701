"""The worker's serving loop: starts one process for each build, ends it at its deadline, reports its end.

In mode `zygote` a build is a fork of this process, taken after NumPy and TensorFlow were imported
and before any operation ran. In mode `fresh` it is a new interpreter. Either way it leads its own
process group; when it ends, the group and whatever it left behind are killed.
"""

import gc
import os
import select
import signal
import time
from typing import Any, Dict, List, Optional, Tuple

from . import build, frameworks, hosts, modules, probe, processes, protocol, running, sharing
from .protocol import Failure

_READ_BYTES = 65536
_END_S = 5.0
# What a host does, by the beginning of its key.
_HOSTS = {"module": modules.serve, "shared": sharing.serve}


def serve(mode: str, parent_pid: int, folder: str) -> None:
    """Serve requests from standard input until it ends; then end everything that was started.

    Builds have their files in `folder`, which whoever starts the worker makes and removes.
    """
    requests, messages = _take_descriptors()
    processes.default_signals()
    processes.end_with(parent_pid)
    common: Optional[Dict[str, Any]] = None
    try:
        if mode == "zygote":
            # Before the import, as in a fresh interpreter: TensorFlow 2.15 imports setuptools, which puts
            # the packages inside it on the path.
            common = probe.interpreter()
            frameworks.load()
            frameworks.tensorflow.index_kernels()
            build.flush_output()  # else every fork would print what the import left in the buffer
    except Failure as failure:
        outcome = protocol.failed(failure, environment=probe.without_model())["failed"]
        _send(messages, {"type": "unusable", "protocol": protocol.PROTOCOL, "failure": outcome})
        os._exit(0)
    _send(messages, {"type": "ready", "protocol": protocol.PROTOCOL, "beat_s": protocol.BEAT_S})
    _Server(requests, messages, common, folder).run()


def _take_descriptors() -> Any:
    """Move the control descriptors away from 0 and 1, where user code would find them."""
    requests, messages = os.dup(0), os.dup(1)  # not inheritable, as everything that Python opens
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return requests, messages


def _send(descriptor: int, message: Dict[str, Any]) -> None:
    data = memoryview(protocol.encode(message))
    while data:
        data = data[os.write(descriptor, data) :]


class _Server(object):
    def __init__(self, requests: int, messages: int, common: Optional[Dict[str, Any]], folder: str) -> None:
        self._requests = requests
        self._messages = messages
        self._common = common
        self._builds: Dict[int, running.Build] = {}
        self._hosts = hosts.Hosts()
        self._buffer = b""
        self._folder = folder
        self._count = 0
        self._popen: Dict[int, Any] = {}
        self._last_beat = 0.0

    def run(self) -> None:
        """Serve until the input ends, then kill every build and end the process."""
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._wake_writer)
        processes.adopt_orphans()  # so that `_sweep` finds what a build leaves behind
        processes.wake_with_parent()  # from now on the loop sees the end of its input at once
        if self._common is not None and hasattr(gc, "freeze"):
            gc.freeze()  # a collection in a child would touch, and so copy, every page of the heap
        try:
            while self._step():
                pass
        except (BrokenPipeError, ConnectionError):
            pass
        finally:
            self._end_everything()
            for number in range(1, self._count + 1):
                running.remove(os.path.join(self._folder, str(number)))
        os._exit(0)

    def _end_everything(self) -> None:
        """Kill every build and descendant: a child of what is killed is adopted, and then killed too."""
        self._hosts.end_all()
        for each in list(self._builds.values()):
            each.kill()
        deadline = time.monotonic() + _END_S
        while time.monotonic() < deadline:
            for pid in processes.children():
                processes.kill(os.kill, pid)
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    time.sleep(0.002)
            except ChildProcessError:
                return

    def _step(self) -> bool:
        running_now = [*self._builds.values(), *self._hosts.waiting]
        outputs = {each.output: each for each in running_now if each.output >= 0}
        waiting = [self._requests, self._wake_reader, *self._hosts.descriptors, *outputs]
        readable, _, _ = select.select(waiting, [], [], self._wait_s())
        if self._wake_reader in readable:
            os.read(self._wake_reader, _READ_BYTES)
        for descriptor in readable:
            if descriptor in outputs:
                outputs[descriptor].listen()
        self._hear()
        self._reap()
        now = time.monotonic()
        for each in self._builds.values():
            each.enforce_deadline(now)
        self._without_host(self._hosts.enforce_deadlines(now))
        self._beat(now)
        if self._requests not in readable:
            return True
        data = os.read(self._requests, _READ_BYTES)
        lines = (self._buffer + data).split(b"\n")
        self._buffer = lines.pop()
        for line in lines:
            self._serve(protocol.decode(line))
        return bool(data)

    def _serve(self, message: Dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == "build":
            self._start(message)
        elif kind == "end_hosts":
            ended = self._hosts.end_all() if message.get("host") is None else self._hosts.end(message["host"])
            self._without_host(ended)
        else:
            raise ValueError("unknown request {!r}".format(kind))

    def _wait_s(self) -> Optional[float]:
        building = [*self._builds.values(), *self._hosts.waiting]
        if not building:
            return None
        deadlines = [each.deadline for each in building if each.deadline is not None]
        return max(0.0, min([protocol.BEAT_S] + [each - time.monotonic() for each in deadlines]))

    def _beat(self, now: float) -> None:
        """Show that this loop runs, unless nobody reads what was sent before."""
        building = self._builds or self._hosts.waiting
        if not building or now < self._last_beat + protocol.BEAT_S:
            return
        self._last_beat = now
        _, writable, _ = select.select([], [self._messages], [], 0)
        if writable:
            _send(self._messages, {"type": "alive"})

    def _start(self, message: Dict[str, Any]) -> None:
        self._count += 1
        folder = os.path.join(self._folder, str(self._count))
        request = dict(message["build"], answer_path=os.path.join(folder, "answer"))
        opened: List[int] = []
        try:
            os.mkdir(folder)
            opened.extend(os.pipe())
            output, its_output = opened
            os.set_blocking(output, False)
            timeout_s = float(message["timeout_s"])
            begun = running.Build(message["id"], 0, folder, output, timeout_s)
            if message.get("host") is None or self._common is None:
                begun.pid = self._launch(request, folder, its_output, output)
                self._builds[begun.pid] = begun
            else:
                self._ask(message["host"], begun, request, folder, its_output)
            opened.remove(output)
        except OSError as error:
            failure = protocol.failed(Failure("worker", error=str(error)))
            outcome = {"type": "outcome", "id": message["id"], "duration_s": 0.0, "outcome": failure}
            _send(self._messages, outcome)
            return
        finally:
            for descriptor in opened:
                os.close(descriptor)

    def _ask(
        self, key: str, begun: running.Build, request: Dict[str, Any], folder: str, its_output: int
    ) -> None:
        """Ask the host for the build; it is forked if there is none."""
        assert self._common is not None
        host = self._hosts.get(key)
        if host is None:
            common, own, serve = self._common, os.getpid(), _HOSTS[key.partition(":")[0]]
            pid, channel = hosts.start(
                lambda channel: serve(channel, request, common, own),
                [*self._own_descriptors(), begun.output, its_output],
            )
            host = self._hosts.add(key, pid, channel)
        path = os.path.join(folder, "request")
        hosts.write_request(path, request)
        try:
            host.ask(self._count, begun, path, its_output)
        except OSError:  # it has ended, or takes nothing
            _send(self._messages, begun.without_host("ended"))

    def _own_descriptors(self) -> List[int]:
        """The descriptors that no fork may have."""
        own = [self._requests, self._messages, self._wake_reader, self._wake_writer, *self._hosts.descriptors]
        building = [*self._builds.values(), *self._hosts.waiting]
        return own + [each.output for each in building if each.output >= 0]

    def _hear(self) -> None:
        """Take what the hosts have said."""
        heard = self._hosts.hear()
        for each in heard.started:
            processes.lead_group(each.pid)
            self._builds[each.pid] = each
        for each in heard.built:
            _send(self._messages, each.finish(0))
        self._without_host(heard.left)

    def _without_host(self, left: List[Tuple[running.Build, str]]) -> None:
        for each, reason in left:
            _send(self._messages, each.without_host(reason))

    def _launch(self, request: Dict[str, Any], folder: str, its_output: int, output: int) -> int:
        if self._common is not None:
            return running.fork(request, self._common, its_output, [*self._own_descriptors(), output])
        process = running.spawn(request, folder, its_output)
        self._popen[process.pid] = process
        return int(process.pid)

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
            if pid not in self._builds:
                self._hear()
            if pid in self._builds:
                ended[pid] = status
                processes.kill_group(pid)
            else:
                orphaned = True  # if it had children, they are this process's now
        if not ended and not orphaned:
            return
        builds = {pid: self._builds.pop(pid) for pid in ended}
        self._sweep()
        for pid, finished in builds.items():
            process = self._popen.pop(pid, None)
            if process is not None:
                process.returncode = ended[pid]
            _send(self._messages, finished.finish(ended[pid]))

    def _sweep(self) -> None:
        """Kill the children of this process that are no build and no host: what ended builds left behind."""
        found = processes.children()
        self._hear()  # after the look: a host says what it starts before that becomes a child of this process
        for pid in found:
            if pid not in self._builds and pid not in self._hosts.pids:
                processes.kill(os.kill, pid)
