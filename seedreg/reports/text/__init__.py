"""Results as lines for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from seedreg.domain.audit import Waiver
from seedreg.domain.drift import DifferenceKind, Drift, Extra
from seedreg.domain.entry import Baseline, Entry
from seedreg.domain.environment import Environment
from seedreg.domain.environment_changes import Change, ChangeKind, changes
from seedreg.domain.failure import BuildFailure
from seedreg.domain.fingerprint import SCHEME, Fingerprint, TensorRecord
from seedreg.domain.results import (
    AuditRow,
    Confirmed,
    NotConfirmed,
    Refused,
    Registered,
    Registration,
    Verification,
)
from seedreg.domain.verdict import Check, Verdict
from seedreg.reports.guide import Guide
from seedreg.reports.words.failures import failure_hint, failure_message
from seedreg.reports.words.printable import printable, printable_lines
from seedreg.reports.words.warnings import warning_text

_INDENT = "  "
_MANY = 8
SOFTWARE = (ChangeKind.PYTHON, ChangeKind.DISTRIBUTION)
_FIRST = ("python", "tensorflow", "keras", "tf-keras", "numpy")


def verification_lines(verification: Verification, guide: Guide, *, verbose: bool = False) -> Iterator[str]:
    """The verdict's line, then what changed, what differs, and how to see more."""
    yield from finding_lines(verification, guide, verbose=verbose)
    if verification.verdict is not Verdict.REPRODUCED:
        yield from _indented(next_lines(guide.after_check(verification.entry, verification.verdict)))


def next_lines(step: str | None) -> Iterator[str]:
    """The line that says what to do next; none where nothing is to be done."""
    if step is not None:
        yield f"next: {step}"


def finding_lines(verification: Verification, guide: Guide, *, verbose: bool = False) -> Iterator[str]:
    """A verification without what comes next."""
    entry, check = verification.entry, verification.check
    yield f"{check.verdict.value}  {entry.short_id}  {entry.recipe.label}  {check.duration_s:.2f} s"
    if check.failure is not None:
        yield from _indented(failure_lines(check.failure, guide, verbose=verbose))
    if verification.drift is not None:
        against = "the two builds" if check.verdict is Verdict.NONDETERMINISTIC else "baseline"
        yield from _indented(drift_lines(verification.drift, against, verification.baseline.number))
    if check.failure is None:
        reproduced = check.verdict is Verdict.REPRODUCED
        yield from _indented(change_lines(verification.changes, verbose=verbose, brief=reproduced))
        yield from _indented(_source_lines(verification))
        if verification.renamed:
            before, after = verification.renamed[0]
            more = f" and {len(verification.renamed) - 1} more" if len(verification.renamed) > 1 else ""
            yield f"{_INDENT}names: {before} → {after}{more} (names are not part of the fingerprint)"


def audit_row_lines(
    row: AuditRow, guide: Guide, *, with_column: bool = False, verbose: bool = False
) -> Iterator[str]:
    """One check of an audit: its line, and where it failed or is waived what is known and what to do."""
    check = row.check
    word = check.verdict.value if row.waiver is None else "WAIVED"
    where = f"  in {printable(row.column)}" if with_column else ""
    label = printable(row.entry.recipe.label)
    yield f"{word}  {row.entry.short_id}  {label}{where}  {check.duration_s:.2f} s"
    if check.verdict is not Verdict.REPRODUCED or verbose:
        yield from _indented(audit_reason_lines(row, guide, verbose=verbose))


def audit_reason_lines(row: AuditRow, guide: Guide, *, verbose: bool = False) -> Iterator[str]:
    """What is known of one check of an audit, and what to do about it."""
    check = row.check
    if row.waiver is not None:
        yield f"drifted, and waived until {row.waiver.until}: {printable(row.waiver.reason)}"
    if check.failure is not None:
        # What is foreign stands behind a bar: a CI service acts on lines that begin with `::`.
        first, *rest = failure_lines(check.failure, guide, verbose=verbose)
        message, *more = printable_lines(first) or [""]
        yield message
        yield from (f"| {line}" for line in (*more, *(part for one in rest for part in printable_lines(one))))
    elif check.verdict is Verdict.NONDETERMINISTIC:
        yield "two builds now differ from each other"
    elif row.drift is not None:
        yield from map(printable, drift_lines(row.drift, number=check.baseline_number))
    if check.failure is None:
        yield from map(printable, change_lines(row.changes, verbose=verbose))
    if row.failed:
        yield from next_lines(guide.after_audited(row))


