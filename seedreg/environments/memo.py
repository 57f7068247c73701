"""Which environment a specification resolved to, so that the next command need not ask uv again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

from seedreg.domain.canonical import canonical_json, sha256_text
from seedreg.domain.decoding import Fields, parse, text
from seedreg.domain.environment_spec import EnvironmentSpec, ExistingPython
from seedreg.environments.about import CACHE_FORMAT, read_about, read_bounded
from seedreg.environments.cached import KEY_LENGTH
from seedreg.environments.folder import CacheFolder
from seedreg.environments.requirements import Wanted
from seedreg.environments.uv import Uv

# What becomes the name of a folder.
_KEY = re.compile(f"[0-9a-f]{{{KEY_LENGTH}}}")
_MAX_BYTES = 10_000
_DAY_S = 24 * 3600.0


class Memos:
    """The keys that specifications resolved to; `clock` gives seconds since the epoch."""

    def __init__(self, folder: CacheFolder, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._clock = clock

    def path(self, uv: Uv, wanted: Wanted, content: str) -> Path:
        """Where the key of this specification is remembered; `content` is the digest of its files."""
        # Whatever can change uv's answer; a variable that cannot costs one more resolution.
        variables = {name: value for name, value in uv.environ.items() if name.startswith("UV_")}
        user = Path(uv.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"), "uv", "uv.toml")
        settings = [_digest(file) for file in (user, uv.root / "uv.toml", uv.root / "pyproject.toml")]
        made = wanted.made
        where = "" if made.requirements is None and not any(settings[1:]) else str(uv.root)
        python = os.path.realpath(made.python.path) if isinstance(made.python, ExistingPython) else None
        document = {**EnvironmentSpec(made.label, made).document(), "label": ""}
        what = [CACHE_FORMAT, document, python, content, where, settings, variables]
        return self._folder.path / "specs" / f"{sha256_text(canonical_json(what))[:KEY_LENGTH]}.json"

    def recall(self, memo: Path, exclude_newer: str | None = None) -> str | None:
        """The key of a complete environment; None if nothing is remembered, or it may be out of date."""
        try:
            key = Fields(parse(read_bounded(memo, _MAX_BYTES)))("key", text)
            age_s = self._clock() - memo.stat().st_mtime
        except (OSError, ValueError):
            return None
        if _KEY.fullmatch(key) is None:
            return None
        # Without a date in the past, a specification may resolve to newer releases tomorrow.
        fresh = age_s < _DAY_S or self._is_past(exclude_newer)
        return key if fresh and read_about(self._folder.environment(key)) is not None else None

    def remember(self, memo: Path, key: str) -> None:
        """Keep the key; the file is written completely or not at all."""
        partial = memo.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps({"key": key}), "utf-8")
        os.replace(partial, memo)

    def prune(self) -> None:
        """Delete what is out of date."""
        for memo in self._folder.path.glob("specs/*"):
            with contextlib.suppress(OSError):
                if self._clock() - memo.stat().st_mtime > _DAY_S and self.recall(memo) is None:
                    memo.unlink()

    def _is_past(self, exclude_newer: str | None) -> bool:
        two_days_ago = date.fromtimestamp(self._clock() - 2 * _DAY_S)  # noqa: DTZ012 - exact to two days
        return exclude_newer is not None and exclude_newer[:10] < two_days_ago.isoformat()


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
