"""Builds of one entry in environments created for it, each at most once; the results are not judged here."""

from __future__ import annotations

import string
from collections.abc import Callable, Collection, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seedreg.domain.build import BuildRequest
from seedreg.domain.diagnosis import Attempt, Result, Trial
from seedreg.domain.distributions import exact_requirement
from seedreg.domain.environment import Environment
from seedreg.domain.environment_changes import Change, ChangeKind
from seedreg.domain.environment_spec import EnvironmentSpec, ExistingPython, MadeEnvironment, PythonVersion
from seedreg.domain.failure import BuildFailure, environment_failure
from seedreg.domain.isolation import Isolation
from seedreg.domain.results import Verification
from seedreg.errors import EnvironmentFailed

if TYPE_CHECKING:
    from seedreg.executors import Executor

Pins = tuple[tuple[str, str], ...]
"""Names and exact versions of distributions, sorted."""


class BuildsSpent(Exception):
    """No further build is allowed; the results so far remain valid."""


@dataclass(frozen=True)
class ThenAndNow:
    """An entry with its baseline and a build of today: in both, environment and fingerprint are known."""

    verification: Verification
    then: Environment
    now: Environment
    baseline_digest: str
    today_digest: str

    @classmethod
    def of(cls, verification: Verification) -> ThenAndNow:
        """What the verification compared.

        Raises:
            ValueError: if there was no build today.
        """
        baseline, today = verification.baseline, verification.check.observed
        if today is None:
            raise ValueError("there is no build of today to compare with")
        return cls(
            verification,
            baseline.environment,
            today.environment,
            baseline.fingerprint.digest,
            today.fingerprint.digest,
        )


@dataclass(frozen=True)
class Setting:
    """An environment that a trial asks for: a Python, and exact distributions."""

    pins: Pins
    python: ExistingPython | PythonVersion

    def spec(self, label: str) -> EnvironmentSpec:
        """What the executors are asked to create."""
        packages = tuple(exact_requirement(name, version) for name, version in self.pins)
        return EnvironmentSpec(label, MadeEnvironment(packages, python=self.python, exact=True))


class Trials:
    """Builds one entry in environments that are created for it.

    Args:
        pair: the entry then and now, with which the trials' results are compared.
        open_executor: gives an executor for an environment; raises EnvironmentFailed if it cannot.
        builds: how many environments may be tried.
        left_out: names of today's distributions that no environment created here can have.
        notify: is called with each trial, once, when it is known.
    """

    def __init__(
        self,
        pair: ThenAndNow,
        open_executor: Callable[[EnvironmentSpec], Executor],
        builds: int,
        left_out: Collection[str] = (),
        notify: Callable[[Trial], None] = lambda trial: None,
    ) -> None:
        self._pair = pair
        self._recipe = pair.verification.entry.recipe
        self._left_out = frozenset(left_out)
        self._open_executor = open_executor
        self._left = builds
        self._notify = notify
        self._known: dict[Setting, Trial] = {}
        self._letters = {pair.baseline_digest: "A"}
        self._letters.setdefault(pair.today_digest, "B")

    @property
    def made(self) -> tuple[Trial, ...]:
        """Every trial, in the order in which they were made."""
        return tuple(self._known.values())

    def build(self, attempt: Attempt, setting: Setting) -> Trial:
        """The entry in this environment; built now unless the same environment was tried before.

        Raises:
            BuildsSpent: if it would be one build too many.
        """
        known = self._known.get(setting)
        if known is not None:
            return known
        if self._left <= 0:
            raise BuildsSpent
        self._left -= 1
        trial = replace(self._try(attempt, setting), moved=self._moved(setting))
        self._known[setting] = trial
        self._notify(trial)
        return trial

    def refuse(self, attempt: Attempt, error: EnvironmentFailed) -> Trial:
        """The trial of an environment that cannot even be described; it is no build."""
        trial = _failed(attempt, environment_failure(error))
        self._notify(trial)
        return trial

    def _try(self, attempt: Attempt, setting: Setting) -> Trial:
        try:
            executor = self._open_executor(setting.spec(attempt.label))
        except EnvironmentFailed as error:
            return _failed(attempt, environment_failure(error))
        with closing(executor):
            ((_, first),) = executor.run([BuildRequest(0, self._recipe)])
            if isinstance(first, BuildFailure):
                return _failed(attempt, first)
            digest = first.fingerprint.digest
            if digest in self._letters:
                return self._judged(attempt, digest, first.duration_s)
            # A value that was never seen before is a third value, or chance: another process decides.
            ((_, second),) = executor.run([BuildRequest(1, self._recipe, Isolation.FRESH)])
        duration_s = first.duration_s + second.duration_s
        if isinstance(second, BuildFailure):
            return _failed(attempt, replace(second, duration_s=duration_s))
        if second.fingerprint.digest != digest:
            return Trial(attempt, (), Result.NONDETERMINISTIC, duration_s)
        return self._judged(attempt, digest, duration_s)

    def _judged(self, attempt: Attempt, digest: str, duration_s: float) -> Trial:
        letter = self._letters.setdefault(digest, _letter(len(set(self._letters.values()))))
        # Where the entry reproduces, both are the same: then it is the baseline.
        results = {self._pair.today_digest: Result.TODAY, self._pair.baseline_digest: Result.BASELINE}
        result = results.get(digest, Result.OTHER)
        return Trial(attempt, (), result, duration_s, letter, f"sr1:{digest}")

    def _moved(self, setting: Setting) -> tuple[Change, ...]:
        """What the setting has in other versions than today's environment."""
        today, then = dict(self._pair.now.distributions), dict(setting.pins)
        found = [
            Change(ChangeKind.DISTRIBUTION, name, today.get(name), then.get(name))
            for name in sorted((today.keys() | then.keys()) - self._left_out)
            if today.get(name) != then.get(name)
        ]
        if isinstance(setting.python, PythonVersion):
            python = Change(ChangeKind.PYTHON, "python", self._pair.now.python, setting.python.version)
            found.insert(0, python)
        return tuple(found)


def _failed(attempt: Attempt, failure: BuildFailure) -> Trial:
    return Trial(attempt, (), Result.FAILED, failure.duration_s, failure=failure)


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
