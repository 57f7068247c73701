"""Recipes and the entries that hold them; nothing here knows how a model is built."""

from __future__ import annotations

import functools
import json
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from seedreg.domain.canonical import canonical_json, sha256_text
from seedreg.domain.environment import Environment
from seedreg.domain.fingerprint import Fingerprint
from seedreg.domain.isolation import Isolation
from seedreg.domain.warning import BuildWarning
from seedreg.errors import Step, UsageError

RECIPE_FORMAT = 1
MAX_SEED = 2**32 - 1
SHORT_ID_LENGTH = 12
MIN_PREFIX_LENGTH = 4
SEEDINGS = ("full", "tf")
DEVICES = "cpu, gpu, gpu:0, gpu:1 …"

_DEVICE = re.compile(r"cpu|gpu(:\d+)?", re.ASCII)
_INPUT = re.compile(r"(\d{1,12}(?:[,x]\d{1,12})*)(?::([a-z]+\d*))?", re.ASCII)
_SEEDS = re.compile(r"\s*(-?\d{1,12})(?:\s*-\s*(\d{1,12}))?\s*", re.ASCII)
_NAME = re.compile(r"[^\s:@,]+")
_HEX = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True)
class InputSpec:
    """One input of a model: its shape without the batch dimension, and its dtype."""

    shape: tuple[int, ...]
    dtype: str = "float32"

    @classmethod
    def parse(cls, text: str) -> InputSpec:
        """Read `28,28,1` or `10:int32`; the batch of 1 is added by the build.

        Raises:
            UsageError: if it is neither.
        """
        match = _INPUT.fullmatch(text.replace(" ", ""))
        shape = () if match is None else tuple(map(int, re.split("[,x]", match[1])))
        if match is None or 0 in shape:
            raise UsageError(
                f"input shape {text!r} is not a list of sizes of at least 1",
                step=Step.SHAPE_WITHOUT_BATCH,
            )
        return cls(shape, match[2] or "float32")

    def __str__(self) -> str:
        dims = ",".join(map(str, self.shape))
        return dims if self.dtype == "float32" else f"{dims}:{self.dtype}"


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
    seeding: str = "full"
    inputs: tuple[InputSpec, ...] = ()
    device: str = "cpu"
    framework: str = "tensorflow"

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", check_seed(self.seed))  # a NumPy integer has no JSON
        if self.seeding not in SEEDINGS:
            raise UsageError(
                f"unknown seeding protocol {self.seeding!r}", hint=f"one of: {', '.join(SEEDINGS)}"
            )
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
            "seeding": f"{self.seeding}/1",
            "inputs": [{"shape": list(spec.shape), "dtype": spec.dtype} for spec in self.inputs],
            "device": self.device,
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Recipe:
        """The recipe that `document()` describes.

        Raises:
            ValueError: if the document is of another format number.
        """
        if document.get("recipe") != RECIPE_FORMAT:
            raise ValueError(f"recipe format {document.get('recipe')!r} is not {RECIPE_FORMAT}")
        return cls(
            project=document["project"],
            factory=document["factory"],
            seed=document["seed"],
            params_json=canonical_json(document["params"]),
            seeding=document["seeding"].removesuffix("/1"),
            inputs=tuple(InputSpec(tuple(i["shape"]), i["dtype"]) for i in document["inputs"]),
            device=document["device"],
            framework=document["framework"],
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


@dataclass(frozen=True)
class Source:
    """Where a factory's code was: all fields are None where nothing is known.

    `sha256` is of the factory's own source text; `file_sha256` of the file that holds it.
    `file` is relative to the project's root where it lies inside it.
    """

    file: str | None = None
    line: int | None = None
    sha256: str | None = None
    file_sha256: str | None = None
    text: str | None = None
    git_commit: str | None = None
    git_dirty: bool | None = None


@dataclass(frozen=True)
class BuildFacts:
    """What a build did beside its weights: a note for later diagnosis, never part of a comparison.

    `python_words` and `numpy_words` count the 32-bit words drawn from the global generators during
    the factory's call; None when they were re-seeded or drew too many to count.
    """

    isolation: Isolation
    build_s: float
    fingerprint_s: float
    python_words: int | None = None
    numpy_words: int | None = None
    random_state: tuple[str, ...] = ()
    warnings: tuple[BuildWarning, ...] = ()

    def document(self) -> dict[str, Any]:
        """The facts as the JSON object that the registry keeps."""
        return {
            "isolation": self.isolation.value,
            "build_s": self.build_s,
            "fingerprint_s": self.fingerprint_s,
            "python_words": self.python_words,
            "numpy_words": self.numpy_words,
            "random_state": list(self.random_state),
            "warnings": [warning.document() for warning in self.warnings],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> BuildFacts:
        """The facts that `document()` describes.

        Raises:
            ValueError: if it holds an isolation or a kind of warning that is not known.
        """
        return cls(
            Isolation(document["isolation"]),
            document["build_s"],
            document["fingerprint_s"],
            document.get("python_words"),
            document.get("numpy_words"),
            tuple(document.get("random_state", ())),
            tuple(BuildWarning.from_document(warning) for warning in document.get("warnings", ())),
        )


@dataclass(frozen=True)
class Baseline:
    """What an entry is compared with; numbered from 1 and never changed."""

    number: int
    fingerprint: Fingerprint
    environment: Environment
    source: Source
    facts: BuildFacts
    created_at: str
    reason: str | None = None


@dataclass(frozen=True)
class Entry:
    """A recipe in the registry. Times are UTC, ISO 8601 with a final `Z`."""

    recipe: Recipe
    created_at: str
    alias: str | None = None
    note: str | None = None
    tags: tuple[str, ...] = field(default=())
    retired_at: str | None = None
    retired_reason: str | None = None

    @property
    def id(self) -> str:
        """64 hexadecimal digits; see `Recipe.id`."""
        return self.recipe.id

    @property
    def short_id(self) -> str:
        """The first 12 digits of the id, as it is shown to people."""
        return self.id[:SHORT_ID_LENGTH]


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


def check_name(kind: str, name: str) -> str:
    """An alias or tag, if it can be told from an id and from the other selectors.

    Raises:
        UsageError: if it is empty, has white space or one of `: @ ,`, or reads as an id prefix.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{kind} {name!r} is empty or holds white space or one of : @ ,")
    if kind == "alias" and looks_like_id(name):
        raise UsageError(
            f"alias {name!r} could be mistaken for the beginning of an id",
            hint="use at least one character that is not one of 0-9 a-f",
        )
    return name


def looks_like_id(text: str) -> bool:
    """Whether the text could be the beginning of an entry's id."""
    return MIN_PREFIX_LENGTH <= len(text) <= 64 and _HEX.fullmatch(text) is not None
