"""One known state of the process for every test, whatever the machine and the shell have set.

pytest, and every worker of pytest-xdist, enters it once before the first test; child processes inherit it.
What cannot be changed by then is refused with the reason: `refusal`.
"""

from __future__ import annotations

import contextlib
import locale
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from seedreg.config import MARKERS

# The only variables that come from outside. All others are set below or removed.
_KEPT = (
    "PATH",  # where git, uv and other Pythons are
    "LD_LIBRARY_PATH",  # without it some builds of Python do not start
    "DYLD_LIBRARY_PATH",
)
_KEPT_PREFIXES = ("PYTEST_", "COV_CORE_", "COVERAGE_")  # how the test run itself is controlled and measured
# How uv finds packages and other Pythons, for tests that install real ones.
_NETWORK = re.compile(r"UV_.*|(HTTPS?|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR)|NETRC|PYENV_ROOT", re.IGNORECASE)

# Changed by pytest while it runs.
_PYTESTS_OWN = "PYTEST_CURRENT_TEST"

UMASK = 0o022
_SIGNALS = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGTSTP")


@dataclass(frozen=True)
class KnownState:
    """What `enter` has set: variables, current folder, home."""

    folder: Path
    variables: Mapping[str, str]
    outside: Mapping[str, str]
    """The variables before: for tests that use the network as the machine is configured for it."""

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def current_folder(self) -> Path:
        return self.folder / "here"

    def restore(self) -> None:
        """Set everything again: variables, folder, mask, an empty home."""
        for name in set(os.environ) - set(self.variables) - {_PYTESTS_OWN}:
            del os.environ[name]
        os.environ.update(self.variables)
        # GNU readline, which pytest imports, sets these behind Python's back.
        for name in ("COLUMNS", "LINES"):
            os.unsetenv(name)
        os.umask(UMASK)
        if hasattr(time, "tzset"):
            time.tzset()
        for folder in (self.home, self.current_folder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)
        os.chdir(self.current_folder)

    def changes(self) -> list[str]:
        """What is no longer as `restore` leaves it, for people; files in the home are no change."""
        now = {name: value for name, value in os.environ.items() if name != _PYTESTS_OWN}
        found = [
            f"variable {name}: {self.variables.get(name)!r} → {now.get(name)!r}"
            for name in sorted(set(now) | set(self.variables))
            if now.get(name) != self.variables.get(name)
        ]
        mask = os.umask(UMASK)
        if mask != UMASK:
            found.append(f"umask: {UMASK:04o} → {mask:04o}")
        here = _current_folder()
        if here != str(self.current_folder):
            found.append(f"current folder: {self.current_folder} → {here}")
        elif left := sorted(os.listdir(here)):
            found.append(f"files in the current folder: {', '.join(left)}")
        return found


def refusal() -> str | None:
    """Why the tests cannot run here at all; None if they can."""
    if sys.getfilesystemencoding() != "utf-8":
        encoding = sys.getfilesystemencoding()
        return f"the tests need UTF-8 file names, and this locale has {encoding}: set LC_ALL=C.UTF-8"
    if _temporary_folder() is None:
        return (
            f"the tests need a TMPDIR outside of any project, and above {tempfile.gettempdir()} there is one"
        )
    return None


def enter(outside: Mapping[str, str]) -> KnownState:
    """Put this process into the known state. Called once, before any test module is imported."""
    temporary = _temporary_folder()
    assert temporary is not None, refusal()
    tempfile.tempdir = temporary  # pytest's own `tmp_path` too
    folder = Path(tempfile.mkdtemp(prefix="seedreg-tests-"))
    kept = {
        name: value
        for name, value in os.environ.items()
        if (name in _KEPT or name.startswith(_KEPT_PREFIXES)) and name != _PYTESTS_OWN
    }
    state = KnownState(folder, {**kept, **_settings(folder / "home", temporary)}, outside)
    _forget_python_path(outside.get("PYTHONPATH", ""))
    for name in _SIGNALS:
        # `nohup` and shells ignore some in what they start, and children would inherit that.
        default = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
        signal.signal(getattr(signal, name), default)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    with contextlib.suppress(locale.Error):
        locale.setlocale(locale.LC_ALL, "C.UTF-8")
    state.restore()
    return state


def network_variables(outside: Mapping[str, str]) -> dict[str, str]:
    """Those of the variables outside by which uv reaches its index, its cache and other Pythons."""
    home = Path(outside.get("HOME", "/nonexistent"))
    cache = Path(outside.get("XDG_CACHE_HOME") or home / ".cache") / "uv"
    settings = Path(outside.get("XDG_CONFIG_HOME") or home / ".config") / "uv" / "uv.toml"
    found = {name: value for name, value in outside.items() if _NETWORK.fullmatch(name)}
    found.setdefault("UV_CACHE_DIR", str(cache))
    found.setdefault("PYENV_ROOT", str(home / ".pyenv"))
    if settings.is_file():
        found.setdefault("UV_CONFIG_FILE", str(settings))
    return found


def leave(state: KnownState, folder: Path) -> None:
    """Go back to a folder that stays, and remove the one of the tests."""
    os.chdir(folder)
    shutil.rmtree(state.folder, ignore_errors=True)


def _temporary_folder() -> str | None:
    """Where the tests write: TMPDIR, unless a project around it would be taken for theirs."""
    for candidate in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        folder = Path(candidate).resolve()
        around = (one / marker for one in (folder, *folder.parents) for marker in MARKERS)
        if os.access(folder, os.W_OK) and not any(path.exists() for path in around):
            return str(folder)
    return None


def _settings(home: Path, temporary: str) -> dict[str, str]:
    return {
        "HOME": str(home),
        "TMPDIR": temporary,
        "LC_ALL": "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8",
        "TZ": "UTC",
        "TERM": "dumb",
        # No configuration of git but the repository's own, no question, no repository above the tests'.
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CEILING_DIRECTORIES": temporary,
    }


def _forget_python_path(python_path: str) -> None:
    """Take the folders of the PYTHONPATH outside off `sys.path`.

    A worker of pytest-xdist has them too: it gets the `sys.path` with which the process that starts it began.
    """
    foreign = {os.path.abspath(entry) for entry in python_path.split(os.pathsep) if entry}
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) not in foreign]


def _current_folder() -> str:
    try:
        return os.getcwd()
    except OSError:
        return "a folder that is gone"
