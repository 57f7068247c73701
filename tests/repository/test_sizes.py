"""Files and functions of the package stay short enough to be read at once."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator

from . import pages

MEDIAN_LINES = 110
FILE_LINES = 400
FUNCTION_LINES = 60
_REASON = "# Long because "  # at the head of a file that is longer


def files() -> dict[str, str]:
    """Every module of the package with its text; a package's empty `__init__.py` is none."""
    found = sorted((pages.ROOT / "seedreg").rglob("*.py"))
    texts = {str(path.relative_to(pages.ROOT)): path.read_text(encoding="utf-8") for path in found}
    return {name: text for name, text in texts.items() if text.strip()}


def functions() -> Iterator[tuple[str, int]]:
    """Every function with the number of its lines from `def` on: the options of a command stand before it."""
    for name, text in files().items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{name}: {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def has_reason(text: str) -> bool:
    return any(line.startswith(_REASON) for line in text.splitlines()[:25])


def test_no_file_is_long_without_a_reason() -> None:
    lines = {name: len(text.splitlines()) for name, text in files().items() if not has_reason(text)}
    assert {name: count for name, count in lines.items() if count > FILE_LINES} == {}


def test_half_of_the_files_are_short() -> None:
    assert statistics.median(len(text.splitlines()) for text in files().values()) <= MEDIAN_LINES


def test_no_function_is_long() -> None:
    assert {name: lines for name, lines in functions() if lines > FUNCTION_LINES} == {}
