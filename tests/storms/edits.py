"""Edits of a registry file: which of them does `db check` notice, and what do other commands do then?"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from storms.commands import Commands
from storms.edit_list import EDITS, Edit
from storms.storm import Finished, Shop, Storm, Tally

MODELS = '''\
import os

import numpy as np


def build(units=4):
    """Random weights."""
    return {"kernel": np.random.normal(size=(3, units)), "bias": np.zeros(units)}


def flips():
    if os.path.exists("break"):
        raise KeyError("weights")
    if os.path.exists("noise"):
        return {"w": np.random.default_rng().normal(size=4)}
    return {"w": np.random.normal(size=4) + os.path.exists("drift")}
'''

_COMMANDS = (
    ("list", "--all"),
    ("list", "--all", "--json"),
    ("show", "coin"),
    ("show", "build@0", "--json"),
    ("history", "coin", "--json"),
    ("history", "build@0"),
    ("waive", "--list"),
    ("audits",),
    ("audits", "1", "--json"),
    ("db", "status"),
    ("verify", "coin", "build@0"),
)
_CODES = {0, 1, 2, 3, 4, 125}
# One more start of TensorFlow's stand-in for each: the others are read alone.
_VERIFIED = 4


def prepare(folder: Path) -> Shop:
    """A project whose registry holds every kind of row."""
    shop = Shop.new(folder, MODELS)

    def run(*arguments: str, code: int = 0) -> None:
        done = shop(*arguments)
        assert done.code == code, (arguments, done)

    def has(name: str, *, exists: bool = True) -> None:
        (shop.root / name).touch() if exists else (shop.root / name).unlink()

    run("register", "build", "--seed", "0-2", "--keep-weights", "--tag", "nightly")
    run("register", "flips", "--alias", "coin", "--note", "a coin")
    run("verify", "build@0", "coin")
    has("noise")
    run("verify", "coin", code=1)
    has("noise", exists=False)
    has("drift")
    run("verify", "coin", code=1)
    run("waive", "coin", "--reason", "an error", "--until", "2099-12-31")
    run("waive", "coin", "--remove")
    run("waive", "coin", "--reason", "known", "--until", "2099-12-31")
    run("audit")
    run("accept", "coin", "--reason", "meant")
    has("break")
    run("verify", "coin", code=125)
    has("break", exists=False)
    run("retire", "build@2", "--reason", "old")
    run("db", "check")
    return shop


def run(count: int, seed: int, folder: Path) -> Tally:
    """Make each edit alone, and look at the registry with `db check` and other commands."""
    shop, tally = prepare(folder), Tally()
    edits = list(EDITS)
    random.Random(seed).shuffle(edits)
    with Commands(shop, folder) as command:
        for number in range(count):
            edit = edits[number % len(edits)]
            copy = folder / f"edited-{number}"
            shutil.copytree(shop.registry.parent, copy)
            edit.make(copy / "registry.db")
            _judge(tally, edit, command("db", "check", "--db", str(copy / "registry.db")))
            for words in _COMMANDS[: len(_COMMANDS) - (number % _VERIFIED != 0)]:
                done = command(*words, "--db", str(copy / "registry.db"))
                if done.code not in _CODES or "Traceback" in done.err or "internal error" in done.err:
                    tally.broken.append(
                        f"{edit.name!r}: {' '.join(words)} ended with {done.code}: {done.err[-300:]}"
                    )
            shutil.rmtree(copy)
    return tally


def _judge(tally: Tally, edit: Edit, done: Finished) -> None:
    if done.code not in (0, 3) or "Traceback" in done.err:
        tally.broken.append(f"{edit.name!r}: db check ended with {done.code}: {done.err[-300:]}")
    if edit.undecidable is not None:
        tally.counts["undecidable"] += 1
        tally.notes.append(f"undecidable: {edit.name}: {edit.undecidable}")
        if done.code != 0:
            tally.broken.append(f"{edit.name!r} is not undecidable: {done.out}")
    elif done.code == 3:
        tally.counts["noticed"] += 1
    else:
        tally.counts["not noticed"] += 1
        tally.broken.append(f"{edit.name!r} was not noticed")


STORM = Storm(
    name="edits",
    title="Edits of a registry file",
    promise="`db check` notices every edit that something else in the registry contradicts. Every command "
    "ends with a documented code and without a traceback.",
    in_ci=64,
    by_hand=len(EDITS),
    run=run,
)
