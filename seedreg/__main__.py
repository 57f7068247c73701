"""`seedreg` and `python -m seedreg`: the one place where errors become messages and exit codes."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import NoReturn

from seedreg.errors import (
    EXIT_INTERRUPTED,
    EXIT_NOT_JUDGED,
    EXIT_USAGE,
    SeedregError,
    UsageError,
)
from seedreg.streams import OutputLost, is_closed_pipe, open_standard_streams, output_failure, write_error

_INTERNAL_ERROR = """\
seedreg: internal error: this is a bug in seedreg, not a result. Please report it with the traceback above."""
_EXIT_BROKEN_PIPE = 128 + signal.SIGPIPE if hasattr(signal, "SIGPIPE") else EXIT_USAGE


def main() -> NoReturn:
    """Run the command line of this process and exit."""
    open_standard_streams()
    # Objects of rows and imports are kept to the end. Collecting garbage among them took a quarter of
    # `seedreg list` on 10,000 entries.
    gc.set_threshold(100_000, 20, 20)
    try:
        _end_on_sigterm()
        code = run(sys.argv[1:])
        _report_lost_output()
    except KeyboardInterrupt:
        write_error("seedreg: interrupted; what was finished is kept")
        code = EXIT_INTERRUPTED
    except Exception:
        # Python would exit with 1, which means that something drifted.
        import traceback  # 3 ms of start-up, for a bug

        from seedreg.reports.words.printable import escaped_lines, printable_line

        write_error("\n".join(map(printable_line, escaped_lines(traceback.format_exc()))))
        write_error(_INTERNAL_ERROR)
        code = EXIT_NOT_JUDGED
    # Everything is written and closed. Freeing the modules and rows one by one would take another tenth
    # of a second.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _report_lost_output() -> None:
    """Say why standard output could not be written, unless its reader has just seen enough."""
    failure = output_failure()
    if failure is not None and not is_closed_pipe(failure):
        write_error(f"seedreg: the output could not be written: {failure.strerror}")


def run(arguments: list[str]) -> int:
    """Run one command and give its exit code; every deliberate error is printed on stderr."""
    # What prints errors is imported for an error: `seedreg --help` would take 10 ms longer.
    import click

    from seedreg.cli import seedreg, terminal

    terminal.reset()
    try:
        _require_text(arguments)
        result = seedreg.main(arguments, prog_name="seedreg", standalone_mode=False)
    except OutputLost as lost:
        closed = isinstance(lost.__cause__, OSError) and is_closed_pipe(lost.__cause__)
        return _EXIT_BROKEN_PIPE if closed else EXIT_USAGE
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        from seedreg.cli.printing import print_usage_error

        print_usage_error(error)
        return error.exit_code
    except SeedregError as error:
        from seedreg.cli.hints import hint_of
        from seedreg.cli.printing import print_error

        print_error(error.message, hint_of(error))
        return error.exit_code
    return result if isinstance(result, int) else 0


def _require_text(arguments: list[str]) -> None:
    """Refuse bytes that are not UTF-8: neither the registry nor a message could contain them."""
    for argument in arguments:
        if any("\ud800" <= character <= "\udfff" for character in argument):
            raise UsageError(f"argument {argument!r} is not UTF-8", hint="write it in UTF-8")


def _end_on_sigterm() -> None:
    def stop(number: int, frame: object) -> NoReturn:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, stop)


if __name__ == "__main__":
    main()
