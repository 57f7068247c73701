"""Everything about one entry."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from seedreg.domain.audit import Waiver
from seedreg.domain.drift import Drift, Extra
from seedreg.domain.entry import Baseline, Entry, Source
from seedreg.domain.environment_changes import changes, known_changes
from seedreg.domain.fingerprint import Fingerprint, TensorRecord, short_fingerprint
from seedreg.domain.inputs import InputFunction, Inputs
from seedreg.domain.results import EntryDetails
from seedreg.domain.verdict import Check
from seedreg.reports.guide import Guide
from seedreg.reports.lines import INDENT, counted, indented
from seedreg.reports.table import table_lines
from seedreg.reports.text.changes import change_lines, environment_line
from seedreg.reports.text.drift import drift_lines
from seedreg.reports.text.failures import failure_lines
from seedreg.reports.words.warnings import warning_text

_Pair = tuple[str, str]


def entry_lines(details: EntryDetails, guide: Guide) -> Iterator[str]:
    """Recipe, baseline, environment then and now, source, waivers, and the tensors."""
    baseline = details.baseline
    yield details.entry.id
    pairs = [*_entry_pairs(details.entry), *_baseline_pairs(baseline)]
    if details.last is not None:
        pairs += _check_pairs(details.last, baseline, details.drift, guide)
    pairs += (("waiver", _waiver(waiver)) for waiver in details.waivers)
    yield from indented(table_lines(pairs))
    yield ""
    differences = details.drift.differences if details.drift else ()
    changed = {id(one.before) for one in differences if not isinstance(one, Extra)}
    yield from tensor_rows(baseline.fingerprint.tensors, changed)
    if details.last is not None and details.last.observed is not None:
        yield from source_diff(baseline.source, details.last.observed.source)


def source_diff(before: Source, after: Source) -> Iterator[str]:
    """The factory's text then and now as a unified diff; nothing if it is the same, or not known."""
    if None in (before.text, after.text) or before.text == after.text:
        return
    old, new = (str(source.text).splitlines() for source in (before, after))
    yield ""
    yield "The factory, in the baseline and in the last check:"
    names = (f"{before.file}:{before.line}", f"{after.file}:{after.line}")
    yield from (INDENT + line for line in difflib.unified_diff(old, new, *names, lineterm=""))


def _entry_pairs(entry: Entry) -> Iterator[_Pair]:
    recipe = entry.recipe
    yield "factory", recipe.factory
    yield "seed", f"{recipe.seed} (seeding {recipe.seeding.value})"
    yield "params", recipe.params_json
    yield "inputs", _inputs(recipe.inputs)
    yield "device", recipe.device
    yield "project", recipe.project
    yield "alias", entry.alias or "-"
    yield "tags", ", ".join(entry.tags) or "-"
    yield "note", entry.note or "-"
    yield "registered", entry.created_at
    if entry.retired_at is not None:
        yield "retired", entry.retired_at + (f": {entry.retired_reason}" if entry.retired_reason else "")


def _inputs(inputs: Inputs) -> str:
    if isinstance(inputs, InputFunction):
        return f"what {inputs} returns"
    return "; ".join(map(str, inputs)) or "-"


def _baseline_pairs(baseline: Baseline) -> Iterator[_Pair]:
    source, facts = baseline.source, baseline.facts
    reason = f": {baseline.reason}" if baseline.reason else ""
    committed = "not in git" if source.git_commit is None else f"commit {source.git_commit[:12]}"
    if source.git_dirty:
        committed += " with changes that are not committed"
    yield "baseline", f"{baseline.number}, {baseline.created_at}{reason}"
    yield "fingerprint", str(baseline.fingerprint)
    yield "weights", size(baseline.fingerprint)
    yield "source", f"{source.file}:{source.line}, {committed}" if source.file else "not known"
    yield from (("depends on", f"{file.path}, {(file.sha256 or 'missing')[:12]}") for file in source.depends)
    yield "random words", f"python {_known(facts.python_words)}, numpy {_known(facts.numpy_words)}"
    yield "then", environment_line(baseline.environment)
    yield "", f"{baseline.environment.os}; {baseline.environment.cpu}"
    yield from (("warning", warning_text(warning)) for warning in facts.warnings)


def _check_pairs(last: Check, baseline: Baseline, drift: Drift | None, guide: Guide) -> Iterator[_Pair]:
    yield "last check", f"{last.verdict.value}, {last.at}"
    if last.observed is not None:
        yield "now", environment_line(last.observed.environment)
        found = changes(baseline.environment, last.observed.environment)
        yield from (("", line) for line in change_lines(found, verbose=True))
    if last.failure is not None:
        yield from (("", line) for line in failure_lines(last.failure, guide, verbose=True))
        if last.failure.environment is not None:
            found = known_changes(baseline.environment, last.failure.environment)
            yield from (("", line) for line in change_lines(found, verbose=True))
    if drift is not None:
        yield from (("", line) for line in drift_lines(drift, baseline.number))


def _waiver(waiver: Waiver) -> str:
    return f"of {short_fingerprint(waiver.fingerprint)} until {waiver.until}: {waiver.reason}"


def tensor_rows(tensors: Sequence[TensorRecord], changed: set[int]) -> Iterator[str]:
    """The tensors of a baseline as a table; `changed` holds the `id()` of those that differ now."""
    head = ("", "TENSOR", "LAYER", "SHAPE", "DTYPE", "INITIALIZER", "MEAN", "STD", "SHA-256")
    rows = [_tensor_row(tensor, "*" if id(tensor) in changed else "") for tensor in tensors]
    yield from table_lines([head, *rows])
    if changed:
        yield "* differs in the last check"


def _tensor_row(tensor: TensorRecord, mark: str) -> tuple[str, ...]:
    stats = tensor.stats
    return (
        mark,
        tensor.name,
        tensor.layer_class or "-",
        "x".join(map(str, tensor.shape)) or "scalar",
        tensor.dtype,
        (tensor.initializer or {}).get("class") or "-",
        "-" if stats is None or stats.mean is None else f"{stats.mean:.4g}",
        "-" if stats is None or stats.std is None else f"{stats.std:.4g}",
        tensor.sha256[:12],
    )


def size(fingerprint: Fingerprint) -> str:
    """How many tensors and parameters, on one line."""
    parameters = counted(fingerprint.parameter_count, "parameter")
    return f"{counted(len(fingerprint.tensors), 'tensor')}, {parameters}"


def _known(number: int | None) -> str:
    return "?" if number is None else str(number)
