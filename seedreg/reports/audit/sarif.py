"""An audit as SARIF 2.1.0 (OASIS Standard), with what GitHub's code scanning asks for.

Only what failed or is waived is a result; a waived drift is a suppressed one.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, TextIO
from urllib.parse import quote

from seedreg.domain.results import AuditReport, AuditRow
from seedreg.domain.verdict import Verdict
from seedreg.reports.audit.json import line
from seedreg.reports.audit.rows import Outcome, outcome, place, reason, software_changes, waiver_words
from seedreg.reports.guide import Guide
from seedreg.reports.words.printable import escaped
from seedreg.version import __version__

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "SRCROOT"

_RULES = (
    (Verdict.DRIFTED, "drift", "Drift", "The model no longer starts from the weights of its baseline."),
    (
        Verdict.NONDETERMINISTIC,
        "nondeterministic",
        "Nondeterminism",
        "Two builds of the model with the same seed differ from each other.",
    ),
    (
        Verdict.ERROR,
        "error",
        "NotJudged",
        "The model could not be built, so nothing is known about its weights.",
    ),
)
_INDEX = {rule[0]: number for number, rule in enumerate(_RULES)}


def write(report: AuditReport, out: TextIO, guide: Guide) -> None:
    """Write the log, a line for each result."""
    head = {
        "tool": {"driver": _driver(guide)},
        "automationDetails": {"id": _automation_id(report)},
        "invocations": [_invocation(report)],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
    }
    out.write(f'{{"$schema": {line(SCHEMA)}, "version": "2.1.0", "runs": [{{\n')
    out.writelines(f"{line(name)}: {line(value)},\n" for name, value in head.items())
    out.write('"results": [')
    separator = "\n"
    for row in report.rows():
        if outcome(row) is not Outcome.REPRODUCED:
            out.write(separator + line(_result(report, row, guide)))
            separator = ",\n"
    out.write("\n]\n}]}\n")


def _driver(guide: Guide) -> dict[str, Any]:
    rules = []
    for verdict, id_, name, text in _RULES:
        rule: dict[str, Any] = {
            "id": id_,
            "name": name,
            "shortDescription": {"text": text},
            "fullDescription": {"text": text},
        }
        help_ = guide.for_verdict(verdict)
        if help_ is not None:
            rule["help"] = {"text": help_.replace("`", ""), "markdown": help_}
        rules.append({**rule, "defaultConfiguration": {"level": "error"}})
    return {"name": "seedreg", "version": __version__, "semanticVersion": __version__, "rules": rules}


def _automation_id(report: AuditReport) -> str:
    # Its part before the last slash names the series of runs: of logs with the same, the last one counts.
    plan = report.audit.plan
    part = "" if plan.shard is None else f"{plan.shard.number}-of-{plan.shard.count}/"
    project = escaped(plan.project).replace("/", "-")
    return f"seedreg/{project}/{part}{report.audit.number}"


def _invocation(report: AuditReport) -> dict[str, Any]:
    audit = report.audit
    invocation: dict[str, Any] = {
        "executionSuccessful": audit.finished_at is not None,
        "startTimeUtc": _time(audit.started_at),
    }
    if audit.finished_at is not None:
        invocation["endTimeUtc"] = _time(audit.finished_at)
    return invocation


def _time(at: str) -> str:
    # SARIF § 3.9 takes any number of digits; some readers take no more than milliseconds.
    return f"{at[:23]}Z"


def _result(report: AuditReport, row: AuditRow, guide: Guide) -> dict[str, Any]:
    index = _INDEX[row.check.verdict]
    recipe = row.entry.recipe
    what = f"{escaped(recipe.label)} in {escaped(row.column)}: {reason(row)}"
    changed = software_changes(row)
    if changed:
        what += f"; environment: {changed}"
    step = guide.after_audited(row)
    if step is not None:
        what += f". Next: {step}"
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": recipe.factory, "kind": "function"}]
    }
    found = place(report, row)
    if found is not None:
        location["physicalLocation"] = _physical(*found)
    # Which check it is, the same in every audit. GitHub compares only the first of them.
    key = f"{row.entry.id}:{row.column}"
    result: dict[str, Any] = {
        "ruleId": _RULES[index][1],
        "ruleIndex": index,
        "level": "error",
        "message": {"text": _message(what)},
        "locations": [location],
        "partialFingerprints": {"primaryLocationLineHash": key, "seedregCheck/v1": key},
        "properties": {
            "entry": row.entry.id,
            "environment": row.column,
            "baseline": str(row.baseline.fingerprint),
            "fingerprint": None if row.check.observed is None else str(row.check.observed.fingerprint),
            "changes": [str(change) for change in row.changes],
        },
    }
    if outcome(row) is Outcome.WAIVED:
        suppression = {"kind": "external", "status": "accepted", "justification": _plain(waiver_words(row))}
        result["suppressions"] = [suppression]
    return result


def _message(text: str) -> str:
    # SARIF § 3.11.5: {0} is a placeholder, and a brace is written twice.
    return _plain(text).replace("{", "{{").replace("}", "}}")


def _plain(text: str) -> str:
    # SARIF § 3.11.6: [text](target) is a link, even in plain text.
    return text.replace("](", "] (")


def _physical(file: str, line_number: int | None) -> dict[str, Any]:
    uri = quote(file, errors="replace")
    place: dict[str, Any] = {"artifactLocation": {"uri": uri, "uriBaseId": _ROOT}}
    if PurePosixPath(file).is_absolute():
        place["artifactLocation"] = {"uri": f"file://{uri}"}
    if line_number is not None:
        place["region"] = {"startLine": max(1, line_number)}
    return place
