"""What a build ran on, and what differs between two environments."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from seedreg.domain.canonical import canonical_json, sha256_text
from seedreg.errors import UsageError

DOCUMENT_FORMAT = 1
# The label of the interpreter that the configuration names.
THIS = "this"
_PYTHON_VERSION = re.compile(r"3\.(\d{1,3})(\.\d{1,3})?", re.ASCII)
# A name, then what a requirement may hold; or a path. Nothing that an installer reads as an option.
_REQUIREMENT = re.compile(r"[A-Za-z0-9./~][^\x00-\x1f\x7f]*")


@dataclass(frozen=True)
class Environment:
    """The software, machine and settings of one build.

    `keras_distribution` is the one that really built the model (`keras`, `tf_keras`, or
    `tensorflow` where Keras was part of it); None when the model is not Keras's.
    `variables` are the environment variables that TF or Keras read, after the user's module was
    imported; `keras_config` is floatx, backend and image_data_format.
    """

    python: str
    tensorflow: str | None
    keras: str | None
    keras_distribution: str | None
    numpy: str | None
    distributions: tuple[tuple[str, str], ...]
    os: str
    cpu: str
    variables: tuple[tuple[str, str], ...] = ()
    keras_config: tuple[tuple[str, str], ...] = ()

    def document(self) -> dict[str, Any]:
        """The environment as JSON, as the registry keeps it."""
        return {
            "format": DOCUMENT_FORMAT,
            "python": self.python,
            "tensorflow": self.tensorflow,
            "keras": self.keras,
            "keras_distribution": self.keras_distribution,
            "numpy": self.numpy,
            "distributions": dict(self.distributions),
            "os": self.os,
            "cpu": self.cpu,
            "variables": dict(self.variables),
            "keras_config": dict(self.keras_config),
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Environment:
        """The environment that `document()` describes.

        Raises:
            ValueError: if the document is of another format number.
        """
        if document.get("format") != DOCUMENT_FORMAT:
            raise ValueError(f"environment format {document.get('format')!r} is not {DOCUMENT_FORMAT}")
        return cls(
            python=document["python"],
            tensorflow=document["tensorflow"],
            keras=document["keras"],
            keras_distribution=document["keras_distribution"],
            numpy=document["numpy"],
            distributions=tuple(sorted(document["distributions"].items())),
            os=document["os"],
            cpu=document["cpu"],
            variables=tuple(sorted(document["variables"].items())),
            keras_config=tuple(sorted(document["keras_config"].items())),
        )

    @property
    def digest(self) -> str:
        """64 hexadecimal digits that name the environment."""
        return sha256_text(canonical_json(self.document()))

    def common(self) -> Environment:
        """What all builds there have in common: without what a factory and its module decide on."""
        return replace(self, keras=None, keras_distribution=None, variables=(), keras_config=())


@dataclass(frozen=True)
class EnvironmentSpec:
    """What somebody asks an environment to be; the executors find it or make it.

    With nothing but a `label` it is the interpreter that the configuration names. `python` alone is
    an interpreter that exists. With `packages` (requirements as pip writes them) or `requirements`
    (path of a file, relative to the project's root) it is made, with that `python` or the newest
    `python_version` (`3.10`) on this machine, from what was released before `exclude_newer` (a date or
    a time, RFC 3339). Where it is `exact`, `packages` are all there is, installed as they are pinned
    even if their metadata contradict each other.

    Raises:
        UsageError: if a part is not what it has to be, or parts contradict each other.
    """

    label: str
    python: str | None = None
    packages: tuple[str, ...] = ()
    requirements: str | None = None
    python_version: str | None = None
    exclude_newer: str | None = None
    exact: bool = False

    def __post_init__(self) -> None:
        if not self.label.strip() or not self.label.isprintable():
            raise UsageError(f"{self.label!r} cannot be the name of an environment", hint="use letters")
        for package in self.packages:
            if not _REQUIREMENT.fullmatch(package):
                raise UsageError(
                    f"{package!r} is not a requirement",
                    hint="write it as pip does: 'tensorflow==2.15.*'; options go into a requirements file",
                )
        if self.python_version is not None:
            match = _PYTHON_VERSION.fullmatch(self.python_version)
            if match is None or int(match[1]) < 6:
                raise UsageError(
                    f"{self.python_version!r} is not a Python version of at least 3.6",
                    hint="write it as 3.10, or 3.10.13",
                )
            if self.python is not None:
                raise UsageError(
                    f"Python {self.python_version} is asked for, and {self.python}",
                    hint="give one of the two",
                )
        if self.exclude_newer is not None and not _is_time(self.exclude_newer):
            raise UsageError(
                f"{self.exclude_newer!r} is not a date",
                hint="write it as 2020-02-01, or 2020-02-01T12:00:00Z",
            )
        if not self.is_made and (self.python_version or self.exclude_newer):
            raise UsageError(
                f"{self.described()}: what is to be installed there?",
                hint="name packages: --with 'tensorflow==2.15.*' or --requirements FILE",
            )

    @property
    def is_made(self) -> bool:
        """Whether it is made by an installer, not found."""
        return bool(self.packages or self.requirements)

    def described(self) -> str:
        """What it is to be, in one line: `tensorflow==2.0.*, Python 3.7, before 2020-02-01`."""
        parts = [f"{len(self.packages)} exact packages"] if self.exact else list(self.packages)
        if self.requirements:
            parts.append(f"-r {self.requirements}")
        if self.python and self.is_made:
            parts.append(f"Python {self.python}")
        elif self.python:
            parts.append(self.python)
        if self.python_version:
            parts.append(f"Python {self.python_version}")
        if self.exclude_newer:
            parts.append(f"before {self.exclude_newer}")
        return ", ".join(parts) or THIS

    def document(self) -> dict[str, Any]:
        """The specification as JSON."""
        return {
            "label": self.label,
            "python": self.python,
            "packages": list(self.packages),
            "requirements": self.requirements,
            "python_version": self.python_version,
            "exclude_newer": self.exclude_newer,
            **({"exact": True} if self.exact else {}),
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> EnvironmentSpec:
        """The specification that `document()` describes."""
        return cls(**{**document, "packages": tuple(document["packages"])})


def _is_time(text: str) -> bool:
    # Until Python 3.11 fromisoformat() reads neither Z nor a lone date with a time zone.
    if not re.fullmatch(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d))?", text, re.ASCII):
        return False
    try:
        datetime.fromisoformat(text[:10] + "T" + (text[11:19] or "00:00:00"))
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Change:
    """One thing that is not the same in two environments; None where a side does not have it."""

    kind: str
    name: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        return f"{self.name} {self.before or '(none)'} → {self.after or '(none)'}"


def changes(before: Environment, after: Environment) -> tuple[Change, ...]:
    """What differs: Python, distributions by name, variables, Keras config, machine, what metadata hides.

    `kind` is `python`, `distribution`, `variable`, `keras_config` or `machine`.
    """
    found: list[Change] = []
    if before.python != after.python:
        found.append(Change("python", "python", before.python, after.python))
    tables = (
        ("distribution", before.distributions, after.distributions),
        ("variable", before.variables, after.variables),
        ("keras_config", before.keras_config, after.keras_config),
        ("machine", (("os", before.os), ("cpu", before.cpu)), (("os", after.os), ("cpu", after.cpu))),
    )
    for kind, old_items, new_items in tables:
        old, new = dict(old_items), dict(new_items)
        found.extend(
            Change(kind, name, old.get(name), new.get(name))
            for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)
        )
    # A build of TensorFlow of one's own, or one put on the path, comes without metadata.
    told = {(change.before, change.after) for change in found if change.kind == "distribution"}
    for name in ("tensorflow", "keras", "numpy"):
        old_version, new_version = getattr(before, name), getattr(after, name)
        known = None not in (old_version, new_version)
        if known and old_version != new_version and (old_version, new_version) not in told:
            # Keras came with TensorFlow once: what was really imported says more than what is installed.
            found = [change for change in found if (change.kind, change.name) != ("distribution", name)]
            found.append(Change("distribution", name, old_version, new_version))
    if before.keras_distribution != after.keras_distribution:
        found.append(Change("keras_config", "built by", before.keras_distribution, after.keras_distribution))
    return tuple(found)
