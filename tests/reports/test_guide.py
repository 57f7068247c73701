"""What to do next comes from the guide alone: with one that says nothing, reports name no command."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from seedreg.domain.audit import Audit
from seedreg.domain.diagnosis import Blame
from seedreg.domain.diagnosis_facts import Fact
from seedreg.domain.entry import Entry
from seedreg.domain.failure import BuildFailure
from seedreg.domain.results import AuditRow, Confirmed, EntryDetails, NotConfirmed, Refused, Verification
from seedreg.domain.verdict import Verdict
from seedreg.reports.audit import Format
from seedreg.reports.guide import Guide
from seedreg.reports.lines import Line
from seedreg.reports.text.audits import audit_list_lines
from seedreg.reports.text.diagnosis import bisect_lines, blame_lines
from seedreg.reports.text.entry import entry_lines
from seedreg.reports.text.registration import registration_lines
from seedreg.reports.text.verification import verification_lines

from . import audits, diagnoses, values


class Silent:
    """An interface that has no next steps."""

    def after_check(self, verification: Verification) -> None: ...
    def after_audited(self, row: AuditRow) -> None: ...
    def after_interruption(self, audit: Audit) -> None: ...
    def after_blame(self, blame: Blame) -> None: ...
    def after_refusal(self, refused: Refused) -> None: ...
    def to_accept(self, entry: Entry) -> None: ...
    def to_retire(self, entry: Entry) -> None: ...
    def to_unretire(self, entry: Entry) -> None: ...
    def for_failure(self, failure: BuildFailure) -> None: ...
    def for_fact(self, fact: Fact) -> None: ...
    def for_verdict(self, verdict: Verdict) -> None: ...


def texts(guide: Guide) -> Iterator[Line]:
    """Every report for people that a guide is given to."""
    for found in (values.REPRODUCED, values.DRIFTED, values.NONDETERMINISTIC, values.failed(values.TIMEOUT)):
        yield from verification_lines(found, guide)
        yield from registration_lines(Confirmed(found), guide)
        if found.verdict is not Verdict.REPRODUCED:
            yield from registration_lines(NotConfirmed(found), guide)
    yield from registration_lines(Refused(values.RECIPE, values.FAILURE), guide)
    yield from entry_lines(EntryDetails(values.FULL_ENTRY, values.BASELINE, values.failed().check), guide)
    yield from blame_lines(diagnoses.FOUND, guide)
    yield from bisect_lines(diagnoses.HISTORY, guide)
    yield from audit_list_lines([audits.everything()], guide)


def test_without_next_steps_no_text_has_any() -> None:
    text = values.joined(texts(Silent()))
    assert "next:" not in text
    assert re.findall(r"seedreg \w+|--\w+", text) == []
    assert re.findall(r"seedreg \w+", values.joined(texts(values.GUIDE)))


@pytest.mark.parametrize("format_", Format)
def test_without_next_steps_no_format_has_any(format_: Format) -> None:
    text = audits.written(format_, audits.everything(), Silent())
    assert re.findall(r"[nN]ext: |seedreg (?:blame|show|verify|accept|waive|audit)\b", text) == []
    if format_ is Format.SARIF:
        rules = json.loads(text)["runs"][0]["tool"]["driver"]["rules"]
        assert [rule.get("help") for rule in rules] == [None, None, None]


def after(**source: object) -> str | None:
    """What follows a drift, with these fields of its baseline's source."""
    drifted = values.DRIFTED
    known = replace(values.SOURCE, **source)  # type: ignore[arg-type]
    return values.GUIDE.after_check(replace(drifted, baseline=replace(drifted.baseline, source=known)))


def test_after_an_edited_factory_comes_the_diff_of_git() -> None:
    id_ = values.DRIFTED.entry.short_id
    assert values.DRIFTED.verdict is Verdict.DRIFTED
    assert after() == f"git diff {'c' * 12} -- models.py, then seedreg accept {id_} --reason …"


def test_where_git_does_not_have_the_old_source_the_stored_text_is_compared() -> None:
    id_ = values.DRIFTED.entry.short_id
    shown = f"seedreg show {id_}, then seedreg accept {id_} --reason …"
    assert after(git_dirty=True) == after(git_commit=None, git_dirty=None) == shown


def test_after_an_upgrade_comes_blame_and_after_neither_show() -> None:
    found = values.DRIFTED
    observed = found.check.observed
    assert observed is not None
    same = replace(found, baseline=replace(found.baseline, source=observed.source))
    assert values.GUIDE.after_check(same) == f"seedreg blame {found.entry.short_id}"
    assert values.GUIDE.after_check(replace(same, changes=())) == f"seedreg show {found.entry.short_id}"
