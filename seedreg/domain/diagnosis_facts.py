"""What a diagnosis found out besides its result: a kind and its fields; the words are in `reports.words`."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

from seedreg.domain.environment_changes import Change
from seedreg.domain.failure import BuildFailure

FieldValue: TypeAlias = str | int | BuildFailure | tuple[Change, ...]


class FactKind(enum.Enum):
    """What was found out, with the names of its fields; the values are part of JSON documents."""

    # Why nothing was tried
    NONDETERMINISTIC_TODAY = "nondeterministic_today"
    STILL_REPRODUCES = "still_reproduces"
    NOTHING_TO_MOVE = "nothing_to_move"
    # Today's environment, created again from its versions
    AGAIN_IS_BASELINE = "today_again_is_baseline"
    AGAIN_DIFFERS = "today_again_differs"
    AGAIN_FAILED = "today_again_failed"  # failure
    # All changes that can be undone, undone together
    ALL_BACK_IS_TODAY = "all_back_is_today"  # changes
    ALL_BACK_DIFFERS = "all_back_differs"  # changes
    ALL_BACK_FAILED = "all_back_failed"  # changes, failure
    # The baseline's Python
    PYTHON_REPLACED = "python_replaced"  # version, used
    PYTHON_MISSING = "python_missing"  # version
    # How far the search came
    BUILDS_SPENT = "builds_spent"  # builds
    TOGETHER_BACK = "together_back"  # changes
    ENOUGH_BACK = "enough_back"  # changes
    ADDITIONS_KEPT = "additions_kept"  # changes
    ONE_SIDE_ONLY = "one_side_only"
    RELEASES_LEFT = "releases_left"  # builds
    # What else changed, and was not tried
    SOURCE_CHANGED = "source_changed"
    DEPENDED_FILE_CHANGED = "depended_file_changed"  # file
    SOURCE_UNKNOWN = "source_unknown"
    FILE_CHANGED = "file_changed"  # file
    VARIABLES_CHANGED = "variables_changed"  # changes
    KERAS_CONFIG_CHANGED = "keras_config_changed"  # changes
    MACHINE_CHANGED = "machine_changed"  # changes
    NOTHING_ELSE_CHANGED = "nothing_else_changed"


@dataclass(frozen=True)
class Fact:
    """One thing that was found out; `fields` are sorted by name."""

    kind: FactKind
    fields: tuple[tuple[str, FieldValue], ...] = ()


def fact(kind: FactKind, **fields: FieldValue) -> Fact:
    """A fact with these fields."""
    return Fact(kind, tuple(sorted(fields.items())))
