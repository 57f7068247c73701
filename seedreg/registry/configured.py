"""Which recipes of a registration are entries already, and which entries the configuration lists no more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from seedreg.domain.results import Gone, Left, Planned
from seedreg.registry.registering import Order

if TYPE_CHECKING:
    from seedreg.storage import Repository

CONFIGURED = "configured"
"""The tag of entries that were registered from the configuration."""


def planned(repository: Repository | None, orders: Iterable[Order]) -> tuple[Left | Planned, ...]:
    """Which of the recipes are entries already, and which would be new; without a repository all would."""
    recipes = [order.recipe for order in orders]
    ids = [recipe.id for recipe in recipes]
    known = {} if repository is None else {entry.id: entry for entry in repository.entries.by_ids(ids)}
    return tuple(Left(known[one.id]) if one.id in known else Planned(one) for one in recipes)


def gone(repository: Repository, project: str, orders: Iterable[Order]) -> tuple[Gone, ...]:
    """The project's entries in use that came from the configuration and are no longer in it."""
    listed = {order.recipe.id for order in orders}
    tagged = repository.entries.summaries(project=project, tag=CONFIGURED)
    ids = [summary.id for summary in tagged if summary.id not in listed]
    return tuple(map(Gone, repository.entries.by_ids(ids)))
