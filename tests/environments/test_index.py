from __future__ import annotations

import pytest

from seedreg.environments.index import is_version, normal_name, version_key


def test_versions_are_sorted_as_pep_440_does() -> None:
    # The order of the examples in PEP 440.
    ordered = (
        "1.dev0 1.0.dev456 1.0a1 1.0a2.dev456 1.0a12.dev456 1.0a12 1.0b1.dev456 1.0b2 1.0b2.post345.dev456"
    )
    ordered += (
        " 1.0b2.post345 1.0rc1.dev456 1.0rc1 1.0 1.0+abc.5 1.0+abc.7 1.0.post456.dev34 1.0.post456 1.0.15"
    )
    ordered += " 1.1.dev1 2.9 2.10 1!0.1"
    versions = ordered.split()
    shuffled = versions[1::2] + versions[::2]
    assert sorted(shuffled, key=version_key) == versions


@pytest.mark.parametrize(
    ("one", "other"), [("2.15", "2.15.0"), ("1.0RC1", "1.0.rc1"), ("1.0-1", "1.0.post1")]
)
def test_versions_that_are_written_in_two_ways_are_the_same(one: str, other: str) -> None:
    assert version_key(one) == version_key(other)


def test_what_is_no_version_is_told() -> None:
    assert is_version("3.4.1")
    assert not is_version("latest")
    assert version_key("latest") < version_key("0")


def test_names_are_compared_as_indexes_do() -> None:
    assert normal_name("Tf_Keras.x") == "tf-keras-x"
