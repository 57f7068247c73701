"""How Alembic reaches a registry: the connection seedreg hands over, or a developer's scratch file.

seedreg opens the transaction and closes the connection itself; nothing here commits for it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

from alembic import context
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from seedreg.storage.revisions import VERSION_TABLE
from seedreg.storage.tables import metadata


def run(connection: Connection) -> None:
    """Run the revisions that the command asks for."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_on_scratch_file() -> None:
    """Run them on the file of `alembic -x db=FILE …`, all of them or none."""
    path = context.get_x_argument(as_dictionary=True).get("db")
    if not path:
        raise SystemExit("name a scratch file: alembic -x db=scratch.db …")
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        engine = create_engine("sqlite://", creator=lambda: file, poolclass=StaticPool)
        with engine.connect() as connection, connection.begin():
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            run(connection)


given = context.config.attributes.get("connection")
if given is None:
    run_on_scratch_file()
else:
    run(given)
