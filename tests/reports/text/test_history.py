"""The baselines and checks of an entry, as lines."""

from __future__ import annotations

from dataclasses import replace

from seedreg.domain.results import EntryHistory
from seedreg.reports.text.history import history_lines

from .. import values
from ..values import joined

ID = values.ENTRY.short_id


def test_a_history_is_in_the_order_of_time_with_what_changed_from_one_to_the_next() -> None:
    checks = (values.DRIFTED.check, replace(values.failed().check, at=values.T2))
    history = EntryHistory(values.ENTRY, (values.BASELINE, values.SECOND), checks)
    assert joined(history_lines(history)) == (
        f"{ID}  models:build@7\n"
        f"2026-01-02T03:04:05Z  baseline 1  sr1:{values.PRINT.digest[:12]}\n"
        "  python 3.11.7, tensorflow 2.15.0, keras 2.15.0, numpy 1.26.4\n"
        f"2026-02-03T04:05:06Z  DRIFTED  against baseline 1  0.25 s  sr1:{values.DRIFTED_PRINT.digest[:12]}\n"
        "  environment: python 3.11.7 → 3.12.1, tensorflow 2.15.0 → 2.16.1,\n"
        "    keras 2.15.0 → 3.3.3, absl-py 2.0.0 → 2.1.0, optree (none) → 0.11.0\n"
        "  settings and machine: TF_DETERMINISTIC_OPS 1 → (none)\n"
        f"2026-03-04T05:06:07Z  baseline 2  sr1:{values.DRIFTED_PRINT.digest[:12]}: Keras 3\n"
        "2026-03-04T05:06:07Z  ERROR  against baseline 1  1.50 s  raised: models:build raised KeyError: 'x'"
    )


def test_a_clock_that_was_set_back_does_not_change_the_order() -> None:
    checks = (values.DRIFTED.check, replace(values.failed().check, at="2020-01-01T00:00:00.000000Z"))
    history = EntryHistory(values.ENTRY, (values.BASELINE, values.SECOND), checks)
    shown = [line[:36] for line in history_lines(history) if line[0] == "2"]
    assert shown == [
        "2026-01-02T03:04:05Z  baseline 1  sr",
        "2026-02-03T04:05:06Z  DRIFTED  again",
        "2020-01-01T00:00:00Z  ERROR  against",
        "2026-03-04T05:06:07Z  baseline 2  sr",
    ]
