"""What people may write for a factory, and the address that it means.

User code is read with `ast` and never imported: the models live in another interpreter.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seedreg.config import DEFAULT_FACTORIES, Config
from seedreg.errors import UsageError

if TYPE_CHECKING:
    import ast

_FORMS = "package.module:{name} or path/to/file.py:{name}"
_MAX_DEFAULT_LENGTH = 40


@dataclass(frozen=True)
class Candidate:
    """Something that a bare name could mean.

    `kind` is `function`, `class` or `name` (assigned, or imported from where nothing more is known).
    `file` and `line` (from 1) are where it is defined, also when `address` reaches it through a
    re-export. `signature` is text such as `(width=8, seed)`, empty where it is not known; `docline`
    is the first line of the docstring.
    """

    name: str
    address: str
    file: Path
    line: int
    signature: str
    kind: str
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
    if not text.strip(": ") or any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in text):
        raise UsageError(f"{text!r} names no factory", hint=f"write {_FORMS.format(name='build_model')}")
    project = _Project(config, cwd or config.root)
    if ":" in text:
        return project.full_address(text)
    if _is_path(text):
        where = project.place(text)
        names = [found.address for found in project.candidates([where]) if found.kind != "name"]
        raise UsageError(
            f"{text!r} names a file, and no factory in it",
            hint=f"write {' or '.join(names[:3]) or f'{text}:build_model'}",
        )
    return project.look_up(_checked_name(text, text), module)


def candidates(
    config: Config, module: str | None = None, *, cwd: Path | None = None
) -> tuple[Candidate, ...]:
    """The public factories that bare names could mean: functions and classes first, then other names.

    Raises:
        UsageError: if `module` does not exist, or a file that has to be read is not valid Python.
    """
    project = _Project(config, cwd or config.root)
    found = project.candidates(project.places(module))
    return tuple(sorted(found, key=lambda candidate: candidate.kind == "name"))


@dataclass(frozen=True)
class _Import:
    """`from module import name`; `module` is empty in `from . import name`."""

    level: int
    module: str
    name: str


@dataclass(frozen=True)
class _Binding:
    """A name at the top level of a file. `constant` values cannot be called."""

    name: str
    kind: str
    file: Path
    line: int
    signature: str = ""
    docline: str | None = None
    constant: bool = False
    imported: _Import | None = None


@dataclass(frozen=True)
class _Source:
    """What one file binds; `exported` is its literal `__all__`, None without one."""

    bindings: dict[str, _Binding]
    stars: tuple[_Import, ...]
    exported: tuple[str, ...] | None


@dataclass(frozen=True)
class _Place:
    """Where bare names are looked up: `file` is None when its source cannot be found here.

    With `only`, the place is one full address and has just that name.
    """

    module: str
    file: Path | None
    only: str | None = None


class _Project:
    """The files that can be imported in a project, each read once."""

    def __init__(self, config: Config, cwd: Path) -> None:
        self.config = config
        self.cwd = Path(os.path.abspath(cwd))
        self._sources: dict[Path, _Source] = {}

    # Addresses

    def full_address(self, text: str) -> str:
        left, _, right = (part.strip() for part in text.partition(":"))
        name = _checked_name(right, text)
        if not left:
            raise UsageError(f"{text!r} names no module", hint=f"write {_FORMS.format(name=name)}")
        if _is_path(left):
            return f"{self.file_module(self.file(left))}:{name}"
        if not all(left.split(".")) or "\\" in left:
            raise UsageError(
                f"{left!r} in {text!r} is not a module's full name", hint=f"write package.module:{name}"
            )
        return f"{left}:{name}"

    def file(self, text: str, bases: Iterable[Path] | None = None) -> Path:
        """The Python file that a path names; a package's folder names its `__init__.py`."""
        folders = tuple(dict.fromkeys(bases or (self.cwd, self.config.root)))
        written = os.path.expanduser(text)
        paths = [Path(os.path.abspath(os.path.join(folder, written))) for folder in folders]
        for path in paths:
            if os.path.isfile(path / "__init__.py"):
                return path / "__init__.py"
            if os.path.isfile(path) and path.suffix == ".py":
                return path
        for path in paths:
            if os.path.exists(path):
                what = "a folder without __init__.py" if os.path.isdir(path) else "not a .py file"
                raise UsageError(f"{path} is {what}", hint="name a file: path/to/file.py:build_model")
        looked = "" if os.path.isabs(written) else f" in {' or '.join(map(str, folders))}"
        raise UsageError(
            f"there is no file {text}{looked}",
            hint="paths are relative to the current folder or to the project's root",
        )

    def file_module(self, file: Path) -> str:
        """The dotted name by which a file is imported, or its path relative to the project's root."""
        # A folder reached through a symbolic link (macOS's /tmp) still lies in the project.
        for path in dict.fromkeys((file, Path(os.path.realpath(file.parent), file.name))):
            for folder in self.config.import_paths:
                for base in dict.fromkeys((folder, Path(os.path.realpath(folder)))):
                    name = self._dotted(path, base)
                    found = self.find(name) if name else None
                    # Another file may come first on the import path and be the one that the name means.
                    if name and found is not None and os.path.samefile(found, path):
                        return name
        root = self.config.root
        real_root, real_file = Path(os.path.realpath(root)), Path(os.path.realpath(file.parent), file.name)
        if not file.is_relative_to(root) and real_file.is_relative_to(real_root):
            root, file = real_root, real_file
        return Path(os.path.relpath(file, root)).as_posix()

    def _dotted(self, file: Path, base: Path) -> str | None:
        if not file.is_relative_to(base):
            return None
        *folders, stem = file.relative_to(base).with_suffix("").parts
        packages = [base.joinpath(*folders[: depth + 1]) for depth in range(len(folders))]
        parts = folders if stem == "__init__" else [*folders, stem]
        if not parts or not all(part.isidentifier() for part in parts):
            return None
        if not all(os.path.isfile(package / "__init__.py") for package in packages):
            return None
        # A module of that name is in the worker before any project's file can be.
        if parts[0] in sys.stdlib_module_names or parts[0] == "__main__":
            return None
        return ".".join(parts)

    # Bare names

    def places(self, module: str | None) -> list[_Place]:
        """Where a bare name is looked up."""
        if module is not None:
            return [self.place(module.strip())]
        if self.config.factories != DEFAULT_FACTORIES:
            bases = (self.config.root, self.cwd)
            return [self.place(text, bases) for text in self.config.factories]
        found: list[_Place] = []
        for text in DEFAULT_FACTORIES:
            # The folder one stands in counts even where the project's root is further up.
            beside = self.cwd / f"{text}.py"
            files = (self.find(text), beside if os.path.isfile(beside) else None)
            names = (self.file_module(file) for file in files if file is not None)
            found += dict.fromkeys(_Place(name, self._module_file(name)) for name in names)
        return found

    def place(self, text: str, bases: Iterable[Path] | None = None) -> _Place:
        """The place that a setting or `--module` names."""
        if ":" in text:
            if bases is None:
                raise UsageError(
                    f"--module {text!r} is a factory's address, not a module",
                    hint=f"say {text} without --module",
                )
            module, _, name = self.full_address(text).partition(":")
            return _Place(module, self._module_file(module), only=name)
        if _is_path(text):
            file = self.file(text, bases)
            return _Place(self.file_module(file), file)
        if not all(text.split(".")):
            raise UsageError(f"{text!r} is not a module's full name", hint="write package.module")
        found = self.find(text)
        beside = self.cwd / f"{text.replace('.', os.sep)}.py"
        if found is None and bases is None and os.path.isfile(beside):
            return _Place(self.file_module(beside), beside)
        if found is None and self._is_local(text.partition(".")[0]):
            raise UsageError(
                f"there is no module {text} in {self._told(self.config.import_paths)}",
                hint="check the name in --module or in factories of [tool.seedreg]",
            )
        return _Place(text, found)

    def look_up(self, name: str, module: str | None) -> str:
        """The one address that a bare name means."""
        places = self.places(module)
        if not places:
            raise UsageError(
                f"{name!r} could be in any module: there is no models.py or model.py in "
                f"{self._told(dict.fromkeys((self.cwd, *self.config.import_paths)))}",
                hint=f"write {_FORMS.format(name=name)}, or say --module package.module, or set "
                'factories = ["package.module"] in [tool.seedreg] of pyproject.toml',
            )
        first = name.split(".", maxsplit=1)[0]
        found = {
            f"{place.module}:{name}"
            for place in places
            if (place.only == name if place.only else place.file and first in self.names(place.file))
        }
        if not found:
            # An installed package may have any name; it is believed when there is no other choice.
            unread = [place.module for place in places if place.file is None and place.only is None]
            if len(unread) == 1:
                return f"{unread[0]}:{name}"
            raise self._no_factory(name, places)
        if len(found) > 1:
            raise UsageError(
                f"{name!r} fits several factories: {', '.join(sorted(found))}",
                hint="write one of them in full",
            )
        return found.pop()

    def _no_factory(self, name: str, places: list[_Place]) -> UsageError:
        from difflib import get_close_matches

        known = {}
        for place in places:
            if place.only:
                known[place.only] = place.module
            elif place.file:
                known.update(dict.fromkeys(self.names(place.file), place.module))
        near = [f"{known[match]}:{match}" for match in get_close_matches(name, known)]
        advice = f"did you mean {' or '.join(near)}? Otherwise " if near else ""
        module, _, last = name.rpartition(".")
        if not near and module and self.find(module):
            advice = f"did you mean {module}:{last}? Otherwise "
        looked = self._told(dict.fromkeys(place.file or place.module for place in places))
        return UsageError(
            f"there is no factory {name!r} in {looked}",
            hint=f"{advice}write {_FORMS.format(name=name)}",
        )

    def candidates(self, places: list[_Place]) -> list[Candidate]:
        found: dict[str, Candidate] = {}
        for place in places:
            if place.file is None:
                continue
            for name, binding in self.names(place.file).items():
                if name != place.only and (place.only or name.startswith("_")):
                    continue
                origin = self._follow(binding)
                if origin is None or origin.constant:
                    continue
                address = f"{place.module}:{name}"
                found[address] = Candidate(
                    name, address, origin.file, origin.line, origin.signature, origin.kind, origin.docline
                )
        return list(found.values())

    def _told(self, places: Iterable[Path | str]) -> str:
        """Files and folders as people know them: relative to the root where they lie in it."""
        root = self.config.root
        names = [
            place.relative_to(root).as_posix()
            if isinstance(place, Path) and place != root and place.is_relative_to(root)
            else str(place)
            for place in places
        ]
        return " or ".join(names) if len(names) < 3 else f"any of {', '.join(names)}"

    # Modules

    def find(self, dotted: str, folders: Iterable[Path] | None = None) -> Path | None:
        """The source of a module as Python's import would find it; None if there is none in `folders`."""
        searched = list(self.config.import_paths if folders is None else folders)
        file: Path | None = None
        for part in dotted.split("."):
            file, portions = None, []
            for folder in searched:
                if os.path.isfile(folder / part / "__init__.py"):
                    file, portions = folder / part / "__init__.py", [folder / part]
                    break
                if os.path.isfile(folder / f"{part}.py"):
                    file, portions = folder / f"{part}.py", []
                    break
                if os.path.isdir(folder / part):
                    portions.append(folder / part)
            searched = portions
        return file

    def _is_local(self, package: str) -> bool:
        return self.find(package) is not None

    def _module_file(self, module: str) -> Path | None:
        """The file of a canonical address's module part."""
        if _is_path(module):
            return Path(os.path.abspath(self.config.root / module))
        return self.find(module)

    # Names

    def names(self, file: Path, seen: frozenset[Path] = frozenset()) -> dict[str, _Binding]:
        """What a file binds at its top level, with what `from x import *` brings from the project."""
        source = self._source(file)
        found: dict[str, _Binding] = {}
        for star in source.stars:
            target = self._imported_file(file, star)
            if target is None or target in seen | {file}:
                continue
            exported = self._source(target).exported
            found.update(
                (name, binding)
                for name, binding in self.names(target, seen | {file}).items()
                if (not name.startswith("_") if exported is None else name in exported)
            )
        return {**found, **source.bindings}

    def _imported_file(self, file: Path, imported: _Import) -> Path | None:
        """The project's file that a name is imported from; None for other people's modules."""
        if imported.level == 0:
            return self.find(imported.module)
        package = file.parents[min(imported.level, len(file.parents)) - 1]
        if imported.module:
            return self.find(imported.module, [package])
        init = package / "__init__.py"
        return init if os.path.isfile(init) else None

    def _follow(self, binding: _Binding, seen: frozenset[tuple[Path, str]] = frozenset()) -> _Binding | None:
        """The definition behind a re-export; None if it is a module or other people's."""
        imported = binding.imported
        if imported is None or (binding.file, binding.name) in seen:
            return binding
        target = self._imported_file(binding.file, imported)
        if target is None:
            return binding if imported.level and imported.module else None
        try:
            names = self.names(target)
        except UsageError:
            return binding  # the file that was asked for is valid; this one was not asked for
        inner = names.get(imported.name, binding)
        if inner != binding:
            return self._follow(inner, seen | {(binding.file, binding.name)})
        is_module = target.name == "__init__.py" and self.find(imported.name, [target.parent]) is not None
        return None if is_module else binding

    def _source(self, file: Path) -> _Source:
        if file not in self._sources:
            self._sources[file] = _read(file)
        return self._sources[file]


