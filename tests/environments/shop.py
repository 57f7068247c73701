"""A project, a package index and a cache of environments, for tests that run uv without a network."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from package_index import environ_of

from seedreg.domain.environment_spec import ExistingPython, MadeEnvironment
from seedreg.environments.cache import EnvironmentCache
from seedreg.environments.cached import HeldEnvironment
from seedreg.environments.notices import Notice
from seedreg.environments.uv import Uv, find_uv
from seedreg.errors import EnvironmentFailed, Step

DAY_S = 86400.0
VERSION = "{}.{}.{}".format(*sys.version_info[:3])


@dataclass
class Shop:
    """A project, a package index and a cache of environments."""

    root: Path
    uv_cache: Path
    program: str
    notices: list[Notice] = field(default_factory=list)
    now_s: float | None = None

    @property
    def index(self) -> Path:
        return self.root.parent / "index"

    @property
    def environ(self) -> dict[str, str]:
        return environ_of(self.index, self.uv_cache)

    @property
    def folder(self) -> Path:
        return self.root.parent / "cache"

    def uv(self, program: str | None = None, environ: Mapping[str, str] | None = None) -> Uv:
        return Uv(self.root, environ or self.environ, lambda environ: program or self.program)

    def cache(self, uv: Uv | None = None) -> EnvironmentCache:
        return EnvironmentCache(
            self.folder,
            uv or self.uv(),
            self.notices.append,
            clock=lambda: time.time() if self.now_s is None else self.now_s,
        )

    def open(self, *packages: str, uv: Uv | None = None, **others: object) -> HeldEnvironment:
        made = MadeEnvironment(packages, **others)  # type: ignore[arg-type]
        return self.cache(uv).open("old", made, ExistingPython(sys.executable))

    def made(self, *packages: str, uv: Uv | None = None, **others: object) -> Path:
        """The folder of the environment, which nobody holds."""
        held = self.open(*packages, uv=uv, **others)
        held.close()
        return Path(held.python).parents[1]

    def failure(
        self, *packages: str, uv: Uv | None = None, **others: object
    ) -> tuple[str, str | Step | None]:
        with pytest.raises(EnvironmentFailed) as caught:
            self.open(*packages, uv=uv, **others)
        return caught.value.message, caught.value.hint or caught.value.step

    def script(self, name: str, text: str) -> str:
        path = self.root / name
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)


def no_uv(environ: Mapping[str, str]) -> str:
    raise AssertionError("uv is not to be called")


def distributions(environment: Path) -> list[str]:
    found = environment.glob("lib/*/site-packages/*.dist-info")
    return sorted(path.name.removesuffix(".dist-info") for path in found)


def uv_or_skip(environ: Mapping[str, str]) -> str:
    try:
        return find_uv(environ)
    except Exception:
        pytest.skip("uv is not installed")
