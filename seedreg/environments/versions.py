"""Names and versions of distributions, compared as Python's packaging rules say."""

from __future__ import annotations

from packaging.version import Version

from seedreg.domain.distributions import is_version


def version_key(version: str) -> tuple[int, Version | str]:
    """Sorts versions as PEP 440 does; text that is no version comes first, in alphabetical order."""
    return (1, Version(version)) if is_version(version.strip()) else (0, version)
