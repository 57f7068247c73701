from __future__ import annotations

import itertools

import pytest

from seedreg.environments.versions import version_key

# In the order of PEP 440: its own examples, and local versions, whose numbers are compared as numbers.
ORDERED = """
1.dev0 1.0.dev456 1.0a1 1.0a2.dev456 1.0a12.dev456 1.0a12 1.0b1.dev456 1.0b2 1.0b2.post345.dev456
1.0b2.post345 1.0rc1.dev456 1.0rc1 1.0 1.0+abc.5 1.0+abc.7 1.0+5 1.0+9 1.0+10 1.0.post456.dev34
1.0.post456 1.0.15 1.1.dev1 2.9 2.10 1!0.1
"""


def test_each_two_versions_are_in_the_order_of_pep_440() -> None:
    pairs = list(itertools.combinations(ORDERED.split(), 2))
    wrong = [(smaller, larger) for smaller, larger in pairs if not version_key(smaller) < version_key(larger)]
    assert (len(pairs), wrong) == (300, [])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2.15", "2.15.0"),
        ("1.0RC1", "1.0.rc1"),
        ("1.0-1", "1.0.post1"),
        ("1.0+ubuntu-1", "1.0+ubuntu.1"),
        ("v1.0", " 1.0 "),
    ],
)
def test_versions_that_are_written_in_two_ways_are_the_same(one: str, other: str) -> None:
    assert version_key(one) == version_key(other)


def test_text_that_is_no_version_comes_before_all_versions_in_alphabetical_order() -> None:
    mixed = ["2.0", "latest", "1.0", "", "0.1-bumpversion-dirty.x+", "master"]
    assert sorted(mixed, key=version_key) == [
        "",
        "0.1-bumpversion-dirty.x+",
        "latest",
        "master",
        "1.0",
        "2.0",
    ]
