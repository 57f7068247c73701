"""The folder of the cache: names, locks, and deletion.

env-KEY/            a complete environment; `seedreg.json` in it says what it is, its time of change
                    is that of the last use; `seedreg-files.json` lists the files that it had when it
                    was complete; KEY is a hash of the Python and of every distribution
tmp-KEY-…/          one that is being created, or the remains of an interrupted installation
specs/….json        the key that a specification resolved to, remembered for a day
locks/KEY.use       locked (shared) by whoever builds there, and (exclusively) to remove it
locks/KEY.make      locked while it is created
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from seedreg.environments.about import ABOUT, read_about
from seedreg.environments.cached import CachedEnvironment, HeldEnvironment
from seedreg.errors import EnvironmentFailed, EnvironmentProblem

# https://bford.info/cachedir/: backups leave the folder out.
_CACHEDIR_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# Environments that seedreg created.\n"


class CacheFolder:
    """The environments in a folder, which several commands may use at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def environment(self, key: str) -> Path:
        """Where the environment of this key is, or will be."""
        return self.path / f"env-{key}"

    def prepare(self) -> None:
        """Create the folder where it is missing."""
        for folder in ("specs", "locks"):
            (self.path / folder).mkdir(parents=True, exist_ok=True)
        tag = self.path / "CACHEDIR.TAG"
        if not tag.exists():
            tag.write_text(_CACHEDIR_TAG, "utf-8")

    def hold(self, key: str, label: str, *, must_lock: bool = False) -> HeldEnvironment:
        """Keep others from removing the environment, whether it is there already or not.

        Raises:
            OSError: with `must_lock`, if it cannot be locked; without it a cache that may only be read
                is good enough.
        """
        lock = None
        try:
            lock = open(self._lock(key, "use"), "a")  # noqa: SIM115 - closed by its holder
            fcntl.flock(lock, fcntl.LOCK_SH)
            os.utime(self.environment(key) / ABOUT)
        except FileNotFoundError:
            pass  # it is not there yet, so nothing was used
        except OSError:
            if must_lock and lock is None:
                raise
        return HeldEnvironment(self.environment(key), label, lock)

    @contextlib.contextmanager
    def making(self, key: str, waiting: Callable[[], None]) -> Iterator[None]:
        """Let nobody else create the environment meanwhile; `waiting` is called if somebody else does now."""
        with open(self._lock(key, "make"), "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def temporary(self, key: str) -> Iterator[Path]:
        """A folder to create the environment in, which is removed at the end; the caller holds `making`."""
        for left in self.path.glob(f"tmp-{key}-*"):
            shutil.rmtree(left, ignore_errors=True)
        # A new name each time: the uv of a killed command may still write into the old one.
        temporary = Path(tempfile.mkdtemp(prefix=f"tmp-{key}-", dir=self.path))
        try:
            yield temporary
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def put_in_place(self, made: Path, key: str) -> None:
        """Give a complete environment its name."""
        self._discard(key)
        os.rename(made, self.environment(key))

    def entries(self) -> list[CachedEnvironment]:
        """The complete environments, the one used last at the end."""
        found = map(CachedEnvironment.read, self.path.glob("env-*"))
        return sorted((one for one in found if one is not None), key=lambda one: one.used_at)

    def remove(self, key: str) -> bool:
        """Delete one environment, unless somebody builds there.

        Returns:
            Whether it is gone.

        Raises:
            EnvironmentFailed: if the cache cannot be written.
        """
        try:
            (self.path / "locks").mkdir(exist_ok=True)
            with open(self._lock(key, "use"), "w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False
                self._discard(key)
                return True
        except OSError as error:
            raise EnvironmentFailed(
                EnvironmentProblem.NOT_REMOVABLE,
                environment=key,
                folder=str(self.path),
                error=error.strerror or str(error),
            ) from error

    def remove_incomplete(self) -> None:
        """Delete what interrupted commands left, and environments whose Python is gone."""
        for path in self.path.glob("env-*"):
            if read_about(path) is None:
                self.remove(path.name.removeprefix("env-"))
        for path in self.path.glob("tmp-*"):
            key = path.name.split("-")[1]
            with contextlib.suppress(OSError), open(self._lock(key, "make"), "w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)

    def _discard(self, key: str) -> None:
        """Delete what has the environment's name, if anything has."""
        # Renamed first, so that an interrupted deletion never leaves half an environment in its place.
        gone = Path(tempfile.mkdtemp(prefix=f"tmp-{key}-", dir=self.path))
        with contextlib.suppress(FileNotFoundError):
            os.rename(self.environment(key), gone / "env")
        shutil.rmtree(gone, ignore_errors=True)

    def _lock(self, key: str, purpose: str) -> Path:
        return self.path / "locks" / f"{key}.{purpose}"
