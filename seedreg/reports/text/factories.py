"""The factories of a project."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from seedreg.reports.lines import INDENT

if TYPE_CHECKING:
    from seedreg.factories.lookup import Candidate


def factory_lines(found: Iterable[Candidate], cwd: Path) -> Iterator[str]:
    """Each factory with its signature, its place as seen from `cwd`, and the first line of its docstring."""
    for candidate in found:
        where = os.path.relpath(candidate.file, cwd)
        yield f"{candidate.address}{candidate.signature}  {candidate.kind.value}  {where}:{candidate.line}"
        if candidate.docline:
            yield f"{INDENT}{candidate.docline}"
