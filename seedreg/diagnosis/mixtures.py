"""Builds of an entry in mixtures of two environments: the baseline's and today's."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from seedreg.diagnosis.movable import Group
from seedreg.diagnosis.trials import Setting, ThenAndNow, Trials, pins_with
from seedreg.domain.diagnosis import Base, Mixture, Trial
from seedreg.domain.environment_changes import ChangeKind
from seedreg.domain.environment_spec import ExistingPython, PythonVersion


class Mixtures:
    """Builds the entry with some changes undone.

    Args:
        pair: the entry then and now.
        trials: builds it, each environment once.
        python: path of today's interpreter.
        left_out: names of today's distributions that no environment can have.
    """

    def __init__(self, pair: ThenAndNow, trials: Trials, python: str, left_out: Collection[str]) -> None:
        self._pair = pair
        self._trials = trials
        self._python: ExistingPython | PythonVersion = ExistingPython(python)
        self._old_python: PythonVersion | None = None
        self._left_out = left_out

    @property
    def made(self) -> tuple[Trial, ...]:
        """Every trial so far."""
        return self._trials.made

    def use_old_python(self, version: str) -> None:
        """Undo a change of Python with this version: the baseline's, or one near it."""
        self._old_python = PythonVersion(version)

    def back(self, group: Group) -> Trial:
        """Today's environment with only the group undone.

        Raises:
            BuildsSpent: if no build is left.
        """
        return self._trials.build(Mixture(Base.TODAY, self._as_used(group)), self._setting(group))

    def forward(self, group: Group, scope: Group, *, additions_kept: bool) -> Trial:
        """The baseline's environment, as far as `scope` can be undone, with only the group as it is today.

        With `additions_kept` what only today has is there, too.

        Raises:
            BuildsSpent: if no build is left.
        """
        others = tuple(change for change in scope if change not in group)
        base = Base.BASELINE_AND_ADDITIONS if additions_kept else Base.BASELINE
        return self._trials.build(Mixture(base, group), self._setting(others))

    def _setting(self, group: Group) -> Setting:
        pins = pins_with(self._pair.now, group, self._left_out)
        moves_python = any(change.kind is ChangeKind.PYTHON for change in group)
        return Setting(pins, self._old_python if moves_python and self._old_python else self._python)

    def _as_used(self, group: Group) -> Group:
        """The group, its Python in the version that is used."""
        old = self._old_python
        return tuple(
            replace(change, before=old.version) if old and change.kind is ChangeKind.PYTHON else change
            for change in group
        )
