"""`seedreg` and `python -m seedreg`: the one place where errors become messages and exit codes."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from typing import NoReturn

from seedreg.errors import EXIT_INTERRUPTED, EXIT_NOT_JUDGED, SeedregError, UsageError

_INTERNAL_ERROR = """\
seedreg: internal error: this is a bug in seedreg, not a result. Please report it with the traceback above."""
_EXIT_BROKEN_PIPE = 128 + signal.SIGPIPE if hasattr(signal, "SIGPIPE") else 1


def main() -> NoReturn:
    """Run the command line of this process and exit."""
    # Objects of rows and imports are kept to the end. Collecting garbage among them took a quarter of
    # `seedreg list` on 10,000 entries.
    gc.set_threshold(100_000, 20, 20)
    try:
        _end_on_sigterm()
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A terminal of another encoding gets an arrow's escape, not a traceback.
            sys.stdout.reconfigure(errors="backslashreplace")
        code = _flushed(run(sys.argv[1:]))
    except KeyboardInterrupt:
        print("seedreg: interrupted; what was finished is kept", file=sys.stderr)  # noqa: T201
        code = EXIT_INTERRUPTED
    except BrokenPipeError:
        # Nobody reads our output any more (`seedreg list | head`). Keep the interpreter from reporting it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = _EXIT_BROKEN_PIPE
    except Exception:
        # Python would exit with 1, which means that something drifted.
        import traceback

        traceback.print_exc()
        print(_INTERNAL_ERROR, file=sys.stderr)  # noqa: T201
        code = EXIT_NOT_JUDGED
    # Everything is written and closed. Freeing the modules and rows one by one would take another tenth
    # of a second.
    sys.stderr.flush()
    os._exit(code)


def _flushed(code: int) -> int:
    """The exit code, once what was printed is really written."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"seedreg: the output could not be written: {error.strerror}", file=sys.stderr)  # noqa: T201
        return code or EXIT_NOT_JUDGED
    return code


def run(arguments: list[str]) -> int:
    """Run one command and give its exit code; every deliberate error is printed on stderr."""
    import click

    from seedreg.cli import OutputClosed, color, seedreg

    try:
        _require_text(arguments)
        result = seedreg.main(arguments, prog_name="seedreg", standalone_mode=False)
    except OutputClosed as closed:
        raise BrokenPipeError from closed
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except SeedregError as error:
        click.echo(f"seedreg: {click.style('error', fg='red')}: {error.message}", err=True, color=color())
        from seedreg.cli.hints import hint_of

        hint = hint_of(error)
        if hint:
            click.echo(f"  hint: {hint}", err=True)
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
