"""Disks without room for content, or for files, while a command writes.

Each is a tmpfs in a mount name space of this storm's own, which an ordinary user may make on most systems.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from storms.commands import Commands
from storms.storm import Storm, Tally
from storms.uses import PROMISE, USES, Stored, Template, broken_promises, unclear

_OWN_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount")
_PLENTY = "size=64m,nr_inodes=10000"


def needs() -> str | None:
    """Why nothing can be mounted here; None if it can."""
    if sys.platform != "linux" or not shutil.which("unshare"):
        return "there is no unshare(1)"
    with tempfile.TemporaryDirectory() as folder:
        mount = [*_OWN_MOUNTS, "mount", "-t", "tmpfs", "tmpfs", folder]
        done = subprocess.run(mount, capture_output=True, check=False)
    return "nothing can be mounted" if done.returncode else None


def run(count: int, seed: int, folder: Path) -> Tally:
    """Run `count` commands, each on a disk that has a little room left, or room for a few files."""
    inside = [*_OWN_MOUNTS, sys.executable, "-m", "storms.full_disks", str(count), str(seed), str(folder)]
    done = subprocess.run(inside, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    tally = Tally(broken=found["broken"])
    tally.counts.update(found["counts"])
    return tally


def _mount(disk: Path, *options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", str(disk)], check=True)


def _leave_little(disk: Path, rng: random.Random) -> str:
    """Make the disk so small that little is left; what that is."""
    used = os.statvfs(disk)
    if rng.random() < 0.5:
        room = rng.choice((0, 4, 8, 16, 32, 48, 64, 96, 128, 192, 256))
        kib = (used.f_blocks - used.f_bfree) * used.f_frsize // 1024 + room
        _mount(disk, "-o", f"remount,size={kib}k")
        return f"{room} KiB left"
    files = rng.randrange(8)
    _mount(disk, "-o", f"remount,nr_inodes={used.f_files - used.f_ffree + files}")
    return f"room for {files} files"


def _inside(count: int, seed: int, folder: Path) -> Tally:
    tally, rng = Tally(), random.Random(seed)
    template, disk = Template.new(folder / "template"), folder / "disk"
    for name in ("disk", "output", "tmp"):
        (folder / name).mkdir()
    with Commands(template.shop, folder / "output") as commands:
        for number in range(count):
            use = USES[number % len(USES)]
            _mount(disk, "-o", _PLENTY)
            shop = template.copy(disk / "case", use)
            if rng.random() < 0.5:
                shop = replace(shop, environ={**shop.environ, "TMPDIR": str(folder / "tmp")})
            before = Stored.of(shop.registry)
            left = _leave_little(disk, rng)
            ended = commands(*use.arguments, shop=shop)
            _mount(disk, "-o", f"remount,{_PLENTY}")
            tally.counts["had enough room" if ended.code == use.code else f"code {ended.code}"] += 1
            found = unclear(use, ended) + broken_promises(use, shop, before, ended, commands)
            tally.broken += [f"case {number}: {use.name}, {left}: {line}" for line in found]
            subprocess.run(["umount", "--lazy", str(disk)], check=True)
    return tally


STORM = Storm(
    name="full-disks",
    title="Disks with little room, or with room for few files",
    promise=PROMISE,
    in_ci=30,
    by_hand=500,
    run=run,
    needs=needs,
)

if __name__ == "__main__":
    result = _inside(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
    sys.stdout.write(json.dumps({"counts": result.counts, "broken": result.broken}))
