"""The distributions of frameworks: the only place outside the worker that knows them by name.

The columns of the registry and the fields of `Environment` are named after the libraries that are
imported by every build.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from seedreg.domain.distributions import OF_SEEDREG


@dataclass(frozen=True)
class Library:
    """A library whose imported version every environment records.

    `name` is its module, its distribution, its column and its key in documents; `short` its name in a
    narrow table; `others` are distributions that contain the same library.
    """

    name: str
    short: str
    others: tuple[str, ...] = ()


TENSORFLOW = Library(
    "tensorflow",
    "tf",
    ("tensorflow-cpu", "tensorflow-gpu", "tensorflow-intel", "tensorflow-macos", "tf-nightly"),
)
KERAS = Library("keras", "keras")
NUMPY = Library("numpy", "numpy")

RECORDED = (TENSORFLOW, KERAS, NUMPY)

# What most often moved initial weights, likeliest first.
LIKELY = ("keras", "tf-keras", "tensorflow", "numpy", "ml-dtypes", "h5py")

# The modules of frameworks, and those of their ready-made models, e.g. `keras.applications.resnet`.
MODULES = frozenset({"tensorflow", "keras", "tf_keras", "numpy"})
_READY_MADE = re.compile(
    r"(tensorflow\.(python\.)?)?(keras|tf_keras)(\.api|\.src)?\.applications(\.\w+)*", re.ASCII
)

_SHOWN_FIRST = ("python", "tensorflow", "keras", "tf-keras", "numpy")
# What is built on the frameworks, and what they calculate with.
_RELATED = re.compile(r"(tensorflow|tf|keras|tfp)-.+|ml-dtypes|h5py|scipy|dm-sonnet|transformers", re.ASCII)
_SAME = {other: library.name for library in RECORDED for other in library.others}


def likelihood(distribution: str) -> int:
    """Its place among those that most often move weights, from 0; `len(LIKELY)` for all others."""
    name = _SAME.get(distribution, distribution)
    return LIKELY.index(name) if name in LIKELY else len(LIKELY)


def often_moves_weights(distribution: str) -> bool:
    """Whether it is one of those that most often move weights."""
    return likelihood(distribution) < len(LIKELY)


def prominence(name: str) -> int:
    """Its place where software is listed for people, 0 for the first; Python counts as software.

    Python and the frameworks come first, then what is built on them, and what only seedreg needs last.
    """
    name = _SAME.get(name, name)
    if name in _SHOWN_FIRST:
        return _SHOWN_FIRST.index(name)
    if _RELATED.fullmatch(name):
        return len(_SHOWN_FIRST)
    return len(_SHOWN_FIRST) + (2 if name in OF_SEEDREG else 1)


def is_prominent(name: str) -> bool:
    """Whether it is named wherever it changed."""
    return prominence(name) < len(_SHOWN_FIRST)


def holds_ready_made_models(module: str) -> bool:
    """Whether the models of this module are made by its classes and functions with a capital letter."""
    return _READY_MADE.fullmatch(module) is not None
