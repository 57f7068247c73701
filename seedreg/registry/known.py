"""Which registries this user created here: one small file for each, under the registry's identity."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from seedreg.files import whole_file

# What becomes the name of a file: a registry may hold anything.
_IDENTITY = re.compile("[0-9a-f]{32}")


class KnownRegistries:
    """The registries that are known in a folder of the user's state.

    Args:
        folder: where it is kept; created when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "registries"

    def knows(self, identity: str | None) -> bool:
        """Whether this user created the registry of this identity here."""
        return identity is not None and _is_identity(identity) and os.path.isfile(self._folder / identity)

    def remember(self, identity: str | None, place: str) -> None:
        """Know the registry of this identity; `place` is where it was created, for people.

        Where the folder cannot be written it stays unknown: factories of the project are built all the same.
        """
        if identity is None or not _is_identity(identity):
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with whole_file(self._folder / identity) as file:
                file.write(f"{place}\n")


def _is_identity(text: str) -> bool:
    return _IDENTITY.fullmatch(text) is not None
