"""Environments as documents, and what differs between two."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seedreg.domain.environment import Environment
from seedreg.domain.environment_changes import Change, ChangeKind, changes

OLD = Environment(
    "3.10.1",
    "2.15.0",
    "2.15.0",
    "keras",
    "1.26.4",
    (("keras", "2.15.0"), ("numpy", "1.26.4"), ("six", "1.0")),
    "Linux",
    "x86_64",
    (("TF_ENABLE_ONEDNN_OPTS", "0"),),
    (("backend", "tensorflow"),),
)


def test_document_comes_back_whole() -> None:
    assert Environment.from_document(OLD.document()) == OLD


def test_order_of_the_document_does_not_matter() -> None:
    document = OLD.document()
    document["distributions"] = dict(reversed(document["distributions"].items()))
    assert Environment.from_document(document).digest == OLD.digest


def test_document_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="environment format 2 is not 1"):
        Environment.from_document({**OLD.document(), "format": 2})


def test_equal_environments_have_no_changes() -> None:
    assert changes(OLD, replace(OLD)) == ()


def test_changes_are_told_in_a_fixed_order() -> None:
    new = replace(
        OLD,
        python="3.11.0",
        distributions=(("keras", "3.0.0"), ("new", "1"), ("numpy", "1.26.4")),
        variables=(),
        keras_config=(("backend", "jax"),),
        cpu="aarch64",
    )
    found = changes(OLD, new)
    assert [(c.kind, c.name, c.before, c.after) for c in found] == [
        (ChangeKind.PYTHON, "python", "3.10.1", "3.11.0"),
        (ChangeKind.DISTRIBUTION, "keras", "2.15.0", "3.0.0"),
        (ChangeKind.DISTRIBUTION, "new", None, "1"),
        (ChangeKind.DISTRIBUTION, "six", "1.0", None),
        (ChangeKind.VARIABLE, "TF_ENABLE_ONEDNN_OPTS", "0", None),
        (ChangeKind.KERAS_CONFIG, "backend", "tensorflow", "jax"),
        (ChangeKind.MACHINE, "cpu", "x86_64", "aarch64"),
    ]
    assert str(found[2]) == "new (none) → 1"
    assert found[0] == Change(ChangeKind.PYTHON, "python", "3.10.1", "3.11.0")
