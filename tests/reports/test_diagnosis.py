"""What blame and bisect found, as documents (the frozen samples of their numbers) and as lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from seedreg.domain.diagnosis import Bisection, Blame, Boundary, Cause, Gap, ReleaseTrial, Result, Trial
from seedreg.domain.environment_changes import Change, ChangeKind
from seedreg.domain.failure import environment_failure
from seedreg.domain.verdict import Verdict
from seedreg.errors import EnvironmentFailed, EnvironmentProblem
from seedreg.reports.text.diagnosis import bisect_document, bisect_lines, blame_document, blame_lines

from . import values

ROOT = Path(__file__).parents[2]

KERAS = Change(ChangeKind.DISTRIBUTION, "keras", "2.15.0", "3.3.3")
OPTREE = Change(ChangeKind.DISTRIBUTION, "optree", None, "0.11.0")
BACK = Change(ChangeKind.DISTRIBUTION, "keras", "3.3.3", "2.15.0")
FAILURE = environment_failure(
    EnvironmentFailed(EnvironmentProblem.INSTALLED_ELSEWHERE, environment="x", missing=("keras",))
)


def trial(
    name: str, result: Result, letter: str | None = None, moved: tuple[Change, ...] = (), **others: Any
) -> Trial:
    fingerprint = None if letter is None else "sr1:" + {"A": "1", "B": "2", "C": "3"}[letter] * 64
    return Trial(name, moved, result, 0.5, letter, fingerprint, **others)


CONTROL = trial("today's, made anew", Result.TODAY, "B")
BACKWARD = trial("today's with keras 2.15.0", Result.BASELINE, "A", (BACK,))
FORWARD = trial(
    "baseline's with keras 3.3.3", Result.TODAY, "B", (Change(ChangeKind.PYTHON, "python", "3.12", "3.11"),)
)
FAILED = trial("today's with numpy 1.26.4", Result.FAILED, failure=FAILURE)
FOUND = Blame(
    values.DRIFTED,
    Cause.FOUND,
    (CONTROL, FAILED, BACKWARD, FORWARD),
    (KERAS,),
    BACKWARD,
    FORWARD,
    ((OPTREE, "it is gone"),),
    (("mine", "there is no version of mine==0.1"),),
    ("one fact",),
)
HISTORY = Bisection(
    values.DRIFTED,
    "keras",
    ("2.15.0", "3.0.0", "3.1.0", "3.2.0", "3.3.0", "3.3.1", "3.3.2", "3.3.3"),
    (
        ReleaseTrial("2.15.0", trial("keras 2.15.0", Result.BASELINE, "A", (BACK, OPTREE)), resolved=True),
        ReleaseTrial("3.0.0", trial("keras 3.0.0", Result.OTHER, "C", (BACK,))),
        ReleaseTrial("3.1.0", trial("keras 3.1.0", Result.FAILED, failure=FAILURE)),
        ReleaseTrial("3.2.0", trial("keras 3.2.0", Result.BASELINE, "A", (BACK,))),
        ReleaseTrial("3.3.1", trial("keras 3.3.1", Result.TODAY, "B", (BACK,))),
        ReleaseTrial("3.3.3", CONTROL),
    ),
    (
        Boundary("2.15.0", "3.0.0", ("A", "C")),
        Boundary("3.0.0", "3.2.0", ("C", "A"), back=True, failed=("3.1.0",)),
        Boundary("3.2.0", "3.3.1", ("A", "B"), untested=("3.3.0",)),
    ),
    (Gap("3.3.1", "3.3.3", "B", ("3.3.2",)),),
    known=("not every release was tried with --builds 6; more builds find more",),
)

DOCUMENTS: dict[str, Any] = {
    "blame-1": lambda: blame_document(FOUND, 1),
    "bisect-1": lambda: bisect_document(HISTORY, 1),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_document_is_the_frozen_sample_of_its_number(name: str, request: pytest.FixtureRequest) -> None:
    path = ROOT / "tests" / "data" / f"{name}.json"
    document = DOCUMENTS[name]()
    if request.config.getoption("--update-golden"):
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert document == json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("blame-1", blame_document(Blame(values.REPRODUCED, Cause.NOTHING_CHANGED), 0)),
        ("blame-1", blame_document(Blame(values.failed(), Cause.NOT_JUDGED), 125)),
        ("bisect-1", bisect_document(Bisection(values.REPRODUCED, "keras"), 0)),
    ],
)
def test_a_document_without_trials_fits_the_schema_too(name: str, document: dict[str, Any]) -> None:
    schema = json.loads((ROOT / "docs" / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)


def after_the_head(lines: list[str]) -> list[str]:
    return lines[lines.index("") + 1 :]


def test_a_blame_is_told_as_a_table_and_what_it_amounts_to() -> None:
    short = values.ENTRY.short_id
    assert after_the_head(list(blame_lines(FOUND, values.GUIDE))) == [
        "ENVIRONMENT                  WHAT MOVED FROM TODAY'S  RESULT            WEIGHTS",
        "today's, made anew           nothing                  same as today     B",
        "today's with numpy 1.26.4    nothing                  could not run     -",
        "today's with keras 2.15.0    keras 3.3.3 → 2.15.0     same as baseline  A",
        "baseline's with keras 3.3.3  python 3.12 → 3.11       same as today     B",
        "  today's with numpy 1.26.4: environment: environment x could not be created: "
        "keras was not installed into it",
        "    hint: see whether a setting of uv (target, prefix) sends packages elsewhere",
        "equal letters are equal weights: A is baseline 1, B today where it differs",
        "",
        "found: keras 2.15.0 → 3.3.3",
        "  moving it alone back brings the baseline back",
        "  moving it alone forward from the baseline's environment brings today's weights",
        "  one fact",
        "  optree (none) → 0.11.0 could not be moved back: it is gone",
        "  left out of every environment, for they cannot be installed anew: mine",
        f"  next: seedreg bisect {short} --package keras",
    ]


def test_a_bisection_is_told_release_by_release() -> None:
    assert after_the_head(list(bisect_lines(HISTORY, values.GUIDE))) == [
        "KERAS   WEIGHTS  RESULT            OTHER PACKAGES",
        "2.15.0  A        same as baseline  optree (none) → 0.11.0",
        "3.0.0   C        a third value     as today",
        "3.1.0   -        could not run     as today",
        "3.2.0   A        same as baseline  as today",
        "3.3.1   B        same as today     as today",
        "3.3.3   B        same as today     as today",
        "  3.1.0: environment: environment x could not be created: keras was not installed into it",
        "    hint: see whether a setting of uv (target, prefix) sends packages elsewhere",
        "equal letters are equal weights: A is baseline 1, B today where it differs",
        "",
        "keras changed in 3.0.0 (A → C)",
        "keras back after 3.0.0, at the latest in 3.2.0 (C → A); could not run: 3.1.0",
        "keras changed between 3.2.0 and 3.3.1 (A → B); not built: 3.3.0",
        "between 3.3.1 and 3.3.3, both B, nothing was built: 3.3.2",
        "not every release was tried with --builds 6; more builds find more",
    ]


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (Cause.NOT_FOUND, "not found: no package can be named"),
        (Cause.NOT_A_PACKAGE, "not found: no package and no Python that could be moved explains it"),
    ],
)
def test_where_nothing_is_found_it_says_what_is_known_and_where_to_look(cause: Cause, words: str) -> None:
    lines = list(
        blame_lines(Blame(values.DRIFTED, cause, (CONTROL,), known=("one fact", "another")), values.GUIDE)
    )
    short = values.ENTRY.short_id
    assert lines[-4:] == [words, "  one fact", "  another", f"  next: seedreg show {short}"]


def test_a_group_is_told_as_one_and_a_direction_that_failed_as_it_was() -> None:
    group = Blame(values.DRIFTED, Cause.FOUND, (CONTROL,), (KERAS, OPTREE), FAILED, FORWARD)
    lines = list(blame_lines(group, values.GUIDE))
    assert lines[lines.index("") + 5 :] == [
        "found: keras 2.15.0 → 3.3.3 and optree (none) → 0.11.0",
        "  moving them together back from today's environment: could not run "
        "(environment x could not be created: keras was not installed into it)",
        "  moving them together forward from the baseline's environment brings today's weights",
        "  none of them could be left out",
        f"  next: seedreg bisect {values.ENTRY.short_id} --package keras",
    ]


def test_an_entry_that_reproduces_has_nothing_to_blame() -> None:
    lines = list(blame_lines(Blame(values.REPRODUCED, Cause.NOTHING_CHANGED), values.GUIDE))
    assert lines[-1] == "it still reproduces: nothing is to blame"
    assert values.REPRODUCED.verdict is Verdict.REPRODUCED
