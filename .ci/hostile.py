"""Runs pytest as an unfriendly machine and shell would, in random order: the tests must not notice.

    python .ci/hostile.py [--seed N] [pytest's own arguments]

Only what the interpreter and pytest survive is set. tests/hermetic.py clears it before the first test.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BROKEN = "raise RuntimeError('{} of a hostile PYTHONPATH')\n"


def prepare(folder: Path) -> dict[str, str]:
    """Write what the variables point to, and return the variables."""
    modules = folder / "python path"
    modules.mkdir()
    for name in ("keras", "tensorflow", "tf_keras", "models", "only_in_hostile", "sitecustomize"):
        (modules / f"{name}.py").write_text(BROKEN.format(name))
    odd = folder / "xdg"
    (odd / "git").mkdir(parents=True)
    (odd / "git" / "config").write_text("[commit]\n\tgpgsign = true\n[core]\n\tquotePath = false\n")
    (odd / "uv").mkdir()
    (odd / "uv" / "uv.toml").write_text('offline = true\nindex-url = "http://127.0.0.1:9/simple"\n')
    git = folder / "gitconfig"
    git.write_text(
        "[status]\n\tshowUntrackedFiles = no\n[init]\n\tdefaultBranch = odd\n[core]\n\tautocrlf = true\n"
    )
    keras = folder / "keras home"
    keras.mkdir()
    (keras / "keras.json").write_text('{"floatx": "float64", "backend": "jax"}\n')
    temporary = folder / "tëmp files"
    temporary.mkdir()
    return {
        # Numerics: other kernels, other threads.
        "OPENBLAS_CORETYPE": "Haswell",
        "OPENBLAS_L2_SIZE": "512",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        # The frameworks.
        "TF_DETERMINISTIC_OPS": "1",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_USE_LEGACY_KERAS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "0",
        "TF_CLI_CONFIG_FILE": "/nonexistent/terraformrc",
        "KERAS_BACKEND": "jax",
        "KERAS_HOME": str(keras),
        "XLA_FLAGS": "--xla_cpu_enable_fast_math=true",
        "CUDA_VISIBLE_DEVICES": "7",
        # Python.
        "PYTHONPATH": os.pathsep.join((str(modules), "/nonexistent")),
        "PYTHONHASHSEED": "12345",
        "PYTHONWARNINGS": "always",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONIOENCODING": "latin-1:replace",
        "PYTHONNOUSERSITE": "1",
        "PYTHONSTARTUP": "/nonexistent/startup.py",
        "PYTHONUNBUFFERED": "1",
        "PYTHONBREAKPOINT": "0",
        # Language, place and time.
        "LANG": "C",
        "LC_ALL": "C",
        "LANGUAGE": "de",
        "TZ": "Pacific/Apia",
        # Terminal.
        "TERM": "dumb",
        "NO_COLOR": "1",
        "FORCE_COLOR": "1",
        "CLICOLOR_FORCE": "1",
        "COLUMNS": "20",
        "LINES": "5",
        "PAGER": "false",
        "EDITOR": "false",
        # A continuous integration.
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(folder / "nowhere" / "summary.md"),
        "GITHUB_WORKSPACE": "/nonexistent",
        # Folders.
        "HOME": "/nonexistent",
        "TMPDIR": str(temporary),
        "USER": "nobody else",
        "LOGNAME": "nobody else",
        "XDG_CACHE_HOME": "relative/cache",
        "XDG_CONFIG_HOME": str(odd),
        "XDG_DATA_HOME": "/nonexistent/data",
        "XDG_STATE_HOME": "/proc/nowhere",
        "PYENV_ROOT": "/nonexistent/pyenv",
        "VIRTUAL_ENV": "/nonexistent/venv",
        "CONDA_PREFIX": "/nonexistent/conda",
        # git: no identity, another repository, a global configuration that would change answers.
        "GIT_DIR": "/nonexistent/.git",
        "GIT_WORK_TREE": "/nonexistent",
        "GIT_INDEX_FILE": "/nonexistent/index",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(git),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "user.useConfigOnly",
        "GIT_CONFIG_VALUE_0": "true",
        # uv and pip: no index, no network.
        "UV_INDEX_URL": "http://127.0.0.1:9/simple",
        "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple",
        "UV_OFFLINE": "1",
        "UV_CACHE_DIR": "/nonexistent/uv",
        "UV_PYTHON": "3.99",
        "UV_EXCLUDE_NEWER": "2001-01-01",
        "UV_CONFIG_FILE": str(odd / "uv" / "uv.toml"),
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        # seedreg's own.
        "SEEDREG_DB": "/nonexistent/registry.db",
        "SEEDREG_PROJECT": "somebody else's",
        "SEEDREG_PYTHON": "/nonexistent/python",
        "SEEDREG_FACTORIES": "nowhere",
        "SEEDREG_ISOLATION": "bad",
        "SEEDREG_JOBS": "bad",
        "SEEDREG_TIMEOUT": "bad",
        "SEEDREG_SEEDING": "bad",
        "SEEDREG_DEVICE": "tpu",
        "SEEDREG_BUSY_TIMEOUT": "bad",
        "SEEDREG_CACHE_DIR": "/nonexistent/cache",
        # The stand-ins' own.
        "FAKE_TF_VERSION": "0.0.1",
        "FAKE_TF_STREAM": "hostile",
        "FAKE_TF_IMPORT": "raise",
        "STAND_IN_UNUSABLE": "hostile",
    }


def hostile_process() -> None:
    """What a process inherits beside variables: a mask, ignored signals."""
    os.umask(0o077)
    for name in ("SIGINT", "SIGHUP", "SIGQUIT"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)


def main() -> int:
    """Run pytest and return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options, arguments = parser.parse_known_args()
    arguments = [os.path.abspath(one) if os.path.exists(one.split("::")[0]) else one for one in arguments]
    folder = Path(tempfile.mkdtemp(prefix="hostile-"))
    here = folder / "here"
    here.mkdir()
    (here / "pyproject.toml").write_text('[tool.seedreg]\nbogus = "the current folder of the test run"\n')
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "randomly"]
    command += [
        f"--randomly-seed={options.seed}",
        f"--rootdir={ROOT}",
        f"--config-file={ROOT / 'pyproject.toml'}",
    ]
    tests = [] if any(map(os.path.isabs, arguments)) else [str(ROOT / "tests")]
    print(f"hostile environment, random order: --seed {options.seed}", flush=True)
    try:
        done = subprocess.run(
            [*command, *arguments, *tests],
            cwd=here,
            env={**kept, **prepare(folder)},
            stdin=subprocess.DEVNULL,
            preexec_fn=hostile_process,
            check=False,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
