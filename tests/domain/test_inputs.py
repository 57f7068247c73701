from __future__ import annotations

from typing import Any

import pytest

from seedreg.domain.canonical import canonical_json
from seedreg.domain.decoding import DecodingError
from seedreg.domain.inputs import (
    InputFunction,
    Inputs,
    InputSpec,
    decode_inputs,
    inputs_document,
    inputs_of,
    parse_inputs,
)
from seedreg.errors import UsageError

USER, ITEM = InputSpec((4,), name="user"), InputSpec((3,), "int32", "item")


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("user=4", USER),
        ("item=3:int32", ITEM),
        ("gen/z=8,8", InputSpec((8, 8), name="gen/z")),
        ("scalar:string", InputSpec((), "string")),
        ("id=scalar:int64", InputSpec((), "int64", "id")),
        ("a=b=2", InputSpec((2,), name="a=b")),
    ],
)
def test_an_input_may_have_a_name(text: str, spec: InputSpec) -> None:
    assert InputSpec.parse(text) == spec
    assert str(spec) == text


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("user=", "input shape 'user=' is not a list of sizes of at least 1", None),
        ("None,4", "input shape 'None,4' is not a list of sizes of at least 1", None),
        ("=4", "input shape '=4' has no name before the =", None),
        ("4:in32", "input shape '4:in32' has an unknown dtype", "did you mean int32?"),
    ],
)
def test_a_wrong_input_is_named(text: str, message: str, hint: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        InputSpec.parse(text)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_two_inputs_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="two inputs are named 'user'"):
        parse_inputs(["user=4", "user=5"])
    with pytest.raises(DecodingError, match="two inputs are named 'a'"):
        decode_inputs([{"shape": [1], "dtype": "bool", "name": "a"}] * 2)


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        ((), "[]"),
        ((InputSpec((4,)),), '[{"dtype":"float32","shape":[4]}]'),
        ((ITEM,), '[{"dtype":"int32","name":"item","shape":[3]}]'),
        (InputFunction("models:inputs"), '{"function":"models:inputs"}'),
    ],
)
def test_a_name_is_in_the_document_only_where_there_is_one(inputs: Inputs, text: str) -> None:
    document = inputs_document(inputs)
    assert canonical_json(document) == text
    assert decode_inputs(document) == inputs


@pytest.mark.parametrize(
    ("given", "inputs"),
    [
        (None, ()),
        ("28,28,1", (InputSpec((28, 28, 1)),)),
        (3, (InputSpec((3,)),)),
        ((28, 28, 1), (InputSpec((28, 28, 1)),)),
        ([(4,), "3:int32"], (InputSpec((4,)), InputSpec((3,), "int32"))),
        ({"user": (4,), "item": "3:int32"}, (USER, ITEM)),
        ([USER, ITEM], (USER, ITEM)),
        (ITEM, (ITEM,)),
        (InputFunction("models:inputs"), InputFunction("models:inputs")),
    ],
)
def test_python_gives_inputs_as_shapes_lists_or_mappings(given: Any, inputs: Inputs) -> None:
    assert inputs_of(given) == inputs


@pytest.mark.parametrize("given", [[None], {"user": None}, [(4, "a")]])
def test_what_is_no_shape_is_refused(given: Any) -> None:
    with pytest.raises(UsageError, match="is not a list of sizes"):
        inputs_of(given)
