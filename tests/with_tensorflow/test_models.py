"""Models of every kind, registered and verified: what their fingerprints hold, and what is refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builds import shown

from seedreg.cli.guide import CommandLineGuide
from seedreg.cli.hints import hint_of
from seedreg.domain.canonical import canonical_json
from seedreg.domain.failure import FailureKind
from seedreg.domain.inputs import InputSpec
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe
from seedreg.domain.results import Confirmed, Refused, Registered, Registration
from seedreg.domain.verdict import Verdict
from seedreg.domain.warning import BuildWarning, WarningKind
from seedreg.errors import NotJudged, RegistrationRefused, UsageError
from seedreg.registry import RegisterOptions, Registry
from seedreg.reports.text.registration import registration_lines
from seedreg.reports.text.verification import verification_lines
from seedreg.reports.words.failures import failure_hint, failure_message
from seedreg.reports.words.warnings import warning_text

from .conftest import keras_version

KERAS = keras_version()


def recipe(factory: str, *inputs: str, seed: int = 0, **params: Any) -> Recipe:
    specs = tuple(InputSpec.parse(text) for text in inputs)
    return Recipe("zoo", factory, seed, canonical_json(params), inputs=specs)


def registered(registry: Registry, wanted: Recipe, **options: Any) -> Registered:
    (result,) = registry.register_all([wanted], RegisterOptions(**options))
    assert isinstance(result, Registered), list(registration_lines(result, CommandLineGuide()))
    return result


def refused(registry: Registry, wanted: Recipe, **options: Any) -> Refused:
    (result,) = registry.register_all([wanted], RegisterOptions(**options))
    assert isinstance(result, Refused), list(registration_lines(result, CommandLineGuide()))
    return result


# What a fingerprint holds: for each case the dtypes and shapes of its tensors, in order

CONV = ["3x3x3x4", "4", "4", "4", "4", "4", "784x2", "2"]
DENSE = ["4x4", "4", "4x4", "4", "4x1", "1", "4x2", "2"]
PLAIN = ["3x2", "2", "2", "4"]

SHAPES: dict[str, tuple[Recipe, list[str]]] = {
    "functional": (recipe("acceptance:functional"), CONV),
    "sequential": (recipe("acceptance:sequential"), CONV),
    "subclass": (recipe("acceptance:subclass", "16,16,3"), CONV),
    "subclass, built by its factory": (recipe("acceptance:subclass_built"), CONV),
    "dropout": (recipe("zoo:dropout"), ["8x8", "8", "8x2", "2"]),
    "lstm": (recipe("zoo:lstm"), ["3x16", "4x16", "16", "4x1", "1"]),
    "embedding": (recipe("zoo:embedding"), ["10x4", "4x9", "3x9", "2x9"]),
    "attention": (
        recipe("zoo:attention"),
        ["8x2x4", "2x4", "8x2x4", "2x4", "8x2x4", "2x4", "2x4x8", "8", "8", "8", "8x1", "1"],
    ),
    "custom cell": (recipe("zoo:custom_cell"), ["3x4"]),
    "nested": (recipe("zoo:nested"), ["4x4", "4", "4x1", "1"]),
    "shared layer": (recipe("zoo:shared_layer"), ["4x3", "3"]),
    "normalization": (recipe("zoo:normalization"), ["3", "3", "int64 scalar", "3x2", "2"]),
    "string lookup": (recipe("zoo:string_lookup"), ["4x2"]),
    "float16": (recipe("zoo:typed", dtype="float16"), ["float16 4x3", "float16 3"]),
    "bfloat16": (recipe("zoo:typed", dtype="bfloat16"), ["bfloat16 4x3", "bfloat16 3"]),
    "float64": (recipe("zoo:typed", dtype="float64"), ["float64 4x3", "float64 3"]),
    "mixed precision": (recipe("zoo:mixed_precision"), ["4x3", "3", "3x2", "2"]),
    "lists and dictionaries of layers": (recipe("zoo:listed"), DENSE),
    "never called": (recipe("zoo:never_called", "4"), DENSE),
    "half called": (recipe("zoo:half_called", "4"), DENSE),
    "a layer": (recipe("zoo:layer_alone"), ["4x3", "3"]),
    "tf.Module": (recipe("zoo:module"), PLAIN * 2),
    "tf.Module with a generator": (recipe("zoo:module_with_generator"), ["3x2"]),
    "tf.Module with a layer's variables": (recipe("zoo:module_with_keras_variables"), ["3", "4x3", "2"]),
    "tf.Module with a layer without weights": (recipe("zoo:module_with_empty_layer"), ["2"]),
    "tf.Module with layers that never get weights": (recipe("zoo:module_with_unbuilt_layers"), ["2"]),
    "tf.Module with tables and constants": (recipe("zoo:module_with_tables"), ["3x2"]),
    "tf.Module with a generator's state beside it": (recipe("zoo:module_with_state"), ["int64 2"]),
    "weights that are named as state": (recipe("zoo:weights_named_as_state"), ["int64 2", "int64 2"]),
    "vocabularies": (recipe("zoo:vocabularies"), ["5x2", "2"]),
    "random constants": (recipe("zoo:random_constants"), ["4", "4"]),
    "complex": (recipe("zoo:odd_arrays", case="complex"), ["complex64 2x3"]),
    "quantised": (recipe("zoo:odd_arrays", case="quantised"), ["int8 2x3"]),
    "big-endian in Fortran order": (recipe("zoo:odd_arrays", case="big-endian"), ["2x3"]),
    "one array": (recipe("zoo:arrays", case="one"), ["2x3"]),
    "two arrays": (recipe("zoo:arrays", case="two"), ["2x3", "3"]),
}


@pytest.fixture(scope="module")
def results(registry: Registry) -> dict[str, Registration]:
    found = {}
    for result in registry.register_all([wanted for wanted, _ in SHAPES.values()]):
        settled = result.recipe if isinstance(result, Refused) else result.entry.recipe  # type: ignore[union-attr]
        found[settled.id] = result
    return found


@pytest.mark.parametrize("case", SHAPES)
def test_a_model_is_registered_with_every_weight_and_nothing_else(
    results: dict[str, Registration], case: str
) -> None:
    wanted, shapes = SHAPES[case]
    result = results[wanted.id]
    assert isinstance(result, Registered), list(registration_lines(result, CommandLineGuide()))
    lines = [tensor.line.rpartition(" ")[0] for tensor in result.baseline.fingerprint.tensors]
    assert lines == [shape if " " in shape else f"float32 {shape}" for shape in shapes]


def test_every_model_reproduces(registry: Registry, results: dict[str, Registration]) -> None:
    verdicts = {
        v.entry.recipe.label: v.verdict
        for v in registry.verify_all(
            [result.entry for result in results.values() if isinstance(result, Registered)]
        )
    }
    assert set(verdicts.values()) == {Verdict.REPRODUCED}
    assert len(results) == len(SHAPES)


RANDOM_STATES = {"dropout": 1, "lstm": 1, "attention": 1, "functional": 0}


@pytest.mark.skipif(KERAS < (3, 0), reason="Keras 2 keeps its random state in no variable")
@pytest.mark.parametrize("case", RANDOM_STATES)
def test_random_state_is_recorded_beside_the_fingerprint(results: dict[str, Registration], case: str) -> None:
    result = results[SHAPES[case][0].id]
    assert isinstance(result, Registered)
    states = result.baseline.facts.random_state
    assert len(states) == RANDOM_STATES[case]
    assert all("seed_generator_state" in state for state in states)
    digests = {tensor.sha256 for tensor in result.baseline.fingerprint.tensors}
    assert not digests & {state.split()[-1] for state in states}


def test_each_tensor_knows_its_layer_and_initializer(results: dict[str, Registration]) -> None:
    result = results[SHAPES["nested"][0].id]
    assert isinstance(result, Registered)
    assert [
        (tensor.layer, tensor.layer_class, (tensor.initializer or {})["class"])
        for tensor in result.baseline.fingerprint.tensors
    ] == [
        ("inner_dense", "Dense", "GlorotUniform"),
        ("inner_dense", "Dense", "Zeros"),
        ("outer_dense", "Dense", "GlorotUniform"),
        ("outer_dense", "Dense", "Zeros"),
    ]


def test_a_fork_builds_what_a_fresh_interpreter_builds(project: Path, tmp_path: Path) -> None:
    """Registration compares one of each; the isolation is not overridden here."""
    from seedreg.project import open_registry

    with open_registry(tmp_path / "registry.db", cwd=project, jobs=2) as registry:
        result = registered(registry, recipe("zoo:mixture"))
    assert result.baseline.facts.isolation is Isolation.FRESH
    assert len(result.baseline.fingerprint.tensors) == 18


def test_replaced_functions_change_no_fingerprint(project: Path, tmp_path: Path) -> None:
    """One of the builds is forked and one fresh, in which the factory's module imports TensorFlow."""
    from seedreg.project import open_registry

    with open_registry(tmp_path / "registry.db", cwd=project, jobs=2) as registry:
        plain, patched = (registered(registry, recipe(f"{name}:mixture")) for name in ("zoo", "patched"))
    assert patched.baseline.fingerprint == plain.baseline.fingerprint
    assert patched.baseline.facts.numpy_words == plain.baseline.facts.numpy_words


