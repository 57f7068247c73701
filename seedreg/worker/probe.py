"""What this process runs on: interpreter, packages, machine, variables, Keras' configuration."""

import os
import platform
import re
import sys
from typing import Any, Dict, List, Optional

from . import frameworks
from .variables import watched

_FLAGS = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve")


_interpreter: Dict[str, Any] = {}


def interpreter() -> Dict[str, Any]:
    """The part of the environment that is the same for every build of this process.

    It is looked up once, when it is first asked for: later the project's folders are on the path.
    """
    if not _interpreter:
        _interpreter.update(
            python=platform.python_version(),
            distributions=distributions(sys.path),
            os=_os(),
            cpu=_cpu(),
        )
    return dict(_interpreter)


def distributions(paths: List[str]) -> Dict[str, str]:
    """Normalised names and versions of the installed distributions, by the names of their metadata folders.

    Python 3.6 has no `importlib.metadata`; and reading names alone takes 1 ms where that takes 50.
    """
    found: Dict[str, str] = {}
    for path in paths:
        try:
            names = sorted(os.listdir(path or os.curdir))
        except OSError:
            continue
        for entry in names:
            match = re.match(r"([^~].*?)-([^-]+)(?:-py[\d.]+.*)?\.(?:dist-info|egg-info)$", entry)
            if match:
                name = re.sub(r"[-_.]+", "-", match.group(1)).lower()
                found.setdefault(name, match.group(2))  # the first on the path is the one imported
    return found


def environment(common: Dict[str, Any], model: Any, variables: Dict[str, str]) -> Dict[str, Any]:
    """The environment of one build, in the form that the registry keeps."""
    document = dict(common, format=1, variables=variables)
    for framework in frameworks.ALL:
        document.update(framework.versions(model))
        document.update(framework.settings(model))
    return document


def without_model() -> Optional[Dict[str, Any]]:
    """The environment of a build that has failed, in the same form, without what only a model shows.

    It imports nothing: the import of a framework may be why the build has failed. None if user code has
    left too little to look it up.
    """
    try:
        document = dict(interpreter(), format=1, variables=watched(hide_gpus=True))
        document.update(keras=None, keras_distribution=None, keras_config={})
        document.update({name: _imported_version(name) for name in ("tensorflow", "numpy")})
        return document
    except BaseException:
        return None


def _imported_version(name: str) -> Optional[str]:
    version = getattr(sys.modules.get(name), "__version__", None)
    return version if type(version) is str else None


def _os() -> str:
    return " ".join(part for part in (platform.system(), platform.release(), _libc()) if part)


def _libc() -> str:
    """E.g. `glibc-2.36`; before Python 3.8 `platform.libc_ver` gives that of the interpreter's build."""
    try:
        text = os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, ValueError, OSError):
        text = None
    return "-".join((text or " ".join(platform.libc_ver())).split())


def _cpu() -> str:
    model, flags = platform.processor(), ""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as stream:
            for line in stream:
                key, _, value = line.partition(":")
                if key.strip() == "model name":
                    model = value.strip()
                elif key.strip() in ("flags", "Features"):
                    present = set(value.split())
                    flags = " ".join(flag for flag in _FLAGS if flag in present)
                    break
    except OSError:
        pass
    return " ".join(part for part in (platform.machine(), model, flags) if part)
