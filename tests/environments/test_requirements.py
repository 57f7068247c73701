from __future__ import annotations

from package_index import add_wheel

from seedreg.environments.uv import Uv

from .shop import Shop, distributions, no_uv


def test_a_requirements_file_includes_others_and_is_read_again_when_one_changes(shop: Shop) -> None:
    (shop.root / "sub").mkdir()
    (shop.root / "all.txt").write_text("# all\n-r sub/some.txt\n--constraint=sub/limits.txt\n")
    (shop.root / "sub" / "some.txt").write_text("-r more.txt\n")
    (shop.root / "sub" / "more.txt").write_text("alpha\n")
    (shop.root / "sub" / "limits.txt").write_text("alpha<2\n")
    first = shop.made(requirements="all.txt")
    assert distributions(first) == ["alpha-1.0", "beta-1.0"]
    assert shop.made(requirements="all.txt", uv=Uv(shop.root, shop.environ, no_uv)) == first
    (shop.root / "sub" / "limits.txt").write_text("")
    second = shop.made(requirements="all.txt")
    assert distributions(second) == ["alpha-2.0", "beta-2.0"]
    (shop.root / "sub" / "more.txt").write_text("beta\n")
    assert distributions(shop.made(requirements="all.txt")) == ["beta-2.0"]


def test_hashes_are_checked_even_if_the_same_releases_are_in_the_cache(shop: Shop) -> None:
    shop.made("alpha==1.0", "beta==1.0")
    zeros = "0" * 64
    (shop.root / "locked.txt").write_text(f"alpha==1.0 --hash=sha256:{zeros}\nbeta==1.0\n")
    message, _ = shop.failure(requirements="locked.txt")
    assert message.startswith("environment old could not be created: Failed to download `alpha==1.0`")
    assert "Hash mismatch" in message


def test_a_wheel_that_was_built_again_gives_another_environment(shop: Shop) -> None:
    wheel = add_wheel(shop.root / "dist", "mine", "1.0", {"mine.py": "NUMBER = 1"})
    first = shop.made("./dist/mine-1.0-py3-none-any.whl")
    assert shop.made("./dist/mine-1.0-py3-none-any.whl") == first
    add_wheel(shop.root / "dist", "mine", "1.0", {"mine.py": "NUMBER = 22"})
    second = shop.made("./dist/mine-1.0-py3-none-any.whl")
    assert second != first
    assert "NUMBER = 22" in next(second.glob("lib/*/site-packages/mine.py")).read_text()
    assert wheel.exists()


def test_a_folder_whose_content_may_change_unseen_is_refused(shop: Shop) -> None:
    (shop.root / "mine").mkdir()
    (shop.root / "mine" / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "b"\nbackend-path = ["."]\n'
        '[project]\nname = "mine"\nversion = "1.0"\n'
    )
    assert shop.failure("./mine") == (
        "environment old holds the folder ./mine, whose content may change unseen",
        "put `-e FOLDER` into a requirements file, or name a wheel of it",
    )


def test_requirements_that_do_not_fit_are_an_error_in_uvs_words(shop: Shop) -> None:
    message, hint = shop.failure("alpha==1.0", "beta==2.0")
    assert message.startswith("environment old could not be resolved: No solution found")
    words = " ".join(message.split())
    assert "require beta==2.0, we can conclude that your requirements are unsatisfiable" in words
    assert hint is None
    message, _ = shop.failure("alpha = 1")
    assert "no such comparison operator" in message
    assert not list(shop.folder.glob("env-*"))


def test_no_such_requirements_file(shop: Shop) -> None:
    assert shop.failure(requirements="no.txt")[0] == f"there is no requirements file {shop.root}/no.txt"
    assert shop.failure(requirements=".")[0] == f"there is no requirements file {shop.root}"
    (shop.root / "all.txt").write_text("-r no.txt\n")
    assert "no.txt" in shop.failure(requirements="all.txt")[0]
