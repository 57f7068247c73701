"""`seedreg` and `python -m seedreg`: the one place where errors become messages and exit codes."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

from seedreg.errors import EXIT_INTERRUPTED, SeedregError

_EXIT_BROKEN_PIPE = 128 + signal.SIGPIPE if hasattr(signal, "SIGPIPE") else 1


def main() -> NoReturn:
    """Run the command line of this process and exit."""
    try:
        _end_on_sigterm()
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("seedreg: interrupted; what was finished is kept", file=sys.stderr)  # noqa: T201
        code = EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output is gone (`seedreg list | head`); keep the interpreter from saying so.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = _EXIT_BROKEN_PIPE
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command and give its exit code; every deliberate error is told on stderr."""
    import click

    from seedreg.cli import seedreg

    try:
        result = seedreg.main(arguments, prog_name="seedreg", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except SeedregError as error:
        click.echo(f"seedreg: {click.style('error', fg='red')}: {error.message}", err=True)
        if error.hint:
            click.echo(f"  hint: {error.hint}", err=True)
        return error.exit_code
    return result if isinstance(result, int) else 0


def _end_on_sigterm() -> None:
    def stop(number: int, frame: object) -> NoReturn:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, stop)


if __name__ == "__main__":
    main()
