"""Names and versions of distributions that an installer may be asked for.

What was recorded of an environment comes from the names of folders, or from somebody else's registry. It is
shown as it is; only what is written as these patterns say becomes part of a requirement or of an option.
"""

from __future__ import annotations

import re

from seedreg.errors import UsageError

# seedreg and what it needs, without what TensorFlow and Keras need too (packaging, rich, typing-extensions).
OF_SEEDREG = frozenset(
    {"alembic", "click", "greenlet", "mako", "platformdirs", "seedreg", "sqlalchemy", "tomli", "uv"}
)

# No real name or version comes near it, and Python refuses to read numbers of more than 4300 digits.
_MAX_LENGTH = 200

# https://packaging.python.org/en/latest/specifications/name-normalization/#name-format
_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.ASCII | re.IGNORECASE)

# https://packaging.python.org/en/latest/specifications/version-specifiers/, appendix: every spelling that
# installers read, such as `1.0-dev` or `2.0.post1+cpu`.
_VERSION = re.compile(
    r"v?(\d+!)?\d+(\.\d+)*"
    r"([-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?\d*)?"
    r"(-\d+|[-_.]?(post|rev|r)[-_.]?\d*)?"
    r"([-_.]?dev[-_.]?\d*)?"
    r"(\+[a-z0-9]+([-_.][a-z0-9]+)*)?",
    re.ASCII | re.IGNORECASE,
)


def normal_name(name: str) -> str:
    """The name as indexes compare it: in lower case, with one `-` for each run of `-`, `_` and `.`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_distribution_name(text: str) -> bool:
    """Whether this is the name of a distribution: PEP 508, without extras."""
    return len(text) <= _MAX_LENGTH and _NAME.fullmatch(text) is not None


def is_version(text: str) -> bool:
    """Whether this is one version: PEP 440, without a comparison."""
    return len(text) <= _MAX_LENGTH and _VERSION.fullmatch(text) is not None


def is_pinnable(name: str, version: str) -> bool:
    """Whether an installer can be asked for exactly this version of the distribution."""
    return is_distribution_name(name) and is_version(version)


def exact_requirement(name: str, version: str) -> str:
    """`name==version`.

    Raises:
        UsageError: if they are not a name and a version.
    """
    if not is_pinnable(name, version):
        raise UsageError(f"{name!r} {version!r} is not the name and version of a distribution")
    return f"{name}=={version}"


def is_exact_requirement(text: str) -> bool:
    """Whether this is `name==version`, and nothing else."""
    name, _, version = text.partition("==")
    return is_pinnable(name, version)
