"""`seedreg register`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from seedreg.cli.completion import fitting
from seedreg.cli.exits import exit_code_of
from seedreg.cli.guide import CommandLineGuide
from seedreg.cli.options import build_options
from seedreg.cli.parsing import parse_params
from seedreg.cli.printing import print_json, print_lines, warn
from seedreg.cli.projects import load, open_project_for_build
from seedreg.config import Config
from seedreg.domain.canonical import canonical_json
from seedreg.domain.failure import RECIPE_MISTAKES, FailureKind
from seedreg.domain.inputs import InputFunction, Inputs, parse_inputs
from seedreg.domain.recipe import Recipe, Seeding, parse_seeds
from seedreg.domain.results import Confirmed, NotConfirmed, Refused, Registered, Registration
from seedreg.domain.verdict import Verdict
from seedreg.domain.warning import BuildWarning
from seedreg.errors import EXIT_NOT_JUDGED, EXIT_USAGE, SeedregError, UsageError
from seedreg.factories.lookup import candidates, canonical_address
from seedreg.registry import RegisterOptions
from seedreg.reports.documents.register import register_document
from seedreg.reports.text.registration import registration_lines
from seedreg.reports.words.warnings import warning_text

# Every seed of a command is planned before the first is built; a typing error should not fill the memory.
_MANY_SEEDS = 100_000


def _complete_factory(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    try:
        found = candidates(load(ctx), cwd=Path.cwd())
    except SeedregError:
        return []
    return fitting((word for one in found for word in (one.name, one.address)), incomplete)


@click.command("register")
@click.argument("factory", shell_complete=_complete_factory)
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
@click.option("--keep-weights", is_flag=True, help="Keep the weights themselves beside the registry.")
@click.option("--allow-nonfinite", is_flag=True, help="Register weights that hold NaN or infinities.")
@click.option("--verbose", "-v", is_flag=True, help="Show tracebacks and the output of failed builds.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.register/1).")
@build_options
@click.pass_context
def register_command(
    ctx: click.Context,
    /,
    factory: str,
    seeds: tuple[str, ...],
    params: tuple[str, ...],
    module: str | None,
    inputs: tuple[str, ...],
    input_function: str | None,
    seeding: str | None,
    device: str | None,
    alias: str | None,
    tags: tuple[str, ...],
    note: str | None,
    keep_weights: bool,
    allow_nonfinite: bool,
    verbose: bool,
    as_json: bool,
    **settings: object,
) -> int:
    """Register a model factory with a seed.

    FACTORY is package.module:callable, path/to/file.py:callable, or the bare name of a callable in
    models.py or model.py. Every seed is built in two processes; if the two differ, or there are no
    weights, nothing is registered.
    """
    project, environment = open_project_for_build(ctx, seeding=seeding, device=device, **settings)
    config = project.config
    options = RegisterOptions(alias, tags, note, keep_weights, allow_nonfinite)
    numbers = _parse_all_seeds(seeds)
    if alias is not None and len(numbers) > 1:
        raise UsageError("an alias names one entry", hint="register one seed with it")
    template = Recipe(
        config.project,
        canonical_address(factory, config, module, cwd=Path.cwd()),
        0,
        canonical_json(parse_params(params)),
        Seeding.of(config.seeding),
        _inputs(inputs, input_function, config, module),
        config.device,
    )
    recipes = [template.with_seed(seed) for seed in numbers]
    results: list[Registration] = []
    warned: set[tuple[str, BuildWarning]] = set()
    guide = CommandLineGuide(environment)
    with project.building(environment, create=True, several=True) as registry:
        for registration in registry.register_all(recipes, options):
            results.append(registration)
            if not as_json:
                print_lines(registration_lines(registration, guide, verbose=verbose))
                _print_warnings(registration, warned)
    code = _exit_code(results)
    if as_json:
        print_json(register_document(results, code))
    return code


def _inputs(shapes: tuple[str, ...], function: str | None, config: Config, module: str | None) -> Inputs:
    """What the options say that an unbuilt model is called on."""
    if function is None:
        return parse_inputs(shapes)
    if shapes:
        raise UsageError(
            "--input-shape and --input-signature are two ways to give the inputs", hint="give one of them"
        )
    return InputFunction(canonical_address(function, config, module, cwd=Path.cwd()))


def _parse_all_seeds(texts: Sequence[str]) -> Sequence[int]:
    """Every seed once, in the order given."""
    ranges = [parse_seeds(text) for text in texts]
    count = sum(map(len, ranges))
    if count > _MANY_SEEDS:
        raise UsageError(
            f"{count:,} seeds are more than one command takes",
            hint=f"register up to {_MANY_SEEDS:,} at once",
        )
    return list(dict.fromkeys(seed for seeds in ranges for seed in seeds))


def _print_warnings(registration: Registration, warned: set[tuple[str, BuildWarning]]) -> None:
    """Print the warnings of a new entry, each only once for a factory and its many seeds."""
    if not isinstance(registration, Registered):
        return
    recipe = registration.entry.recipe
    for warning in registration.baseline.facts.warnings:
        if (recipe.factory, warning) not in warned:
            warned.add((recipe.factory, warning))
            warn(f"{recipe.label}: {warning_text(warning)}")


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
