"""Where builds on this machine have their files: weights until someone takes them, and answers."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

from seedreg.domain.build import ExportFormat
from seedreg.leftovers import remove_leftovers, temporary_name


class Spool:
    """A temporary folder with a folder for each worker and a file or folder for the weights of each build.

    It is in the folder for temporary files (`TMPDIR`), and created when it is first needed. If this process
    is killed, the next spool there removes it.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._count = 0

    def place(self, form: ExportFormat) -> Path:
        """A new path for one build's weights: a folder that exists, or a file that does not.

        Raises:
            OSError: if no folder can be created.
        """
        # The build runs in another folder, so the path must be absolute.
        path = self._next("weights", form.suffix)
        if form is ExportFormat.OBJECTS:
            path.mkdir()
        return path

    def worker_folder(self) -> Path:
        """A new folder for a worker.

        Raises:
            OSError: if it cannot be created.
        """
        path = self._next("workers", "")
        path.mkdir()
        return path

    def close(self) -> None:
        """Delete everything that nobody took."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _next(self, kind: str, suffix: str) -> Path:
        if self._folder is None:
            remove_leftovers(Path(tempfile.gettempdir()))
            self._folder = Path(tempfile.mkdtemp(prefix=temporary_name("-"))).resolve()
        self._count += 1
        folder = self._folder / kind
        folder.mkdir(exist_ok=True)
        return folder / f"{self._count}{suffix}"


def discard(path: Path | None) -> None:
    """Delete what a build or worker wrote, if it is still there."""
    if path is not None and path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    elif path is not None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
