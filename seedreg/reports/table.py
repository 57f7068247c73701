"""Tables of aligned columns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence


def table_lines(rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> Iterator[str]:
    """The rows as lines, every column as wide as its longest cell, two spaces between columns.

    Columns whose numbers are in `right` are aligned to the right.
    """
    if not rows:
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    # One template for all rows: `seedreg list` prints 10,000 of them.
    template = "  ".join(
        f"{{:{'>' if number in right else '<'}{width}}}" if width else "{}"
        for number, width in enumerate(widths)
    )
    for row in rows:
        yield template.format(*row).rstrip()
