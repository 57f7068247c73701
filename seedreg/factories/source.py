"""What a Python file binds at its top level, read from its text: user code is never imported here."""

from __future__ import annotations

import ast
import enum
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from seedreg.errors import UsageError
from seedreg.factories.signature import docline_of, signature_of

_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.UnaryOp, ast.BinOp)


class FactoryKind(enum.Enum):
    """What a name is bound to: `NAME` was assigned, or imported from where nothing more is known."""

    FUNCTION = "function"
    CLASS = "class"
    NAME = "name"


@dataclass(frozen=True)
class Defined:
    """A name that a file defines; `line` counts from 1."""

    name: str
    file: Path
    line: int
    kind: FactoryKind = FactoryKind.NAME
    signature: str = ""
    docline: str | None = None


@dataclass(frozen=True)
class Constant:
    """A name that is bound to something that cannot be called."""

    name: str


@dataclass(frozen=True)
class Imported:
    """`from module import original as name`; `module` is empty in `from . import name`."""

    name: str
    file: Path
    line: int
    level: int
    module: str
    original: str


Binding: TypeAlias = Defined | Constant | Imported


@dataclass(frozen=True)
class Source:
    """What one file binds; `exported` is its literal `__all__`, None without one.

    `modules` are the names that `import a.b` and `import c as d` bind; `aliases` the other names that
    `name = a.b.c` gives to things, as their parts.
    """

    bindings: dict[str, Binding]
    stars: tuple[Imported, ...]
    exported: tuple[str, ...] | None
    modules: frozenset[str] = frozenset()
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_source(file: Path) -> Source:
    """What the file binds at its top level.

    Raises:
        UsageError: if it cannot be read, or is not valid Python.
    """
    bindings: dict[str, Binding] = {}
    stars: list[Imported] = []
    exported: tuple[str, ...] | None = None
    modules: set[str] = set()
    aliases: dict[str, tuple[str, ...]] = {}
    for statement in _statements(_parse(file).body):
        for binding in _bindings(statement, file):
            if isinstance(binding, Imported) and binding.name == "*":
                stars.append(binding)
            elif _has_body(binding) or not _has_body(bindings.get(binding.name)):
                # `build = cached(build)` keeps the signature of the function it wraps.
                bindings[binding.name] = binding
        match statement:
            case ast.Import(names):
                modules.update(alias.asname or alias.name.partition(".")[0] for alias in names)
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List() | ast.Tuple() as value):
                texts = [item.value for item in value.elts if isinstance(item, ast.Constant)]
                exported = tuple(text for text in texts if isinstance(text, str))
            case ast.Assign(targets=targets, value=ast.Attribute() | ast.Name() as value):
                others = [target.id for target in targets if isinstance(target, ast.Name)]
                aliases.update(dict.fromkeys(others, tuple(ast.unparse(value).split("."))))
    return Source(bindings, tuple(stars), exported, frozenset(modules), aliases)


def has_member(file: Path, parts: Sequence[str]) -> bool:
    """Whether the file defines `Outer.Inner.name`, and not as another name for something.

    One name alone counts however it is bound.

    Raises:
        UsageError: if it cannot be read, or is not valid Python.
    """
    *classes, last = parts
    body: Iterable[ast.stmt] = _parse(file).body if classes else ()
    for name in classes:
        found = [one for one in _statements(body) if isinstance(one, ast.ClassDef) and one.name == name]
        if not found:
            return False
        body = found[-1].body
    return not classes or any(
        last == one.name
        for each in _statements(body)
        if not isinstance(getattr(each, "value", None), (ast.Attribute, ast.Name))
        for one in _bindings(each, file)
    )


def _parse(file: Path) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a "\d" in user code is not this command's business
            return ast.parse(file.read_bytes(), filename=str(file))
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


def _has_body(binding: Binding | None) -> bool:
    """Whether it is a function or a class."""
    return isinstance(binding, Defined) and binding.kind is not FactoryKind.NAME


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Every statement that runs when the module is imported, outside functions and classes."""
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
    match test:
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return True
        case ast.Compare(left=ast.Name(id="__name__"), ops=[ast.Eq()]):
            return True
    return False


def _bindings(statement: ast.stmt, file: Path) -> Iterator[Binding]:
    """What one statement adds to a module's names."""
    line = statement.lineno
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            signature = signature_of(statement)
            yield Defined(statement.name, file, line, FactoryKind.FUNCTION, signature, docline_of(statement))
        case ast.ClassDef():
            signature = signature_of(statement)
            yield Defined(statement.name, file, line, FactoryKind.CLASS, signature, docline_of(statement))
        case ast.ImportFrom() if statement.module != "__future__":
            for alias in statement.names:
                name = alias.asname or alias.name
                yield Imported(name, file, line, statement.level, statement.module or "", alias.name)
        case ast.Assign() | ast.AnnAssign() if statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            constant = isinstance(statement.value, (ast.Constant, ast.JoinedStr, *_DISPLAYS))
            for target in targets:
                for node in ast.walk(target):
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                        yield Constant(node.id) if constant else Defined(node.id, file, line)
