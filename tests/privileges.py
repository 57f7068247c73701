"""Permissions of files that count, also where the tests run as root."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator

import pytest

# Linux, capabilities(7) and capset(2): root is above permissions by these, and only by these.
_ABOVE_PERMISSIONS = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
_VERSION_3 = 0x20080522


@contextlib.contextmanager
def permissions_count() -> Iterator[None]:
    """Within it this thread may do what the permissions of files allow, and nothing more.

    It stays the same user, unlike after `seteuid(nobody)`: a Python in /root and a private TMPDIR stay within
    its reach.
    """
    if os.geteuid() != 0:
        yield
        return
    if sys.platform != "linux":
        pytest.skip(
            "this user is above permissions, and only Linux can take that away: run it as another user"
        )
    before = _capabilities()
    effective = before[0]
    _set_capabilities([effective & ~_ABOVE_PERMISSIONS, *before[1:]])
    try:
        yield
    finally:
        _set_capabilities(before)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _header() -> ctypes.Array[ctypes.c_uint32]:
    return (ctypes.c_uint32 * 2)(_VERSION_3, 0)  # of this thread


def _capabilities() -> list[int]:
    """Effective, permitted, inheritable; and the same for the capabilities from 32 on."""
    data = (ctypes.c_uint32 * 6)()
    if _libc().capget(_header(), data):
        raise OSError(ctypes.get_errno(), "capget")
    return list(data)


def _set_capabilities(values: list[int]) -> None:
    if _libc().capset(_header(), (ctypes.c_uint32 * 6)(*values)):
        raise OSError(ctypes.get_errno(), "capset")
