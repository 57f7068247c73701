"""Values as JSON text and back; recipes, fingerprints and environments know their own form."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache

from seedreg.domain.canonical import canonical_json
from seedreg.domain.decoding import parse
from seedreg.domain.entry import BuildFacts, Source
from seedreg.domain.environment import Environment
from seedreg.domain.failure import BuildFailure
from seedreg.domain.fingerprint import Fingerprint


def text_of(value: Source | BuildFacts | BuildFailure) -> str:
    """The value as a canonical JSON object."""
    return canonical_json(asdict(value) if isinstance(value, Source) else value.document())


def source(text: str) -> Source:
    """The source that `text_of` wrote."""
    return Source.from_document(parse(text))


def facts(text: str) -> BuildFacts:
    """The facts that `text_of` wrote."""
    return BuildFacts.from_document(parse(text))


def failure(text: str) -> BuildFailure:
    """The failure that `text_of` wrote."""
    return BuildFailure.from_document(parse(text))


def fingerprint(text: str) -> Fingerprint:
    """The fingerprint whose document this is."""
    return Fingerprint.from_document(parse(text))


# A registry has few environments and each is as long as its list of packages, so a few of them are kept.
@lru_cache(maxsize=8)
def environment(text: str) -> Environment:
    """The environment whose document this is."""
    return Environment.from_document(parse(text))
