"""kill -9 at any moment of `db restore` and `db backup`: what is there afterwards is whole."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from storms import edits, faults
from storms.commands import Commands
from storms.storm import Finished, Shop, Storm, Tally

# What lies there when the command begins; `killed` is a registry with a -wal of a command that was killed.
_BEFORE = ("sound", "killed", "missing", "damaged", "foreign-wal", "wal-alone")

_DECISIVE = 40


class Case:
    """One registry with a backup beside it, which is restored or written by a command that is killed.

    Args:
        shop: a project with a registry; the backup lacks its last entry.
        folder: a new one for the case.
        before: one of `_BEFORE`.
    """

    def __init__(self, shop: Shop, folder: Path, before: str) -> None:
        self.path = folder / "registry.db"
        self.wal = folder / "registry.db-wal"
        self.backup = folder.parent / "backups" / "saved.db"
        self.before = before
        shutil.copytree(shop.registry.parent, folder)
        self.old = _labels(self.path)
        match before:
            case "killed" | "wal-alone":
                self._leave_wal(folder)
                self.old = [*self.old, "added"]
            case "damaged":
                content = self.path.read_bytes()
                self.path.write_bytes(content[:8192] + b"\xff" * 20480 + content[28672:])
            case "foreign-wal":
                self._leave_wal(folder)
                shutil.copy(self.backup, self.path)
        if before in ("missing", "wal-alone"):
            self.path.unlink()

    def _leave_wal(self, folder: Path) -> None:
        with closing(sqlite3.connect(self.path)) as reader, closing(sqlite3.connect(self.path)) as writer:
            reader.execute("SELECT count(*) FROM tags").fetchone()
            writer.execute("INSERT INTO tags SELECT id, 'added' FROM entries WHERE alias = 'coin'")
            writer.commit()
            kept = {one: one.read_bytes() for one in (self.path, self.wal)}
        for one, content in kept.items():
            one.write_bytes(content)

    @property
    def had_registry(self) -> bool:
        return self.before in ("sound", "killed")


def _labels(path: Path) -> list[str]:
    """The entries and tags of a registry: enough to distinguish the registries of a case."""
    with closing(sqlite3.connect(path)) as file:
        query = "SELECT factory || seed FROM entries UNION ALL SELECT name FROM tags"
        return sorted(name for (name,) in file.execute(query))


def prepare(folder: Path) -> Shop:
    """A project with every kind of row, and a backup from before its last entries and tag."""
    shop = edits.prepare(folder)
    (folder / "backups").mkdir()
    for words in (
        ("db", "backup", str(folder / "backups" / "saved.db")),
        ("register", "build", "--seed", "10-29"),
        ("tag", "coin", "--add", "newer"),
    ):
        done = shop(*words)
        assert done.code == 0, done
    return shop


def run(count: int, seed: int, folder: Path) -> Tally:
    """Kill restores and backups at random system calls, and look at what is there then."""
    shop, tally = prepare(folder), Tally()
    new = _labels(folder / "backups" / "saved.db")
    chance = random.Random(seed)
    with Commands(shop, folder, **faults.compiled(folder)) as command:
        calls = {one: _calls(command, Case(shop, folder / one, one)) for one in _BEFORE}
        for number in range(count):
            case = Case(shop, folder / f"case-{number}", chance.choice(_BEFORE))
            last = calls[case.before]  # most calls copy pages; what decides is at the end
            nth = chance.randint(1 if number % 2 else max(1, last - _DECISIVE), last)
            if number % 4 == 3 and case.had_registry:
                ended = _backup(tally, command, case, nth)
            else:
                ended = _restore(tally, command, case, nth, new)
            tally.counts[ended] += 1
            shutil.rmtree(case.path.parent)
    return tally


def _calls(command: Commands, case: Case) -> int:
    """How many calls a restore makes that change something in the folder of the case."""
    settings = {"below": str(case.path.parent), "nth": 0, "errno": 0, "sticky": 0}
    done = command("db", "restore", str(case.backup), "--db", str(case.path), **settings)
    assert done.code == 0, done
    calls: int = command.ask({"calls": True})["calls"]
    return calls


def _killed(command: Commands, case: Case, nth: int, *words: str) -> Finished:
    """The command, killed just before the n-th of its calls that change something in the folder."""
    settings = {"below": str(case.path.parent), "nth": nth, "errno": -1, "sticky": 0}
    return command(*words, "--db", str(case.path), **settings)


def _restore(tally: Tally, command: Commands, case: Case, nth: int, new: list[str]) -> str:
    done = _killed(command, case, nth, "db", "restore", str(case.backup))
    where = f"db restore over a {case.before} registry, killed at call {nth} ({done.code})"
    if case.had_registry or done.code == 0:
        checked = command("db", "check", "--db", str(case.path))
        if checked.code != 0:
            tally.broken.append(f"{where}: {checked.out}{checked.err}")
            return "broken"
        found = _labels(case.path)
        if found != new and (found != sorted(case.old) or done.code == 0):
            tally.broken.append(f"{where}: neither the old nor the new registry: {found}")
            return "broken"
    else:
        found = []
    again = command("db", "restore", str(case.backup), "--db", str(case.path))
    checked = command("db", "check", "--db", str(case.path))
    leftovers = [one.name for one in case.path.parent.iterdir() if one.name.startswith(".seedreg-")]
    if (again.code, checked.code, _labels(case.path), leftovers) != (0, 0, new, []):
        tally.broken.append(f"{where}, then restored: {again.err}{checked.out}{leftovers}")
        return "broken"
    if done.code == 0:
        return "ended before the kill"
    return "killed: the new registry" if found == new else "killed: the registry before"


def _backup(tally: Tally, command: Commands, case: Case, nth: int) -> str:
    target = case.path.parent / "backups" / "copy.db"
    target.parent.mkdir()
    done = _killed(command, case, nth, "db", "backup", str(target))
    where = f"db backup of a {case.before} registry, killed at call {nth} ({done.code})"
    if target.exists():
        checked = command("db", "check", "--db", str(target))
        if checked.code != 0 or _labels(target) != sorted(case.old):
            tally.broken.append(f"{where}: the backup is not whole: {checked.out}{checked.err}")
            return "broken"
    elif done.code == 0:
        tally.broken.append(f"{where}: there is no backup")
        return "broken"
    again = command("db", "backup", str(target.with_name("again.db")), "--db", str(case.path))
    source = command("db", "check", "--db", str(case.path))
    leftovers = [one.name for one in target.parent.iterdir() if one.name.startswith(".seedreg-")]
    if (again.code, source.code, leftovers) != (0, 0, []):
        tally.broken.append(f"{where}, then repeated: {again.err}{source.out}{leftovers}")
        return "broken"
    if done.code == 0:
        return "ended before the kill"
    return "killed: a whole backup" if target.exists() else "killed: no backup"


STORM = Storm(
    name="restores",
    title="Restores and backups, killed at any system call",
    promise="The registry is the one before or the restored one, and whole. A backup is whole or missing. "
    "The next command of the same kind succeeds and removes what was left.",
    in_ci=30,
    by_hand=1000,
    run=run,
    needs=faults.needs,
)
