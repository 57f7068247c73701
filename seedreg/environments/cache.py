"""Environments that uv makes: resolved, cached, made once, and never taken for whole when they are not.

The cache is a folder:

    env-KEY/            a complete environment; `seedreg.json` in it says what it is, its time of change
                        is that of the last use; KEY is a hash of the Python and of every distribution
    tmp-KEY-…/          one that is being made, or what a cut-off install left
    specs/….json        what a specification resolved to: the key, remembered for a day
    locks/KEY.use       locked (shared) by whoever builds there, and (exclusively) to remove it
    locks/KEY.make      locked while it is made
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from seedreg.domain.canonical import canonical_json, sha256_text
from seedreg.domain.environment import EnvironmentSpec
from seedreg.environments.interpreters import Interpreter, find_interpreter, query
from seedreg.errors import EnvironmentFailed, UsageError

if TYPE_CHECKING:
    from typing import IO, Any

CACHE_FORMAT = 1
_ABOUT = "seedreg.json"
_KEY_LENGTH = 16
_DAY_S = 24 * 3600.0
# A pin that names a release of an index (or an archive): what a constraint may say.
_RELEASE = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(\[[^]]*\])?\s*(==|@)\s*\S+")
_INCLUDE = re.compile(r"\s*(?:-r|-c|--requirements?|--constraints?)(?:\s*=\s*|\s+)([^\s#]+)")
# Marks the digest of a requirements file that holds hashes.
_HASHES = " hashes"
# https://bford.info/cachedir/: backups leave the folder out.
_CACHEDIR_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# Environments that seedreg made.\n"


@dataclass(frozen=True)
class CachedEnvironment:
    """A complete environment in the cache; times are seconds since the epoch.

    `specification` is what was asked for when it was made. `size_bytes` counts its files as if they
    were its own; uv shares many of them with its cache where the file system allows it.
    """

    key: str
    path: Path
    python: str
    specification: str
    distributions: tuple[str, ...]
    size_bytes: int
    made_at: float
    used_at: float


def find_uv(environ: Mapping[str, str]) -> str:
    """The `uv` program: the one of `seedreg[envs]`, else the one on the search path.

    Raises:
        UsageError: if there is none.
    """
    with contextlib.suppress(ImportError, FileNotFoundError):
        from uv import find_uv_bin  # type: ignore[import-not-found,unused-ignore]

        return str(find_uv_bin())
    found = shutil.which("uv", path=environ.get("PATH", ""))
    if found is None:
        raise UsageError(
            "environments are made by uv, which is not installed", hint="pip install 'seedreg[envs]'"
        )
    return found


class HeldEnvironment:
    """An environment that nobody removes while it is held; `python` is its interpreter."""

    def __init__(self, path: Path, spec: EnvironmentSpec, lock: IO[str] | None) -> None:
        self._path = path
        self._lock = lock
        self.spec = spec
        self.python = str(path / "bin" / "python")

    def is_intact(self) -> bool:
        """Whether it and the Python that it was made of are still there."""
        return _about(self._path) is not None

    def close(self) -> None:
        """Let it be removed."""
        if self._lock is not None:
            self._lock.close()


class EnvironmentCache:
    """Makes environments by uv, and keeps those that are complete.

    Args:
        folder: where environments are kept; made when needed.
        root: the project's root: uv runs there, reads its settings there, and paths in requirements
            are relative to it.
        environ: variables of uv; its index settings are among them.
        tell: is told, in one line, what takes long.
        uv: finds the uv program, once it is needed.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        folder: Path,
        root: Path,
        environ: Mapping[str, str],
        tell: Callable[[str], None] = lambda text: None,
        *,
        uv: Callable[[Mapping[str, str]], str] = find_uv,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._root = root
        self._environ = dict(environ)
        self._tell = tell
        self._find_uv = uv
        self._clock = clock

    # Using ------------------------------------------------------------------------------------

    def open(self, spec: EnvironmentSpec, python: str | None = None) -> HeldEnvironment:
        """The environment, made now unless the cache has it.

        Args:
            spec: with packages or a requirements file.
            python: the interpreter where the specification has no `python_version`.

        Raises:
            UsageError: if uv is needed and not installed.
            EnvironmentFailed: if no such interpreter is found, uv cannot resolve or install it
                (in its own words), or the cache cannot be written.
        """
        spec = replace(spec, python=None) if spec.python_version else replace(spec, python=python)
        content = self._requirements_content(spec)
        memo = self._memo_path(spec, content)
        key = self._remembered(memo, spec)
        if key is not None:
            held = self._hold(key, spec)
            if held.is_intact():
                return held
            held.close()
        try:
            return self._resolve_and_make(spec, content, memo)
        except OSError as error:
            raise EnvironmentFailed(
                f"the environment cache {self._folder} cannot be written: {error.strerror or error}",
                hint="SEEDREG_CACHE_DIR names another folder; `seedreg envs prune` frees space",
            ) from error

    def _resolve_and_make(self, spec: EnvironmentSpec, content: str, memo: Path) -> HeldEnvironment:
        uv = self._find_uv(self._environ)
        self._make_folders()
        if spec.python_version is not None:
            interpreter = find_interpreter(spec.python_version, self._environ, uv)
        else:
            assert spec.python is not None
            interpreter = query(spec.python)
        pins, indexes = self._resolve(uv, spec, interpreter)
        key = self._key(interpreter, pins, indexes, content)
        held = self._hold(key, spec, must_lock=True)
        try:
            if not held.is_intact():
                with self._making(key):
                    if not held.is_intact():
                        what = f"{len(pins)} packages, Python {interpreter.version}"
                        self._tell(f"making environment {spec.label} ({what}) …")
                        self._make(uv, key, spec, content, interpreter, pins)
            if not any(_local_path(pin) for pin in pins):
                self._remember(memo, key)
        except BaseException:
            held.close()
            raise
        return held

    # Looking after ----------------------------------------------------------------------------

    def entries(self) -> list[CachedEnvironment]:
        """The complete environments, by when they were used last."""
        found = []
        for path in self._folder.glob("env-*"):
            about = _about(path)
            if about is None:
                continue
            with contextlib.suppress(OSError, KeyError):  # removed meanwhile, or of another format
                found.append(
                    CachedEnvironment(
                        path.name.removeprefix("env-"),
                        path,
                        about["python"],
                        about["specification"],
                        tuple(about["pins"]),
                        _size_bytes(path),
                        about["made_at"],
                        (path / _ABOUT).stat().st_mtime,
                    )
                )
        return sorted(found, key=lambda one: one.used_at)

    def remove(self, key: str) -> bool:
        """Delete one environment, unless somebody builds there.

        Returns:
            Whether it is gone.

        Raises:
            EnvironmentFailed: if the cache cannot be written.
        """
        try:
            (self._folder / "locks").mkdir(exist_ok=True)
            with open(self._lock_path(key, "use"), "w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False
                self._discard(key)
                return True
        except OSError as error:
            raise EnvironmentFailed(
                f"environment {key} cannot be removed from {self._folder}: {error.strerror or error}"
            ) from error

    def prune(self, unused_for_s: float) -> list[CachedEnvironment]:
        """Delete what was not used for so long, and what cut-off installs left; returns the environments."""
        entries = self.entries()
        known = {one.key for one in entries}
        old = [one for one in entries if self._clock() - one.used_at >= unused_for_s]
        gone = [one for one in old if self.remove(one.key)]
        for path in self._folder.glob("env-*"):
            if path.name.removeprefix("env-") not in known and _about(path) is None:
                self.remove(path.name.removeprefix("env-"))
        for path in self._folder.glob("tmp-*"):
            self._remove_leftover(path)
        for memo in self._folder.glob("specs/*"):
            with contextlib.suppress(OSError):
                if self._clock() - memo.stat().st_mtime > _DAY_S and self._remembered(memo) is None:
                    memo.unlink()
        return gone

    def _remove_leftover(self, path: Path) -> None:
        key = path.name.split("-")[1]
        with contextlib.suppress(OSError), open(self._lock_path(key, "make"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)

    # Making -----------------------------------------------------------------------------------

    def _resolve(
        self, uv: str, spec: EnvironmentSpec, interpreter: Interpreter
    ) -> tuple[list[str], list[str]]:
        """Every distribution that is to be there, with its version; and the indexes that they come from."""
        options = ["--quiet", "--no-header", "--no-annotate", "--no-strip-extras", "--emit-index-url"]
        options += ["--emit-find-links", *(["--no-deps"] if spec.exact else []), *_dated(spec)]
        output = self._run(
            [uv, "pip", "compile", *options, "--python", interpreter.path, *self._files(spec)],
            f"environment {spec.label} could not be resolved",
            "\n".join(spec.packages),
        )
        lines = [line.strip() for line in output.splitlines()]
        indexes = [line for line in lines if line.startswith("--")]
        pins = sorted(line for line in lines if line and not line.startswith(("#", "--")))
        for pin in pins:
            local = _local_path(pin)
            if local is not None and not pin.startswith("-e") and (self._root / local).is_dir():
                # uv itself keeps what it built of a folder until its pyproject.toml changes.
                raise EnvironmentFailed(
                    f"environment {spec.label} holds the folder {local}, whose content may change unseen",
                    hint="put `-e FOLDER` into a requirements file, or name a wheel of it",
                )
        return pins, indexes

    def _make(
        self,
        uv: str,
        key: str,
        spec: EnvironmentSpec,
        content: str,
        interpreter: Interpreter,
        pins: Sequence[str],
    ) -> None:
        """Make it under a temporary name; only what is complete gets its own. The caller holds the lock."""
        for left in self._folder.glob(f"tmp-{key}-*"):
            shutil.rmtree(left, ignore_errors=True)
        # A new name each time: the uv of a killed command may still write into the old one.
        temporary = Path(tempfile.mkdtemp(prefix=f"tmp-{key}-", dir=self._folder))
        try:
            made = temporary / "env"
            failed = f"environment {spec.label} could not be made"
            self._run(
                [uv, "venv", "--quiet", "--relocatable", "--python", interpreter.path, str(made)], failed
            )
            constraints = temporary / "constraints.txt"
            constraints.write_text("\n".join(pin for pin in pins if _RELEASE.match(pin)) + "\n", "utf-8")
            # From the requirements themselves, not from the pins alone: they may hold hashes and indexes.
            options = ["--python", str(made / "bin" / "python"), *_dated(spec)]
            options += ["--no-deps"] if spec.exact else ["--constraints", str(constraints)]
            options += [word for file in self._files(spec) for word in ("--requirements", file)]
            self._run([uv, "pip", "install", "--quiet", *options], failed, "\n".join(spec.packages))
            _require_installed(made, pins, spec)
            if self._requirements_content(spec) != content:
                raise EnvironmentFailed(
                    f"the requirements of environment {spec.label} changed while it was made",
                    hint="run the command again",
                )
            about = {
                "format": CACHE_FORMAT,
                "python": interpreter.version,
                "interpreter": os.path.realpath(made / "bin" / "python"),
                "specification": spec.described(),
                "pins": pins,
                "made_at": self._clock(),
            }
            (made / _ABOUT).write_text(json.dumps(about), "utf-8")
            self._discard(key)
            os.rename(made, self._path(key))
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _run(self, command: list[str], failed: str, text: str = "") -> str:
        environ = {k: v for k, v in self._environ.items() if k not in ("VIRTUAL_ENV", "CONDA_PREFIX")}
        environ.update(UV_NO_PROGRESS="1", NO_COLOR="1", UV_PYTHON_DOWNLOADS="never")
        try:
            process = subprocess.run(
                command,
                input=text,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                env=environ,
                cwd=self._root,
                check=False,
            )
        except OSError as error:
            raise EnvironmentFailed(f"{failed}: {command[0]} cannot be run: {error.strerror}") from error
        if process.returncode != 0:
            words = process.stderr.strip() or process.stdout.strip() or f"exit status {process.returncode}"
            full = "os error 28" in words or "No space left" in words
            raise EnvironmentFailed(
                f"{failed}: {words.removeprefix('error: ')}",
                hint="`seedreg envs prune` and `uv cache prune` free space" if full else None,
            )
        return process.stdout

    def _files(self, spec: EnvironmentSpec) -> list[str]:
        """What uv reads; `-` is the packages."""
        files = ["-"] if spec.packages else []
        return files if spec.requirements is None else [*files, str(self._root / spec.requirements)]

    def _key(
        self, interpreter: Interpreter, pins: Sequence[str], indexes: Sequence[str], content: str
    ) -> str:
        """A name that no other environment has: the same releases may be other files elsewhere."""
        # Without credentials, which may be new every day.
        files: list[object] = [re.sub(r"//[^/@\s]*@", "//", line) for line in indexes]
        if _HASHES in content:
            files.append(content)
        for pin in pins:
            local = _local_path(pin)
            if local is not None and (self._root / local).is_file():
                about = os.stat(self._root / local)
                files.append([local, about.st_size, about.st_mtime_ns])
        python = [os.path.realpath(interpreter.path), interpreter.version, interpreter.machine]
        return sha256_text(canonical_json([CACHE_FORMAT, python, list(pins), files]))[:_KEY_LENGTH]

    # The folder -------------------------------------------------------------------------------

    def _path(self, key: str) -> Path:
        return self._folder / f"env-{key}"

    def _lock_path(self, key: str, what: str) -> Path:
        return self._folder / "locks" / f"{key}.{what}"

    def _make_folders(self) -> None:
        for folder in ("specs", "locks"):
            (self._folder / folder).mkdir(parents=True, exist_ok=True)
        tag = self._folder / "CACHEDIR.TAG"
        if not tag.exists():
            tag.write_text(_CACHEDIR_TAG, "utf-8")

    def _hold(self, key: str, spec: EnvironmentSpec, *, must_lock: bool = False) -> HeldEnvironment:
        """Keep others from removing it; whether it is there is another question."""
        lock = None
        try:
            lock = open(self._lock_path(key, "use"), "a")  # noqa: SIM115 - closed by its holder
            fcntl.flock(lock, fcntl.LOCK_SH)
            os.utime(self._path(key) / _ABOUT)
        except FileNotFoundError:
            pass  # it is not there yet: nothing was used
        except OSError:
            if must_lock and lock is None:
                raise
            # A cache that may only be read is still good to build in.
        return HeldEnvironment(self._path(key), spec, lock)

    @contextlib.contextmanager
    def _making(self, key: str) -> Iterator[None]:
        with open(self._lock_path(key, "make"), "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._tell("waiting for another command, which makes the same environment …")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _discard(self, key: str) -> None:
        """Delete what bears the environment's name, if anything does."""
        # Renamed first, so that a deletion that is cut off never leaves half of one in its place.
        gone = Path(tempfile.mkdtemp(prefix=f"tmp-{key}-", dir=self._folder))
        with contextlib.suppress(FileNotFoundError):
            os.rename(self._path(key), gone / "env")
        shutil.rmtree(gone, ignore_errors=True)

    # What specifications resolved to ----------------------------------------------------------

    def _memo_path(self, spec: EnvironmentSpec, content: str) -> Path:
        # Whatever can lead uv to another answer; a variable too many costs one more resolution.
        uv = {name: value for name, value in self._environ.items() if name.startswith("UV_")}
        user = Path(self._environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"), "uv", "uv.toml")
        files = (user, self._root / "uv.toml", self._root / "pyproject.toml")
        settings = [_digest(file) for file in files]
        where = "" if spec.requirements is None and not any(settings[1:]) else str(self._root)
        python = spec.python and os.path.realpath(spec.python)
        what = [CACHE_FORMAT, {**spec.document(), "label": ""}, python, content, where, settings, uv]
        return self._folder / "specs" / f"{sha256_text(canonical_json(what))[:_KEY_LENGTH]}.json"

    def _remembered(self, memo: Path, spec: EnvironmentSpec | None = None) -> str | None:
        try:
            key: str = json.loads(memo.read_text("utf-8"))["key"]
            age_s = self._clock() - memo.stat().st_mtime
        except (OSError, ValueError, KeyError, TypeError):
            return None
        # An unlimited specification may resolve to newer releases tomorrow.
        fresh = age_s < _DAY_S or (spec is not None and self._is_past(spec.exclude_newer))
        return key if fresh and _about(self._path(key)) is not None else None

    def _is_past(self, exclude_newer: str | None) -> bool:
        two_days_ago = date.fromtimestamp(self._clock() - 2 * _DAY_S)  # noqa: DTZ012 - exact to two days
        return exclude_newer is not None and exclude_newer[:10] < two_days_ago.isoformat()

    def _remember(self, memo: Path, key: str) -> None:
        partial = memo.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps({"key": key}), "utf-8")
        os.replace(partial, memo)

    def _requirements_content(self, spec: EnvironmentSpec) -> str:
        """A digest of the requirements file and of those that it includes; empty without one.

        Raises:
            EnvironmentFailed: if the file cannot be read.
        """
        if spec.requirements is None:
            return ""
        path = self._root / spec.requirements
        if not path.is_file():
            raise EnvironmentFailed(f"there is no requirements file {path}")
        digests: dict[str, str] = {}
        waiting = [path]
        while waiting:
            path = waiting.pop()
            name = os.path.normpath(path)
            if name in digests:
                continue
            try:
                data = path.read_bytes()
            except OSError as error:
                if digests:
                    continue  # an include, which uv tells in its own words
                raise EnvironmentFailed(
                    f"requirements file {path} cannot be read: {error.strerror}"
                ) from error
            text = data.decode("utf-8", "replace")
            digests[name] = hashlib.sha256(data).hexdigest() + (_HASHES if "--hash" in text else "")
            waiting += [path.parent / found[1] for found in map(_INCLUDE.match, text.splitlines()) if found]
        return canonical_json(digests)


def _about(path: Path) -> dict[str, Any] | None:
    """What the environment says of itself; None unless it is whole and its Python the one it was made of."""
    try:
        about: dict[str, Any] = json.loads((path / _ABOUT).read_text("utf-8"))
        python = path / "bin" / "python"
        if not python.exists() or os.path.realpath(python) != about["interpreter"]:
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return about


def _require_installed(made: Path, pins: Sequence[str], spec: EnvironmentSpec) -> None:
    """A setting of uv (`target`, `prefix`) may have sent the packages elsewhere."""
    names = {_normalized(path.name.split("-")[0]) for path in made.glob("lib/*/site-packages/*.dist-info")}
    pinned = {_normalized(match[1]) for match in map(_RELEASE.match, pins) if match}
    if missing := sorted(pinned - names):
        raise EnvironmentFailed(
            f"environment {spec.label} could not be made: {', '.join(missing)} was not installed into it",
            hint="see whether a setting of uv (target, prefix) sends packages elsewhere",
        )


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _local_path(pin: str) -> str | None:
    """The path that a pin installs from, where it is one of this machine's."""
    text = pin.removeprefix("-e").strip()
    _, _, url = text.partition("file://")
    if url:
        from urllib.parse import unquote

        return unquote(url.split("#")[0].split(" ;")[0])
    if pin.startswith("-e") or text.startswith((".", "/")) or not _RELEASE.match(text):
        return text.split(" ;")[0].strip()
    return None


def _dated(spec: EnvironmentSpec) -> list[str]:
    return ["--exclude-newer", spec.exclude_newer] if spec.exclude_newer else []


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _size_bytes(folder: Path) -> int:
    sizes: dict[tuple[int, int], int] = {}
    for root, folders, files in os.walk(folder):
        for name in (*files, *folders):
            with contextlib.suppress(OSError):
                about = os.lstat(os.path.join(root, name))
                sizes[about.st_dev, about.st_ino] = about.st_blocks * 512
    return sum(sizes.values())
