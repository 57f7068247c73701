"""Fingerprints of scheme `sr1` and what differs between two of them; docs/fingerprint.md is the format."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from seedreg.domain.canonical import sha256_text

SCHEME = "sr1"
DOCUMENT_FORMAT = 1


@dataclass(frozen=True)
class TensorStats:
    """What is kept of a tensor's values when the weights themselves are not.

    All are float64 over the tensor's elements, over the finite ones where some are not finite;
    None where there is none, or (`mean` to `maximum`) where the numbers are complex.
    `samples` are the values at positions `i * (count - 1) // 15`, i = 0 … 15, of the flattened
    tensor (all of them where there are at most 16); not-finite ones are the texts of JSON5.
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


@dataclass(frozen=True)
class TensorRecord:
    """One weight tensor: the three fields that are hashed, and what is kept beside them."""

    dtype: str
    shape: tuple[int, ...]
    sha256: str
    name: str
    layer: str | None = None
    layer_class: str | None = None
    initializer: dict[str, Any] | None = None
    stats: TensorStats | None = None

    @property
    def line(self) -> str:
        """The tensor's line of the manifest, without its newline."""
        shape = "x".join(map(str, self.shape)) if self.shape else "scalar"
        return f"{self.dtype} {shape} {self.sha256}"

    @property
    def size(self) -> int:
        """Number of elements."""
        product = 1
        for length in self.shape:
            product *= length
        return product


