from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from package_index import add_wheel, environ_of

from seedreg.domain.build import BuildFailure, BuildRequest
from seedreg.domain.entry import Recipe
from seedreg.domain.environment import EnvironmentSpec
from seedreg.environments.cache import (
    EnvironmentCache,
    HeldEnvironment,
    find_uv,
)
from seedreg.environments.interpreters import find_interpreter, query
from seedreg.errors import EnvironmentFailed, UsageError
from seedreg.executors.local import LocalExecutor
from seedreg.executors.wrappers import DeferredExecutor, EnvironmentExecutor

try:
    UV = find_uv(os.environ)
except UsageError:
    pytest.skip("uv is not installed", allow_module_level=True)

DAY_S = 86400.0
REQUEST = BuildRequest(0, Recipe("shop", "models:build", 0))


@dataclass
class Shop:
    """A project, a package index and a cache of environments."""

    root: Path
    uv_cache: Path
    told: list[str] = field(default_factory=list)
    now_s: float | None = None

    @property
    def index(self) -> Path:
        return self.root.parent / "index"

    @property
    def environ(self) -> dict[str, str]:
        return environ_of(self.index, self.uv_cache)

    @property
    def folder(self) -> Path:
        return self.root.parent / "cache"

    def cache(self, uv: str | None = UV, environ: Mapping[str, str] | None = None) -> EnvironmentCache:
        def found(environ: Mapping[str, str]) -> str:
            assert uv is not None, "uv is not to be called"
            return uv

        return EnvironmentCache(
            self.folder,
            self.root,
            self.environ if environ is None else environ,
            self.told.append,
            uv=found,
            clock=lambda: time.time() if self.now_s is None else self.now_s,
        )

    def open(self, *packages: str, uv: str | None = UV, **others: object) -> HeldEnvironment:
        spec = EnvironmentSpec("old", packages=packages, **others)  # type: ignore[arg-type]
        return self.cache(uv).open(spec, sys.executable)

    def made(self, *packages: str, uv: str | None = UV, **others: object) -> Path:
        """The folder of the environment, which nobody holds."""
        held = self.open(*packages, uv=uv, **others)
        held.close()
        return Path(held.python).parents[1]

    def failure(self, *packages: str, uv: str | None = UV, **others: object) -> tuple[str, str | None]:
        with pytest.raises(EnvironmentFailed) as caught:
            self.open(*packages, uv=uv, **others)
        return caught.value.message, caught.value.hint

    def script(self, name: str, text: str) -> str:
        path = self.root / name
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)


@pytest.fixture
def shop(tmp_path: Path, uv_cache: Path) -> Shop:
    shop = Shop(tmp_path / "project", uv_cache)
    shop.root.mkdir()
    add_wheel(shop.index, "alpha", "1.0", {"alpha.py": "VERSION = 1"}, ["beta<2"])
    add_wheel(shop.index, "alpha", "2.0", {"alpha.py": "VERSION = 2"}, ["beta"])
    add_wheel(shop.index, "beta", "1.0", {"beta.py": ""})
    add_wheel(shop.index, "beta", "2.0", {"beta.py": ""})
    return shop


def distributions(environment: Path) -> list[str]:
    found = environment.glob("lib/*/site-packages/*.dist-info")
    return sorted(path.name.removesuffix(".dist-info") for path in found)


