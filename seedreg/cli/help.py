"""What `--help` adds to each command: options by subject, and examples."""

from __future__ import annotations

from collections.abc import Iterable

import click

_SELECTION = "Selection"
_RECIPE = "Recipe"
_BUILD = "Build"
_OUTPUT = "Output"
_GENERAL = "General"
_OTHER = "Options"

_SECTIONS: dict[str, tuple[str, ...]] = {
    _SELECTION: (
        *("--factory", "--tag", "--project", "--verdict", "--retired", "--all", "--audit", "--column"),
        *("--stale", "--rerun-failed", "--shard", "--resume", "--limit", "--module", "--fingerprint"),
        *("--configured",),
    ),
    _RECIPE: (
        *("--seed", "--param", "--input-shape", "--input-signature", "--seeding", "--device", "--depends"),
        "--allow-nonfinite",
    ),
    _BUILD: (
        *("--python", "--with", "--requirements", "--python-version", "--exclude-newer", "--env", "--jobs"),
        *("--timeout", "--isolation", "--trust", "--builds", "--resolve"),
    ),
    _OUTPUT: ("--format", "--output", "--json", "--verbose", "--quiet", "--color"),
    _GENERAL: ("--db", "--version", "--help"),
}
_ORDER = (_OTHER, _SELECTION, _RECIPE, _BUILD, _OUTPUT, _GENERAL)
# A tag is given to an entry there, not looked for; and a seed selects.
_ELSEWHERE = {
    ("register", "--tag"): _OTHER,
    ("register", "--module"): _RECIPE,
    ("list", "--seed"): _SELECTION,
    ("rebuild", "--output"): _OTHER,
}

EXAMPLES: dict[str, tuple[str, ...]] = {
    "": ("seedreg register build_model --seed 0-9", "seedreg verify build_model"),
    "help": ("seedreg help register", "seedreg help db backup"),
    "register": (
        "seedreg register build_model --seed 0-9",
        "seedreg register shop.models:build_model -p units=16 --tag nightly",
        "seedreg register build_model --with 'tensorflow==2.15.*'",
        "seedreg register 'shop.models:build_*' --seed 0-4",
        "seedreg register --configured --dry-run",
    ),
    "verify": (
        "seedreg verify build_model",
        "seedreg verify tag:nightly --with 'tensorflow==2.21.*'",
        "seedreg verify 3f2a --verbose",
    ),
    "audit": (
        "seedreg audit",
        "seedreg audit tag:nightly --env this --env old",
        "seedreg audit --format junit -o report.xml",
    ),
    "audits": ("seedreg audits", "seedreg audits compare 1 2"),
    "audits show": ("seedreg audits show 2",),
    "audits compare": ("seedreg audits compare 1 2",),
    "list": ("seedreg list --verdict drifted", "seedreg list --tag nightly --json"),
    "show": ("seedreg show build_model@0",),
    "history": ("seedreg history build_model@0",),
    "accept": (
        "seedreg accept 3f2a --reason 'Keras 3 draws other seeds'",
        "seedreg accept --audit 12 --column new --reason 'TensorFlow 2.22'",
    ),
    "report": ("seedreg report 2 --format markdown -o audit.md",),
    "waive": (
        "seedreg waive 3f2a --reason 'known' --until 2030-12-31",
        "seedreg waive --audit 12 --reason 'known' --until 2030-12-31",
        "seedreg waive --list",
    ),
    "retire": ("seedreg retire build_model --reason 'replaced'", "seedreg retire --audit 12 --dry-run"),
    "unretire": ("seedreg unretire 3f2a",),
    "tag": ("seedreg tag build_model --add nightly",),
    "alias": ("seedreg alias build_model@0 baseline", "seedreg alias baseline --remove"),
    "rebuild": ("seedreg rebuild build_model@0 -o weights.safetensors",),
    "blame": ("seedreg blame build_model@0",),
    "bisect": ("seedreg bisect build_model@0 --package keras",),
    "factories": ("seedreg factories", "seedreg factories --module shop.models"),
    "config": ("seedreg config",),
    "envs": ("seedreg envs list",),
    "envs list": ("seedreg envs list",),
    "envs remove": ("seedreg envs remove 3f2a",),
    "envs check": ("seedreg envs check --content",),
    "envs prune": ("seedreg envs prune --unused-for 8w",),
    "db": ("seedreg db status",),
    "db status": ("seedreg db status",),
    "db upgrade": ("seedreg db upgrade",),
    "db backup": ("seedreg db backup registry-backup.db",),
    "db restore": ("seedreg db restore registry-backup.db",),
    "db check": ("seedreg db check",),
}


def path_of(ctx: click.Context) -> str:
    """The words that call the command, without the program's name: `db backup`."""
    return ctx.command_path.partition(" ")[2]


def section_of(command: str, param: click.Parameter) -> str:
    """The heading under which the help of a command lists an option."""
    for name in param.opts:
        if (command, name) in _ELSEWHERE:
            return _ELSEWHERE[command, name]
        for title, names in _SECTIONS.items():
            if name in names:
                return title
    return _OTHER


def write_options(
    params: Iterable[click.Parameter], ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    """Write the options, one section for each subject."""
    found: dict[str, list[tuple[str, str]]] = {}
    for param in params:
        record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
        if record is not None:
            found.setdefault(section_of(path_of(ctx), param), []).append(record)
    for title in _ORDER:
        if title in found:
            with formatter.section(title):
                formatter.write_dl(found[title])


def write_examples(ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """Write the command lines that show how the command is used."""
    lines = EXAMPLES.get(path_of(ctx), ())
    if lines:
        with formatter.section("Examples"):
            for line in lines:
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
