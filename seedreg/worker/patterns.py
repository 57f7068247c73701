"""Whether values that several tensors share look drawn at random, or follow a pattern.

Zeros and ones (the bias of an LSTM, a mask, an identity), counters and tables of sines are the same in
each place on purpose. It matters only where the values do not depend on the seed, and there the values
are all that is left to look at.
"""

from typing import Any, Dict, List, Set, Tuple

from . import originals
from .tensors import Tensor

# Of each axis this many are looked at: a hundred thousand values at most in any common tensor.
_MOST = {1: 4096, 2: 64}
_MOST_OF_MORE = 32
# Draws have neighbours that are not correlated: the standard deviation is 1/sqrt(n), four of which are
# never seen. A table of sines has 0.5 and more along one of its axes.
_CORRELATED = 0.3
_DEVIATIONS = 4.0
_ALWAYS_CORRELATED = 0.9
# Draws differ. Those of 16 bits repeat, but not so soon.
_DISTINCT = 64


def patterned(tensors: List[Tensor], records: List[Dict[str, Any]]) -> List[str]:
    """The digests that several of the tensors have, and whose values follow a pattern."""
    seen: Set[Tuple[str, str]] = set()
    found: Dict[str, bool] = {}
    for tensor, record in zip(tensors, records):
        key, stats = (record["dtype"], record["sha256"]), record["stats"]
        if key not in seen:
            seen.add(key)
        elif record["sha256"] not in found and stats["count"] > 1 and stats["minimum"] != stats["maximum"]:
            found[record["sha256"]] = follows_pattern(tensor.values())
    return sorted(digest for digest in found if found[digest])


def follows_pattern(array: Any) -> bool:
    """Whether the values are integers, few, sorted, or correlated with their neighbours along an axis."""
    numpy = originals.numpy()
    if array.dtype.kind in "biu":
        return True
    most = _MOST.get(array.ndim, _MOST_OF_MORE)
    part = array[tuple(slice(0, most) for _ in range(array.ndim))]
    part = (numpy.abs(part) if part.dtype.kind == "c" else part).astype(numpy.float64)
    flat = part.reshape(-1)
    if not numpy.isfinite(flat).all():
        return False
    if (flat == numpy.round(flat)).all():
        return True
    if 2 * len(numpy.unique(numpy.abs(flat))) <= min(flat.size, 2 * _DISTINCT):
        return True
    steps = numpy.diff(flat)
    if (steps >= 0).all() or (steps <= 0).all():
        return True
    limit = min(_ALWAYS_CORRELATED, max(_CORRELATED, _DEVIATIONS / float(flat.size) ** 0.5))
    return any(_correlation(numpy.moveaxis(part, axis, 0)) > limit for axis in range(part.ndim))


def _correlation(part: Any) -> float:
    """The correlation of the values with the next ones along the first axis, without its sign."""
    numpy = originals.numpy()
    centred = part - part.mean()
    before, after = centred[:-1].reshape(-1), centred[1:].reshape(-1)
    spread = float(numpy.sqrt((before * before).sum() * (after * after).sum()))
    return abs(float((before * after).sum())) / spread if spread else 0.0
