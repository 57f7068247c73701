"""Tables of aligned columns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from seedreg.reports.words.printable import is_printable, printable


def table_lines(rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> Iterator[str]:
    """The rows as lines, every column as wide as its longest cell, two spaces between columns.

    Columns whose numbers are in `right` are aligned to the right. Cells are made printable.
    """
    if not rows:
        return
    given = list(zip(*rows, strict=True))
    columns = list(map(_printable, given))
    widths = [max(map(len, column)) for column in columns]
    # One template for all rows: `seedreg list` prints 10,000 of them.
    template = "  ".join(
        f"{{:{'>' if number in right else '<'}{width}}}" if width else "{}"
        for number, width in enumerate(widths)
    )
    unchanged = all(column is before for column, before in zip(columns, given, strict=True))
    for row in rows if unchanged else zip(*columns, strict=True):
        yield template.format(*row).rstrip()


def _printable(column: Sequence[str]) -> Sequence[str]:
    # Of 10,000 rows, looking at a column as a whole takes a twentieth of looking at each cell.
    whole = "".join(column)
    return column if is_printable(whole) else [printable(cell) for cell in column]
