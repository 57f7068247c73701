"""Whose code a recorded factory is: this project's, a declared package's, or anybody's.

A registry that came from elsewhere may name any function of Python. Files are read and nothing is imported.
"""

from __future__ import annotations

import enum
import os
import re
import sys
import unicodedata
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from seedreg.config import Config, declared_distributions
from seedreg.domain.distributions import normal_name
from seedreg.domain.failure import BuildFailure, Distrust, FailureKind, build_failure
from seedreg.domain.frameworks import MODULES, holds_ready_made_models
from seedreg.domain.inputs import InputFunction
from seedreg.domain.recipe import Recipe
from seedreg.errors import UsageError
from seedreg.factories.address import is_path, is_unprintable
from seedreg.factories.modules import Modules
from seedreg.factories.names import Names
from seedreg.factories.source import Binding, Constant, Defined, Imported, has_member

# Installed packages, which may lie inside of a project.
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_ENVIRONMENT_MARKERS = ("pyvenv.cfg", "conda-meta")

# Words: `relu`, `channels_last`. A path, an address or code needs more than that, and a command of several
# words needs a list of them (`pip:main` with `["install", "evil"]`).
_WORD = re.compile(r"\w{0,64}", re.ASCII)


class Owner(enum.Enum):
    """Whose code a factory is."""

    PROJECT = "project"
    DECLARED = "declared"
    FRAMEWORK = "framework"
    UNKNOWN = "unknown"


class Ownership:
    """Says of recorded factories whose code they are, in one project."""

    def __init__(self, config: Config) -> None:
        self._root = config.root
        self._modules = Modules(config.root, config.import_paths, config.root)
        self._names = Names(self._modules)
        self._trees = tuple(_trees(config))
        self._owners: dict[str, Owner] = {}

    def refusal(self, recipe: Recipe) -> BuildFailure | None:
        """Why a recipe that a registry from elsewhere holds is not built; None if it is.

        A factory of a declared package gets numbers and single words as arguments, and nothing else. A
        function that returns inputs must be the project's.
        """
        if isinstance(recipe.inputs, InputFunction):
            function = recipe.inputs.address
            if self.owner(function) is not Owner.PROJECT:
                distrust = Distrust.ELSEWHERE
                return build_failure(FailureKind.UNTRUSTED, factory=function, distrust=distrust.value)
        match self.owner(recipe.factory):
            case Owner.PROJECT:
                return None
            case Owner.DECLARED:
                argument = _first_odd(recipe.params)
                if argument is None:
                    return None
                return build_failure(FailureKind.UNTRUSTED, factory=recipe.factory, argument=argument)
            case Owner.FRAMEWORK:
                distrust = Distrust.FRAMEWORK
            case Owner.UNKNOWN:
                distrust = Distrust.ELSEWHERE
        return build_failure(FailureKind.UNTRUSTED, factory=recipe.factory, distrust=distrust.value)

    def owner(self, factory: str) -> Owner:
        """Whose code the factory at this address is."""
        if factory not in self._owners:
            where, _, name = factory.rpartition(":")
            parts = tuple(unicodedata.normalize("NFKC", name).split("."))
            odd = is_unprintable(factory) or not all(map(_is_public, parts))
            self._owners[factory] = Owner.UNKNOWN if odd else self._owner(where, parts)
        return self._owners[factory]

    def _owner(self, where: str, parts: tuple[str, ...]) -> Owner:
        if is_path(where):
            file = Path(os.path.realpath(self._root / where))
            if not self._is_inside(file):
                return Owner.UNKNOWN
            # What is not there any more cannot run, and its build says so better.
            return self._owner_in(file, parts) if os.path.isfile(file) else Owner.PROJECT
        if not all(map(_is_public, where.split("."))):
            return Owner.UNKNOWN
        found = (
            None if where.split(".", maxsplit=1)[0] in sys.stdlib_module_names else self._modules.find(where)
        )
        if found is None:
            return self._declared_owner(where, parts)
        return self._owner_in(found, parts) if self._is_inside(found) else Owner.UNKNOWN

    def _owner_in(
        self, file: Path, parts: tuple[str, ...], seen: frozenset[tuple[Path, str]] = frozenset()
    ) -> Owner:
        """Whose code the name is in a file of the project."""
        try:
            bindings, foreign = self._names.of(file), self._names.foreign(file)
        except UsageError:
            return Owner.PROJECT  # written for another Python: the build reads it
        binding = bindings.get(parts[0])
        if binding is None:
            return Owner.UNKNOWN if foreign.may_bind(parts[0]) else Owner.PROJECT
        return self._owner_of(binding, parts, seen)

    def _owner_of(self, binding: Binding, parts: tuple[str, ...], seen: frozenset[tuple[Path, str]]) -> Owner:
        match binding:
            case Constant():
                return Owner.PROJECT if len(parts) == 1 else Owner.UNKNOWN
            case Defined():
                alias = self._names.alias(binding.file, parts[0]) if len(parts) == 1 else ()
                if alias and (binding.file, parts[0]) not in seen:
                    return self._owner_in(binding.file, alias, seen | {(binding.file, parts[0])})
                own = self._is_inside(binding.file) and has_member(binding.file, parts)
                return Owner.PROJECT if own else Owner.UNKNOWN
            case Imported():
                target = self._names.imported_file(binding.file, binding)
                inner = (binding.original, *parts[1:])
                if target is None:
                    return Owner.UNKNOWN if binding.level else self._declared_owner(binding.module, inner)
                if not self._is_inside(target) or (target, binding.original) in seen:
                    return Owner.UNKNOWN
                return self._owner_in(target, inner, seen | {(target, binding.original)})

    def _declared_owner(self, where: str, parts: tuple[str, ...]) -> Owner:
        top = where.partition(".")[0]
        if top in sys.stdlib_module_names:
            return Owner.UNKNOWN
        if top in MODULES:
            # Every project that builds models declares them, and they hold functions that write files and
            # load code.
            is_model = holds_ready_made_models(where) and len(parts) == 1 and parts[0][0].isupper()
            return Owner.DECLARED if is_model else Owner.FRAMEWORK
        return Owner.DECLARED if normal_name(top) in self._declared else Owner.UNKNOWN

    @cached_property
    def _declared(self) -> frozenset[str]:
        return declared_distributions(self._root / "pyproject.toml")

    def _is_inside(self, file: Path) -> bool:
        """Whether the file, behind all links, is in the project's tree and in no environment in it."""
        real = Path(os.path.realpath(file))
        return any(_is_source(real, tree) for tree in self._trees if real.is_relative_to(tree))


