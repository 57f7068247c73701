"""Environments that uv creates: each is resolved, created once, kept while it is complete, and used again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from seedreg.domain.environment_spec import ExistingPython, MadeEnvironment, PythonVersion
from seedreg.environments.cached import CachedEnvironment, HeldEnvironment
from seedreg.environments.folder import CacheFolder
from seedreg.environments.interpreters import Interpreter, find_interpreter, query
from seedreg.environments.making import Maker
from seedreg.environments.manifest import FileChanges, differing_contents, distributions_of
from seedreg.environments.memo import Memos
from seedreg.environments.notices import Creating, Notice, Waiting
from seedreg.environments.requirements import Wanted
from seedreg.environments.resolution import Resolution, resolve
from seedreg.environments.uv import Uv
from seedreg.errors import EnvironmentFailed, EnvironmentProblem


class EnvironmentCache:
    """Creates environments, and keeps those that are complete.

    Args:
        folder: where environments are kept; created when it is needed.
        uv: resolves and installs; paths in requirements are relative to the root of its project.
        notify: is called before something that takes long.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        folder: Path,
        uv: Uv,
        notify: Callable[[Notice], None] = lambda notice: None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = CacheFolder(folder)
        self._uv = uv
        self._notify = notify
        self._clock = clock
        self._memos = Memos(self._folder, clock)

    def open(
        self, label: str, made: MadeEnvironment, python: ExistingPython | PythonVersion
    ) -> HeldEnvironment:
        """The environment, created now unless the cache has it.

        Args:
            label: what people call it.
            made: what it is to hold; its own `python` does not count.
            python: what it is created with: the path of an interpreter, or a version.

        Raises:
            UvMissing: if uv is needed and not installed.
            EnvironmentFailed: if no such interpreter is found, uv cannot resolve or install it
                (in its own words), or the cache cannot be written.
        """
        wanted = Wanted(label, replace(made, python=python), self._uv.root)
        content = wanted.content()
        memo = self._memos.path(self._uv, wanted, content)
        key = self._memos.recall(memo, made.exclude_newer)
        if key is not None:
            held = self._folder.hold(key, label)
            if held.is_intact():
                return held
            held.close()
        try:
            self._folder.prepare()
            interpreter = self._interpreter(python)
            resolution = resolve(self._uv, wanted, interpreter)
            held = self._made(wanted, content, interpreter, resolution)
            try:
                if resolution.is_remote():
                    self._memos.remember(memo, held.key)
            except BaseException:
                held.close()
                raise
            return held
        except OSError as error:
            raise EnvironmentFailed(
                EnvironmentProblem.CACHE_NOT_WRITABLE,
                folder=str(self._folder.path),
                error=error.strerror or str(error),
            ) from error

    def _interpreter(self, python: ExistingPython | PythonVersion) -> Interpreter:
        match python:
            case ExistingPython(path):
                return query(path)
            case PythonVersion(version):
                return find_interpreter(version, self._uv)

    def _made(
        self, wanted: Wanted, content: str, interpreter: Interpreter, resolution: Resolution
    ) -> HeldEnvironment:
        """The environment of this resolution, created unless it is there."""
        key = resolution.key(interpreter, wanted, content)
        held = self._folder.hold(key, wanted.label, must_lock=True)
        try:
            if held.is_intact():
                return held
            with self._folder.making(key, lambda: self._notify(Waiting(wanted.label))):
                if not held.is_intact():
                    count = len(resolution.pins)
                    self._notify(Creating(wanted.label, count, interpreter.version))
                    Maker(self._folder, self._uv, self._clock).make(
                        key, wanted, content, interpreter, resolution
                    )
            return held
        except BaseException:
            held.close()
            raise

    def entries(self) -> list[CachedEnvironment]:
        """The complete environments, the one used last at the end."""
        return self._folder.entries()

    def remove(self, key: str) -> bool:
        """Delete one environment, unless somebody builds there; whether it is gone.

        Raises:
            EnvironmentFailed: if the cache cannot be written.
        """
        return self._folder.remove(key)

    def checked(self, environment: CachedEnvironment) -> CachedEnvironment:
        """The environment with changes that only its content shows; reads all its files."""
        known = environment.changes or FileChanges()
        others = set(differing_contents(environment.path)) - {*known.changed, *known.missing}
        if not others:
            return environment
        changed = tuple(sorted({*known.changed, *others}))
        return replace(environment, changes=replace(known, changed=changed))

    def repair(self, environment: CachedEnvironment) -> bool:
        """Delete a changed environment, and uv's copies of what changed; the next build creates it again.

        Returns:
            False, and nothing is deleted, if somebody builds there.

        Raises:
            UvMissing: if uv is not installed.
            EnvironmentFailed: if the cache cannot be written, or uv cannot delete its copies.
        """
        changes = environment.changes or FileChanges()
        names = distributions_of(environment.path, (*changes.changed, *changes.missing))
        if names:
            self._uv.require()
        if not self.remove(environment.key):
            return False
        # An environment's files may be the ones that uv would install again.
        answer = self._uv.run("cache", "clean", *names) if names else None
        if answer is not None and answer.failure is not None:
            raise answer.error(EnvironmentProblem.NOT_CREATED, environment.specification)
        return True

    def prune(self, unused_for_s: float) -> list[CachedEnvironment]:
        """Delete environments unused for this long, and the remains of interrupted installations.

        Returns:
            The environments that are gone.

        Raises:
            EnvironmentFailed: if the cache cannot be written.
        """
        old = [one for one in self.entries() if self._clock() - one.used_at >= unused_for_s]
        gone = [one for one in old if self.remove(one.key)]
        self._folder.remove_incomplete()
        self._memos.prune()
        return gone
