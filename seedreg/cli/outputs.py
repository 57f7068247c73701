"""Which reports of an audit a command writes, and where: `--format` and `--output`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from seedreg import storage
from seedreg.cli.projects import current_folder
from seedreg.errors import UsageError
from seedreg.files import target_of
from seedreg.reports.audit import Format
from seedreg.reports.audit.output import Target

_NAMES = [one.value for one in Format]
_Function = TypeVar("_Function", bound=Callable[..., Any])


def report_options(function: _Function) -> _Function:
    """`--format` and `--output`, for the commands that write reports; `plan_reports` reads them."""
    *others, last = _NAMES
    for option in (
        click.option(
            "--output",
            "-o",
            "outputs",
            multiple=True,
            metavar="FILE",
            help="File for the report, one for each --format in the same order; - is standard output.",
        ),
        click.option(
            "--format",
            "formats",
            multiple=True,
            metavar="FORMAT",
            help=f"Report format: {', '.join(others)} or {last}; repeatable (default: text).",
        ),
    ):
        function = option(function)
    return function


def plan_reports(
    formats: Sequence[str], outputs: Sequence[str], environ: Mapping[str, str]
) -> tuple[Target, ...]:
    """The reports that are written: without any format it is text, in a GitHub workflow with annotations.

    Call it before the work: it refuses what could not be written afterwards.

    Raises:
        UsageError: if a format is unknown, two reports go to one place, or a folder does not exist.
    """
    if not formats:
        if outputs:
            raise UsageError(
                "--output is given without --format", hint="say which, e.g. --format junit -o FILE"
            )
        annotated = environ.get("GITHUB_ACTIONS") == "true"
        return (Target(Format.TEXT), Target(Format.GITHUB)) if annotated else (Target(Format.TEXT),)
    for name in formats:
        if name not in _NAMES:
            raise UsageError(f"there is no report format {name!r}", hint=f"one of: {', '.join(_NAMES)}")
    if len(outputs) > len(formats):
        raise UsageError(
            f"--output is given {len(outputs)} times for {len(formats)} --format",
            hint="give one --output for each --format, in the same order",
        )
    given = [*outputs, *["-"] * (len(formats) - len(outputs))]
    if "" in given:
        raise UsageError("--output is empty", hint="name a file, or - for standard output")
    paths = [None if name == "-" else Path(name) for name in given]
    seen: set[Path | None] = set()
    for path in paths:
        place = None if path is None else _writable(path)
        if place in seen:
            raise UsageError(
                f"two reports go to {'standard output' if path is None else path}",
                hint="give each --format an --output of its own, in the same order; - is standard output",
            )
        seen.add(place)
    return tuple(Target(Format(name), path) for name, path in zip(formats, paths, strict=True))


def _writable(path: Path) -> Path:
    if not path.is_absolute():
        current_folder()
    try:
        return target_of(path)
    except IsADirectoryError:
        raise UsageError(f"report {path} is a folder", hint="name a file in it") from None
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no folder {error.filename} for report {path}", hint="create it first"
        ) from None
    except OSError as error:
        raise UsageError(f"report {path} cannot be written: {error.strerror}") from error
    except ValueError:  # a NUL, or half a character
        raise UsageError(f"report {str(path)!r} is not a path", hint="name a file") from None


def refuse_registry_files(paths: Iterable[Path], location: storage.Location) -> None:
    """Refuse to write over what the registry is made of.

    Raises:
        UsageError: if a path names its file, a companion or backup of it, or a kept weight, by whatever name.
    """
    for path in paths:
        if storage.is_part_of(location, path):
            raise UsageError(f"{path} is part of the registry {location}", hint="name another file")
