"""When a greeting is shown: its rules, held against what a customer does (protocol.md 2.8).

Pure: a :class:`Situation` in, a verdict out. Rules joined by ``and`` form an alternative, ``or``
begins the next one; a greeting is due when one alternative holds as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal, cast
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from chatplatform.comparisons import (
    NUMBER_OPERATORS,
    TEXT_OPERATORS,
    number_matches,
    text_matches,
    url_matches,
)

MAX_SECONDS = 900
MAX_COUNT = 1_000_000
Operator = Literal[
    "equals",
    "doesnt_equal",
    "contains",
    "doesnt_contain",
    "lower_than",
    "lower_or_equal",
    "greater_than",
    "greater_or_equal",
]

TIMED = frozenset({"visit_time_site", "visit_time_page"})
"""Types of rules that compare seconds."""
COUNTED = frozenset({"pages_view_number", "visits_number", "url_match_page_view_number"})
"""Types that compare how often something happened."""
NUMBERED = TIMED | COUNTED
"""Types that compare a number; the others compare text."""
OF_URLS = frozenset({"url_funnel", "url_match_page_view_number"})
"""Types about a list of URLs."""
OF_FIELDS = frozenset({"custom_variable", "ads_traffic"})
"""Types about a field with a name."""
FIELD_OPERATOR = "equals"
"""How a rule of :data:`OF_FIELDS` compares that does not say how."""
AD_NETWORKS: dict[str, str] = {
    "microsoft": "msclkid",
    "facebook": "fbclid",
    "google": "gclid",
    "twitter": "twclid",
    "yahoo": "yclid",
}
"""Networks whose ads are told apart, and the parameter each adds to the page it leads to."""
_SEARCH_ENGINES = {
    "aol": "q",
    "ask": "q",
    "baidu": "wd",
    "bing": "q",
    "brave": "q",
    "duckduckgo": "q",
    "ecosia": "q",
    "google": "q",
    "qwant": "q",
    "startpage": "query",
    "yahoo": "p",
    "yandex": "text",
}

FieldText = Annotated[str, Field(max_length=255)]


class UrlMatch(BaseModel):
    """A URL of a funnel or a count, and how it is compared."""

    model_config = ConfigDict(extra="ignore", strict=True)

    url: Annotated[str, Field(min_length=1, max_length=2048)]
    operator: Operator

    @model_validator(mode="after")
    def _compares_text(self) -> UrlMatch:
        if self.operator not in TEXT_OPERATORS:
            raise ValueError("URLs are compared as text")
        return self


class Rule(BaseModel):
    """One condition; which of the fields it needs depends on its type (protocol.md 6.7)."""

    model_config = ConfigDict(extra="ignore", strict=True)

    condition: Literal["and", "or"]
    type: Literal[
        "visit_time_site",
        "visit_time_page",
        "url_current",
        "url_visited",
        "url_funnel",
        "pages_view_number",
        "url_referrer",
        "geolocation",
        "visits_number",
        "search_keyword",
        "custom_variable",
        "ads_traffic",
        "url_match_page_view_number",
    ]
    operator: Operator | None = None
    value: Annotated[str, Field(max_length=2048)] | None = None
    urls: Annotated[list[UrlMatch], Field(min_length=1, max_length=10)] | None = None
    session_field: dict[FieldText, FieldText] | None = None

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Rule:
        if self.type in OF_FIELDS:
            self._check_field()
        elif self.type != "url_funnel":
            self._check_value()
        if self.type in OF_URLS and self.urls is None:
            raise ValueError(f"urls are required for {self.type}")
        return self

    def _check_field(self) -> None:
        if self.session_field is None or len(self.session_field) != 1:
            raise ValueError(f"session_field with one pair is required for {self.type}")
        if self.type == "ads_traffic" and not self.session_field.keys() <= AD_NETWORKS.keys():
            raise ValueError(f"the key must be one of {', '.join(AD_NETWORKS)}")
        if self.operator is not None and self.operator not in TEXT_OPERATORS:
            raise ValueError("session fields are compared as text")

    def _check_value(self) -> None:
        if self.operator is None or self.value is None:
            raise ValueError(f"operator and value are required for {self.type}")
        if self.type not in NUMBERED:
            if self.operator not in TEXT_OPERATORS:
                raise ValueError(f"{self.type} is compared as text")
            return
        if self.operator not in NUMBER_OPERATORS:
            raise ValueError(f"{self.type} is compared as a number")
        most = MAX_SECONDS if self.type in TIMED else MAX_COUNT
        if not (self.value.isascii() and self.value.isdecimal() and int(self.value) <= most):
            raise ValueError(f"value must be an integer between 0 and {most}")


@dataclass(frozen=True, slots=True)
class Page:
    """A page a customer opened."""

    url: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Situation:
    """A customer's visit as rules see it.

    ``pages`` are the newest ones kept, oldest first; ``pages_count`` counts all of the visit.
    ``session_fields`` maps names to values. ``geolocation`` has ``country``, ``country_code``,
    ``region`` and ``city`` where they are known.
    """

    started_at: datetime
    pages: Sequence[Page]
    pages_count: int
    visits_count: int
    referrer: str
    geolocation: Mapping[str, str]
    session_fields: Mapping[str, str]

    @property
    def urls(self) -> list[str]:
        """The addresses of the pages, oldest first."""
        return [page.url for page in self.pages]


def is_due(rules: Iterable[Rule], situation: Situation, moment: datetime) -> bool:
    """Tell whether the rules hold at ``moment``; no rules hold never."""
    return any(
        all(_holds(rule, situation, moment) for rule in alternative)
        for alternative in _alternatives(rules)
    )


def next_moment(rules: Iterable[Rule], situation: Situation, after: datetime) -> datetime | None:
    """Return when time alone may next change the verdict, or None when it can not."""
    moments = [
        moment
        for rule in rules
        if rule.type in TIMED
        for moment in _turning_points(rule, situation)
        if moment > after
    ]
    return min(moments, default=None)


def _alternatives(rules: Iterable[Rule]) -> Iterator[list[Rule]]:
    current: list[Rule] = []
    for rule in rules:
        if rule.condition == "or" and current:
            yield current
            current = []
        current.append(rule)
    if current:
        yield current


def _turning_points(rule: Rule, situation: Situation) -> Iterator[datetime]:
    """Yield when the seconds reach the value, and when they exceed it."""
    start = _start(rule, situation)
    if start is not None:
        yield start + timedelta(seconds=int(rule.value or 0))
        yield start + timedelta(seconds=int(rule.value or 0) + 1)


def _start(rule: Rule, situation: Situation) -> datetime | None:
    if rule.type == "visit_time_site":
        return situation.started_at
    return situation.pages[-1].opened_at if situation.pages else None


def _holds(rule: Rule, situation: Situation, moment: datetime) -> bool:
    if rule.type in TIMED:
        return _seconds(rule, situation, moment)
    return _TESTS[rule.type](rule, situation)


def _seconds(rule: Rule, situation: Situation, moment: datetime) -> bool:
    start = _start(rule, situation)
    if start is None:
        return False
    return _number(rule, int((moment - start).total_seconds()))


def _number(rule: Rule, number: int) -> bool:
    return number_matches(number, cast(str, rule.operator), int(cast(str, rule.value)))


def _text(rule: Rule, texts: Iterable[str]) -> bool:
    return text_matches(texts, cast(str, rule.operator), cast(str, rule.value))


def _url(rule: Rule, urls: Iterable[str]) -> bool:
    return url_matches(urls, cast(str, rule.operator), cast(str, rule.value))


def _is_at(match: UrlMatch, url: str) -> bool:
    return url_matches([url], match.operator, match.url)


def _funnel(rule: Rule, situation: Situation) -> bool:
    """Tell whether the URLs were opened in this order, the last being open; others may lie between.

    Matching each step to the newest page possible finds a way through wherever there is one.
    """
    *before, last = rule.urls or []
    if not situation.pages or not _is_at(last, situation.urls[-1]):
        return False
    pages = iter(reversed(situation.urls[:-1]))
    return all(any(_is_at(match, url) for url in pages) for match in reversed(before))


def _counted_url(rule: Rule, situation: Situation) -> bool:
    views = (sum(_is_at(match, url) for url in situation.urls) for match in rule.urls or [])
    return any(_number(rule, count) for count in views)


def _custom_variable(rule: Rule, situation: Situation) -> bool:
    ((name, value),) = cast(dict[str, str], rule.session_field).items()
    there = situation.session_fields.get(name)
    return text_matches([] if there is None else [there], rule.operator or FIELD_OPERATOR, value)


def _ads_traffic(rule: Rule, situation: Situation) -> bool:
    """Tell whether an ad of the network led here; the value names its campaign, empty any."""
    ((network, campaign),) = cast(dict[str, str], rule.session_field).items()
    campaigns = [found for url in situation.urls if (found := _campaign(url, network)) is not None]
    if not campaigns:
        return False
    return not campaign or text_matches(campaigns, rule.operator or FIELD_OPERATOR, campaign)


def _campaign(url: str, network: str) -> str | None:
    """Return the campaign of the ad that led to ``url``; None when no ad of ``network`` did."""
    query = _query(url)
    sources = [source.casefold() for source in query.get("utm_source", [])]
    if AD_NETWORKS[network] not in query and network not in sources:
        return None
    return next(iter(query.get("utm_campaign", [])), "")


def _search_keyword(referrer: str) -> str:
    """Return what was searched for at the engine the customer came from; empty for nothing."""
    try:
        labels = (urlsplit(referrer).hostname or "").split(".")
    except ValueError:
        return ""
    for label in labels:
        if label in _SEARCH_ENGINES:
            return next(iter(_query(referrer).get(_SEARCH_ENGINES[label], [])), "")
    return ""


def _query(url: str) -> dict[str, list[str]]:
    try:
        return parse_qs(urlsplit(url).query, keep_blank_values=True)
    except ValueError:  # a URL only its page's author understands
        return {}


_TESTS: dict[str, Callable[[Rule, Situation], bool]] = {
    "url_current": lambda rule, seen: _url(rule, seen.urls[-1:]),
    "url_visited": lambda rule, seen: _url(rule, seen.urls[:-1]),
    "url_funnel": _funnel,
    "url_match_page_view_number": _counted_url,
    "url_referrer": lambda rule, seen: _url(rule, [seen.referrer]),
    "pages_view_number": lambda rule, seen: _number(rule, seen.pages_count),
    "visits_number": lambda rule, seen: _number(rule, seen.visits_count),
    "geolocation": lambda rule, seen: _text(rule, seen.geolocation.values()),
    "search_keyword": lambda rule, seen: _text(rule, [_search_keyword(seen.referrer)]),
    "custom_variable": _custom_variable,
    "ads_traffic": _ads_traffic,
}
