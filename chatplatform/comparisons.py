"""How greetings, goals and access rules compare what they were told with what is there.

Text is compared whatever the case. A URL's fragment and a slash at its end count for nothing.
"""

from __future__ import annotations

import operator as operators
from collections.abc import Callable, Iterable

TEXT_OPERATORS = ("equals", "doesnt_equal", "contains", "doesnt_contain")
NUMBER_OPERATORS = (
    "equals",
    "doesnt_equal",
    "lower_than",
    "lower_or_equal",
    "greater_than",
    "greater_or_equal",
)
OPERATORS = (*TEXT_OPERATORS, *(one for one in NUMBER_OPERATORS if one not in TEXT_OPERATORS))

_NUMBERS: dict[str, Callable[[int, int], bool]] = {
    "equals": operators.eq,
    "doesnt_equal": operators.ne,
    "lower_than": operators.lt,
    "lower_or_equal": operators.le,
    "greater_than": operators.gt,
    "greater_or_equal": operators.ge,
}


def number_matches(number: int, operator: str, value: int) -> bool:
    """Tell whether ``number`` compares with ``value`` as one of ``NUMBER_OPERATORS`` says."""
    return _NUMBERS[operator](number, value)


def text_matches(texts: Iterable[str], operator: str, value: str) -> bool:
    """Tell whether any of ``texts`` equals or contains ``value``; or, negated, that none does.

    ``operator`` is one of ``TEXT_OPERATORS``.
    """
    wanted = value.casefold()
    folded = [text.casefold() for text in texts]
    if operator in ("equals", "doesnt_equal"):
        found = wanted in folded
    else:
        found = any(wanted in text for text in folded)
    return found is not operator.startswith("doesnt")


def url_matches(urls: Iterable[str], operator: str, value: str) -> bool:
    """Tell the same about URLs."""
    if operator in ("equals", "doesnt_equal"):
        return text_matches(map(bare_url, urls), operator, bare_url(value))
    return text_matches(urls, operator, value)


def bare_url(url: str) -> str:
    """Return ``url`` without what makes no difference to which page it names."""
    return url.partition("#")[0].rstrip("/")
