from __future__ import annotations

from dataclasses import replace

from seedreg.domain.environment_changes import Change, ChangeKind, changes

from .test_environment import OLD


def test_what_can_move_a_weight_comes_first() -> None:
    names = ("absl-py", "click", "keras", "numpy", "tensorflow")
    before = replace(OLD, distributions=tuple((name, "1") for name in names))
    after = replace(before, python="3.12.1", distributions=tuple((name, "2") for name in names))
    assert [change.name for change in changes(before, after)] == [
        *["python", "tensorflow", "keras", "numpy", "absl-py", "click"]
    ]


def test_equal_environments_have_no_changes() -> None:
    assert changes(OLD, replace(OLD)) == ()


def test_changes_are_listed_in_a_fixed_order() -> None:
    new = replace(
        OLD,
        python="3.11.0",
        distributions=(("keras", "3.0.0"), ("new", "1"), ("numpy", "1.26.4")),
        variables=(),
        keras_config=(("backend", "jax"),),
        cpu="aarch64",
    )
    found = changes(OLD, new)
    assert [(c.kind, c.name, c.before, c.after) for c in found] == [
        (ChangeKind.PYTHON, "python", "3.10.1", "3.11.0"),
        (ChangeKind.DISTRIBUTION, "keras", "2.15.0", "3.0.0"),
        (ChangeKind.DISTRIBUTION, "new", None, "1"),
        (ChangeKind.DISTRIBUTION, "six", "1.0", None),
        (ChangeKind.VARIABLE, "TF_ENABLE_ONEDNN_OPTS", "0", None),
        (ChangeKind.KERAS_CONFIG, "backend", "tensorflow", "jax"),
        (ChangeKind.MACHINE, "cpu", "x86_64", "aarch64"),
    ]
    assert str(found[2]) == "new (none) → 1"
    assert found[0] == Change(ChangeKind.PYTHON, "python", "3.10.1", "3.11.0")


def test_an_imported_version_without_metadata_is_a_change_of_its_distribution() -> None:
    before, after = replace(OLD, tensorflow="2.15.0"), replace(OLD, tensorflow="2.16.1")
    assert changes(before, after) == (Change(ChangeKind.DISTRIBUTION, "tensorflow", "2.15.0", "2.16.1"),)


def test_a_keras_inside_tensorflow_counts_more_than_the_installed_one() -> None:
    after = replace(
        OLD, keras="2.15.1", distributions=(("keras", "2.16.0"), ("numpy", "1.26.4"), ("six", "1.0"))
    )
    assert changes(OLD, after) == (Change(ChangeKind.DISTRIBUTION, "keras", "2.15.0", "2.15.1"),)


def test_the_keras_that_built_the_model_is_part_of_its_configuration() -> None:
    after = replace(OLD, keras_distribution="tf_keras")
    assert changes(OLD, after) == (Change(ChangeKind.KERAS_CONFIG, "built by", "keras", "tf_keras"),)


def test_a_change_is_a_document() -> None:
    change = Change(ChangeKind.VARIABLE, "TF_NUM", None, "2")
    assert change.document() == {"kind": "variable", "name": "TF_NUM", "before": None, "after": "2"}
