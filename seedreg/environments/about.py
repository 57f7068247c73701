"""`seedreg.json`, which lies in each complete environment and says what it is."""

from __future__ import annotations

import os
import stat
from dataclasses import asdict, dataclass
from pathlib import Path

from seedreg.domain.canonical import canonical_json
from seedreg.domain.decoding import Fields, exactly, list_of, number, parse, text

CACHE_FORMAT = 1
# Its time of change is that of the last use.
ABOUT = "seedreg.json"

_MAX_BYTES = 16_000_000


@dataclass(frozen=True)
class About:
    """What is known of an environment.

    `python` is its version and `interpreter` the real path of its program; `specification` is what was asked
    for, `pins` what that resolved to; `made_at` is in seconds since the epoch.
    """

    python: str
    interpreter: str
    specification: str
    pins: tuple[str, ...]
    made_at: float

    def write(self, folder: Path) -> None:
        """Write it into the environment of this folder."""
        (folder / ABOUT).write_text(canonical_json({"format": CACHE_FORMAT, **asdict(self)}), "utf-8")


def read_about(folder: Path) -> About | None:
    """What the environment in this folder says of itself.

    None unless it is complete, its Python is still the same, and the file is one that seedreg wrote.
    """
    try:
        fields = Fields(parse(read_bounded(folder / ABOUT, _MAX_BYTES)))
        fields("format", exactly(CACHE_FORMAT))
        about = About(
            fields("python", text),
            fields("interpreter", text),
            fields("specification", text),
            fields("pins", list_of(text)),
            fields("made_at", number),
        )
        python = folder / "bin" / "python"
        if not python.exists() or os.path.realpath(python) != about.interpreter:
            return None
    except (OSError, ValueError):
        return None
    return about


def read_bounded(path: Path, max_bytes: int) -> bytes:
    """The content of a regular file.

    Raises:
        OSError: if it cannot be read, or is a pipe or a device, on which reading may wait for ever.
        ValueError: if it is larger.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(f"{path} is not a regular file")
    with path.open("rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise ValueError(f"{path} has more than {max_bytes} bytes")
    return data
