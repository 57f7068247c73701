"""The uv program, which resolves and creates environments; it is started here and nowhere else."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from seedreg.errors import EnvironmentFailed, EnvironmentProblem, UvMissing

# An active environment, which uv would install into or take its Python from.
_ACTIVE = ("VIRTUAL_ENV", "CONDA_PREFIX")
_SETTINGS = {"UV_NO_PROGRESS": "1", "NO_COLOR": "1", "UV_PYTHON_DOWNLOADS": "never"}


def find_uv(environ: Mapping[str, str]) -> str:
    """The `uv` program: the one of `seedreg[envs]`, else the one on the search path.

    Raises:
        UvMissing: if there is none.
    """
    with contextlib.suppress(ImportError, FileNotFoundError):
        from uv import find_uv_bin  # type: ignore[import-not-found,unused-ignore]

        return str(find_uv_bin())
    found = shutil.which("uv", path=environ.get("PATH", ""))
    if found is None:
        raise UvMissing
    return found


@dataclass(frozen=True)
class Answer:
    """How one run of uv ended: what it printed, and its own words about a failure (None if it succeeded)."""

    output: str
    failure: str | None = None

    def error(self, problem: EnvironmentProblem, environment: str) -> EnvironmentFailed:
        """The error for a failure: the problem, or a full disk."""
        words = (self.failure or "").removeprefix("error: ")
        if "os error 28" in words or "No space left" in words:
            problem = EnvironmentProblem.DISK_FULL
        return EnvironmentFailed(problem, environment=environment, words=words)


class Uv:
    """Runs uv in a project.

    Args:
        root: the project's root: uv runs there and reads its settings there.
        environ: variables for uv; its index settings are among them.
        find: finds the program, once it is needed.
    """

    def __init__(
        self, root: Path, environ: Mapping[str, str], find: Callable[[Mapping[str, str]], str] = find_uv
    ) -> None:
        self.root = root
        self.environ = dict(environ)
        self._find = find

    @cached_property
    def program(self) -> str:
        """The path of the program.

        Raises:
            UvMissing: if uv is not installed.
        """
        return self._find(self.environ)

    def require(self) -> None:
        """See that uv is installed, before anything is built.

        Raises:
            UvMissing: if it is not.
        """
        _ = self.program

    def run(self, *arguments: str, text: str = "") -> Answer:
        """Run one command of uv, with `text` as its standard input.

        Raises:
            UvMissing: if uv is not installed.
            EnvironmentFailed: if it cannot be started.
        """
        environ = {name: value for name, value in self.environ.items() if name not in _ACTIVE}
        try:
            done = subprocess.run(
                [self.program, *arguments],
                input=text,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                env={**environ, **_SETTINGS},
                cwd=self.root,
                check=False,
            )
        except OSError as error:
            raise EnvironmentFailed(
                EnvironmentProblem.UV_NOT_RUNNABLE, uv=self.program, error=error.strerror or str(error)
            ) from error
        if done.returncode == 0:
            return Answer(done.stdout)
        words = done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}"
        return Answer(done.stdout, words)

    def compile(
        self,
        text: str,
        python: str,
        *flags: str,
        files: Iterable[str] = ("-",),
        exclude_newer: str | None = None,
    ) -> Answer:
        """Resolve requirements for an interpreter; the answer has one line for each distribution.

        Args:
            text: requirements, one per line.
            python: path of the interpreter.
            flags: further options of `uv pip compile`.
            files: the files that uv reads; `-` is `text`.
            exclude_newer: leave out what was released later.

        Raises:
            UvMissing: if uv is not installed.
            EnvironmentFailed: if it cannot be started.
        """
        options = ["--quiet", "--no-header", "--no-annotate", "--no-strip-extras", "--python", python]
        return self.run("pip", "compile", *options, *dated(exclude_newer), *flags, *files, text=f"{text}\n")


def dated(exclude_newer: str | None) -> tuple[str, ...]:
    """The options that leave out what was released later."""
    return () if exclude_newer is None else ("--exclude-newer", exclude_newer)