def test_an_environment_holds_what_was_asked_for_and_nothing_else(shop: Shop) -> None:
    held = shop.open("alpha==1.*")
    done = subprocess.run(
        [held.python, "-c", "import alpha, sys; print(alpha.VERSION, sys.prefix)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["1", str(Path(held.python).parents[1])]
    assert distributions(Path(held.python).parents[1]) == ["alpha-1.0", "beta-1.0"]
    version = "{}.{}.{}".format(*sys.version_info[:3])
    assert shop.told == [f"making environment old (2 packages, Python {version}) …"]
    assert held.is_intact()
    held.close()


def test_the_second_use_asks_neither_uv_nor_the_interpreter(shop: Shop) -> None:
    first = shop.made("alpha==1.*")
    shop.told.clear()
    started = time.perf_counter()
    assert shop.made("alpha==1.*", uv=None) == first
    assert time.perf_counter() - started < 0.3
    assert shop.told == []


def test_specifications_that_resolve_to_the_same_share_one_environment(shop: Shop) -> None:
    assert shop.made("alpha==1.*") == shop.made("alpha<2", "beta") != shop.made("alpha")


def test_exact_packages_are_installed_even_if_they_contradict_each_other(shop: Shop) -> None:
    assert distributions(shop.made("alpha==1.0", "beta==2.0", exact=True)) == ["alpha-1.0", "beta-2.0"]
    assert distributions(shop.made("alpha==1.0", exact=True)) == ["alpha-1.0"]


def test_a_requirements_file_includes_others_and_is_read_anew_when_one_changes(shop: Shop) -> None:
    (shop.root / "sub").mkdir()
    (shop.root / "all.txt").write_text("# all\n-r sub/some.txt\n--constraint=sub/limits.txt\n")
    (shop.root / "sub" / "some.txt").write_text("-r more.txt\n")
    (shop.root / "sub" / "more.txt").write_text("alpha\n")
    (shop.root / "sub" / "limits.txt").write_text("alpha<2\n")
    first = shop.made(requirements="all.txt")
    assert distributions(first) == ["alpha-1.0", "beta-1.0"]
    assert shop.made(requirements="all.txt", uv=None) == first
    (shop.root / "sub" / "limits.txt").write_text("")
    second = shop.made(requirements="all.txt")
    assert distributions(second) == ["alpha-2.0", "beta-2.0"]
    (shop.root / "sub" / "more.txt").write_text("beta\n")
    assert distributions(shop.made(requirements="all.txt")) == ["beta-2.0"]


def test_hashes_are_held_even_if_the_same_releases_are_in_the_cache(shop: Shop) -> None:
    shop.made("alpha==1.0", "beta==1.0")
    zeros = "0" * 64
    (shop.root / "locked.txt").write_text(f"alpha==1.0 --hash=sha256:{zeros}\nbeta==1.0\n")
    message, _ = shop.failure(requirements="locked.txt")
    assert message.startswith("environment old could not be made: Failed to download `alpha==1.0`")
    assert "Hash mismatch" in message


def test_a_wheel_that_was_built_anew_makes_another_environment(shop: Shop) -> None:
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


def test_what_cannot_be_resolved_is_told_in_uvs_words(shop: Shop) -> None:
    message, hint = shop.failure("alpha==1.0", "beta==2.0")
    assert message.startswith("environment old could not be resolved: No solution found")
    assert "require beta==2.0, we can conclude that your requirements are unsatisfiable" in message
    assert hint is None
    message, _ = shop.failure("alpha = 1")
    assert "no such comparison operator" in message
    assert not list(shop.folder.glob("env-*"))


def test_a_limited_resolution_is_remembered_longer_than_a_day(shop: Shop) -> None:
    first = shop.made("alpha")
    limited = shop.made("alpha==1.0", exclude_newer="2020-02-01")
    add_wheel(shop.index, "alpha", "3.0", {"alpha.py": "VERSION = 3"})
    assert shop.made("alpha", uv=None) == first
    shop.now_s = time.time() + 2 * DAY_S
    assert distributions(shop.made("alpha")) == ["alpha-3.0"]
    assert shop.made("alpha==1.0", exclude_newer="2020-02-01", uv=None) == limited


def test_without_uv_the_command_that_installs_it_is_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    with pytest.raises(UsageError) as caught:
        find_uv({"PATH": str(shop.root)})
    assert (caught.value.message, caught.value.hint) == (
        "environments are made by uv, which is not installed",
        "pip install 'seedreg[envs]'",
    )
    uv = shop.script("uv", "exit 0")
    assert find_uv({"PATH": str(shop.root)}) == uv


def test_a_uv_that_cannot_be_run_is_told(shop: Shop) -> None:
    path = shop.root / "uv"
    path.write_text("#!/no/such/program\n")
    path.chmod(0o755)
    message, _ = shop.failure("alpha", uv=str(path))
    assert message == (
        f"environment old could not be resolved: {path} cannot be run: No such file or directory"
    )


def test_a_full_disk_is_told_with_what_frees_space(shop: Shop) -> None:
    words = "error: No space left on device (os error 28)"
    uv = shop.script("uv", f'case "$*" in *install*) echo "{words}" >&2; exit 2;; esac\nexec {UV} "$@"')
    assert shop.failure("alpha", uv=uv) == (
        "environment old could not be made: No space left on device (os error 28)",
        "`seedreg envs prune` and `uv cache prune` free space",
    )
    assert not list(shop.folder.glob("env-*"))
    assert not list(shop.folder.glob("tmp-*"))


def test_a_cache_that_cannot_be_written_is_told(shop: Shop) -> None:
    shop.folder.write_text("a file")
    assert shop.failure("alpha") == (
        f"the environment cache {shop.folder} cannot be written: Not a directory",
        "SEEDREG_CACHE_DIR names another folder; `seedreg envs prune` frees space",
    )


def test_a_cache_that_can_only_be_read_is_good_to_build_in(shop: Shop) -> None:
    first = shop.made("alpha")
    shutil.rmtree(shop.folder / "locks")
    (shop.folder / "locks").write_text("no lock can be made")
    assert shop.made("alpha", uv=None) == first


def test_no_such_requirements_file(shop: Shop) -> None:
    assert shop.failure(requirements="no.txt")[0] == f"there is no requirements file {shop.root}/no.txt"
    assert shop.failure(requirements=".")[0] == f"there is no requirements file {shop.root}"
    (shop.root / "all.txt").write_text("-r no.txt\n")
    assert "no.txt" in shop.failure(requirements="all.txt")[0]


def test_a_setting_of_uv_that_sends_packages_elsewhere_is_found_out(shop: Shop) -> None:
    (shop.root / "uv.toml").write_text(f'[pip]\ntarget = "{shop.root}/elsewhere"\n')
    environ = shop.environ
    del environ["UV_NO_CONFIG"]
    with pytest.raises(EnvironmentFailed) as caught:
        shop.cache(environ=environ).open(EnvironmentSpec("old", packages=("beta",)), sys.executable)
    assert caught.value.message == "environment old could not be made: beta was not installed into it"


# Cut off, at once, deleted ------------------------------------------------------------------------

_OPEN = """
import os, sys
from pathlib import Path
from seedreg.domain.environment import EnvironmentSpec
from seedreg.environments.cache import EnvironmentCache
folder, root, uv = sys.argv[1:]
tell = lambda text: print(text, flush=True)
cache = EnvironmentCache(Path(folder), Path(root), os.environ, tell, uv=lambda environ: uv)
print(cache.open(EnvironmentSpec("old", packages=("alpha",)), sys.executable).python)
"""


def opening(shop: Shop, uv: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _OPEN, str(shop.folder), str(shop.root), uv],
        env=shop.environ,
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path) -> None:
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} did not come")


