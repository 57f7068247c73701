"""The schemas a registry can have, and what this seedreg may do with each; `migrations/` makes them."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from seedreg.errors import RegistryError, SchemaError, Step

REVISIONS = ("0001_initial", "0002_audits", "0003_waivers", "0004_recipe_columns", "0005_identity")
SCHEMA_REVISION = "0005_identity"
VERSION_TABLE = "seedreg_alembic_version"
VERSION_QUERY = f"SELECT version_num FROM {VERSION_TABLE}"


class SchemaState(enum.Enum):
    """A registry's schema compared with the one that this seedreg writes."""

    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"


@dataclass(frozen=True)
class SchemaStatus:
    """Which schema a registry has, and which one this seedreg writes."""

    revision: str
    latest: str

    @property
    def state(self) -> SchemaState:
        """How the two compare; a revision that this seedreg does not know is newer."""
        if self.revision == self.latest:
            return SchemaState.CURRENT
        return SchemaState.OLDER if self.revision in REVISIONS else SchemaState.NEWER

    @property
    def has_audits(self) -> bool:
        """Whether it can hold audits and waivers."""
        return self.revision in REVISIONS[2:]

    @property
    def has_recipe_columns(self) -> bool:
        """Whether the parts of a recipe are columns, not only in its document."""
        return self.revision in REVISIONS[3:]

    @property
    def has_identity(self) -> bool:
        """Whether it has an identity, orders waivers among checks, and marks baselines with kept weights."""
        return self.revision in REVISIONS[4:]

    def require(self, place: str, *, write: bool) -> None:
        """Make sure that this seedreg may read the registry at that place, or write it.

        Raises:
            SchemaError: if it may not.
        """
        if self.state is SchemaState.NEWER:
            raise SchemaError(
                f"registry {place} has schema {self.revision}, newer than this seedreg's {self.latest}",
                hint="upgrade seedreg",
            )
        if write and self.state is SchemaState.OLDER:
            raise SchemaError(
                f"registry {place} has schema {self.revision}; this seedreg writes {self.latest}",
                step=Step.UPGRADE_REGISTRY,
            )


def status_from(revisions: Sequence[str], place: str) -> SchemaStatus:
    """The status that the rows of the version table give.

    Raises:
        RegistryError: if there is not exactly one row.
    """
    if len(revisions) != 1:
        raise RegistryError(f"registry {place} is damaged: it has {len(revisions)} schema revisions, not one")
    return SchemaStatus(revisions[0], SCHEMA_REVISION)
