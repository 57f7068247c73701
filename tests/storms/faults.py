"""Makes the n-th system call that writes, names or removes something below a folder fail.

`faults.c` is compiled with the system's compiler and loaded into a process by LD_PRELOAD; it does nothing
before `arm`, and nothing in the processes that are started from there.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")


def needs() -> str | None:
    """Why this machine cannot compile or load the library; None if it can."""
    if sys.platform != "linux":
        return "libraries are put before others only on Linux"
    return None if shutil.which("cc") else "there is no C compiler"


def compiled(folder: Path) -> Path:
    """The library."""
    library = folder / "faults.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    return library


@cache
def _library() -> ctypes.CDLL | None:
    library = ctypes.CDLL(None)
    return library if hasattr(library, "storm_arm") else None


def arm(request: Mapping[str, object]) -> None:
    """Let a call of this process fail from now on, as the request says: `below`, `nth`, `errno`, `sticky`.

    A negative `errno` kills the process instead.
    """
    library = _library()
    if library is not None and "below" in request:
        library.storm_arm(
            os.fsencode(str(request["below"])), request["nth"], request["errno"], request["sticky"]
        )


def calls() -> int:
    """How many calls the last armed process has made that could have failed."""
    library = _library()
    return 0 if library is None else int(library.storm_calls())
