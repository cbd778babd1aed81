"""Pages of lists, and the ids that lead to their neighbours."""

from dataclasses import replace
from typing import Annotated, Any
from uuid import uuid4

import pytest
import time_machine
from pydantic import Field

from chatplatform.api import pagination
from chatplatform.api.action import Request
from chatplatform.api.pagination import PageRequest
from chatplatform.errors import Validation
from chatplatform.requester import CustomerRequester

NUMBERS = list(range(1, 26))


class Filters(Request):
    """Filters of the list."""

    even: bool = False
    from_: Annotated[str | None, Field(alias="from")] = None
    groups: list[int] = Field(default_factory=list)


class ListRequest(Request):
    """A list as clients ask for it."""

    filters: Filters | None = None
    sort_order: str | None = None
    limit: int | None = None
    page_id: str | None = None
    min_events_count: int | None = None


def requester() -> CustomerRequester:
    return CustomerRequester(uuid4(), 100, uuid4(), "client", "checksum", None)


def read(who: CustomerRequester, **asked: Any) -> PageRequest:
    request = ListRequest.model_validate(asked)
    subject = "PJ0MRSHTDG"
    return pagination.read(
        who, "list_numbers", request, default_limit=10, max_limit=20, subject=subject
    )


def rows_of(page: PageRequest) -> list[int]:
    """Read ``limit + 1`` numbers beyond the position, as a selector would."""
    numbers = [n for n in NUMBERS if not (page.filters and page.filters.even and n % 2)]
    ordered = sorted(numbers, reverse=not page.ascending)
    if page.position is not None:
        (at,) = page.position
        ordered = [n for n in ordered if (n > at if page.ascending else n < at)]
    return ordered[: page.limit + 1]


def answer(who: CustomerRequester, **asked: Any) -> tuple[list[int], dict[str, str]]:
    page = read(who, **asked)
    return pagination.finish(
        who, "list_numbers", page, rows_of(page), lambda n: [n], subject="PJ0MRSHTDG"
    )


def test_the_first_page_has_no_previous_one() -> None:
    rows, page_ids = answer(requester())

    assert rows == list(range(25, 15, -1))
    assert list(page_ids) == ["next_page_id"]


def test_following_next_shows_every_row_once_and_ends() -> None:
    who = requester()
    rows, page_ids = answer(who, limit=10)
    seen = list(rows)
    while "next_page_id" in page_ids:
        rows, page_ids = answer(who, page_id=page_ids["next_page_id"])
        seen += rows

    assert seen == list(range(25, 0, -1))
    assert list(page_ids) == ["previous_page_id"]


def test_following_previous_leads_back_to_the_first_page() -> None:
    who = requester()
    first, ids = answer(who, limit=10)
    second, ids = answer(who, page_id=ids["next_page_id"])
    _, ids = answer(who, page_id=ids["next_page_id"])

    rows, ids = answer(who, page_id=ids["previous_page_id"])
    assert rows == second
    rows, ids = answer(who, page_id=ids["previous_page_id"])

    assert rows == first
    assert list(ids) == ["next_page_id"]


def test_a_page_that_ends_with_the_last_row_has_no_next_one() -> None:
    who = requester()
    _, ids = answer(who, limit=20)

    rows, ids = answer(who, page_id=ids["next_page_id"])

    assert rows == [5, 4, 3, 2, 1]
    assert list(ids) == ["previous_page_id"]


def test_a_page_id_keeps_filters_sort_order_and_limit() -> None:
    who = requester()
    filters = {"even": True, "groups": [1, 2], "from": "2026-01-01"}
    rows, ids = answer(who, filters=filters, sort_order="asc", limit=4)
    assert rows == [2, 4, 6, 8]

    page = read(who, page_id=ids["next_page_id"])

    assert page.filters == Filters.model_validate(filters)
    assert page.filters.from_ == "2026-01-01"
    assert (page.sort_order, page.limit) == ("asc", 4)
    assert answer(who, page_id=ids["next_page_id"])[0] == [10, 12, 14, 16]


