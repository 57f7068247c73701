"""`seedreg tag`."""

from __future__ import annotations

import click

from seedreg.cli.options import load, open_for_writing, registry_option, selectors_argument


@click.command("tag")
@selectors_argument()
@click.option("--add", "-a", "added", multiple=True, metavar="NAME", help="Add this tag; repeatable.")
@click.option("--remove", "-r", "removed", multiple=True, metavar="NAME", help="Remove this tag; repeatable.")
@registry_option
@click.pass_context
def tag_command(
    ctx: click.Context,
    /,
    selectors: tuple[str, ...],
    added: tuple[str, ...],
    removed: tuple[str, ...],
    db: str | None,
) -> int:
    """Add tags to entries, or remove them.

    The selector tag:NAME then names the entries.
    """
    from seedreg.domain.entry import check_name
    from seedreg.errors import UsageError
    from seedreg.registry import select

    if not added and not removed:
        raise UsageError(
            "no tag is given", hint="add one with --add NAME, or take one off with --remove NAME"
        )
    for name in (*added, *removed):
        check_name("tag", name)
    with open_for_writing(load(ctx, db=db)) as repository:
        for entry in select(repository, selectors, include_retired=True):
            repository.entries.add_tags(entry.id, added)
            repository.entries.remove_tags(entry.id, removed)
            tags = sorted({*entry.tags, *added} - set(removed))
            click.echo(f"{entry.short_id}  {entry.recipe.label}  tags: {', '.join(tags) or '-'}")
    return 0
