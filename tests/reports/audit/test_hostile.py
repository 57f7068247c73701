"""Names and messages come from other people's programs: whatever they hold, a report stays what it is."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import chain

import jsonschema
import pytest

from seedreg.domain.failure import FailureKind, build_failure
from seedreg.domain.results import AuditReport
from seedreg.domain.verdict import Verdict
from seedreg.reports.audit import Format
from seedreg.reports.words.printable import escaped, escaped_lines, printable

from .. import audits, values
from ..audits import written
from .test_formats import SARIF_SCHEMA, SCHEMA

HOSTILE = [
    "\x00\x01\x08\x0b\x0c\x1b[31mred\x1b[0m\x7f\x9b31m",
    "a\nb\r\nc\rd\te",
    "\n::error::injected\n  ::stop-commands::x\r::set-output name=a::b",
    "]]> <a b='c'> & &amp; \"quoted\" <!-- --> ",
    "| pipe | ` tick ` * star * [a](https://example.org) ![b](c) <img src=x> ~~s~~ $x$ # \\",
    "100%, a=b:c %0A%3A",
    "emoji 😀 é → 漢 \U0010ffff \ufffe \uffff",
    "lone \ud800 surrogate \udcff",
    "\u202eright to left\u2066 \u2028 line \u2029 paragraph \x85 next",
    "##[stop-commands]x\n ##[group]y ##vso[task.complete]z ##teamcity[a] {0} {{b}}",
    "",
    " ",
    "x" * 5000,
]


def hostile(text: str) -> AuditReport:
    """Two failed checks and a waived one, the text in whatever may hold any."""
    of = audits.entry(1, f"models:{text}")
    failure = build_failure(
        FailureKind.RAISED, details=text, output=text, duration_s=0.5, message=text, hint=text
    )
    drift = audits.row(of, Verdict.DRIFTED, on=values.NEW)
    odd = replace(drift.changes[0], name=text, before=text)
    drift = replace(drift, changes=(odd, *drift.changes))
    rows = [
        replace(drift, check=audits.built_from(drift.check, replace(values.SOURCE, file=text or "x"))),
        audits.row(of, Verdict.ERROR, failure=failure),
        audits.row(of, Verdict.DRIFTED, waived=text or " "),
    ]
    audited = audits.report(rows)
    plan = replace(audited.audit.plan, project=text, selectors=(text,))
    return replace(audited, audit=replace(audited.audit, plan=plan))


def in_utf8(format_: Format, text: str) -> str:
    """The report as it is in a file."""
    return written(format_, hostile(text)).encode("utf-8", "backslashreplace").decode("utf-8")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_every_json_stays_json_and_holds_the_text(text: str) -> None:
    document = json.loads(in_utf8(Format.JSON, text))
    jsonschema.validate(document, SCHEMA)
    assert document["checks"][1]["failure"]["message"] == text
    lines = in_utf8(Format.JSONL, text).splitlines()
    assert [list(json.loads(line)) for line in lines] == [
        ["format", "audit"],
        ["check"],
        ["check"],
        ["check"],
        ["columns", "summary"],
    ]
    jsonschema.Draft4Validator(SARIF_SCHEMA).validate(json.loads(in_utf8(Format.SARIF, text)))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_junit_stays_xml_of_the_same_shape(text: str) -> None:
    root = ET.fromstring(in_utf8(Format.JUNIT, text))
    assert [element.tag for element in root.iter()] == [
        "testsuites",
        "testsuite",
        *["testcase", "failure", "testcase", "error", "testcase", "skipped"],
    ]
    (suite,) = root
    assert suite[0].get("classname") == f"models:{escaped(text)}"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_report_for_people_has_no_control_characters_but_newlines(text: str) -> None:
    for name in (Format.TEXT, Format.MARKDOWN, Format.GITHUB):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", in_utf8(name, text))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_github_gets_our_commands_and_no_other(text: str) -> None:
    commands = in_utf8(Format.GITHUB, text).splitlines()
    assert [command.split(" ", 1)[0] for command in commands] == ["::error", "::error", "::warning"]
    for command in commands:
        # `::name key=value,key=value::data`, as the runner reads it
        match = re.fullmatch(r"::(?:error|warning) ([^:]*)::.*", command)
        assert match is not None
        assert [one.split("=", 1)[0] for one in match[1].split(",")] == ["file", "line", "title"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_line_of_the_text_is_a_command_to_github(text: str) -> None:
    assert not [line for line in in_utf8(Format.TEXT, text).splitlines() if line.lstrip().startswith("::")]


@pytest.mark.parametrize("format_", Format)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_format_holds_a_command_of_a_ci_service(text: str, format_: Format) -> None:
    written = in_utf8(format_, text)
    assert not re.search(r"##[A-Za-z]*\[", written)
    if format_ is not Format.GITHUB:
        assert [line for line in written.splitlines() if line.lstrip().startswith("::")] == []


def test_junit_and_sarif_hold_the_text_of_a_command() -> None:
    text = "a ##[group]b"
    (suite,) = ET.fromstring(in_utf8(Format.JUNIT, text))
    assert suite[0].get("classname") == f"models:{text}"
    (run,) = json.loads(in_utf8(Format.SARIF, text))["runs"]
    assert run["results"][0]["properties"]["changes"][0].startswith(text)


def test_braces_of_others_are_no_placeholders_of_sarif() -> None:
    # SARIF 2.1.0 § 3.11.5: a reader replaces {0}, and shows {{ and }} as one brace.
    (run,) = json.loads(in_utf8(Format.SARIF, "{0} }{ {{b}}"))["runs"]
    texts = [result["message"]["text"] for result in run["results"]]
    assert [text.split("@", 1)[0] for text in texts] == ["models:{{0}} }}{{ {{{{b}}}}"] * 3
    assert "{0} }{ {{b}}" in run["results"][2]["suppressions"][0]["justification"]


def test_a_wrapped_line_does_not_begin_with_a_command_to_github() -> None:
    drift = audits.row(audits.entry(), Verdict.DRIFTED, on=values.NEW)
    long = replace(drift.changes[0], name="python", before="1" * 60)
    command = replace(drift.changes[0], name="::error::injected", before="1" * 60)
    audited = audits.report([replace(drift, changes=(long, command))])
    lines = [line for line in written(Format.TEXT, audited).splitlines() if "injected" in line]
    assert [line.lstrip().split()[0] for line in lines] == ["|"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_markdown_tables_keep_their_shape(text: str) -> None:
    tables = [line for line in in_utf8(Format.MARKDOWN, text).splitlines() if line.startswith("|")]
    cells = [len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) - 1 for line in tables]
    assert cells == [7, 7, 7, 5, 5, 5, 5, 5]


def test_markdown_shows_what_would_do_something() -> None:
    text = written(Format.MARKDOWN, hostile(HOSTILE[4]))
    assert r"\| pipe \| \` tick \` \* star \* \[a\](https://example.org) \!\[b\](c) &lt;img src=x&gt;" in text


def test_what_cannot_be_shown_is_escaped() -> None:
    assert printable("a\x1b[1m\n\u202e😀é\ud800") == r"a\x1b[1m\n\u202e😀é\ud800"
    assert escaped_lines("one\r\ntwo\tx\x00\n") == ["one", "two     x\\x00"]


def test_every_format_is_written_for_every_text() -> None:
    for name, text in chain.from_iterable(((n, t) for t in HOSTILE) for n in Format):
        assert in_utf8(name, text) or name is Format.GITHUB
