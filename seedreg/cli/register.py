"""`seedreg register`."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedreg.cli.guide import CommandLineGuide
from seedreg.cli.options import build_options, load, load_for_builds, open_for_builds, print_json, print_lines

if TYPE_CHECKING:
    from seedreg.domain.results import Registration
    from seedreg.domain.warning import BuildWarning


# Every seed of a command is planned before the first is built; a slip of the keyboard should not fill
# the memory.
_MANY_SEEDS = 100_000


def _complete_factory(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from seedreg.errors import SeedregError
    from seedreg.factories.lookup import candidates

    try:
        found = candidates(load(ctx), cwd=Path.cwd())
    except SeedregError:
        return []
    words = {word for candidate in found for word in (candidate.name, candidate.address)}
    return sorted(word for word in words if word.startswith(incomplete))


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
@click.option("--module", metavar="MODULE", help="Where to look a bare factory name up.")
@click.option(
    "--input-shape",
    "inputs",
    multiple=True,
    metavar="SIZES",
    help="Shape of an input without the batch, as 28,28,1 or 10:int32, for a model that is not built; "
    "repeatable.",
)
@click.option("--seeding", type=click.Choice(["full", "tf"]), help="How seeds are set (default: full).")
@click.option("--device", metavar="cpu|gpu[:N]", help="Where to build (default: cpu).")
@click.option("--alias", metavar="NAME", help="A name for the entry.")
@click.option("--tag", "tags", multiple=True, metavar="NAME", help="A tag for the entries; repeatable.")
@click.option("--note", metavar="TEXT", help="A note for the entries.")
@click.option("--keep-weights", is_flag=True, help="Keep the weights themselves beside the registry.")
@click.option("--allow-nonfinite", is_flag=True, help="Register weights that hold NaN or infinities.")
@click.option("--verbose", "-v", is_flag=True, help="Show tracebacks and what failed builds printed.")
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
    from seedreg.domain.canonical import canonical_json
    from seedreg.domain.entry import InputSpec, Recipe, parse_seeds
    from seedreg.errors import UsageError
    from seedreg.factories.lookup import canonical_address
    from seedreg.registry import RegisterOptions
    from seedreg.reports.text.registration import registration_lines

    config, environment = load_for_builds(ctx, seeding=seeding, device=device, **settings)
    options = RegisterOptions(alias, tags, note, keep_weights, allow_nonfinite)
    ranges = [parse_seeds(text) for text in seeds]
    if sum(map(len, ranges)) > _MANY_SEEDS:
        raise UsageError(
            f"{sum(map(len, ranges)):,} seeds are more than one command takes",
            hint=f"register up to {_MANY_SEEDS:,} at once",
        )
    numbers = dict.fromkeys(seed for seeds in ranges for seed in seeds)
    if alias is not None and len(numbers) > 1:
        raise UsageError("an alias names one entry", hint="register one seed with it")
    address = canonical_address(factory, config, module, cwd=Path.cwd())
    template = Recipe(
        config.project,
        address,
        0,
        canonical_json(_parse_params(params)),
        config.seeding,
        tuple(InputSpec.parse(text) for text in inputs),
        config.device,
    )
    recipes = [template.with_seed(seed) for seed in numbers]
    results: list[Registration] = []
    told: set[tuple[str, BuildWarning]] = set()
    guide = CommandLineGuide(environment)
    with open_for_builds(config, environment, create=True, several=True) as registry:
        for registration in registry.register_all(recipes, options):
            results.append(registration)
            if not as_json:
                print_lines(registration_lines(registration, guide, verbose=verbose))
                _print_warnings(registration, told)
    code = _exit_code(results)
    if as_json:
        from seedreg.reports.documents import register_document

        print_json(register_document(results, code))
    return code


def _print_warnings(registration: Registration, told: set[tuple[str, BuildWarning]]) -> None:
    """Print the warnings of a new entry, each only once for a factory and its many seeds."""
    from seedreg.domain.results import Registered
    from seedreg.reports.words.warnings import warning_text

    if not isinstance(registration, Registered):
        return
    recipe = registration.entry.recipe
    for warning in registration.baseline.facts.warnings:
        if (recipe.factory, warning) not in told:
            told.add((recipe.factory, warning))
            words = f"{recipe.label}: {warning_text(warning)}"
            click.echo(f"seedreg: {click.style('warning', fg='yellow')}: {words}", err=True)


def _exit_code(results: list[Registration]) -> int:
    from seedreg.cli.options import exit_code_of
    from seedreg.domain.results import Confirmed, NotConfirmed, Refused
    from seedreg.domain.verdict import Verdict

    verdicts = []
    for result in results:
        match result:
            case Confirmed(verification) | NotConfirmed(verification):
                verdicts.append(verification.verdict)
            case Refused(nondeterministic=True):
                verdicts.append(Verdict.NONDETERMINISTIC)
            case Refused():
                verdicts.append(Verdict.ERROR)
    return exit_code_of(verdicts)


def _parse_params(texts: tuple[str, ...]) -> dict[str, Any]:
    from seedreg.errors import UsageError

    params: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"parameter {text!r} is not NAME=JSON", hint="write it as -p units=16")
        if name in params:
            raise UsageError(f"parameter {name!r} is given twice", hint="give it once")
        try:
            params[name] = json.loads(value, parse_constant=_refuse_constant, parse_float=_finite)
            json.dumps(params[name], ensure_ascii=False).encode("utf-8")
        except (OverflowError, RecursionError, UnicodeError) as error:
            raise UsageError(
                f"the value of parameter {name!r} cannot be kept: {_shortened(value)!r}",
                hint="it holds a number beyond a float's range, half a character, or is nested too deeply",
            ) from error
        except ValueError as error:
            raise UsageError(
                f"the value of parameter {name!r} is not JSON: {_shortened(value)!r}",
                hint="a text needs its quotes, and the shell's around them: "
                f"-p '{name}={_shortened(json.dumps(value))}'",
            ) from error
    return params


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise OverflowError
    return number


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"
