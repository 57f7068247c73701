"""Environments and what changed in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seedreg.domain.environment import Environment
from seedreg.domain.environment_changes import Change, ChangeKind
from seedreg.domain.frameworks import KERAS, RECORDED, is_prominent, prominence
from seedreg.reports.lines import counted, listed, wrapped

SOFTWARE = (ChangeKind.PYTHON, ChangeKind.DISTRIBUTION)
# This many packages are named besides those that can move a weight; more are counted.
_FEW = 2
# This many are named where no package that can move a weight changed.
_NAMED = 3


def change_lines(found: Sequence[Change], *, verbose: bool = False, brief: bool = False) -> Iterator[str]:
    """What differs between two environments: Python and packages, then settings and machine.

    The packages that can move a weight come first; the others are counted if there are many. With
    `verbose` all are named, with `brief` only the first kind.
    """
    if not found:
        yield "environment: unchanged"
        return
    software = sorted((change for change in found if change.kind in SOFTWARE), key=weight_first)
    others = [change for change in found if change.kind not in SOFTWARE]
    if software:
        first = sum(is_prominent(change.name) for change in software)
        if verbose or (len(software) - first <= _FEW and not brief):
            first = len(software)
        yield from wrapped(["environment:", *_named(software, first or (1 if brief else _NAMED))])
    if others:
        yield from wrapped(["settings and machine:", *_named(others, len(others))])


def weight_first(change: Change) -> tuple[int, bool]:
    """Sorts what most often moves weights first, and what was added or removed last."""
    return (prominence(change.name), None in (change.before, change.after))


def _named(found: Sequence[Change], shown: int) -> Iterator[str]:
    words = [str(change) for change in found[:shown]]
    if len(found) > shown:
        words.append(f"and {counted(len(found) - shown, 'other package')}")
    yield from listed(words)


def environment_line(environment: Environment) -> str:
    """Python, TensorFlow, Keras and NumPy in one line."""
    versions = {library: getattr(environment, library.name) or "-" for library in RECORDED}
    if environment.keras_distribution not in (None, KERAS.name):
        versions[KERAS] += f" ({environment.keras_distribution})"
    parts = [f"{library.name} {version}" for library, version in versions.items()]
    return ", ".join([f"python {environment.python}", *parts])
