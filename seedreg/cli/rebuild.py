"""`seedreg rebuild`."""

from __future__ import annotations

from pathlib import Path

import click

from seedreg.cli.commands import Command
from seedreg.cli.options import entry_build_options, selector_argument
from seedreg.cli.outputs import refuse_registry_files
from seedreg.cli.printing import print_line, print_lines
from seedreg.cli.projects import open_project_for_build
from seedreg.errors import EXIT_DRIFT
from seedreg.reports.lines import indented
from seedreg.reports.text.drift import drift_lines


@click.command("rebuild", cls=Command)
@selector_argument()
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write: .safetensors, .npz or .weights.h5.",
)
@entry_build_options
@click.pass_context
def rebuild_command(ctx: click.Context, /, selector: str, output: Path, **settings: object) -> int:
    """Write an entry's rebuilt weights to a file.

    It says whether they are the registered ones; if they are not, the exit code is 1.
    """
    project, environment = open_project_for_build(ctx, **settings)
    refuse_registry_files([output], project.location)
    with project.building(environment) as registry:
        result = registry.rebuild(selector, output)
    entry, number = result.entry, result.baseline.number
    print_line(f"wrote  {result.path}  {entry.recipe.label}  {result.fingerprint}")
    if result.drift is None:
        print_line(f"  these are the registered weights (baseline {number})")
        return 0
    print_line(f"  these are NOT the registered weights (baseline {number}: {result.baseline.fingerprint})")
    print_lines(indented(drift_lines(result.drift, number)))
    print_line(f"  next: seedreg verify {entry.short_id}")
    return EXIT_DRIFT
