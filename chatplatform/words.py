"""Words of texts in any language, folded so that searches find them however they were typed.

Case, width and accents do not count. Scripts that are written without spaces are cut into pairs of
characters, so that any part of a sentence can be found. Both databases store and look for the
terms made here; neither parses text itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby, pairwise

MAX_TERM = 60
"""Characters of a word that count."""
MAX_QUERY_TERMS = 32
_BETWEEN, _SPACED, _UNSPACED = range(3)
_UNSPACED_BLOCKS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)

_LETTERS = str.maketrans(
    {"æ": "ae", "đ": "d", "ħ": "h", "ı": "i", "ł": "l", "ø": "o", "œ": "oe", "ŧ": "t"}
)
"""Letters people type as others where their keyboard has none, and that do not decompose."""


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of ``text[start:end]`` that is a word, or words written without spaces."""

    folded: str
    start: int
    end: int
    spaced: bool


@lru_cache(maxsize=65_536)
def _kind(character: str) -> int:
    if unicodedata.category(character)[0] not in "LNM":
        return _BETWEEN
    code = ord(character)
    if any(first <= code <= last for first, last in _UNSPACED_BLOCKS):
        return _UNSPACED
    return _SPACED


def fold(text: str) -> str:
    """Return ``text`` without case, width, accents and whatever is not part of a word."""
    decomposed = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    bare = "".join(
        character
        for character in decomposed
        if not "\u0300" <= character <= "\u036f" and _kind(character) != _BETWEEN
    )
    return unicodedata.normalize("NFC", bare)


def runs(text: str) -> Iterator[Run]:
    """Yield the words of ``text`` in order."""
    end = 0
    for kind, characters in groupby(text, _kind):
        start, end = end, end + sum(1 for _ in characters)
        if kind != _BETWEEN and (folded := fold(text[start:end])):
            yield Run(folded, start, end, kind == _SPACED)


def terms(text: str) -> Iterator[str]:
    """Yield what ``text`` is found by; some come more than once."""
    for run in runs(text):
        if run.spaced:
            yield run.folded[:MAX_TERM]
        else:
            yield from _pairs(run.folded)
            yield run.folded[-1]


def _pairs(folded: str) -> Iterator[str]:
    return (first + second for first, second in pairwise(folded))


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for: every one of ``whole``, and a term with each of ``beginnings``.

    Nothing in it is syntax: whatever is typed is words, or nothing.
    """

    whole: tuple[str, ...]
    beginnings: tuple[str, ...]
    _inside: Mapping[str, Mapping[int, frozenset[str]]] = field(compare=False)
    """What is looked for without spaces around it: by first character, then by length."""

    @classmethod
    def read(cls, text: str) -> Query:
        """Read what a user typed; its last word may be unfinished."""
        sought = tuple(runs(text))
        whole: list[str] = []
        beginnings: list[str] = []
        for run in sought:
            if not run.spaced and len(run.folded) > 1:
                whole += _pairs(run.folded)
            elif not run.spaced or run is sought[-1]:
                beginnings.append(run.folded[:MAX_TERM])
            else:
                whole.append(run.folded[:MAX_TERM])
        return cls(
            tuple(dict.fromkeys(whole))[:MAX_QUERY_TERMS],
            tuple(dict.fromkeys(beginnings))[:MAX_QUERY_TERMS],
            _by_beginning(text, (run for run in sought if not run.spaced)),
        )

    def __bool__(self) -> bool:
        """Tell whether there is a word to look for."""
        return bool(self.whole or self.beginnings)

    def highlight(self, text: str, before: str, after: str) -> str:
        """Return ``text`` with ``before`` and ``after`` around what the query finds in it."""
        parts: list[str] = []
        shown = 0
        for start, end in self._matches(text):
            parts += text[shown:start], before, text[start:end], after
            shown = end
        return "".join([*parts, text[shown:]])

    def _matches(self, text: str) -> Iterator[tuple[int, int]]:
        for run in runs(text):
            if run.spaced:
                if self._finds(run):
                    yield run.start, run.end
            else:
                yield from self._matches_inside(text, run)

    def _finds(self, run: Run) -> bool:
        term = run.folded[:MAX_TERM]
        return term in self.whole or term.startswith(self.beginnings or ("\0",))

    def _matches_inside(self, text: str, run: Run) -> Iterator[tuple[int, int]]:
        characters = [_folded(character) for character in text[run.start : run.end]]
        place = 0
        while place < len(characters):
            found = 0
            for length, wanted in self._inside.get(characters[place], {}).items():
                joined = "".join(characters[place : place + length])
                fits = place + length <= len(characters)
                if fits and unicodedata.normalize("NFC", joined) in wanted:
                    found = max(found, length)
            if found:
                yield run.start + place, run.start + place + found
            place += found or 1


@lru_cache(maxsize=65_536)
def _folded(character: str) -> str:
    return fold(character)


def _by_beginning(text: str, sought: Iterable[Run]) -> dict[str, dict[int, frozenset[str]]]:
    """Return runs of ``text`` by their first character, then by how many characters they have."""
    found: dict[str, dict[int, frozenset[str]]] = {}
    for run in sought:
        lengths = found.setdefault(_folded(text[run.start]), {})
        length = run.end - run.start
        lengths[length] = lengths.get(length, frozenset()) | {run.folded}
    return found
