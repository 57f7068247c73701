"""`seedreg db`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from seedreg import storage
from seedreg.cli.commands import Group
from seedreg.cli.options import registry_option
from seedreg.cli.printing import needs_output, print_line, warn
from seedreg.cli.projects import open_project
from seedreg.domain.problem import Problem, ProblemKind
from seedreg.domain.summary import EntryState
from seedreg.errors import EXIT_REGISTRY
from seedreg.reports.lines import counted
from seedreg.reports.words.problems import problem_text
from seedreg.storage import SchemaState


@click.group("db", cls=Group)
def db_command() -> None:
    """Look after the registry file."""


@db_command.command("status")
@registry_option
@click.pass_context
@needs_output
def _status(ctx: click.Context, /, db: str | None) -> int:
    """Show where the registry is, its schema and how much it holds."""
    project = open_project(ctx, db=db)
    location = project.location
    pending = storage.pending_bytes(location)  # before it is opened: whoever closes it last moves them
    found = storage.status(location)
    print_line(f"registry  {location}")
    print_line(f"size      {storage.size_bytes(location):,} bytes")
    if pending:
        print_line(f"pending   {pending:,} bytes in the -wal beside it: copy both with `seedreg db backup`")
        if project.registry_in_git():
            warn(
                f"git tracks {location}, and its last entries were only in the -wal beside it: a commit or a "
                "clone lacks them; keep the registry out of git"
            )
    if kept := storage.objects_of(location).size_bytes():
        print_line(f"weights   {kept:,} bytes in {storage.objects_of(location).folder}")
    print_line(f"schema    {found.revision} ({found.state.value}; this seedreg writes {found.latest})")
    if found.state is SchemaState.NEWER:
        print_line("  next: upgrade seedreg (pip install --upgrade seedreg)")
        return EXIT_REGISTRY
    with project.reading() as registry:
        summaries = registry.entries(state=EntryState.ANY)
    retired = sum(summary.retired_at is not None for summary in summaries)
    print_line(f"entries   {len(summaries) - retired:,} active, {retired:,} retired")
    if found.state is SchemaState.OLDER:
        print_line("  next: seedreg db upgrade")
    return 0


@db_command.command("upgrade")
@registry_option
@click.pass_context
def _upgrade(ctx: click.Context, /, db: str | None) -> int:
    """Bring the registry's schema up to date, after a backup."""
    project = open_project(ctx, db=db)
    match storage.upgrade(project.location, busy_timeout_s=project.config.busy_timeout_s):
        case storage.AlreadyCurrent(revision):
            print_line(f"the schema is {revision} already: nothing to do")
        case storage.Upgraded(before, after, backup):
            print_line(f"upgraded  {before} → {after}")
            print_line(f"backup    {backup}")
    return 0


@db_command.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@registry_option
@click.pass_context
def _backup(ctx: click.Context, /, target: Path, db: str | None) -> int:
    """Copy the registry to TARGET, even while others write to it.

    Kept weights are copied into the folder objects beside TARGET. The copy is a registry: --db can name it.
    """
    done = storage.backup(open_project(ctx, db=db).location, target)
    print_line(f"backup    {target}")
    return _print_weights(done.tensors, done.problems)


@db_command.command("restore")
@click.argument("backup", type=click.Path(path_type=Path))
@registry_option
@click.pass_context
def _restore(ctx: click.Context, /, backup: Path, db: str | None) -> int:
    """Replace the registry by BACKUP, with its kept weights.

    BACKUP is checked first. The registry that is replaced is kept beside the new one. It may be missing or
    damaged. No other command may have it open.
    """
    project = open_project(ctx, db=db)
    done = storage.restore(project.location, backup, busy_timeout_s=project.config.busy_timeout_s)
    print_line(f"restored  {project.location}")
    for path in done.replaced:
        print_line(f"replaced  {path}")
    code = _print_weights(done.tensors, done.problems)
    if done.schema.state is SchemaState.OLDER:
        print_line("  next: seedreg db upgrade")
    return code


def _print_weights(tensors: int, problems: Sequence[Problem]) -> int:
    """Say how many kept tensors were copied and what is missing; the exit code."""
    if tensors:
        print_line(f"weights   {counted(tensors, 'tensor')}")
    for problem in problems:
        print_line(f"problem   {problem_text(problem)}")
    return EXIT_REGISTRY if problems else 0


@db_command.command("check")
@registry_option
@click.pass_context
def _check(ctx: click.Context, /, db: str | None) -> int:
    """Read everything and recompute every digest."""
    location = open_project(ctx, db=db).location
    problems = storage.check(location)
    for problem in problems:
        print_line(f"problem   {problem_text(problem)}")
    if problems:
        # A backup does not help a user who may not read what is there.
        if any(one.kind is not ProblemKind.WEIGHTS_UNREADABLE for one in problems):
            print_line("  next: seedreg db restore BACKUP")
        return EXIT_REGISTRY
    print_line("ok        every page, reference, digest and kept weight is as it should be")
    return 0
