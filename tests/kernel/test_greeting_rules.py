"""When a greeting is due: every type of rule, with every operator it has (protocol.md 6.7)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chatplatform.comparisons import NUMBER_OPERATORS, OPERATORS, TEXT_OPERATORS
from chatplatform.greeting_rules import Operator, Page, Rule, Situation, is_due, next_moment

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SHOP = "https://shop.example/"
CART = "https://shop.example/cart"
SALE = "https://shop.example/sale?utm_source=google&utm_campaign=Spring"


def situation(*urls: str, **more: Any) -> Situation:
    """Return a visit that began at noon and opened a page every ten seconds."""
    pages = [Page(url, START + timedelta(seconds=10 * place)) for place, url in enumerate(urls)]
    return Situation(
        **{
            "started_at": START,
            "pages": pages,
            "pages_count": len(pages),
            "visits_count": 1,
            "referrer": "",
            "geolocation": {},
            "session_fields": {},
            **more,
        }
    )


def rule(kind: str, **more: Any) -> Rule:
    return Rule.model_validate({"condition": "and", "type": kind, **more})


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def holds(one: Rule, seen: Situation, seconds: float = 60) -> bool:
    return is_due([one], seen, at(seconds))


# --- numbers ----------------------------------------------------------------------------------

COMPARED = {
    # operator: verdicts for one less than the value, the value, one more
    "equals": (False, True, False),
    "doesnt_equal": (True, False, True),
    "lower_than": (True, False, False),
    "lower_or_equal": (True, True, False),
    "greater_than": (False, False, True),
    "greater_or_equal": (False, True, True),
}
NUMBERS: dict[str, Callable[[int], tuple[Situation, float]]] = {
    "visit_time_site": lambda number: (situation(SHOP), number),
    "visit_time_page": lambda number: (situation(SHOP, CART), number + 10),
    "pages_view_number": lambda number: (situation(SHOP, pages_count=number), 60),
    "visits_number": lambda number: (situation(SHOP, visits_count=number), 60),
    "url_match_page_view_number": lambda number: (situation(*[CART, SHOP] * number), 60),
}
"""A visit, and how long it lasts, in which each type's number is the given one."""
URLS = [{"url": "/cart", "operator": "contains"}]


@pytest.mark.parametrize("operator", NUMBER_OPERATORS)
@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_are_compared(kind: str, operator: str) -> None:
    more = {"urls": URLS} if kind == "url_match_page_view_number" else {}
    counted = rule(kind, operator=operator, value="5", **more)

    verdicts = tuple(holds(counted, *NUMBERS[kind](number)) for number in (4, 5, 6))

    assert verdicts == COMPARED[operator]


# --- texts ------------------------------------------------------------------------------------

FOUND = {
    # operator: verdicts for the same text, a longer one, another one
    "equals": (True, False, False),
    "doesnt_equal": (False, True, True),
    "contains": (True, True, False),
    "doesnt_contain": (False, False, True),
}
TEXTS: dict[str, Callable[[str], Situation]] = {
    "url_current": lambda text: situation(SHOP, text),
    "url_visited": lambda text: situation(text, SHOP),
    "url_referrer": lambda text: situation(SHOP, referrer=text),
    "geolocation": lambda text: situation(SHOP, geolocation={"country": "Utopia", "city": text}),
    "search_keyword": lambda text: situation(
        SHOP, referrer=f"https://www.google.com/search?q={text}"
    ),
}
"""A visit in which each type's text is the given one."""


@pytest.mark.parametrize("operator", TEXT_OPERATORS)
@pytest.mark.parametrize("kind", TEXTS)
def test_texts_are_compared_whatever_their_case(kind: str, operator: str) -> None:
    found = rule(kind, operator=operator, value="Berlin")

    verdicts = tuple(holds(found, TEXTS[kind](text)) for text in ("berlin", "East BERLIN", "Paris"))

    assert verdicts == FOUND[operator]


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://shop.example", True),
        ("https://shop.example/#top", True),
        ("https://shop.example/x", False),
        ("https://shop.example/?x", False),
    ],
)
def test_a_slash_at_the_end_and_a_fragment_make_no_other_url(url: str, same: bool) -> None:
    assert holds(rule("url_current", operator="equals", value=SHOP), situation(url)) is same


