"""Failures and warnings as values: what they hold, and their documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seedreg.domain.failure import BuildFailure, FailureKind, build_failure
from seedreg.domain.kinds import facts_document, facts_from
from seedreg.domain.warning import BuildWarning, WarningKind, build_warning

PROTOCOL = Path(__file__).parents[2] / "docs" / "reference" / "worker-protocol.md"
FAILURE = build_failure(
    FailureKind.NAME_NOT_FOUND,
    details="Traceback …",
    output="loading …",
    duration_s=0.5,
    module="zoo",
    name="bulid",
    present=["build", "other"],
)


def test_facts_are_sorted_and_can_be_hashed() -> None:
    facts = facts_from({"b": [1, ["x", None]], "a": True})
    assert facts == (("a", True), ("b", (1, ("x", None))))
    assert facts_document(facts) == {"a": True, "b": [1, ["x", None]]}
    assert len({FAILURE, BuildFailure.from_document(FAILURE.document())}) == 1


@pytest.mark.parametrize("value", [{"a": 1}, b"bytes", {1}, object()])
def test_what_json_lists_and_scalars_cannot_hold_is_no_fact(value: object) -> None:
    with pytest.raises(TypeError):
        facts_from({"name": value})


def test_a_failure_survives_its_document() -> None:
    document = json.loads(json.dumps(FAILURE.document()))
    assert document == {
        "kind": "name-not-found",
        "facts": {"module": "zoo", "name": "bulid", "present": ["build", "other"]},
        "details": "Traceback …",
        "output": "loading …",
        "duration_s": 0.5,
    }
    assert BuildFailure.from_document(document) == FAILURE
    assert (FAILURE.fact("present"), FAILURE.fact("nothing")) == (("build", "other"), None)


def test_a_warning_survives_its_document() -> None:
    warning = build_warning(WarningKind.UNCALLED_LAYER, layer="dense")
    document = json.loads(json.dumps(warning.document()))
    assert document == {"kind": "uncalled-layer", "facts": {"layer": "dense"}}
    assert BuildWarning.from_document(document) == warning
    assert (warning.fact("layer"), warning.fact("nothing")) == ("dense", None)


def test_a_warning_that_was_kept_as_a_sentence_is_that_sentence() -> None:
    found = BuildWarning.from_document("one warning")
    assert found == build_warning(WarningKind.RECORDED, text="one warning")


@pytest.mark.parametrize("read", [BuildFailure.from_document, BuildWarning.from_document])
def test_an_unknown_kind_cannot_be_read(read: type) -> None:
    with pytest.raises(ValueError, match="eclipse"):
        read({"kind": "eclipse", "facts": {}})


@pytest.mark.parametrize("kind", [*FailureKind, *WarningKind])
def test_the_protocol_describes_every_kind(kind: FailureKind | WarningKind) -> None:
    assert f"`{kind.value}`" in PROTOCOL.read_text(encoding="utf-8")
