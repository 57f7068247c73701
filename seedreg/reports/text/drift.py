"""What differs between two fingerprints."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterator

from seedreg.domain.drift import DifferenceKind, Drift
from seedreg.reports.lines import wrapped

_LAYERS = 8


class TwoBuilds(enum.Enum):
    """What a fingerprint is compared with where it is not a baseline."""

    OF_TODAY = "the two builds"


def drift_sentences(drift: Drift, against: int | TwoBuilds) -> Iterator[str]:
    """How many tensors differ, in which layers, and how; each sentence on one line.

    `against` is the number of the baseline, or says that two builds differ from each other.
    """
    number = f"{len(drift.differences)} of {drift.tensor_count} tensors differ"
    other = f"between {against.value}" if isinstance(against, TwoBuilds) else f"from baseline {against}"
    layers = ", ".join(drift.layers[:_LAYERS])
    if len(drift.layers) > _LAYERS:
        layers += f" and {len(drift.layers) - _LAYERS} more"
    yield f"{number} {other}; layers: {layers}"
    if drift.reordered:
        yield "the same tensors, in another order"
    kinds = Counter(difference.kind for difference in drift.differences)
    if set(kinds) != {DifferenceKind.VALUES}:
        found = sorted((kind.value, count) for kind, count in kinds.items())
        yield "by kind: " + ", ".join(f"{count} {kind}" for kind, count in found)


def drift_lines(drift: Drift, against: int | TwoBuilds) -> Iterator[str]:
    """The same, wrapped."""
    for sentence in drift_sentences(drift, against):
        yield from wrapped(sentence.split(" "))