# Seeds


def test_the_smallest_and_the_greatest_seed_are_registered(registry: Registry) -> None:
    wanted = [recipe("acceptance:sequential", seed=seed) for seed in (1, 2**32 - 1)]
    found = {str(r.baseline.fingerprint) for r in registry.register_all(wanted) if isinstance(r, Registered)}
    assert len(found) == 2


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused(registry: Registry, seed: int) -> None:
    with pytest.raises(UsageError) as caught:
        registry.register("acceptance:sequential", seed)
    assert caught.value.message == f"seed {seed} is not an integer from 0 to 4294967295"


@pytest.mark.skipif(KERAS < (2, 10), reason="before Keras 2.10 tf.random.set_seed fixes the weights")
def test_seeding_tensorflow_alone_is_refused_and_the_reason_told(registry: Registry) -> None:
    with pytest.raises(RegistrationRefused) as caught:
        registry.register("acceptance:functional", seeding="tf")
    kernel = "conv2d/kernel" if KERAS >= (3, 0) else "conv2d/kernel:0"
    assert caught.value.message == (
        f"two builds of acceptance:functional@0 differ in 2 of 8 tensors; the first is {kernel!r} (values)"
    )
    assert hint_of(caught.value) == (
        "seeding protocol 'tf' seeds TensorFlow alone, and since TensorFlow 2.10 Keras draws its seeds from "
        "Python's random; use --seeding full"
    )


