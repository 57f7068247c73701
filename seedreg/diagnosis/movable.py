"""Which changes since the baseline can be undone, and in which order that is tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeAlias

from seedreg.diagnosis.trials import ThenAndNow
from seedreg.domain.diagnosis import LeftOut, NotMovable, Obstacle
from seedreg.domain.distributions import is_pinnable
from seedreg.domain.environment_changes import Change, ChangeKind
from seedreg.domain.frameworks import likelihood, often_moves_weights

Group: TypeAlias = tuple[Change, ...]


class Index(Protocol):
    """The questions to a package index; see `seedreg.environments.index.PackageIndex`."""

    def missing(self, pins: Sequence[tuple[str, str]], python: str) -> dict[str, str]:
        """The distributions that are not available in this version: name → the installer's own words."""
        ...


class Movable:
    """The changes of an entry's environment that can be undone, as far as it is known.

    Args:
        pair: the entry then and now.
        index: says which distributions are available.
        may_add: whether a distribution that today's environment does not have may be installed.
        unused: whether no model needs a distribution, so that its change is left as it is.
    """

    def __init__(
        self,
        pair: ThenAndNow,
        index: Index,
        may_add: Callable[[str], bool],
        unused: Callable[[str], bool] = lambda name: False,
    ) -> None:
        self._pair = pair
        self._index = index
        self._may_add = may_add
        self._missing: list[NotMovable] = []
        changes = pair.verification.changes
        packages = [
            change for change in changes if change.kind is ChangeKind.DISTRIBUTION and not unused(change.name)
        ]
        self._never = [
            NotMovable(change, obstacle)
            for change in packages
            if (obstacle := self._obstacle(change)) is not None
        ]
        never = {one.change for one in self._never}
        self.packages = _ordered(change for change in packages if change not in never)
        self.python = next((change for change in changes if change.kind is ChangeKind.PYTHON), None)

    @property
    def not_movable(self) -> tuple[NotMovable, ...]:
        """The changes that cannot be undone, with the reason of each."""
        return (*self._never, *self._missing)

    def set_aside_missing(self, python: str) -> None:
        """Remove packages that are not available in the baseline's version for this Python.

        Asked again with the baseline's Python, for which other releases may be available.
        """
        packages = (*self.packages, *(one.change for one in self._missing))
        olds = [(change.name, change.before) for change in packages if change.before is not None]
        words = self._index.missing(olds, python)
        self.packages = _ordered(change for change in packages if change.name not in words)
        self._missing = [
            NotMovable(change, Obstacle.NOT_OFFERED, words[change.name])
            for change in packages
            if change.name in words
        ]

    def _obstacle(self, change: Change) -> Obstacle | None:
        """Why no installer can be asked to undo the change; None if one can."""
        then, now = dict(self._pair.then.distributions), dict(self._pair.now.distributions)
        if (then.get(change.name), now.get(change.name)) != (change.before, change.after):
            return Obstacle.NO_METADATA  # it is what a module says about itself
        if change.before is not None and not is_pinnable(change.name, change.before):
            return Obstacle.NOT_A_RELEASE
        if change.after is None and not self._may_add(change.name):
            return Obstacle.UNTRUSTED
        return None


def not_installable(
    distributions: Iterable[tuple[str, str]], index: Index, python: str
) -> dict[str, LeftOut]:
    """Those of the distributions that no environment created for this Python can have, by name."""
    pins: list[tuple[str, str]] = []
    found: dict[str, LeftOut] = {}
    for name, version in distributions:
        if is_pinnable(name, version):
            pins.append((name, version))
        else:
            found[name] = LeftOut(name)
    words = index.missing(pins, python)
    return found | {name: LeftOut(name, said) for name, said in words.items()}


def is_likely(change: Change) -> bool:
    """Whether the change is tried by itself before the rest is tried as a group."""
    return change.kind is ChangeKind.PYTHON or often_moves_weights(change.name)


def _ordered(changes: Iterable[Change]) -> Group:
    return tuple(sorted(changes, key=_rank))


def _rank(change: Change) -> tuple[int, str]:
    return (likelihood(change.name), change.name)
