"""Which release of a package changed an entry's weights: a search that does not take drift to be monotone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from seedreg.diagnosis.trials import BuildsSpent, Pins, Setting, Trials
from seedreg.domain.diagnosis import Bisection, Boundary, Gap, ReleaseTrial, Result, Trial
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.results import Verification
from seedreg.domain.verdict import Verdict
from seedreg.errors import EnvironmentFailed, UsageError

if TYPE_CHECKING:
    from seedreg.executors import Executor

RESOLVE = ("auto", "never", "always")


class ReleaseIndex(Protocol):
    """What is asked of a package index; see `seedreg.environments.index.PackageIndex`."""

    def releases(self, package: str, first: str, last: str, python: str) -> tuple[str, ...]:
        """The final releases from `first` to `last` or the other way round, oldest first, with both ends."""
        ...

    def missing(self, pins: Sequence[tuple[str, str]], python: str) -> dict[str, str]:
        """The names of the distributions that cannot be had in this version, each with the reason."""
        ...

    def resolve_near(
        self, pins: Sequence[tuple[str, str]], name: str, version: str, python: str
    ) -> tuple[tuple[str, str], ...]:
        """The pins with one distribution in another version, others moved only where it demands so."""
        ...


@dataclass(frozen=True)
class Bisector:
    """Finds the releases at which an entry's weights change.

    Args:
        open_executor: gives an executor for an environment; raises EnvironmentFailed if it cannot.
        index: what releases there are.
        python: path of today's interpreter.
        builds: how many environments may be tried.
        resolve: `never` keeps the other packages as they are today; `always` lets the installer
            move them where a release demands so; `auto` does so only where a release could not run.
        notify: is called with each trial when it is known.
    """

    open_executor: Callable[[EnvironmentSpec], Executor]
    index: ReleaseIndex
    python: str
    builds: int = 20
    resolve: str = "auto"
    notify: Callable[[Trial], None] = lambda trial: None

    def bisect(
        self, verification: Verification, package: str, first: str | None = None, last: str | None = None
    ) -> Bisection:
        """The package's history between two releases: the baseline's and today's, if none are named.

        Raises:
            UsageError: if an end is not named and the package is not in that environment.
            EnvironmentFailed: if the index cannot be asked for releases.
        """
        known: tuple[str, ...] = ()
        if verification.verdict is Verdict.ERROR:
            return Bisection(verification, package)
        if verification.verdict is Verdict.NONDETERMINISTIC:
            known = ("two builds differ today, so no release can be told by building again",)
            return Bisection(verification, package, known=known)
        if verification.verdict is Verdict.REPRODUCED and first is last is None:
            known = ("the baseline still reproduces; --from and --to name releases to try all the same",)
            return Bisection(verification, package, known=known)
        today = verification.check.environment
        assert today is not None
        ends = _ends(verification, package, first, last)
        releases = self.index.releases(package, *ends, self.python)
        left_out = self.index.missing([pin for pin in today.distributions if pin[0] != package], self.python)
        pins = tuple(pin for pin in today.distributions if pin[0] not in left_out)
        trials = Trials(verification, self.open_executor, self.builds, left_out, self.notify)
        history = _History(self, trials, package, pins, releases)
        if not history.fill():
            known = (f"not every release was tried with --builds {self.builds}; more builds find more",)
        return Bisection(
            verification,
            package,
            releases,
            history.tried(),
            tuple(history.boundaries()),
            tuple(history.gaps()),
            tuple(sorted(left_out.items())),
            known,
        )


def _ends(verification: Verification, package: str, first: str | None, last: str | None) -> tuple[str, str]:
    """The two ends of the search, from the environments where they are not named."""
    then = dict(verification.baseline.environment.distributions).get(package)
    environment = verification.check.environment
    now = None if environment is None else dict(environment.distributions).get(package)
    start, end = first or then, last or now
    for version, option, whose in ((start, "--from", "the baseline's"), (end, "--to", "today's")):
        if version is None:
            raise UsageError(
                f"{package} is not among the distributions of {whose} environment",
                hint=f"name a release with {option} VERSION; `seedreg show` lists what changed",
            )
    assert start is not None
    assert end is not None
    if start == end:
        raise UsageError(
            f"{package} is {start} both in the baseline's environment and today: there is nothing between",
            hint="name releases with --from VERSION and --to VERSION; `seedreg blame` finds the package",
        )
    return start, end


class _History:
    """The releases in order, and what each gave as far as it was tried."""

    def __init__(
        self, bisector: Bisector, trials: Trials, package: str, pins: Pins, releases: tuple[str, ...]
    ) -> None:
        self._bisector = bisector
        self._trials = trials
        self._package = package
        self._pins = pins
        self._releases = releases
        self._tried: dict[int, ReleaseTrial] = {}

    def fill(self) -> bool:
        """Try releases until all are tried, or no build is left: False then.

        First the ends. Then the middle of a gap whose ends have other letters, the smallest first, so
        that one boundary is found before others are looked for; then, where an end could not run, the
        way to the outermost release that can; then the middle of the longest stretch that is left.
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
            for before, after in pairwise(ran)
            if self._letter(before) != self._letter(after)
            and (inside := [index for part in stretches for index in part if before < index < after])
        ]
        outer = [part for part in stretches if ran and (part[-1] + 1 == ran[0] or part[0] - 1 == ran[-1])]
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
        mode = self._bisector.resolve
        pinned = tuple(sorted({**dict(self._pins), self._package: release}.items()))
        label = f"{self._package} {release}"
        first = None
        if mode != "always":
            first = self._trials.build(label, self._setting(pinned))
            if mode == "never" or first.result is not Result.FAILED:
                return ReleaseTrial(release, first)
        try:
            resolved = self._bisector.index.resolve_near(
                self._pins, self._package, release, self._bisector.python
            )
        except EnvironmentFailed as error:
            return ReleaseTrial(release, first or self._trials.refuse(label, error))
        try:
            trial = self._trials.build(f"{label}, others resolved", self._setting(resolved))
        except BuildsSpent:
            if first is None:
                raise
            return ReleaseTrial(release, first)
        if first is not None and trial.result is Result.FAILED:
            return ReleaseTrial(release, first)
        return ReleaseTrial(release, trial, resolved=resolved != pinned)

    def _setting(self, pins: Pins) -> Setting:
        return Setting(pins, python=self._bisector.python)

    # Reading ----------------------------------------------------------------------------------

    def tried(self) -> tuple[ReleaseTrial, ...]:
        """What was tried, oldest release first."""
        return tuple(self._tried[index] for index in sorted(self._tried))

    def boundaries(self) -> Iterator[Boundary]:
        """Where the letter changes from one release that ran to the next that did."""
        seen: set[str | None] = set()
        for before, after in pairwise(self._ran()):
            letters = (self._letter(before), self._letter(after))
            seen.add(letters[0])
            if letters[0] == letters[1]:
                continue
            untested, failed = self._between(before, after)
            yield Boundary(
                self._releases[before],
                self._releases[after],
                letters,
                letters[1] in seen,
                untested,
                failed,
            )

    def gaps(self) -> Iterator[Gap]:
        """Where releases between two of the same letter were not built."""
        for before, after in pairwise(self._ran()):
            untested, _ = self._between(before, after)
            if untested and self._letter(before) == self._letter(after):
                yield Gap(self._releases[before], self._releases[after], self._letter(before), untested)

    def _ran(self) -> list[int]:
        """The releases that gave a fingerprint."""
        return [index for index in sorted(self._tried) if self._tried[index].trial.letter is not None]

    def _letter(self, index: int) -> str:
        letter = self._tried[index].trial.letter
        assert letter is not None
        return letter

    def _between(self, before: int, after: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        inside = range(before + 1, after)
        untested = tuple(self._releases[index] for index in inside if index not in self._tried)
        return untested, tuple(self._releases[index] for index in inside if index in self._tried)
