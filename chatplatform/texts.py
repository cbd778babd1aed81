"""What counts as text on one line: names, titles and other short texts that people read."""

from __future__ import annotations

import unicodedata
from typing import Final

_UNSEEN: Final = frozenset("\u200c\u200d\u200e\u200f")
"""Joiners and marks of direction for one letter: Persian, Hindi and many emoji need them. Those
that turn the text after them around are not among these."""


def is_line(text: str) -> bool:
    """Tell whether ``text`` can stand on one line: no controls, no line ends, nothing that hides.

    Blanks of any width may be in it (Japanese names have ``U+3000``).
    """
    return all(
        one.isprintable() or one in _UNSEEN or unicodedata.category(one) == "Zs" for one in text
    )


def is_seen(text: str) -> bool:
    """Tell whether any of ``text`` shows."""
    return any(one not in _UNSEEN and not one.isspace() for one in text)
