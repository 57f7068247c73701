"""What a user should know about a build that was kept; the sentences are in `reports.words.warnings`."""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from seedreg.domain.decoding import Fields, member_of, text
from seedreg.domain.kinds import Facts, FactValue, decode_facts, facts_document, facts_from


class WarningKind(enum.Enum):
    """What was noticed (docs/reference/worker-protocol.md). The values are stored and never change."""

    IGNORES_SEED = "ignores-seed"
    NOT_COMMITTED = "not-committed"
    NOT_IN_GIT = "not-in-git"
    READS_FILES = "reads-files"
    RECORDED = "recorded"
    SHARED_START = "shared-start"
    UNBUILT = "unbuilt"
    UNCALLED_LAYER = "uncalled-layer"
    UNCOVERED = "uncovered"
    UNLISTED = "unlisted"


@dataclass(frozen=True)
class BuildWarning:
    """One thing that was noticed, with its facts."""

    kind: WarningKind
    facts: Facts = ()

    def fact(self, name: str) -> FactValue:
        """The fact of this name; None if there is none."""
        return dict(self.facts).get(name)

    def document(self) -> dict[str, Any]:
        """The warning as the JSON object that the registry keeps."""
        return {"kind": self.kind.value, "facts": facts_document(self.facts)}

    @classmethod
    def from_document(cls, document: Any) -> BuildWarning:
        """The warning that `document()` describes, or one that was kept as a sentence.

        Raises:
            DecodingError: if its kind is not known, or a value is of another type.
        """
        if isinstance(document, str):
            return build_warning(WarningKind.RECORDED, text=text(document))
        fields = Fields(document)
        return cls(fields("kind", member_of(WarningKind)), fields("facts", decode_facts))


def build_warning(kind: WarningKind, **facts: Any) -> BuildWarning:
    """A warning with these facts."""
    return BuildWarning(kind, facts_from(facts))


def without_files(warning: BuildWarning, named: Collection[str]) -> BuildWarning | None:
    """The warning without the files that were named; None where it is of these files alone."""
    files = warning.fact("files")
    if warning.kind is not WarningKind.READS_FILES or not isinstance(files, tuple):
        return warning
    left = [name for name in files if name not in named]
    more = warning.fact("more")
    return build_warning(warning.kind, files=left, more=more) if left or more else None