def _trees(config: Config) -> list[Path]:
    """The project's root and the folders of its setting `pythonpath`, behind all links."""
    folders = [path for path in config.import_paths if path not in (config.root, config.root / "src")]
    # Without a project around it the current folder is the root, and may hold whatever was downloaded.
    too_wide = {Path(config.root.anchor), Path(os.path.expanduser("~"))}
    roots = [] if config.root in too_wide else [config.root]
    return [Path(os.path.realpath(folder)) for folder in (*roots, *folders)]


def _is_source(file: Path, tree: Path) -> bool:
    *folders, _ = file.relative_to(tree).parts
    if any(name.startswith(".") or name in _INSTALLED for name in folders):
        return False
    return not any(
        os.path.exists(tree.joinpath(*folders[: depth + 1], marker))
        for depth in range(len(folders))
        for marker in _ENVIRONMENT_MARKERS
    )


def _is_public(name: str) -> bool:
    """Whether it is an identifier, and none that Python itself puts everywhere (`__builtins__`)."""
    return name.isidentifier() and not name.startswith("__")


def _first_odd(params: Mapping[str, Any]) -> str | None:
    """The first argument that is more than a word, or numbers."""
    return next((name for name, value in params.items() if not (_is_word(value) or _is_plain(value))), None)


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _is_plain(value: Any) -> bool:
    """Whether it holds numbers and nothing else."""
    match value:
        case str():
            return False
        case list():
            return all(map(_is_plain, value))
        case dict():
            return all(_is_word(key) and _is_plain(item) for key, item in value.items())
        case _:
            return True
