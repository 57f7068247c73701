"""The parts of a recipe as columns, so that entries are listed without reading their documents."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0004_recipe_columns"
down_revision = "0003_waivers"
branch_labels = None
depends_on = None

# A column that may not be NULL can only be added with a default: the one of the recipe itself.
COLUMNS = {"framework": "tensorflow", "params": "{}", "seeding": "full/1", "inputs": "[]", "device": "cpu"}


def upgrade() -> None:
    """Add the columns, and fill them from the documents of the entries that are there."""
    # Not Alembic's batch mode, for the reason given in 0002_audits.
    for name, default in COLUMNS.items():
        op.execute(f"ALTER TABLE entries ADD COLUMN {name} TEXT DEFAULT '{default}' NOT NULL")
    connection = op.get_bind()
    entries = sa.table("entries", sa.column("id"), sa.column("recipe"), *map(sa.column, COLUMNS))
    for entry_id, text in connection.execute(sa.select(entries.c.id, entries.c.recipe)).all():
        values = _columns(text)
        if values is not None:
            connection.execute(entries.update().where(entries.c.id == entry_id).values(values))


def _columns(text: str) -> dict[str, str] | None:
    """The columns of a recipe's document; None for one that is damaged, which stays what it is."""
    try:
        recipe = json.loads(text)
        return {
            "framework": recipe["framework"],
            "params": _canonical(recipe["params"]),
            "seeding": recipe["seeding"],
            "inputs": _canonical(recipe["inputs"]),
            "device": recipe["device"],
        }
    except (ValueError, TypeError, KeyError):
        return None


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
