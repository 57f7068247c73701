"""What differs between two sources of one factory, and where the cause of a drift is looked for first."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seedreg.domain.entry import Source
from seedreg.domain.environment_changes import SOFTWARE, Change


class SourceChangeKind(enum.Enum):
    """What a change of the source is a change of; the values are those of documents.

    `FACTORY` is the factory's own text, `DEPENDS` a file that the entry depends on, `FILE` the rest of the
    file that holds the factory, `COMMIT` only the repository around it: other modules may differ.
    """

    FACTORY = "factory"
    DEPENDS = "depends"
    FILE = "file"
    COMMIT = "commit"


@dataclass(frozen=True)
class SourceChange:
    """One difference between two sources.

    `name` is the file, relative to the project's root; for a commit it is empty. The two sides are SHA-256
    digests or commits.
    """

    kind: SourceChangeKind
    name: str
    before: str | None
    after: str | None

    def document(self) -> dict[str, str | None]:
        """The change as JSON."""
        return {"kind": self.kind.value, "name": self.name, "before": self.before, "after": self.after}


class Suspect(enum.Enum):
    """Where the cause of a drift is looked for first."""

    SOURCE = "source"
    ENVIRONMENT = "environment"
    UNKNOWN = "unknown"


def source_changes(before: Source, after: Source) -> tuple[SourceChange, ...]:
    """What differs, the likeliest cause first; what is not known on one side is no difference."""
    return tuple(_differences(before, after))


def _differences(before: Source, after: Source) -> Iterator[SourceChange]:
    name = after.file or before.file or ""
    if _differ(before.sha256, after.sha256):
        yield SourceChange(SourceChangeKind.FACTORY, name, before.sha256, after.sha256)
    now = {file.path: file.sha256 for file in after.depends}
    for file in before.depends:
        if file.path in now and now[file.path] != file.sha256:
            yield SourceChange(SourceChangeKind.DEPENDS, file.path, file.sha256, now[file.path])
    if not _differ(before.sha256, after.sha256) and _differ(before.file_sha256, after.file_sha256):
        yield SourceChange(SourceChangeKind.FILE, name, before.file_sha256, after.file_sha256)
    if _differ(before.git_commit, after.git_commit):
        yield SourceChange(SourceChangeKind.COMMIT, "", before.git_commit, after.git_commit)


def suspect(source: Sequence[SourceChange], environment: Sequence[Change]) -> Suspect:
    """Where the cause of a drift is looked for first, from what changed since the baseline.

    The factory's own text and the files that the entry depends on come first. The rest of the factory's file
    and the commit are suspected only where no software changed: they differ after nearly every commit.
    """
    kinds = {change.kind for change in source}
    if kinds - {SourceChangeKind.FILE, SourceChangeKind.COMMIT}:
        return Suspect.SOURCE
    if any(change.kind in SOFTWARE for change in environment):
        return Suspect.ENVIRONMENT
    return Suspect.SOURCE if kinds else Suspect.UNKNOWN


def _differ(before: str | None, after: str | None) -> bool:
    return None not in (before, after) and before != after
