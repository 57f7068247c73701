"""Waivers, the environment of an audit's check, and indexes that lists are read from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_waivers"
down_revision = "0002_audits"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; checks of no audit have no column, and an audit holds each of its checks once."""
    # Not Alembic's batch mode, for the reason given in 0002_audits.
    op.execute(
        "ALTER TABLE checks ADD COLUMN column_label TEXT"
        " CONSTRAINT ck_checks_column CHECK ((audit_id IS NULL) = (column_label IS NULL))"
    )
    op.create_index(
        "ix_checks_audit_id_entry_id_column_label",
        "checks",
        ["audit_id", "entry_id", "column_label"],
        unique=True,
    )
    # A list of 10,000 entries is read from these two indexes alone, not from the wide rows.
    op.drop_index("ix_checks_entry_id_id", "checks")
    op.create_index("ix_checks_entry_id_id_verdict_at", "checks", ["entry_id", "id", "verdict", "at"])
    op.create_index(
        "ix_baselines_entry_id_number_fingerprint_id_environment_id",
        "baselines",
        ["entry_id", "number", "fingerprint_id", "environment_id"],
    )
    op.create_table(
        "waivers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("removed_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_waivers"),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_waivers_entry_id_entries"),
    )
    op.create_index("ix_waivers_entry_id", "waivers", ["entry_id"])
