"""Environments as documents, and what differs between two."""

from __future__ import annotations

import pytest

from seedreg.domain.environment import Environment

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
    with pytest.raises(ValueError, match="format: 2 is not 1"):
        Environment.from_document({**OLD.document(), "format": 2})
