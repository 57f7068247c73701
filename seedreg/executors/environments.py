"""Environments that uv makes: specified, resolved, cached, made once, and never taken for whole when they are not."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from seedreg.domain.canonical import canonical_json, sha256_text
from seedreg.domain.environment import EnvironmentSpec
from seedreg.errors import EnvironmentFailed, UsageError

MEMO_FORMAT = 1
_KEY_LENGTH = 16
# A specification that names no date may resolve to newer releases tomorrow.
_RESOLUTION_LASTS_S = 24 * 3600.0
_QUERY_TIMEOUT_S = 20.0
_QUERY = (
    "import json, platform, sys; print(json.dumps([platform.python_implementation(), "
    "platform.python_version(), sys.executable, platform.machine()]))"
)
# What decides which index answers, and so what a specification resolves to.
_INDEX_VARIABLES = re.compile(
    r"UV_(DEFAULT_)?(INDEX|EXTRA_INDEX|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|OFFLINE).*"
)


@dataclass(frozen=True)
class Interpreter:
    """A Python found on this machine."""

    path: str
    version: str
    implementation: str = "CPython"
    machine: str = ""


@dataclass(frozen=True)
class CachedEnvironment:
    """A complete environment in the cache; times are seconds since the epoch."""

    key: str
    path: Path
    python: str
    specification: str
    size_bytes: int
    made_at: float
    used_at: float


def default_cache_folder(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """`SEEDREG_CACHE_DIR`, else the user's cache folder as the platform has it."""
    if environ.get("SEEDREG_CACHE_DIR"):
        return Path(environ["SEEDREG_CACHE_DIR"]).expanduser().absolute()
    if platform == "darwin":
        return Path.home() / "Library" / "Caches" / "seedreg"
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "seedreg"


def find_uv(environ: Mapping[str, str]) -> str:
    """The `uv` program: the one of `seedreg[envs]`, else the one on the search path.

    Raises:
        UsageError: if there is none.
    """
    with contextlib.suppress(ImportError, FileNotFoundError):
        from uv import find_uv_bin  # type: ignore[import-not-found,unused-ignore]

        return str(find_uv_bin())
    found = shutil.which("uv", path=environ.get("PATH"))
    if found is None:
        raise UsageError(
            "environments are made by uv, which is not installed", hint="pip install 'seedreg[envs]'"
        )
    return found


