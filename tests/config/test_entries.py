"""`[[tool.seedreg.entries]]`: what is read, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedreg.config import load_config
from seedreg.config.entries import EntrySpec
from seedreg.domain.inputs import InputSpec
from seedreg.domain.recipe import Seeding

from .projects import error, write


def test_entries_are_read_with_all_their_keys(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        [[tool.seedreg.entries]]
        factory = " models:build_* "

        [[tool.seedreg.entries]]
        factory = "lib/nets.py:net"
        seeds = [3, "5-7"]
        params = {units = 16, name = "a", deep = {x = [1, 2.5]}}
        inputs = ["28,28,1", "10:int32"]
        seeding = "tf"
        device = "gpu:1"
        alias = "golden"
        tags = ["nightly", "b"]
        note = "for release 2"

        [[tool.seedreg.entries]]
        factory = "net"
        seeds = "0-9"
        inputs = {user = [4], item = "3:int32"}

        [[tool.seedreg.entries]]
        factory = "net"
        seeds = 8
        input-signature = "models:inputs"
        """.replace('alias = "golden"\n', ""),
    )
    assert load_config({}, {}, tmp_path).entries == (
        EntrySpec("models:build_*"),
        EntrySpec(
            "lib/nets.py:net",
            (range(3, 4), range(5, 8)),
            '{"deep":{"x":[1,2.5]},"name":"a","units":16}',
            (InputSpec((28, 28, 1)), InputSpec((10,), "int32")),
            seeding=Seeding.TF,
            device="gpu:1",
            tags=("nightly", "b"),
            note="for release 2",
        ),
        EntrySpec(
            "net",
            (range(10),),
            inputs=(InputSpec((4,), name="user"), InputSpec((3,), "int32", "item")),
        ),
        EntrySpec("net", (range(8, 9),), input_function="models:inputs"),
    )


@pytest.mark.parametrize(
    ("keys", "message", "hint"),
    [
        ('factroy = "x"', "unknown key 'factroy' in {where}", "did you mean 'factory'?"),
        ("seeds = 1", "{where} names no factory", 'add factory = "package.module:callable"'),
        (
            'factory = "x"\nseeds = "9-3"',
            "{where}: seed range '9-3' ends before it begins",
            'set seeds to a number, a range such as "0-9", or a list of them',
        ),
        (
            'factory = "x"\nseeds = []',
            'seeds = [] ({where}) is not a number, a range such as "0-9", or a list of them',
            'set seeds to a number, a range such as "0-9", or a list of them',
        ),
        (
            'factory = "x"\nseeds = true',
            'seeds = True ({where}) is not a number, a range such as "0-9", or a list of them',
            'set seeds to a number, a range such as "0-9", or a list of them',
        ),
        (
            'factory = "x"\nparams = {a = nan}',
            "params = {{'a': nan}} ({where}) is not a table of values that JSON has, e.g. {{units = 16}}",
            "set params to a table of values that JSON has, e.g. {units = 16}",
        ),
        (
            'factory = "x"\nparams = {a = 2020-01-01}',
            "params = {{'a': datetime.date(2020, 1, 1)}} ({where}) is not a table of values that JSON has, "
            "e.g. {{units = 16}}",
            "set params to a table of values that JSON has, e.g. {units = 16}",
        ),
        (
            'factory = "x"\ntags = ["a b"]',
            "{where}: tag 'a b' is empty, or has white space or one of : @ ,",
            'set tags to a list of names, e.g. ["nightly"]',
        ),
        (
            'factory = "x"\nseeds = "0-1"\nalias = "gold"',
            "{where}: an alias names one entry, and there are several seeds",
            None,
        ),
        (
            'factory = "x"\ninputs = "4"\ninput-signature = "m:f"',
            "{where}: inputs and input-signature are two ways to give the inputs",
            "give one of them",
        ),
        (
            'factory = "x"\ndevice = "tpu"',
            "device = 'tpu' ({where}) is not one of: cpu, gpu, gpu:0, gpu:1 …",
            "set device to one of: cpu, gpu, gpu:0, gpu:1 …",
        ),
    ],
)
def test_a_wrong_entry_is_named_by_its_number(
    tmp_path: Path, keys: str, message: str, hint: str | None
) -> None:
    path = write(tmp_path, f'[[tool.seedreg.entries]]\nfactory = "a"\n[[tool.seedreg.entries]]\n{keys}\n')
    where = f"table 2 of [[tool.seedreg.entries]] in {path}"
    assert error({}, {}, tmp_path) == (message.format(where=where), hint)


@pytest.mark.parametrize("text", ["entries = 3", 'entries = ["a"]', "[tool.seedreg.entries]\nx = 1"])
def test_entries_that_are_no_list_of_tables_are_an_error(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, f"[tool.seedreg]\n{text}\n")
    assert error({}, {}, tmp_path) == (
        f"entries ([tool.seedreg] in {path}) is not a list of tables",
        "begin each of them with a line [[tool.seedreg.entries]]",
    )
