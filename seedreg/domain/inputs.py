"""Inputs of a model: what a model that has no weights yet is called on, so that it creates them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeGuard

from seedreg.domain.decoding import DecodingError, Fields, list_of, natural, text
from seedreg.errors import Step, UsageError

DTYPES = (
    *("float16", "float32", "float64", "bfloat16", "complex64", "complex128", "bool", "string"),
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
)
"""The dtypes of inputs, as TensorFlow names them."""

_SCALAR = "scalar"
_SIZES = re.compile(r"(scalar|\d{1,12}(?:[,x]\d{1,12})*)(?::([a-z]+\d*))?", re.ASCII)


@dataclass(frozen=True)
class InputSpec:
    """One input of a model: its shape without the batch dimension, its dtype, and its name.

    The name is that of an argument of the model's call, or a key of the mapping that it takes. Without
    one the input is given by position. In a collection of models the name begins with the model's own.
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    name: str | None = None

    @classmethod
    def parse(cls, text: str) -> InputSpec:
        """Read `28,28,1`, `10:int32`, `scalar:int32` or `user=4`; the batch of 1 is added by the build.

        Raises:
            UsageError: if it is none of these.
        """
        name, equals, sizes = text.rpartition("=")
        match = _SIZES.fullmatch(sizes.replace(" ", ""))
        known = match is not None and match[1] != _SCALAR
        shape = tuple(map(int, re.split("[,x]", match[1]))) if match is not None and known else ()
        if match is None or 0 in shape:
            raise UsageError(
                f"input shape {text!r} is not a list of sizes of at least 1",
                step=Step.SHAPE_WITHOUT_BATCH,
            )
        dtype = match[2] or "float32"
        if dtype not in DTYPES:
            from difflib import get_close_matches  # 1 ms of start-up, for an error

            near = get_close_matches(dtype, DTYPES, 1)
            raise UsageError(
                f"input shape {text!r} has an unknown dtype",
                hint=f"did you mean {near[0]}?" if near else f"one of: {', '.join(DTYPES)}",
            )
        if equals and (not name.strip() or not name.isprintable()):
            raise UsageError(f"input shape {text!r} has no name before the =", step=Step.SHAPE_WITHOUT_BATCH)
        return cls(shape, dtype, name.strip() if equals else None)

    def __str__(self) -> str:
        dims = ",".join(map(str, self.shape)) or _SCALAR
        sizes = dims if self.dtype == "float32" else f"{dims}:{self.dtype}"
        return sizes if self.name is None else f"{self.name}={sizes}"


@dataclass(frozen=True)
class InputFunction:
    """Inputs that a function of the project returns: `package.module:callable`, as factories are named."""

    address: str

    def __str__(self) -> str:
        return self.address


Inputs: TypeAlias = tuple[InputSpec, ...] | InputFunction
"""What a model without weights is called on: zeros of these shapes, or what the function returns."""


def inputs_document(inputs: Inputs) -> Any:
    """The inputs as JSON: a list of objects, or an object that names the function.

    A name is there only where an input has one, so that the ids of recipes without names stay as they were.
    """
    if isinstance(inputs, InputFunction):
        return {"function": inputs.address}
    return [
        {"shape": list(spec.shape), "dtype": spec.dtype, **({} if spec.name is None else {"name": spec.name})}
        for spec in inputs
    ]


def decode_inputs(document: Any) -> Inputs:
    """The inputs that `inputs_document` describes.

    Raises:
        DecodingError: if a value is missing or of another type.
    """
    if isinstance(document, dict):
        return InputFunction(Fields(document)("function", text))
    inputs = list_of(_input)(document)
    _require_distinct(inputs)
    return inputs


def _input(value: Any) -> InputSpec:
    fields = Fields(value)
    name = fields("name", text) if "name" in fields else None
    return InputSpec(fields("shape", list_of(natural)), fields("dtype", text), name)


def _require_distinct(inputs: Sequence[InputSpec]) -> None:
    names = [spec.name for spec in inputs if spec.name is not None]
    for name in names:
        if names.count(name) > 1:
            raise DecodingError(f"two inputs are named {name!r}")


def parse_inputs(texts: Iterable[str]) -> tuple[InputSpec, ...]:
    """The inputs of `("user=4", "item=3:int32")`, in this order.

    Raises:
        UsageError: if one is no input shape, or two have one name.
    """
    inputs = tuple(map(InputSpec.parse, texts))
    try:
        _require_distinct(inputs)
    except DecodingError as error:
        raise UsageError(error.problem, hint="give each input its own name") from None
    return inputs


Shape: TypeAlias = str | InputSpec | Sequence[int]
"""An input as people write it in Python: `"10:int32"`, `(28, 28, 1)` or an `InputSpec`."""


GivenInputs: TypeAlias = Shape | Sequence[Shape] | Mapping[str, Shape] | InputFunction | None
"""One shape, a list of them, a mapping from names to shapes, or a function's address."""


def inputs_of(given: GivenInputs) -> Inputs:
    """The inputs that Python code gives: one shape, a list of them, or a mapping from names to shapes.

    A sequence of integers is one shape, and `"28,28,1"` too.

    Raises:
        UsageError: if a shape is none, or two have one name.
    """
    value: Any = given  # Python code may give anything
    match value:
        case None:
            return ()
        case InputFunction():
            return value
        case str() | InputSpec():
            return parse_inputs([str(value)])
        case Mapping():
            return parse_inputs([f"{name}={_written(shape)}" for name, shape in value.items()])
        case _ if _is_shape(value):
            return parse_inputs([_written(value)])
        case Sequence():
            return parse_inputs(map(_written, value))
        case _:
            return parse_inputs([_written(value)])


def _is_shape(given: object) -> TypeGuard[Sequence[int]]:
    return isinstance(given, Sequence) and all(isinstance(size, int) for size in given)


def _written(shape: object) -> str:
    """The shape as `InputSpec.parse` reads it; what is no shape stays what it is, to be refused there."""
    if isinstance(shape, (str, InputSpec)):
        return str(shape)
    if _is_shape(shape):
        return ",".join(map(str, shape)) or _SCALAR
    return repr(shape)
