"""Builds of one entry in environments made for it, each at most once; what they mean is not judged here."""

from __future__ import annotations

import string
from collections.abc import Callable, Collection, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seedreg.domain.build import BuildRequest
from seedreg.domain.diagnosis import Result, Trial
from seedreg.domain.environment import Environment
from seedreg.domain.environment_changes import Change, ChangeKind
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.failure import BuildFailure, environment_failure
from seedreg.domain.isolation import Isolation
from seedreg.domain.results import Verification
from seedreg.errors import EnvironmentFailed

if TYPE_CHECKING:
    from seedreg.executors import Executor

Pins = tuple[tuple[str, str], ...]
"""Names and exact versions of distributions, sorted."""


class BuildsSpent(Exception):
    """No further build is allowed; what was found so far stands."""


@dataclass(frozen=True)
class Setting:
    """An environment that a trial asks for: a Python, by path or by version, and exact distributions."""

    pins: Pins
    python: str | None = None
    python_version: str | None = None

    def spec(self, label: str) -> EnvironmentSpec:
        """What the executors are asked to make."""
        packages = tuple(f"{name}=={version}" for name, version in self.pins)
        return EnvironmentSpec.of(
            label, python=self.python, packages=packages, python_version=self.python_version, exact=True
        )


class Trials:
    """Builds one entry in environments that are made for it.

    Args:
        verification: of the entry today; its fingerprint and environment are what trials are told by.
        open_executor: gives an executor for an environment; raises EnvironmentFailed if it cannot.
        builds: how many environments may be tried.
        left_out: names of today's distributions that no environment made here can have.
        notify: is called with each trial, once, when it is known.
    """

    def __init__(
        self,
        verification: Verification,
        open_executor: Callable[[EnvironmentSpec], Executor],
        builds: int,
        left_out: Collection[str] = (),
        notify: Callable[[Trial], None] = lambda trial: None,
    ) -> None:
        assert verification.check.fingerprint is not None
        assert verification.check.environment is not None
        self._recipe = verification.entry.recipe
        self._baseline = verification.baseline.fingerprint.digest
        self._today = verification.check.fingerprint.digest
        self._environment = verification.check.environment
        self._left_out = frozenset(left_out)
        self._open_executor = open_executor
        self._left = builds
        self._notify = notify
        self._known: dict[Setting, Trial] = {}
        self._letters = {self._baseline: "A"}
        self._letters.setdefault(self._today, "B")

    @property
    def made(self) -> tuple[Trial, ...]:
        """Every trial, in the order in which they were made."""
        return tuple(self._known.values())

    def build(self, label: str, setting: Setting) -> Trial:
        """The entry in this environment, which is called `label`; built now unless the same was built before.

        Raises:
            BuildsSpent: if it would be one build too many.
        """
        known = self._known.get(setting)
        if known is not None:
            return known
        if self._left <= 0:
            raise BuildsSpent
        self._left -= 1
        trial = replace(self._try(label, setting), moved=self._moved(setting))
        self._known[setting] = trial
        self._notify(trial)
        return trial

    def refuse(self, label: str, error: EnvironmentFailed) -> Trial:
        """The trial of an environment that cannot even be described; it is no build."""
        trial = _failed(label, environment_failure(error))
        self._notify(trial)
        return trial

    def _try(self, label: str, setting: Setting) -> Trial:
        try:
            executor = self._open_executor(setting.spec(label))
        except EnvironmentFailed as error:
            return _failed(label, environment_failure(error))
        with closing(executor):
            ((_, first),) = executor.run([BuildRequest(0, self._recipe)])
            if isinstance(first, BuildFailure):
                return _failed(label, first)
            digest = first.fingerprint.digest
            if digest in self._letters:
                return self._told(label, digest, first.duration_s)
            # A value never seen before is either a third value or chance: another process tells.
            ((_, second),) = executor.run([BuildRequest(1, self._recipe, Isolation.FRESH)])
        duration_s = first.duration_s + second.duration_s
        if isinstance(second, BuildFailure):
            return _failed(label, replace(second, duration_s=duration_s))
        if second.fingerprint.digest != digest:
            return Trial(label, (), Result.NONDETERMINISTIC, duration_s)
        return self._told(label, digest, duration_s)

    def _told(self, label: str, digest: str, duration_s: float) -> Trial:
        letter = self._letters.setdefault(digest, _letter(len(set(self._letters.values()))))
        results = {self._today: Result.TODAY, self._baseline: Result.BASELINE}  # which may be the same
        result = results.get(digest, Result.OTHER)
        return Trial(label, (), result, duration_s, letter, f"sr1:{digest}")

    def _moved(self, setting: Setting) -> tuple[Change, ...]:
        """What the setting has in other versions than today's environment."""
        today, then = dict(self._environment.distributions), dict(setting.pins)
        found = [
            Change(ChangeKind.DISTRIBUTION, name, today.get(name), then.get(name))
            for name in sorted((today.keys() | then.keys()) - self._left_out)
            if today.get(name) != then.get(name)
        ]
        if setting.python_version is not None:
            found.insert(
                0, Change(ChangeKind.PYTHON, "python", self._environment.python, setting.python_version)
            )
        return tuple(found)


def _failed(label: str, failure: BuildFailure) -> Trial:
    return Trial(label, (), Result.FAILED, failure.duration_s, failure=failure)


def _letter(number: int) -> str:
    """A to Z, then AA, AB and so on."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = string.ascii_uppercase[rest] + letters
    return letters


def pins_with(environment: Environment, moved: Iterable[Change], without: Collection[str] = ()) -> Pins:
    """The distributions of an environment with some at the versions that they had `before`."""
    versions: dict[str, str] = {
        name: version for name, version in environment.distributions if name not in without
    }
    for change in moved:
        if change.kind is not ChangeKind.DISTRIBUTION:
            continue
        if change.before is None:
            versions.pop(change.name, None)
        else:
            versions[change.name] = change.before
    return tuple(sorted(versions.items()))
