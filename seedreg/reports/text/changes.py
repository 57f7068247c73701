"""Environments and what changed in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seedreg.domain.environment import Environment
from seedreg.domain.environment_changes import SOFTWARE, Change, weight_first
from seedreg.domain.frameworks import KERAS, RECORDED, is_prominent
from seedreg.reports.lines import counted, listed, wrapped

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
    software = software_words(found, verbose=verbose, brief=brief)
    others = [str(change) for change in found if change.kind not in SOFTWARE]
    if software:
        yield from wrapped(["environment:", *listed(software)])
    if others:
        yield from wrapped(["settings and machine:", *listed(others)])


def software_words(found: Sequence[Change], *, verbose: bool = False, brief: bool = False) -> list[str]:
    """Python and the packages of the changes as `change_lines` names them; nothing if none changed."""
    software = sorted((change for change in found if change.kind in SOFTWARE), key=weight_first)
    shown = sum(is_prominent(change.name) for change in software)
    if verbose or (len(software) - shown <= _FEW and not brief):
        shown = len(software)
    shown = shown or (1 if brief else _NAMED)
    words = [str(change) for change in software[:shown]]
    if len(software) > shown:
        words.append(f"and {counted(len(software) - shown, 'other package')}")
    return words


def environment_line(environment: Environment) -> str:
    """Python, TensorFlow, Keras and NumPy in one line."""
    versions = {library: getattr(environment, library.name) or "-" for library in RECORDED}
    if environment.keras_distribution not in (None, KERAS.name):
        versions[KERAS] += f" ({environment.keras_distribution})"
    parts = [f"{library.name} {version}" for library, version in versions.items()]
    return ", ".join([f"python {environment.python}", *parts])
