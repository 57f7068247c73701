"""The smallest group of changes that explains a drift."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seedreg.diagnosis.mixtures import Mixtures
from seedreg.diagnosis.movable import Group, is_likely
from seedreg.diagnosis.trials import BuildsSpent
from seedreg.domain.diagnosis import Result, Trial
from seedreg.domain.diagnosis_facts import Fact, FactKind, fact
from seedreg.domain.environment_changes import Change


@dataclass(frozen=True)
class Evidence:
    """A group that explains a drift, tried from both sides; `forward` is None where that was not tried."""

    group: Group
    backward: Trial
    forward: Trial | None = None
    known: tuple[Fact, ...] = ()


class Search:
    """Looks for the smallest part of a group of changes that explains the drift as the whole group does.

    A group explains the drift if today's environment with the group undone gives the baseline again.

    Args:
        mixtures: builds the entry with some changes undone.
        scope: a group that explains the drift.
    """

    def __init__(self, mixtures: Mixtures, scope: Group) -> None:
        self._mixtures = mixtures
        self._scope = scope
        self.best = scope
        """The smallest group found so far."""
        self.kept: Group = ()
        """Additions that have no part in the drift, and are there in every mixture."""

    def smallest(self) -> Group:
        """The smallest part that explains the drift.

        Single changes first, likely ones one at a time, the rest as one group; if none of these
        explains it, what remains when none can be left out any more.

        Raises:
            BuildsSpent: if no build is left; `best` is what was found until then.
        """
        likely = [change for change in self._scope if is_likely(change)]
        for change in likely:
            if self._explains((change,)):
                return (change,)
        self._keep_added()
        for change in likely:
            if change in self._scope and self._explains_forward(change):
                return (change,)
        rest = tuple(change for change in self._scope if not is_likely(change))
        return self._within(rest) or self._reduce(self._scope, self._explains)

    def from_both_sides(self, group: Group) -> Evidence:
        """The group, tried from the baseline's environment too; a larger one if that shows it is needed."""
        backward, forward = self._mixtures.back(group), None
        known: tuple[Fact, ...] = ()
        try:
            if len(group) < len(self._scope):
                forward = self._forward(group)
                if forward.result is Result.FAILED and not self.kept:
                    self._keep_added()
                    forward = self._forward(group)
            if forward is not None and forward.result is Result.BASELINE:
                # Undoing the group is enough to undo the drift, but it needs others to cause it.
                needed = self._reduce(self._scope, self._brings_today)
                backward, forward = self._mixtures.back(needed), self._forward(needed)
                known = (fact(FactKind.ENOUGH_BACK, changes=group),)
                group = needed
        except BuildsSpent:
            known = (fact(FactKind.ONE_SIDE_ONLY),)
        return Evidence(group, backward, forward, known)

    def _keep_added(self) -> None:
        """Set aside what only today has, if the rest explains the drift too.

        An upgrade needs its new dependencies: Keras 3 does not start without optree. If these were removed
        with the others, no other change could be moved forward or back by itself.
        """
        rest = tuple(change for change in self._scope if change.before is not None)
        if rest and len(rest) < len(self._scope) and self._explains(rest):
            self.kept = tuple(change for change in self._scope if change.before is None)
            self._scope = self.best = rest

    def _within(self, part: Group) -> Group:
        """The changes of this part that explain the drift by themselves, if any do.

        A part that changes nothing is excluded as a whole; one that cannot run is halved.
        """
        if not part:
            return ()
        together = self._mixtures.back(part)
        if together.result is Result.TODAY:
            return ()
        if together.result is Result.BASELINE:
            return self._reduce(part, self._explains)
        if len(part) == 1:
            return part if self._explains_forward(part[0]) else ()
        middle = len(part) // 2
        return self._within(part[:middle]) or self._within(part[middle:])

    def _reduce(self, group: Group, holds: Callable[[Group], bool]) -> Group:
        """Leave out part after part, unlikely ones first, while `holds` is true of the rest."""
        self.best = group
        size = max(1, len(group) // 2)
        while len(group) > 1:
            length = len(group)
            for start in range(max(0, length - size), -size, -size):
                smaller = group[: max(0, start)] + group[start + size :]
                if smaller and holds(smaller):
                    group = self.best = smaller
            if size == 1 and len(group) == length:
                break
            size = max(1, size // 2)
        return group

    def _explains(self, group: Group) -> bool:
        return self._mixtures.back(group).result is Result.BASELINE

    def _explains_forward(self, change: Change) -> bool:
        """What does not run when only it is moved back may run when only it is moved forward."""
        if len(self._scope) < 2 or self._mixtures.back((change,)).result is not Result.FAILED:
            return False
        return self._brings_today((change,))

    def _brings_today(self, group: Group) -> bool:
        return self._forward(group).result is Result.TODAY

    def _forward(self, group: Group) -> Trial:
        return self._mixtures.forward(group, self._scope, additions_kept=bool(self.kept))