def test_what_does_not_come_from_the_seed_is_refused(registry: Registry) -> None:
    result = refused(registry, recipe("zoo:unseeded"))
    assert result.failure.kind is FailureKind.NONDETERMINISTIC
    assert failure_hint(result.failure) == "the factory uses numpy.random.default_rng() without a seed"


# What is refused

REFUSED = {
    "no tensors": (
        recipe("zoo:arrays", case="none"),
        "no-tensors",
        "zoo:arrays returned an object of type dict without weights",
        "an empty model has no fingerprint, so nothing could be compared",
    ),
    "not built": (
        recipe("zoo:never_called"),
        "unbuilt",
        "zoo:never_called returned an object of type Listed without weights",
        "it may not be built yet; give the shape of its input without the batch dimension, "
        "e.g. --input-shape 28,28,1",
    ),
    "text": (
        recipe("zoo:arrays", case="text"),
        "unsupported-dtype",
        "tensor 'b' holds <U1 values, which have no fingerprint",
        "only numbers and booleans have fixed bytes; leave it out of what the factory returns",
    ),
    "objects": (
        recipe("zoo:arrays", case="objects"),
        "unsupported-dtype",
        "tensor '1' holds object values, which have no fingerprint",
        "only numbers and booleans have fixed bytes; leave it out of what the factory returns",
    ),
    "not an array": (
        recipe("zoo:arrays", case="not an array"),
        "wrong-return",
        "zoo:arrays returned an object of type list whose item '1' is of type str, not an array",
        "every value must be an array, a tensor or a variable",
    ),
    "masked": (
        recipe("zoo:odd_arrays", case="masked"),
        "unsupported-dtype",
        "tensor '0' is a masked array (masked elements: 1), and a mask has no fingerprint",
        "return the values and the mask as two arrays",
    ),
    "ragged": (
        recipe("zoo:odd_arrays", case="ragged"),
        "unsupported-dtype",
        "tensor '0' holds object values, which have no fingerprint",
        "only numbers and booleans have fixed bytes; leave it out of what the factory returns",
    ),
    "sparse": (
        recipe("zoo:odd_arrays", case="sparse"),
        "wrong-return",
        "zoo:odd_arrays returned an object of type list whose item '0' is of type SparseTensor, not an array",
        "every value must be an array, a tensor or a variable",
    ),
    "strings": (
        recipe("zoo:odd_arrays", case="strings"),
        "unsupported-dtype",
        "tensor '0' holds object values, which have no fingerprint",
        "only numbers and booleans have fixed bytes; leave it out of what the factory returns",
    ),
    "record": (
        recipe("zoo:odd_arrays", case="record"),
        "unsupported-dtype",
        "tensor '0' holds (numpy.record, [('f0', '<i8'), ('f1', '<f8')]) values, which have no fingerprint",
        "only numbers and booleans have fixed bytes; leave it out of what the factory returns",
    ),
    "nothing": (
        recipe("zoo:arrays", case="nothing"),
        "wrong-return",
        "zoo:arrays returned None, not a model",
        "return a Keras model, a tf.Module, or a mapping or sequence of arrays; is a `return` missing?",
    ),
    "not finite": (
        recipe("zoo:arrays", case="nan"),
        "nonfinite",
        "zoo:arrays@0 starts with weights that are not finite: 'b' holds 1 NaN and 1 infinite values",
        "--allow-nonfinite registers it all the same",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_held_against_anything_is_refused(registry: Registry, case: str) -> None:
    wanted, kind, message, hint = REFUSED[case]
    result = refused(registry, wanted)
    assert shown(result.failure) == (kind, message, hint)
    assert result.failure.kind is not FailureKind.NONDETERMINISTIC


def test_weights_that_are_not_finite_are_registered_when_asked(registry: Registry) -> None:
    result = registered(registry, recipe("zoo:arrays", case="nan"), allow_nonfinite=True)
    (verification,) = registry.verify(result.entry.id)
    assert verification.verdict is Verdict.REPRODUCED


@pytest.mark.skipif(KERAS < (3, 0), reason="a Keras 2 layer is a tf.Module itself")
@pytest.mark.parametrize("where", ["attribute", "list", "dict", "inner", "tuple of modules"])
def test_a_module_that_hides_the_weights_of_a_layer_is_refused(registry: Registry, where: str) -> None:
    result = refused(registry, recipe("zoo:module_with_layer", where=where))
    name = "parts" if where in ("list", "dict", "tuple of modules") else "layer"
    assert result.failure.kind is FailureKind.WRONG_RETURN
    assert failure_message(result.failure) == (
        "zoo:module_with_layer returned a tf.Module whose `variables` leaves out the weights of the Keras "
        f"layer in its attribute {name!r}"
    )


@pytest.mark.skipif(KERAS < (3, 0), reason="Keras 2 has no variables of its own")
def test_a_module_that_hides_a_keras_variable_is_refused(registry: Registry) -> None:
    result = refused(registry, recipe("zoo:module_with_keras_variable"))
    assert failure_message(result.failure) == (
        "zoo:module_with_keras_variable returned a tf.Module whose `variables` leaves out the weights of the "
        "Keras variable in its attribute 'scale'"
    )


# Warnings


def warnings_of(registry: Registry, wanted: Recipe) -> set[str]:
    return set(map(warning_text, registered(registry, wanted).baseline.facts.warnings))


def test_a_factory_that_ignores_the_seed_is_warned_of(registry: Registry) -> None:
    assert "the factory ignores the seed: seed 1 gives the same weights" in warnings_of(
        registry, recipe("zoo:ignores_the_seed")
    )


def test_a_shared_initializer_object_is_warned_of(registry: Registry) -> None:
    name = "sequential/dense{}/kernel" if KERAS >= (3, 0) else "dense{}/kernel:0"
    names = ", ".join(repr(name.format(number)) for number in ("", "_1"))
    warning = f"2 variables start with identical values ({names}): is an initializer shared?"
    assert warning in warnings_of(registry, recipe("zoo:shares_an_initializer"))


def test_a_bias_that_no_seed_changes_is_not_warned_of(registry: Registry) -> None:
    assert warnings_of(registry, recipe("zoo:stack_of_lstms")) == set()


def test_weights_that_a_fixed_seed_draws_twice_are_warned_of(registry: Registry) -> None:
    result = registered(registry, recipe("zoo:experts"))
    (found,) = (one for one in result.baseline.facts.warnings if one.kind is WarningKind.SHARED_START)
    assert (found.fact("count"), found.fact("more")) == (2, False)


def test_equal_bytes_in_other_shapes_are_warned_of(registry: Registry) -> None:
    warning = "2 variables start with identical values ('output:0', 'query:0'): is an initializer shared?"
    assert warnings_of(registry, recipe("zoo:equal_bytes_in_other_shapes")) == {warning}


def test_a_model_that_is_built_in_part_is_warned_of(registry: Registry) -> None:
    result = registered(registry, recipe("zoo:half_called"))
    assert len(result.baseline.fingerprint.tensors) == 2
    assert result.baseline.facts.warnings == (BuildWarning(WarningKind.UNBUILT),)


def test_a_layer_that_is_never_called_is_warned_of(registry: Registry) -> None:
    assert warnings_of(registry, recipe("zoo:listed", idle=True)) == {
        "layer 'dense_4' was never called, so it has no weights"
    }


@pytest.mark.parametrize(
    ("factory", "owner"),
    [
        ("module_called_in_part", "module 'second'"),
        ("parts_that_were_not_called", "layer 'unused'"),
    ],
)
def test_only_what_would_create_weights_is_warned_of(registry: Registry, factory: str, owner: str) -> None:
    found = {each for each in warnings_of(registry, recipe(f"zoo:{factory}")) if "called" in each}
    assert found == {f"{owner} was never called, so it has no weights"}


def test_a_module_that_is_not_built_is_called_on_its_inputs(registry: Registry) -> None:
    for factory, tensors in (("unbuilt_module", 1), ("module_called_in_part", 2)):
        result = registered(registry, recipe(f"zoo:{factory}", "4"))
        assert len(result.baseline.fingerprint.tensors) == tensors
        assert [one for one in result.baseline.facts.warnings if one.kind is WarningKind.UNCALLED_LAYER] == []


def test_a_module_that_is_not_built_is_refused_with_how_to_give_an_input(registry: Registry) -> None:
    result = refused(registry, recipe("zoo:unbuilt_module"))
    assert result.failure.kind is FailureKind.UNBUILT
    assert result.failure.fact("type") == "Affine"


NO_WEIGHT = "is not a weight, so the fingerprint does not cover it"


def test_tables_and_constants_of_a_module_are_warned_of(registry: Registry) -> None:
    found = {
        each for each in warnings_of(registry, recipe("zoo:module_with_tables", seed=3)) if NO_WEIGHT in each
    }
    assert found == {
        f"the {holds} in attribute {attribute!r} of module 'WithTables' {NO_WEIGHT}"
        for holds, attribute in (
            ("StaticHashTable", "tables"),
            ("DenseHashTable", "mutable"),
            ("EagerTensor", "basis"),
            ("ndarray", "window"),
        )
    }


def test_vocabularies_of_keras_layers_are_warned_of(registry: Registry) -> None:
    found = {each for each in warnings_of(registry, recipe("zoo:vocabularies", seed=3)) if NO_WEIGHT in each}
    layers = {"string_lookup", "integers", "bins", "given"}
    assert {next(layer for layer in layers if repr(layer) in each) for each in found} == layers
    assert len(found) == 4


def test_constants_of_layers_of_one_class_are_one_warning(registry: Registry) -> None:
    assert warnings_of(registry, recipe("zoo:random_constants", seed=3)) == {
        f"the EagerTensor in attribute 'basis' of layer 'one' (and of 1 more) {NO_WEIGHT}"
    }


@pytest.mark.skipif(KERAS < (3, 0), reason="Keras 2 lists them among the weights")
@pytest.mark.parametrize("kind", ["variable", "module"])
def test_a_variable_that_keras_does_not_follow_is_warned_of(registry: Registry, kind: str) -> None:
    what = {"variable": "tf.Variable", "module": "tf.Module"}[kind]
    assert warnings_of(registry, recipe("zoo:keras_with_variable", kind=kind)) == {
        f"the {what} in attribute 'part' of layer 'scaled' is not among the model's weights: "
        "Keras 3 leaves it out"
    }


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_a_source_that_git_does_not_hold_is_warned_of(
    registry: Registry, results: dict[str, Registration]
) -> None:
    committed = results[SHAPES["sequential"][0].id]
    assert isinstance(committed, Registered)
    assert committed.baseline.facts.warnings == ()
    source = committed.baseline.source
    assert (source.git_commit is not None, source.git_dirty) == (True, False)
    assert warnings_of(registry, recipe("uncommitted:sequential")) == {
        "the factory's source is not committed in git as it is"
    }
    assert warnings_of(registry, recipe("not_in_git:sequential")) == {
        "the factory's source is not in git: a later change of it cannot be looked up"
    }


# Drift


@pytest.fixture
def stage(project: Path) -> Iterator[Path]:
    path = project / "stage"
    yield path
    path.unlink()


DRIFTS = {
    "a tensor more": ("one", "two", ["extra b"]),
    "a tensor less": ("two", "one", ["missing b"]),
    "another shape": ("one", "reshaped", ["shape a"]),
    "another dtype": ("one", "float64", ["dtype a"]),
    "a narrower dtype": ("one", "float16", ["dtype a"]),
    "minus zero": ("zero", "minus zero", ["values a"]),
}


@pytest.mark.parametrize("case", DRIFTS)
def test_a_drift_says_what_became_of_each_tensor(registry: Registry, stage: Path, case: str) -> None:
    before, after, differences = DRIFTS[case]
    stage.write_text(before)
    registry_entry = _staged(registry, case)
    stage.write_text(after)
    (verification,) = registry.verify(registry_entry)
    assert verification.verdict is Verdict.DRIFTED
    assert verification.drift is not None
    assert [f"{d.kind.value} {d.tensor.name}" for d in verification.drift.differences] == differences
    assert verification.source_changed is False
    assert verification.changes == ()
    stage.write_text(before)
    assert registry.verify(registry_entry)[0].verdict is Verdict.REPRODUCED


def test_another_name_is_told_and_is_no_drift(registry: Registry, stage: Path) -> None:
    stage.write_text("one")
    entry = _staged(registry, "renamed")
    stage.write_text("renamed")
    (verification,) = registry.verify(entry)
    assert verification.verdict is Verdict.REPRODUCED
    assert verification.renamed == (("a", "z"),)
    lines = list(verification_lines(verification, CommandLineGuide()))
    assert lines[-1] == "  names: a → z (names are not part of the fingerprint)"


def test_no_tensors_any_more_is_an_error_and_never_reproduced(registry: Registry, stage: Path) -> None:
    stage.write_text("one")
    entry = _staged(registry, "emptied")
    stage.write_text("none")
    (verification,) = registry.verify(entry)
    assert verification.verdict is Verdict.ERROR
    assert verification.check.failure is not None
    assert verification.check.failure.kind is FailureKind.NO_TENSORS
    with pytest.raises(NotJudged):
        registry.accept(entry, "there is nothing")


def _staged(registry: Registry, case: str) -> str:
    """The id of an entry of the factory that follows the file `stage`: another seed for each case."""
    seed = sum(case.encode()) * 2
    return registered(registry, recipe("zoo:staged", seed=seed)).entry.id


def test_an_entry_registered_again_is_confirmed(registry: Registry, results: dict[str, Registration]) -> None:
    assert results
    (again,) = registry.register_all([SHAPES["lstm"][0]])
    assert isinstance(again, Confirmed)
    assert again.verification.verdict is Verdict.REPRODUCED
