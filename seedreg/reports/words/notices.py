"""What takes long, in words."""

from __future__ import annotations

from seedreg.environments.notices import Creating, Notice, Waiting


def notice_text(notice: Notice) -> str:
    """The notice on one line."""
    match notice:
        case Creating(label, packages, python):
            return f"creating environment {label} ({packages} packages, Python {python}) …"
        case Waiting(label):
            return f"waiting for another command, which creates environment {label} …"
