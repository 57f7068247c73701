"""Recipes: everything that should determine a model's initial weights."""

from __future__ import annotations

import enum
import functools
import json
import operator
import re
from dataclasses import dataclass, replace
from typing import Any

from seedreg.domain.canonical import canonical_json, sha256_text
from seedreg.domain.decoding import DecodingError, Fields, exactly, json_object, natural, text
from seedreg.domain.inputs import Inputs, decode_inputs, inputs_document
from seedreg.errors import UsageError

RECIPE_FORMAT = 1
MAX_SEED = 2**32 - 1
DEVICES = "cpu, gpu, gpu:0, gpu:1 …"

_DEVICE = re.compile(r"cpu|gpu(:\d{1,4})?", re.ASCII)
_SEEDS = re.compile(r"\s*(-?\d{1,12})(?:\s*-\s*(\d{1,12}))?\s*", re.ASCII)


class Seeding(enum.Enum):
    """How seeds are set: a seeding protocol, as people write it."""

    FULL = "full"
    TF = "tf"

    @classmethod
    def of(cls, text: str | Seeding) -> Seeding:
        """The protocol of this name.

        Raises:
            UsageError: if there is none.
        """
        try:
            return cls(text)
        except ValueError:
            raise UsageError(
                f"unknown seeding protocol {text!r}", hint=f"one of: {', '.join(one.value for one in cls)}"
            ) from None

    @property
    def identity(self) -> str:
        """The protocol with its number, as an entry's id is made of it."""
        return f"{self.value}/1"


@dataclass(frozen=True)
class Recipe:
    """Everything that should determine the initial weights.

    `factory` is `package.module:callable`, or `path/file.py:callable` relative to the project's
    root; `params_json` is the canonical JSON object of the keyword arguments.
    """

    project: str
    factory: str
    seed: int
    params_json: str = "{}"
    seeding: Seeding = Seeding.FULL
    inputs: Inputs = ()
    device: str = "cpu"
    framework: str = "tensorflow"

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", check_seed(self.seed))  # a NumPy integer has no JSON
        object.__setattr__(self, "seeding", Seeding.of(self.seeding))  # calls from Python may give its name
        if not is_device(self.device):
            raise UsageError(f"unknown device {self.device!r}", hint=f"one of: {DEVICES}")

    @property
    def params(self) -> dict[str, Any]:
        """The keyword arguments of the factory."""
        params: dict[str, Any] = json.loads(self.params_json)
        return params

    def document(self) -> dict[str, Any]:
        """The recipe as the JSON object whose canonical form is hashed to the entry's id."""
        return {
            "recipe": RECIPE_FORMAT,
            "framework": self.framework,
            "project": self.project,
            "factory": self.factory,
            "params": self.params,
            "seed": self.seed,
            "seeding": self.seeding.identity,
            "inputs": inputs_document(self.inputs),
            "device": self.device,
        }

    @classmethod
    def from_document(cls, document: Any) -> Recipe:
        """The recipe that `document()` describes.

        Raises:
            DecodingError: if the document is of another format number, or a value is missing or of another
                type.
            UsageError: if there is no such seed or device.
        """
        fields = Fields(document)
        fields("recipe", exactly(RECIPE_FORMAT))
        return cls(
            project=fields("project", text),
            factory=fields("factory", text),
            seed=fields("seed", natural),
            params_json=canonical_json(fields("params", json_object)),
            seeding=fields("seeding", _seeding),
            inputs=fields("inputs", decode_inputs),
            device=fields("device", text),
            framework=fields("framework", text),
        )

    @functools.cached_property
    def id(self) -> str:
        """64 hexadecimal digits: the SHA-256 of the canonical recipe."""
        return sha256_text(canonical_json(self.document()))

    @property
    def label(self) -> str:
        """`factory@seed`, as people write it."""
        return f"{self.factory}@{self.seed}"

    def with_seed(self, seed: int) -> Recipe:
        """The same recipe with another seed."""
        return replace(self, seed=seed)


def _seeding(value: Any) -> Seeding:
    for seeding in Seeding:
        if value == seeding.identity:
            return seeding
    raise DecodingError("it is no seeding protocol")


def is_device(text: str) -> bool:
    """Whether a recipe can name this device; `DEVICES` says which it can."""
    return _DEVICE.fullmatch(text) is not None


def check_seed(seed: object) -> int:
    """The seed as an `int`, if it is one; NumPy's integers are.

    Raises:
        UsageError: outside 0 … 2**32 - 1, the range of `numpy.random.seed`.
    """
    try:
        number = -1 if isinstance(seed, bool) else operator.index(seed)  # type: ignore[arg-type]
    except TypeError:
        number = -1
    if not 0 <= number <= MAX_SEED:
        raise UsageError(
            f"seed {seed!r} is not an integer from 0 to {MAX_SEED}",
            hint="the range is NumPy's: numpy.random.seed takes 0 … 2**32 - 1",
        )
    return number


def parse_seeds(text: str) -> range:
    """The seeds that `7` or the range `0-9` (both ends included) names.

    Raises:
        UsageError: if it is neither, or leaves 0 … 2**32 - 1.
    """
    match = _SEEDS.fullmatch(text)
    if match is None:
        raise UsageError(f"seed {text!r} is neither a number nor a range", hint="write 7, or 0-9")
    first = int(match[1])
    last = first if match[2] is None else int(match[2])
    for seed in (first, last):
        check_seed(seed)
    if last < first:
        raise UsageError(f"seed range {text!r} ends before it begins", hint="write the smaller seed first")
    return range(first, last + 1)
