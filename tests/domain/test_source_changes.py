"""What changed in a factory's source, and where the cause of a drift is looked for first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seedreg.domain.entry import Source
from seedreg.domain.environment_changes import Change, ChangeKind
from seedreg.domain.source_changes import SourceChange, SourceChangeKind, Suspect, source_changes, suspect

SOURCE = Source("models.py", 1, "a" * 64, "b" * 64, "def build(): ...", "c" * 40, False)
EDITED = replace(SOURCE, sha256="d" * 64, file_sha256="e" * 64)
UPGRADE = Change(ChangeKind.DISTRIBUTION, "keras", "2.15.0", "3.1.0")
THREADS = Change(ChangeKind.VARIABLE, "OMP_NUM_THREADS", None, "2")

FACTORY = SourceChange(SourceChangeKind.FACTORY, "models.py", "a" * 64, "d" * 64)
REST = SourceChange(SourceChangeKind.FILE, "models.py", "b" * 64, "e" * 64)
COMMIT = SourceChange(SourceChangeKind.COMMIT, "", "c" * 40, "f" * 40)


def test_the_same_source_has_no_changes() -> None:
    assert source_changes(SOURCE, SOURCE) == ()


def test_an_edited_factory_is_one_change_of_its_file() -> None:
    assert source_changes(SOURCE, EDITED) == (FACTORY,)


def test_a_change_elsewhere_in_the_file_is_no_change_of_the_factory() -> None:
    assert source_changes(SOURCE, replace(SOURCE, file_sha256="e" * 64)) == (REST,)


def test_another_commit_comes_last() -> None:
    assert source_changes(SOURCE, replace(EDITED, git_commit="f" * 40)) == (FACTORY, COMMIT)


def test_what_is_not_known_on_one_side_is_no_change() -> None:
    assert source_changes(Source(), SOURCE) == source_changes(SOURCE, Source()) == ()


@pytest.mark.parametrize(
    ("source", "environment", "expected"),
    [
        ((FACTORY,), (), Suspect.SOURCE),
        ((FACTORY, COMMIT), (UPGRADE,), Suspect.SOURCE),
        ((REST, COMMIT), (UPGRADE,), Suspect.ENVIRONMENT),
        ((REST,), (), Suspect.SOURCE),
        ((COMMIT,), (THREADS,), Suspect.SOURCE),
        ((), (UPGRADE,), Suspect.ENVIRONMENT),
        ((), (THREADS,), Suspect.UNKNOWN),
        ((), (), Suspect.UNKNOWN),
    ],
)
def test_the_first_suspect(
    source: tuple[SourceChange, ...], environment: tuple[Change, ...], expected: Suspect
) -> None:
    assert suspect(source, environment) is expected
