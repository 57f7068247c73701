"""Arrays as the tensors of a model, and their fingerprint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from seedreg.domain.fingerprint import Fingerprint, tensor_from_document
from seedreg.worker.reading import read
from seedreg.worker.tensors import Tensor

np = pytest.importorskip("numpy")

SIX = np.arange(6, dtype="float32").reshape(2, 3)
ZEROS = np.zeros(3, "float32")


def tensors(arrays: Mapping[str, Any] | list[Any]) -> list[Tensor]:
    """The arrays as tensors, named by their keys or positions."""
    named = arrays if isinstance(arrays, Mapping) else {str(i): array for i, array in enumerate(arrays)}
    return [Tensor(name, array) for name, array in named.items()]


def fingerprint(arrays: Mapping[str, Any] | list[Any]) -> Fingerprint:
    """The fingerprint of the arrays."""
    return Fingerprint(tuple(tensor_from_document(record) for record in read(tensors(arrays))))
