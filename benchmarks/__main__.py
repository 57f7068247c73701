"""`python -m benchmarks`: run the comparisons, print them, and say whether every bound is kept.

Exit codes: 0 all bounds kept, 1 one is missed, 2 wrong usage, 3 something could not be measured.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from benchmarks import results
from benchmarks.measure import CommandFailed

_SCRIPTS = 50
_ENOUGH = 5


def main() -> int:
    """Run what the command line asks for."""
    from benchmarks import audit, modules, resnet, startup, verify

    benchmarks = {
        "verify-one": verify.verify_one,
        "verify-fifty": verify.verify_fifty,
        "audit-hundred": audit.hundred,
        "audit-entry": audit.entry,
        "audit-entry-cpu": audit.entry_share,
        "audit-shared": audit.shared,
        "audit-thousand": audit.thousand,
        "audit-memory": audit.memory,
        "cached-environment": audit.environment,
        "resnet-fingerprint": resnet.fingerprint,
        "resnet-memory": resnet.memory,
        "verify-keras-hub": modules.keras_hub,
        "verify-keras-backend": modules.keras_backend,
        "verify-probability": modules.probability,
        "verify-bert": modules.bert,
        "help": startup.help_text,
        "list": startup.list_entries,
    }
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=benchmarks,
        metavar="NAME",
        help="run this one (repeatable): %(choices)s",
    )
    parser.add_argument(
        "--repeat", type=_positive, default=_ENOUGH, metavar="N", help="pairs (default %(default)s)"
    )
    parser.add_argument(
        "--scripts-sample",
        type=_positive,
        default=_SCRIPTS,
        metavar="N",
        help="bare scripts to run, rounded up to the cores; the time of all is scaled (default %(default)s)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every measurement to this file")
    parser.add_argument("--table", action="store_true", help="print a Markdown table")
    options = parser.parse_args()

    settings = results.Settings(options.repeat, options.scripts_sample)
    host = results.host()
    found: list[results.Result] = []
    for name in options.only or benchmarks:
        started = time.perf_counter()
        _progress(f"{name} …")
        try:
            found.append(benchmarks[name](settings))
        except CommandFailed as error:
            _progress(f"{name}: {error}")
            return 3
        took_s = time.perf_counter() - started
        _progress(f"{name}: {results.ratio_text(found[-1].pairs.ratio)}, after {took_s:.0f} s")
    if options.json is not None:
        document = {
            "format": results.FORMAT,
            "host": host,
            "results": [result.document() for result in found],
        }
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if options.table:
        print("\n".join(results.table(found, host)))
    else:
        print(results.host_line(host))
        for result in found:
            print("\n".join(results.lines(result)))
    if options.repeat < _ENOUGH:
        _progress(f"fewer than {_ENOUGH} pairs are a smoke test, not a measurement")
    return 0 if all(result.passed for result in found) else 1


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _progress(text: str) -> None:
    print(f"benchmarks: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
