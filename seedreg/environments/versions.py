"""Names and versions of distributions, compared as Python's packaging rules say."""

from __future__ import annotations

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version


def normal_name(name: str) -> str:
    """The name as indexes compare it: in lower case, with one `-` for each run of `-`, `_` and `.`."""
    return str(canonicalize_name(name))


def version_key(version: str) -> tuple[int, Version | str]:
    """Sorts versions as PEP 440 does; text that is no version comes first, in alphabetical order."""
    try:
        return (1, Version(version))
    except InvalidVersion:
        return (0, version)


def is_version(text: str) -> bool:
    """Whether the text is a version as PEP 440 defines it."""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True
