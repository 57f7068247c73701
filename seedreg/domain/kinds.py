"""The facts of values that have a kind: named JSON values, which `reports.words` turns into sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from seedreg.domain.decoding import DecodingError, json_object

FactValue: TypeAlias = "str | int | float | bool | tuple[FactValue, ...] | None"
"""A JSON value without objects; a list is a tuple, so that whatever holds facts can be hashed."""

Facts: TypeAlias = tuple[tuple[str, FactValue], ...]
"""Names and values, sorted by name."""


def facts_from(values: Mapping[str, Any]) -> Facts:
    """The facts of these names; lists become tuples.

    Raises:
        TypeError: if a value is an object, or no JSON value.
    """
    return tuple((name, _frozen(values[name])) for name in sorted(values))


def decode_facts(document: Any) -> Facts:
    """The facts of a JSON object that came from elsewhere.

    Raises:
        DecodingError: if it is no object, or a value is an object or not a JSON value.
    """
    try:
        return facts_from(json_object(document))
    except TypeError as error:
        raise DecodingError("a fact is an object") from error


def facts_document(facts: Facts) -> dict[str, Any]:
    """The facts as a JSON object."""
    return {name: _thawed(value) for name, value in facts}


def _frozen(value: Any) -> FactValue:
    if isinstance(value, (list, tuple)):
        return tuple(_frozen(part) for part in value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise TypeError(f"{value!r} is not a fact")


def _thawed(value: FactValue) -> Any:
    return [_thawed(part) for part in value] if isinstance(value, tuple) else value
