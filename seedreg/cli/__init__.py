"""The command line, the only package that uses Click: one small file per command."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from seedreg.cli import terminal
from seedreg.cli.commands import Group

# Command → its file here and its line in the help. The file is imported when the command runs, so that
# `seedreg --help` takes little longer than importing Click.
COMMANDS = {
    "help": ("helping", "Show the help of a command."),
    "register": ("register", "Register model factories with seeds."),
    "verify": ("verify", "Rebuild entries and say whether they still reproduce."),
    "audit": ("audit", "Verify all entries, or those selected, in one or more environments."),
    "audits": ("audits", "List the audits, show one again, or compare two."),
    "list": ("listing", "List the entries, sorted by factory and seed."),
    "show": ("show", "Show everything about one entry."),
    "history": ("history", "Show every baseline and check of one entry, oldest first."),
    "accept": ("accept", "Make what entries build today their new baselines."),
    "report": ("report", "Render the stored audit N again, in one or more formats."),
    "waive": ("waive", "Let audits pass known drifts of entries for a while."),
    "retire": ("retire", "Take entries out of use; nothing is deleted."),
    "unretire": ("retire", "Bring retired entries back."),
    "tag": ("tag", "Add tags to entries, or remove them."),
    "alias": ("alias", "Give one entry a name."),
    "rebuild": ("rebuild", "Write an entry's rebuilt weights to a file."),
    "blame": ("blame", "Find the upgrade that made an entry drift."),
    "bisect": ("bisect", "Find the releases of a package at which an entry's weights change."),
    "factories": ("factories", "List what a bare factory name could mean."),
    "config": ("settings", "Show every setting and where it comes from."),
    "envs": ("envs", "Manage the environments that were created for builds."),
    "db": ("db", "Look after the registry file."),
}


# The commands in the order and under the headings of the help.
SECTIONS = {
    "Register and verify": ("register", "verify", "accept", "rebuild"),
    "Audit": ("audit", "audits", "report", "waive"),
    "Diagnose": ("blame", "bisect"),
    "Entries": ("list", "show", "history", "tag", "alias", "retire", "unretire"),
    "Project and registry": ("factories", "config", "envs", "db", "help"),
}


class _PipeClosed(Exception):
    """A pipe to another process broke. Not an OSError: Click would exit with 1, which means drift."""


@contextmanager
def _no_broken_pipe() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise _PipeClosed(str(error)) from error


class _LazyGroup(Group):
    def make_context(self, *arguments: Any, **settings: Any) -> click.Context:
        with _no_broken_pipe():
            return super().make_context(*arguments, **settings)

    def invoke(self, ctx: click.Context) -> Any:
        with _no_broken_pipe():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"seedreg.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, COMMANDS[name][1]) for name in names])


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 reproduced, 1 drift or non-determinism, 2 wrong usage, 3 registry error, "
    "4 nothing selected, 125 something could not be judged, 130 interrupted.",
)
@click.option("--db", metavar="PATH", help="The registry: a path or sqlite:///PATH (SEEDREG_DB).")
@click.version_option(package_name="seedreg", message="%(prog)s %(version)s")
@click.pass_context
def seedreg(ctx: click.Context, db: str | None) -> None:
    """Keep fingerprints of models' initial weights, and find out whether they still reproduce."""
    ctx.color = terminal.color()