def drift_lines(drift: Drift, against: str = "baseline", number: int | None = None) -> Iterator[str]:
    """How many tensors differ of how many, and in which layers."""
    held = f"{against} {number}" if against == "baseline" and number is not None else against
    layers = ", ".join(drift.layers[:_MANY]) + (
        f" and {len(drift.layers) - _MANY} more" if len(drift.layers) > _MANY else ""
    )
    between = "between" if against == "the two builds" else "from"
    differ = f"{len(drift.differences)} of {drift.tensor_count} tensors differ"
    yield f"{differ} {between} {held}; layers: {layers}"
    if drift.reordered:
        yield "the same tensors, in another order"
    kinds = Counter(difference.kind.value for difference in drift.differences)
    if set(kinds) != {DifferenceKind.VALUES.value}:
        yield "by kind: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def change_lines(found: Sequence[Change], *, verbose: bool = False, brief: bool = False) -> Iterator[str]:
    """What differs in the environment: packages always, the machine and the rest where they changed too.

    `verbose` names every package, `brief` those alone that make a model's weights.
    """
    software = [change for change in found if change.kind in SOFTWARE]
    rest = [change for change in found if change.kind not in SOFTWARE]
    if not found:
        yield "environment: unchanged"
        return
    software.sort(key=lambda change: _FIRST.index(change.name) if change.name in _FIRST else len(_FIRST))
    limit = len(software) if verbose else _MANY
    if brief and not verbose:
        limit = min(limit, sum(change.name in _FIRST for change in software) or 1)
    if software:
        more = f", and {len(software) - limit} more" if len(software) > limit else ""
        yield "environment: " + ", ".join(map(str, software[:limit])) + more
    if rest:
        yield "settings and machine: " + ", ".join(map(str, rest))


def _source_lines(verification: Verification) -> Iterator[str]:
    before, after = verification.baseline.source, verification.check.source
    if verification.source_changed is None or after is None:
        yield "source: not known"
    elif verification.source_changed:
        where = f"{after.file}:{after.line}" if after.file else "factory"
        yield f"source: {where} changed since {_commit(before.git_commit)}"
    elif before.file_sha256 != after.file_sha256:
        yield f"source: the factory is unchanged, the rest of {after.file} is not"
    else:
        yield "source: unchanged"


def _commit(commit: str | None) -> str:
    return f"commit {commit[:12]}" if commit else "the baseline"


def failure_lines(failure: BuildFailure, guide: Guide, *, verbose: bool = False) -> Iterator[str]:
    """What failed and what to do; with `verbose` the traceback and what the build printed too."""
    yield f"{failure.kind.value}: {failure_message(failure)}"
    hints = [hint for hint in (failure_hint(failure), guide.for_failure(failure)) if hint]
    if hints:
        yield f"hint: {'; '.join(hints)}"
    if verbose and failure.details:
        yield from failure.details.rstrip().splitlines()
    if verbose and failure.output:
        yield "it printed:"
        yield from _indented(failure.output.rstrip().splitlines()[-20:])


def registration_lines(registration: Registration, guide: Guide, *, verbose: bool = False) -> Iterator[str]:
    """What became of one recipe; with `verbose` the traceback and what a failed build printed too."""
    match registration:
        case Registered(entry, baseline):
            fingerprint = baseline.fingerprint
            yield (
                f"registered  {entry.short_id}  {entry.recipe.label}  {SCHEME}:{fingerprint.digest[:12]}  "
                f"{_size(fingerprint)}"
            )
        case Confirmed(verification):
            entry = verification.entry
            retired = _retired(entry, guide)
            yield f"already registered  {entry.short_id}  {entry.recipe.label}  reproduces{retired}"
        case NotConfirmed(verification):
            entry = verification.entry
            yield f"already registered  {entry.short_id}  {entry.recipe.label}  and no longer reproduces:"
            yield from _indented(verification_lines(verification, guide, verbose=verbose))
            if verification.verdict is Verdict.DRIFTED:
                yield _INDENT + "; ".join(filter(None, ("nothing was overwritten", guide.to_accept(entry))))
        case Refused(recipe, failure):
            yield f"refused  {recipe.label}"
            yield from _indented(failure_lines(failure, guide, verbose=verbose))
            if not verbose and (failure.details or failure.output):
                yield from _indented(next_lines(guide.after_refusal(registration)))


def _retired(entry: Entry, guide: Guide) -> str:
    if entry.retired_at is None:
        return ""
    step = guide.to_unretire(entry)
    return "; it is retired" + (f": {step}" if step else "")


