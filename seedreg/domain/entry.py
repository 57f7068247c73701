"""Entries of a registry, their baselines, and what is known of the builds that those were taken from."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from seedreg.domain.decoding import (
    DecodingError,
    Fields,
    boolean,
    list_of,
    member_of,
    natural,
    number,
    optional,
    sha256,
    text,
)
from seedreg.domain.environment import Environment
from seedreg.domain.fingerprint import Fingerprint
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe
from seedreg.domain.warning import BuildWarning, without_files
from seedreg.errors import UsageError

SHORT_ID_LENGTH = 12
MIN_PREFIX_LENGTH = 4

_NAME = re.compile(r"[^\s:@,]+")
_HEX = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True)
class DependedFile:
    """A file that an entry depends on; `path` is relative to the project's root, with `/`.

    `sha256` is None where there is no such file, or it could not be read.
    """

    path: str
    sha256: str | None

    @classmethod
    def from_document(cls, document: Any) -> DependedFile:
        """The file whose fields a document has.

        Raises:
            DecodingError: if a value is of another type, or the path leads out of the project: a registry
                may come from anywhere, and its files are read.
        """
        fields = Fields(document)
        return cls(fields("path", _path_inside), fields("sha256", optional(sha256)))


def _path_inside(value: Any) -> str:
    path = text(value)
    parts = path.split("/")
    if path.startswith("/") or "\\" in path or "\0" in path or {"", ".", ".."} & set(parts):
        raise DecodingError("it is no path inside a project")
    return path


@dataclass(frozen=True)
class Source:
    """Where a factory's code was; a field that is not known is None.

    `sha256` is of the factory's own source text; `file_sha256` of the file that holds it.
    `file` is relative to the project's root if it is inside it. `depends` are the files that the entry was
    registered to depend on.
    """

    file: str | None = None
    line: int | None = None
    sha256: str | None = None
    file_sha256: str | None = None
    text: str | None = None
    git_commit: str | None = None
    git_dirty: bool | None = None
    depends: tuple[DependedFile, ...] = ()

    @classmethod
    def from_document(cls, document: Any) -> Source:
        """The source whose fields a document has; a later seedreg may add others, which are ignored.

        Raises:
            DecodingError: if a value is of another type.
        """
        fields = Fields(document)
        return cls(
            fields.get("file", optional(text), None),
            fields.get("line", optional(natural), None),
            fields.get("sha256", optional(sha256), None),
            fields.get("file_sha256", optional(sha256), None),
            fields.get("text", optional(text), None),
            fields.get("git_commit", optional(text), None),
            fields.get("git_dirty", optional(boolean), None),
            fields.get("depends", list_of(DependedFile.from_document), ()),
        )


@dataclass(frozen=True)
class BuildFacts:
    """What a build did beside its weights: a note for later diagnosis, never part of a comparison.

    `python_words` and `numpy_words` count the 32-bit words drawn from the global generators during
    the factory's call; None when they were re-seeded or drew too many to count. `patterned` are the digests
    that several tensors have although their values do not look drawn; only a registration asks for them, so
    they are not kept.
    """

    isolation: Isolation
    build_s: float
    fingerprint_s: float
    python_words: int | None = None
    numpy_words: int | None = None
    random_state: tuple[str, ...] = ()
    warnings: tuple[BuildWarning, ...] = ()
    patterned: tuple[str, ...] = ()

    def without_files(self, named: Collection[str]) -> BuildFacts:
        """The facts without warnings of files that the entry depends on, which were named."""
        left = (without_files(warning, named) for warning in self.warnings)
        return replace(self, warnings=tuple(warning for warning in left if warning is not None))

    def document(self) -> dict[str, Any]:
        """The facts as the JSON object that the registry keeps."""
        return {
            "isolation": self.isolation.value,
            "build_s": self.build_s,
            "fingerprint_s": self.fingerprint_s,
            "python_words": self.python_words,
            "numpy_words": self.numpy_words,
            "random_state": list(self.random_state),
            "warnings": [warning.document() for warning in self.warnings],
        }

    @classmethod
    def from_document(cls, document: Any) -> BuildFacts:
        """The facts that `document()` describes.

        Raises:
            DecodingError: if it holds an isolation or a kind of warning that is not known, or a value is of
                another type.
        """
        fields = Fields(document)
        return cls(
            fields("isolation", member_of(Isolation)),
            fields("build_s", number),
            fields("fingerprint_s", number),
            fields.get("python_words", optional(natural), None),
            fields.get("numpy_words", optional(natural), None),
            fields.get("random_state", list_of(text), ()),
            fields.get("warnings", list_of(BuildWarning.from_document), ()),
            fields.get("patterned", list_of(text), ()),
        )


@dataclass(frozen=True)
class Baseline:
    """What an entry is compared with; numbered from 1 and never changed."""

    number: int
    fingerprint: Fingerprint
    environment: Environment
    source: Source
    facts: BuildFacts
    created_at: str
    reason: str | None = None


@dataclass(frozen=True)
class Entry:
    """A recipe in the registry. Times are UTC, ISO 8601 with a final `Z`."""

    recipe: Recipe
    created_at: str
    alias: str | None = None
    note: str | None = None
    tags: tuple[str, ...] = field(default=())
    retired_at: str | None = None
    retired_reason: str | None = None

    @property
    def id(self) -> str:
        """64 hexadecimal digits; see `Recipe.id`."""
        return self.recipe.id

    @property
    def short_id(self) -> str:
        """The first 12 digits of the id, as it is shown to people."""
        return self.id[:SHORT_ID_LENGTH]


def check_name(kind: str, name: str) -> str:
    """An alias or tag, if it cannot be mistaken for an id or another selector.

    Raises:
        UsageError: if it is empty, has white space or one of `: @ ,`, or looks like an id prefix.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{kind} {name!r} is empty, or has white space or one of : @ ,")
    if kind == "alias" and looks_like_id(name):
        raise UsageError(
            f"alias {name!r} could be mistaken for the beginning of an id",
            hint="use at least one character that is not one of 0-9 a-f",
        )
    return name


def looks_like_id(text: str) -> bool:
    """Whether the text could be the beginning of an entry's id."""
    return MIN_PREFIX_LENGTH <= len(text) <= 64 and _HEX.fullmatch(text) is not None
