"""Statistics of a tensor's values: what diagnosis can use when the weights themselves were not kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_NUMBERS = ("count", "mean", "std", "minimum", "maximum", "l2", "zeros", "nans", "infinities")


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
    def from_document(cls, document: dict[str, Any]) -> TensorStats:
        """The statistics that `document()` describes."""
        numbers = {name: document[name] for name in _NUMBERS}
        return cls(**numbers, samples=tuple(document["samples"]))
