"""Strict reading of JSON documents: each value has the type that it must have, or an error names its path.

A decoder is a function from a JSON value to a value of the domain. What it refuses, it refuses with a
`DecodingError`; `Fields` and `list_of` add where in the document that was.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NoReturn, TypeAlias, TypeVar, cast

from seedreg.domain.canonical import is_sha256

MAX_DEPTH = 64
"""How deep the parts of a document may be nested whose form is free, such as the params of a factory."""

MAX_CONTAINERS = 1_000_000
"""How many brackets a text may hold: an empty list is two characters, and 56 bytes of memory."""

_MAX_BITS = 4096  # of an integer in a free part; Python refuses to write one of more than 4,300 digits
_SHOWN_LENGTH = 60

T = TypeVar("T")
E = TypeVar("E", bound=Enum)
Decoder: TypeAlias = Callable[[Any], T]


class DecodingError(ValueError):
    """A value that is not of the type that it must have.

    `path` leads to it from the top of the document: names of fields and positions in lists.
    """

    def __init__(self, problem: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(problem, path)
        self.problem = problem
        self.path = path

    def below(self, part: str | int) -> DecodingError:
        """The same error, seen from the document that holds the value as this field or item."""
        return DecodingError(self.problem, (part, *self.path))

    def __str__(self) -> str:
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return f"{_shortened(where.lstrip('.'))}: {self.problem}" if where else self.problem


def parse(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        DecodingError: if it is no JSON, nested too deeply, has too many parts, or holds NaN, an infinity or
            a number with more digits than Python reads.
    """
    opening = ("[", "{") if isinstance(text, str) else (b"[", b"{")
    if sum(map(text.count, opening)) > MAX_CONTAINERS:  # type: ignore[arg-type]
        raise DecodingError("it has too many lists and objects")
    try:
        return json.loads(text, parse_constant=_constant)
    except DecodingError:
        raise
    except RecursionError:
        raise DecodingError("it is nested too deeply") from None
    except ValueError as error:  # no JSON, no UTF-8, or thousands of digits
        raise DecodingError(f"not JSON: {error}") from error


class Fields:
    """The fields of a JSON object, read one by one; those that are not read are ignored.

    Raises:
        DecodingError: if the value is no object.
    """

    __slots__ = ("_values",)

    def __init__(self, value: Any) -> None:
        if not isinstance(value, dict):
            _refuse("an object", value)
        self._values = value

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __call__(self, name: str, decode: Decoder[T]) -> T:
        """The decoded field.

        Raises:
            DecodingError: if it is missing or not what the decoder takes.
        """
        try:
            return decode(self._values[name])
        except KeyError:
            raise DecodingError("it is missing", (name,)) from None
        except DecodingError as error:
            raise error.below(name) from None

    def get(self, name: str, decode: Decoder[T], default: T) -> T:
        """The decoded field, or the default where it is missing.

        Raises:
            DecodingError: if it is there and not what the decoder takes.
        """
        return self(name, decode) if name in self._values else default


# Single values


def text(value: Any) -> str:
    """A text without lone surrogates, which no file, database or terminal takes."""
    if not isinstance(value, str):
        _refuse("a text", value)
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise DecodingError("a text holds half a character") from None
    return value


def integer(value: Any) -> int:
    """An integer of at most 64 bits; true and false are none."""
    if type(value) is not int:
        _refuse("an integer", value)
    if not -(2**63) <= value < 2**63:
        raise DecodingError("an integer is out of range")
    return value


def natural(value: Any) -> int:
    """An integer from 0 on."""
    number = integer(value)
    if number < 0:
        _refuse("an integer from 0 on", value)
    return number


def number(value: Any) -> float:
    """A finite number; true and false are none. An integer stays one."""
    if type(value) is float:
        if not math.isfinite(value):
            _refuse("a finite number", value)
        return value
    if type(value) is not int:
        _refuse("a number", value)
    return integer(value)


def boolean(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        _refuse("true or false", value)
    return value


def sha256(value: Any) -> str:
    """64 lower-case hexadecimal digits."""
    if not isinstance(value, str) or not is_sha256(value):
        _refuse("a SHA-256", value)
    return value


def json_value(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Any JSON value of bounded depth: no infinity, no text with half a character, no endless number."""
    if isinstance(value, dict):
        if depth == 0:
            raise DecodingError("it is nested too deeply")
        for name, part in value.items():
            text(name)
            json_value(part, depth - 1)
    elif isinstance(value, list):
        if depth == 0:
            raise DecodingError("it is nested too deeply")
        for part in value:
            json_value(part, depth - 1)
    elif isinstance(value, str):
        text(value)
    elif type(value) is int:
        if value.bit_length() > _MAX_BITS:
            raise DecodingError("an integer is out of range")
    elif isinstance(value, float):
        number(value)
    elif value is not None and not isinstance(value, bool):
        _refuse("a JSON value", value)
    return value


def json_object(value: Any) -> dict[str, Any]:
    """Any JSON object; see `json_value`."""
    if not isinstance(value, dict):
        _refuse("an object", value)
    return cast("dict[str, Any]", json_value(value))


# Decoders made from others


def optional(decode: Decoder[T]) -> Decoder[T | None]:
    """Null, or what the decoder takes."""
    return lambda value: None if value is None else decode(value)


def list_of(decode: Decoder[T]) -> Decoder[tuple[T, ...]]:
    """A list of what the decoder takes."""

    def decode_list(value: Any) -> tuple[T, ...]:
        if not isinstance(value, list):
            _refuse("a list", value)
        decoded: list[T] = []
        try:
            decoded.extend(map(decode, value))  # keeps those before the one that is refused
        except DecodingError as error:
            raise error.below(len(decoded)) from None
        return tuple(decoded)

    return decode_list


def mapping_of(decode: Decoder[T]) -> Decoder[dict[str, T]]:
    """An object whose fields have any names, with values that the decoder takes."""

    def decode_mapping(value: Any) -> dict[str, T]:
        if not isinstance(value, dict):
            _refuse("an object", value)
        fields = Fields(value)
        return {text(name): fields(name, decode) for name in value}

    return decode_mapping


def member_of(kind: type[E]) -> Decoder[E]:
    """A member of the enumeration, by its value."""
    members: Mapping[str, E] = {member.value: member for member in kind}

    def decode_member(value: Any) -> E:
        if not isinstance(value, str) or value not in members:
            _refuse(f"one of {', '.join(map(str, members))}", value)
        return members[value]

    return decode_member


def exactly(expected: T) -> Decoder[T]:
    """This value and no other, of the same type."""

    def decode_exactly(value: Any) -> T:
        if type(value) is not type(expected) or value != expected:
            _refuse(repr(expected), value)
        return expected

    return decode_exactly


def _refuse(expected: str, value: Any) -> NoReturn:
    raise DecodingError(f"{_shown(value)} is not {expected}")


def _shown(value: Any) -> str:
    """The value in a few printable characters, however large or deep it is."""
    match value:
        case str():
            return ascii(value) if len(value) <= _SHOWN_LENGTH else f"a text of {len(value)} characters"
        case None | bool():
            return json.dumps(value)
        case float():
            return str(value)
        case int():
            return str(value) if value.bit_length() <= 64 else "a large integer"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return f"a value of type {type(value).__name__}"


def _shortened(where: str) -> str:
    shown = ascii(where)[1:-1]
    return shown if len(shown) <= _SHOWN_LENGTH else f"…{shown[-_SHOWN_LENGTH:]}"


def _constant(name: str) -> NoReturn:
    raise DecodingError(f"{name} is not a finite number")
