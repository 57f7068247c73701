from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from .shop import DAY_S, VERSION, Shop


def test_entries_describe_what_is_there(shop: Shop) -> None:
    path = shop.made("alpha==1.*")
    (entry,) = shop.cache().entries()
    assert (entry.path, entry.key) == (path, path.name.removeprefix("env-"))
    assert entry.python == VERSION
    assert entry.specification == f"alpha==1.*, Python {sys.executable}"
    assert entry.distributions == ("alpha==1.0", "beta==1.0")
    assert 10_000 < entry.size_bytes < 10_000_000
    assert time.time() - 60 < entry.made_at <= entry.used_at <= time.time()
    assert (
        (shop.folder / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
    )


def test_an_environment_in_which_somebody_builds_is_not_removed(shop: Shop) -> None:
    held = shop.open("alpha")
    key = Path(held.python).parents[1].name.removeprefix("env-")
    assert not shop.cache().remove(key)
    assert shop.cache().prune(0) == []
    assert held.is_intact()
    held.close()
    assert shop.cache().remove(key)
    assert not held.is_intact()
    assert shop.cache().entries() == []
    assert list(shop.folder.glob("tmp-*")) == []


def test_prune_deletes_what_was_not_used_for_long_and_what_was_left_over(shop: Shop) -> None:
    old, new = shop.made("alpha==1.*"), shop.made("alpha")
    os.utime(old / "seedreg.json", (time.time() - 40 * DAY_S,) * 2)
    left = shop.folder / f"tmp-{'0' * 16}-abc"
    left.mkdir()
    broken = shop.folder / "env-broken"
    (broken / "bin").mkdir(parents=True)
    assert [one.path for one in shop.cache().prune(30 * DAY_S)] == [old]
    assert sorted(path.name for path in shop.folder.glob("*-*")) == [new.name]


def test_an_entry_of_another_format_or_a_memo_of_nonsense_hurts_nobody(shop: Shop) -> None:
    path = shop.made("alpha")
    for text in ("", "[]", '{"key": 3}', '{"key": "../.."}', "\xff"):
        for memo in (shop.folder / "specs").iterdir():
            memo.write_text(text, encoding="latin-1")
        assert shop.made("alpha") == path
    about = path / "seedreg.json"
    about.write_text(json.dumps({"interpreter": json.loads(about.read_text())["interpreter"]}))
    assert shop.cache().entries() == []
