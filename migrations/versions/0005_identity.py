"""The registry's identity, the order of waivers among checks, and the baselines with kept weights."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0005_identity"
down_revision = "0004_recipe_columns"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and columns; the order of existing waivers is taken from their times."""
    op.create_table(
        "registry",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("identity", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_registry"),
        sa.CheckConstraint("number = 1", name="ck_registry_one_row"),
    )
    row = sa.table("registry", sa.column("number"), sa.column("identity"))
    op.execute(row.insert().values(number=1, identity=secrets.token_hex(16)))
    op.create_table(
        "kept_weights",
        sa.Column("baseline_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("baseline_id", name="pk_kept_weights"),
        sa.ForeignKeyConstraint(
            ["baseline_id"], ["baselines.id"], name="fk_kept_weights_baseline_id_baselines"
        ),
    )
    # Not Alembic's batch mode, for the reason given in 0002_audits.
    op.execute("ALTER TABLE waivers ADD COLUMN after_check INTEGER DEFAULT 0 NOT NULL")
    op.execute("ALTER TABLE waivers ADD COLUMN removed_after_check INTEGER")
    # Where the clock was set back, the times do not give the order. A waiver then covers less.
    op.execute(
        "UPDATE waivers SET after_check ="
        " coalesce((SELECT max(checks.id) FROM checks WHERE checks.at < waivers.created_at), 0)"
    )
    op.execute(
        "UPDATE waivers SET removed_after_check = coalesce("
        "(SELECT min(checks.id) - 1 FROM checks WHERE checks.at >= waivers.removed_at),"
        " (SELECT max(checks.id) FROM checks), 0)"
        " WHERE removed_at IS NOT NULL"
    )
