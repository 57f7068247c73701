"""Results as lines for people."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence

from seedreg.domain.audit import Audit, Waiver
from seedreg.domain.build import BuildFailure
from seedreg.domain.entry import Baseline, Entry
from seedreg.domain.environment import THIS, Change, Environment, EnvironmentSpec, changes
from seedreg.domain.fingerprint import SCHEME, Drift, Fingerprint, TensorRecord
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
from seedreg.reports.words.failures import failure_hint, failure_message
from seedreg.reports.words.printable import printable, printable_lines
from seedreg.reports.words.warnings import warning_text

_INDENT = "  "
_MANY = 8
SOFTWARE = ("python", "distribution")
_FIRST = ("python", "tensorflow", "keras", "tf-keras", "numpy")


def verification_lines(verification: Verification, *, verbose: bool = False) -> Iterator[str]:
    """The verdict's line, then what changed, what differs, and the command that looks further."""
    entry, check = verification.entry, verification.check
    yield f"{check.verdict.value}  {entry.short_id}  {entry.recipe.label}  {check.duration_s:.2f} s"
    if check.failure is not None:
        yield from _indented(failure_lines(check.failure, verbose=verbose))
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
    if check.verdict is not Verdict.REPRODUCED:
        yield f"{_INDENT}next: {next_command(entry, check.verdict)}"


def next_command(entry: Entry, verdict: Verdict) -> str:
    """The one command that looks further into a failing verdict."""
    if verdict is Verdict.NONDETERMINISTIC:
        return f"seedreg verify {entry.short_id} --isolation fresh"
    return f"seedreg show {entry.short_id}"


def audit_row_lines(row: AuditRow, *, with_column: bool = False, verbose: bool = False) -> Iterator[str]:
    """One check of an audit: its line, and where it failed or is waived what is known and what to do."""
    check = row.check
    word = check.verdict.value if row.waiver is None else "WAIVED"
    where = f"  in {printable(row.column)}" if with_column else ""
    label = printable(row.entry.recipe.label)
    yield f"{word}  {row.entry.short_id}  {label}{where}  {check.duration_s:.2f} s"
    if check.verdict is Verdict.REPRODUCED and not verbose:
        return
    if row.waiver is not None:
        yield f"{_INDENT}drifted, and waived until {row.waiver.until}: {printable(row.waiver.reason)}"
    if check.failure is not None:
        # What is foreign stands behind a bar: a CI service acts on lines that begin with `::`.
        first, *rest = failure_lines(check.failure, verbose=verbose)
        message, *more = printable_lines(first) or [""]
        yield f"{_INDENT}{message}"
        yield from (
            f"{_INDENT}| {line}" for line in (*more, *(part for one in rest for part in printable_lines(one)))
        )
    elif check.verdict is Verdict.NONDETERMINISTIC:
        yield f"{_INDENT}two builds now differ from each other"
    elif row.drift is not None:
        yield from _indented(map(printable, drift_lines(row.drift, number=check.baseline_number)))
    if check.failure is None:
        yield from _indented(map(printable, change_lines(row.changes, verbose=verbose)))
    if row.failed:
        yield f"{_INDENT}next: {audit_next_command(row)}"


def audit_next_command(row: AuditRow) -> str:
    """The one command that looks further into a check that failed, in the same environment."""
    if row.check.verdict is Verdict.DRIFTED:
        return f"seedreg blame {row.entry.short_id}{environment_arguments(row.environment)}"
    if row.check.verdict is Verdict.NONDETERMINISTIC:
        return f"{next_command(row.entry, row.check.verdict)}{environment_arguments(row.environment)}"
    return next_command(row.entry, row.check.verdict)


def resume_command(audit: Audit) -> str:
    """The command that goes on with the audit, in its environments."""
    columns = audit.plan.columns
    if len(columns) == 1:
        return f"seedreg audit --resume{environment_arguments(columns[0])}"
    return "seedreg audit --resume" + "".join(f" --env {shlex.quote(column.label)}" for column in columns)


def environment_arguments(spec: EnvironmentSpec) -> str:
    """The options that name the environment on a command line, each after a space; none for this Python."""
    if spec.label == THIS:
        return ""
    if spec.label != spec.described():  # it was named by --env
        return f" --env {shlex.quote(spec.label)}"
    options = [("--with", package) for package in spec.packages]
    options += [
        (option, value)
        for option, value in (
            ("--requirements", spec.requirements),
            ("--python", spec.python),
            ("--python-version", spec.python_version),
            ("--exclude-newer", spec.exclude_newer),
        )
        if value is not None
    ]
    return "".join(f" {option} {shlex.quote(value)}" for option, value in options)


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
    kinds: dict[str, int] = {}
    for difference in drift.differences:
        kinds[difference.kind] = kinds.get(difference.kind, 0) + 1
    if set(kinds) != {"values"}:
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


def failure_lines(failure: BuildFailure, *, verbose: bool = False) -> Iterator[str]:
    """What failed and what to do; with `verbose` the traceback and what the build printed too."""
    yield f"{failure.kind}: {failure_message(failure)}"
    hint = failure_hint(failure)
    if hint:
        yield f"hint: {hint}"
    if verbose and failure.details:
        yield from failure.details.rstrip().splitlines()
    if verbose and failure.output:
        yield "it printed:"
        yield from _indented(failure.output.rstrip().splitlines()[-20:])


def registration_lines(registration: Registration, *, verbose: bool = False) -> Iterator[str]:
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
            retired = "; it is retired: seedreg unretire brings it back" if entry.retired_at else ""
            yield f"already registered  {entry.short_id}  {entry.recipe.label}  reproduces{retired}"
        case NotConfirmed(verification):
            entry = verification.entry
            yield f"already registered  {entry.short_id}  {entry.recipe.label}  and no longer reproduces:"
            yield from _indented(verification_lines(verification, verbose=verbose))
            if verification.verdict is Verdict.DRIFTED:
                yield (
                    f"{_INDENT}nothing was overwritten; `seedreg accept {entry.short_id} --reason …` "
                    "makes this build its new baseline"
                )
        case Refused(recipe, failure):
            yield f"refused  {recipe.label}"
            yield from _indented(failure_lines(failure, verbose=verbose))
            if not verbose and (failure.details or failure.output):
                yield f"{_INDENT}next: the same command with --verbose shows more of what happened"


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
                found = f"{event.failure.kind}: {failure_message(event.failure)}"
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
            pairs += [("", line) for line in failure_lines(last.failure, verbose=True)]
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
    changed = {id(difference.before) for difference in drift.differences} if drift else set()
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
