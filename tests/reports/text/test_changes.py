"""What changed between two environments, as lines."""

from __future__ import annotations

from dataclasses import replace

from seedreg.domain.environment_changes import Change, ChangeKind
from seedreg.reports.text.changes import change_lines, environment_line

from .. import values
from ..values import joined


def test_packages_that_can_move_a_weight_come_first_and_the_others_are_counted() -> None:
    found = [Change(ChangeKind.DISTRIBUTION, f"p{number}", "1", "2") for number in range(10)]
    found.append(Change(ChangeKind.DISTRIBUTION, "numpy", "1.26", "2.0"))
    found += [Change(ChangeKind.DISTRIBUTION, name, "2.15", "2.16") for name in ("keras", "tensorflow")]
    found.append(Change(ChangeKind.PYTHON, "python", "3.11", "3.12"))
    assert joined(change_lines(found)) == (
        "environment: python 3.11 → 3.12, tensorflow 2.15 → 2.16, keras 2.15 → 2.16,\n"
        "  numpy 1.26 → 2.0, and 10 other packages"
    )
    assert joined(change_lines(found, brief=True)) == joined(change_lines(found))
    assert joined(change_lines(found, verbose=True)) == (
        "environment: python 3.11 → 3.12, tensorflow 2.15 → 2.16, keras 2.15 → 2.16,\n"
        "  numpy 1.26 → 2.0, p0 1 → 2, p1 1 → 2, p2 1 → 2, p3 1 → 2, p4 1 → 2,\n"
        "  p5 1 → 2, p6 1 → 2, p7 1 → 2, p8 1 → 2, p9 1 → 2"
    )


def test_where_no_package_that_can_move_a_weight_changed_some_others_are_named() -> None:
    found = [Change(ChangeKind.DISTRIBUTION, f"p{number}", "1", "2") for number in range(5)]
    assert joined(change_lines(found)) == "environment: p0 1 → 2, p1 1 → 2, p2 1 → 2, and 2 other packages"
    assert joined(change_lines(found, brief=True)) == "environment: p0 1 → 2, and 4 other packages"
    assert joined(change_lines(found[:1])) == "environment: p0 1 → 2"
    numpy = Change(ChangeKind.DISTRIBUTION, "numpy", "1", "2")
    assert joined(change_lines([*found[:3], numpy])) == "environment: numpy 1 → 2, and 3 other packages"
    assert joined(change_lines([*found[:2], numpy])) == "environment: numpy 1 → 2, p0 1 → 2, p1 1 → 2"
    assert joined(change_lines([])) == "environment: unchanged"


def test_a_keras_of_another_distribution_is_named() -> None:
    legacy = replace(values.OLD, keras="2.17.0", keras_distribution="tf_keras")
    assert environment_line(legacy) == (
        "python 3.11.7, tensorflow 2.15.0, keras 2.17.0 (tf_keras), numpy 1.26.4"
    )
