"""`seedreg config`."""

from __future__ import annotations

from pathlib import Path

import click

from seedreg.cli.options import load, print_json, registry_option


@click.command("config")
@registry_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.config/1).")
@click.pass_context
def config_command(ctx: click.Context, /, db: str | None, as_json: bool) -> int:
    """Show every setting and where it comes from."""
    config = load(ctx, db=db)
    rows: list[tuple[str, object, str]] = [
        ("root", config.root, "nearest folder with pyproject.toml, .git or .seedreg")
    ]
    rows += [(setting.name, setting.value, setting.origin) for setting in config.settings]
    if as_json:
        settings = [
            {"name": name, "value": _json_value(value), "origin": origin} for name, value, origin in rows
        ]
        print_json({"format": "seedreg.config/1", "settings": settings})
        return 0
    texts = [(name, _text(value), origin) for name, value, origin in rows]
    widths = [max(len(row[column]) for row in texts) for column in (0, 1)]
    for name, text, origin in texts:
        click.echo(f"{name:<{widths[0]}}  {text:<{widths[1]}}  {origin}")
    return 0


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "-"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _json_value(value: object) -> object:
    if isinstance(value, tuple):
        return [str(part) for part in value]
    return str(value) if isinstance(value, Path) else value
