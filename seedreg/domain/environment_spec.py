"""Which environment somebody asks to build in; the executors find it or create it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from seedreg.domain.decoding import Fields, boolean, list_of, optional, text
from seedreg.domain.distributions import is_exact_requirement
from seedreg.errors import Step, UsageError

# The label of the interpreter that the configuration names.
THIS = "this"
_PYTHON_VERSION = re.compile(r"3\.(\d{1,3})(\.\d{1,3})?", re.ASCII)
# A name, then what a requirement may hold; or a path. Nothing that an installer reads as an option.
_REQUIREMENT = re.compile(r"[A-Za-z0-9./~][^\x00-\x1f\x7f]*")


@dataclass(frozen=True)
class ThisPython:
    """The interpreter that the configuration names."""

    @property
    def label(self) -> str:
        """What it is called where nobody gave it a name."""
        return THIS


@dataclass(frozen=True)
class ExistingPython:
    """An interpreter on this machine, by its path or its command name."""

    path: str

    @property
    def label(self) -> str:
        """What it is called where nobody gave it a name."""
        return self.path


@dataclass(frozen=True)
class PythonVersion:
    """The newest Python of a version on this machine: `3.10`, or exactly `3.10.13`.

    Raises:
        UsageError: if it is no version, or one older than 3.6.
    """

    version: str

    def __post_init__(self) -> None:
        if not is_python_version(self.version):
            raise UsageError(
                f"{self.version!r} is not a Python version of at least 3.6",
                hint="write it as 3.10, or 3.10.13",
            )

    @property
    def label(self) -> str:
        """What it is called where nobody gave it a name."""
        return f"Python {self.version}"


@dataclass(frozen=True)
class MadeEnvironment:
    """An environment that uv creates.

    It holds `packages` (requirements as pip writes them) and those of the file `requirements` (its path,
    relative to the project's root), as they were released before `exclude_newer` (a date or a time, RFC
    3339). Where it is `exact`, `packages` are all it holds: they are installed as they are pinned even
    if their metadata contradict each other; each is `name==version` then.

    Raises:
        UsageError: if there is nothing to install, or a package or the date is written wrongly.
    """

    packages: tuple[str, ...] = ()
    requirements: str | None = None
    python: Python = ThisPython()
    exclude_newer: str | None = None
    exact: bool = False

    def __post_init__(self) -> None:
        for package in self.packages:
            if not _REQUIREMENT.fullmatch(package):
                raise UsageError(
                    f"{package!r} is not a requirement",
                    hint="write it as pip does: 'tensorflow==2.15.*'; options go into a requirements file",
                )
            if self.exact and not is_exact_requirement(package):
                raise UsageError(f"{package!r} is not the name and version of a distribution")
        if self.exclude_newer is not None and not _is_time(self.exclude_newer):
            raise UsageError(
                f"{self.exclude_newer!r} is not a date",
                hint="write it as 2020-02-01, or 2020-02-01T12:00:00Z",
            )
        if not self.packages and not self.requirements:
            what = f" ({self.label})" if self.label else ""
            raise UsageError(f"no packages are named for the environment{what}", step=Step.NAME_PACKAGES)

    @property
    def label(self) -> str:
        """What it is called where nobody gave it a name, e.g. `keras==2.*, Python 3.7, before 2020-02-01`."""
        parts = [f"{len(self.packages)} exact packages"] if self.exact else list(self.packages)
        if self.requirements:
            parts.append(f"-r {self.requirements}")
        match self.python:
            case ExistingPython(path):
                parts.append(f"Python {path}")
            case PythonVersion():
                parts.append(self.python.label)
        if self.exclude_newer:
            parts.append(f"before {self.exclude_newer}")
        return ", ".join(parts)


Place: TypeAlias = ThisPython | ExistingPython | MadeEnvironment
Python: TypeAlias = ThisPython | ExistingPython | PythonVersion


@dataclass(frozen=True)
class EnvironmentSpec:
    """Where to build, and the label by which people and audits refer to it.

    Raises:
        UsageError: if the label is empty or does not print.
    """

    label: str
    place: Place = ThisPython()

    def __post_init__(self) -> None:
        if not self.label.strip() or not self.label.isprintable():
            raise UsageError(f"{self.label!r} cannot be the name of an environment", hint="use letters")

    @classmethod
    def of(
        cls,
        label: str | None = None,
        *,
        python: str | None = None,
        packages: tuple[str, ...] = (),
        requirements: str | None = None,
        python_version: str | None = None,
        exclude_newer: str | None = None,
        exact: bool = False,
    ) -> EnvironmentSpec:
        """The environment that separate values describe, as options, tables and documents give them.

        `label` is taken from the description where it is None. With packages or requirements the
        environment is created; without, it is the interpreter `python`, or else that of the configuration.

        Raises:
            UsageError: if a value is wrong, or two contradict each other.
        """
        base: Python = ThisPython()
        if python is not None:
            base = ExistingPython(python)
        if python_version is not None:
            if python is not None:
                raise UsageError(
                    f"Python {python_version} is asked for, and {python}", hint="give one of the two"
                )
            base = PythonVersion(python_version)
        place: Place
        if packages or requirements or exclude_newer is not None or isinstance(base, PythonVersion):
            place = MadeEnvironment(packages, requirements, base, exclude_newer, exact)
        else:
            place = base
        return cls(place.label if label is None else label, place)

    @property
    def python(self) -> Python:
        """The interpreter that builds, or that the environment is created with."""
        return self.place.python if isinstance(self.place, MadeEnvironment) else self.place

    @property
    def is_made(self) -> bool:
        """Whether it is created by an installer, not found."""
        return isinstance(self.place, MadeEnvironment)

    def document(self) -> dict[str, Any]:
        """The specification as JSON."""
        made = self.place if isinstance(self.place, MadeEnvironment) else None
        return {
            "label": self.label,
            "python": self.python.path if isinstance(self.python, ExistingPython) else None,
            "packages": [] if made is None else list(made.packages),
            "requirements": None if made is None else made.requirements,
            "python_version": self.python.version if isinstance(self.python, PythonVersion) else None,
            "exclude_newer": None if made is None else made.exclude_newer,
            **({"exact": True} if made is not None and made.exact else {}),
        }

    @classmethod
    def from_document(cls, document: Any) -> EnvironmentSpec:
        """The specification that `document()` describes.

        Raises:
            DecodingError: if a value is missing or of another type.
            UsageError: as `of` does.
        """
        fields = Fields(document)
        return cls.of(
            fields("label", text),
            python=fields("python", optional(text)),
            packages=fields("packages", list_of(text)),
            requirements=fields("requirements", optional(text)),
            python_version=fields("python_version", optional(text)),
            exclude_newer=fields("exclude_newer", optional(text)),
            exact=fields.get("exact", boolean, False),
        )


def is_python_version(text: str) -> bool:
    """Whether a Python can be looked for by this version: `3.10` or `3.10.13`, of at least 3.6."""
    match = _PYTHON_VERSION.fullmatch(text)
    return match is not None and int(match[1]) >= 6


def _is_time(text: str) -> bool:
    # Until Python 3.11 fromisoformat() reads neither Z nor a lone date with a time zone.
    if not re.fullmatch(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d))?", text, re.ASCII):
        return False
    try:
        datetime.fromisoformat(text[:10] + "T" + (text[11:19] or "00:00:00"))
    except ValueError:
        return False
    return True
