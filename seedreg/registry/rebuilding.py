"""Rebuilding: an entry's weights are written to a file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from seedreg.domain.build import BuildRequest, Export, ExportFormat
from seedreg.domain.drift import compare
from seedreg.domain.entry import Entry
from seedreg.domain.failure import BuildFailure
from seedreg.domain.results import Rebuilt
from seedreg.errors import UsageError
from seedreg.registry.accepting import not_judged

if TYPE_CHECKING:
    from seedreg.executors import Executor
    from seedreg.storage import Repository

_SUFFIXES = {
    ".safetensors": ExportFormat.SAFETENSORS,
    ".npz": ExportFormat.NPZ,
    ".weights.h5": ExportFormat.H5,
}


def format_of_file(name: str) -> ExportFormat:
    """The format that the suffix of a file name names.

    Raises:
        UsageError: if it names none.
    """
    for suffix, form in _SUFFIXES.items():
        if name.endswith(suffix):
            return form
    raise UsageError(
        f"{name!r} has no suffix that names a format", hint=f"end it in one of: {', '.join(_SUFFIXES)}"
    )


def rebuild(
    entry: Entry, output: Path, form: ExportFormat, repository: Repository, executor: Executor
) -> Rebuilt:
    """Build the entry and write its weights to `output`; see `Registry.rebuild`."""
    try:
        folder = tempfile.TemporaryDirectory(prefix=".seedreg-", dir=output.parent)
    except OSError as error:
        raise UsageError(f"cannot write into {output.parent}: {error.strerror}") from error
    with folder as temporary:
        # Keras accepts no other suffix than `.weights.h5`.
        suffix = next(suffix for suffix, one in _SUFFIXES.items() if one is form)
        written = Path(temporary).resolve() / f"weights{suffix}"
        request = BuildRequest(0, entry.recipe, export=Export(form, str(written)))
        ((_, outcome),) = executor.run([request])
        if isinstance(outcome, BuildFailure):
            raise not_judged(entry, outcome)
        try:
            os.replace(written, output)
        except OSError as error:
            raise UsageError(f"cannot write {output}: {error.strerror}") from error
    baseline = repository.baselines.current(entry.id)
    drift = compare(baseline.fingerprint, outcome.fingerprint)
    return Rebuilt(entry, baseline, str(output), str(outcome.fingerprint), drift)
