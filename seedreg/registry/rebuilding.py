"""Rebuilding: an entry's weights are written to a file."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from seedreg.domain.build import BuildRequest, ExportFormat
from seedreg.domain.drift import compare
from seedreg.domain.entry import Entry
from seedreg.domain.failure import BuildFailure
from seedreg.domain.results import Rebuilt
from seedreg.errors import NotJudged, UsageError
from seedreg.files import target_of
from seedreg.leftovers import remove_leftovers, temporary_name
from seedreg.registry.accepting import not_judged

if TYPE_CHECKING:
    from seedreg.executors import Executor
    from seedreg.storage import Repository

_FILES = (ExportFormat.SAFETENSORS, ExportFormat.NPZ, ExportFormat.H5)


def format_of_file(name: str) -> ExportFormat:
    """The format that the suffix of a file name names.

    Raises:
        UsageError: if it names none.
    """
    for form in _FILES:
        if name.endswith(form.suffix):
            return form
    suffixes = ", ".join(form.suffix for form in _FILES)
    raise UsageError(f"{name!r} has no suffix that names a format", hint=f"end it in one of: {suffixes}")


def rebuild(
    entry: Entry, output: Path, form: ExportFormat, repository: Repository, executor: Executor
) -> Rebuilt:
    """Build the entry and write its weights to `output`; see `Registry.rebuild`."""
    try:
        target = target_of(output)
        if target.exists() and not target.is_file():
            raise UsageError(f"{output} is not a regular file", hint="name a file")
        remove_leftovers(target.parent)
        # On a disk that takes no change any more, the error above all others is that the file is not written.
        folder = tempfile.TemporaryDirectory(
            prefix=temporary_name("-"), dir=target.parent, ignore_cleanup_errors=True
        )
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror}") from error
    with folder as temporary:
        ((_, outcome),) = executor.run([BuildRequest(0, entry.recipe, export=form)])
        if isinstance(outcome, BuildFailure):
            raise not_judged(entry, outcome)
        if outcome.exported is None:
            raise NotJudged("the executor wrote no weights")
        try:
            # In two steps, as the file may come from another file system and `output` is written whole.
            written = shutil.move(outcome.exported, temporary)
            if target.exists():
                os.chmod(written, stat.S_IMODE(target.stat().st_mode))
            os.replace(written, target)
        except OSError as error:
            raise UsageError(f"cannot write {output}: {error.strerror}") from error
    baseline = repository.baselines.current(entry.id)
    drift = compare(baseline.fingerprint, outcome.fingerprint)
    return Rebuilt(entry, baseline, str(output), str(outcome.fingerprint), drift)
