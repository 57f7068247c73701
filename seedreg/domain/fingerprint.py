"""Fingerprints of scheme `sr1`: what the weights of a build were. Format: docs/reference/fingerprint.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from seedreg.domain.canonical import sha256_text
from seedreg.domain.decoding import (
    DecodingError,
    Fields,
    exactly,
    json_object,
    list_of,
    natural,
    optional,
    sha256,
    text,
)
from seedreg.domain.statistics import TensorStats

SCHEME = "sr1"
DOCUMENT_FORMAT = 1

_SHORT_DIGITS = 12

_MAX_RANK = 64  # NumPy's
_MAX_PARAMETERS = 2**63 - 1  # what a database stores
_DTYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


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


def short_fingerprint(digest: str) -> str:
    """A fingerprint's digest as people read it: `sr1:` and its first 12 digits."""
    return f"{SCHEME}:{digest[:_SHORT_DIGITS]}"


@dataclass(frozen=True)
class Fingerprint:
    """What the weights of one build were; never of a model without tensors."""

    tensors: tuple[TensorRecord, ...]

    def __post_init__(self) -> None:
        if not self.tensors:
            raise ValueError("a model without tensors has no fingerprint")
        if self.parameter_count > _MAX_PARAMETERS:
            raise ValueError("a model has too many parameters")

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

    def shared_starts(self) -> tuple[tuple[int, ...], ...]:
        """The positions of variables that start with identical, non-constant values, of any shapes."""
        groups: dict[tuple[str, str], list[int]] = {}
        for position, tensor in enumerate(self.tensors):
            if tensor.size > 1 and tensor.stats and not tensor.stats.constant:
                groups.setdefault((tensor.dtype, tensor.sha256), []).append(position)
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
    def from_document(cls, document: Any) -> Fingerprint:
        """The fingerprint that `document()` describes.

        Raises:
            DecodingError: if the format or scheme is another one, or a value is missing or of another type.
            ValueError: if the digest is not the manifest's.
        """
        fields = Fields(document)
        fields("format", exactly(DOCUMENT_FORMAT))
        fields("scheme", exactly(SCHEME))
        fingerprint = cls(fields("tensors", tensors_from_documents))
        if fingerprint.digest != fields("digest", sha256):
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


def tensor_from_document(document: Any) -> TensorRecord:
    """One tensor as the worker and the registry write it.

    Raises:
        DecodingError: if a value is missing or of another type.
    """
    fields = Fields(document)
    return TensorRecord(
        dtype=fields("dtype", _dtype),
        shape=fields("shape", _shape),
        sha256=fields("sha256", sha256),
        name=fields("name", text),
        layer=fields.get("layer", _optional_text, None),
        layer_class=fields.get("layer_class", _optional_text, None),
        initializer=fields.get("initializer", _initializer, None),
        stats=fields.get("stats", _stats, None),
    )


def _dtype(value: Any) -> str:
    name = text(value)
    if not _DTYPE.fullmatch(name):
        raise DecodingError("it is not the name of a dtype")  # whose manifest would have other lines
    return name


def _shape(value: Any) -> tuple[int, ...]:
    sizes = _sizes(value)
    if len(sizes) > _MAX_RANK:
        raise DecodingError("it has too many dimensions")
    return sizes


_sizes = list_of(natural)
_optional_text = optional(text)
_initializer = optional(json_object)
_stats = optional(TensorStats.from_document)
tensors_from_documents = list_of(tensor_from_document)
"""The tensors of a list, as the worker and the registry write it."""


def normal_name(name: str) -> str:
    """A variable's name without the parts that differ from process to process.

    Removed are the `:0` suffix and the counters that a process assigns (`dense_7` → `dense`).
    """
    parts = name.removesuffix(":0").split("/")
    return "/".join(re.sub(r"_\d+$", "", part) for part in parts)
