"""One call of the system, or all from one on, fails while a command writes."""

from __future__ import annotations

import errno
import random
from collections.abc import Iterator
from pathlib import Path

from storms import faults
from storms.commands import Commands
from storms.storm import Storm, Tally
from storms.uses import PROMISE, USES, Stored, Template, Use, broken_promises, unclear

ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS)


def _cases(rng: random.Random, calls: dict[str, int]) -> Iterator[tuple[Use, int, int, bool]]:
    """For each command its calls in turn, in another order each time, until enough were drawn."""
    waiting = {use.name: rng.sample(range(1, calls[use.name] + 1), calls[use.name]) for use in USES}
    number = 0
    while True:
        use = USES[number % len(USES)]
        left = waiting[use.name] or rng.sample(range(1, calls[use.name] + 1), calls[use.name])
        waiting[use.name] = left[1:]
        yield use, left[0], rng.choice(ERRORS), rng.random() < 0.5
        number += 1


def run(count: int, seed: int, folder: Path) -> Tally:
    """Let `count` commands meet an error in one of the calls that they make."""
    tally, rng = Tally(), random.Random(seed)
    template, case = Template.new(folder / "template"), folder / "case"
    (output := folder / "output").mkdir()
    with Commands(template.shop, output, **faults.compiled(folder)) as commands:
        calls = {}
        for use in USES:
            shop = template.copy(case, use)
            ended = commands(*use.arguments, shop=shop, below=str(case), nth=0, errno=0, sticky=False)
            assert ended.code == use.code, (use.name, ended)
            calls[use.name] = commands.ask({"calls": True})["calls"]
        tally.notes.append(f"calls that can fail: {calls}")
        cases = _cases(rng, calls)
        for number in range(count):
            use, nth, error, sticky = next(cases)
            shop = template.copy(case, use)
            before = Stored.of(shop.registry)
            ended = commands(*use.arguments, shop=shop, below=str(case), nth=nth, errno=error, sticky=sticky)
            tally.counts["did all it had to do" if ended.code == use.code else f"code {ended.code}"] += 1
            found = unclear(use, ended) + broken_promises(use, shop, before, ended, commands)
            how = f"{errno.errorcode[error]} at call {nth}{' and after' if sticky else ''}"
            tally.broken += [f"case {number}: {use.name}, {how}: {line}" for line in found]
    return tally


STORM = Storm(
    name="io-errors",
    title="System calls that fail in commands that write",
    promise=PROMISE,
    in_ci=30,
    by_hand=1000,
    run=run,
    needs=faults.needs,
)
