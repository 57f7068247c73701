"""Audits, and which audit a check was part of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_audits"
down_revision = "0001_initial"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, and let checks point to it; the checks there are belong to no audit."""
    op.create_table(
        "audits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.Text(), nullable=False),
        sa.Column("finished_at", sa.Text(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audits"),
    )
    # Not Alembic's batch mode: it writes the constraints in an order that differs from run to run,
    # and two registries must not differ. This statement works on SQLite and on PostgreSQL.
    op.execute(
        "ALTER TABLE checks ADD COLUMN audit_id INTEGER"
        " CONSTRAINT fk_checks_audit_id_audits REFERENCES audits (id)"
    )
    op.create_index("ix_checks_audit_id", "checks", ["audit_id"])
