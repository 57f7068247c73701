"""What people may write for a factory, and the address that it means.

User code is read and never imported: the models live in another interpreter.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from seedreg.config import Config
from seedreg.errors import Step, UsageError
from seedreg.factories.address import FORMS, checked_name, is_path, is_unprintable
from seedreg.factories.modules import Modules
from seedreg.factories.names import Names
from seedreg.factories.places import ForeignModule, OneFactory, Place, Places, ReadModule
from seedreg.factories.source import Constant, Defined, FactoryKind, Imported


@dataclass(frozen=True)
class Candidate:
    """Something that a bare name could mean.

    `file` and `line` (from 1) are where it is defined, also when `address` reaches it through a
    re-export. `signature` is text such as `(width=8, seed)`, empty where it is not known; `docline`
    is the first line of the docstring.
    """

    name: str
    address: str
    file: Path
    line: int
    signature: str
    kind: FactoryKind
    docline: str | None


def canonical_address(
    text: str, config: Config, module: str | None = None, *, cwd: Path | None = None
) -> str:
    """The full address of the factory that `text` names, as a recipe stores it.

    That is `package.module:name`, or `path/file.py:name` relative to the project's root for a file
    that cannot be imported by name.

    Args:
        text: a full address, or a bare name.
        config: where modules are found, and in which of them bare names are looked up.
        module: the one module (dotted name or path) in which a bare name is looked up instead.
        cwd: what relative paths are tried against first; the project's root comes second.

    Raises:
        UsageError: if it is no address, its file does not exist, a bare name fits no or several
            factories, or a file that has to be read for a bare name is not valid Python.
    """
    text = text.strip()
    if not text.strip(": ") or is_unprintable(text):
        raise UsageError(f"{text!r} names no factory", hint=f"write {FORMS.format(name='build_model')}")
    lookup = _Lookup(config, cwd)
    if ":" in text:
        return lookup.places.full_address(text)
    if is_path(text):
        found = lookup.candidates([lookup.places.named(text)])
        names = [one.address for one in found if one.kind is not FactoryKind.NAME]
        raise UsageError(
            f"{text!r} names a file, and no factory in it",
            hint=f"write {' or '.join(names[:3]) or f'{text}:build_model'}",
        )
    return lookup.bare(checked_name(text, text), module)


def candidates(
    config: Config, module: str | None = None, *, cwd: Path | None = None
) -> tuple[Candidate, ...]:
    """The public factories that bare names could mean: functions and classes first, then other names.

    Raises:
        UsageError: if `module` does not exist, or a file that has to be read is not valid Python.
    """
    lookup = _Lookup(config, cwd)
    found = lookup.candidates(lookup.places.all(module))
    return tuple(sorted(found, key=lambda candidate: candidate.kind is FactoryKind.NAME))


class _Lookup:
    """Looks up bare names in one project."""

    def __init__(self, config: Config, cwd: Path | None) -> None:
        self._modules = Modules(config.root, config.import_paths, cwd or config.root)
        self._names = Names(self._modules)
        self.places = Places(self._modules, config.factories)

    def bare(self, name: str, module: str | None) -> str:
        """The one address that a bare name means."""
        places = self.places.all(module)
        if not places:
            folders = dict.fromkeys((self._modules.cwd, *self._modules.import_paths))
            raise UsageError(
                f"{name!r} could be in any module: there is no models.py or model.py in "
                f"{self._modules.listed(folders)}",
                step=Step.NAME_MODULE,
                name=name,
            )
        found = {f"{place.module}:{name}" for place in places if self._has(place, name)}
        if not found:
            # An installed package may have any name; it is believed when there is no other choice.
            foreign = [place.module for place in places if isinstance(place, ForeignModule)]
            if len(foreign) == 1:
                return f"{foreign[0]}:{name}"
            raise self._no_factory(name, places)
        if len(found) > 1:
            raise UsageError(
                f"{name!r} fits several factories: {', '.join(sorted(found))}",
                hint="write one of them in full",
            )
        return found.pop()

    def candidates(self, places: list[Place]) -> list[Candidate]:
        """What is public in the places, each address once."""
        found: dict[str, Candidate] = {}
        for place in places:
            if isinstance(place, ForeignModule) or place.file is None:
                continue
            only = place.name if isinstance(place, OneFactory) else None
            for name, binding in self._names.of(place.file).items():
                if name != only and (only or name.startswith("_")):
                    continue
                address = f"{place.module}:{name}"
                match self._names.origin(binding):
                    case Defined(_, file, line, kind, signature, docline):
                        found[address] = Candidate(name, address, file, line, signature, kind, docline)
                    case Imported(_, file, line):
                        found[address] = Candidate(name, address, file, line, "", FactoryKind.NAME, None)
                    case Constant() | None:
                        pass
        return list(found.values())

    def _has(self, place: Place, name: str) -> bool:
        match place:
            case OneFactory():
                return place.name == name
            case ReadModule():
                return name.split(".", maxsplit=1)[0] in self._names.of(place.file)
            case ForeignModule():
                return False

    def _no_factory(self, name: str, places: list[Place]) -> UsageError:
        known: dict[str, str] = {}
        looked: list[Path | str] = []
        for place in places:
            match place:
                case OneFactory():
                    known[place.name] = place.module
                    looked.append(place.file or place.module)
                case ReadModule():
                    known.update(dict.fromkeys(self._names.of(place.file), place.module))
                    looked.append(place.file)
                case ForeignModule():
                    looked.append(place.module)
        near = [f"{known[match]}:{match}" for match in get_close_matches(name, known)]
        module, _, last = name.rpartition(".")
        if not near and module and self._modules.find(module):
            near = [f"{module}:{last}"]
        advice = f"did you mean {' or '.join(near)}? Otherwise " if near else ""
        return UsageError(
            f"there is no factory {name!r} in {self._modules.listed(dict.fromkeys(looked))}",
            hint=f"{advice}write {FORMS.format(name=name)}",
        )
