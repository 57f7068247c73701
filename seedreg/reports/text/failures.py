"""A failed build: what happened and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from seedreg.domain.failure import BuildFailure
from seedreg.reports.guide import Guide
from seedreg.reports.lines import indented
from seedreg.reports.words.failures import failure_hint, failure_message
from seedreg.reports.words.printable import escaped_lines

# The end of a build's output; a traceback is shown in full.
_OUTPUT_LINES = 20


def failure_text(failure: BuildFailure) -> str:
    """What failed: its kind and its message, which may have several lines."""
    return f"{failure.kind.value}: {failure_message(failure)}"


def failure_lines(failure: BuildFailure, guide: Guide, *, verbose: bool = False) -> Iterator[str]:
    """What failed and what to do; with `verbose` also the traceback and what the build printed."""
    yield from escaped_lines(failure_text(failure)) or [""]
    hints = [hint for hint in (failure_hint(failure), guide.for_failure(failure)) if hint]
    if hints:
        yield f"hint: {'; '.join(hints)}"
    if verbose and failure.details:
        yield from escaped_lines(failure.details.rstrip())
    if verbose and failure.output:
        yield "it printed:"
        yield from indented(escaped_lines(failure.output.rstrip())[-_OUTPUT_LINES:])
