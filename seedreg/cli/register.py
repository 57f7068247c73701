"""`seedreg register`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from seedreg.cli.bulk import dry_run_option
from seedreg.cli.commands import Command
from seedreg.cli.completion import fitting
from seedreg.cli.exits import exit_code_of
from seedreg.cli.guide import CommandLineGuide
from seedreg.cli.hints import warning_step
from seedreg.cli.options import build_options
from seedreg.cli.parsing import parse_params
from seedreg.cli.printing import print_json, print_lines, warn
from seedreg.cli.projects import load, open_project_for_build
from seedreg.config import Config
from seedreg.config.entries import EntrySpec
from seedreg.domain.canonical import canonical_json
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.failure import RECIPE_MISTAKES, FailureKind
from seedreg.domain.inputs import parse_inputs
from seedreg.domain.recipe import Seeding, parse_seeds
from seedreg.domain.results import Confirmed, NotConfirmed, Refused, Registered, Registration
from seedreg.domain.verdict import Verdict
from seedreg.domain.warning import BuildWarning
from seedreg.errors import EXIT_NOT_JUDGED, EXIT_USAGE, SeedregError, UsageError
from seedreg.factories.lookup import candidates
from seedreg.project import Project
from seedreg.registry import RegisterOptions
from seedreg.registry.configured import planned
from seedreg.registry.orders import configured_orders, orders_of
from seedreg.registry.registering import Order
from seedreg.reports.documents.register import register_document
from seedreg.reports.text.registration import registration_lines
from seedreg.reports.words.warnings import warning_text


def _complete_factory(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    try:
        found = candidates(load(ctx), cwd=Path.cwd())
    except SeedregError:
        return []
    return fitting((word for one in found for word in (one.name, one.address)), incomplete)


@click.command("register", cls=Command)
@click.argument("factories", metavar="[FACTORY]...", nargs=-1, shell_complete=_complete_factory)
@click.option(
    "--configured",
    is_flag=True,
    help="Register what [[tool.seedreg.entries]] lists and is new; name what it no longer lists.",
)
@click.option(
    "--seed",
    "-s",
    "seeds",
    multiple=True,
    metavar="N|N-M",
    default=("0",),
    show_default=True,
    help="Seed or range of seeds, 0 to 4294967295; repeatable.",
)
@click.option(
    "--param", "-p", "params", multiple=True, metavar="NAME=JSON", help="Argument of the factory; repeatable."
)
@click.option("--module", metavar="MODULE", help="The module of a bare factory name.")
@click.option(
    "--input-shape",
    "inputs",
    multiple=True,
    metavar="[NAME=]SIZES",
    help="Shape of an input without the batch, e.g. 28,28,1 or 10:int32 or user=4, for a model that is not "
    "built; repeatable.",
)
@click.option(
    "--input-signature",
    "input_function",
    metavar="FUNCTION",
    help="Function that returns the inputs instead, e.g. models:inputs.",
)
@click.option(
    "--seeding",
    type=click.Choice([one.value for one in Seeding]),
    help="How seeds are set (default: full).",
)
@click.option("--device", metavar="cpu|gpu[:N]", help="Device to build on (default: cpu).")
@click.option("--alias", metavar="NAME", help="A name for the entry.")
@click.option("--tag", "tags", multiple=True, metavar="NAME", help="A tag for the entries; repeatable.")
@click.option("--note", metavar="TEXT", help="A note for the entries.")
@click.option(
    "--depends",
    metavar="FILE",
    multiple=True,
    help="A file of the project that the model is built from, e.g. vocab.txt: a drift says if it changed; "
    "repeatable.",
)
@click.option("--keep-weights", is_flag=True, help="Keep the weights themselves beside the registry.")
@dry_run_option
@click.option("--allow-nonfinite", is_flag=True, help="Register weights that hold NaN or infinities.")
@click.option("--verbose", "-v", is_flag=True, help="Show tracebacks and the output of failed builds.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.register/1).")
@build_options
@click.pass_context
def register_command(
    ctx: click.Context,
    /,
    factories: tuple[str, ...],
    configured: bool,
    dry_run: bool,
    keep_weights: bool,
    allow_nonfinite: bool,
    verbose: bool,
    as_json: bool,
    **settings: Any,
) -> int:
    """Register model factories with seeds.

    FACTORY is package.module:callable, path/to/file.py:callable, or the bare name of a callable in
    models.py or model.py; with * or ? in its name it is every function or class that fits. Every seed is
    built in two processes; if the two differ, or there are no weights, nothing is registered.
    """
    asked = {name: settings.pop(name) for name in _ASKED}
    if configured:
        _refuse_beside_configured(ctx, factories)
    elif not factories:
        raise UsageError("FACTORY... is missing", hint="name factories, or give --configured")
    project, environment = open_project_for_build(ctx, **settings)
    base = RegisterOptions(keep_weights=keep_weights, allow_nonfinite=allow_nonfinite)
    if configured:
        orders = configured_orders(project.config, base)
    else:
        orders = _orders(factories, asked, project.config, base)
    results: list[Registration] = []
    warned: set[tuple[str, BuildWarning]] = set()
    guide = CommandLineGuide(environment)
    with _registrations(project, environment, orders, configured=configured, dry_run=dry_run) as found:
        for registration in found:
            results.append(registration)
            if not as_json:
                print_lines(registration_lines(registration, guide, verbose=verbose))
                _print_warnings(registration, warned)
    code = _exit_code(results)
    if as_json:
        print_json(register_document(results, code))
    return code


# The options that describe entries; the configuration describes its own.
_ASKED = ("seeds", "params", "module", "inputs", "input_function", "alias", "tags", "note", "depends")


def _refuse_beside_configured(ctx: click.Context, factories: tuple[str, ...]) -> None:
    given = [
        max(parameter.opts, key=len)
        for parameter in ctx.command.params
        if parameter.name in _ASKED
        and ctx.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
    ]
    if factories or given:
        raise UsageError(
            f"--configured takes no {given[0] if given else 'FACTORY'}: [[tool.seedreg.entries]] has it all",
            hint="name factories without --configured",
        )


def _orders(
    factories: tuple[str, ...], asked: Mapping[str, Any], config: Config, base: RegisterOptions
) -> tuple[Order, ...]:
    """What the arguments and options ask for."""
    if asked["inputs"] and asked["input_function"] is not None:
        raise UsageError(
            "--input-shape and --input-signature are two ways to give the inputs", hint="give one of them"
        )
    RegisterOptions(asked["alias"], asked["tags"])  # a wrong name is an error before factories are looked up
    template = EntrySpec(
        "",
        tuple(map(parse_seeds, asked["seeds"])),
        canonical_json(parse_params(asked["params"])),
        parse_inputs(asked["inputs"]),
        asked["input_function"],
        alias=asked["alias"],
        tags=asked["tags"],
        note=asked["note"],
        depends=asked["depends"],
    )
    specs = [replace(template, factory=factory) for factory in factories]
    return orders_of(specs, config, base, module=asked["module"], cwd=Path.cwd())


@contextmanager
def _registrations(
    project: Project,
    environment: EnvironmentSpec,
    orders: tuple[Order, ...],
    *,
    configured: bool,
    dry_run: bool,
) -> Iterator[Iterable[Registration]]:
    """What becomes of the orders, or with `dry_run` would."""
    if dry_run and not project.has_registry:
        yield planned(None, orders)
    elif dry_run:
        with project.planning() as registry:
            yield registry.planned(orders, configured=configured)
    else:
        with project.building(environment, create=True, several=True) as registry:
            yield registry.register_configured(orders) if configured else registry.register_orders(orders)


def _print_warnings(registration: Registration, warned: set[tuple[str, BuildWarning]]) -> None:
    """Print the warnings of a new entry, each only once for a factory and its many seeds."""
    if not isinstance(registration, Registered):
        return
    recipe = registration.entry.recipe
    for warning in registration.baseline.facts.warnings:
        if (recipe.factory, warning) not in warned:
            warned.add((recipe.factory, warning))
            step = warning_step(warning)
            warn(f"{recipe.label}: {warning_text(warning)}{f' ({step})' if step else ''}")


def _exit_code(results: Sequence[Registration]) -> int:
    """As of verdicts; 2 where nothing drifted, and a recipe names what does not exist."""
    code = exit_code_of(_verdicts(results))
    mistaken = any(isinstance(one, Refused) and one.failure.kind in RECIPE_MISTAKES for one in results)
    return EXIT_USAGE if mistaken and code == EXIT_NOT_JUDGED else code


def _verdicts(results: Sequence[Registration]) -> Iterator[Verdict]:
    for result in results:
        match result:
            case Confirmed(verification) | NotConfirmed(verification):
                yield verification.verdict
            case Refused(_, failure) if failure.kind is FailureKind.NONDETERMINISTIC:
                yield Verdict.NONDETERMINISTIC
            case Refused():
                yield Verdict.ERROR
