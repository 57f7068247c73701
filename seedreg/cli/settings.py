"""`seedreg config`."""

from __future__ import annotations

from pathlib import Path

import click

from seedreg.cli.options import load, print_json, registry_option
from seedreg.reports.words.origins import origin_text


@click.command("config")
@registry_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.config/1).")
@click.pass_context
def config_command(ctx: click.Context, /, db: str | None, as_json: bool) -> int:
    """Show every setting and where it comes from."""
    config = load(ctx, db=db)
    if as_json:
        root = {"kind": "markers", "name": None, "path": None}
        settings: list[dict[str, object]] = [{"name": "root", "value": str(config.root), "origin": root}]
        settings += [
            {"name": one.name, "value": _json_value(one.value), "origin": one.origin.document()}
            for one in config.settings
        ]
        print_json({"format": "seedreg.config/1", "settings": settings})
        return 0
    texts = [("root", _text(config.root), "nearest folder with pyproject.toml, .git or .seedreg")]
    texts += [(one.name, _text(one.value), origin_text(one.origin)) for one in config.settings]
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
