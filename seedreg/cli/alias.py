"""`seedreg alias`."""

from __future__ import annotations

import click

from seedreg.cli.options import load, open_for_writing, registry_option, selectors_argument


@click.command("alias")
@selectors_argument(single=True)
@click.argument("name", required=False)
@click.option("--remove", is_flag=True, help="Take the alias off.")
@registry_option
@click.pass_context
def alias_command(
    ctx: click.Context, /, selector: str, name: str | None, remove: bool, db: str | None
) -> int:
    """Give one entry a name.

    Every command then knows it by this name too.
    """
    from seedreg.domain.entry import check_name
    from seedreg.errors import UsageError
    from seedreg.registry import select_one

    if (name is None) != remove:
        raise UsageError("give either a NAME or --remove", hint="seedreg alias SELECTOR NAME")
    if name is not None:
        check_name("alias", name)
    with open_for_writing(load(ctx, db=db)) as repository:
        entry = select_one(repository, selector)
        repository.entries.set_alias(entry.id, name)
    click.echo(f"{entry.short_id}  {entry.recipe.label}  alias: {name or '-'}")
    return 0
