"""What commands on many entries share: choosing them by an audit, and showing what would be done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from seedreg.domain.entry import Entry
from seedreg.errors import UsageError
from seedreg.registry.findings import Findings

_Function = TypeVar("_Function", bound=Callable[..., Any])


def findings_options(which: str) -> Callable[[_Function], _Function]:
    """`--audit` and `--column`; `which` says what of an audit is taken."""

    def decorate(function: _Function) -> _Function:
        for option in (
            click.option("--column", metavar="ENV", help="Only what the audit found in this environment."),
            click.option("--audit", "audit", type=click.IntRange(min=1), metavar="N", help=which),
        ):
            function = option(function)
        return function

    return decorate


def dry_run_option(function: _Function) -> _Function:
    """`--dry-run`: show what would be done."""
    return click.option("--dry-run", is_flag=True, help="Only show what would be done; nothing is changed.")(
        function
    )


def findings_of(selectors: Sequence[str], audit: int | None, column: str | None) -> Findings | None:
    """What of an audit is meant; None where the selectors alone name the entries.

    Raises:
        UsageError: if neither names any, or an environment is named without its audit.
    """
    if audit is not None:
        return Findings(audit, column)
    if column is not None:
        raise UsageError("--column is an environment of an audit", hint="name the audit with --audit N")
    if not selectors:
        raise UsageError("which entries? no SELECTOR is given", hint="name some, or an audit with --audit N")
    return None


def entry_line(word: str, entry: Entry, rest: str = "") -> str:
    """The line of one entry: what was done with it, its id and its recipe."""
    return f"{word}  {entry.short_id}  {entry.recipe.label}{f'  {rest}' if rest else ''}"
