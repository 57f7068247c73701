"""What the command line says to do next: the `Guide` that its reports are given."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from seedreg.cli.hints import failure_step
from seedreg.domain.diagnosis_facts import Fact, FactKind
from seedreg.domain.environment_changes import ChangeKind
from seedreg.domain.environment_spec import (
    THIS,
    EnvironmentSpec,
    ExistingPython,
    MadeEnvironment,
    PythonVersion,
)
from seedreg.domain.source_changes import SourceChangeKind, Suspect
from seedreg.domain.verdict import Verdict

if TYPE_CHECKING:
    from seedreg.domain.audit import Audit
    from seedreg.domain.diagnosis import Blame
    from seedreg.domain.entry import Entry
    from seedreg.domain.failure import BuildFailure
    from seedreg.domain.results import AuditRow, Refused, Verification

_COMMIT_DIGITS = 12

_ABOUT_VERDICTS = {
    Verdict.DRIFTED: "`seedreg blame ID` names the package that caused it; `seedreg accept ID --reason …` "
    "makes the new weights the baseline; `seedreg waive ID --reason … --until DATE` lets audits pass for a "
    "while.",
    Verdict.NONDETERMINISTIC: "Look for what the factory uses besides the seeded generators: the clock, the "
    "process, threads.",
    Verdict.ERROR: "`seedreg show ID` shows the failure with its traceback.",
}


_ABOUT_FACTS = {
    FactKind.BUILDS_SPENT: "--builds allows more",
    FactKind.RELEASES_LEFT: "--builds allows more",
    FactKind.STILL_REPRODUCES: "--from and --to name releases to try all the same",
}


class CommandLineGuide:
    """Next steps as commands and options.

    Args:
        environment: the environment that the command builds in; None where it builds in none.
    """

    def __init__(self, environment: EnvironmentSpec | None = None) -> None:
        self._arguments = "" if environment is None else environment_arguments(environment)

    def after_check(self, verification: Verification) -> str | None:
        """What `_after_drift` gives; else `seedreg show ID`, or the same check in fresh interpreters."""
        if verification.verdict is Verdict.DRIFTED:
            return _after_drift(verification, self._arguments)
        return _see_more(verification.entry, verification.verdict)

    def after_audited(self, row: AuditRow) -> str | None:
        """For a drift what `_after_drift` gives, in the environment of the check."""
        arguments = environment_arguments(row.environment)
        match row.check.verdict:
            case Verdict.DRIFTED:
                return _after_drift(row, arguments)
            case Verdict.NONDETERMINISTIC:
                return f"{_see_more(row.entry, Verdict.NONDETERMINISTIC)}{arguments}"
            case verdict:
                return _see_more(row.entry, verdict)

    def after_interruption(self, audit: Audit) -> str | None:
        """`seedreg audit --resume` with the options that name the audit's environments."""
        columns = audit.plan.columns
        if len(columns) == 1:
            return f"seedreg audit --resume{environment_arguments(columns[0])}"
        return "seedreg audit --resume" + "".join(f" --env {shlex.quote(column.label)}" for column in columns)

    def after_blame(self, blame: Blame) -> str | None:
        """`seedreg bisect` for the first culprit that has releases on both sides, else `seedreg show`."""
        from seedreg.domain.diagnosis import Cause, Obstacle

        short_id = blame.verification.entry.short_id
        packages = [change for change in blame.culprits if change.kind is ChangeKind.DISTRIBUTION]
        if packages and packages[0].before and packages[0].after:
            return f"seedreg bisect {short_id} --package {shlex.quote(packages[0].name)}{self._arguments}"
        if blame.cause in (Cause.NOT_FOUND, Cause.NOT_A_PACKAGE):
            if any(one.obstacle is Obstacle.UNTRUSTED for one in blame.fixed):
                again = f"seedreg blame {short_id}{self._arguments} --trust"
                return f"{again}, if you know where the registry comes from"
            return f"seedreg show {short_id}"
        return None

    def after_refusal(self, refused: Refused) -> str | None:
        """The option that shows tracebacks."""
        return "the same command with --verbose shows more of what happened"

    def to_accept(self, entry: Entry) -> str | None:
        """The `seedreg accept` command of the entry."""
        return f"`seedreg accept {entry.short_id} --reason …` makes this build its new baseline"

    def to_retire(self, entry: Entry) -> str | None:
        """The `seedreg retire` command of the entry."""
        return f"`seedreg retire {entry.short_id}` takes it out of use"

    def to_unretire(self, entry: Entry) -> str | None:
        """The `seedreg unretire` command."""
        return f"`seedreg unretire {entry.short_id}` brings it back"

    def for_failure(self, failure: BuildFailure) -> str | None:
        """The options that help against this kind of failure."""
        return failure_step(failure)

    def for_fact(self, fact: Fact) -> str | None:
        """The options that help a search on."""
        return _ABOUT_FACTS.get(fact.kind)

    def for_verdict(self, verdict: Verdict) -> str | None:
        """The commands for entries with this verdict."""
        return _ABOUT_VERDICTS.get(verdict)


def _after_drift(found: Verification | AuditRow, arguments: str) -> str:
    """The diff and `accept` where the source changed, `blame` where the software did, else `show`."""
    short_id = found.entry.short_id
    match found.suspect:
        case Suspect.SOURCE:
            return f"{_diff(found, short_id)}, then seedreg accept {short_id} --reason …{arguments}"
        case Suspect.ENVIRONMENT:
            return f"seedreg blame {short_id}{arguments}"
        case Suspect.UNKNOWN:
            return f"seedreg show {short_id}"


def _diff(found: Verification | AuditRow, short_id: str) -> str:
    """The command that shows what changed in the source since the baseline.

    git knows all of it where the baseline was of a committed file; elsewhere `seedreg show` compares what it
    has stored: the factory's text and the names of the files.
    """
    before, changes = found.baseline.source, found.source_changes
    if before.git_commit is None or before.git_dirty:
        return f"seedreg show {short_id}"
    files = [change.name for change in changes if change.kind is not SourceChangeKind.COMMIT and change.name]
    paths = "".join(f" {shlex.quote(name)}" for name in files)
    return f"git diff {before.git_commit[:_COMMIT_DIGITS]}{' --' + paths if files else ''}"


def _see_more(entry: Entry, verdict: Verdict) -> str:
    if verdict is Verdict.NONDETERMINISTIC:
        return f"seedreg verify {entry.short_id} --isolation fresh"
    return f"seedreg show {entry.short_id}"


def environment_arguments(spec: EnvironmentSpec) -> str:
    """The options that name the environment on a command line, each after a space; none for this Python."""
    if spec.label == THIS:
        return ""
    if spec.label != spec.place.label:  # it was named by --env
        return f" --env {shlex.quote(spec.label)}"
    made = spec.place if isinstance(spec.place, MadeEnvironment) else None
    options: list[tuple[str, str]] = []
    if made is not None:
        options += [("--with", package) for package in made.packages]
        options += [("--requirements", made.requirements)] if made.requirements else []
    match spec.python:
        case ExistingPython(path):
            options.append(("--python", path))
        case PythonVersion(version):
            options.append(("--python-version", version))
    if made is not None and made.exclude_newer:
        options.append(("--exclude-newer", made.exclude_newer))
    return "".join(f" {option} {shlex.quote(value)}" for option, value in options)
