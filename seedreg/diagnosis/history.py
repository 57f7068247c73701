"""The releases of a package, tried in the order that answers most soonest; drift need not be monotone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from seedreg.diagnosis.trials import BuildsSpent, Pins, Setting, Trials
from seedreg.domain.diagnosis import Boundary, Gap, OneRelease, ReleaseTrial, Resolve, Result
from seedreg.domain.environment_spec import ExistingPython
from seedreg.errors import EnvironmentFailed


class Resolver(Protocol):
    """What finds a set of packages for a release."""

    def resolve_near(
        self, pins: Sequence[tuple[str, str]], name: str, version: str, python: str
    ) -> tuple[tuple[str, str], ...]:
        """The pins with one distribution in another version, others moved only where it demands so."""
        ...


@dataclass(frozen=True)
class Releases:
    """The releases of a package, oldest first, and the environment in which they are tried."""

    package: str
    versions: tuple[str, ...]
    pins: Pins
    python: ExistingPython


class History:
    """What each release gave, as far as it was tried.

    Args:
        releases: the package and its releases.
        trials: builds the entry, each environment once.
        resolver: finds other packages for a release that does not run with today's.
        resolve: when it is asked.
    """

    def __init__(self, releases: Releases, trials: Trials, resolver: Resolver, resolve: Resolve) -> None:
        self._package = releases.package
        self._releases = releases.versions
        self._pins = releases.pins
        self._python = releases.python
        self._trials = trials
        self._resolver = resolver
        self._resolve = resolve
        self._tried: dict[int, ReleaseTrial] = {}

    def fill(self) -> bool:
        """Try releases until all are tried, or no build is left: False then.

        First the ends. Then the middle of a gap whose ends have different letters, the smallest first,
        so that one boundary is found before others are looked for; then, where an end could not run,
        the way to the outermost release that can; then the middle of the longest stretch that remains.
        """
        try:
            while (index := self._next()) is not None:
                self._tried[index] = self._try(self._releases[index])
        except BuildsSpent:
            return False
        return True

    def _next(self) -> int | None:
        last = len(self._releases) - 1
        for end in (0, last):
            if end not in self._tried:
                return end
        stretches = self._stretches()
        if not stretches:
            return None
        ran = self._ran()
        differing = [
            inside
            for (before, old), (after, new) in pairwise(ran)
            if old != new
            and (inside := [index for part in stretches for index in part if before < index < after])
        ]
        ends = (ran[0][0], ran[-1][0]) if ran else (None, None)
        outer = [part for part in stretches if part[-1] + 1 == ends[0] or part[0] - 1 == ends[1]]
        chosen = min(differing, key=len) if differing else max(outer or stretches, key=len)
        return chosen[len(chosen) // 2]

    def _stretches(self) -> list[list[int]]:
        """The runs of neighbouring releases that were not tried."""
        found: list[list[int]] = []
        for index in range(len(self._releases)):
            if index in self._tried:
                continue
            if found and found[-1][-1] == index - 1:
                found[-1].append(index)
            else:
                found.append([index])
        return found

    def _try(self, release: str) -> ReleaseTrial:
        pinned = tuple(sorted({**dict(self._pins), self._package: release}.items()))
        first = None
        if self._resolve is not Resolve.ALWAYS:
            first = self._trials.build(OneRelease(self._package, release), Setting(pinned, self._python))
            if self._resolve is Resolve.NEVER or first.result is not Result.FAILED:
                return ReleaseTrial(release, first)
        attempt = OneRelease(self._package, release, resolved=True)
        try:
            resolved = self._resolver.resolve_near(self._pins, self._package, release, self._python.path)
        except EnvironmentFailed as error:
            return ReleaseTrial(release, first or self._trials.refuse(attempt, error))
        try:
            trial = self._trials.build(attempt, Setting(resolved, self._python))
        except BuildsSpent:
            if first is None:
                raise
            return ReleaseTrial(release, first)
        if first is not None and trial.result is Result.FAILED:
            return ReleaseTrial(release, first)
        return ReleaseTrial(release, trial, resolved=resolved != pinned)

    # Reading ----------------------------------------------------------------------------------

    def tried(self) -> tuple[ReleaseTrial, ...]:
        """What was tried, oldest release first."""
        return tuple(self._tried[index] for index in sorted(self._tried))

    def boundaries(self) -> Iterator[Boundary]:
        """Where the letter changes from one release that ran to the next that did."""
        seen: set[str] = set()
        for (before, old), (after, new) in pairwise(self._ran()):
            seen.add(old)
            if old != new:
                untested, failed = self._between(before, after)
                ends = (self._releases[before], self._releases[after])
                yield Boundary(*ends, (old, new), new in seen, untested, failed)

    def gaps(self) -> Iterator[Gap]:
        """Where releases between two of the same letter were not built."""
        for (before, old), (after, new) in pairwise(self._ran()):
            untested, _ = self._between(before, after)
            if untested and old == new:
                yield Gap(self._releases[before], self._releases[after], old, untested)

    def _ran(self) -> list[tuple[int, str]]:
        """The releases that gave a fingerprint, each with its letter."""
        return [
            (index, letter)
            for index in sorted(self._tried)
            if (letter := self._tried[index].trial.letter) is not None
        ]

    def _between(self, before: int, after: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        inside = range(before + 1, after)
        untested = tuple(self._releases[index] for index in inside if index not in self._tried)
        return untested, tuple(self._releases[index] for index in inside if index in self._tried)
