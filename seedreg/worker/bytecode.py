"""Loading the project's modules: never from bytecode of what a file was before an edit."""

import importlib.machinery
import importlib.util
import os
import sys
from typing import Any, List

_DOUBT_S = 2.0  # a second, and one more for file systems that keep time in steps of two


class CarefulLoader(importlib.machinery.SourceFileLoader):
    """Loads a module's source; from cached bytecode only if that is certainly of the file as it is now.

    Python compares the source's time in whole seconds and its size with those in the bytecode, so it
    misses an edit within the same second. Bytecode written well after the source's time is safe. git's
    index has the same rule.
    """

    def path_stats(self, path: Any) -> Any:
        """Time and size of the source, after bytecode that is not safe was deleted.

        After an OSError the import machinery uses no bytecode.
        """
        stats = super().path_stats(path)
        cached = importlib.util.cache_from_source(os.fspath(path))
        try:
            written = os.stat(cached).st_mtime
        except OSError:
            return stats  # there is none yet
        if written < stats["mtime"] + _DOUBT_S:
            os.unlink(cached)
        return stats


def load_carefully(import_paths: List[str]) -> None:
    """Have the project's modules, not the installed packages below its root, loaded by `CarefulLoader`."""
    machinery = importlib.machinery
    roots = tuple(os.path.join(os.path.realpath(path), "") for path in import_paths)

    def hook(path: str) -> Any:
        real = os.path.join(os.path.realpath(path), "")
        if not real.startswith(roots) or "-packages" + os.sep in real or not os.path.isdir(real):
            raise ImportError
        return machinery.FileFinder(
            path,
            (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
            (CarefulLoader, machinery.SOURCE_SUFFIXES),
            (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
        )

    sys.path_hooks.insert(0, hook)
    for path in import_paths:
        sys.path_importer_cache.pop(path, None)
