"""One audit, in every format: whole files, byte by byte."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from seedreg.domain.environment_changes import changes
from seedreg.domain.results import AuditReport
from seedreg.domain.verdict import Verdict
from seedreg.reports.audit import Format

from .. import audits, values
from ..audits import written

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data"
GOLDEN = {
    Format.TEXT: DATA / "audit" / "report.txt",
    Format.JSON: DATA / "audit-1.json",
    Format.JSONL: DATA / "audit" / "report.jsonl",
    Format.JUNIT: DATA / "audit" / "report.xml",
    Format.MARKDOWN: DATA / "audit" / "report.md",
    Format.SARIF: DATA / "audit" / "report.sarif",
    Format.GITHUB: DATA / "audit" / "commands.txt",
}
SCHEMA = json.loads((ROOT / "docs" / "schemas" / "audit-1.schema.json").read_text(encoding="utf-8"))
SARIF_SCHEMA = json.loads((DATA / "audit" / "sarif-2.1.0-rtm.5.schema.json").read_text(encoding="utf-8"))


def sarif(audited: AuditReport) -> Any:
    log = json.loads(written(Format.SARIF, audited))
    jsonschema.Draft4Validator(SARIF_SCHEMA, format_checker=jsonschema.FormatChecker()).validate(log)
    (run,) = log["runs"]
    return run


def test_every_format_has_a_golden_file() -> None:
    assert set(GOLDEN) == set(Format)


@pytest.mark.parametrize("name", GOLDEN)
def test_an_audit_is_told_as_the_golden_file_tells_it(
    name: Format, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seedreg.reports.audit.sarif.__version__", "1.2.3")
    text = written(name, audits.everything())
    if request.config.getoption("--update-golden"):
        GOLDEN[name].write_text(text, encoding="utf-8")
    assert text == GOLDEN[name].read_text(encoding="utf-8")


# JSON -------------------------------------------------------------------------------------------


def test_json_fits_its_schema_and_counts_waived_drifts_with_the_others() -> None:
    document = json.loads(written(Format.JSON, audits.everything()))
    jsonschema.validate(document, SCHEMA)
    assert document["summary"] == {
        "planned": 18,
        "done": 15,
        "verdicts": {"REPRODUCED": 5, "DRIFTED": 3, "NONDETERMINISTIC": 2, "ERROR": 5},
        "waived": 1,
        "failed": 9,
    }
    assert [column["summary"]["done"] for column in document["columns"]] == [6, 6, 3]


def test_json_of_an_audit_that_checked_nothing_fits_too() -> None:
    document = json.loads(written(Format.JSON, audits.report([], planned=2, finished=False)))
    jsonschema.validate(document, SCHEMA)
    assert (document["checks"], document["summary"]["done"], document["summary"]["planned"]) == ([], 0, 2)


def test_json_lines_hold_the_values_of_the_json_document() -> None:
    document = json.loads(written(Format.JSON, audits.everything()))
    head, *checks, end = map(json.loads, written(Format.JSONL, audits.everything()).splitlines())
    assert head == {"format": "seedreg.audit.jsonl/1", "audit": document["audit"]}
    assert checks == [{"check": check} for check in document["checks"]]
    assert end == {"columns": document["columns"], "summary": document["summary"]}


def test_json_does_not_call_what_no_two_builds_agree_on_a_drift() -> None:
    checks = json.loads(written(Format.JSON, audits.everything()))["checks"]
    drifts = {check["verdict"]: check["drift"] is not None for check in checks}
    assert drifts == {"REPRODUCED": False, "DRIFTED": True, "NONDETERMINISTIC": False, "ERROR": False}


# JUnit ------------------------------------------------------------------------------------------


def test_junit_has_a_suite_for_each_environment_and_totals_in_its_attributes() -> None:
    root = ET.fromstring(written(Format.JUNIT, audits.everything()))
    names = ("name", "tests", "failures", "errors", "skipped", "time")
    assert [[suite.get(name) for name in names] for suite in (root, *root)] == [
        ["seedreg: audit 3", "15", "4", "5", "1", "10.000"],
        ["this", "6", "1", "1", "0", "2.750"],
        ["keras3", "6", "3", "1", "1", "2.750"],
        ["tf2.0", "3", "0", "3", "0", "4.500"],
    ]
    for suite in root:
        assert len(suite) == int(suite.get("tests") or 0)
        for name, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert len(suite.findall(f"testcase/{name}")) == int(suite.get(attribute) or -1)


def test_junit_of_nothing_is_a_document_without_suites() -> None:
    root = ET.fromstring(written(Format.JUNIT, audits.report([], planned=1)))
    assert (root.get("tests"), list(root)) == ("0", [])


def test_junit_leaves_out_what_is_added_between_its_two_readings() -> None:
    audited = audits.report([audits.row(audits.entry(0)), audits.row(audits.entry(1))])
    lengths = iter([1, 2])
    growing = replace(audited, rows=lambda: iter(list(audited.rows())[: next(lengths)]))
    root = ET.fromstring(written(Format.JUNIT, growing))
    assert (root.get("tests"), len(root.findall(".//testcase"))) == ("1", 1)


def test_an_upgrade_of_everything_names_what_can_move_a_weight_and_counts_the_rest() -> None:
    packages = [f"p{number:02}" for number in range(30)]
    then, now = (
        replace(environment, distributions=(*((name, version) for name in packages), *extra))
        for environment, version, extra in (
            (values.OLD, "1", (("tensorflow", "2.15.0"),)),
            (replace(values.OLD, tensorflow="2.21.0"), "2", (("tensorflow", "2.21.0"),)),
        )
    )
    row = replace(audits.row(audits.entry(), Verdict.DRIFTED), changes=changes(then, now))
    audited = audits.report([row])
    expected = "tensorflow 2.15.0 → 2.21.0, and 30 other packages"
    assert f"environment: {expected}" in written(Format.TEXT, audited)
    assert f"environment: {expected}%0A" in written(Format.GITHUB, audited)
    assert f"; environment: {expected}" in sarif(audited)["results"][0]["message"]["text"]
    first, folded = written(Format.MARKDOWN, audited).split("<details><summary>30 other packages</summary>")
    assert first.endswith("\n- this: tensorflow 2.15.0 → 2.21.0 (1 check)\n\n")
    assert folded.count("\n- this: p") == 30
    found = json.loads(written(Format.JSON, audited))["checks"][0]["environment_changes"]
    assert [change["name"] for change in found] == ["tensorflow", *packages]


# SARIF ------------------------------------------------------------------------------------------


def test_sarif_fits_its_schema_and_has_a_result_for_all_but_what_reproduces() -> None:
    run = sarif(audits.everything())
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == ["drift", "nondeterministic", "error"]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]
    assert len(run["results"]) == 10
    assert run["invocations"] == [{"executionSuccessful": False, "startTimeUtc": "2026-02-03T04:05:06.000Z"}]


def test_sarif_of_nothing_fits_its_schema() -> None:
    run = sarif(audits.report([audits.row(audits.entry())]))
    assert run["results"] == []
    assert run["invocations"][0]["executionSuccessful"] is True


def test_sarif_suppresses_what_is_waived() -> None:
    run = sarif(audits.everything())
    suppressed = [result for result in run["results"] if "suppressions" in result]
    assert [result["suppressions"] for result in suppressed] == [
        [
            {
                "kind": "external",
                "status": "accepted",
                "justification": "waived until 2026-12-31: Keras 3 draws its seeds differently; see #12",
            }
        ]
    ]


def test_sarif_tells_every_check_from_every_other_in_every_audit() -> None:
    results = sarif(audits.everything())["results"]
    keys = [result["partialFingerprints"]["primaryLocationLineHash"] for result in results]
    assert len(set(keys)) == len(keys)
    assert keys[0] == f"{results[0]['properties']['entry']}:this"


@pytest.mark.parametrize(
    ("file", "folder", "location"),
    [
        ("models.py", "", {"uri": "models.py", "uriBaseId": "SRCROOT"}),
        ("a b/é%:#.py", "", {"uri": "a%20b/%C3%A9%25%3A%23.py", "uriBaseId": "SRCROOT"}),
        ("models.py", "services/shop", {"uri": "services/shop/models.py", "uriBaseId": "SRCROOT"}),
        ("/opt/zoo/nets.py", "services/shop", {"uri": "file:///opt/zoo/nets.py"}),
    ],
)
def test_sarif_names_the_file_from_the_root_of_the_repository(
    file: str, folder: str, location: dict[str, str]
) -> None:
    one = audits.row(audits.entry(), Verdict.DRIFTED)
    one = replace(one, check=audits.built_from(one.check, replace(values.SOURCE, file=file)))
    run = sarif(replace(audits.report([one]), source_folder=folder))
    physical = run["results"][0]["locations"][0]["physicalLocation"]
    assert physical == {"artifactLocation": location, "region": {"startLine": 7}}


def test_a_check_without_a_build_is_placed_where_the_baseline_was_built() -> None:
    one = audits.row(audits.entry(), Verdict.ERROR, failure=values.FAILURE)
    found = sarif(audits.report([one]))["results"][0]["locations"][0]["physicalLocation"]
    assert found["artifactLocation"]["uri"] == "models.py"
    assert "file=models.py,line=7," in written(Format.GITHUB, audits.report([one]))


def test_a_factory_whose_file_is_not_known_has_no_place() -> None:
    one = audits.row(audits.entry(), Verdict.DRIFTED)
    lost = replace(
        one,
        check=audits.built_from(one.check, values.UNKNOWN),
        baseline=replace(values.BASELINE, source=values.UNKNOWN),
    )
    audited = audits.report([lost])
    assert sarif(audited)["results"][0]["locations"] == [
        {"logicalLocations": [{"fullyQualifiedName": "models:build", "kind": "function"}]}
    ]
    assert written(Format.GITHUB, audited).startswith("::error title=models%3Abuild@7 [")


# Text, Markdown, annotations --------------------------------------------------------------------


def test_text_of_one_environment_has_a_column_for_the_verdict() -> None:
    audited = audits.report([audits.row(audits.entry(0)), audits.row(audits.entry(1))])
    first, second = audits.entry(0).short_id, audits.entry(1).short_id
    assert written(Format.TEXT, audited) == (
        "audit 3 of shop, part 2 of 5, 2026-02-03T04:05:06Z\n"
        "\n"
        "ENTRY         FACTORY@SEED    VERDICT\n"
        f"{first}  models:build@0  REPRODUCED\n"
        f"{second}  models:build@1  REPRODUCED\n"
        "\n"
        "ENVIRONMENT  REPRODUCED  DRIFTED  WAIVED  NONDETERMINISTIC  ERROR  LEFT\n"
        "this         2           0        0       0                 0      0\n"
        "\n"
        "2 checks: all reproduced\n"
    )


def test_text_lists_of_many_entries_those_that_failed_or_are_waived() -> None:
    rows = [audits.row(audits.entry(seed)) for seed in range(30)]
    rows[4] = audits.row(audits.entry(4), Verdict.DRIFTED)
    rows[9] = audits.row(audits.entry(9), Verdict.DRIFTED, waived="known")
    text = written(Format.TEXT, audits.report(rows))
    assert "models:build@4  DRIFTED\n" in text
    assert "models:build@9  WAIVED\n" in text
    assert "models:build@5 " not in text
    assert text.endswith("\n1 of 30 checks failed, 1 waived\n")


def test_text_shows_in_a_matrix_what_a_listed_entry_did_in_the_other_environments() -> None:
    rows = [audits.row(audits.entry(seed)) for seed in range(30)]
    rows += [
        audits.row(audits.entry(seed), Verdict.DRIFTED if seed == 4 else Verdict.REPRODUCED, column="keras3")
        for seed in range(30)
    ]
    table = (
        written(Format.TEXT, audits.report(rows, audits.THIS, audits.KERAS_3)).split("\n\n")[1].splitlines()
    )
    assert [line.split()[1:] for line in table] == [
        ["FACTORY@SEED", "this", "keras3"],
        ["models:build@4", "REPRODUCED", "DRIFTED"],
    ]


def test_text_explains_so_many_failures_and_counts_the_rest() -> None:
    rows = [audits.row(audits.entry(1, f"m:f{n}"), Verdict.DRIFTED) for n in range(25)]
    text = written(Format.TEXT, audits.report(rows))
    assert text.count("  next: seedreg show ") == 20
    assert "\nand 5 more\n" in text


def test_text_of_an_audit_that_was_cut_off_says_how_to_go_on() -> None:
    text = written(Format.TEXT, audits.report([audits.row(audits.entry())], planned=3, finished=False))
    assert text.endswith("1 check: all reproduced, 2 left\n  next: seedreg audit --resume\n")


def test_markdown_shows_so_many_failures_and_counts_the_rest() -> None:
    rows = [audits.row(audits.entry(seed), Verdict.DRIFTED) for seed in range(60)]
    text = written(Format.MARKDOWN, audits.report(rows))
    assert text.count("| DRIFTED | ") == 50
    assert "\nand 10 more\n" in text


def test_annotations_stop_where_github_drops_them_and_say_so() -> None:
    rows = [audits.row(audits.entry(seed), Verdict.DRIFTED) for seed in range(12)]
    rows += [audits.row(audits.entry(seed), Verdict.DRIFTED, waived="known") for seed in range(20, 31)]
    lines = written(Format.GITHUB, audits.report(rows)).splitlines()
    assert [line.split()[0] for line in lines] == ["::error"] * 10 + ["::warning"] * 10 + ["::notice"]
    assert lines[-1] == (
        "::notice title=seedreg::12 of 23 checks failed, 11 waived; 3 of them are not annotated "
        "(audit 3 of shop, part 2 of 5, 2026-02-03T04:05:06Z)"
    )


def test_there_are_no_annotations_of_what_reproduces() -> None:
    assert written(Format.GITHUB, audits.report([audits.row(audits.entry())])) == ""


@pytest.mark.parametrize("format_", [Format.TEXT, Format.GITHUB, Format.MARKDOWN, Format.SARIF, Format.JUNIT])
def test_a_changed_factory_is_named_and_its_diff_comes_next(format_: Format) -> None:
    row = audits.row(audits.entry(1), Verdict.DRIFTED)
    observed = row.check.observed
    assert observed is not None
    check = replace(row.check, outcome=replace(observed, source=values.EDITED))
    text = written(format_, audits.report([replace(row, check=check)]))
    assert f"source: models.py:9 changed since commit {'c' * 12}" in text
    if format_ not in (Format.MARKDOWN, Format.JUNIT):
        assert f"git diff {'c' * 12} -- models.py, then seedreg accept {row.entry.short_id}" in text
    assert "seedreg blame" not in text or format_ is Format.SARIF  # whose rules name every command
