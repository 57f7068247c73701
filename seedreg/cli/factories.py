"""`seedreg factories`."""

from __future__ import annotations

from pathlib import Path

import click

from seedreg.cli.options import load, print_json


@click.command("factories")
@click.option("--module", metavar="MODULE", help="Look in this module only.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.factories/1).")
@click.pass_context
def factories_command(ctx: click.Context, /, module: str | None, as_json: bool) -> int:
    """List what a bare factory name could mean.

    The files are read and nothing of the project is imported.
    """
    import os

    from seedreg.factories.lookup import candidates

    cwd = Path.cwd()
    config = load(ctx)
    found = candidates(config, module, cwd=cwd)
    if as_json:
        rows = [
            {
                "name": candidate.name,
                "address": candidate.address,
                "kind": candidate.kind.value,
                "signature": candidate.signature,
                "file": str(candidate.file),
                "line": candidate.line,
                "doc": candidate.docline,
            }
            for candidate in found
        ]
        print_json({"format": "seedreg.factories/1", "factories": rows})
        return 0
    if not found:
        looked = module or ", ".join(config.factories)
        click.echo(
            f"no factories found in {looked}; set [tool.seedreg] factories, or write package.module:callable",
            err=True,
        )
    for candidate in found:
        where = os.path.relpath(candidate.file, cwd)
        click.echo(
            f"{candidate.address}{candidate.signature}  {candidate.kind.value}  {where}:{candidate.line}"
        )
        if candidate.docline:
            click.echo(f"  {candidate.docline}")
    return 0
