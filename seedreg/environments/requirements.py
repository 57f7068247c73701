"""What a new environment is to hold, as uv reads it: packages and requirements files."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from seedreg.domain.canonical import canonical_json
from seedreg.domain.environment_spec import MadeEnvironment
from seedreg.environments.uv import dated
from seedreg.errors import EnvironmentFailed, EnvironmentProblem

_INCLUDE = re.compile(r"\s*(?:-r|-c|--requirements?|--constraints?)(?:\s*=\s*|\s+)([^\s#]+)")
# Marks the digest of a requirements file that holds hashes.
_HASHES = " hashes"


@dataclass(frozen=True)
class Wanted:
    """One environment that somebody asks for in a project; `label` is what people call it."""

    label: str
    made: MadeEnvironment
    root: Path

    @property
    def text(self) -> str:
        """The packages, as uv reads them from its standard input."""
        return "\n".join(self.made.packages)

    @property
    def files(self) -> tuple[str, ...]:
        """What uv reads; `-` is its standard input."""
        packages = ("-",) if self.made.packages else ()
        file = self.made.requirements
        return packages if file is None else (*packages, str(self.root / file))

    @property
    def flags(self) -> tuple[str, ...]:
        """The options of uv that both resolving and installing need."""
        return (*dated(self.made.exclude_newer), *(("--no-deps",) if self.made.exact else ()))

    def content(self) -> str:
        """A digest of the requirements file and of those that it includes; empty without one.

        Raises:
            EnvironmentFailed: if the file cannot be read.
        """
        if self.made.requirements is None:
            return ""
        path = self.root / self.made.requirements
        if not path.is_file():
            raise EnvironmentFailed(EnvironmentProblem.NO_REQUIREMENTS, path=str(path))
        digests: dict[str, str] = {}
        waiting = [path]
        while waiting:
            path = waiting.pop()
            name = os.path.normpath(path)
            if name in digests:
                continue
            try:
                data = path.read_bytes()
            except (OSError, ValueError) as error:  # the latter for a name with a NUL
                if digests:
                    continue  # an included file: uv reports it in its own words
                raise EnvironmentFailed(
                    EnvironmentProblem.REQUIREMENTS_UNREADABLE,
                    path=str(path),
                    error=getattr(error, "strerror", None) or str(error),
                ) from error
            text = data.decode("utf-8", "replace")
            digests[name] = hashlib.sha256(data).hexdigest() + (_HASHES if "--hash" in text else "")
            waiting += [path.parent / found[1] for found in map(_INCLUDE.match, text.splitlines()) if found]
        return canonical_json(digests)


def has_hashes(content: str) -> bool:
    """Whether the requirements files of this digest hold hashes."""
    return _HASHES in content
