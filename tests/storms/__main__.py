"""Runs storms by hand and prints what docs/reliability.md shows.

From the folder `tests`: `python -m storms [NAME …] [--count N] [--seed S] [--table]`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from storms.catalogue import STORMS
from storms.storm import Storm, Tally


def main() -> int:
    """Run the chosen storms; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m storms", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="storms to run; all of them if none is named"
    )
    parser.add_argument("--count", type=int, help="number of cases instead of each storm's own")
    parser.add_argument("--seed", type=int, default=0, help="which cases are drawn")
    parser.add_argument("--table", action="store_true", help="print rows for docs/reliability.md")
    chosen = parser.parse_args()
    known = {storm.name: storm for storm in STORMS}
    if unknown := set(chosen.names) - set(known):
        parser.error(f"no storm named {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    broken = 0
    for storm in [known[name] for name in chosen.names] or STORMS:
        if reason := storm.needs():
            print(f"{storm.name}: not run: {reason}", file=sys.stderr)
            continue
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="storm-") as folder:
            tally = storm.run(chosen.count or storm.by_hand, chosen.seed, Path(folder))
        broken += len(tally.broken)
        _show(storm, tally, time.monotonic() - started, table=chosen.table)
    return 1 if broken else 0


def _show(storm: Storm, tally: Tally, seconds: float, *, table: bool) -> None:
    counts = ", ".join(f"{count:,} {end}" for end, count in tally.counts.most_common())
    if table:
        print(f"| `{storm.name}` | {storm.title} | {tally.cases:,} | {counts} | {len(tally.broken)} |")
    else:
        print(f"{storm.name}: {tally.cases:,} cases in {seconds:.0f} s: {counts}")
        print(f"  promise: {storm.promise}\n  broken: {len(tally.broken)}")
    for line in tally.notes:
        print(f"  note: {line}", file=sys.stderr)
    for line in tally.broken:
        print(f"  BROKEN: {line}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
