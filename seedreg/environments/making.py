"""Installing what a specification resolved to, under a temporary name until it is complete."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from seedreg.domain.distributions import normal_name
from seedreg.environments.about import About
from seedreg.environments.folder import CacheFolder
from seedreg.environments.interpreters import Interpreter
from seedreg.environments.manifest import Files
from seedreg.environments.pins import is_release, released_names
from seedreg.environments.requirements import Wanted
from seedreg.environments.resolution import Resolution
from seedreg.environments.uv import Uv
from seedreg.errors import EnvironmentFailed, EnvironmentProblem


class Maker:
    """Creates environments in a cache folder; `clock` gives seconds since the epoch."""

    def __init__(self, folder: CacheFolder, uv: Uv, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._uv = uv
        self._clock = clock

    def make(
        self, key: str, wanted: Wanted, content: str, interpreter: Interpreter, resolution: Resolution
    ) -> None:
        """Create the environment of this key; the caller holds the lock for it.

        `content` is the digest of the requirements files when they were resolved.

        Raises:
            EnvironmentFailed: if uv cannot install it, in its words, or the requirements changed meanwhile.
            OSError: if the cache cannot be written.
        """
        with self._folder.temporary(key) as temporary:
            made = temporary / "env"
            self._install(made, temporary / "constraints.txt", wanted, interpreter, resolution.pins)
            if wanted.content() != content:
                raise EnvironmentFailed(EnvironmentProblem.REQUIREMENTS_CHANGED, environment=wanted.label)
            Files.of(made).record(made)
            About(
                python=interpreter.version,
                interpreter=os.path.realpath(made / "bin" / "python"),
                specification=wanted.made.label,
                pins=resolution.pins,
                made_at=self._clock(),
            ).write(made)
            self._folder.put_in_place(made, key)

    def _install(
        self, made: Path, constraints: Path, wanted: Wanted, interpreter: Interpreter, pins: Sequence[str]
    ) -> None:
        python = str(made / "bin" / "python")
        created = self._uv.run("venv", "--quiet", "--relocatable", "--python", interpreter.path, str(made))
        if created.failure is not None:
            raise created.error(EnvironmentProblem.NOT_CREATED, wanted.label)
        # From the requirements themselves, not from the pins alone: they may hold hashes and indexes.
        options = [word for file in wanted.files for word in ("--requirements", file)]
        if not wanted.made.exact:
            constraints.write_text("\n".join(filter(is_release, pins)) + "\n", "utf-8")
            options += ["--constraints", str(constraints)]
        installed = self._uv.run(
            "pip", "install", "--quiet", "--python", python, *wanted.flags, *options, text=wanted.text
        )
        if installed.failure is not None:
            raise installed.error(EnvironmentProblem.NOT_CREATED, wanted.label)
        # A setting of uv (`target`, `prefix`) may have sent the packages elsewhere.
        found = {
            normal_name(path.name.split("-")[0]) for path in made.glob("lib/*/site-packages/*.dist-info")
        }
        if missing := sorted(released_names(pins) - found):
            raise EnvironmentFailed(
                EnvironmentProblem.INSTALLED_ELSEWHERE, environment=wanted.label, missing=tuple(missing)
            )
