"""Lists of entries: which ones, and what is shown of each."""

from __future__ import annotations

import enum
from typing import NamedTuple

from seedreg.domain.decoding import parse
from seedreg.domain.entry import SHORT_ID_LENGTH
from seedreg.domain.recipe import RECIPE_FORMAT, Recipe
from seedreg.domain.verdict import Verdict
from seedreg.errors import DamageError, Step, UsageError


class EntryState(enum.Enum):
    """Which entries are listed: those in use, retired ones, or both."""

    ACTIVE = "active"
    RETIRED = "retired"
    ANY = "any"


class EntrySummary(NamedTuple):
    """An entry in columns, the head of its current baseline, and its latest check.

    Seeding, params and inputs are as in the recipe's document, the latter two as canonical JSON. It is a
    named tuple without a `Recipe` because 10,000 of them are made in 12 ms; frozen dataclasses with recipes
    take 60 ms.
    """

    id: str
    project: str
    factory: str
    seed: int
    framework: str
    params_json: str
    seeding: str
    inputs_json: str
    device: str
    created_at: str
    alias: str | None
    note: str | None
    retired_at: str | None
    retired_reason: str | None
    tags: tuple[str, ...]
    baseline_number: int
    fingerprint: str
    python: str
    tensorflow: str | None
    keras: str | None
    numpy: str | None
    last_verdict: Verdict | None
    last_check_at: str | None

    @property
    def short_id(self) -> str:
        """The first 12 digits of the id, as people see it."""
        return self.id[:SHORT_ID_LENGTH]

    @property
    def label(self) -> str:
        """`factory@seed`, as people write it."""
        return f"{self.factory}@{self.seed}"

    @property
    def recipe(self) -> Recipe:
        """The recipe that the columns give.

        Raises:
            DamageError: if they give none.
        """
        try:
            return Recipe.from_document(
                {
                    "recipe": RECIPE_FORMAT,
                    "framework": self.framework,
                    "project": self.project,
                    "factory": self.factory,
                    "params": parse(self.params_json),
                    "seed": self.seed,
                    "seeding": self.seeding,
                    "inputs": parse(self.inputs_json),
                    "device": self.device,
                }
            )
        except (ValueError, TypeError, UsageError) as error:
            raise DamageError(
                f"the registry is damaged: the recipe of entry {self.short_id} cannot be read ({error})",
                step=Step.CHECK_REGISTRY,
            ) from error
