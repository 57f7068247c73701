"""Which registries this user created here: one small file for each, under the registry's identity."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from seedreg.domain.trust import is_identity
from seedreg.files import whole_file


class KnownRegistries:
    """The registries that are known in a folder of the user's state.

    Args:
        folder: where it is kept; created when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "registries"

    def knows(self, identity: str | None) -> bool:
        """Whether this user created the registry of this identity here."""
        # It becomes the name of a file, and a registry may hold anything.
        return identity is not None and is_identity(identity) and os.path.isfile(self._folder / identity)

    def remember(self, identity: str | None, place: str) -> None:
        """Note the registry of this identity; `place` says to people where it was created.

        Where the folder cannot be written it stays unknown: factories of the project are built all the same.
        """
        if identity is None or not is_identity(identity):
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with whole_file(self._folder / identity) as file:
                file.write(f"{place}\n")
