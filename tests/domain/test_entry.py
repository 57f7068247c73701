"""Entries, and the names that people give them."""

from __future__ import annotations

import pytest

from seedreg.domain.entry import Entry, check_name, looks_like_id
from seedreg.domain.recipe import Recipe
from seedreg.errors import UsageError


def test_entry_is_named_by_the_beginning_of_its_id() -> None:
    recipe = Recipe("project", "pkg.models:build", 2**32 - 1)
    entry = Entry(recipe, "2026-01-01T00:00:00Z")
    assert (entry.id, entry.short_id) == (recipe.id, recipe.id[:12])
    assert entry.recipe.label == "pkg.models:build@4294967295"


@pytest.mark.parametrize("name", ["", " ", "a b", "a:b", "a@b", "a,b", "a\tb", "a\u00a0b"])
@pytest.mark.parametrize("kind", ["alias", "tag"])
def test_name_that_reads_as_another_selector_is_refused(kind: str, name: str) -> None:
    with pytest.raises(UsageError):
        check_name(kind, name)


def test_alias_must_not_read_as_an_id() -> None:
    assert [name for name in ("dead", "beefcafe", "0123") if looks_like_id(name)] == [
        "dead",
        "beefcafe",
        "0123",
    ]
    with pytest.raises(UsageError, match="could be mistaken"):
        check_name("alias", "cafe")
    assert check_name("tag", "cafe") == "cafe"
    assert check_name("alias", "abc") == "abc"
