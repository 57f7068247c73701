"""Recipes, their ids, and the small texts that people write: seeds, shapes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedreg.domain.canonical import canonical_json
from seedreg.domain.inputs import InputSpec
from seedreg.domain.recipe import Recipe, Seeding, check_seed, parse_seeds
from seedreg.errors import UsageError

FULL = Recipe(
    "project",
    "pkg.models:build",
    2**32 - 1,
    canonical_json({"units": 8, "name": "é"}),
    Seeding.TF,
    (InputSpec((28, 28, 1)), InputSpec((), "int32")),
    "gpu:0",
)


def test_canonical_recipe_and_its_id_are_frozen() -> None:
    assert canonical_json(FULL.document()) == (
        '{"device":"gpu:0","factory":"pkg.models:build","framework":"tensorflow",'
        '"inputs":[{"dtype":"float32","shape":[28,28,1]},{"dtype":"int32","shape":[]}],'
        '"params":{"name":"\\u00e9","units":8},"project":"project","recipe":1,"seed":4294967295,'
        '"seeding":"tf/1"}'
    )
    assert FULL.id == "c752ddf5f595093b3b2c328651bec695b03e8bec31a009c4710229518d8d68ff"
    assert (
        Recipe("p", "models:build", 0).id
        == "5820bfc5fcc85436cfdfd5e0d6b04ca7ff46612f0c17ead54d385ac2a630afe0"
    )


def test_every_field_enters_the_id() -> None:
    plain = Recipe("p", "models:build", 0)
    others = [
        Recipe("q", "models:build", 0),
        Recipe("p", "models:other", 0),
        plain.with_seed(1),
        Recipe("p", "models:build", 0, '{"a":1}'),
        Recipe("p", "models:build", 0, seeding=Seeding.TF),
        Recipe("p", "models:build", 0, inputs=(InputSpec((1,)),)),
        Recipe("p", "models:build", 0, inputs=(InputSpec((1,), "int32"),)),
        Recipe("p", "models:build", 0, device="gpu"),
        Recipe("p", "models:build", 0, framework="other"),
    ]
    assert len({recipe.id for recipe in [plain, *others]}) == 10


def test_document_comes_back_whole() -> None:
    assert Recipe.from_document(FULL.document()) == FULL


def test_document_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="recipe: 2 is not 1"):
        Recipe.from_document({**FULL.document(), "recipe": 2})


@pytest.mark.parametrize("seed", [-1, 2**32, True, 1.0, "1", None])
def test_seed_outside_numpys_range_is_refused(seed: object) -> None:
    with pytest.raises(UsageError) as caught:
        check_seed(seed)
    assert caught.value.message == f"seed {seed!r} is not an integer from 0 to 4294967295"


@pytest.mark.parametrize(
    "device", ["", "CPU", "gpu:", "gpu:x", "tpu", "/GPU:0", "cpu:0", "gpu:٣", "gpu:²", "cpu\n"]
)
def test_unknown_device_is_refused(device: str) -> None:
    with pytest.raises(UsageError, match="unknown device"):
        Recipe("p", "m:f", 0, device=device)


def test_unknown_seeding_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown seeding protocol 'numpy'"):
        Seeding.of("numpy")


def test_a_recipe_takes_the_name_of_a_seeding_protocol() -> None:
    assert Recipe(*("p", "m:f", 0, "{}", "tf")) == Recipe("p", "m:f", 0, "{}", Seeding.TF)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("0", range(0, 1)),
        ("0-9", range(0, 10)),
        (" 3 - 5 ", range(3, 6)),
        ("4294967295", range(2**32 - 1, 2**32)),
        ("7-7", range(7, 8)),
    ],
)
def test_seeds_are_a_number_or_a_range(text: str, seeds: range) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    "text", ["", "x", "1.5", "1,2", "-1", "5-3", "0-4294967296", "1-2-3", "٣", "0x1", "1_0"]
)
def test_anything_else_is_no_seed(text: str) -> None:
    with pytest.raises(UsageError):
        parse_seeds(text)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("28,28,1", InputSpec((28, 28, 1))),
        ("28x28x1", InputSpec((28, 28, 1))),
        ("10:int32", InputSpec((10,), "int32")),
        ("4", InputSpec((4,))),
    ],
)
def test_input_shape_is_sizes_and_a_dtype(text: str, spec: InputSpec) -> None:
    assert InputSpec.parse(text) == spec
    assert InputSpec.parse(str(spec)) == spec


@pytest.mark.parametrize(
    "text", ["0", "-1", "a", "1.5", "None,3", "3:INT", "3:float32;", "(3,)", "", "28,,1", "3:", ",3"]
)
def test_anything_else_is_no_input_shape(text: str) -> None:
    with pytest.raises(UsageError, match="is not a list of sizes"):
        InputSpec.parse(text)


@given(st.lists(st.integers(1, 2**31), min_size=1, max_size=5), st.sampled_from(["float32", "int32", "bool"]))
def test_input_shape_reads_what_it_writes(shape: list[int], dtype: str) -> None:
    spec = InputSpec(tuple(shape), dtype)
    assert InputSpec.parse(str(spec)) == spec


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_canonical_json_has_no_nan(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": value})
