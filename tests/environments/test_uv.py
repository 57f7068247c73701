from __future__ import annotations

import sys

import pytest

from seedreg.domain.environment_spec import ExistingPython, MadeEnvironment
from seedreg.environments.uv import find_uv
from seedreg.errors import EnvironmentFailed, Step, UsageError

from .shop import Shop


def test_without_uv_the_error_names_the_command_that_installs_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    with pytest.raises(UsageError) as caught:
        find_uv({"PATH": str(shop.root)})
    assert (caught.value.message, caught.value.hint) == (
        "uv, which creates environments, is not installed",
        "pip install 'seedreg[envs]'",
    )
    uv = shop.script("uv", "exit 0")
    assert find_uv({"PATH": str(shop.root)}) == uv


def test_a_uv_that_cannot_be_run_is_an_error(shop: Shop) -> None:
    path = shop.root / "uv"
    path.write_text("#!/no/such/program\n")
    path.chmod(0o755)
    message, _ = shop.failure("alpha", uv=shop.uv(str(path)))
    assert message == f"{path} cannot be run: No such file or directory"


def test_a_full_disk_is_an_error_that_says_what_frees_space(shop: Shop) -> None:
    words = "error: No space left on device (os error 28)"
    uv = shop.script(
        "uv", f'case "$*" in *install*) echo "{words}" >&2; exit 2;; esac\nexec {shop.program} "$@"'
    )
    assert shop.failure("alpha", uv=shop.uv(uv)) == (
        "environment old could not be created: No space left on device (os error 28)",
        Step.FREE_DISK,
    )
    assert not list(shop.folder.glob("env-*"))
    assert not list(shop.folder.glob("tmp-*"))


def test_a_setting_of_uv_that_sends_packages_elsewhere_is_found_out(shop: Shop) -> None:
    (shop.root / "uv.toml").write_text(f'[pip]\ntarget = "{shop.root}/elsewhere"\n')
    environ = shop.environ
    del environ["UV_NO_CONFIG"]
    cache = shop.cache(shop.uv(environ=environ))
    with pytest.raises(EnvironmentFailed) as caught:
        cache.open("old", MadeEnvironment(("beta",)), ExistingPython(sys.executable))
    assert caught.value.message == "environment old could not be created: beta was not installed into it"
