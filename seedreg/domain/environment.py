"""What a build ran on, and what differs between two environments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seedreg.domain.canonical import canonical_json, sha256_text

DOCUMENT_FORMAT = 1


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


@dataclass(frozen=True)
class EnvironmentSpec:
    """What somebody asks an environment to be; the executors find it or make it.

    With nothing but a `label` it is the interpreter that the configuration names. `python` alone is
    an interpreter that exists; with `packages` (requirements as pip writes them), `requirements` (path
    of a file), `python_version` (`3.10`) or `exclude_newer` (a date, RFC 3339) it is made.
    """

    label: str
    python: str | None = None
    packages: tuple[str, ...] = ()
    requirements: str | None = None
    python_version: str | None = None
    exclude_newer: str | None = None

    @property
    def is_made(self) -> bool:
        """Whether it is made by an installer, not found."""
        return bool(self.packages or self.requirements or self.python_version or self.exclude_newer)

    def document(self) -> dict[str, Any]:
        """The specification as JSON."""
        return {
            "label": self.label,
            "python": self.python,
            "packages": list(self.packages),
            "requirements": self.requirements,
            "python_version": self.python_version,
            "exclude_newer": self.exclude_newer,
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> EnvironmentSpec:
        """The specification that `document()` describes."""
        return cls(**{**document, "packages": tuple(document["packages"])})


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
            found.append(Change("distribution", name, old_version, new_version))
    if before.keras_distribution != after.keras_distribution:
        found.append(Change("keras_config", "built by", before.keras_distribution, after.keras_distribution))
    return tuple(found)
