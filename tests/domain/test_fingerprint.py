"""Fingerprints: their documents, and what they say about their tensors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seedreg.domain.fingerprint import Fingerprint, normal_name

from .tensors import BIAS, HEAD, KERNEL, STATS, of, tensor


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


def test_model_without_tensors_has_no_fingerprint() -> None:
    with pytest.raises(ValueError, match="no fingerprint"):
        of()


def test_document_comes_back_whole() -> None:
    full = of(replace(KERNEL, initializer={"class": "X", "config": {"seed": 1}}), replace(BIAS, stats=None))
    assert Fingerprint.from_document(full.document()) == full


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"format": 2}, "format: 2 is not 1"),
        ({"format": True}, "format: true is not 1"),
        ({"scheme": "sr2"}, "scheme: 'sr2' is not 'sr1'"),
        ({"digest": "0" * 64}, f"fingerprint {'0' * 64} is not the digest of its manifest"),
        ({"digest": None}, "digest: null is not a SHA-256"),
        ({"tensors": []}, "a model without tensors has no fingerprint"),
        ({"tensors": {}}, "tensors: an object is not a list"),
    ],
)
def test_document_that_does_not_hold_together_is_refused(change: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=f"^{why}$"):
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
        tensor("h", shape=(3, 2)),
    )
    assert fingerprint.shared_starts() == ((0, 1, 7),)


def test_parameters_are_counted_over_all_tensors() -> None:
    assert of(KERNEL, BIAS, tensor("s", shape=()), tensor("n", shape=(0, 4))).parameter_count == 10


def test_not_finite_tensors_are_found() -> None:
    bad = replace(HEAD, stats=replace(STATS, nans=1))
    worse = replace(BIAS, stats=replace(STATS, infinities=2))
    assert of(KERNEL, bad, worse).not_finite() == (bad, worse)
