"""What differs between two fingerprints, tensor by tensor."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from seedreg.domain.fingerprint import Fingerprint, TensorRecord, normal_name


class DifferenceKind(enum.Enum):
    """How a tensor differs; the values are part of the JSON documents."""

    VALUES = "values"
    DTYPE = "dtype"
    SHAPE = "shape"
    MISSING = "missing"
    EXTRA = "extra"


@dataclass(frozen=True)
class Changed:
    """The same tensor on both sides, with other content."""

    before: TensorRecord
    after: TensorRecord

    @property
    def kind(self) -> DifferenceKind:
        """What differs; of several things the first of shape, dtype, values."""
        if self.before.shape != self.after.shape:
            return DifferenceKind.SHAPE
        return DifferenceKind.DTYPE if self.before.dtype != self.after.dtype else DifferenceKind.VALUES

    @property
    def tensor(self) -> TensorRecord:
        """The tensor that names the difference: the build's."""
        return self.after


@dataclass(frozen=True)
class Missing:
    """A tensor that only the baseline has."""

    before: TensorRecord

    @property
    def kind(self) -> DifferenceKind:
        """Always `MISSING`."""
        return DifferenceKind.MISSING

    @property
    def tensor(self) -> TensorRecord:
        """The tensor that names the difference."""
        return self.before


@dataclass(frozen=True)
class Extra:
    """A tensor that only the build has."""

    after: TensorRecord

    @property
    def kind(self) -> DifferenceKind:
        """Always `EXTRA`."""
        return DifferenceKind.EXTRA

    @property
    def tensor(self) -> TensorRecord:
        """The tensor that names the difference."""
        return self.after


TensorDifference: TypeAlias = Changed | Missing | Extra


@dataclass(frozen=True)
class Drift:
    """How the fingerprint of a build differs from the one that it is compared with.

    `tensor_count` is the larger of the two numbers of tensors. `reordered` says that both hold the
    same tensors in another order.
    """

    tensor_count: int
    differences: tuple[TensorDifference, ...]
    reordered: bool = False

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that differ, in the model's order, each once."""
        return tuple(dict.fromkeys(difference.tensor.place for difference in self.differences))


def compare(before: Fingerprint, after: Fingerprint) -> Drift | None:
    """How `after` differs from `before`; None when the fingerprints are equal.

    If both have the same number of tensors, they are compared position by position. Otherwise they are
    paired by name, then by content, then by normalised name; a tensor without a partner is missing or
    extra.
    """
    if before.digest == after.digest:
        return None
    pairs = _pairs(before.tensors, after.tensors)
    found = (_difference(old, new) for old, new in pairs)
    differences = tuple(difference for difference in found if difference is not None)
    reordered = sorted(t.line for t in before.tensors) == sorted(t.line for t in after.tensors)
    return Drift(max(len(before.tensors), len(after.tensors)), differences, reordered)


def _difference(old: TensorRecord | None, new: TensorRecord | None) -> TensorDifference | None:
    if old is not None and new is not None:
        return None if old.line == new.line else Changed(old, new)
    if old is not None:
        return Missing(old)
    return None if new is None else Extra(new)


def _pairs(
    before: tuple[TensorRecord, ...], after: tuple[TensorRecord, ...]
) -> list[tuple[TensorRecord | None, TensorRecord | None]]:
    if len(before) == len(after):
        return list(zip(before, after, strict=True))
    partners: dict[int, TensorRecord] = {}
    free = list(after)
    # The surest sign first: the same name, then the same content, then a similar name.
    signs: tuple[Callable[[TensorRecord], str], ...] = (
        lambda tensor: tensor.name,
        lambda tensor: tensor.line,
        lambda tensor: normal_name(tensor.name),
    )
    for sign in signs:
        waiting: dict[str, list[TensorRecord]] = {}
        for tensor in free:
            waiting.setdefault(sign(tensor), []).append(tensor)
        for position, tensor in enumerate(before):
            if position not in partners and waiting.get(sign(tensor)):
                partners[position] = waiting[sign(tensor)].pop(0)
        taken = {id(tensor) for tensor in partners.values()}
        free = [tensor for tensor in free if id(tensor) not in taken]
    pairs: list[tuple[TensorRecord | None, TensorRecord | None]] = [
        (tensor, partners.get(position)) for position, tensor in enumerate(before)
    ]
    pairs.extend((None, tensor) for tensor in free)
    return pairs


def names_differ(before: Fingerprint, after: Fingerprint) -> tuple[tuple[str, str], ...]:
    """Pairs of names, position by position, that are not the same after normalising.

    The enclosing model's automatic name (`sequential/…`) is ignored where only one side has it.
    """
    if len(before.tensors) != len(after.tensors):
        return ()
    pairs = (
        (normal_name(a.name), normal_name(b.name)) for a, b in zip(before.tensors, after.tensors, strict=True)
    )
    return tuple((a, b) for a, b in pairs if a != b and not a.endswith(f"/{b}") and not b.endswith(f"/{a}"))
