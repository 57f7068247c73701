from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from package_index import add_wheel

from seedreg.environments.notices import Creating
from seedreg.environments.uv import Uv
from seedreg.errors import Step

from .shop import DAY_S, VERSION, Shop, distributions, no_uv


def unused(shop: Shop) -> Uv:
    return Uv(shop.root, shop.environ, no_uv)


def test_an_environment_holds_what_was_asked_for_and_nothing_else(shop: Shop) -> None:
    held = shop.open("alpha==1.*")
    done = subprocess.run(
        [held.python, "-c", "import alpha, sys; print(alpha.VERSION, sys.prefix)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"1 {Path(held.python).parents[1]}\n"
    assert distributions(Path(held.python).parents[1]) == ["alpha-1.0", "beta-1.0"]
    assert shop.notices == [Creating("old", 2, VERSION)]
    assert held.is_intact()
    held.close()


def test_the_second_use_asks_neither_uv_nor_the_interpreter(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = shop.made("alpha==1.*")
    shop.notices.clear()
    monkeypatch.setattr(subprocess, "Popen", None)  # nothing at all is started
    assert shop.made("alpha==1.*", uv=unused(shop)) == first
    assert shop.notices == []


def test_specifications_that_resolve_to_the_same_share_one_environment(shop: Shop) -> None:
    assert shop.made("alpha==1.*") == shop.made("alpha<2", "beta") != shop.made("alpha")


def test_exact_packages_are_installed_even_if_they_contradict_each_other(shop: Shop) -> None:
    assert distributions(shop.made("alpha==1.0", "beta==2.0", exact=True)) == ["alpha-1.0", "beta-2.0"]
    assert distributions(shop.made("alpha==1.0", exact=True)) == ["alpha-1.0"]


def test_a_limited_resolution_is_remembered_longer_than_a_day(shop: Shop) -> None:
    first = shop.made("alpha")
    limited = shop.made("alpha==1.0", exclude_newer="2020-02-01")
    add_wheel(shop.index, "alpha", "3.0", {"alpha.py": "VERSION = 3"})
    assert shop.made("alpha", uv=unused(shop)) == first
    shop.now_s = time.time() + 2 * DAY_S
    assert distributions(shop.made("alpha")) == ["alpha-3.0"]
    assert shop.made("alpha==1.0", exclude_newer="2020-02-01", uv=unused(shop)) == limited


def test_a_cache_that_cannot_be_written_is_an_error(shop: Shop) -> None:
    shop.folder.write_text("a file")
    assert shop.failure("alpha") == (
        f"the environment cache {shop.folder} cannot be written: Not a directory",
        Step.FREE_CACHE,
    )


def test_a_cache_that_can_only_be_read_is_good_to_build_in(shop: Shop) -> None:
    first = shop.made("alpha")
    shutil.rmtree(shop.folder / "locks")
    (shop.folder / "locks").write_text("no lock can be made")
    assert shop.made("alpha", uv=unused(shop)) == first


def test_a_deleted_environment_is_created_again(shop: Shop) -> None:
    first = shop.made("alpha")
    shutil.rmtree(first)
    assert shop.made("alpha") == first
    (first / "seedreg.json").unlink()  # as a deletion leaves it that was cut off
    assert distributions(shop.made("alpha")) == ["alpha-2.0", "beta-2.0"]
    assert (first / "seedreg.json").exists()


def test_an_environment_whose_python_is_gone_is_created_again(shop: Shop) -> None:
    first = shop.made("alpha")
    (first / "bin" / "python").unlink()
    (first / "bin" / "python").symlink_to("/no/such/python")
    assert shop.cache().entries() == []
    assert shop.made("alpha") == first
    assert os.path.exists(first / "bin" / "python")
