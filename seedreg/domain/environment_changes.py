"""What differs between two environments."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace

from seedreg.domain.environment import Environment
from seedreg.domain.frameworks import RECORDED, prominence


class ChangeKind(enum.Enum):
    """What a change is a change of; the values are those of documents."""

    PYTHON = "python"
    DISTRIBUTION = "distribution"
    VARIABLE = "variable"
    KERAS_CONFIG = "keras_config"
    MACHINE = "machine"


SOFTWARE = (ChangeKind.PYTHON, ChangeKind.DISTRIBUTION)
_KINDS = tuple(ChangeKind)


@dataclass(frozen=True)
class Change:
    """One difference between two environments; None where a side does not have it."""

    kind: ChangeKind
    name: str
    before: str | None
    after: str | None

    def document(self) -> dict[str, str | None]:
        """The change as JSON."""
        return {"kind": self.kind.value, "name": self.name, "before": self.before, "after": self.after}

    def __str__(self) -> str:
        return f"{self.name} {self.before or '(none)'} → {self.after or '(none)'}"


def changes(before: Environment, after: Environment) -> tuple[Change, ...]:
    """What differs: Python, distributions, variables, Keras' configuration, machine.

    The distributions that can move a weight come first.
    """
    found = list(_recorded(before, after))
    # A TensorFlow that was built by hand, or put on the path, comes without metadata.
    known = {(change.before, change.after) for change in found if change.kind is ChangeKind.DISTRIBUTION}
    for name in (library.name for library in RECORDED):
        old, new = getattr(before, name), getattr(after, name)
        if None not in (old, new) and old != new and (old, new) not in known:
            # Keras was once part of TensorFlow: the imported version says more than the installed one.
            recorded = (ChangeKind.DISTRIBUTION, name)
            found = [change for change in found if (change.kind, change.name) != recorded]
            found.append(Change(ChangeKind.DISTRIBUTION, name, old, new))
    old, new = before.keras_distribution, after.keras_distribution
    if old != new:
        found.append(Change(ChangeKind.KERAS_CONFIG, "built by", old, new))
    return tuple(sorted(found, key=weight_first))


def weight_first(change: Change) -> tuple[int, int, bool]:
    """Sorts software first; of it what most often moves weights, and what was added or removed last."""
    kind = _KINDS.index(change.kind)
    if change.kind not in SOFTWARE:
        return (kind, 0, False)
    return (0, prominence(change.name), None in (change.before, change.after))


def known_changes(before: Environment, failed: Environment | None) -> tuple[Change, ...]:
    """What differs in the environment of a build that failed, as far as it is known; None if nothing is.

    What only a model shows is not known, and a module that failed early may not have set all its variables.
    """
    if failed is None:
        return ()
    known = replace(
        failed,
        keras_distribution=before.keras_distribution,
        keras_config=before.keras_config,
        variables=tuple({**dict(before.variables), **dict(failed.variables)}.items()),
    )
    return changes(before, known)


def _recorded(before: Environment, after: Environment) -> Iterator[Change]:
    if before.python != after.python:
        yield Change(ChangeKind.PYTHON, "python", before.python, after.python)
    tables = (
        (ChangeKind.DISTRIBUTION, before.distributions, after.distributions),
        (ChangeKind.VARIABLE, before.variables, after.variables),
        (ChangeKind.KERAS_CONFIG, before.keras_config, after.keras_config),
        (ChangeKind.MACHINE, _machine(before), _machine(after)),
    )
    for kind, old_items, new_items in tables:
        old, new = dict(old_items), dict(new_items)
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                yield Change(kind, name, old.get(name), new.get(name))


def _machine(environment: Environment) -> tuple[tuple[str, str], ...]:
    return ("os", environment.os), ("cpu", environment.cpu)
