"""`seedreg.factories/1`: the factories of a project."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedreg.factories.lookup import Candidate

FORMAT = "seedreg.factories/1"


def factories_document(found: Iterable[Candidate]) -> dict[str, Any]:
    """What a bare factory name could mean, in the order of the lookup."""
    return {"format": FORMAT, "factories": [_factory(candidate) for candidate in found]}


def _factory(candidate: Candidate) -> dict[str, Any]:
    return {
        "name": candidate.name,
        "address": candidate.address,
        "kind": candidate.kind.value,
        "signature": candidate.signature,
        "file": str(candidate.file),
        "line": candidate.line,
        "doc": candidate.docline,
    }
