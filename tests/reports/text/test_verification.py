"""One verification as lines: the verdict, what differs, what changed, what comes next."""

from __future__ import annotations

from dataclasses import replace

from seedreg.domain.entry import DependedFile
from seedreg.domain.verdict import Verdict
from seedreg.reports.lines import Headline, Tone
from seedreg.reports.text.verification import verification_lines

from .. import values
from ..values import GUIDE, joined

ID = values.ENTRY.short_id


def test_a_reproduced_entry_says_so_in_three_lines() -> None:
    assert joined(verification_lines(values.REPRODUCED, GUIDE)) == (
        f"REPRODUCED  {ID}  models:build@7  0.25 s\n  environment: unchanged\n  source: unchanged"
    )


def test_a_drift_says_what_differs_what_changed_and_what_to_run_next() -> None:
    assert joined(verification_lines(values.DRIFTED, GUIDE)) == (
        f"DRIFTED  {ID}  models:build@7  0.25 s\n"
        "  1 of 3 tensors differ from baseline 1; layers: dense\n"
        "  environment: python 3.11.7 → 3.12.1, tensorflow 2.15.0 → 2.16.1,\n"
        "    keras 2.15.0 → 3.3.3, absl-py 2.0.0 → 2.1.0, optree (none) → 0.11.0\n"
        "  settings and machine: TF_DETERMINISTIC_OPS 1 → (none)\n"
        f"  source: models.py:9 changed since commit {'c' * 12}\n"
        f"  next: git diff {'c' * 12} -- models.py, then seedreg accept {ID} --reason …"
    )


def test_a_non_determinism_holds_the_two_builds_against_each_other() -> None:
    assert joined(verification_lines(values.NONDETERMINISTIC, GUIDE)) == (
        f"NONDETERMINISTIC  {ID}  models:build@7  0.25 s\n"
        "  1 of 3 tensors differ between the two builds; layers: dense\n"
        "  environment: unchanged\n"
        "  source: unchanged\n"
        f"  next: seedreg verify {ID} --isolation fresh"
    )


def test_an_error_says_why_and_compares_nothing() -> None:
    assert joined(verification_lines(values.failed(), GUIDE)) == (
        f"ERROR  {ID}  models:build@7  1.50 s\n"
        "  raised: models:build raised KeyError: 'x'\n"
        f"  next: seedreg show {ID}"
    )


def test_a_hint_follows_the_failure() -> None:
    assert joined(verification_lines(values.failed(values.TIMEOUT), GUIDE)) == (
        f"ERROR  {ID}  models:build@7  2.00 s\n"
        "  timeout: the build took longer than 2 s and was ended\n"
        "  hint: see what it waits for: its standard input is empty; give it more with --timeout SECONDS\n"
        f"  next: seedreg show {ID}"
    )


def test_verbose_shows_the_traceback_and_the_end_of_what_the_build_printed() -> None:
    chatty = replace(values.FAILURE, output="".join(f"line {number}\n" for number in range(30)))
    lines = joined(verification_lines(values.failed(chatty), GUIDE, verbose=True)).splitlines()
    assert lines[1:7] == [
        "  raised: models:build raised KeyError: 'x'",
        "  Traceback (most recent call last):",
        '    File "models.py", line 8, in build',
        "  KeyError: 'x'",
        "  it printed:",
        "    line 10",
    ]
    assert lines[-2:] == ["    line 29", f"  next: seedreg show {ID}"]


def test_tensors_that_came_or_went_are_counted_by_kind() -> None:
    assert joined(verification_lines(values.GROWN, GUIDE)).splitlines()[1:3] == [
        "  2 of 4 tensors differ from baseline 1; layers: dense",
        "  by kind: 1 extra, 1 shape",
    ]


def test_other_names_are_told_and_are_no_drift() -> None:
    renamed = values.verification(Verdict.REPRODUCED, values.RENAMED_PRINT)
    assert joined(verification_lines(renamed, GUIDE)) == (
        f"REPRODUCED  {ID}  models:build@7  0.25 s\n"
        "  environment: unchanged\n"
        "  source: unchanged\n"
        "  names: dense/kernel → head/kernel (names are not part of the fingerprint)"
    )


def test_a_change_elsewhere_in_the_factorys_file_is_told_from_one_in_the_factory() -> None:
    moved = values.verification(Verdict.REPRODUCED, source=values.MOVED)
    assert joined(verification_lines(moved, GUIDE)).splitlines()[-1] == (
        "  source: the factory is unchanged, the rest of models.py is not"
    )
    unknown = values.verification(Verdict.REPRODUCED, source=values.UNKNOWN)
    assert joined(verification_lines(unknown, GUIDE)).splitlines()[-1] == "  source: not known"


def test_the_verdict_is_a_headline_with_its_tone() -> None:
    tones = {
        found.verdict: next(verification_lines(found, GUIDE))
        for found in (values.REPRODUCED, values.DRIFTED, values.NONDETERMINISTIC, values.failed())
    }
    assert {verdict: line.tone for verdict, line in tones.items() if isinstance(line, Headline)} == {
        Verdict.REPRODUCED: Tone.GOOD,
        Verdict.DRIFTED: Tone.BAD,
        Verdict.NONDETERMINISTIC: Tone.BAD,
        Verdict.ERROR: Tone.UNKNOWN,
    }


def test_files_that_the_entry_depends_on_are_named_when_they_changed_or_are_missing() -> None:
    before = replace(
        values.SOURCE,
        depends=(DependedFile("vocab.txt", "1" * 64), DependedFile("b.json", "2" * 64)),
    )
    after = replace(
        values.SOURCE, depends=(DependedFile("vocab.txt", "3" * 64), DependedFile("b.json", None))
    )
    drifted = values.DRIFTED
    outcome = drifted.check.observed
    assert outcome is not None
    found = replace(
        drifted,
        baseline=replace(drifted.baseline, source=before),
        check=replace(drifted.check, outcome=replace(outcome, source=after)),
        source_changed=False,
    )
    lines = joined(verification_lines(found, GUIDE)).splitlines()
    assert [line for line in lines if "source:" in line] == [
        f"  source: vocab.txt, which it depends on, changed: {'1' * 12} → {'3' * 12}",
        "  source: b.json, which it depends on, is missing",
    ]
    assert lines[-1].startswith(f"  next: git diff {'c' * 12} -- vocab.txt b.json, then seedreg accept ")
