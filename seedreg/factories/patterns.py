"""Several factories at once: patterns such as `models:build_*`, found in the source without an import."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from seedreg.config import Config
from seedreg.errors import UsageError
from seedreg.factories.lookup import candidates, canonical_address
from seedreg.factories.source import FactoryKind

_SHOWN = 8


def addresses(
    texts: Iterable[str], config: Config, module: str | None = None, *, cwd: Path | None = None
) -> tuple[str, ...]:
    """The full addresses of the factories that the texts name, each once, in the order they are named.

    A pattern (`*`, `?`, `[…]` in the name of the factory) stands for the public functions and classes of
    its module that fit it.

    Args:
        texts: full addresses, bare names or patterns.
        config: where modules are found, and in which of them bare names are looked up.
        module: the one module in which bare names and patterns are looked up instead.
        cwd: what relative paths are tried against first.

    Raises:
        UsageError: see `canonical_address`; or if nothing fits a pattern.
    """
    found: dict[str, None] = {}
    for text in texts:
        names = (
            _fitting(text.strip(), config, module, cwd)
            if is_pattern(text)
            else [canonical_address(text, config, module, cwd=cwd)]
        )
        found.update(dict.fromkeys(names))
    return tuple(found)


def is_pattern(text: str) -> bool:
    """Whether the text may name several factories."""
    return any(letter in text.rpartition(":")[2] for letter in "*?[")


def _fitting(text: str, config: Config, module: str | None, cwd: Path | None) -> list[str]:
    where, colon, pattern = text.rpartition(":")
    if colon and not where:
        raise UsageError(f"{text!r} names no module", hint=f"write package.module:{pattern}")
    known = [
        one
        for one in candidates(config, where if colon else module, cwd=cwd)
        if one.kind is not FactoryKind.NAME
    ]
    fitting = [one.address for one in known if fnmatchcase(one.name, pattern)]
    if not fitting:
        shown = ", ".join(one.address for one in known[:_SHOWN])
        more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
        raise UsageError(
            f"no factory fits {text!r}",
            hint=f"there are: {shown}{more}" if known else "a pattern needs a module whose source is here",
        )
    return fitting
