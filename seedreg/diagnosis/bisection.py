"""Which release of a package changed an entry's weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from seedreg.diagnosis.history import History, Releases
from seedreg.diagnosis.movable import not_installable
from seedreg.diagnosis.trials import ThenAndNow, Trials
from seedreg.domain.diagnosis import Bisection, Resolve, Trial
from seedreg.domain.diagnosis_facts import FactKind, fact
from seedreg.domain.distributions import is_pinnable
from seedreg.domain.environment_spec import EnvironmentSpec, ExistingPython
from seedreg.domain.results import Verification
from seedreg.domain.verdict import Verdict
from seedreg.errors import Step, UsageError

if TYPE_CHECKING:
    from seedreg.executors import Executor


class ReleaseIndex(Protocol):
    """The questions to a package index; see `seedreg.environments.index.PackageIndex`."""

    def releases(self, package: str, first: str, last: str, python: str) -> tuple[str, ...]:
        """The final releases from `first` to `last` or the other way round, oldest first, with both ends."""
        ...

    def missing(self, pins: Sequence[tuple[str, str]], python: str) -> dict[str, str]:
        """The distributions that are not available in this version: name → the installer's own words."""
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
        resolve: `NEVER` keeps the other packages as they are today; `ALWAYS` lets the installer
            move them where a release demands so; `AUTO` does so only where a release could not run.
        notify: is called with each trial when it is known.
    """

    open_executor: Callable[[EnvironmentSpec], Executor]
    index: ReleaseIndex
    python: str
    builds: int = 20
    resolve: Resolve = Resolve.AUTO
    notify: Callable[[Trial], None] = lambda trial: None

    def bisect(
        self, verification: Verification, package: str, first: str | None = None, last: str | None = None
    ) -> Bisection:
        """The package's history between two releases: the baseline's and today's, if none are named.

        Raises:
            UsageError: if an end is not named and the package is not in that environment.
            EnvironmentFailed: if the index cannot be asked for releases.
        """
        match verification.verdict:
            case Verdict.ERROR:
                return Bisection(verification, package)
            case Verdict.NONDETERMINISTIC:
                known = (fact(FactKind.NONDETERMINISTIC_TODAY),)
                return Bisection(verification, package, known=known)
            case Verdict.REPRODUCED if first is last is None:
                return Bisection(verification, package, known=(fact(FactKind.STILL_REPRODUCES),))
        pair = ThenAndNow.of(verification)
        ends = _ends(pair, package, first, last)
        releases = self.index.releases(package, *ends, self.python)
        others = [pin for pin in pair.now.distributions if pin[0] != package]
        left_out = not_installable(others, self.index, self.python)
        pins = tuple(pin for pin in pair.now.distributions if pin[0] not in left_out)
        trials = Trials(pair, self.open_executor, self.builds, left_out, self.notify)
        history = History(
            Releases(package, releases, pins, ExistingPython(self.python)), trials, self.index, self.resolve
        )
        complete = history.fill()
        return Bisection(
            verification,
            package,
            releases,
            history.tried(),
            tuple(history.boundaries()),
            tuple(history.gaps()),
            tuple(left_out[name] for name in sorted(left_out)),
            () if complete else (fact(FactKind.RELEASES_LEFT, builds=self.builds),),
        )


def _ends(pair: ThenAndNow, package: str, first: str | None, last: str | None) -> tuple[str, str]:
    """The two ends of the search, from the environments where they are not named."""
    start = first or dict(pair.then.distributions).get(package)
    end = last or dict(pair.now.distributions).get(package)
    if start is None:
        raise _not_there(package, "the baseline's", "from")
    if end is None:
        raise _not_there(package, "today's", "to")
    for version in (start, end):
        if not is_pinnable(package, version):
            raise UsageError(
                f"{package!r} {version!r} is not the name and version of a distribution",
                step=Step.NAME_RELEASES,
            )
    if start == end:
        raise UsageError(
            f"{package} is {start} both in the baseline's environment and today: there is nothing between",
            step=Step.NAME_RELEASES,
        )
    return start, end


def _not_there(package: str, whose: str, end: str) -> UsageError:
    return UsageError(
        f"{package} is not among the distributions of {whose} environment", step=Step.NAME_RELEASE, end=end
    )