@pytest.mark.parametrize(
    ("referrer", "keyword"),
    [
        ("https://www.bing.com/search?q=chat", "chat"),
        ("https://search.yahoo.com/search?p=chat", "chat"),
        ("https://www.baidu.com/s?wd=chat", "chat"),
        ("https://yandex.ru/search/?text=chat", "chat"),
        ("https://shop.example/?q=chat", ""),
        ("https://google.com/", ""),
        ("http://[broken", ""),
        ("", ""),
    ],
)
def test_a_keyword_is_what_a_search_engine_was_asked(referrer: str, keyword: str) -> None:
    asked = rule("search_keyword", operator="equals", value=keyword)

    assert holds(asked, situation(SHOP, referrer=referrer))


# --- several urls -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("urls", "due"),
    [
        ((SHOP, "https://shop.example/list", CART), True),
        ((SHOP, CART), True),
        ((SHOP, "https://shop.example/x", "https://shop.example/list", CART), True),
        (("https://shop.example/list", SHOP, CART), True),
        ((SHOP, CART, "https://shop.example/list"), False),
        ((CART,), False),
        ((CART, SHOP), False),
        ((), False),
    ],
)
def test_a_funnel_leads_in_order_to_the_open_page(urls: tuple[str, ...], due: bool) -> None:
    funnel = rule(
        "url_funnel",
        urls=[{"url": SHOP, "operator": "equals"}, {"url": "/cart", "operator": "contains"}],
    )

    assert holds(funnel, situation(*urls)) is due


def test_any_of_several_urls_may_be_viewed_often_enough() -> None:
    often = rule(
        "url_match_page_view_number",
        operator="equals",
        value="2",
        urls=[{"url": "/nowhere", "operator": "contains"}, *URLS],
    )

    assert holds(often, situation(CART, SHOP, CART))


# --- session fields and ads -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "due"),
    [({"plan": "gold"}, True), ({"plan": "GOLD"}, True), ({"plan": "silver"}, False), ({}, False)],
)
def test_a_custom_variable_is_a_session_field(fields: dict[str, str], due: bool) -> None:
    gold = rule("custom_variable", session_field={"plan": "gold"})

    assert holds(gold, situation(SHOP, session_fields=fields)) is due


@pytest.mark.parametrize("operator", TEXT_OPERATORS)
def test_custom_variables_can_be_compared_otherwise(operator: str) -> None:
    compared = rule("custom_variable", operator=operator, session_field={"plan": "gold"})

    verdicts = tuple(
        holds(compared, situation(SHOP, session_fields={"plan": plan}))
        for plan in ("gold", "golden", "silver")
    )

    assert verdicts == FOUND[operator]


@pytest.mark.parametrize(
    ("network", "campaign", "url", "due"),
    [
        ("google", "spring", SALE, True),
        ("google", "", SALE, True),
        ("google", "autumn", SALE, False),
        ("facebook", "", SALE, False),
        ("google", "", "https://shop.example/?gclid=1", True),
        ("google", "spring", "https://shop.example/?gclid=1", False),
        ("microsoft", "", "https://shop.example/?msclkid=1", True),
        ("facebook", "", "https://shop.example/?fbclid=1", True),
        ("twitter", "", "https://shop.example/?twclid=1", True),
        ("yahoo", "", "https://shop.example/?yclid=1", True),
        ("yahoo", "", "http://[broken", False),
    ],
)
def test_an_ad_is_known_by_what_its_network_adds_to_the_url(
    network: str, campaign: str, url: str, due: bool
) -> None:
    paid = rule("ads_traffic", session_field={network: campaign})

    assert holds(paid, situation(url, CART)) is due


# --- together ---------------------------------------------------------------------------------

TRUE = {"type": "url_current", "operator": "contains", "value": "shop"}
FALSE = {"type": "url_current", "operator": "contains", "value": "nowhere"}


@pytest.mark.parametrize(
    ("rules", "due"),
    [
        ([("and", TRUE), ("and", TRUE)], True),
        ([("and", TRUE), ("and", FALSE)], False),
        ([("or", FALSE), ("or", TRUE)], True),
        ([("or", FALSE), ("or", FALSE)], False),
        ([("and", FALSE), ("or", TRUE)], True),
        ([("and", TRUE), ("or", FALSE), ("and", FALSE)], True),
        ([("and", FALSE), ("or", TRUE), ("and", FALSE)], False),
        ([], False),
    ],
)
def test_or_begins_another_alternative(rules: list[tuple[str, Any]], due: bool) -> None:
    joined = [Rule.model_validate({"condition": how, **one}) for how, one in rules]

    assert is_due(joined, situation(SHOP), at(0)) is due


