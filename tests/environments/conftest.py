from __future__ import annotations

import os
from pathlib import Path

import pytest
from package_index import add_wheel

from .shop import Shop, uv_or_skip


@pytest.fixture
def shop(tmp_path: Path, uv_cache: Path) -> Shop:
    shop = Shop(tmp_path / "project", uv_cache, uv_or_skip(os.environ))
    shop.root.mkdir()
    add_wheel(shop.index, "alpha", "1.0", {"alpha.py": "VERSION = 1"}, ["beta<2"])
    add_wheel(shop.index, "alpha", "2.0", {"alpha.py": "VERSION = 2"}, ["beta"])
    add_wheel(shop.index, "beta", "1.0", {"beta.py": ""})
    add_wheel(shop.index, "beta", "2.0", {"beta.py": ""})
    return shop
