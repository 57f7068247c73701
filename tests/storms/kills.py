"""kill -9 at any moment of every command that writes."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

from storms.commands import Commands
from storms.storm import Storm, Tally
from storms.uses import USES, Stored, Template, Use, broken_promises


def _typical_s(commands: Commands, template: Template, folder: Path, use: Use) -> float:
    shop = template.copy(folder, use)
    started = time.monotonic()
    ended = commands(*use.arguments, shop=shop)
    assert ended.code == use.code, (use.name, ended)
    return time.monotonic() - started


def run(count: int, seed: int, folder: Path) -> Tally:
    """Kill `count` commands, each at a random moment of the time that it usually takes."""
    tally, rng = Tally(), random.Random(seed)
    template, case = Template.new(folder / "template"), folder / "case"
    (output := folder / "output").mkdir()
    with Commands(template.shop, output) as commands:
        takes_s = {use.name: _typical_s(commands, template, case, use) for use in USES}
        for number in range(count):
            use = USES[number % len(USES)]
            moment_s = rng.uniform(0, 1.1) * takes_s[use.name]
            shop = template.copy(case, use)
            before = Stored.of(shop.registry)
            running = commands.start(*use.arguments, shop=shop)
            time.sleep(moment_s)
            running.kill()
            ended = running.wait()
            tally.counts["killed" if ended.code == -9 else "ended before"] += 1
            for line in broken_promises(use, shop, before, ended, commands):
                tally.broken.append(f"case {number}: {use.name} killed after {moment_s:.3f} s: {line}")
    return tally


STORM = Storm(
    name="kills",
    title="Commands that write, killed at a random moment",
    promise="What was reported as stored is stored. Nothing is stored in part. `db check` finds no problem. "
    "The next command works and removes what was left.",
    in_ci=30,
    by_hand=1200,
    run=run,
    needs=lambda: None if os.name == "posix" else "signals are POSIX's",
)
