"""Exceptions of other people's code, as text that is short enough to keep."""

import importlib
import sys
from os.path import abspath, dirname, join
from traceback import format_exception
from typing import Optional

from .foreign import class_name, cut

_HERE = dirname(abspath(__file__))
_MACHINERY = (join(_HERE, ""), join(dirname(abspath(importlib.__file__)), ""))
_MAX_MESSAGE = 300
_MAX_TRACEBACK = 32768


def describe(error: BaseException) -> str:
    """`ValueError: its message`, in one line of at most 300 characters."""
    try:
        text = " ".join(cut(str(error), 4096).split())
    except BaseException:  # the user's class may define any __str__
        text = "(its message could not be read)"
    name = class_name(error)
    short = text[:_MAX_MESSAGE] + ("…" if len(text) > _MAX_MESSAGE else "")
    return "{}: {}".format(name, short) if text else name


def user_traceback() -> Optional[str]:
    """The traceback of the exception being handled, without the worker's own frames at its beginning."""
    kind, error, frames = sys.exc_info()
    if kind is None:
        return None
    while frames is not None and _is_machinery(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    try:
        text = "".join(format_exception(kind, error, frames))
    except BaseException:
        return None
    if len(text) > _MAX_TRACEBACK:
        half = _MAX_TRACEBACK // 2
        text = "{}\n[{} characters left out]\n{}".format(text[:half], len(text) - 2 * half, text[-half:])
    return text


def _is_machinery(filename: str) -> bool:
    return filename.startswith("<frozen importlib") or abspath(filename).startswith(_MACHINERY)
