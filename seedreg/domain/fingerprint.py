"""Fingerprints of scheme `sr1`: what the weights of a build were. Format: docs/reference/fingerprint.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from seedreg.domain.canonical import sha256_text
from seedreg.domain.statistics import TensorStats

SCHEME = "sr1"
DOCUMENT_FORMAT = 1


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
    def place(self) -> str:
        """The layer's name; for a tensor outside a layer, the tensor's own, normalised."""
        return self.layer or normal_name(self.name)

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


def _tensor_document(tensor: TensorRecord) -> dict[str, Any]:
    return {
        "dtype": tensor.dtype,
        "shape": list(tensor.shape),
        "sha256": tensor.sha256,
        "name": tensor.name,
        "layer": tensor.layer,
        "layer_class": tensor.layer_class,
        "initializer": tensor.initializer,
        "stats": None if tensor.stats is None else tensor.stats.document(),
    }


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
        stats=stats and TensorStats.from_document(stats),
    )


def normal_name(name: str) -> str:
    """A variable's name without the parts that differ from process to process.

    Removed are the `:0` suffix and the counters that a process assigns (`dense_7` → `dense`).
    """
    parts = name.removesuffix(":0").split("/")
    return "/".join(re.sub(r"_\d+$", "", part) for part in parts)