def counted(number: int, noun: str) -> str:
    """`1 tensor`, `2 tensors`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _size(fingerprint: Fingerprint) -> str:
    parameters = counted(fingerprint.parameter_count, "parameter")
    return f"{counted(len(fingerprint.tensors), 'tensor')}, {parameters}"


def history_lines(entry: Entry, baselines: Sequence[Baseline], checks: Sequence[Check]) -> Iterator[str]:
    """Baselines and checks of one entry in the order of time, with what changed from one to the next."""
    yield f"{entry.short_id}  {entry.recipe.label}"
    events: list[tuple[str, Baseline | Check]] = [(baseline.created_at, baseline) for baseline in baselines]
    events += [(check.at, check) for check in checks]
    previous: Environment | None = None
    for at, event in sorted(events, key=lambda item: item[0]):
        if isinstance(event, Baseline):
            reason = f": {event.reason}" if event.reason else ""
            yield f"{at[:19]}Z  baseline {event.number}  {SCHEME}:{event.fingerprint.digest[:12]}{reason}"
        else:
            found = f"{SCHEME}:{event.fingerprint.digest[:12]}" if event.fingerprint else ""
            if event.failure is not None:
                found = f"{event.failure.kind.value}: {failure_message(event.failure)}"
            yield (
                f"{at[:19]}Z  {event.verdict.value}  against baseline {event.baseline_number}  "
                f"{event.duration_s:.2f} s  {found}".rstrip()
            )
        if event.environment is not None:
            if previous is None:
                yield f"{_INDENT}{environment_line(event.environment)}"
            elif previous.digest != event.environment.digest:
                yield from _indented(change_lines(changes(previous, event.environment)))
            previous = event.environment


def environment_line(environment: Environment) -> str:
    """Python, TensorFlow, Keras and NumPy in one line."""
    keras = environment.keras or "-"
    if environment.keras_distribution not in (None, "keras"):
        keras += f" ({environment.keras_distribution})"
    return (
        f"python {environment.python}, tensorflow {environment.tensorflow or '-'}, keras {keras}, "
        f"numpy {environment.numpy or '-'}"
    )


def entry_lines(
    entry: Entry,
    baseline: Baseline,
    last: Check | None,
    drift: Drift | None,
    guide: Guide,
    waivers: Sequence[Waiver] = (),
) -> Iterator[str]:
    """Everything about one entry: recipe, baseline, environment then and now, source, and its tensors."""
    recipe = entry.recipe
    yield f"{entry.id}"
    pairs: list[tuple[str, str]] = [
        ("factory", recipe.factory),
        ("seed", f"{recipe.seed} (seeding {recipe.seeding})"),
        ("params", recipe.params_json),
        ("inputs", "; ".join(map(str, recipe.inputs)) or "-"),
        ("device", recipe.device),
        ("project", recipe.project),
        ("alias", entry.alias or "-"),
        ("tags", ", ".join(entry.tags) or "-"),
        ("note", entry.note or "-"),
        ("registered", entry.created_at),
    ]
    if entry.retired_at:
        reason = f": {entry.retired_reason}" if entry.retired_reason else ""
        pairs.append(("retired", f"{entry.retired_at}{reason}"))
    fingerprint, source = baseline.fingerprint, baseline.source
    reason = f": {baseline.reason}" if baseline.reason else ""
    committed = "not in git" if source.git_commit is None else f"commit {source.git_commit[:12]}"
    if source.git_dirty:
        committed += ", not committed as it is"
    pairs += [
        ("baseline", f"{baseline.number}, {baseline.created_at}{reason}"),
        ("fingerprint", str(fingerprint)),
        ("weights", _size(fingerprint)),
        ("source", f"{source.file}:{source.line}, {committed}" if source.file else "not known"),
        (
            "random words",
            f"python {_known(baseline.facts.python_words)}, numpy {_known(baseline.facts.numpy_words)}",
        ),
        ("then", environment_line(baseline.environment)),
        ("", f"{baseline.environment.os}; {baseline.environment.cpu}"),
    ]
    pairs += [("warning", warning_text(warning)) for warning in baseline.facts.warnings]
    if last is not None:
        pairs.append(("last check", f"{last.verdict.value}, {last.at}"))
        if last.environment is not None:
            pairs.append(("now", environment_line(last.environment)))
            pairs += [
                ("", line)
                for line in change_lines(changes(baseline.environment, last.environment), verbose=True)
            ]
        if last.failure is not None:
            pairs += [("", line) for line in failure_lines(last.failure, guide, verbose=True)]
        if drift is not None:
            pairs += [("", line) for line in drift_lines(drift, number=baseline.number)]
    pairs += [
        (
            "waiver",
            f"of {SCHEME}:{waiver.fingerprint[:12]} until {waiver.until}: {printable(waiver.reason)}",
        )
        for waiver in waivers
    ]
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        yield f"  {name:<{width}}  {value}"
    yield ""
    differences = drift.differences if drift else ()
    changed = {id(one.before) for one in differences if not isinstance(one, Extra)}
    yield from tensor_rows(fingerprint.tensors, changed)


def tensor_rows(tensors: Sequence[TensorRecord], changed: set[int]) -> Iterator[str]:
    """The tensors of a baseline, a line each; `changed` holds the `id()` of those that differ now."""
    head = ("", "TENSOR", "LAYER", "SHAPE", "DTYPE", "INITIALIZER", "MEAN", "STD", "SHA-256")
    rows = [head]
    for tensor in tensors:
        stats = tensor.stats
        rows.append(
            (
                "*" if id(tensor) in changed else "",
                tensor.name,
                tensor.layer_class or "-",
                "x".join(map(str, tensor.shape)) or "scalar",
                tensor.dtype,
                (tensor.initializer or {}).get("class") or "-",
                "-" if stats is None or stats.mean is None else f"{stats.mean:.4g}",
                "-" if stats is None or stats.std is None else f"{stats.std:.4g}",
                tensor.sha256[:12],
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
    if changed:
        yield "* differs in the last check"


def _known(number: int | None) -> str:
    return "?" if number is None else str(number)


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"{_INDENT}{line}" for line in lines)
