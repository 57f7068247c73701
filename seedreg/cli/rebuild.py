"""`seedreg rebuild`."""

from __future__ import annotations

from pathlib import Path

import click

from seedreg.cli.options import build_options, load_for_builds, open_for_builds, selectors_argument
from seedreg.errors import EXIT_DRIFT


@click.command("rebuild")
@selectors_argument(single=True)
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write: .safetensors, .npz or .weights.h5.",
)
@build_options
@click.pass_context
def rebuild_command(ctx: click.Context, /, selector: str, output: Path, **settings: object) -> int:
    """Write an entry's rebuilt weights to a file.

    It says whether they are the registered ones; if they are not, the exit code is 1.
    """
    from seedreg.reports.text.drift import drift_lines

    config, environment = load_for_builds(ctx, **settings)
    with open_for_builds(config, environment) as registry:
        result = registry.rebuild(selector, output)
    entry, number = result.entry, result.baseline.number
    click.echo(f"wrote  {result.path}  {entry.recipe.label}  {result.fingerprint}")
    if result.drift is None:
        click.echo(f"  these are the registered weights (baseline {number})")
        return 0
    click.echo(f"  these are NOT the registered weights (baseline {number}: {result.baseline.fingerprint})")
    for line in drift_lines(result.drift, number):
        click.echo(f"  {line}")
    click.echo(f"  next: seedreg verify {entry.short_id}")
    return EXIT_DRIFT
