"""Where builds on this machine write their weights until someone takes them."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from seedreg.domain.build import ExportFormat
from seedreg.leftovers import remove_leftovers, temporary_name


class Spool:
    """A temporary folder with one file or folder for each build; created at the first export.

    It is in the folder for temporary files (`TMPDIR`).
    """

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._count = 0

    def place(self, form: ExportFormat) -> Path:
        """A new path for one build's weights: a folder that exists, or a file that does not."""
        if self._folder is None:
            remove_leftovers(Path(tempfile.gettempdir()))
            self._folder = tempfile.TemporaryDirectory(prefix=temporary_name("-"))
        self._count += 1
        # The build runs in another folder, so the path must be absolute.
        path = Path(self._folder.name).resolve() / f"{self._count}{form.suffix}"
        if form is ExportFormat.OBJECTS:
            path.mkdir()
        return path

    def close(self) -> None:
        """Delete everything that nobody took."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def discard(path: Path | None) -> None:
    """Delete what a build wrote that gave no weights."""
    if path is not None and path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    elif path is not None:
        path.unlink(missing_ok=True)
