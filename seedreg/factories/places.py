"""Where bare names are looked up: the modules, files and addresses that settings name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from seedreg.config import DEFAULT_FACTORIES
from seedreg.errors import Step, UsageError
from seedreg.factories.address import FORMS, checked_name, is_dotted, is_path
from seedreg.factories.modules import Modules


@dataclass(frozen=True)
class ReadModule:
    """A module of the project, whose file can be read."""

    module: str
    file: Path


@dataclass(frozen=True)
class ForeignModule:
    """A module whose source is not here: an installed package may have any name."""

    module: str


@dataclass(frozen=True)
class OneFactory:
    """One factory that is named in full; `file` is None where its source is not here."""

    module: str
    name: str
    file: Path | None


Place: TypeAlias = ReadModule | ForeignModule | OneFactory


class Places:
    """Reads what people write for a module or a factory of a project.

    Args:
        modules: the files of the project.
        factories: where bare names are looked up, as it is configured.
    """

    def __init__(self, modules: Modules, factories: tuple[str, ...]) -> None:
        self._modules = modules
        self._factories = factories

    def full_address(self, text: str) -> str:
        """The canonical address of a factory that is written in full.

        Raises:
            UsageError: if it is no address, or its file does not exist.
        """
        left, _, right = (part.strip() for part in text.partition(":"))
        name = checked_name(right, text)
        if not left:
            raise UsageError(f"{text!r} names no module", hint=f"write {FORMS.format(name=name)}")
        if is_path(left):
            return f"{self._modules.module_of(self._modules.file_at(left))}:{name}"
        if not is_dotted(left):
            raise UsageError(
                f"{left!r} in {text!r} is not a module's full name", hint=f"write package.module:{name}"
            )
        return f"{left}:{name}"

    def all(self, module: str | None) -> list[Place]:
        """Where a bare name is looked up: in `module` alone, if that is given.

        Raises:
            UsageError: if a place does not exist.
        """
        if module is not None:
            text = module.strip()
            if ":" in text:
                raise UsageError(
                    f"{text!r} is a factory's address, not a module", step=Step.DROP_MODULE, address=text
                )
            return [self.named(text)]
        if self._factories != DEFAULT_FACTORIES:
            return [self._configured(text) for text in self._factories]
        return self._usual()

    def named(self, text: str, bases: Iterable[Path] | None = None) -> Place:
        """The module or file of this name; `bases` are the folders of relative paths.

        Raises:
            UsageError: if it does not exist.
        """
        modules = self._modules
        if is_path(text):
            file = modules.file_at(text, bases)
            return ReadModule(modules.module_of(file), file)
        if not all(text.split(".")):
            raise UsageError(f"{text!r} is not a module's full name", hint="write package.module")
        found = modules.find(text)
        if found is not None:
            return ReadModule(text, found)
        beside = modules.cwd / f"{text.replace('.', os.sep)}.py"
        if bases is None and os.path.isfile(beside):
            return ReadModule(modules.module_of(beside), beside)
        if modules.find(text.partition(".")[0]) is not None:
            raise UsageError(
                f"there is no module {text} in {modules.listed(modules.import_paths)}", step=Step.CHECK_MODULE
            )
        return ForeignModule(text)

    def _configured(self, text: str) -> Place:
        if ":" not in text:
            return self.named(text, (self._modules.root, self._modules.cwd))
        module, _, name = self.full_address(text).partition(":")
        return OneFactory(module, name, self._modules.file_of(module))

    def _usual(self) -> list[Place]:
        found: dict[Place, None] = {}
        for text in DEFAULT_FACTORIES:
            # The current folder counts even where the project's root is further up.
            beside = self._modules.cwd / f"{text}.py"
            for file in (self._modules.find(text), beside if os.path.isfile(beside) else None):
                if file is not None:
                    name = self._modules.module_of(file)
                    found[ReadModule(name, self._modules.file_of(name) or file)] = None
        return list(found)
