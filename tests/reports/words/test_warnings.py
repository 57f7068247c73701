"""The words of each kind of warning."""

from __future__ import annotations

import pytest

from seedreg.domain.warning import BuildWarning, WarningKind, build_warning
from seedreg.reports.words.warnings import warning_text

SAMPLES = {
    build_warning(WarningKind.IGNORES_SEED, seed=1): (
        "the factory ignores the seed: seed 1 gives the same weights"
    ),
    build_warning(WarningKind.NOT_COMMITTED): "the factory's source is not committed in git as it is",
    build_warning(WarningKind.NOT_IN_GIT): (
        "the factory's source is not in git: a later change of it cannot be looked up"
    ),
    build_warning(WarningKind.READS_FILES, files=["vocab.txt", "b.json"], more=False): (
        "the build read 'vocab.txt', 'b.json': weights may depend on it, and nothing will say if it changes"
    ),
    build_warning(WarningKind.RECORDED, text="as it was “written”"): "as it was “written”",
    build_warning(WarningKind.SHARED_START, count=2, tensors=["a", "b"], more=False): (
        "2 variables start with identical values ('a', 'b'): is an initializer shared?"
    ),
    build_warning(WarningKind.SHARED_START, count=5, tensors=["a", "b", "c", "d"], more=True): (
        "5 variables start with identical values ('a', 'b', 'c', 'd' …): is an initializer shared?"
    ),
    build_warning(WarningKind.UNBUILT): (
        "the model is not built: layers that were never called have no weights, so the fingerprint leaves "
        "them out"
    ),
    build_warning(WarningKind.UNCALLED_LAYER, module="linear"): (
        "module 'linear' was never called, so it has no weights"
    ),
    build_warning(WarningKind.UNCALLED_LAYER, layer="dense"): (
        "layer 'dense' was never called, so it has no weights"
    ),
    build_warning(WarningKind.UNCOVERED, holds="StaticHashTable", attribute="table", layer="a", more=0): (
        "the StaticHashTable in attribute 'table' of layer 'a' is not a weight, so the fingerprint does not "
        "cover it"
    ),
    build_warning(WarningKind.UNCOVERED, holds="ndarray", attribute="basis", module="Net", more=3): (
        "the ndarray in attribute 'basis' of module 'Net' (and of 3 more) is not a weight, so the "
        "fingerprint does not cover it"
    ),
    build_warning(WarningKind.UNLISTED, holds="tf.Variable", attribute="part", layer="scaled"): (
        "the tf.Variable in attribute 'part' of layer 'scaled' is not among the model's weights: Keras 3 "
        "leaves it out"
    ),
}


@pytest.mark.parametrize("warning", SAMPLES, ids=lambda warning: warning.kind.value)
def test_a_warning_is_one_line(warning: BuildWarning) -> None:
    assert warning_text(warning) == SAMPLES[warning]


def test_every_kind_is_here() -> None:
    assert {warning.kind for warning in SAMPLES} == set(WarningKind)


def test_other_facts_than_the_words_need_are_listed() -> None:
    assert warning_text(build_warning(WarningKind.UNCALLED_LAYER, number=3)) == "uncalled-layer, number: 3"