def _is_path(text: str) -> bool:
    return "/" in text or os.sep in text or text.endswith((".py", ".ipynb"))


def _checked_name(name: str, text: str) -> str:
    """The name in the address `text`, as Python itself spells it: two spellings are not two factories."""
    if "@" in name:
        raise UsageError(f"{text!r} is not a factory's address", hint="give the seed by --seed")
    if ":" in name or not all(name.split(".")):
        raise UsageError(
            f"{text!r} is not a factory's address",
            hint=f"write {_FORMS.format(name='build_model')}, with one colon",
        )
    if name.isascii():
        return name
    import unicodedata

    parts = ((part, unicodedata.normalize("NFKC", part)) for part in name.split("."))
    return ".".join(normal if normal.isidentifier() else part for part, normal in parts)


def _read(file: Path) -> _Source:
    import ast
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the user's "\d" is not this command's business
            tree = ast.parse(file.read_bytes(), filename=str(file))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except SyntaxError as error:
        raise UsageError(
            f"{file}, line {error.lineno or 1}: not valid Python "
            f"{sys.version_info[0]}.{sys.version_info[1]}: {error.msg}",
            hint="a factory written in full, package.module:build_model, is found without reading the file",
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise UsageError(f"{file}, line 1: not valid Python: {error}") from error
    bindings: dict[str, _Binding] = {}
    stars: list[_Import] = []
    exported: tuple[str, ...] | None = None
    for statement in _statements(tree.body):
        for binding in _bindings(statement, file):
            if binding.name == "*" and binding.imported:
                stars.append(binding.imported)
            elif binding.kind != "name" or bindings.get(binding.name, binding).kind == "name":
                # `build = cached(build)` keeps the signature of the function it wraps.
                bindings[binding.name] = binding
        match statement:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List() | ast.Tuple() as value):
                texts = [item.value for item in value.elts if isinstance(item, ast.Constant)]
                exported = tuple(text for text in texts if isinstance(text, str))
    return _Source(bindings, tuple(stars), exported)


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Every statement that runs when the module is imported, outside functions and classes."""
    import ast

    for statement in body:
        match statement:
            case ast.If():
                if not _skipped_on_import(statement.test):
                    yield from _statements(statement.body)
                yield from _statements(statement.orelse)
            case ast.Try():
                yield from _statements(statement.body)
                for handler in statement.handlers:
                    yield from _statements(handler.body)
                yield from _statements(statement.orelse)
                yield from _statements(statement.finalbody)
            case ast.With() | ast.For() | ast.While():
                yield from _statements(statement.body)
            case _:
                yield statement


def _skipped_on_import(test: ast.expr) -> bool:
    """Whether it is `TYPE_CHECKING` or `__name__ == "__main__"`."""
    import ast

    match test:
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return True
        case ast.Compare(left=ast.Name(id="__name__"), ops=[ast.Eq()]):
            return True
    return False


def _bindings(statement: ast.stmt, file: Path) -> Iterator[_Binding]:
    """What one statement adds to a module's names."""
    import ast

    displays = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.UnaryOp, ast.BinOp)
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield _Binding(
                statement.name,
                "function",
                file,
                statement.lineno,
                signature=_signature(statement.args),
                docline=_docline(statement),
            )
        case ast.ClassDef():
            inits = [
                member
                for member in statement.body
                if isinstance(member, ast.FunctionDef) and member.name == "__init__"
            ]
            yield _Binding(
                statement.name,
                "class",
                file,
                statement.lineno,
                signature=_signature(inits[-1].args, bound=True) if inits else "",
                docline=_docline(statement),
            )
        case ast.ImportFrom() if statement.module != "__future__":
            for alias in statement.names:
                imported = _Import(statement.level, statement.module or "", alias.name)
                name = alias.asname or alias.name
                yield _Binding(name, "name", file, statement.lineno, imported=imported)
        case ast.Assign() | ast.AnnAssign() if statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            constant = isinstance(statement.value, (ast.Constant, ast.JoinedStr, *displays))
            for target in targets:
                for node in ast.walk(target):
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                        yield _Binding(node.id, "name", file, statement.lineno, constant=constant)


def _signature(arguments: ast.arguments, *, bound: bool = False) -> str:
    """`(width=8, *, seed)`: the parameters without annotations; `bound` leaves out the first."""
    import ast

    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    defaults += arguments.defaults

    def told(argument: ast.arg, default: ast.expr | None) -> str:
        if default is None:
            return argument.arg
        text = ast.unparse(default)
        return f"{argument.arg}={text if len(text) <= _MAX_DEFAULT_LENGTH else '…'}"

    parts = [told(*pair) for pair in zip(positional, defaults, strict=True)]
    if arguments.posonlyargs:
        parts.insert(len(arguments.posonlyargs), "/")
    if arguments.vararg:
        parts.append(f"*{arguments.vararg.arg}")
    elif arguments.kwonlyargs:
        parts.append("*")
    parts += [told(*pair) for pair in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    if arguments.kwarg:
        parts.append(f"**{arguments.kwarg.arg}")
    if bound and positional:
        # `self` goes, and with it a slash that nothing is left before.
        parts = parts[2:] if len(arguments.posonlyargs) == 1 else parts[1:]
    return f"({', '.join(parts)})"


def _docline(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str | None:
    import ast

    lines = (ast.get_docstring(node) or "").strip().splitlines()
    return lines[0] if lines else None
