"""Entry point: `python <this folder> zygote|fresh|build …`, in any interpreter that has TensorFlow.

The folder is removed from `sys.path` and the package is loaded under a private name, so that it
hides no module of the project.
"""

import gc
import os
import sys


def _load_package(folder: str) -> None:
    import importlib.util

    spec = importlib.util.spec_from_file_location(
        "_seedreg_worker", os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["_seedreg_worker"] = package
    spec.loader.exec_module(package)


def _main() -> None:
    folder = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.abspath(sys.path[0] or os.curdir) == folder:
        del sys.path[0]
    # Objects that imports create are never freed. Collecting garbage among them again and again takes a
    # tenth of the import of TensorFlow. Builds enable the collector before they call the factory.
    gc.disable()
    _load_package(folder)
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
