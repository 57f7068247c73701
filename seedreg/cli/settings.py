"""`seedreg config`."""

from __future__ import annotations

import click

from seedreg.cli.options import load, registry_option


@click.command("config")
@registry_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.pass_context
def config_command(ctx: click.Context, /, db: str | None, as_json: bool) -> int:
    """Show every setting and where it comes from."""
    import json

    config = load(ctx, db=db)
    rows = [("root", str(config.root), "nearest folder with pyproject.toml, .git or .seedreg")]
    for setting in config.settings:
        value = setting.value
        text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        rows.append((setting.name, text, setting.origin))
    if as_json:
        document = {name: {"value": value, "origin": origin} for name, value, origin in rows}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return 0
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for name, value, origin in rows:
        click.echo(f"{name:<{widths[0]}}  {value:<{widths[1]}}  {origin}".rstrip())
    return 0
