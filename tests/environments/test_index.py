from __future__ import annotations

import sys
from pathlib import Path

import pytest
from package_index import add_wheel

from seedreg.environments.index import PackageIndex
from seedreg.errors import EnvironmentFailed, EnvironmentProblem

from .shop import Shop

PINS = (("alpha", "1.0"), ("beta", "1.0"))


@pytest.fixture
def index(shop: Shop) -> PackageIndex:
    for version in ("1.1rc1", "1.1", "1.10", "1.2+9", "1.2+10"):
        add_wheel(shop.index, "alpha", version, {"alpha.py": ""}, ["beta"])
    return PackageIndex(shop.uv())


@pytest.mark.parametrize(("first", "last"), [("1.0", "1.10"), ("1.10", "1.0")])
def test_releases_are_listed_in_the_order_of_pep_440(index: PackageIndex, first: str, last: str) -> None:
    assert index.releases("alpha", first, last, sys.executable) == ("1.0", "1.1", "1.2+10", "1.10")


def test_both_ends_are_listed_even_if_the_index_does_not_have_them(index: PackageIndex) -> None:
    assert index.releases("Alpha", "0.9", "1.1rc1", sys.executable) == ("0.9", "1.0", "1.1rc1")


def test_a_package_that_the_index_does_not_have_is_an_error(index: PackageIndex) -> None:
    with pytest.raises(EnvironmentFailed) as caught:
        index.releases("gamma", "1.0", "2.0", sys.executable)
    assert (caught.value.problem, caught.value.facts["package"]) == (EnvironmentProblem.NO_RELEASES, "gamma")
    assert "gamma was not found in the package registry" in str(caught.value.facts["words"])


def test_missing_versions_are_named_with_the_words_of_uv(index: PackageIndex) -> None:
    assert index.missing(PINS, sys.executable) == {}
    missing = index.missing((*PINS, ("alpha", "7.0")), sys.executable)
    assert list(missing) == ["alpha"]
    assert "there is no version of alpha==7.0" in missing["alpha"]


def test_other_pins_move_only_where_the_new_version_demands_it(index: PackageIndex) -> None:
    pins = index.resolve_near(PINS, "alpha", "1.1", sys.executable)
    assert pins == (("alpha", "1.1"), ("beta", "1.0"))
    newer = index.resolve_near((("alpha", "2.0"), ("beta", "2.0")), "alpha", "1.0", sys.executable)
    assert newer == (("alpha", "1.0"), ("beta", "1.0"))


def test_a_version_that_fits_nothing_is_an_error(index: PackageIndex) -> None:
    with pytest.raises(EnvironmentFailed) as caught:
        index.resolve_near(PINS, "alpha", "7.0", sys.executable)
    assert caught.value.problem is EnvironmentProblem.VERSION_UNRESOLVED
    assert caught.value.message.startswith("alpha 7.0 could not be resolved: ")


def test_a_uv_that_cannot_be_run_is_no_answer_of_the_index(shop: Shop, tmp_path: Path) -> None:
    index = PackageIndex(shop.uv(str(tmp_path / "no-uv")))
    with pytest.raises(EnvironmentFailed) as caught:
        index.missing(PINS, sys.executable)
    assert (caught.value.problem, caught.value.facts) == (
        EnvironmentProblem.UV_NOT_RUNNABLE,
        {"uv": str(tmp_path / "no-uv"), "error": "No such file or directory"},
    )
