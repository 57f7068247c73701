"""Files that are no more open than the registry that they come from."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

_GROUP, _OTHERS = stat.S_IRWXG, stat.S_IRWXO


def take_permissions(path: Path, model: Path) -> None:
    """Give a file or folder the group and mode of a file; nothing changes where there is no such file.

    Its owner may always read and write it. Who may read the model may enter the folder. Where the group
    cannot be set, the group that the file has may do what everybody may.

    Raises:
        OSError: if the mode cannot be set.
    """
    if os.name == "nt":
        return
    try:
        wanted = model.stat()
    except OSError:
        return
    with suppress(OSError):
        os.chown(path, -1, wanted.st_gid)
    found = path.stat()
    mode = stat.S_IMODE(wanted.st_mode) & 0o666 | stat.S_IRUSR | stat.S_IWUSR
    if found.st_gid != wanted.st_gid:
        mode = mode & ~_GROUP | mode & (mode & _OTHERS) << 3
    if stat.S_ISDIR(found.st_mode):
        mode = mode | (mode & 0o444) >> 2 | found.st_mode & stat.S_ISGID
    if stat.S_IMODE(found.st_mode) != mode:
        path.chmod(mode)
