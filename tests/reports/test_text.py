from __future__ import annotations

from dataclasses import replace

from seedreg.domain.drift import Changed, Drift, compare
from seedreg.domain.environment_changes import Change, ChangeKind
from seedreg.domain.failure import FailureKind, build_failure
from seedreg.domain.fingerprint import Fingerprint
from seedreg.domain.results import Confirmed, NotConfirmed, Refused, Registered
from seedreg.domain.verdict import Verdict
from seedreg.reports import text
from seedreg.reports.text import listing

from . import values
from .values import GUIDE

ID = values.ENTRY.short_id


def told(lines: object) -> str:
    return "\n".join(lines)  # type: ignore[arg-type]


def test_a_reproduced_entry_says_so_in_three_lines() -> None:
    assert told(text.verification_lines(values.REPRODUCED, GUIDE)) == (
        f"REPRODUCED  {ID}  models:build@7  0.25 s\n  environment: unchanged\n  source: unchanged"
    )


def test_a_drift_says_what_differs_what_changed_and_what_to_run_next() -> None:
    assert told(text.verification_lines(values.DRIFTED, GUIDE)) == (
        f"DRIFTED  {ID}  models:build@7  0.25 s\n"
        "  1 of 3 tensors differ from baseline 1; layers: dense\n"
        "  environment: python 3.11.7 → 3.12.1, tensorflow 2.15.0 → 2.16.1, keras 2.15.0 → "
        "3.3.3, absl-py 2.0.0 → 2.1.0, optree (none) → 0.11.0\n"
        "  settings and machine: TF_DETERMINISTIC_OPS 1 → (none)\n"
        f"  source: models.py:9 changed since commit {'c' * 12}\n"
        f"  next: seedreg show {ID}"
    )


def test_a_non_determinism_holds_the_two_builds_against_each_other() -> None:
    assert told(text.verification_lines(values.NONDETERMINISTIC, GUIDE)) == (
        f"NONDETERMINISTIC  {ID}  models:build@7  0.25 s\n"
        "  1 of 3 tensors differ between the two builds; layers: dense\n"
        "  environment: unchanged\n"
        "  source: unchanged\n"
        f"  next: seedreg verify {ID} --isolation fresh"
    )


def test_an_error_says_why_and_compares_nothing() -> None:
    assert told(text.verification_lines(values.failed(), GUIDE)) == (
        f"ERROR  {ID}  models:build@7  1.50 s\n"
        "  raised: models:build raised KeyError: 'x'\n"
        f"  next: seedreg show {ID}"
    )


def test_a_hint_follows_the_failure() -> None:
    assert told(text.verification_lines(values.failed(values.TIMEOUT), GUIDE)) == (
        f"ERROR  {ID}  models:build@7  2.00 s\n"
        "  timeout: the build took longer than 2 s and was ended\n"
        "  hint: see what it waits for: its standard input is empty; give it more with --timeout SECONDS\n"
        f"  next: seedreg show {ID}"
    )


def test_verbose_shows_the_traceback_and_the_end_of_what_the_build_printed() -> None:
    chatty = replace(values.FAILURE, output="".join(f"line {number}\n" for number in range(30)))
    lines = told(text.verification_lines(values.failed(chatty), GUIDE, verbose=True)).splitlines()
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
    assert told(text.verification_lines(values.GROWN, GUIDE)).splitlines()[1:3] == [
        "  2 of 4 tensors differ from baseline 1; layers: dense",
        "  by kind: 1 extra, 1 shape",
    ]


def test_the_same_tensors_in_another_order_are_called_so() -> None:
    drift = compare(values.PRINT, Fingerprint(values.PRINT.tensors[::-1]))
    assert drift is not None
    assert told(text.drift_lines(drift, number=3)) == (
        "2 of 3 tensors differ from baseline 3; layers: step, dense\n"
        "the same tensors, in another order\n"
        "by kind: 2 shape"
    )


def test_a_long_list_of_layers_is_cut() -> None:
    differences = tuple(
        Changed(tensor, replace(tensor, sha256="9" * 64))
        for tensor in (values.tensor(f"layer{number}/kernel", "1") for number in range(11))
    )
    assert told(text.drift_lines(Drift(11, differences), number=1)) == (
        "11 of 11 tensors differ from baseline 1; layers: layer0, layer1, layer2, layer3, layer4, layer5, "
        "layer6, layer7 and 3 more"
    )


def test_a_long_list_of_packages_is_cut_unless_all_are_asked_for() -> None:
    found = [Change(ChangeKind.DISTRIBUTION, f"p{number}", "1", "2") for number in range(10)]
    found.append(Change(ChangeKind.DISTRIBUTION, "numpy", "1.26", "2.0"))
    assert told(text.change_lines(found)) == (
        "environment: numpy 1.26 → 2.0, p0 1 → 2, p1 1 → 2, p2 1 → 2, p3 1 → 2, p4 1 → 2, p5 1 → 2, "
        "p6 1 → 2, and 3 more"
    )
    assert told(text.change_lines(found, verbose=True)).endswith("p8 1 → 2, p9 1 → 2")


