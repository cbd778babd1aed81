"""Plain text out of what may hold HTML, for texts that others will show (protocol.md 6.7)."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

_UNSEEN: Final = frozenset({"script", "style"})
_ROUNDS: Final = 8
"""How often tags are taken out that only came about by taking out others."""
_BEGINNING: Final = re.compile(r"(?<!<)<+(?=[A-Za-z/!?])")
"""Only where a row of them begins: looking again from each within would take the row's square."""


class _Words(HTMLParser):
    """Gathers what is read between tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Take ``<![`` for the beginning of a comment that the next ``>`` ends, as browsers do.

        The parser we come from gives up where such a section has no name it knows.
        """
        return self.rawdata.find(">", i) + 1 or -1

    def handle_data(self, data: str) -> None:
        if self.cdata_elem not in _UNSEEN:
            self.words.append(data)


def without_markup(text: str) -> str:
    """Return ``text`` without tags, comments and scripts, and without blanks around it.

    What is left begins no tag. All else stays to the letter: a lone ``<``, and what looks like a
    character reference.

    >>> without_markup("Tom & <b>Jerry</b> <3 <script>alert(1)</script>")
    'Tom & Jerry <3'
    """
    for _ in range(_ROUNDS):
        before, text = text, _once(text)
        if text == before:
            break
    return _BEGINNING.sub("", text).strip()


def _once(text: str) -> str:
    """Take out what is markup as it stands, which the last ``>`` ends.

    The parser is not given what follows: it would look for the end of each tag in all of it.
    """
    end = text.rfind(">") + 1
    parser = _Words()
    parser.feed(text[:end].replace("&", "&amp;"))
    rest = "" if parser.cdata_elem in _UNSEEN else text[end:]
    parser.close()
    return "".join((*parser.words, rest))
