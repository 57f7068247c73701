"""Entry point: `python <this folder> zygote|fresh|build …`, in any interpreter that has TensorFlow.

The folder is removed from `sys.path` and the package is loaded under a private name, so that it
hides no module of the project. It has builtins of its own: what user code does to `len` or `open` does
not reach the code that reads its model.
"""

import builtins
import gc
import importlib.machinery
import importlib.util
import os
import sys
from types import ModuleType
from typing import Any

_PACKAGE = "_seedreg_worker"
_BUILTINS = dict(vars(builtins))


class _Loader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__builtins__"] = _BUILTINS  # those of its functions too
        super().exec_module(module)


class _Finder(object):
    """Finds the modules of this folder under the private name."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec of one of these modules; None of all others."""
        if name.split(".")[0] != _PACKAGE:
            return None
        where = os.path.join(self._folder, *name.split(".")[1:])
        file = os.path.join(where, "__init__.py") if os.path.isdir(where) else where + ".py"
        return importlib.util.spec_from_file_location(name, file, loader=_Loader(name, file))


def _main() -> None:
    folder = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.abspath(sys.path[0] or os.curdir) == folder:
        del sys.path[0]
    # Objects that imports create are never freed. Collecting garbage among them again and again takes a
    # tenth of the import of TensorFlow. Builds enable the collector before they call the factory.
    gc.disable()
    sys.meta_path.insert(0, _Finder(folder))
    mode = sys.argv[1] if len(sys.argv) > 1 else ""
    if mode == "build" and len(sys.argv) == 3:
        from _seedreg_worker import build  # type: ignore[import-not-found]

        build.run_request_file(sys.argv[2])
    elif mode in ("zygote", "fresh") and len(sys.argv) == 4 and sys.argv[2].isdigit():
        from _seedreg_worker import server

        server.serve(mode, int(sys.argv[2]), sys.argv[3])
    else:
        sys.stderr.write(
            "usage: python {} zygote|fresh PARENT_PID FOLDER, or build REQUEST_FILE\n"
            "seedreg starts this program; docs/reference/worker-protocol.md describes it.\n".format(folder)
        )
        sys.exit(2)


if __name__ == "__main__":
    _main()
