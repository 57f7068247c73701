"""Values of options that Click has no type for."""

from __future__ import annotations

import json
import math
import re
from datetime import date
from typing import Any

from seedreg.domain.audit import Shard
from seedreg.errors import UsageError

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SHOWN = 60


def parse_age(text: str) -> float:
    """`7d` in seconds.

    Raises:
        UsageError: if it is not a number and one of s, m, h, d, w.
    """
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?)([smhdw])", text, flags=re.ASCII)
    if match is None:
        raise UsageError(f"age {text!r} is not a number and a unit", hint="write 90m, 12h, 7d or 2w")
    return float(match[1]) * _UNITS_S[match[2]]


def parse_day(text: str) -> date:
    """`2030-12-31` as a day.

    Raises:
        UsageError: if it is not a day in this form.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:  # newer Pythons read 20301231 and 2030-W01-1 too
        raise UsageError(f"{text!r} is not a day", hint="write it as --until 2030-12-31")
    return day


def parse_shard(text: str) -> Shard:
    """`2/5` as the second of five parts.

    Raises:
        UsageError: if it is not K/N with K from 1 to N.
    """
    match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text, flags=re.ASCII)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise UsageError(f"shard {text!r} is not K/N with K from 1 to N", hint="write it as --shard 2/5")
    return Shard(int(match[1]), int(match[2]))


def parse_params(texts: tuple[str, ...]) -> dict[str, Any]:
    """`("units=16", 'name="a"')` as the arguments of a factory.

    Raises:
        UsageError: if one is not NAME=JSON, or cannot be stored.
    """
    params: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"parameter {text!r} is not NAME=JSON", hint="write it as -p units=16")
        if name in params:
            raise UsageError(f"parameter {name!r} is given twice", hint="give it once")
        params[name] = _json_value(name, value)
    return params


def _json_value(name: str, text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (OverflowError, RecursionError, UnicodeError) as error:
        raise UsageError(
            f"the value of parameter {name!r} cannot be kept: {_shortened(text)!r}",
            hint="it holds a number beyond a float's range, half a character, or is nested too deeply",
        ) from error
    except ValueError as error:
        raise UsageError(
            f"the value of parameter {name!r} is not JSON: {_shortened(text)!r}",
            hint="a text needs its quotes, and the shell's around them: "
            f"-p '{name}={_shortened(json.dumps(text))}'",
        ) from error
    return value


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise OverflowError
    return number


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
