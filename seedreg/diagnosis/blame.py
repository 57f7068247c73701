"""Which upgrade made an entry drift: found by moving packages back, never by assuming."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seedreg.diagnosis.findings import all_back_facts, control_facts, other_changes
from seedreg.diagnosis.mixtures import Mixtures
from seedreg.diagnosis.movable import Group, Index, Movable, not_installable
from seedreg.diagnosis.search import Evidence, Search
from seedreg.diagnosis.trials import BuildsSpent, ThenAndNow, Trials
from seedreg.domain.diagnosis import Blame, Cause, LeftOut, Result, Trial
from seedreg.domain.diagnosis_facts import Fact, FactKind, fact
from seedreg.domain.environment_changes import Change
from seedreg.domain.environment_spec import EnvironmentSpec, is_python_version
from seedreg.domain.results import Verification
from seedreg.domain.verdict import Verdict

if TYPE_CHECKING:
    from seedreg.executors import Executor


@dataclass(frozen=True)
class Blamer:
    """Finds the smallest group of packages that explains a drift.

    Args:
        open_executor: gives an executor for an environment; raises EnvironmentFailed if it cannot.
        index: says which distributions are available.
        find_python: path of an interpreter of a version (`3.10.13`, or `3.10`), or None.
        python: path of today's interpreter.
        builds: how many environments may be tried.
        notify: is called with each trial when it is known.
        may_add: whether a distribution that today's environment does not have may be installed.
        unused: whether no model needs a distribution, e.g. seedreg: its changes are not tried.
    """

    open_executor: Callable[[EnvironmentSpec], Executor]
    index: Index
    find_python: Callable[[str], str | None]
    python: str
    builds: int = 40
    notify: Callable[[Trial], None] = lambda trial: None
    may_add: Callable[[str], bool] = lambda name: True
    unused: Callable[[str], bool] = lambda name: False

    def blame(self, verification: Verification) -> Blame:
        """What made the entry drift, starting from its verification today."""
        match verification.verdict:
            case Verdict.REPRODUCED:
                return Blame(verification, Cause.NOTHING_CHANGED)
            case Verdict.NONDETERMINISTIC:
                known = (fact(FactKind.NONDETERMINISTIC_TODAY),)
                return Blame(verification, Cause.NONDETERMINISTIC, known=known)
            case Verdict.ERROR:
                return Blame(verification, Cause.NOT_JUDGED)
            case Verdict.DRIFTED:
                return _Blaming(self, ThenAndNow.of(verification)).run()


class _Blaming:
    """One blame: what can be moved, and what is known so far."""

    def __init__(self, blamer: Blamer, pair: ThenAndNow) -> None:
        self._blamer = blamer
        self._verification = pair.verification
        self._movable = Movable(pair, blamer.index, blamer.may_add, blamer.unused)
        self._known: list[Fact] = []
        self._left_out: dict[str, LeftOut] = {}
        if self._movable.packages or self._movable.python is not None:
            self._left_out = not_installable(pair.now.distributions, blamer.index, blamer.python)
        trials = Trials(pair, blamer.open_executor, blamer.builds, self._left_out, blamer.notify)
        self._mixtures = Mixtures(pair, trials, blamer.python, self._left_out)
        self._search = Search(self._mixtures, ())

    def run(self) -> Blame:
        """The conclusion, once everything was tried that can be tried, or no build is left."""
        if not self._movable.packages and self._movable.python is None:
            self._known.append(fact(FactKind.NOTHING_TO_MOVE))
            return self._conclude(Cause.NOT_FOUND if self._movable.not_movable else Cause.NOT_A_PACKAGE)
        try:
            return self._try()
        except BuildsSpent:
            self._known.append(fact(FactKind.BUILDS_SPENT, builds=self._blamer.builds))
            if self._search.best:
                self._known.append(fact(FactKind.TOGETHER_BACK, changes=self._search.best))
            return self._conclude(Cause.NOT_FOUND)

    def _try(self) -> Blame:
        """Try what can be tried, in the order that excludes most soonest."""
        control = self._mixtures.back(())
        self._known.extend(control_facts(control))
        if control.result is Result.BASELINE:
            return self._conclude(Cause.NOT_A_PACKAGE)
        self._movable.set_aside_missing(self._blamer.python)
        group = self._movable.packages
        if not self._explains(group):
            python = self._movable.python
            path = None if python is None else self._find_python(python)
            if python is None or path is None:
                return self._conclude_without(group)
            if self._mixtures.back((python,)).result is Result.BASELINE:
                return self._conclude_with((python,), (python,))
            self._movable.set_aside_missing(path)
            group = (python, *self._movable.packages)
            if not self._explains(group):
                return self._conclude_without(group)
        return self._conclude_with(group)

    def _explains(self, group: Group) -> bool:
        """Whether undoing all of the group explains the drift; what that shows otherwise is noted."""
        trial = self._mixtures.back(group)
        if trial.result is Result.BASELINE:
            return True
        self._known.extend(all_back_facts(group, trial))
        return False

    def _find_python(self, change: Change) -> str | None:
        """Path of the baseline's Python on this machine, or of another patch release of it."""
        version = change.before or ""
        minor = ".".join(version.split(".")[:2])
        for wanted in filter(is_python_version, (version, minor)):
            path = self._blamer.find_python(wanted)
            if path is not None:
                self._mixtures.use_old_python(wanted)
                if wanted != version:
                    self._known.append(fact(FactKind.PYTHON_REPLACED, version=version, used=wanted))
                return path
        self._known.append(fact(FactKind.PYTHON_MISSING, version=version))
        return None

    def _conclude_with(self, scope: Group, group: Group = ()) -> Blame:
        """All of `scope` explains the drift; so does `group`, if one is given."""
        self._search = Search(self._mixtures, scope)
        evidence = self._search.from_both_sides(group or self._search.smallest())
        self._known.extend(evidence.known)
        return self._conclude(Cause.FOUND, evidence)

    def _conclude_without(self, group: Group) -> Blame:
        """Not even undoing everything that can be undone gives the baseline again."""
        everything_moved = not self._movable.not_movable and self._movable.python in (None, *group)
        if everything_moved and self._mixtures.back(group).result is Result.TODAY:
            return self._conclude(Cause.NOT_A_PACKAGE)
        return self._conclude(Cause.NOT_FOUND)

    def _conclude(self, cause: Cause, evidence: Evidence | None = None) -> Blame:
        if self._search.kept:
            self._known.append(fact(FactKind.ADDITIONS_KEPT, changes=self._search.kept))
        if cause is not Cause.FOUND:
            self._known.extend(other_changes(self._verification))
        return Blame(
            self._verification,
            cause,
            self._mixtures.made,
            () if evidence is None else evidence.group,
            None if evidence is None else evidence.backward,
            None if evidence is None else evidence.forward,
            self._movable.not_movable,
            tuple(self._left_out[name] for name in sorted(self._left_out)),
            tuple(self._known),
        )
