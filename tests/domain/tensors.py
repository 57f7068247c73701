"""Small tensors and fingerprints."""

from __future__ import annotations

import hashlib

from seedreg.domain.fingerprint import Fingerprint, TensorRecord
from seedreg.domain.statistics import TensorStats

STATS = TensorStats(6, 0.5, 0.25, -1.0, 1.0, 2.0, 0, 0, 0, (0.5,))


def tensor(
    name: str,
    values: str = "a",
    shape: tuple[int, ...] = (2, 3),
    dtype: str = "float32",
    layer: str | None = None,
) -> TensorRecord:
    digest = hashlib.sha256(values.encode()).hexdigest()
    return TensorRecord(dtype, shape, digest, name, layer, stats=STATS)


KERNEL, BIAS = tensor("dense/kernel", layer="dense"), tensor("dense/bias", "zeros", (3,), layer="dense")
HEAD = tensor("head/kernel", "head", layer="head")


def of(*tensors: TensorRecord) -> Fingerprint:
    return Fingerprint(tensors)
