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
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")


@cache
def needs() -> str | None:
    """Why this machine cannot compile or load the library; None if it can."""
    if sys.platform != "linux":
        return "libraries are put before others only on Linux"
    if shutil.which("cc") is None:
        return "there is no C compiler"
    with tempfile.TemporaryDirectory() as folder:
        try:
            variables = compiled(Path(folder))
        except subprocess.CalledProcessError as error:
            return f"the C compiler fails: {error.stderr.decode(errors='replace').strip()}"
        program = "import ctypes; ctypes.CDLL(None).storm_arm"
        loaded = subprocess.run([sys.executable, "-c", program], env=variables, capture_output=True)
    return None if loaded.returncode == 0 else "no library can be put before others"


def compiled(folder: Path) -> dict[str, str]:
    """Compile the library; the variables with which a process loads it."""
    library = folder / "faults.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    # A path in LD_PRELOAD ends at a space; those in LD_LIBRARY_PATH do not (ld.so(8)).
    folders = [str(folder.resolve()), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    return {"LD_PRELOAD": library.name, "LD_LIBRARY_PATH": ":".join(folders)}


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
