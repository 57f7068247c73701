"""Plain English: habits of our own that readers stumble over stay out of texts, comments and docstrings."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from . import pages

# A habit, and what to write instead.
HABITS = {
    r"tell|tells|telling|told": "say, report, show, record, list, count",
    r"anew": "again, from scratch",
    r"held against": "compared with",
    r"go(?:es)? on with": "continues, resumes",
    r"takes? back": "revokes, removes",
    r"stands? in for": "is used instead of, replaces",
    r"looks? further": "shows details",
    r"(?:is|was|could|can|cannot) (?:not )?(?:to )?be had": "is available, could not be found",
    r"for so long|so many(?! that)": "this long, this many; or name the number",
    r"the house|rooms": "package, module",
    r"rests? in": "is stored in",
    r"nothing but|as little as": "only",
    r"(?:a|one) (?:file|line|row|module) a (?:file|line|format|command|kind)|one a line": "one … per …",
    r"what (?:is|was) (?:foreign|made)": "a noun: untrusted text, created environments",
    r"a defect of seedreg": "a bug in seedreg",
}
_SPACE = r"\s+"
_HABIT = re.compile("|".join(rf"(\b(?:{one})\b)" for one in HABITS).replace(" ", _SPACE), re.IGNORECASE)

# Where a phrase is right all the same: file → phrases.
ALLOWED: dict[str, tuple[str, ...]] = {}


def sources() -> list[Path]:
    """Every Python file of the repository, relative to its root."""
    folders = ("seedreg", "migrations", "tests", "benchmarks", "examples", ".ci")
    found = [path for folder in folders for path in (pages.ROOT / folder).glob("**/*.py")]
    return sorted(path.relative_to(pages.ROOT) for path in found if path != Path(__file__))


def words_of(source: Path) -> Iterator[tuple[int, str]]:
    """Strings and comments of a Python file with the number of their first line; names are no text."""
    kinds = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    for token in tokenize.generate_tokens(io.StringIO(pages.text(source)).readline):
        if token.type in kinds:
            yield token.start[0], token.string


def habits(text: str, first: int, allowed: tuple[str, ...]) -> Iterator[str]:
    for match in _HABIT.finditer(text):
        phrase = re.sub(_SPACE, " ", match[0])
        if phrase not in allowed:
            instead = list(HABITS.values())[next(i for i, found in enumerate(match.groups()) if found)]
            line = first + text.count("\n", 0, match.start())
            yield f"line {line}: {phrase!r}; write: {instead}"


def found_in(path: Path, allowed: tuple[str, ...]) -> list[str]:
    texts = words_of(path) if path.suffix == ".py" else [(1, pages.text(path))]
    return [f"{path}, {found}" for first, text in texts for found in habits(text, first, allowed)]


def test_comments_docstrings_and_messages_are_plain() -> None:
    assert [found for path in sources() for found in found_in(path, ALLOWED.get(str(path), ()))] == []


def test_pages_are_plain() -> None:
    assert [found for path in pages.pages() for found in found_in(path, ALLOWED.get(str(path), ()))] == []


def test_a_habit_is_found_with_its_line_and_what_to_write_instead(tmp_path: Path) -> None:
    source = tmp_path / "source.py"
    source.write_text('told = 1\n\ndef made(anew):\n    """What is\n    made anew."""  # one a line\n')
    assert found_in(source, ("one a line",)) == [
        f"{source}, line 4: 'What is made'; write: a noun: untrusted text, created environments",
        f"{source}, line 5: 'anew'; write: again, from scratch",
    ]


def test_nothing_is_allowed_that_no_longer_occurs() -> None:
    unused = [
        (path, phrase)
        for path, phrases in ALLOWED.items()
        for phrase in phrases
        if found_in(Path(path), ()) == found_in(Path(path), (phrase,))
    ]
    assert unused == []