def test_other_names_are_told_and_are_no_drift() -> None:
    renamed = values.verification(Verdict.REPRODUCED, values.RENAMED_PRINT)
    assert told(text.verification_lines(renamed, GUIDE)) == (
        f"REPRODUCED  {ID}  models:build@7  0.25 s\n"
        "  environment: unchanged\n"
        "  source: unchanged\n"
        "  names: dense/kernel → head/kernel (names are not part of the fingerprint)"
    )


def test_a_change_elsewhere_in_the_factorys_file_is_told_from_one_in_the_factory() -> None:
    moved = values.verification(Verdict.REPRODUCED, source=values.MOVED)
    assert told(text.verification_lines(moved, GUIDE)).splitlines()[-1] == (
        "  source: the factory is unchanged, the rest of models.py is not"
    )
    unknown = values.verification(Verdict.REPRODUCED, source=values.UNKNOWN)
    assert told(text.verification_lines(unknown, GUIDE)).splitlines()[-1] == "  source: not known"


def test_each_end_of_a_registration_has_its_line() -> None:
    digest = values.PRINT.digest[:12]
    assert told(text.registration_lines(Registered(values.ENTRY, values.BASELINE), GUIDE)) == (
        f"registered  {ID}  models:build@7  sr1:{digest}  3 tensors, 10 parameters"
    )
    assert told(text.registration_lines(Confirmed(values.REPRODUCED), GUIDE)) == (
        f"already registered  {ID}  models:build@7  reproduces"
    )
    refused = Refused(values.RECIPE, values.NOT_EQUAL, nondeterministic=True)
    assert told(text.registration_lines(refused, GUIDE)) == (
        "refused  models:build@7\n"
        "  nondeterministic: two builds of models:build@0 differ in 1 of 2 tensors; the first is 'kernel' "
        "(values)\n"
        "  hint: the factory uses the clock"
    )


def test_a_retired_entry_that_is_registered_again_says_that_it_is_retired() -> None:
    retired = replace(values.REPRODUCED, entry=replace(values.ENTRY, retired_at=values.T2))
    assert told(text.registration_lines(Confirmed(retired), GUIDE)) == (
        f"already registered  {ID}  models:build@7  reproduces; "
        "it is retired: seedreg unretire brings it back"
    )


def test_a_refusal_with_a_traceback_says_how_to_see_it() -> None:
    refused = Refused(values.RECIPE, values.FAILURE)
    assert told(text.registration_lines(refused, GUIDE)) == (
        "refused  models:build@7\n"
        "  raised: models:build raised KeyError: 'x'\n"
        "  next: the same command with --verbose shows more of what happened"
    )
    assert told(text.registration_lines(refused, GUIDE, verbose=True)) == (
        "refused  models:build@7\n"
        "  raised: models:build raised KeyError: 'x'\n"
        "  Traceback (most recent call last):\n"
        '    File "models.py", line 8, in build\n'
        "  KeyError: 'x'\n"
        "  it printed:\n"
        "    loading …"
    )


def test_a_known_entry_that_drifted_says_that_nothing_was_overwritten() -> None:
    lines = told(text.registration_lines(NotConfirmed(values.DRIFTED), GUIDE)).splitlines()
    assert lines[0] == f"already registered  {ID}  models:build@7  and no longer reproduces:"
    assert lines[1] == f"  DRIFTED  {ID}  models:build@7  0.25 s"
    assert lines[-1] == (
        f"  nothing was overwritten; `seedreg accept {ID} --reason …` makes this build its new baseline"
    )


def test_a_known_entry_that_could_not_be_judged_is_not_offered_for_acceptance() -> None:
    lines = told(text.registration_lines(NotConfirmed(values.failed()), GUIDE)).splitlines()
    assert lines[-1] == f"    next: seedreg show {ID}"


def test_a_list_fits_its_columns_to_what_is_in_them() -> None:
    full = values.FULL_ENTRY.short_id
    assert told(listing.summary_rows(values.SUMMARIES)) == (
        "ID            FACTORY@SEED    ALIAS   TAGS  BASELINE MADE WITH       SR1           LAST CHECK   ON\n"
        f"{ID}  models:build@7  -       -     tf 2.15.0, keras 2.15.0  "
        f"{values.PRINT.digest[:12]}  not checked  -\n"
        f"{full}  models:build@7  golden  a,b   tf 2.16.1, keras -       "
        f"{values.DRIFTED_PRINT.digest[:12]}  DRIFTED      2026-03-04"
    )
    assert told(listing.summary_rows([])) == ""