# --- time -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "begun"), [("visit_time_site", 0), ("visit_time_page", 10)])
def test_time_next_matters_when_the_value_is_reached_and_when_it_is_exceeded(
    kind: str, begun: int
) -> None:
    timed = rule(kind, operator="equals", value="30")
    seen = situation(SHOP, CART)

    assert next_moment([timed], seen, at(begun)) == at(begun + 30)
    assert next_moment([timed], seen, at(begun + 30)) == at(begun + 31)
    assert next_moment([timed], seen, at(begun + 31)) is None


def test_time_does_not_matter_to_other_rules_or_without_a_page() -> None:
    others = rule("pages_view_number", operator="equals", value="5")
    page = rule("visit_time_page", operator="greater_than", value="5")

    assert next_moment([others], situation(SHOP), at(0)) is None
    assert next_moment([page], situation(), at(0)) is None
    assert not is_due([page], situation(), at(60))


@given(
    st.sampled_from(NUMBER_OPERATORS),
    st.integers(0, 900),
    st.integers(0, 1_000),
    st.sampled_from(["visit_time_site", "visit_time_page"]),
)
def test_between_the_moments_that_matter_no_verdict_changes(
    operator: str, value: int, second: int, kind: str
) -> None:
    timed = [rule(kind, operator=operator, value=str(value))]
    seen = situation(SHOP)
    following = next_moment(timed, seen, at(second))

    last = (following - START).total_seconds() - 0.001 if following else second + 2_000

    assert is_due(timed, seen, at(last)) is is_due(timed, seen, at(second))


# --- what a rule may be -----------------------------------------------------------------------

IMPOSSIBLE = [
    {"type": "visit_time_site", "operator": "greater_than", "value": "901"},
    {"type": "visit_time_page", "operator": "greater_than", "value": "-1"},
    {"type": "visit_time_page", "operator": "greater_than", "value": "1.5"},
    {"type": "visit_time_page", "operator": "greater_than", "value": "²"},
    {"type": "visit_time_page", "operator": "contains", "value": "1"},
    {"type": "visit_time_page", "value": "1"},
    {"type": "pages_view_number", "operator": "equals", "value": "many"},
    {"type": "url_current", "operator": "greater_than", "value": "x"},
    {"type": "url_current", "operator": "contains"},
    {"type": "url_current", "operator": "is", "value": "x"},
    {"type": "url_current", "operator": "contains", "value": "x" * 2049},
    {"type": "url_funnel"},
    {"type": "url_funnel", "urls": []},
    {"type": "url_funnel", "urls": [{"url": "x", "operator": "contains"}] * 11},
    {"type": "url_funnel", "urls": [{"url": "x", "operator": "lower_than"}]},
    {"type": "url_funnel", "urls": [{"url": "x"}]},
    {"type": "url_match_page_view_number", "operator": "equals", "value": "1"},
    {"type": "url_match_page_view_number", "urls": URLS},
    {"type": "custom_variable"},
    {"type": "custom_variable", "session_field": {}},
    {"type": "custom_variable", "session_field": {"a": "1", "b": "2"}},
    {"type": "custom_variable", "session_field": {"a": "x" * 256}},
    {"type": "custom_variable", "session_field": {"a": "1"}, "operator": "lower_than"},
    {"type": "ads_traffic", "session_field": {"myspace": "x"}},
    {"type": "moon_phase", "operator": "equals", "value": "full"},
]


@pytest.mark.parametrize("impossible", IMPOSSIBLE, ids=str)
def test_impossible_rules_are_refused(impossible: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Rule.model_validate({"condition": "and", **impossible})


@pytest.mark.parametrize("condition", [None, "xor"])
def test_a_rule_says_how_it_is_joined(condition: Any) -> None:
    with pytest.raises(ValidationError):
        Rule.model_validate({**TRUE, "condition": condition})


def test_every_operator_is_tested_for_what_it_compares() -> None:
    assert set(get_args(Operator)) == set(OPERATORS) == COMPARED.keys() | FOUND.keys()