def test_an_empty_list_has_no_neighbours() -> None:
    who = requester()
    page = read(who)

    assert pagination.finish(who, "list_numbers", page, [], lambda n: [n]) == ([], {})


@pytest.mark.parametrize("limit", [0, -1, 21])
def test_a_limit_out_of_range_is_refused(limit: int) -> None:
    with pytest.raises(Validation, match="`limit` must be between 1 and 20"):
        read(requester(), limit=limit)


@pytest.mark.parametrize(
    "choice", [{"filters": {"even": True}}, {"sort_order": "asc"}, {"limit": 5}]
)
def test_a_page_id_with_a_new_choice_is_refused(choice: dict[str, Any]) -> None:
    who = requester()
    _, ids = answer(who)

    (name,) = choice
    with pytest.raises(Validation, match=f"together with `{name}`"):
        read(who, page_id=ids["next_page_id"], **choice)


def test_a_choice_left_null_counts_as_not_given() -> None:
    who = requester()
    _, ids = answer(who)

    assert read(who, page_id=ids["next_page_id"], filters=None, limit=None).limit == 10


@pytest.mark.parametrize("forged", ["", "x", "a:b:c", "💥", "." * 5_000])
def test_a_made_up_page_id_is_refused(forged: str) -> None:
    with pytest.raises(Validation, match="`page_id` is invalid"):
        read(requester(), page_id=forged)


def test_a_tampered_page_id_is_refused() -> None:
    who = requester()
    page_id = answer(who)[1]["next_page_id"]
    changed = ("B" if page_id[0] != "B" else "C") + page_id[1:]

    with pytest.raises(Validation, match="`page_id` is invalid"):
        read(who, page_id=changed)


def test_another_requesters_page_id_is_refused() -> None:
    page_id = answer(requester())[1]["next_page_id"]

    with pytest.raises(Validation, match="`page_id` is invalid"):
        read(requester(), page_id=page_id)


def test_the_same_person_in_another_organisation_is_refused() -> None:
    who = requester()
    page_id = answer(who)[1]["next_page_id"]

    with pytest.raises(Validation, match="`page_id` is invalid"):
        read(replace(who, organization_id=uuid4()), page_id=page_id)


@pytest.mark.parametrize(
    ("action", "subject"), [("list_letters", "PJ0MRSHTDG"), ("list_numbers", "OTHERCHAT1")]
)
def test_a_page_id_of_another_list_is_refused(action: str, subject: str) -> None:
    who = requester()
    page_id = answer(who)[1]["next_page_id"]
    request = ListRequest(page_id=page_id)

    with pytest.raises(Validation, match="`page_id` is invalid"):
        pagination.read(who, action, request, default_limit=10, max_limit=20, subject=subject)


def test_a_page_id_lives_for_a_month() -> None:
    who = requester()
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False):
        page_id = answer(who)[1]["next_page_id"]
    with time_machine.travel("2026-01-31T23:00:00Z", tick=False):
        assert read(who, page_id=page_id).position == [16]

    with (
        time_machine.travel("2026-02-01T01:00:00Z", tick=False),
        pytest.raises(Validation, match="`page_id` has expired"),
    ):
        read(who, page_id=page_id)


def test_a_least_number_of_events_replaces_limit_and_filters() -> None:
    who = requester()
    assert read(who, min_events_count=30).min_events_count == 30

    with pytest.raises(Validation, match="`min_events_count` can not be used together"):
        read(who, min_events_count=30, limit=3)
    with pytest.raises(Validation, match="`min_events_count` can not be used together"):
        read(who, min_events_count=30, filters={"even": True})
    with pytest.raises(Validation, match="`min_events_count` must be between 1 and 100"):
        read(who, min_events_count=101)


def test_a_page_by_events_says_itself_whether_there_are_more() -> None:
    who = requester()
    page = read(who, min_events_count=30)

    rows, ids = pagination.finish(
        who, "list_numbers", page, [25, 24], lambda n: [n], subject="PJ0MRSHTDG", more=True
    )

    following = read(who, page_id=ids["next_page_id"])
    assert rows == [25, 24]
    assert (following.position, following.min_events_count) == ([24], 30)
