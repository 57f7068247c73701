from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from seedreg.environments.notices import Creating, Waiting

from .shop import VERSION, Shop, distributions

_OPEN = """
import os, sys
from pathlib import Path
from seedreg.domain.environment_spec import ExistingPython, MadeEnvironment
from seedreg.environments.cache import EnvironmentCache
from seedreg.environments.uv import Uv
folder, root, uv = sys.argv[1:]
notify = lambda notice: print(notice, flush=True)
cache = EnvironmentCache(Path(folder), Uv(Path(root), os.environ, lambda environ: uv), notify)
print(cache.open("old", MadeEnvironment(("alpha",)), ExistingPython(sys.executable)).python)
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
        "uv", f'case "$*" in *install*) {shop.program} "$@"; echo $$ > "{started}.new"; '
        f'mv "{started}.new" "{started}"; exec sleep 600;; esac\nexec {shop.program} "$@"'
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
        "uv", f'case "$*" in *install*) echo install >> "{log}"; sleep 2;; esac\nexec {shop.program} "$@"'
    )  # fmt: skip
    processes = [opening(shop, uv) for _ in range(2)]
    shown = sorted(process.communicate(timeout=60)[0].splitlines() for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    assert log.read_text() == "install\n"
    (made,) = shop.folder.glob("env-*")
    assert shown == [
        [str(Creating("old", 2, VERSION)), str(made / "bin" / "python")],
        [str(Waiting("old")), str(made / "bin" / "python")],
    ]
    assert list(shop.folder.glob("tmp-*")) == []
