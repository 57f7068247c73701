"""What commands do to a registry, and what must be true of it whatever ended them."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from seedreg.domain.audit import Waiver
from seedreg.domain.entry import Entry
from seedreg.domain.summary import EntryState
from seedreg.errors import SeedregError
from seedreg.leftovers import is_temporary
from seedreg.storage import SchemaState, SqliteFile, check, open_repository, status
from seedreg.storage.revisions import REVISIONS
from seedreg.storage.schema import create
from storms.commands import Commands
from storms.storm import Finished, Shop

_REGISTERED = re.compile(r"^registered  ([0-9a-f]{12})", re.MULTILINE)
_CHECKED = re.compile(r"^(?:REPRODUCED|DRIFTED|NONDETERMINISTIC|ERROR)  ([0-9a-f]{12})", re.MULTILINE)
PROMISE = (
    "The exit code is 0 only if everything is stored. The message is clear and never reports damage. "
    "`db check` finds no problem. The next command works."
)
"""What `unclear` and `broken_promises` look at."""

_FORBIDDEN = re.compile(r"Traceback|internal error|is damaged|malformed|db restore")


@dataclass(frozen=True)
class Stored:
    """What a registry holds, by the ids of entries."""

    entries: dict[str, Entry]
    baselines: dict[str, list[int]]
    checks: dict[str, list[int]]
    """The numbers of the baselines that checks were compared with."""
    waivers: dict[str, tuple[Waiver, ...]]

    @classmethod
    def of(cls, registry: Path) -> Stored:
        """Everything, in one moment."""
        with open_repository(SqliteFile(registry), write=False) as repository, repository.database.reading():
            ids = repository.entries.ids(state=EntryState.ANY)
            found = {one.id: one for one in repository.entries.by_ids(ids)}
            return cls(
                found,
                {one: [it.number for it in repository.baselines.of_entry(one)] for one in ids},
                {one: [it.baseline_number for it in repository.checks.of_entry(one)] for one in ids},
                {one: repository.waivers.of_entry(one) for one in ids},
            )

    def flips(self) -> str:
        """The id of the entry that has drifted."""
        return next(id_ for id_, entry in self.entries.items() if entry.recipe.factory.endswith(":flips"))

    def total(self) -> int:
        """The number of checks."""
        return sum(map(len, self.checks.values()))


@dataclass(frozen=True)
class Use:
    """A command, the code with which it ends, and whether what it reported is stored."""

    name: str
    arguments: tuple[str, ...]
    is_stored: Callable[[Shop, Stored, Stored, Finished], bool]
    code: int = 0
    following: tuple[str, ...] = ("tag", "build@0", "--add", "next")
    """A command that must work afterwards, and removes what was left."""


def _registers(shop: Shop, before: Stored, after: Stored, ended: Finished) -> bool:
    shown = set(_REGISTERED.findall(ended.out))
    return shown <= {id_[:12] for id_ in after.entries} and (ended.code != 0 or len(shown) > 0)


def _checks(shop: Shop, before: Stored, after: Stored, ended: Finished) -> bool:
    shown = set(_CHECKED.findall(ended.out + ended.err))
    return after.total() - before.total() >= len(shown) and (ended.code not in (0, 1) or len(shown) > 0)


def _accepts(shop: Shop, before: Stored, after: Stored, ended: Finished) -> bool:
    id_ = after.flips()
    wanted = 2 if ended.code == 0 or "accepted  " in ended.out else len(after.baselines[id_])
    return len(after.baselines[id_]) == wanted


def _waives(shop: Shop, before: Stored, after: Stored, ended: Finished) -> bool:
    found = after.waivers[after.flips()]
    return len(found) == 1 or not (ended.code == 0 or "waived until" in ended.out)


def _retires(shop: Shop, before: Stored, after: Stored, ended: Finished) -> bool:
    states = {one.retired_at is None for one in after.entries.values() if "build" in one.recipe.factory}
    return len(states) == 1 and (states == {False} or not (ended.code == 0 or ended.out))


def _backs_up(shop: Shop, before: Stored, after: Stored, ended: Finished) -> bool:
    copy = shop.root / "copies" / "a.db"
    if not copy.exists():
        return not (ended.code == 0 or "backup  " in ended.out)
    return Stored.of(copy) == before and check(SqliteFile(copy)) == []


def _upgrades(shop: Shop, before: Stored, after: Stored, ended: Finished) -> bool:
    state = status(SqliteFile(shop.registry)).state
    copies = list(shop.registry.parent.glob("*.bak"))
    if any(check(SqliteFile(copy)) or Stored.of(copy) != before for copy in copies):
        return False
    done = ended.code == 0 or "upgraded" in ended.out
    return after == before and ((state is SchemaState.CURRENT and bool(copies)) or not done)


def _rebuilds(shop: Shop, before: Stored, after: Stored, ended: Finished) -> bool:
    return after == before and ((shop.root / "copies" / "weights.npz").exists() or ended.code != 0)


def _keeps(shop: Shop, before: Stored, after: Stored, ended: Finished) -> bool:
    return _registers(shop, before, after, ended)


_AGAIN = ("rebuild", "flips", "-o", "copies/again.npz")
USES = (
    Use("register", ("register", "build", "--seed", "10-15"), _registers),
    Use("verify", ("verify", "build"), _checks),
    Use("accept", ("accept", "flips", "--reason", "new"), _accepts),
    Use("audit", ("audit",), _checks, 1),
    Use("waive", ("waive", "flips", "--reason", "known", "--until", "2999-01-01"), _waives),
    Use("retire", ("retire", "build"), _retires, following=("tag", "flips", "--add", "next")),
    Use("backup", ("db", "backup", "copies/a.db"), _backs_up, following=("db", "backup", "copies/b.db")),
    Use("upgrade", ("db", "upgrade"), _upgrades, following=("db", "upgrade")),
    Use("keep", ("register", "build", "-p", "units=9", "--keep-weights"), _keeps, following=_AGAIN),
    Use("rebuild", ("rebuild", "flips", "-o", "copies/weights.npz"), _rebuilds, 1, following=_AGAIN),
)


@dataclass(frozen=True)
class Template:
    """A shop with some history, from which each case gets a copy of its own."""

    shop: Shop
    older: Path
    """Its registry in the first schema, for upgrades."""

    @classmethod
    def new(cls, folder: Path) -> Template:
        """A shop in which `flips` has drifted, and another entry keeps its weights."""
        shop = Shop.new(folder)
        for arguments in (
            ("register", "build", "--seed", "0-2"),
            ("register", "build", "--seed", "7", "-p", "units=5", "--keep-weights"),
            ("register", "flips"),
        ):
            ended = shop(*arguments)
            assert ended.code == 0, ended
        (shop.root / "drift").touch()
        assert shop("verify", "flips").code == 1
        (shop.root / "copies").mkdir()
        return cls(shop, _in_older_schema(shop.registry, folder / "older.db"))

    def copy(self, folder: Path, use: Use) -> Shop:
        """A shop for one case, with a folder for temporary files."""
        shutil.rmtree(folder, ignore_errors=True)
        root = Path(shutil.copytree(self.shop.root, folder / "shop"))
        (folder / "tmp").mkdir()
        if use.name == "upgrade":
            shutil.copy(self.older, root / ".seedreg" / "registry.db")
        return replace(self.shop, root=root, environ={**self.shop.environ, "TMPDIR": str(folder / "tmp")})


def _in_older_schema(registry: Path, older: Path) -> Path:
    """The entries, baselines and checks that are of no audit, in a registry of the first schema."""
    assert create(SqliteFile(older), revision=REVISIONS[0])
    with closing(sqlite3.connect(older, isolation_level=None)) as file:
        file.execute("ATTACH ? AS source", (str(registry),))
        for table in ("entries", "fingerprints", "environments", "baselines", "checks", "tags"):
            columns = ", ".join(row[1] for row in file.execute(f"PRAGMA main.table_info({table})"))
            file.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM source.{table}")
    return older


def unclear(use: Use, ended: Finished) -> list[str]:
    """What a command has not said that could not do all it had to."""
    if ended.code == use.code:
        return []
    said = (ended.out + ended.err).strip()
    known = ended.code in (2, 3, 125) and said
    return [] if known else [f"ended with {ended.code} and said {said[-300:]!r}"]


def broken_promises(use: Use, shop: Shop, before: Stored, ended: Finished, commands: Commands) -> list[str]:
    """What is not as it should be after a command ended in whatever way."""
    found = []
    if words := _FORBIDDEN.findall(ended.err + ended.out):
        found.append(f"said {words[0]!r}: {ended.err.strip()[-300:]}")
    try:
        found += [f"db check: {one}" for one in check(SqliteFile(shop.registry))]
        after = Stored.of(shop.registry)
    except SeedregError as error:
        return [*found, f"cannot be read: {error.message}"]
    if not use.is_stored(shop, before, after, ended):
        checks = f"{before.total()} → {after.total()} checks"
        found.append(
            f"code {ended.code}: what was reported is not what is stored ({checks}): {ended.out} {ended.err}"
        )
    for id_, numbers in after.baselines.items():
        halves = set(numbers) - {1} - set(after.checks[id_]) - set(before.baselines.get(id_, ()))
        if halves:
            found.append(f"baseline {halves} without the check of its acceptance")
    following = commands(*use.following, shop=shop)
    if following.code not in (0, 1) or _FORBIDDEN.search(following.err):
        said = following.err.strip()[-300:]
        found.append(f"afterwards {use.following[0]} ended with {following.code}: {said}")

    return found + [f"left behind: {path.relative_to(shop.root.parent)}" for path in _left(shop, use)]


def _left(shop: Shop, use: Use) -> list[Path]:
    folders = [shop.registry.parent, shop.registry.parent / "objects"]
    if "copies" in " ".join(use.arguments):
        folders.append(shop.root / "copies")
    if use.following == _AGAIN:
        folders.append(shop.root.parent / "tmp")
    found = (path for folder in folders if folder.is_dir() for path in folder.iterdir())
    return [path for path in found if is_temporary(path.name)]
