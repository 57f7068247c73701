"""What else is known after a search: facts, which say nothing about a single package."""

from __future__ import annotations

from collections.abc import Iterator

from seedreg.diagnosis.movable import Group
from seedreg.domain.diagnosis import Result, Trial
from seedreg.domain.diagnosis_facts import Fact, FactKind, fact
from seedreg.domain.environment_changes import ChangeKind
from seedreg.domain.results import Verification
from seedreg.domain.source_changes import SourceChangeKind

_SETTINGS = {
    ChangeKind.VARIABLE: FactKind.VARIABLES_CHANGED,
    ChangeKind.KERAS_CONFIG: FactKind.KERAS_CONFIG_CHANGED,
    ChangeKind.MACHINE: FactKind.MACHINE_CHANGED,
}


def control_facts(control: Trial) -> Iterator[Fact]:
    """What today's environment, created again, says about all trials; nothing if it gives today's weights."""
    if control.failure is not None:
        yield fact(FactKind.AGAIN_FAILED, failure=control.failure)
    elif control.result is Result.BASELINE:
        yield fact(FactKind.AGAIN_IS_BASELINE)
    elif control.result is not Result.TODAY:
        yield fact(FactKind.AGAIN_DIFFERS)


def all_back_facts(group: Group, trial: Trial) -> Iterator[Fact]:
    """Why undoing everything that can be undone does not give the baseline."""
    if not group:
        return
    if trial.failure is not None:
        yield fact(FactKind.ALL_BACK_FAILED, changes=group, failure=trial.failure)
    elif trial.result is Result.TODAY:
        yield fact(FactKind.ALL_BACK_IS_TODAY, changes=group)
    else:
        yield fact(FactKind.ALL_BACK_DIFFERS, changes=group)


def other_changes(verification: Verification) -> tuple[Fact, ...]:
    """What else changed since the baseline: it is reported, not tried."""
    facts = (*_source_facts(verification), *_setting_facts(verification))
    return facts or (fact(FactKind.NOTHING_ELSE_CHANGED),)


def _source_facts(verification: Verification) -> Iterator[Fact]:
    before, today = verification.baseline.source, verification.check.observed
    for change in verification.source_changes:
        if change.kind is SourceChangeKind.DEPENDS:
            yield fact(FactKind.DEPENDED_FILE_CHANGED, file=change.name)
    if verification.source_changed:
        yield fact(FactKind.SOURCE_CHANGED)
    elif verification.source_changed is None or today is None:
        yield fact(FactKind.SOURCE_UNKNOWN)
    elif before.file_sha256 != today.source.file_sha256:
        yield fact(FactKind.FILE_CHANGED, file=today.source.file or "the file")


def _setting_facts(verification: Verification) -> Iterator[Fact]:
    for kind, found in _SETTINGS.items():
        changes = tuple(change for change in verification.changes if change.kind is kind)
        if changes:
            yield fact(found, changes=changes)
