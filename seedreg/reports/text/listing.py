"""The list of entries; a file of its own, so that `seedreg list` imports little more than it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seedreg.domain.verdict import EntrySummary


def summary_rows(summaries: Sequence[EntrySummary]) -> Iterator[str]:
    """A table of entries, widths fitted to what is in it."""
    if not summaries:
        return
    rows = [
        (
            summary.entry.short_id,
            summary.entry.recipe.label,
            summary.entry.alias or "-",
            ",".join(summary.entry.tags) or "-",
            f"tf {summary.tensorflow or '-'}, keras {summary.keras or '-'}",
            summary.fingerprint[:12],
            summary.last_verdict.value if summary.last_verdict else "not checked",
            (summary.last_check_at or "-")[:10],
        )
        for summary in summaries
    ]
    head = ("ID", "FACTORY@SEED", "ALIAS", "TAGS", "BASELINE MADE WITH", "SR1", "LAST CHECK", "ON")
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    template = "  ".join(f"{{:<{width}}}" for width in widths)
    for row in (head, *rows):
        yield template.format(*row).rstrip()