def test_a_history_is_in_the_order_of_time_with_what_changed_from_one_to_the_next() -> None:
    checks = [values.DRIFTED.check, replace(values.failed().check, at=values.T2)]
    assert told(text.history_lines(values.ENTRY, [values.BASELINE, values.SECOND], checks)) == (
        f"{ID}  models:build@7\n"
        f"2026-01-02T03:04:05Z  baseline 1  sr1:{values.PRINT.digest[:12]}\n"
        "  python 3.11.7, tensorflow 2.15.0, keras 2.15.0, numpy 1.26.4\n"
        f"2026-02-03T04:05:06Z  DRIFTED  against baseline 1  0.25 s  sr1:{values.DRIFTED_PRINT.digest[:12]}\n"
        "  environment: python 3.11.7 → 3.12.1, tensorflow 2.15.0 → 2.16.1, keras 2.15.0 → "
        "3.3.3, absl-py 2.0.0 → 2.1.0, optree (none) → 0.11.0\n"
        "  settings and machine: TF_DETERMINISTIC_OPS 1 → (none)\n"
        f"2026-03-04T05:06:07Z  baseline 2  sr1:{values.DRIFTED_PRINT.digest[:12]}: Keras 3\n"
        "2026-03-04T05:06:07Z  ERROR  against baseline 1  1.50 s  raised: models:build raised KeyError: 'x'"
    )


def test_everything_about_an_entry() -> None:
    drift = compare(values.PRINT, values.DRIFTED_PRINT)
    entry = values.FULL_ENTRY
    assert told(text.entry_lines(entry, values.BASELINE, values.DRIFTED.check, drift, GUIDE)) == (
        f"{entry.id}\n"
        "  factory       models:build\n"
        "  seed          7 (seeding tf)\n"
        '  params        {"units":8}\n'
        "  inputs        28,28,1; 10:int32\n"
        "  device        gpu:0\n"
        "  project       shop\n"
        "  alias         golden\n"
        "  tags          a, b\n"
        "  note          a note\n"
        "  registered    2026-01-02T03:04:05.000006Z\n"
        "  retired       2026-03-04T05:06:07.000008Z: old\n"
        "  baseline      1, 2026-01-02T03:04:05.000006Z\n"
        f"  fingerprint   {values.PRINT}\n"
        "  weights       3 tensors, 10 parameters\n"
        "  source        models.py:7, commit cccccccccccc\n"
        "  random words  python 12, numpy ?\n"
        "  then          python 3.11.7, tensorflow 2.15.0, keras 2.15.0, numpy 1.26.4\n"
        "                Linux 6.1 glibc-2.36; x86_64 avx2\n"
        "  warning       the factory ignores the seed: seed 1 gives the same weights\n"
        "  last check    DRIFTED, 2026-02-03T04:05:06.000007Z\n"
        "  now           python 3.12.1, tensorflow 2.16.1, keras 3.3.3, numpy 1.26.4\n"
        "                environment: python 3.11.7 → 3.12.1, tensorflow 2.15.0 → 2.16.1, keras 2.15.0 → "
        "3.3.3, absl-py 2.0.0 → 2.1.0, optree (none) → 0.11.0\n"
        "                settings and machine: TF_DETERMINISTIC_OPS 1 → (none)\n"
        "                1 of 3 tensors differ from baseline 1; layers: dense\n"
        "\n"
        "   TENSOR        LAYER  SHAPE   DTYPE    INITIALIZER    MEAN   STD  SHA-256\n"
        "*  dense/kernel  Dense  2x3     float32  GlorotUniform  0.125  0.5  111111111111\n"
        "   dense/bias    Dense  3       float32  -              0.125  0.5  222222222222\n"
        "   step          -      scalar  int64    -              -      -    333333333333\n"
        "* differs in the last check"
    )


def test_an_entry_without_checks_and_source_is_shown_without_them() -> None:
    bare = replace(values.BASELINE, source=values.UNKNOWN, facts=replace(values.FACTS, warnings=()))
    lines = told(text.entry_lines(values.ENTRY, bare, None, None, GUIDE)).splitlines()
    assert "  source        not known" in lines
    assert lines[18:] == [
        "",
        "  TENSOR        LAYER  SHAPE   DTYPE    INITIALIZER    MEAN   STD  SHA-256",
        "  dense/kernel  Dense  2x3     float32  GlorotUniform  0.125  0.5  111111111111",
        "  dense/bias    Dense  3       float32  -              0.125  0.5  222222222222",
        "  step          -      scalar  int64    -              -      -    333333333333",
    ]


def test_a_keras_of_another_distribution_is_named() -> None:
    legacy = replace(values.OLD, keras="2.17.0", keras_distribution="tf_keras")
    assert text.environment_line(legacy) == (
        "python 3.11.7, tensorflow 2.15.0, keras 2.17.0 (tf_keras), numpy 1.26.4"
    )


def test_one_is_not_many() -> None:
    assert [text.counted(number, "tensor") for number in (0, 1, 2, 1234)] == [
        "0 tensors",
        "1 tensor",
        "2 tensors",
        "1,234 tensors",
    ]


def test_a_failure_without_more_to_see_is_one_line() -> None:
    failure = build_failure(FailureKind.MEMORY)
    assert told(text.failure_lines(failure, GUIDE, verbose=True)) == "memory: the build ran out of memory"
