"""From what somebody asks to be registered to recipes, each with how it is registered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from seedreg.config import Config
from seedreg.config.entries import EntrySpec
from seedreg.domain.inputs import InputFunction
from seedreg.domain.recipe import Recipe, Seeding
from seedreg.errors import UsageError
from seedreg.factories.lookup import canonical_address
from seedreg.factories.patterns import addresses
from seedreg.registry.configured import CONFIGURED
from seedreg.registry.depended import depended_paths
from seedreg.registry.registering import PLAIN, Order, RegisterOptions

if TYPE_CHECKING:
    pass

# Every recipe of a command is planned before the first is built; a typing error should not fill the memory.
MANY_RECIPES = 100_000


def orders_of(
    specs: Iterable[EntrySpec],
    config: Config,
    base: RegisterOptions = PLAIN,
    *,
    module: str | None = None,
    cwd: Path | None = None,
) -> tuple[Order, ...]:
    """The recipes that the specifications describe, each once.

    Args:
        specs: what is asked for.
        config: where factories are found, and the seeding and device of those that name none.
        base: how they are registered, beside the alias, tags and note of each specification.
        module: the one module in which bare names are looked up instead.
        cwd: what relative paths are tried against first.

    Raises:
        UsageError: if a factory does not exist, an alias is given to several recipes, or one recipe is
            asked for in two ways, there are more than `MANY_RECIPES`, or a file to depend on is none of the
            project's.
    """
    found: dict[Recipe, Order] = {}
    aliases: dict[str, Recipe] = {}
    left = MANY_RECIPES
    for spec in specs:
        names = addresses([spec.factory], config, module, cwd=cwd)
        left -= len(names) * sum(map(len, spec.seeds))
        if left < 0:
            raise UsageError(
                f"{MANY_RECIPES - left:,} seeds are more than one command takes",
                hint=f"register up to {MANY_RECIPES:,} at once",
            )
        options = replace(
            base,
            alias=spec.alias,
            note=spec.note,
            tags=(*base.tags, *spec.tags),
            depends=depended_paths(spec.depends, config.root, cwd or config.root),
        )
        for recipe in _recipes(spec, names, config, module, cwd):
            order = Order(recipe, options)
            if found.setdefault(recipe, order) != order:
                raise UsageError(f"{recipe.label} is asked for twice, in two ways", hint="ask for it once")
            if spec.alias is not None and aliases.setdefault(spec.alias, recipe) != recipe:
                raise UsageError("an alias names one entry", hint="register one seed with it")
    return tuple(found.values())


def _recipes(
    spec: EntrySpec, names: Iterable[str], config: Config, module: str | None, cwd: Path | None
) -> Iterator[Recipe]:
    function = spec.input_function
    inputs = (
        spec.inputs
        if function is None
        else InputFunction(canonical_address(function, config, module, cwd=cwd))
    )
    for name in names:
        template = Recipe(
            config.project,
            name,
            0,
            spec.params_json,
            spec.seeding or Seeding.of(config.seeding),
            inputs,
            spec.device or config.device,
        )
        for seeds in spec.seeds:
            yield from map(template.with_seed, seeds)


def configured_orders(config: Config, base: RegisterOptions = PLAIN) -> tuple[Order, ...]:
    """What `[[tool.seedreg.entries]]` lists, with the tag by which it is known again.

    Paths are relative to the project's root.

    Raises:
        UsageError: if nothing is listed; see also `orders_of`.
    """
    if not config.entries:
        raise UsageError(
            f"no entries are listed in {config.root / 'pyproject.toml'}",
            hint='add [[tool.seedreg.entries]] with factory = "package.module:callable"',
        )
    return orders_of(config.entries, config, replace(base, tags=(*base.tags, CONFIGURED)), cwd=config.root)
