"""How a function or class is called and what its docstring begins with, as text."""

from __future__ import annotations

import ast
from typing import TypeAlias

_MAX_DEFAULT_LENGTH = 40
_Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def signature_of(node: _Definition) -> str:
    """`(width=8, *, seed)`: the parameters without annotations; empty for a class without `__init__`."""
    if not isinstance(node, ast.ClassDef):
        return _signature(node.args)
    members = [member for member in node.body if isinstance(member, ast.FunctionDef)]
    inits = [member for member in members if member.name == "__init__"]
    return _signature(inits[-1].args, bound=True) if inits else ""


def docline_of(node: _Definition) -> str | None:
    """The first line of the docstring."""
    lines = (ast.get_docstring(node) or "").strip().splitlines()
    return lines[0] if lines else None


def _signature(arguments: ast.arguments, *, bound: bool = False) -> str:
    """The parameters; `bound` leaves out the first."""
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    defaults += arguments.defaults
    parts = [_parameter(*pair) for pair in zip(positional, defaults, strict=True)]
    if arguments.posonlyargs:
        parts.insert(len(arguments.posonlyargs), "/")
    if arguments.vararg:
        parts.append(f"*{arguments.vararg.arg}")
    elif arguments.kwonlyargs:
        parts.append("*")
    parts += [_parameter(*pair) for pair in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    if arguments.kwarg:
        parts.append(f"**{arguments.kwarg.arg}")
    if bound and positional:
        # `self` goes, and with it a slash that would come first.
        parts = parts[2:] if len(arguments.posonlyargs) == 1 else parts[1:]
    return f"({', '.join(parts)})"


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    if default is None:
        return argument.arg
    text = ast.unparse(default)
    return f"{argument.arg}={text if len(text) <= _MAX_DEFAULT_LENGTH else '…'}"
