"""Every document is the frozen sample of its number, and every sample fits its schema."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from seedreg.domain.audit import Waiver
from seedreg.domain.comparison import AuditComparison, ComparedCheck
from seedreg.domain.diagnosis import Bisection, Blame, Cause
from seedreg.domain.drift import Drift, compare
from seedreg.domain.fingerprint import Fingerprint
from seedreg.domain.results import (
    Accepted,
    BuiltNow,
    Confirmed,
    EntryDetails,
    EntryHistory,
    Gone,
    Left,
    NotAccepted,
    NotConfirmed,
    NothingToAccept,
    NotTried,
    OtherWeights,
    Planned,
    Proposal,
    Refused,
    Registered,
    SeenInAudit,
)
from seedreg.domain.verdict import Check, Observed, Verdict
from seedreg.reports.documents.accept import accept_document
from seedreg.reports.documents.audits import audits_document
from seedreg.reports.documents.bisect import bisect_document
from seedreg.reports.documents.blame import blame_document
from seedreg.reports.documents.compare import comparison_document
from seedreg.reports.documents.history import history_document
from seedreg.reports.documents.listing import list_document
from seedreg.reports.documents.register import register_document
from seedreg.reports.documents.show import show_document
from seedreg.reports.documents.verify import verify_document
from seedreg.reports.documents.waivers import waivers_document

from .. import diagnoses, values
from ..audits import everything, report

ROOT = Path(__file__).parents[3]
SCHEMAS = ROOT / "docs" / "schemas"
SAMPLES = ROOT / "tests" / "data"


def compared(built: Fingerprint) -> Drift:
    drift = compare(values.PRINT, built)
    assert drift is not None
    return drift


DOCUMENTS: dict[str, Any] = {
    "verify-1": lambda: verify_document(
        [values.REPRODUCED, values.DRIFTED, values.GROWN, values.NONDETERMINISTIC, values.failed()], 1
    ),
    "register-1": lambda: register_document(
        [
            Registered(values.FULL_ENTRY, values.BASELINE),
            Confirmed(values.REPRODUCED),
            NotConfirmed(values.DRIFTED),
            Refused(values.RECIPE, values.NOT_EQUAL),
            Refused(values.RECIPE, values.FAILURE),
            Left(values.ENTRY),
            Planned(values.RECIPE),
            Gone(values.ENTRY),
            NotTried(values.RECIPE, (values.RECIPE.with_seed(8), values.RECIPE.with_seed(9))),
        ],
        1,
    ),
    "accept-1": lambda: accept_document(
        [
            Accepted(values.FULL_ENTRY, values.BASELINE, values.SECOND, compared(values.DRIFTED_PRINT)),
            NothingToAccept(values.ENTRY, values.BASELINE),
            NotAccepted(values.ENTRY, values.NOT_EQUAL),
            NotAccepted(values.ENTRY, values.FAILURE),
            OtherWeights(
                Proposal(values.ENTRY, values.BASELINE, SeenInAudit(3, "a" * 64)),
                SeenInAudit(3, "a" * 64),
                "b" * 64,
            ),
            Proposal(values.ENTRY, values.BASELINE, SeenInAudit(3, "a" * 64)),
            Proposal(values.ENTRY, values.BASELINE, BuiltNow()),
        ],
        1,
    ),
    "list-1": lambda: list_document(values.SUMMARIES),
    "show-1": lambda: show_document(
        EntryDetails(
            values.FULL_ENTRY,
            values.BASELINE,
            values.DRIFTED.check,
            compare(values.PRINT, values.DRIFTED_PRINT),
            (Waiver(values.FULL_ENTRY.id, values.DRIFTED_PRINT.digest, "Keras 3", "2026-12-31", values.T2),),
        )
    ),
    "history-1": lambda: history_document(
        EntryHistory(
            values.ENTRY,
            (values.BASELINE, values.SECOND),
            (values.check(Verdict.REPRODUCED), values.failed().check),
        )
    ),
    "waivers-1": lambda: waivers_document(
        [
            (
                values.FULL_ENTRY,
                Waiver(values.FULL_ENTRY.id, values.DRIFTED_PRINT.digest, "Keras 3", "2026-12-31", values.T2),
            )
        ]
    ),
    "audits-1": lambda: audits_document([everything(), report([], planned=2)]),
    "compare-1": lambda: comparison_document(
        AuditComparison(
            1,
            2,
            (
                ComparedCheck(values.ENTRY, "this", Verdict.REPRODUCED, Verdict.DRIFTED, waived=True),
                ComparedCheck(values.ENTRY, "this", Verdict.NONDETERMINISTIC, Verdict.REPRODUCED),
                ComparedCheck(values.ENTRY, "this", Verdict.DRIFTED, Verdict.DRIFTED),
                ComparedCheck(values.ENTRY, "this", Verdict.DRIFTED, Verdict.ERROR),
                ComparedCheck(values.ENTRY, "this", Verdict.ERROR, Verdict.REPRODUCED),
                ComparedCheck(values.ENTRY, "this", Verdict.ERROR, Verdict.ERROR),
                ComparedCheck(values.ENTRY, "this", Verdict.ERROR, None),
                ComparedCheck(values.ENTRY, "this", None, Verdict.ERROR),
            ),
        ),
        125,
    ),
    "blame-1": lambda: blame_document(diagnoses.FOUND, 1),
    "bisect-1": lambda: bisect_document(diagnoses.HISTORY, 1),
}


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return loaded


def objects(node: object) -> list[dict[str, Any]]:
    """Every JSON object inside, the outermost first."""
    if isinstance(node, dict):
        return [node, *(found for value in node.values() for found in objects(value))]
    return [found for value in node for found in objects(value)] if isinstance(node, list) else []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_document_is_the_frozen_sample_of_its_number(name: str, request: pytest.FixtureRequest) -> None:
    path = SAMPLES / f"{name}.json"
    document = DOCUMENTS[name]()
    if request.config.getoption("--update-golden"):
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert document == json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(SAMPLES.glob("*.json")) if (SCHEMAS / f"{path.stem}.schema.json").exists()],
    ids=lambda path: str(path.stem),
)
def test_every_frozen_sample_fits_its_schema(path: Path) -> None:
    jsonschema.validate(json.loads(path.read_text(encoding="utf-8")), schema(path.stem))


@pytest.mark.parametrize("path", sorted(SCHEMAS.iterdir()), ids=lambda path: str(path.stem))
def test_every_schema_is_strict_and_says_what_each_thing_is(path: Path) -> None:
    loaded = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(loaded)
    assert loaded["properties"]["format"]["const"] == f"seedreg.{path.stem.split('.')[0].replace('-', '/')}"
    for node in objects(loaded):
        if "properties" in node:
            assert (node["additionalProperties"], node["required"]) == (False, list(node["properties"]))
            for name, field in node["properties"].items():
                assert "description" in field or "$ref" in field, (path.stem, name)


def test_what_several_schemas_define_is_the_same_in_all_of_them() -> None:
    definitions: dict[str, Any] = {}
    for path in SCHEMAS.iterdir():
        for name, definition in json.loads(path.read_text(encoding="utf-8")).get("$defs", {}).items():
            assert definitions.setdefault(name, definition) == definition, (path.name, name)


def test_a_schema_refuses_an_unknown_field_at_any_depth() -> None:
    for name, make in DOCUMENTS.items():
        document = make()
        for node in [document, document.get("entry"), (document.get("checks") or [None])[0]]:
            if node is not None:
                node["surprise"] = 1
                with pytest.raises(jsonschema.ValidationError):
                    jsonschema.validate(document, schema(name))
                del node["surprise"]


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("blame-1", blame_document(Blame(values.REPRODUCED, Cause.NOTHING_CHANGED), 0)),
        ("blame-1", blame_document(Blame(values.failed(), Cause.NOT_JUDGED), 125)),
        ("bisect-1", bisect_document(Bisection(values.REPRODUCED, "keras"), 0)),
    ],
)
def test_a_diagnosis_without_trials_fits_the_schema_too(name: str, document: dict[str, Any]) -> None:
    jsonschema.validate(document, schema(name))


def test_an_entry_without_any_check_has_a_document_too() -> None:
    document = show_document(EntryDetails(values.ENTRY, values.BASELINE))
    jsonschema.validate(document, schema("show-1"))
    assert document["last_check"] is None


def test_a_check_without_a_build_says_so_with_null() -> None:
    document = show_document(EntryDetails(values.ENTRY, values.BASELINE, values.failed().check))
    jsonschema.validate(document, schema("show-1"))
    last = document["last_check"]
    assert [last[name] for name in ("fingerprint", "source", "environment", "drift")] == [None] * 4
    assert last["failure"] == {
        "kind": "raised",
        "facts": {"factory": "models:build", "error": "KeyError: 'x'"},
        "message": "models:build raised KeyError: 'x'",
        "details": values.FAILURE.details,
        "output": "loading …\n",
        "duration_s": 1.5,
    }


def test_nothing_selected_or_registered_is_a_document_with_empty_lists() -> None:
    assert verify_document([], 0) == {
        "format": "seedreg.verify/1",
        "checks": [],
        "summary": {"REPRODUCED": 0, "DRIFTED": 0, "NONDETERMINISTIC": 0, "ERROR": 0},
        "exit_code": 0,
    }
    assert list_document([]) == {"format": "seedreg.list/1", "entries": []}
    assert register_document([], 0) == {
        "format": "seedreg.register/1",
        "registrations": [],
        "exit_code": 0,
    }


def test_not_finite_values_are_texts_for_json_has_none() -> None:
    assert values.KERNEL.stats is not None
    stats = replace(values.KERNEL.stats, mean=None, nans=1, samples=(1.0, "NaN", "-Infinity"))
    built = Fingerprint((replace(values.KERNEL, stats=stats),))
    document = show_document(EntryDetails(values.ENTRY, replace(values.BASELINE, fingerprint=built)))
    jsonschema.validate(document, schema("show-1"))
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_an_unknown_source_is_an_object_of_nulls_and_no_files() -> None:
    outcome = Observed(values.PRINT, values.OLD, values.UNKNOWN)
    lost = Check(values.ENTRY.id, 1, Verdict.REPRODUCED, values.T1, 0.5, outcome)
    document = history_document(EntryHistory(values.ENTRY, (values.BASELINE,), (lost,)))
    jsonschema.validate(document, schema("history-1"))
    source = document["checks"][0]["source"]
    assert source.pop("depends") == []
    assert set(source.values()) == {None}
