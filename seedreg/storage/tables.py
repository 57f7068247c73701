"""The tables after the newest migration. Only migrations create tables; this module only describes them.

Everything here must also work on PostgreSQL. Documents are JSON text in its canonical form
(`seedreg.domain.canonical`), times are UTC in ISO 8601 with a final `Z`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy import UniqueConstraint as Unique

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# One row: a random number by which a user's machine knows the registry, wherever it is copied to.
registry = Table(
    "registry",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("identity", String(32), nullable=False),
    CheckConstraint("number = 1", name="one_row"),
)

entries = Table(
    "entries",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("project", Text, nullable=False),
    Column("factory", Text, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("recipe", Text, nullable=False),  # the document that is hashed to the id; columns repeat it
    Column("framework", Text, nullable=False, server_default="tensorflow"),
    Column("params", Text, nullable=False, server_default="{}"),
    Column("seeding", Text, nullable=False, server_default="full/1"),
    Column("inputs", Text, nullable=False, server_default="[]"),
    Column("device", Text, nullable=False, server_default="cpu"),
    Column("alias", Text),
    Column("note", Text),
    Column("created_at", Text, nullable=False),
    Column("retired_at", Text),
    Column("retired_reason", Text),
    Unique("alias"),
)
Index(None, entries.c.factory, entries.c.seed, entries.c.id)

# One digest may have several documents: equal weights under different names of variables.
fingerprints = Table(
    "fingerprints",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("scheme", Text, nullable=False),
    Column("tensor_count", BigInteger, nullable=False),
    Column("parameter_count", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Column("document_sha256", String(64), nullable=False),
    Unique("document_sha256"),
)
Index(None, fingerprints.c.digest)

environments = Table(
    "environments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("python", Text, nullable=False),
    Column("tensorflow", Text),
    Column("keras", Text),
    Column("keras_distribution", Text),
    Column("numpy", Text),
    Column("document", Text, nullable=False),
    Unique("digest"),
)

baselines = Table(
    "baselines",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("entry_id", String(64), ForeignKey("entries.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("fingerprint_id", Integer, ForeignKey("fingerprints.id"), nullable=False),
    Column("environment_id", Integer, ForeignKey("environments.id"), nullable=False),
    Column("source", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("reason", Text),
    Column("created_at", Text, nullable=False),
    Unique("entry_id", "number"),
)
Index(None, baselines.c.entry_id, baselines.c.number, baselines.c.fingerprint_id, baselines.c.environment_id)

# The baselines whose tensors were all put into the objects.
kept_weights = Table(
    "kept_weights",
    metadata,
    Column("baseline_id", Integer, ForeignKey("baselines.id"), primary_key=True),
)

audits = Table(
    "audits",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("started_at", Text, nullable=False),
    Column("finished_at", Text),
    Column("document", Text, nullable=False),
)

checks = Table(
    "checks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("entry_id", String(64), ForeignKey("entries.id"), nullable=False),
    Column("baseline_id", Integer, ForeignKey("baselines.id"), nullable=False),
    Column("verdict", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("fingerprint_id", Integer, ForeignKey("fingerprints.id")),
    Column("environment_id", Integer, ForeignKey("environments.id")),
    Column("source", Text),
    Column("failure", Text),
    Column("audit_id", Integer, ForeignKey("audits.id")),
    Column("column_label", Text),
    CheckConstraint("(audit_id IS NULL) = (column_label IS NULL)", name="column"),
)
Index(None, checks.c.entry_id, checks.c.id, checks.c.verdict, checks.c.at)
Index(None, checks.c.audit_id)
# Checks outside audits are not affected: NULL is never equal to NULL.
Index(None, checks.c.audit_id, checks.c.entry_id, checks.c.column_label, unique=True)

# Waivers are appended like checks; revoking one sets its end. The times are for people: what a waiver
# covers are the checks after `after_check`, up to `removed_after_check`.
waivers = Table(
    "waivers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("entry_id", String(64), ForeignKey("entries.id"), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("until", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("removed_at", Text),
    Column("after_check", Integer, nullable=False, server_default="0"),
    Column("removed_after_check", Integer),
)
Index(None, waivers.c.entry_id)

tags = Table(
    "tags",
    metadata,
    Column("entry_id", String(64), ForeignKey("entries.id"), primary_key=True),
    Column("name", Text, primary_key=True),
)
Index(None, tags.c.name)
