"""The list of entries."""

from __future__ import annotations

from seedreg.reports.text.listing import summary_lines

from .. import values
from ..values import joined

ID = values.ENTRY.short_id


def test_a_list_fits_its_columns_to_what_is_in_them() -> None:
    full = values.FULL_ENTRY.short_id
    assert joined(summary_lines(values.SUMMARIES)) == (
        "ID            FACTORY@SEED    ALIAS   TAGS  BASELINE MADE WITH       SR1           LAST CHECK   ON\n"
        f"{ID}  models:build@7  -       -     tf 2.15.0, keras 2.15.0  "
        f"{values.PRINT.digest[:12]}  not checked  -\n"
        f"{full}  models:build@7  golden  a,b   tf 2.16.1, keras -       "
        f"{values.DRIFTED_PRINT.digest[:12]}  DRIFTED      2026-03-04"
    )
    assert joined(summary_lines([])) == ""


def test_columns_of_aliases_and_tags_are_there_where_an_entry_has_some() -> None:
    assert joined(summary_lines(values.SUMMARIES[:1])) == (
        "ID            FACTORY@SEED    BASELINE MADE WITH       SR1           LAST CHECK   ON\n"
        f"{ID}  models:build@7  tf 2.15.0, keras 2.15.0  {values.PRINT.digest[:12]}  not checked  -"
    )
