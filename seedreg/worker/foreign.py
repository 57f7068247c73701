"""Looking at objects of other people's code, which may do anything when they are looked at."""

import re
from typing import Any

MAX_NAME = 1000
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_CLASS_NAME = type.__dict__["__name__"]


def class_name(value: Any) -> str:
    """The name that the object's class has in fact, whatever its metaclass says."""
    return cut(_CLASS_NAME.__get__(type(value), type))


def cut(text: str, limit: int = MAX_NAME) -> str:
    """The text, of at most `limit` characters, as a plain `str` of no other class."""
    start = str.__getitem__(text, slice(0, limit))
    return start if str.__len__(text) <= limit else start + "…"


def text(value: Any) -> str:
    """The object as a short text that is the same in every process; its class if it gives none."""
    try:
        return cut(_ADDRESS.sub("", cut(str(value))))
    except BaseException:  # its class may define any __str__
        return class_name(value)


def represented(value: Any) -> str:
    """The object's `repr`, short; its class if it gives none."""
    try:
        return cut(repr(value))
    except BaseException:  # its class may define any __repr__
        return class_name(value)


def attribute(value: Any, name: str, default: Any = None) -> Any:
    """The attribute, or the default if the object does not give it."""
    try:
        return getattr(value, name)
    except Exception:
        return default
