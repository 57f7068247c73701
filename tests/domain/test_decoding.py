"""Documents are read strictly: a wrong value is an error that says where it is."""

from __future__ import annotations

import enum
import math
from typing import Any

import pytest

from seedreg.domain import decoding
from seedreg.domain.decoding import Decoder, DecodingError, Fields, list_of, mapping_of, member_of, optional


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


def refusal(decode: Decoder[Any], value: Any) -> str:
    with pytest.raises(DecodingError) as caught:
        decode(value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("decode", "value", "decoded"),
    [
        (decoding.text, "é🎲", "é🎲"),
        (decoding.integer, -(2**63), -(2**63)),
        (decoding.natural, 0, 0),
        (decoding.number, 3, 3),
        (decoding.number, -0.5, -0.5),
        (decoding.boolean, False, False),
        (decoding.sha256, "0f" * 32, "0f" * 32),
        (decoding.json_object, {"a": [1, None, 2**64, {"b": 0.5}]}, {"a": [1, None, 2**64, {"b": 0.5}]}),
        (optional(decoding.text), None, None),
        (optional(decoding.text), "", ""),
        (list_of(decoding.natural), [1, 2], (1, 2)),
        (mapping_of(list_of(decoding.text)), {"a": ["b"]}, {"a": ("b",)}),
        (member_of(Colour), "red", Colour.RED),
        (decoding.exactly(1), 1, 1),
    ],
)  # fmt: skip
def test_right_values_are_decoded(decode: Decoder[Any], value: Any, decoded: Any) -> None:
    assert decode(value) == decoded


@pytest.mark.parametrize(
    ("decode", "value", "why"),
    [
        (decoding.text, 1, "1 is not a text"),
        (decoding.text, "a\ud800", "a text holds half a character"),
        (decoding.integer, True, "true is not an integer"),
        (decoding.integer, 1.0, "1.0 is not an integer"),
        (decoding.integer, 2**63, "an integer is out of range"),
        (decoding.integer, "1" * 61, "a text of 61 characters is not an integer"),
        (decoding.natural, -1, "-1 is not an integer from 0 on"),
        (decoding.number, False, "false is not a number"),
        (decoding.number, math.inf, "inf is not a finite number"),
        (decoding.number, math.nan, "nan is not a finite number"),
        (decoding.number, 10**400, "an integer is out of range"),
        (decoding.boolean, 0, "0 is not true or false"),
        (decoding.sha256, "0F" * 32, "a text of 64 characters is not a SHA-256"),
        (decoding.sha256, "../../etc/passwd", "'../../etc/passwd' is not a SHA-256"),
        (decoding.sha256, "0f" * 32 + "\n", "a text of 65 characters is not a SHA-256"),
        (decoding.json_object, [], "a list is not an object"),
        (decoding.json_object, {"a": {"\ud800": 1}}, "a text holds half a character"),
        (decoding.json_value, [math.inf], "inf is not a finite number"),
        (decoding.json_value, 2**4096, "an integer is out of range"),
        (optional(decoding.text), [], "a list is not a text"),
        (list_of(decoding.text), "ab", "'ab' is not a list"),
        (list_of(list_of(decoding.text)), [["a"], ["b", None]], "[1][1]: null is not a text"),
        (mapping_of(decoding.text), {"a": "b", "c": {}}, "c: an object is not a text"),
        (member_of(Colour), "green", "'green' is not one of red, blue"),
        (member_of(Colour), ["red"], "a list is not one of red, blue"),
        (decoding.exactly(1), True, "true is not 1"),
        (Fields, [], "a list is not an object"),
    ],
)  # fmt: skip
def test_wrong_values_are_refused(decode: Decoder[Any], value: Any, why: str) -> None:
    assert refusal(decode, value) == why


def test_the_error_leads_to_the_value() -> None:
    def decode(value: Any) -> object:
        return Fields(value)("tensors", list_of(lambda item: Fields(item)("layer", optional(decoding.text))))

    assert refusal(decode, {"tensors": [{"layer": "a"}, {"layer": 7}]}) == "tensors[1].layer: 7 is not a text"
    assert refusal(decode, {"tensors": [{}]}) == "tensors[0].layer: it is missing"


def test_fields_that_may_be_missing_have_a_default_and_are_as_strict() -> None:
    fields = Fields({"a": 1})
    assert fields.get("b", decoding.text, "c") == "c"
    assert refusal(lambda name: fields.get(name, decoding.text, "c"), "a") == "a: 1 is not a text"


@pytest.mark.parametrize("form", [str, str.encode])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("NaN", "NaN is not a finite number"),
        ('{"a": -Infinity}', "-Infinity is not a finite number"),
        ("[" * 100_000 + "]" * 100_000, "it is nested too deeply"),
        ("[" + "[]," * 1_000_000 + "[]]", "it has too many lists and objects"),
    ],
    ids=["empty", "nan", "infinity", "deep", "many"],
)
def test_texts_that_no_document_is_are_refused(form: Any, text: str, why: str) -> None:
    assert refusal(decoding.parse, form(text)) == why


def test_bytes_that_are_no_text_are_refused() -> None:
    assert refusal(decoding.parse, b'"\xff"').startswith("not JSON: 'utf-8' codec can't decode")


def test_a_number_of_thousands_of_digits_is_no_integer() -> None:
    digits = '{"a": ' + "9" * 5000 + "}"

    def decode(text: str) -> object:
        return Fields(decoding.parse(text))("a", decoding.integer)

    assert "integer" in refusal(decode, digits)  # Python 3.10.6 and older parse it


def test_a_number_too_large_for_a_float_is_refused_where_a_number_is_read() -> None:
    assert refusal(decoding.number, decoding.parse("1e400")) == "inf is not a finite number"


def test_free_parts_have_a_bounded_depth() -> None:
    assert decoding.json_value(decoding.parse("[" * 64 + "]" * 64)) is not None
    assert refusal(decoding.json_value, decoding.parse("[" * 65 + "]" * 65)) == "it is nested too deeply"
    assert (
        refusal(decoding.json_value, decoding.parse('{"a":' * 65 + "1" + "}" * 65))
        == "it is nested too deeply"
    )
