"""Links of the pages lead somewhere, and the list of pages is complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from . import pages


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    fenced = re.sub(r"^```.*?^```$", "", pages.text(page), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", fenced, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages.pages(), ids=str)
def test_links_lead_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", pages.text(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (pages.ROOT / page.parent / path).resolve() if path else pages.ROOT / page
        if not file.exists() or (anchor and anchor not in anchors(file.relative_to(pages.ROOT))):
            broken.append(target)
    assert broken == []


def test_every_page_of_the_documentation_is_listed() -> None:
    listed = {
        (pages.ROOT / "docs" / one).resolve()
        for one in re.findall(r"\]\(([^)#]+)", pages.text("docs/README.md"))
    }
    unlisted = [
        str(one) for one in pages.pages() if one.parts[0] == "docs" and (pages.ROOT / one) not in listed
    ]
    assert unlisted == ["docs/README.md"]


def test_the_readme_is_a_front_door() -> None:
    assert len(pages.text("README.md").splitlines()) <= 110
