"""Everything about an entry, as lines."""

from __future__ import annotations

from dataclasses import replace

from seedreg.domain.drift import compare
from seedreg.domain.results import EntryDetails
from seedreg.reports.text.entry import entry_lines, source_diff

from .. import values
from ..values import GUIDE, joined


def test_everything_about_an_entry() -> None:
    drift = compare(values.PRINT, values.DRIFTED_PRINT)
    entry = values.FULL_ENTRY
    assert joined(entry_lines(EntryDetails(entry, values.BASELINE, values.DRIFTED.check, drift), GUIDE)) == (
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
        "                environment: python 3.11.7 → 3.12.1, tensorflow 2.15.0 → 2.16.1,\n"
        "                  keras 2.15.0 → 3.3.3, absl-py 2.0.0 → 2.1.0, optree (none) → 0.11.0\n"
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
    lines = joined(entry_lines(EntryDetails(values.ENTRY, bare), GUIDE)).splitlines()
    assert "  source        not known" in lines
    assert lines[18:] == [
        "",
        "  TENSOR        LAYER  SHAPE   DTYPE    INITIALIZER    MEAN   STD  SHA-256",
        "  dense/kernel  Dense  2x3     float32  GlorotUniform  0.125  0.5  111111111111",
        "  dense/bias    Dense  3       float32  -              0.125  0.5  222222222222",
        "  step          -      scalar  int64    -              -      -    333333333333",
    ]


def test_the_factory_then_and_now_is_compared_line_by_line() -> None:
    before = replace(values.SOURCE, text="def build():\n    units = 1\n", line=7)
    after = replace(values.EDITED, text="def build():\n    units = 2\n", line=9)
    assert list(source_diff(before, after)) == [
        "",
        "The factory, in the baseline and in the last check:",
        "  --- models.py:7",
        "  +++ models.py:9",
        "  @@ -1,2 +1,2 @@",
        "   def build():",
        "  -    units = 1",
        "  +    units = 2",
    ]


def test_an_unchanged_or_unknown_factory_is_not_compared() -> None:
    assert list(source_diff(values.SOURCE, values.MOVED)) == []
    assert list(source_diff(values.UNKNOWN, values.SOURCE)) == []
