"""Fingerprints and what differs between two: whole values, tensor by tensor."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from seedreg.domain.fingerprint import (
    Drift,
    Fingerprint,
    TensorDifference,
    TensorRecord,
    TensorStats,
    compare,
    names_differ,
    normal_name,
)

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


def test_equal_fingerprints_do_not_drift() -> None:
    assert compare(of(KERNEL, BIAS), of(KERNEL, BIAS)) is None


def test_names_layers_and_statistics_are_no_drift() -> None:
    renamed = replace(KERNEL, name="other", layer="other", stats=None, initializer={"class": "X"})
    assert compare(of(KERNEL), of(renamed)) is None


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        (tensor("dense/kernel", "b", layer="dense"), "values"),
        (tensor("dense/kernel", "a", dtype="float16", layer="dense"), "dtype"),
        (tensor("dense/kernel", "a", (3, 2), layer="dense"), "shape"),
        (tensor("dense/kernel", "b", (3, 2), "float16", layer="dense"), "shape"),
    ],
)
def test_one_changed_tensor_is_one_difference(after: TensorRecord, kind: str) -> None:
    drift = compare(of(KERNEL, BIAS), of(after, BIAS))
    assert drift == Drift(2, (TensorDifference(kind, KERNEL, after),))
    assert drift is not None
    assert drift.layers == ("dense",)


def test_missing_tensor_is_found_by_its_name() -> None:
    assert compare(of(KERNEL, BIAS, HEAD), of(KERNEL, HEAD)) == Drift(
        3, (TensorDifference("missing", BIAS, None),)
    )


def test_extra_tensor_is_found_by_its_name() -> None:
    assert compare(of(KERNEL, HEAD), of(KERNEL, BIAS, HEAD)) == Drift(
        3, (TensorDifference("extra", None, BIAS),)
    )


def test_missing_and_changed_tensors_are_told_apart() -> None:
    changed = tensor("head/kernel", "changed", layer="head")
    drift = compare(of(KERNEL, BIAS, HEAD), of(KERNEL, changed))
    assert drift == Drift(
        3, (TensorDifference("missing", BIAS, None), TensorDifference("values", HEAD, changed))
    )
    assert drift is not None
    assert drift.layers == ("dense", "head")


def test_reordered_tensors_are_said_to_be_so() -> None:
    assert compare(of(KERNEL, BIAS), of(BIAS, KERNEL)) == Drift(
        2,
        (TensorDifference("shape", KERNEL, BIAS), TensorDifference("shape", BIAS, KERNEL)),
        reordered=True,
    )


def test_everything_replaced_is_missing_and_extra() -> None:
    drift = compare(of(KERNEL), of(HEAD, BIAS))
    assert drift == Drift(
        2,
        (
            TensorDifference("missing", KERNEL, None),
            TensorDifference("extra", None, HEAD),
            TensorDifference("extra", None, BIAS),
        ),
    )


def test_difference_is_named_after_the_build() -> None:
    after = tensor("dense_3/kernel:0", "b")
    drift = compare(of(KERNEL), of(after))
    assert drift is not None
    (difference,) = drift.differences
    assert (difference.name, difference.layer) == ("dense_3/kernel:0", "dense/kernel")


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("dense/kernel:0", "dense/kernel"),
        ("dense_7/kernel", "dense/kernel"),
        ("model_1/dense_12/kernel:0", "model/dense/kernel"),
        ("conv2d/kernel", "conv2d/kernel"),
        ("block_1a/kernel", "block_1a/kernel"),
        ("w:1", "w:1"),
        ("0", "0"),
    ],
)
def test_normal_name_leaves_out_what_has_no_meaning(name: str, normal: str) -> None:
    assert normal_name(name) == normal


@pytest.mark.parametrize(
    ("before", "after", "pairs"),
    [
        ("dense/kernel:0", "dense_4/kernel:0", ()),
        ("dense/kernel:0", "sequential/dense/kernel", ()),  # Keras 2, Keras 3
        ("sequential_3/dense_1/kernel", "dense/kernel:0", ()),
        ("dense/kernel:0", "dense/gamma:0", (("dense/kernel", "dense/gamma"),)),
        ("kernel", "dense_kernel", (("kernel", "dense_kernel"),)),
    ],
)
def test_names_differ_where_meaning_does(before: str, after: str, pairs: tuple[tuple[str, str], ...]) -> None:
    assert names_differ(of(tensor(before)), of(tensor(after))) == pairs


def test_names_of_different_numbers_of_tensors_are_not_compared() -> None:
    assert names_differ(of(KERNEL), of(KERNEL, BIAS)) == ()


def test_model_without_tensors_has_no_fingerprint() -> None:
    with pytest.raises(ValueError, match="no fingerprint"):
        of()


def test_document_comes_back_whole() -> None:
    full = of(replace(KERNEL, initializer={"class": "X", "config": {"seed": 1}}), replace(BIAS, stats=None))
    assert Fingerprint.from_document(full.document()) == full


@pytest.mark.parametrize("change", [{"format": 2}, {"scheme": "sr2"}, {"digest": "0" * 64}, {"tensors": []}])
def test_document_that_does_not_hold_together_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="fingerprint"):
        Fingerprint.from_document({**of(KERNEL).document(), **change})


def test_identical_starts_are_grouped_unless_constant_or_single() -> None:
    constant = replace(STATS, minimum=0.0, maximum=0.0)
    fingerprint = of(
        tensor("a"),
        tensor("b"),
        tensor("c", "other"),
        replace(tensor("d", "zeros"), stats=constant),
        replace(tensor("e", "zeros"), stats=constant),
        tensor("f", "one", ()),
        tensor("g", "one", ()),
    )
    assert fingerprint.shared_starts() == ((tensor("a"), tensor("b")),)


def test_parameters_are_counted_over_all_tensors() -> None:
    assert of(KERNEL, BIAS, tensor("s", shape=()), tensor("n", shape=(0, 4))).parameter_count == 10


def test_not_finite_tensors_are_found() -> None:
    bad = replace(HEAD, stats=replace(STATS, nans=1))
    worse = replace(BIAS, stats=replace(STATS, infinities=2))
    assert of(KERNEL, bad, worse).not_finite() == (bad, worse)
