"""The repository's own Markdown pages, read for what tests compare with the program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_IGNORED = {".venv", "node_modules"}


def pages() -> list[Path]:
    """Every Markdown page, relative to the repository's root."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
    return sorted(path.relative_to(ROOT) for path in found)


def text(page: str | Path) -> str:
    """The page, read."""
    return (ROOT / page).read_text(encoding="utf-8")


def table(page: str, *headings: str) -> list[list[str]]:
    """The rows of the first table of the page with these headings, each cell as it is written."""
    lines = iter(text(page).splitlines())
    for line in lines:
        if tuple(_cells(line)) == headings:
            next(lines)
            break
    else:
        raise AssertionError(f"{page} has no table {headings}")
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append(_cells(line))
    return rows


def code(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def blocks(page: str | Path) -> Iterator[tuple[str, str, str]]:
    """Each fenced block: the comment on the line before it, its language, its text."""
    before = ""
    inside: list[str] | None = None
    language = ""
    for line in text(page).splitlines():
        if inside is None and line.lstrip().startswith("```"):
            inside, language = [], line.strip().removeprefix("```")
        elif inside is not None and line.strip() == "```":
            yield before, language, "".join(f"{one}\n" for one in inside)
            inside, before = None, ""
        elif inside is not None:
            inside.append(line)
        elif line.strip():
            before = line.strip()


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))] if "|" in line else []