def test_an_install_that_is_cut_off_is_never_taken_for_complete(shop: Shop) -> None:
    started = shop.root / "started"
    uv = shop.script(
        "uv", f'case "$*" in *install*) {UV} "$@"; echo $$ > {started}.new; mv {started}.new {started}; '
        f'exec sleep 600;; esac\nexec {UV} "$@"'
    )  # fmt: skip
    process = opening(shop, uv)
    wait_for(started)
    process.kill()
    process.communicate()
    try:
        assert list(shop.folder.glob("env-*")) == []
        assert len(list(shop.folder.glob("tmp-*"))) == 1
        assert shop.cache().entries() == []
        assert distributions(shop.made("alpha")) == ["alpha-2.0", "beta-2.0"]
        assert list(shop.folder.glob("tmp-*")) == []
    finally:
        os.kill(int(started.read_text()), signal.SIGKILL)


def test_two_commands_that_need_the_same_environment_make_it_once(shop: Shop) -> None:
    log = shop.root / "log"
    uv = shop.script(
        "uv", f'case "$*" in *install*) echo install >> {log}; sleep 2;; esac\nexec {UV} "$@"'
    )  # fmt: skip
    processes = [opening(shop, uv) for _ in range(2)]
    told = sorted(process.communicate(timeout=60)[0].splitlines() for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    assert log.read_text() == "install\n"
    (made,) = shop.folder.glob("env-*")
    version = "{}.{}.{}".format(*sys.version_info[:3])
    assert told == [
        [f"making environment old (2 packages, Python {version}) …", str(made / "bin" / "python")],
        ["waiting for another command, which makes the same environment …", str(made / "bin" / "python")],
    ]
    assert list(shop.folder.glob("tmp-*")) == []


def test_an_environment_that_was_deleted_is_made_anew(shop: Shop) -> None:
    first = shop.made("alpha")
    shutil.rmtree(first)
    assert shop.made("alpha") == first
    (first / "seedreg.json").unlink()  # as a deletion leaves it that was cut off
    assert distributions(shop.made("alpha")) == ["alpha-2.0", "beta-2.0"]
    assert (first / "seedreg.json").exists()


def test_an_environment_whose_python_is_gone_is_made_anew(shop: Shop) -> None:
    first = shop.made("alpha")
    (first / "bin" / "python").unlink()
    (first / "bin" / "python").symlink_to("/no/such/python")
    assert shop.cache().entries() == []
    assert shop.made("alpha") == first
    assert os.path.exists(first / "bin" / "python")


def test_an_environment_that_is_deleted_while_it_is_used_says_so(shop: Shop, stand_in_worker: Path) -> None:
    held = shop.open("alpha")
    local = LocalExecutor(held.python, shop.root, worker_folder=stand_in_worker)
    executor = EnvironmentExecutor(held, local)
    shutil.rmtree(Path(held.python).parents[1])
    ((request, outcome),) = executor.run([REQUEST])
    executor.close()
    assert request == REQUEST
    assert isinstance(outcome, BuildFailure)
    assert (outcome.kind, outcome.hint) == ("environment", "run the command again: it is made anew")
    assert outcome.message.startswith("environment old was deleted while it was in use (")


def test_an_environment_without_tensorflow_says_what_to_add(shop: Shop) -> None:
    held = shop.open("alpha")
    executor = EnvironmentExecutor(held, LocalExecutor(held.python, shop.root))
    ((_, outcome),) = executor.run([REQUEST])
    executor.close()
    assert isinstance(outcome, BuildFailure)
    assert outcome.kind == "no-tensorflow"
    assert outcome.hint == "environment old holds what was asked for and nothing else: add tensorflow to it"


def test_nothing_is_opened_before_the_first_build_is_asked_for() -> None:
    opened: list[str] = []

    class Nowhere:
        def run(self, requests: object) -> object:
            return iter([(REQUEST, BuildFailure("raised", "no"))])

        def close(self) -> None:
            opened.append("closed")

    def opening() -> Nowhere:
        opened.append("opened")
        return Nowhere()

    unused = DeferredExecutor(opening)  # type: ignore[arg-type]
    assert list(unused.run([])) == []
    unused.close()
    assert opened == []
    used = DeferredExecutor(opening)  # type: ignore[arg-type]
    for _ in range(2):
        assert list(used.run([REQUEST])) == [(REQUEST, BuildFailure("raised", "no"))]
    used.close()
    assert opened == ["opened", "closed"]


# Looking after them -------------------------------------------------------------------------------


def test_entries_tell_what_is_there(shop: Shop) -> None:
    path = shop.made("alpha==1.*")
    (entry,) = shop.cache(uv=None).entries()
    assert (entry.path, entry.key) == (path, path.name.removeprefix("env-"))
    assert entry.python == "{}.{}.{}".format(*sys.version_info[:3])
    assert entry.specification == f"alpha==1.*, Python {sys.executable}"
    assert entry.distributions == ("alpha==1.0", "beta==1.0")
    assert 10_000 < entry.size_bytes < 10_000_000
    assert time.time() - 60 < entry.made_at <= entry.used_at <= time.time()
    assert (
        (shop.folder / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
    )


def test_an_environment_in_which_somebody_builds_is_not_removed(shop: Shop) -> None:
    held = shop.open("alpha")
    key = Path(held.python).parents[1].name.removeprefix("env-")
    assert not shop.cache().remove(key)
    assert shop.cache().prune(0) == []
    assert held.is_intact()
    held.close()
    assert shop.cache().remove(key)
    assert not held.is_intact()
    assert shop.cache().entries() == []
    assert list(shop.folder.glob("tmp-*")) == []


def test_prune_deletes_what_was_not_used_for_long_and_what_was_left_over(shop: Shop) -> None:
    old, new = shop.made("alpha==1.*"), shop.made("alpha")
    os.utime(old / "seedreg.json", (time.time() - 40 * DAY_S,) * 2)
    left = shop.folder / f"tmp-{'0' * 16}-abc"
    left.mkdir()
    broken = shop.folder / "env-broken"
    (broken / "bin").mkdir(parents=True)
    assert [one.path for one in shop.cache().prune(30 * DAY_S)] == [old]
    assert sorted(path.name for path in shop.folder.glob("*-*")) == [new.name]


def test_an_entry_of_another_format_or_a_memo_of_nonsense_hurts_nobody(shop: Shop) -> None:
    path = shop.made("alpha")
    for text in ("", "[]", '{"key": 3}', '{"key": "../.."}', "\xff"):
        for memo in (shop.folder / "specs").iterdir():
            memo.write_text(text, encoding="latin-1")
        assert shop.made("alpha") == path
    about = path / "seedreg.json"
    about.write_text(json.dumps({"interpreter": json.loads(about.read_text())["interpreter"]}))
    assert shop.cache().entries() == []


# Interpreters -------------------------------------------------------------------------------------


def interpreter(folder: Path, name: str, answer: list[object]) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    path.chmod(0o755)
    return str(path)


def answer(*numbers: int, kind: str = "cpython", final: bool = True, free: bool = False) -> list[object]:
    version = ".".join(map(str, numbers)) + ("" if final else "rc1")
    return [kind, version, list(numbers), final, "x86_64", free]


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """A machine with several Pythons, in pyenv, in uv's folder and on the search path."""
    pyenv, uv, usual = tmp_path / "pyenv", tmp_path / "uv", tmp_path / "usr" / "bin"
    interpreter(pyenv / "versions" / "3.7.9" / "bin", "python3", answer(3, 7, 9))
    interpreter(pyenv / "versions" / "3.7.16" / "bin", "python3", answer(3, 7, 16))
    interpreter(pyenv / "shims", "python3.7", answer(3, 7, 99))
    interpreter(uv / "cpython-3.14" / "bin", "python3", answer(3, 14, 0, final=False))
    interpreter(uv / "cpython-3.13t" / "bin", "python3", answer(3, 13, 5, free=True))
    interpreter(usual, "python3.13", answer(3, 13, 2))
    interpreter(usual, "python3.9", answer(3, 9, 1, kind="pypy"))
    interpreter(usual, "python", answer(3, 12, 1))
    (usual / "python3.8").write_text("#!/bin/sh\necho not python\n")
    (usual / "python3.8").chmod(0o755)
    interpreter(tmp_path, "uv-program", [])
    (tmp_path / "uv-program").write_text(f"#!/bin/sh\necho {uv}\n")
    return {"PYENV_ROOT": str(pyenv), "PATH": os.pathsep.join(["", "bin", str(pyenv / "shims"), str(usual)])}


@pytest.mark.parametrize(
    ("version", "place"),
    [
        ("3.7", "pyenv/versions/3.7.16/bin/python3"),
        ("3.7.9", "pyenv/versions/3.7.9/bin/python3"),
        ("3.13", "usr/bin/python3.13"),
        ("3.12", "usr/bin/python"),
    ],
)
def test_the_newest_usual_python_of_a_version_is_found(
    tmp_path: Path, machine: dict[str, str], version: str, place: str
) -> None:
    found = find_interpreter(version, machine, str(tmp_path / "uv-program"))
    assert found.path == str(tmp_path / place)


@pytest.mark.parametrize("version", ["3.14", "3.9", "3.8", "3.1"])
def test_a_python_that_is_not_there_is_told_with_those_that_are(
    tmp_path: Path, machine: dict[str, str], version: str
) -> None:
    with pytest.raises(EnvironmentFailed) as caught:
        find_interpreter(version, machine, str(tmp_path / "uv-program"))
    assert (caught.value.message, caught.value.hint) == (
        f"no Python {version} was found by uv, in pyenv or on the search path; found were: "
        f"3.7.9 ({tmp_path}/pyenv/versions/3.7.9/bin/python3), "
        f"3.7.16 ({tmp_path}/pyenv/versions/3.7.16/bin/python3), "
        f"3.9.1 ({tmp_path}/usr/bin/python3.9), 3.12.1 ({tmp_path}/usr/bin/python), "
        f"3.13.2 ({tmp_path}/usr/bin/python3.13), 3.13.5 ({tmp_path}/uv/cpython-3.13t/bin/python3), "
        f"3.14.0rc1 ({tmp_path}/uv/cpython-3.14/bin/python3)",
        f"`uv python install {version}` installs it; --python PATH names any other",
    )


def test_what_is_not_a_python_is_told(shop: Shop) -> None:
    for program, told in (
        ("/bin/echo", "/bin/echo is not a Python 3.6 or newer that runs"),
        ("/bin/false", "/bin/false is not a Python 3.6 or newer that runs"),
        (f"{shop.root}/none", f"the interpreter {shop.root}/none cannot be run: No such file or directory"),
        (str(shop.root), f"the interpreter {shop.root} cannot be run: Permission denied"),
    ):
        with pytest.raises(EnvironmentFailed) as caught:
            shop.cache().open(EnvironmentSpec("old", packages=("alpha",)), program)
        assert caught.value.message == told
    broken = shop.script("python", "echo 'Fatal Python error: no encodings' >&2; exit 1")
    with pytest.raises(EnvironmentFailed, match="newer that runs: Fatal Python error: no encodings"):
        query(broken)


def test_this_interpreter_tells_of_itself() -> None:
    found = query(sys.executable)
    assert (found.path, found.numbers) == (sys.executable, sys.version_info[:3])
    assert found.machine == os.uname().machine