@dataclass(frozen=True)
class Fingerprint:
    """What the weights of one build were; never of a model without tensors."""

    tensors: tuple[TensorRecord, ...]

    def __post_init__(self) -> None:
        if not self.tensors:
            raise ValueError("a model without tensors has no fingerprint")

    @property
    def manifest(self) -> str:
        """The text whose SHA-256 is the fingerprint: `sr1`, then a line for each tensor."""
        return "".join(f"{line}\n" for line in (SCHEME, *(tensor.line for tensor in self.tensors)))

    @property
    def digest(self) -> str:
        """64 hexadecimal digits."""
        return sha256_text(self.manifest)

    def __str__(self) -> str:
        return f"{SCHEME}:{self.digest}"

    @property
    def parameter_count(self) -> int:
        """Number of elements of all tensors together."""
        return sum(tensor.size for tensor in self.tensors)

    def not_finite(self) -> tuple[TensorRecord, ...]:
        """The tensors that hold NaN or an infinity."""
        return tuple(t for t in self.tensors if t.stats and (t.stats.nans or t.stats.infinities))

    def shared_starts(self) -> tuple[tuple[TensorRecord, ...], ...]:
        """Groups of different variables that start with identical, non-constant values."""
        groups: dict[str, list[TensorRecord]] = {}
        for tensor in self.tensors:
            if tensor.size > 1 and tensor.stats and not tensor.stats.constant:
                groups.setdefault(tensor.line, []).append(tensor)
        return tuple(tuple(group) for group in groups.values() if len(group) > 1)

    def document(self) -> dict[str, Any]:
        """The fingerprint as JSON, as the registry keeps it."""
        return {
            "format": DOCUMENT_FORMAT,
            "scheme": SCHEME,
            "digest": self.digest,
            "tensors": [_tensor_document(tensor) for tensor in self.tensors],
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Fingerprint:
        """The fingerprint that `document()` describes.

        Raises:
            ValueError: if the format or scheme is another one, or the digest is not the manifest's.
        """
        if (document.get("format"), document.get("scheme")) != (DOCUMENT_FORMAT, SCHEME):
            raise ValueError(
                f"fingerprint format {document.get('format')!r}/{document.get('scheme')!r} is unknown"
            )
        fingerprint = cls(tuple(tensor_from_document(tensor) for tensor in document["tensors"]))
        if fingerprint.digest != document["digest"]:
            raise ValueError(f"fingerprint {document['digest']} is not the digest of its manifest")
        return fingerprint


_STATS = ("count", "mean", "std", "minimum", "maximum", "l2", "zeros", "nans", "infinities")


def _tensor_document(tensor: TensorRecord) -> dict[str, Any]:
    document: dict[str, Any] = {
        "dtype": tensor.dtype,
        "shape": list(tensor.shape),
        "sha256": tensor.sha256,
        "name": tensor.name,
        "layer": tensor.layer,
        "layer_class": tensor.layer_class,
        "initializer": tensor.initializer,
        "stats": None,
    }
    if tensor.stats is not None:
        document["stats"] = {name: getattr(tensor.stats, name) for name in _STATS}
        document["stats"]["samples"] = list(tensor.stats.samples)
    return document


def tensor_from_document(document: dict[str, Any]) -> TensorRecord:
    """One tensor as the worker and the registry write it."""
    stats = document.get("stats")
    return TensorRecord(
        dtype=document["dtype"],
        shape=tuple(document["shape"]),
        sha256=document["sha256"],
        name=document["name"],
        layer=document.get("layer"),
        layer_class=document.get("layer_class"),
        initializer=document.get("initializer"),
        stats=stats
        and TensorStats(samples=tuple(stats["samples"]), **{name: stats[name] for name in _STATS}),
    )


@dataclass(frozen=True)
class TensorDifference:
    """One position of the baseline or the build at which they are not the same.

    `kind` is `values`, `dtype`, `shape`, `missing` (only in the baseline) or `extra` (only in the build).
    """

    kind: str
    before: TensorRecord | None
    after: TensorRecord | None

    @property
    def name(self) -> str:
        """The tensor's name, the build's where it has one."""
        tensor = self.after or self.before
        assert tensor is not None
        return tensor.name

    @property
    def layer(self) -> str:
        """The layer's name; for a tensor outside a layer, the tensor's own."""
        tensor = self.after or self.before
        assert tensor is not None
        return tensor.layer or normal_name(tensor.name)


@dataclass(frozen=True)
class Drift:
    """How the fingerprint of a build differs from the one it is held against."""

    tensor_count: int
    differences: tuple[TensorDifference, ...]
    reordered: bool = False

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that differ, in the model's order, each once."""
        return tuple(dict.fromkeys(difference.layer for difference in self.differences))


def compare(before: Fingerprint, after: Fingerprint) -> Drift | None:
    """How `after` differs from `before`; None when the fingerprints are equal.

    With as many tensors on both sides they are compared position by position. Otherwise they are
    paired by name, then by content, then by normalised name; what finds no partner is missing or extra.
    `reordered` says that both hold the same manifest lines in another order.
    """
    if before.digest == after.digest:
        return None
    pairs = _pairs(before.tensors, after.tensors)
    differences = tuple(
        TensorDifference(_kind(old, new), old, new)
        for old, new in pairs
        if old is None or new is None or old.line != new.line
    )
    reordered = sorted(t.line for t in before.tensors) == sorted(t.line for t in after.tensors)
    return Drift(max(len(before.tensors), len(after.tensors)), differences, reordered)


def _kind(old: TensorRecord | None, new: TensorRecord | None) -> str:
    if old is None:
        return "extra"
    if new is None:
        return "missing"
    if old.shape != new.shape:
        return "shape"
    return "dtype" if old.dtype != new.dtype else "values"


def _pairs(
    before: tuple[TensorRecord, ...], after: tuple[TensorRecord, ...]
) -> list[tuple[TensorRecord | None, TensorRecord | None]]:
    if len(before) == len(after):
        return list(zip(before, after, strict=True))
    partners: dict[int, TensorRecord] = {}
    free = list(after)
    # The surest sign first: a name that is the very same, then the same content, then names alike.
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


def normal_name(name: str) -> str:
    """A variable's name without what differs without meaning.

    Taken off: the `:0` suffix and the counters that a process gives (`dense_7` → `dense`).
    """
    parts = name.removesuffix(":0").split("/")
    return "/".join(re.sub(r"_\d+$", "", part) for part in parts)


def names_differ(before: Fingerprint, after: Fingerprint) -> tuple[tuple[str, str], ...]:
    """Pairs of names, position by position, that are not the same after normalising.

    The enclosing model's automatic name (`sequential/…`) is taken off where one side alone has it.
    """
    if len(before.tensors) != len(after.tensors):
        return ()
    pairs = (
        (normal_name(a.name), normal_name(b.name)) for a, b in zip(before.tensors, after.tensors, strict=True)
    )
    return tuple((a, b) for a, b in pairs if a != b and not a.endswith(f"/{b}") and not b.endswith(f"/{a}"))
