"""What differs between two fingerprints: whole values, tensor by tensor."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seedreg.domain.drift import Changed, DifferenceKind, Drift, Extra, Missing, compare, names_differ
from seedreg.domain.fingerprint import TensorRecord

from .tensors import BIAS, HEAD, KERNEL, of, tensor


def test_equal_fingerprints_do_not_drift() -> None:
    assert compare(of(KERNEL, BIAS), of(KERNEL, BIAS)) is None


def test_names_layers_and_statistics_are_no_drift() -> None:
    renamed = replace(KERNEL, name="other", layer="other", stats=None, initializer={"class": "X"})
    assert compare(of(KERNEL), of(renamed)) is None


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        (tensor("dense/kernel", "b", layer="dense"), DifferenceKind.VALUES),
        (tensor("dense/kernel", "a", dtype="float16", layer="dense"), DifferenceKind.DTYPE),
        (tensor("dense/kernel", "a", (3, 2), layer="dense"), DifferenceKind.SHAPE),
        (tensor("dense/kernel", "b", (3, 2), "float16", layer="dense"), DifferenceKind.SHAPE),
    ],
)
def test_one_changed_tensor_is_one_difference(after: TensorRecord, kind: DifferenceKind) -> None:
    drift = compare(of(KERNEL, BIAS), of(after, BIAS))
    assert drift == Drift(2, (Changed(KERNEL, after),))
    assert drift is not None
    assert [difference.kind for difference in drift.differences] == [kind]
    assert drift.layers == ("dense",)


def test_missing_tensor_is_found_by_its_name() -> None:
    assert compare(of(KERNEL, BIAS, HEAD), of(KERNEL, HEAD)) == Drift(3, (Missing(BIAS),))


def test_extra_tensor_is_found_by_its_name() -> None:
    assert compare(of(KERNEL, HEAD), of(KERNEL, BIAS, HEAD)) == Drift(3, (Extra(BIAS),))


def test_missing_and_changed_tensors_are_told_apart() -> None:
    changed = tensor("head/kernel", "changed", layer="head")
    drift = compare(of(KERNEL, BIAS, HEAD), of(KERNEL, changed))
    assert drift == Drift(3, (Missing(BIAS), Changed(HEAD, changed)))
    assert drift is not None
    assert drift.layers == ("dense", "head")


def test_reordered_tensors_are_said_to_be_so() -> None:
    assert compare(of(KERNEL, BIAS), of(BIAS, KERNEL)) == Drift(
        2,
        (Changed(KERNEL, BIAS), Changed(BIAS, KERNEL)),
        reordered=True,
    )


def test_everything_replaced_is_missing_and_extra() -> None:
    drift = compare(of(KERNEL), of(HEAD, BIAS))
    assert drift == Drift(
        2,
        (
            Missing(KERNEL),
            Extra(HEAD),
            Extra(BIAS),
        ),
    )


def test_difference_is_named_after_the_build() -> None:
    after = tensor("dense_3/kernel:0", "b")
    drift = compare(of(KERNEL), of(after))
    assert drift is not None
    (difference,) = drift.differences
    assert (difference.tensor.name, difference.tensor.place) == ("dense_3/kernel:0", "dense/kernel")


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
