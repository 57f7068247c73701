"""Statistics of a tensor's values: what diagnosis can use when the weights themselves were not kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from seedreg.domain.decoding import DecodingError, Fields, list_of, natural, number, optional

_NUMBERS = ("count", "mean", "std", "minimum", "maximum", "l2", "zeros", "nans", "infinities")
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")
_BITS = 64  # of the widest integers of a tensor


@dataclass(frozen=True)
class TensorStats:
    """Count, moments, extremes and samples of one tensor.

    All are float64 over the tensor's finite elements; None where there is none, or (`mean` to
    `maximum`) where the numbers are complex. `samples` are the values at positions
    `i * (count - 1) // 15`, i = 0 … 15, of the flattened tensor, or all values of a tensor of at most
    16; values that are not finite are the texts of JSON5.
    """

    count: int
    mean: float | None
    std: float | None
    minimum: float | None
    maximum: float | None
    l2: float | None
    zeros: int
    nans: int
    infinities: int
    samples: tuple[Any, ...]

    @property
    def constant(self) -> bool:
        """Whether all elements are the same number (or there are none)."""
        return self.nans == self.infinities == 0 and self.minimum == self.maximum and self.minimum is not None

    def document(self) -> dict[str, Any]:
        """The statistics as JSON, as the registry keeps them."""
        numbers = {name: getattr(self, name) for name in _NUMBERS}
        return {**numbers, "samples": list(self.samples)}

    @classmethod
    def from_document(cls, document: Any) -> TensorStats:
        """The statistics that `document()` describes.

        Raises:
            DecodingError: if a value is missing or of another type.
        """
        fields = Fields(document)
        return cls(
            count=fields("count", natural),
            mean=fields("mean", _measure),
            std=fields("std", _measure),
            minimum=fields("minimum", _measure),
            maximum=fields("maximum", _measure),
            l2=fields("l2", _measure),
            zeros=fields("zeros", natural),
            nans=fields("nans", natural),
            infinities=fields("infinities", natural),
            samples=fields("samples", _samples),
        )


def _sample(value: Any) -> Any:
    if isinstance(value, list):  # a complex number
        if len(value) != 2:
            raise DecodingError("a complex number has two parts")
        return [_real(part) for part in value]
    return _real(value)


def _real(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, str) and value in _NOT_FINITE):
        return value
    if type(value) is int and value.bit_length() <= _BITS:
        return value
    return number(value)


def _samples(value: Any) -> tuple[Any, ...]:
    # Nearly all are finite numbers: looked at together, they take a third of the time.
    if type(value) is list and set(map(type, value)) == {float} and all(map(math.isfinite, value)):
        return tuple(value)
    return _any_samples(value)


_measure = optional(number)
_any_samples = list_of(_sample)
