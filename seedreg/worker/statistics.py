"""Statistics of one tensor, for the diagnosis of a drift when no weights were kept."""

from math import inf, isfinite, isnan, sqrt
from typing import Any, Dict, Optional

from . import originals

# A chunk of float64 that stays in a core's second-level cache (256 kB) through every pass.
_CHUNK = 32768
_SAMPLES = 16


def statistics(array: Any) -> Dict[str, Any]:
    """Float64 statistics over the finite elements; docs/reference/fingerprint.md says of each what it is."""
    numpy = originals.numpy()
    flat = array.reshape(-1)
    count = int(flat.size)
    positions = (
        range(count) if count <= _SAMPLES else [i * (count - 1) // (_SAMPLES - 1) for i in range(_SAMPLES)]
    )
    is_complex = flat.dtype.kind == "c"
    result: Dict[str, Any] = {
        "count": count,
        "mean": None,
        "std": None,
        "minimum": None,
        "maximum": None,
        "l2": None,
        "zeros": 0,
        "nans": 0,
        "infinities": 0,
        "samples": [_json_number(flat[position]) for position in positions],
    }
    seen, mean, spread, squares = 0, 0.0, 0.0, 0.0
    low, high = inf, -inf
    with numpy.errstate(all="ignore"):
        for start in range(0, count, _CHUNK):
            piece = flat[start : start + _CHUNK]
            chunk = numpy.abs(piece).astype(numpy.float64) if is_complex else piece.astype(numpy.float64)
            result["zeros"] += int(chunk.size - numpy.count_nonzero(chunk))
            square = _squares(chunk)
            if not isfinite(square):  # a NaN, an infinity, or a value whose square is one
                nans = int(numpy.count_nonzero(numpy.isnan(chunk)))
                chunk = chunk[numpy.isfinite(chunk)]
                result["nans"] += nans
                result["infinities"] += int(piece.size - nans - chunk.size)
                square = _squares(chunk)
            if chunk.size == 0:
                continue
            squares += square
            low = min(low, float(numpy.minimum.reduce(chunk)))
            high = max(high, float(numpy.maximum.reduce(chunk)))
            # Chan, Golub and LeVeque (1979): merging the means and spreads of two parts.
            part_mean = float(numpy.add.reduce(chunk)) / chunk.size
            chunk -= part_mean
            delta, total = part_mean - mean, seen + chunk.size
            spread += _squares(chunk) + delta * delta * seen * chunk.size / total
            mean += delta * chunk.size / total
            seen = total
    if seen:
        result["l2"] = _finite(sqrt(squares))
        if not is_complex:
            result.update(
                mean=_finite(mean), std=_finite(sqrt(max(spread, 0.0) / seen)), minimum=low, maximum=high
            )
    return result


def _squares(chunk: Any) -> float:
    # Not numpy.dot: BLAS starts a thread for each core, which then spin beside the other builds
    # (25.6 M values on a busy machine: 0.4 to 3.7 s of CPU where this takes 0.12).
    return float(originals.numpy().einsum("i,i->", chunk, chunk))


def _finite(number: float) -> Optional[float]:
    return number if isfinite(number) else None


def _json_number(value: Any) -> Any:
    if value.dtype.kind == "b":
        return bool(value)
    if value.dtype.kind in "iu":
        return int(value)
    if value.dtype.kind == "c":
        return [_json_number(value.real), _json_number(value.imag)]
    number = float(value)
    if isfinite(number):
        return number
    return "NaN" if isnan(number) else ("Infinity" if number > 0 else "-Infinity")