class EnvironmentCache:
    """Makes environments by uv, and keeps those that are complete.

    Args:
        folder: where environments are kept; made when needed.
        uv: path of the uv program.
        python: the interpreter that is used when a specification names none.
        environ: variables of uv; its index settings are among them.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        folder: Path,
        uv: str,
        python: str,
        environ: Mapping[str, str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._uv = uv
        self._python = python
        self._environ = {name: value for name, value in environ.items() if name != "VIRTUAL_ENV"}
        self._clock = clock

    def python_of(self, spec: EnvironmentSpec) -> str:
        """The interpreter of the environment, made now unless the cache has it.

        Raises:
            EnvironmentFailed: if no such interpreter is found, uv cannot resolve or install it
                (in its own words), or the cache cannot be written.
        """
        memo = self._memo_path(spec)
        key = self._remembered(memo)
        if key is not None:
            return self._use(key)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            interpreter = self._interpreter(spec)
            pins = self._resolve(spec, interpreter)
            key = sha256_text(
                canonical_json([interpreter.implementation, interpreter.version, interpreter.machine, pins])
            )[:_KEY_LENGTH]
            with self._lock(key):
                if not self._is_complete(key):
                    self._make(key, spec, interpreter, pins)
            self._remember(memo, key)
        except OSError as error:
            raise EnvironmentFailed(
                f"the environment cache {self._folder} cannot be written: {error.strerror or error}",
                hint="SEEDREG_CACHE_DIR names another folder; `seedreg envs prune` frees space",
            ) from error
        return self._use(key)

    def entries(self) -> list[CachedEnvironment]:
        """The complete environments, by when they were used last."""
        found = []
        for path in self._folder.glob("env-*"):
            with contextlib.suppress(OSError, ValueError, KeyError):
                about = json.loads((path / "seedreg.json").read_text("utf-8"))
                found.append(
                    CachedEnvironment(
                        path.name.removeprefix("env-"),
                        path,
                        about["python"],
                        about["specification"],
                        _size_bytes(path),
                        about["made_at"],
                        (path / "seedreg.json").stat().st_mtime,
                    )
                )
        return sorted(found, key=lambda one: one.used_at)

    def remove(self, key: str) -> None:
        """Delete one environment."""
        with self._lock(key):
            # Renamed first, so that a deletion that is cut off never leaves half of one in its place.
            gone = Path(tempfile.mkdtemp(prefix="tmp-", dir=self._folder))
            os.rename(self._path(key), gone / "env")
            shutil.rmtree(gone, ignore_errors=True)

    def prune(self, unused_for_s: float) -> list[CachedEnvironment]:
        """Delete what was not used for so long, and what cut-off installs left; returns the environments."""
        old = [one for one in self.entries() if self._clock() - one.used_at >= unused_for_s]
        for one in old:
            self.remove(one.key)
        for left in self._folder.glob("tmp-*"):
            if self._clock() - left.stat().st_mtime > 3600:
                shutil.rmtree(left, ignore_errors=True)
        return old

    # Making -----------------------------------------------------------------------------------

    def _interpreter(self, spec: EnvironmentSpec) -> Interpreter:
        if spec.python is not None:
            found = query(spec.python)
            if found is None:
                raise EnvironmentFailed(f"{spec.python} is not a Python that runs")
            return found
        if spec.python_version is None:
            found = query(self._python)
            if found is None:
                raise EnvironmentFailed(f"{self._python} is not a Python that runs")
            return found
        return find_interpreter(spec.python_version, self._environ, self._uv)

    def _resolve(self, spec: EnvironmentSpec, interpreter: Interpreter) -> list[str]:
        """Every distribution that the specification stands for, with its version."""
        files = ["-"] if spec.packages else []
        if spec.requirements is not None:
            files.append(spec.requirements)
        if not files:
            return []
        output = self._run(
            spec,
            "resolved",
            ["pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-strip-extras"]
            + ["--python", interpreter.path, *_dated(spec), *files],
            "\n".join(spec.packages) + "\n",
        )
        return sorted(
            line.strip() for line in output.splitlines() if line.strip() and not line.startswith("#")
        )

    def _make(self, key: str, spec: EnvironmentSpec, interpreter: Interpreter, pins: list[str]) -> None:
        temporary = Path(tempfile.mkdtemp(prefix="tmp-", dir=self._folder))
        try:
            made = temporary / "env"
            self._run(
                spec,
                "made",
                ["venv", "--quiet", "--relocatable", "--python", interpreter.path, str(made)],
                "",
            )
            if pins:
                self._run(
                    spec,
                    "installed",
                    ["pip", "install", "--quiet", "--no-deps", "--python", str(made / "bin" / "python")]
                    + [*_dated(spec), "--requirements", "-"],
                    "\n".join(pins) + "\n",
                )
            about = {
                "format": MEMO_FORMAT,
                "python": interpreter.version,
                "specification": spec.label,
                "pins": pins,
                "made_at": self._clock(),
            }
            (made / "seedreg.json").write_text(json.dumps(about), "utf-8")
            os.rename(made, self._path(key))
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _run(self, spec: EnvironmentSpec, done: str, arguments: list[str], text: str) -> str:
        process = subprocess.run(
            [self._uv, *arguments],
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            env={**self._environ, "UV_NO_PROGRESS": "1", "NO_COLOR": "1", "UV_PYTHON_DOWNLOADS": "never"},
            check=False,
        )
        if process.returncode != 0:
            words = process.stderr.strip() or process.stdout.strip() or f"exit status {process.returncode}"
            raise EnvironmentFailed(f"environment {spec.label} could not be {done}: {words}")
        return process.stdout

    # The cache --------------------------------------------------------------------------------

    def _path(self, key: str) -> Path:
        return self._folder / f"env-{key}"

    def _is_complete(self, key: str) -> bool:
        return (self._path(key) / "seedreg.json").is_file()

    def _use(self, key: str) -> str:
        with contextlib.suppress(OSError):
            os.utime(self._path(key) / "seedreg.json")
        return str(self._path(key) / "bin" / "python")

    def _memo_path(self, spec: EnvironmentSpec) -> Path:
        index = {k: v for k, v in self._environ.items() if _INDEX_VARIABLES.fullmatch(k)}
        content = None if spec.requirements is None else _read(spec.requirements)
        what = [MEMO_FORMAT, spec.document(), content, self._python, index]
        return self._folder / "specs" / f"{sha256_text(canonical_json(what))[:_KEY_LENGTH]}.json"

    def _remembered(self, memo: Path) -> str | None:
        try:
            key: str = json.loads(memo.read_text("utf-8"))["key"]
            age_s = self._clock() - memo.stat().st_mtime
        except (OSError, ValueError, KeyError):
            return None
        return key if self._is_complete(key) and age_s < _RESOLUTION_LASTS_S else None

    def _remember(self, memo: Path, key: str) -> None:
        memo.parent.mkdir(exist_ok=True)
        partial = memo.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps({"key": key}), "utf-8")
        os.replace(partial, memo)

    @contextlib.contextmanager
    def _lock(self, key: str) -> Iterator[None]:
        folder = self._folder / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / key, "w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield


def query(path: str) -> Interpreter | None:
    """What the program at the path says of itself, if it is a Python that runs."""
    try:
        done = subprocess.run(
            [path, "-I", "-S", "-c", _QUERY],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_QUERY_TIMEOUT_S,
            check=False,
        )
        implementation, version, _, machine = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None
    return Interpreter(path, version, implementation, machine)


def find_interpreter(version: str, environ: Mapping[str, str], uv: str | None = None) -> Interpreter:
    """The newest Python of this version (`3.7`, or exactly `3.7.16`) that uv, pyenv or the search path has.

    Raises:
        EnvironmentFailed: if there is none; it lists what was found.
    """
    found: dict[str, Interpreter] = {}
    for path in _interpreter_paths(environ, uv):
        real = os.path.realpath(path)
        if real not in found and (interpreter := query(path)) is not None:
            found[real] = interpreter
    fitting = [
        one for one in found.values() if one.version == version or one.version.startswith(f"{version}.")
    ]
    if fitting:
        return max(fitting, key=lambda one: [int(part) for part in re.findall(r"\d+", one.version)])
    seen = ", ".join(sorted({f"{one.version} ({one.path})" for one in found.values()})) or "none"
    raise EnvironmentFailed(
        f"no Python {version} was found by uv, in pyenv or on the search path; found were: {seen}",
        hint=f"install one (`uv python install {version}`, `pyenv install {version}`), or name it with --python PATH",
    )


def _interpreter_paths(environ: Mapping[str, str], uv: str | None) -> Iterator[str]:
    roots = [Path(environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"]
    if uv is not None:
        done = subprocess.run(
            [uv, "python", "dir"], capture_output=True, text=True, env=dict(environ), check=False
        )
        if done.returncode == 0 and done.stdout.strip():
            roots.append(Path(done.stdout.strip()))
    for root in roots:
        yield from sorted(str(path) for path in root.glob("*/bin/python") if path.exists())
    for folder in environ.get("PATH", "").split(os.pathsep):
        if not folder or "shims" in Path(folder).parts:
            continue  # pyenv's shims answer for one version only; the versions themselves were listed above
        with contextlib.suppress(OSError):
            names = sorted(os.listdir(folder))
            yield from (
                str(Path(folder) / name) for name in names if re.fullmatch(r"python(3(\.\d+)?)?", name)
            )


def _dated(spec: EnvironmentSpec) -> list[str]:
    return ["--exclude-newer", spec.exclude_newer] if spec.exclude_newer else []


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except OSError as error:
        raise EnvironmentFailed(f"requirements file {path} cannot be read: {error.strerror}") from error


def _size_bytes(folder: Path) -> int:
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(root, name)).st_blocks * 512
    return total
