"""The files of a project, found as Python's import would find them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from seedreg.errors import UsageError
from seedreg.factories.address import is_path


class Modules:
    """The modules and files of a project.

    Args:
        root: the project's root.
        import_paths: the folders that modules are imported from.
        cwd: what relative paths are tried against first; the project's root comes second.
    """

    def __init__(self, root: Path, import_paths: Sequence[Path], cwd: Path) -> None:
        self.root = root
        self.import_paths = tuple(import_paths)
        self.cwd = Path(os.path.abspath(cwd))

    def find(self, dotted: str, folders: Iterable[Path] | None = None) -> Path | None:
        """The source of a module as Python's import would find it; None if there is none in `folders`."""
        searched = list(self.import_paths if folders is None else folders)
        file: Path | None = None
        for part in dotted.split("."):
            file, portions = None, []
            for folder in searched:
                if os.path.isfile(folder / part / "__init__.py"):
                    file, portions = folder / part / "__init__.py", [folder / part]
                    break
                if os.path.isfile(folder / f"{part}.py"):
                    file, portions = folder / f"{part}.py", []
                    break
                if os.path.isdir(folder / part):
                    portions.append(folder / part)
            searched = portions
        return file

    def file_of(self, module: str) -> Path | None:
        """The file of the module part of a canonical address; None if it is not here."""
        return Path(os.path.abspath(self.root / module)) if is_path(module) else self.find(module)

    def file_at(self, text: str, bases: Iterable[Path] | None = None) -> Path:
        """The Python file that a path names; a package's folder names its `__init__.py`.

        Raises:
            UsageError: if there is no such file.
        """
        folders = tuple(dict.fromkeys(bases or (self.cwd, self.root)))
        written = os.path.expanduser(text)
        paths = [Path(os.path.abspath(os.path.join(folder, written))) for folder in folders]
        for path in paths:
            if os.path.isfile(path / "__init__.py"):
                return path / "__init__.py"
            if os.path.isfile(path) and path.suffix == ".py":
                return path
        for path in paths:
            if os.path.exists(path):
                what = "a folder without __init__.py" if os.path.isdir(path) else "not a .py file"
                raise UsageError(f"{path} is {what}", hint="name a file: path/to/file.py:build_model")
        looked = "" if os.path.isabs(written) else f" in {' or '.join(map(str, folders))}"
        raise UsageError(
            f"there is no file {text}{looked}",
            hint="paths are relative to the current folder or to the project's root",
        )

    def module_of(self, file: Path) -> str:
        """The dotted name by which a file is imported, or its path relative to the project's root."""
        # A folder reached through a symbolic link (macOS's /tmp) still lies in the project.
        real_file = Path(os.path.realpath(file.parent), file.name)
        for path in dict.fromkeys((file, real_file)):
            for folder in self.import_paths:
                for base in dict.fromkeys((folder, Path(os.path.realpath(folder)))):
                    name = _dotted(path, base)
                    found = self.find(name) if name else None
                    # Another file may come first on the import path and be the one that the name means.
                    if name and found is not None and os.path.samefile(found, path):
                        return name
        root, real_root = self.root, Path(os.path.realpath(self.root))
        if not file.is_relative_to(root) and real_file.is_relative_to(real_root):
            root, file = real_root, real_file
        return Path(os.path.relpath(file, root)).as_posix()

    def listed(self, places: Iterable[Path | str]) -> str:
        """Files and folders for an error: relative to the root where they lie in it."""
        root = self.root
        names = [
            place.relative_to(root).as_posix()
            if isinstance(place, Path) and place != root and place.is_relative_to(root)
            else str(place)
            for place in places
        ]
        return " or ".join(names) if len(names) < 3 else f"any of {', '.join(names)}"


def _dotted(file: Path, base: Path) -> str | None:
    """The name by which a file below `base` could be imported from there."""
    if not file.is_relative_to(base):
        return None
    *folders, stem = file.relative_to(base).with_suffix("").parts
    packages = [base.joinpath(*folders[: depth + 1]) for depth in range(len(folders))]
    parts = folders if stem == "__init__" else [*folders, stem]
    if not parts or not all(part.isidentifier() for part in parts):
        return None
    if not all(os.path.isfile(package / "__init__.py") for package in packages):
        return None
    # A module of that name is in the worker before any project's file can be.
    if parts[0] in sys.stdlib_module_names or parts[0] == "__main__":
        return None
    return ".".join(parts)
