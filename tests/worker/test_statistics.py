"""The statistics of a tensor, compared with NumPy's."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedreg.worker.protocol import encode
from seedreg.worker.statistics import statistics

np = pytest.importorskip("numpy")
npst = pytest.importorskip("hypothesis.extra.numpy")


@given(
    npst.arrays(
        npst.floating_dtypes(endianness="=", sizes=(32, 64)),
        npst.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=40),
        elements={"min_value": -(2.0**60), "max_value": 2.0**60, "allow_nan": False, "allow_infinity": False},
    ),
    st.lists(st.sampled_from([math.nan, math.inf, -math.inf]), max_size=3),
)
def test_statistics_are_those_of_numpy_in_float64(array: Any, extra: list[float]) -> None:
    flat = np.concatenate([array.reshape(-1), np.array(extra, array.dtype)])
    found = statistics(flat)
    finite = flat[np.isfinite(flat)].astype("float64")
    assert (found["count"], found["zeros"]) == (flat.size, int((flat == 0).sum()))
    assert (found["nans"], found["infinities"]) == (int(np.isnan(flat).sum()), int(np.isinf(flat).sum()))
    if finite.size == 0:
        assert [found[name] for name in ("mean", "std", "minimum", "maximum", "l2")] == [None] * 5
        return
    scale = float(np.abs(finite).max())
    assert (found["minimum"], found["maximum"]) == (finite.min(), finite.max())
    assert found["mean"] == pytest.approx(finite.mean(), rel=1e-12, abs=scale * 1e-12)
    assert found["std"] == pytest.approx(finite.std(), rel=1e-9, abs=scale * 1e-12)
    assert found["l2"] == pytest.approx(np.linalg.norm(finite), rel=1e-12)


@pytest.mark.parametrize("count", [65535, 65536, 65537, 200_001])
def test_statistics_of_chunks_are_merged(count: int) -> None:
    values = np.random.RandomState(1).normal(1000.0, 0.001, count)
    found = statistics(values)
    assert found["mean"] == pytest.approx(values.mean(), rel=1e-14)
    assert found["std"] == pytest.approx(values.std(), rel=1e-6)
    assert found["samples"] == [float(values[i * (count - 1) // 15]) for i in range(16)]


def test_values_that_are_not_finite_are_told_as_text() -> None:
    found = statistics(np.array([1.0, math.nan, math.inf, -math.inf]))
    assert found["samples"] == [1.0, "NaN", "Infinity", "-Infinity"]


def test_squares_that_overflow_leave_no_norm() -> None:
    found = statistics(np.array([1e300, -1e300]))
    assert (found["l2"], found["minimum"], found["maximum"]) == (None, -1e300, 1e300)
    encode(found)


def test_complex_numbers_have_a_norm_and_samples_only() -> None:
    found = statistics(np.array([3 + 4j, 0]))
    assert (found["l2"], found["zeros"], found["mean"], found["minimum"]) == (5.0, 1, None, None)
    assert found["samples"] == [[3.0, 4.0], [0.0, 0.0]]
