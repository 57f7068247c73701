"""The list of entries; a file of its own, so that `list` imports little more than it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import attrgetter, itemgetter

from seedreg.domain.frameworks import KERAS, TENSORFLOW
from seedreg.domain.summary import EntrySummary
from seedreg.reports.table import table_lines

_HEAD = ("ID", "FACTORY@SEED", "ALIAS", "TAGS", "BASELINE MADE WITH", "SR1", "LAST CHECK", "ON")
_OPTIONAL = {_HEAD.index("ALIAS"), _HEAD.index("TAGS")}

_versions = attrgetter(TENSORFLOW.name, KERAS.name)


def summary_lines(summaries: Sequence[EntrySummary]) -> Iterator[str]:
    """A table of entries; the columns of aliases and tags are there where an entry has some."""
    if not summaries:
        return
    rows = [
        (
            summary.short_id,
            summary.label,
            summary.alias or "-",
            ",".join(summary.tags) or "-",
            _made_with(*_versions(summary)),
            summary.fingerprint[:12],
            summary.last_verdict.value if summary.last_verdict else "not checked",
            (summary.last_check_at or "-")[:10],
        )
        for summary in summaries
    ]
    shown = [
        number
        for number, column in enumerate(zip(*rows, strict=True))
        if number not in _OPTIONAL or any(cell != "-" for cell in column)
    ]
    yield from table_lines(list(map(itemgetter(*shown), (_HEAD, *rows))))


@lru_cache  # of 10,000 entries most were made with the same versions: 10 ms
def _made_with(tensorflow: str | None, keras: str | None) -> str:
    return f"{TENSORFLOW.short} {tensorflow or '-'}, {KERAS.short} {keras or '-'}"
