"""Seed-aware model registry with persistent fingerprints.

`set_seed`, `fingerprint` and `open_registry` are the Python interface; `seedreg.errors` holds what
they raise. Importing this module imports nothing heavy: each of them loads what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedreg.version import __version__ as __version__

if TYPE_CHECKING:
    from seedreg.domain.environment_spec import EnvironmentSpec as EnvironmentSpec
    from seedreg.domain.fingerprint import Fingerprint as Fingerprint
    from seedreg.domain.trust import Trust as Trust
    from seedreg.errors import SeedregError as SeedregError
    from seedreg.executors.inprocess import set_seed
    from seedreg.project import open_registry
    from seedreg.registry import RegisterOptions as RegisterOptions
    from seedreg.registry import Registry as Registry

_HOMES = {
    "EnvironmentSpec": "seedreg.domain.environment_spec",
    "Fingerprint": "seedreg.domain.fingerprint",
    "Registry": "seedreg.registry",
    "RegisterOptions": "seedreg.registry",
    "SeedregError": "seedreg.errors",
    "Trust": "seedreg.domain.trust",
    "open_registry": "seedreg.project",
    "set_seed": "seedreg.executors.inprocess",
}

__all__ = [
    "EnvironmentSpec",
    "Fingerprint",
    "RegisterOptions",
    "Registry",
    "SeedregError",
    "Trust",
    "fingerprint",
    "open_registry",
    "set_seed",
]


def fingerprint(model: Any) -> Fingerprint:
    """The fingerprint of a model's weights as they are now; `str()` of it is `sr1:` and 64 digits.

    Args:
        model: a built Keras model or layer, a `tf.Module`, or a mapping or sequence of arrays. Its
            weights may have any shape and any numeric or boolean dtype; they are read one at a time.

    Raises:
        NotJudged: if it has no weights (a Keras model may not be built yet), is nothing that has
            weights, or holds a tensor of strings, objects or masked elements.
        UsageError: if TensorFlow is not installed.
    """
    from seedreg.domain.failure import BuildFailure
    from seedreg.errors import NotJudged
    from seedreg.executors import inprocess
    from seedreg.reports.words.failures import failure_error

    found = inprocess.fingerprint(model)
    if isinstance(found, BuildFailure):
        raise failure_error(found, NotJudged)
    return found


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'seedreg' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
