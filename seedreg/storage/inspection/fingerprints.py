"""Fingerprints: their digests and counts, and whether each tensor's record agrees with itself."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from seedreg.domain.canonical import sha256_text
from seedreg.domain.fingerprint import SCHEME, Fingerprint, TensorRecord
from seedreg.domain.problem import ProblemKind
from seedreg.domain.statistics import TensorStats
from seedreg.storage.inspection.reading import Inspected, Row, document_of
from seedreg.storage.tables import fingerprints

_DTYPE = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_SAMPLES = 16
# Sums of float64 are rounded: the mean of equal numbers can lie a little above the largest of them.
_ROUNDING = 1e-6


def inspect_fingerprints(found: Inspected) -> None:
    """Fingerprints whose text, digest, counts or tensors contradict each other."""
    for row in found.rows(fingerprints):
        if sha256_text(row["document"]) != row["document_sha256"]:
            found.report(ProblemKind.FINGERPRINT_TEXT, number=row["id"])
        with found.reading(ProblemKind.FINGERPRINT_DOCUMENT, number=row["id"]):
            _inspect_document(found, row, Fingerprint.from_document(document_of(row["document"])))


def _inspect_document(found: Inspected, row: Row, fingerprint: Fingerprint) -> None:
    number = row["id"]
    if (row["digest"], row["scheme"]) != (fingerprint.digest, SCHEME):
        found.report(ProblemKind.FINGERPRINT_DIGEST, number=number, found=str(fingerprint))
    counts = (len(fingerprint.tensors), fingerprint.parameter_count)
    if (row["tensor_count"], row["parameter_count"]) != counts:
        found.report(ProblemKind.FINGERPRINT_COUNTS, number=number)
    known: dict[tuple[str, str], TensorStats] = {}
    for position, tensor in enumerate(fingerprint.tensors):
        wrong = list(_contradictions(tensor))
        if tensor.stats is not None and known.setdefault(_bytes_of(tensor), tensor.stats) != tensor.stats:
            wrong.append("stats")  # equal bytes have equal statistics
        if wrong:
            found.report(ProblemKind.TENSOR, number=number, tensor=position, fields=tuple(wrong))


def _bytes_of(tensor: TensorRecord) -> tuple[str, str]:
    return tensor.dtype, tensor.sha256


def _contradictions(tensor: TensorRecord) -> Iterator[str]:
    """The fields of the record that cannot be true."""
    if not _DTYPE.fullmatch(tensor.dtype):
        yield "dtype"
    stats = tensor.stats
    if stats is None:
        return
    if stats.count != tensor.size:
        yield "count"
    if stats.zeros + stats.nans + stats.infinities > stats.count:
        yield "zeros, nans, infinities"
    if len(stats.samples) != min(stats.count, _SAMPLES):
        yield "samples"
    yield from _moments(stats)


def _moments(stats: TensorStats) -> Iterator[str]:
    low, high = stats.minimum, stats.maximum
    if low is None or high is None:
        if (low is None) != (high is None) or stats.mean is not None:
            yield "minimum, maximum"
        return
    largest = max(abs(low), abs(high))
    slack = largest * _ROUNDING
    if low > high or not all(_within(sample, low, high, slack) for sample in stats.samples):
        yield "minimum, maximum"
    if stats.mean is not None and not low - slack <= stats.mean <= high + slack:
        yield "mean"
    if stats.std is not None and not 0 <= stats.std <= (high - low) / 2 + slack:
        yield "std"
    finite = stats.count - stats.nans - stats.infinities
    if stats.l2 is not None and not 0 <= stats.l2 <= math.sqrt(finite) * largest * (1 + _ROUNDING):
        yield "l2"
    if low == high == 0 and stats.zeros != finite:
        yield "zeros"


def _within(sample: object, low: float, high: float, slack: float) -> bool:
    """Whether a sample lies between the extremes; those that are not finite are texts."""
    return not isinstance(sample, (int, float)) or low - slack <= sample <= high + slack
