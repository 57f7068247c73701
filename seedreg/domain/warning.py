"""What a user should know about a build that was kept; the sentences are in `reports.words.warnings`."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seedreg.domain.kinds import Facts, FactValue, facts_document, facts_from


class WarningKind(enum.Enum):
    """What was noticed (docs/reference/worker-protocol.md). The values are stored and never change."""

    IGNORES_SEED = "ignores-seed"
    NOT_COMMITTED = "not-committed"
    NOT_IN_GIT = "not-in-git"
    RECORDED = "recorded"
    SHARED_START = "shared-start"
    UNBUILT = "unbuilt"
    UNCALLED_LAYER = "uncalled-layer"
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
    def from_document(cls, document: Mapping[str, Any] | str) -> BuildWarning:
        """The warning that `document()` describes, or one that was kept as a sentence.

        Raises:
            ValueError: if its kind is not known.
        """
        if isinstance(document, str):
            return build_warning(WarningKind.RECORDED, text=document)
        return cls(WarningKind(document["kind"]), facts_from(document["facts"]))


def build_warning(kind: WarningKind, **facts: Any) -> BuildWarning:
    """A warning with these facts."""
    return BuildWarning(kind, facts_from(facts))
