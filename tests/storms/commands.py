"""Commands of seedreg in forks of one process that has imported it: thousands of them in a few minutes.

Each command is a process of its own, with the folder, variables, standard streams and process group that it
would have when a shell starts it; only the imports are made before.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storms.storm import ROOT, Finished, Shop


@dataclass
class Running:
    """A command that runs; its output goes to files."""

    pid: int
    out: Path
    err: Path
    _commands: Commands = field(repr=False)

    def kill(self, *, group: bool = False) -> None:
        """End it at once, with the workers of its process group if these are in it."""
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.pid, signal.SIGKILL)

    def wait(self) -> Finished:
        """How it ended; a negative code is a signal."""
        code = self._commands.ask({"wait": self.pid})["code"]
        texts = (path.read_text("utf-8", "replace") for path in (self.out, self.err))
        return Finished(code, *texts)


class Commands:
    """Starts commands in a shop; use it in a `with` statement.

    Args:
        shop: where they run.
        folder: for their output, outside of the shop.
        variables: of the process that is forked.
    """

    def __init__(self, shop: Shop, folder: Path, **variables: str) -> None:
        self._shop = shop
        self._folder = folder
        self._count = 0
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "storms.commands"],
            cwd=Path(__file__).parents[1],
            env={**shop.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Commands:
        return self

    def __exit__(self, *_: object) -> None:
        self._zygote.communicate()

    def start(
        self,
        *arguments: str,
        shop: Shop | None = None,
        variables: Mapping[str, str] | None = None,
        **options: object,
    ) -> Running:
        """Start a command; `options` are for `storms.faults`."""
        shop = shop or self._shop
        self._count += 1
        out, err = (self._folder / f"{stream}-{self._count % 100}" for stream in ("out", "err"))
        for path in (out, err):
            path.write_bytes(b"")  # the command may be killed before it opens them
        environ = {**shop.environ, **(variables or {})}
        pid = self.ask(
            {
                "arguments": arguments,
                "cwd": str(shop.root),
                "environ": environ,
                "out": str(out),
                "err": str(err),
                **options,
            }
        )["pid"]
        return Running(pid, out, err, self)

    def __call__(self, *arguments: str, **options: Any) -> Finished:
        """Run a command to its end."""
        return self.start(*arguments, **options).wait()

    def ask(self, request: Mapping[str, object]) -> dict[str, Any]:
        """What the forked process answers."""
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(json.dumps(request) + "\n")
        self._zygote.stdin.flush()
        answer: dict[str, Any] = json.loads(self._zygote.stdout.readline())
        return answer


def _serve() -> None:
    import storms.faults as faults

    os.environ.pop("LD_PRELOAD", None)  # it is loaded; what is started from now on does not get it
    _import_everything()
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            answer = {"code": os.waitstatus_to_exitcode(status)}
        elif "calls" in request:
            answer = {"calls": faults.calls()}
        else:
            answer = {"pid": _fork(request)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _import_everything() -> None:
    import sqlalchemy.dialects.sqlite.pysqlite
    from alembic import command

    import seedreg.audit
    import seedreg.cli
    import seedreg.executors.opening
    import seedreg.project
    import seedreg.storage.inspection
    import seedreg.storage.repository
    from seedreg.storage.inspection.structure import definitions_of
    from seedreg.storage.revisions import SCHEMA_REVISION

    for name in seedreg.cli.seedreg.list_commands(None):  # type: ignore[arg-type]
        seedreg.cli.seedreg.get_command(None, name)  # type: ignore[arg-type]
    assert command
    assert sqlalchemy
    definitions_of(SCHEMA_REVISION)  # `db check` compares with it, and a fork keeps it


def _fork(request: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setpgid(0, 0)
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["environ"])
        for descriptor, path, flags in (
            (0, os.devnull, os.O_RDONLY),
            (1, request["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
            (2, request["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        ):
            opened = os.open(path, flags, 0o600)
            os.dup2(opened, descriptor)
            os.close(opened)
        sys.argv = ["seedreg", *request["arguments"]]
        sys.path = [path for path in sys.path if not path.endswith("tests")]
        import storms.faults as faults
        from seedreg.__main__ import main

        faults.arm(request)
        main()
    except SystemExit as end:  # on SIGTERM
        os._exit(end.code if isinstance(end.code, int) else 98)
    finally:
        os._exit(99)


def settle(path: Path, patience_s: float = 5.0) -> list[str]:
    """The names in a folder once workers that lost their command have ended and removed theirs."""
    deadline = time.monotonic() + patience_s
    while (names := os.listdir(path)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return sorted(names)


if __name__ == "__main__":
    _serve()
