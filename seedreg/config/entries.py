"""The entries that a project's `pyproject.toml` lists: `[[tool.seedreg.entries]]`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from seedreg.config.pyproject import ENTRIES
from seedreg.config.tables import listed_tables, read_table
from seedreg.config.values import Reader, text
from seedreg.domain.canonical import canonical_json
from seedreg.domain.entry import check_name
from seedreg.domain.inputs import Inputs, inputs_of
from seedreg.domain.recipe import DEVICES, Seeding, is_device, parse_seeds
from seedreg.errors import ConfigError

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class EntrySpec:
    """Entries of one factory, or of all that fit a pattern, as somebody asks for them.

    `factory` and `input_function` are as people write them; see `seedreg.factories.lookup`. Where `seeding`
    or `device` is None, the setting of the configuration counts.
    """

    factory: str
    seeds: tuple[range, ...] = (range(1),)
    params_json: str = "{}"
    inputs: Inputs = ()
    input_function: str | None = None
    seeding: Seeding | None = None
    device: str | None = None
    alias: str | None = None
    tags: tuple[str, ...] = ()
    note: str | None = None
    depends: tuple[str, ...] = ()


def entry_specs(table: dict[str, Any], path: Path) -> Iterator[EntrySpec]:
    """The entries that the table `[tool.seedreg]` of the file at `path` lists.

    Raises:
        ConfigError: if one of them is wrong.
    """
    for where, one in listed_tables(table, ENTRIES, path):
        yield _entry(read_table(one, where, KEYS, path.parent), where)


def _entry(fields: dict[str, Any], where: str) -> EntrySpec:
    if "factory" not in fields:
        raise ConfigError(f"{where} names no factory", hint='add factory = "package.module:callable"')
    spec = EntrySpec(**fields)
    if spec.inputs and spec.input_function is not None:
        raise ConfigError(
            f"{where}: inputs and input-signature are two ways to give the inputs", hint="give one of them"
        )
    if spec.alias is not None and sum(map(len, spec.seeds)) > 1:
        raise ConfigError(f"{where}: an alias names one entry, and there are several seeds")
    return spec


def _stripped(raw: object, root: Path) -> str:
    return text(raw).strip()


def _seeds(raw: object, root: Path) -> tuple[range, ...]:
    listed = raw if isinstance(raw, list) else [raw]
    if not listed:
        raise ValueError
    return tuple(map(_seed, listed))


def _seed(raw: object) -> range:
    if isinstance(raw, bool) or not isinstance(raw, (int, str)):
        raise ValueError
    return parse_seeds(str(raw))


def _params(raw: object, root: Path) -> str:
    if not isinstance(raw, dict):
        raise ValueError
    return canonical_json(raw)


def _list_of(read: Callable[[str], _Value]) -> Callable[[object, Path], tuple[_Value, ...]]:
    def read_all(raw: object, root: Path) -> tuple[_Value, ...]:
        if not isinstance(raw, list):
            raise ValueError
        return tuple(read(text(one)) for one in raw)

    return read_all


def _inputs(raw: Any, root: Path) -> Inputs:
    if not isinstance(raw, (str, list, dict)):
        raise ValueError
    return inputs_of(raw)


def _device(raw: object, root: Path) -> str:
    device = text(raw)
    if not is_device(device):
        raise ValueError
    return device


# Each key of an entry: its field, what is allowed, and how it is read.
KEYS: dict[str, tuple[str, str, Reader]] = {
    "factory": ("factory", 'a factory or a pattern, e.g. "models:build_*"', _stripped),
    "seeds": ("seeds", 'a number, a range such as "0-9", or a list of them', _seeds),
    "params": ("params_json", "a table of values that JSON has, e.g. {units = 16}", _params),
    "inputs": ("inputs", 'a shape, a list of them or a table, e.g. ["28,28,1", "10:int32"]', _inputs),
    "input-signature": ("input_function", 'a function, e.g. "models:inputs"', _stripped),
    "seeding": (
        "seeding",
        f"one of: {', '.join(one.value for one in Seeding)}",
        lambda raw, root: Seeding.of(text(raw)),
    ),
    "device": ("device", f"one of: {DEVICES}", _device),
    "alias": ("alias", "a name", lambda raw, root: check_name("alias", text(raw))),
    "tags": ("tags", 'a list of names, e.g. ["nightly"]', _list_of(lambda raw: check_name("tag", raw))),
    "note": ("note", "a text", lambda raw, root: text(raw)),
    "depends": ("depends", 'a list of files, e.g. ["vocab.txt"]', _list_of(str)),
}
