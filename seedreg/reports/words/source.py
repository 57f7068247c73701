"""The words for what changed in the source of a factory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seedreg.domain.entry import Source
from seedreg.domain.source_changes import SourceChange, SourceChangeKind

_DIGITS = 12


def source_sentences(before: Source, after: Source, found: Sequence[SourceChange]) -> Iterator[str]:
    """What changed, each on one line; a commit only where nothing else did."""
    for change in found:
        match change.kind:
            case SourceChangeKind.FACTORY:
                where = f"{after.file}:{after.line}" if after.file else "factory"
                yield f"{where} changed since {_state(before)}"
            case SourceChangeKind.DEPENDS if change.after is None:
                yield f"{change.name}, which it depends on, is missing"
            case SourceChangeKind.DEPENDS:
                digests = f"{_short(change.before)} → {_short(change.after)}"
                yield f"{change.name}, which it depends on, changed: {digests}"
            case SourceChangeKind.FILE:
                yield f"the factory is unchanged, the rest of {change.name} is not"
            case SourceChangeKind.COMMIT if len(found) == 1:
                commits = f"{_short(change.before)} → {_short(change.after)}"
                yield f"the factory's file is unchanged, the commit is not: {commits}"


def _state(before: Source) -> str:
    """What the baseline's source is called; a commit holds no file that differed from it."""
    if before.git_commit is None or before.git_dirty:
        return "the baseline"
    return f"commit {before.git_commit[:_DIGITS]}"


def _short(digest: str | None) -> str:
    return "(none)" if digest is None else digest[:_DIGITS]
