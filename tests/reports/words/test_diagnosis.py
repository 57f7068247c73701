"""Every fact, result and environment of a diagnosis has words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import seedreg.domain.diagnosis_facts
from seedreg.domain.diagnosis import Base, Mixture, Obstacle, OneRelease, Result
from seedreg.domain.diagnosis_facts import FactKind, FieldValue, fact
from seedreg.domain.environment_changes import Change, ChangeKind
from seedreg.reports.words.diagnosis import OBSTACLES, RESULTS, attempt_text, fact_text

from ..diagnoses import FAILURE, KERAS, NUMPY, OPTREE

FIELDS: dict[str, FieldValue] = {
    "builds": 4,
    "changes": (KERAS, NUMPY),
    "failure": FAILURE,
    "file": "models.py",
    "used": "3.9",
    "version": "3.9.2",
}


def fields_of(kind: FactKind) -> dict[str, FieldValue]:
    """The fields that the comment beside the kind names."""
    source = Path(seedreg.domain.diagnosis_facts.__file__).read_text(encoding="utf-8")
    (comment,) = re.findall(rf"^    {kind.name} = .*?(?:  # (.*))?$", source, re.MULTILINE)
    return {name: FIELDS[name] for name in comment.split(", ") if name}


@pytest.mark.parametrize("kind", FactKind)
def test_every_fact_has_a_sentence_that_names_all_its_fields(kind: FactKind) -> None:
    shown = {
        "builds": "4",
        "failure": "keras was not installed into it",
        "file": "models.py",
        "used": "3.9",
        "version": "3.9.2",
    }
    fields = fields_of(kind)
    text = fact_text(fact(kind, **fields))
    assert text
    assert "\n" not in text
    assert [name for name in fields if name != "changes" and shown[name] not in text] == []
    if "changes" in fields:
        assert re.search("keras|2", text)


def test_changes_are_named_or_counted() -> None:
    assert fact_text(fact(FactKind.MACHINE_CHANGED, changes=(KERAS, OPTREE))) == (
        "the machine changed: keras 2.15.0 → 3.3.3, optree (none) → 0.11.0"
    )
    assert fact_text(fact(FactKind.TOGETHER_BACK, changes=(KERAS, OPTREE))) == (
        "moving these back together brings the baseline back: keras, optree"
    )
    assert fact_text(fact(FactKind.ALL_BACK_IS_TODAY, changes=(KERAS,))) == (
        "moving back the one thing that can be moved (keras 2.15.0 → 3.3.3) changes nothing"
    )
    python = Change(ChangeKind.PYTHON, "python", "3.9", "3.12")
    assert fact_text(fact(FactKind.ALL_BACK_IS_TODAY, changes=(python, KERAS))) == (
        "moving back all 2 changes with Python changes nothing"
    )


def test_every_result_and_obstacle_has_words() -> None:
    assert (set(RESULTS), set(OBSTACLES)) == (set(Result), set(Obstacle))


@pytest.mark.parametrize(
    ("attempt", "words", "label"),
    [
        (Mixture(Base.TODAY), "today's, created again", "today"),
        (Mixture(Base.TODAY, (KERAS,)), "today's with keras 2.15.0", "today + keras 2.15.0"),
        (
            Mixture(Base.TODAY, (KERAS, OPTREE)),
            "today's with keras 2.15.0, no optree",
            "today + keras 2.15.0 - optree",
        ),
        (Mixture(Base.TODAY, (KERAS,) * 4), "today's with 4 changes undone", "today + 4 changes"),
        (
            Mixture(Base.BASELINE_AND_ADDITIONS, (KERAS,)),
            "baseline's and additions with keras 3.3.3",
            "baseline_and_additions + keras 3.3.3",
        ),
        (
            Mixture(Base.BASELINE, (KERAS,) * 4),
            "baseline's with 4 of today's versions",
            "baseline + 4 changes",
        ),
        (OneRelease("keras", "3.1.0"), "keras 3.1.0", "keras 3.1.0"),
        (
            OneRelease("keras", "3.1.0", resolved=True),
            "keras 3.1.0, others resolved",
            "keras 3.1.0, resolved",
        ),
    ],
)
def test_an_environment_has_words_for_people_and_a_label(
    attempt: Mixture | OneRelease, words: str, label: str
) -> None:
    assert (attempt_text(attempt), attempt.label) == (words, label)
