"""An audit as GitHub's Markdown, short enough for the summary of a CI step."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TextIO

from seedreg.domain.environment_changes import SOFTWARE, Change, weight_first
from seedreg.domain.frameworks import is_prominent
from seedreg.domain.results import AuditReport
from seedreg.reports.audit.rows import (
    Outcome,
    Tallies,
    outcome,
    reason,
    title,
    waiver_words,
)
from seedreg.reports.audit.text import summary
from seedreg.reports.guide import Guide
from seedreg.reports.lines import counted
from seedreg.reports.words.printable import escaped

# 50 rows of at most 500 characters stay far below the 1 MiB that GitHub takes for one step.
_MANY = 50
_LONG = 300
_ACTIVE = re.compile(r"([\\`*_\[\]{}|~$#!])")


def write(report: AuditReport, out: TextIO, guide: Guide) -> None:
    """Write counts, the checks that failed or are waived, and what changed in the environments."""
    tallies = Tallies.of(report)
    changed: Counter[tuple[str, Change]] = Counter()
    shown: list[Sequence[str]] = []
    noteworthy = 0
    for row in report.rows():
        tallies.add(row)
        changed.update((row.column, change) for change in row.changes if change.kind in SOFTWARE)
        ended = outcome(row)
        if ended is Outcome.REPRODUCED:
            continue
        noteworthy += 1
        if len(shown) < _MANY:
            what = "; ".join(filter(None, (waiver_words(row), reason(row))))
            shown.append((ended.value, row.entry.short_id, row.entry.recipe.label, row.column, what))
    out.write(f"### seedreg: {_text(summary(tallies.total))}\n\n{_text(title(report))}\n\n")
    counts = [
        (label, *(f"{tally.counts[one]:,}" for one in Outcome), f"{tally.left:,}")
        for label, tally in tallies.columns.items()
    ]
    _write_table(out, ("environment", *(one.value.lower() for one in Outcome), "left"), counts)
    if shown:
        out.write("\n")
        _write_table(out, ("verdict", "entry", "factory@seed", "environment", "what"), shown)
        if noteworthy > len(shown):
            out.write(f"\nand {noteworthy - len(shown):,} more\n")
    if changed:
        out.write("\nWhat changed in the environments since the baselines:\n\n")
        out.writelines(_change_lines(changed))


def _change_lines(changed: Counter[tuple[str, Change]]) -> Iterator[str]:
    """What can move a weight, then all other packages, folded away."""

    def lines(found: Sequence[tuple[tuple[str, Change], int]]) -> Iterator[str]:
        for (column, change), count in found[:_MANY]:
            yield f"- {_text(column)}: {_text(str(change))} ({counted(count, 'check')})\n"
        if len(found) > _MANY:
            yield f"- and {len(found) - _MANY:,} more\n"

    ordered = sorted(changed.most_common(), key=lambda found: weight_first(found[0][1]))
    first = [found for found in ordered if is_prominent(found[0][1].name)]
    others = [found for found in ordered if not is_prominent(found[0][1].name)]
    yield from lines(first)
    if others:
        other = " other" if first else ""
        names = len({change.name for (_, change), _ in others})
        yield f"\n<details><summary>{counted(names, f'{other} package'.strip())}</summary>\n\n"
        yield from lines(others)
        yield "\n</details>\n"


def _write_table(out: TextIO, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    out.write(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}\n")
    for row in rows:
        out.write(f"| {' | '.join(map(_text, row))} |\n")


def _text(text: str) -> str:
    """The text as Markdown that shows it and does nothing else, of bounded length."""
    shown = escaped(text)
    if len(shown) > _LONG:
        shown = f"{shown[:_LONG]}…"
    shown = _ACTIVE.sub(r"\\\1", shown)
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
