"""The one text form of a JSON value, from which every digest in the registry is taken."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

_SHA256 = re.compile(r"[0-9a-f]{64}")


def canonical_json(value: Any) -> str:
    """The value as ASCII JSON with sorted keys and no white space.

    Raises:
        ValueError: for NaN and infinities, which JSON does not have.
        TypeError: for anything JSON cannot hold.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def sha256_text(text: str) -> str:
    """Lower-case hexadecimal SHA-256 of the text's UTF-8 bytes."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def is_sha256(text: str) -> bool:
    """Whether the text is a SHA-256 in lower-case hexadecimal digits."""
    return _SHA256.fullmatch(text) is not None
