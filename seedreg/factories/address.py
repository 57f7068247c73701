"""How the address of a factory is written."""

from __future__ import annotations

import os
import unicodedata

from seedreg.errors import Step, UsageError

FORMS = "package.module:{name} or path/to/file.py:{name}"


def is_path(text: str) -> bool:
    """Whether the text names a file, and not a module."""
    return "/" in text or os.sep in text or text.endswith((".py", ".ipynb"))


def is_dotted(text: str) -> bool:
    """Whether the text can be the full name of a module."""
    return all(text.split(".")) and "\\" not in text


def is_unprintable(text: str) -> bool:
    """Whether the text holds control characters or lone surrogates."""
    return any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in text)


def checked_name(name: str, text: str) -> str:
    """The name in the address `text`, as Python itself spells it: two spellings are not two factories.

    Raises:
        UsageError: if it cannot be the name of a factory.
    """
    if "@" in name:
        raise UsageError(f"{text!r} is not a factory's address", step=Step.GIVE_SEED)
    if ":" in name or not all(name.split(".")):
        raise UsageError(
            f"{text!r} is not a factory's address",
            hint=f"write {FORMS.format(name='build_model')}, with one colon",
        )
    if name.isascii():
        return name
    parts = ((part, unicodedata.normalize("NFKC", part)) for part in name.split("."))
    return ".".join(normal if normal.isidentifier() else part for part, normal in parts)
