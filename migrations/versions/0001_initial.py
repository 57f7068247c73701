"""Entries with their baselines, checks and tags, and the fingerprints and environments they share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_initial"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give an empty file its tables."""
    op.create_table(
        "entries",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("factory", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("retired_at", sa.Text(), nullable=True),
        sa.Column("retired_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_entries"),
        sa.UniqueConstraint("alias", name="uq_entries_alias"),
    )
    op.create_index("ix_entries_factory_seed_id", "entries", ["factory", "seed", "id"])
    op.create_table(
        "fingerprints",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("tensor_count", sa.BigInteger(), nullable=False),
        sa.Column("parameter_count", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("document_sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fingerprints"),
        sa.UniqueConstraint("document_sha256", name="uq_fingerprints_document_sha256"),
    )
    op.create_index("ix_fingerprints_digest", "fingerprints", ["digest"])
    op.create_table(
        "environments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("python", sa.Text(), nullable=False),
        sa.Column("tensorflow", sa.Text(), nullable=True),
        sa.Column("keras", sa.Text(), nullable=True),
        sa.Column("keras_distribution", sa.Text(), nullable=True),
        sa.Column("numpy", sa.Text(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_environments"),
        sa.UniqueConstraint("digest", name="uq_environments_digest"),
    )
    op.create_table(
        "baselines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("fingerprint_id", sa.Integer(), nullable=False),
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_baselines"),
        sa.UniqueConstraint("entry_id", "number", name="uq_baselines_entry_id_number"),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_baselines_entry_id_entries"),
        sa.ForeignKeyConstraint(
            ["fingerprint_id"], ["fingerprints.id"], name="fk_baselines_fingerprint_id_fingerprints"
        ),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name="fk_baselines_environment_id_environments"
        ),
    )
    op.create_table(
        "checks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.String(64), nullable=False),
        sa.Column("baseline_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("duration_s", sa.Float(), nullable=False),
        sa.Column("fingerprint_id", sa.Integer(), nullable=True),
        sa.Column("environment_id", sa.Integer(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_checks"),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_checks_entry_id_entries"),
        sa.ForeignKeyConstraint(["baseline_id"], ["baselines.id"], name="fk_checks_baseline_id_baselines"),
        sa.ForeignKeyConstraint(
            ["fingerprint_id"], ["fingerprints.id"], name="fk_checks_fingerprint_id_fingerprints"
        ),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name="fk_checks_environment_id_environments"
        ),
    )
    op.create_index("ix_checks_entry_id_id", "checks", ["entry_id", "id"])
    op.create_table(
        "tags",
        sa.Column("entry_id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "name", name="pk_tags"),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_tags_entry_id_entries"),
    )
    op.create_index("ix_tags_name", "tags", ["name"])
