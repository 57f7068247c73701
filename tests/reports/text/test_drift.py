"""What differs between two fingerprints, as lines."""

from __future__ import annotations

from dataclasses import replace

from seedreg.domain.drift import Changed, Drift, compare
from seedreg.domain.fingerprint import Fingerprint
from seedreg.reports.text.drift import drift_lines, drift_sentences

from .. import values
from ..values import joined


def test_the_same_tensors_in_another_order_are_called_so() -> None:
    drift = compare(values.PRINT, Fingerprint(values.PRINT.tensors[::-1]))
    assert drift is not None
    assert joined(drift_lines(drift, 3)) == (
        "2 of 3 tensors differ from baseline 3; layers: step, dense\n"
        "the same tensors, in another order\n"
        "by kind: 2 shape"
    )


def test_a_long_list_of_layers_is_cut() -> None:
    differences = tuple(
        Changed(tensor, replace(tensor, sha256="9" * 64))
        for tensor in (values.tensor(f"layer{number}/kernel", "1") for number in range(11))
    )
    assert joined(drift_sentences(Drift(11, differences), 1)) == (
        "11 of 11 tensors differ from baseline 1; layers: layer0, layer1, layer2, layer3, layer4, layer5, "
        "layer6, layer7 and 3 more"
    )
