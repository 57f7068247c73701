"""The names of a project's files, with those that they import from each other."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from seedreg.errors import UsageError
from seedreg.factories.modules import Modules
from seedreg.factories.source import Binding, Imported, Source, read_source


@dataclass(frozen=True)
class Foreign:
    """Names that are modules; with `anything`, `from x import *` of another's module may bind every name."""

    modules: frozenset[str]
    anything: bool

    def may_bind(self, name: str) -> bool:
        """Whether the name may be something that is not of the project."""
        return self.anything or name in self.modules


class Names:
    """What the files of a project bind, each of them read once."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._sources: dict[Path, Source] = {}

    def of(self, file: Path, seen: frozenset[Path] = frozenset()) -> dict[str, Binding]:
        """What a file binds at its top level, with what `from x import *` brings from the project.

        Raises:
            UsageError: if a file cannot be read, or is not valid Python.
        """
        source = self._source(file)
        found: dict[str, Binding] = {}
        for star in source.stars:
            target = self.imported_file(file, star)
            if target is None or target in seen | {file}:
                continue
            exported = self._source(target).exported
            found.update(
                (name, binding)
                for name, binding in self.of(target, seen | {file}).items()
                if (not name.startswith("_") if exported is None else name in exported)
            )
        return {**found, **source.bindings}

    def foreign(self, file: Path, seen: frozenset[Path] = frozenset()) -> Foreign:
        """What a file binds to modules, or takes from modules of others without naming it.

        Raises:
            UsageError: if a file cannot be read, or is not valid Python.
        """
        source = self._source(file)
        modules, anything = set(source.modules), False
        for star in source.stars:
            target = self.imported_file(file, star)
            if target is None:
                anything = True
            elif target not in seen | {file}:
                inner = self.foreign(target, seen | {file})
                modules |= inner.modules
                anything = anything or inner.anything
        return Foreign(frozenset(modules), anything)

    def alias(self, file: Path, name: str) -> tuple[str, ...]:
        """The parts of `a.b.c` if the file gives the name to that, of a module or of what it imports.

        Raises:
            UsageError: if the file cannot be read, or is not valid Python.
        """
        source = self._source(file)
        parts = source.aliases.get(name, ())
        seen = {name}
        while len(parts) == 1 and parts[0] in source.aliases and parts[0] not in seen:
            seen.add(parts[0])
            parts = source.aliases[parts[0]]
        imported = parts and (
            parts[0] in source.modules or isinstance(source.bindings.get(parts[0]), Imported)
        )
        return parts if imported else ()

    def origin(self, binding: Binding, seen: frozenset[tuple[Path, str]] = frozenset()) -> Binding | None:
        """The definition behind a re-export; None if it is a module, or not of this project."""
        if not isinstance(binding, Imported) or (binding.file, binding.name) in seen:
            return binding
        target = self.imported_file(binding.file, binding)
        if target is None:
            return binding if binding.level and binding.module else None
        try:
            names = self.of(target)
        except UsageError:
            return binding  # the file that was asked for is valid; nobody asked for this one
        inner = names.get(binding.original, binding)
        if inner != binding:
            return self.origin(inner, seen | {(binding.file, binding.name)})
        in_package = target.name == "__init__.py"
        is_module = in_package and self._modules.find(binding.original, [target.parent]) is not None
        return None if is_module else binding

    def imported_file(self, file: Path, imported: Imported) -> Path | None:
        """The project's file that a name is imported from; None for modules from elsewhere."""
        if imported.level == 0:
            return self._modules.find(imported.module)
        package = file.parents[min(imported.level, len(file.parents)) - 1]
        if imported.module:
            return self._modules.find(imported.module, [package])
        init = package / "__init__.py"
        return init if os.path.isfile(init) else None

    def _source(self, file: Path) -> Source:
        if file not in self._sources:
            self._sources[file] = read_source(file)
        return self._sources[file]
