"""Reading canned responses, and who may see and change which (protocol.md 6.7)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from django.db.models import Q, QuerySet

from chatplatform.errors import Authorization, NotFound
from chatplatform.models import CannedResponse, Group
from chatplatform.requester import AgentRequester
from chatplatform.selectors import groups

READ_ALL = "canned_responses--all:ro"
WRITE_ALL = "canned_responses--all:rw"
MAX_CHARACTERS: Final = 4 * 1024 * 1024
"""After that much text a page ends, whatever its limit: that may be as high as 100,000."""
_AT_ONCE: Final = 500


class Page(NamedTuple):
    """Responses, whether there are ``more`` behind them, and how many there are in all."""

    responses: list[CannedResponse]
    more: bool
    found: int


def access_response(requester: AgentRequester, response_id: int) -> CannedResponse:
    """Return a response that ``requester`` may change, locked.

    The scope for all opens every response, else only those of one's groups are, and of private
    ones one's own. Raise :class:`NotFound`, also for another's private one, and
    :class:`Authorization`.
    """
    response = (
        CannedResponse.objects.select_for_update(of=("self",))
        .filter(organization_id=requester.organization_id, pk=response_id)
        .select_related("group", "author")
        .first()
    )
    is_own = response is not None and response.author_id == requester.agent_id
    if response is None or (
        response.is_private and not is_own and not requester.has_scope(WRITE_ALL)
    ):
        raise NotFound("Canned response not found")
    if not response.is_private:
        _check_own(requester, [response.group.number])
    return response


def access_group_of_responses(requester: AgentRequester, number: int) -> Group:
    """Return a group that ``requester`` may keep responses for, by its number.

    Raise ``GroupNotFound``, and :class:`Authorization` for a group that is not theirs, unless
    their token has the scope for all.
    """
    groups.check_existing(requester.organization_id, [number])
    _check_own(requester, [number])
    return Group.objects.get(organization_id=requester.organization_id, number=number)


def list_canned_responses(
    requester: AgentRequester,
    group_ids: Iterable[int] | None = None,
    *,
    include_private: bool = False,
    include_all_private: bool = False,
    after: int = 0,
    limit: int = 100,
) -> Page:
    """Return up to ``limit`` responses with ids beyond ``after``, oldest first.

    Fewer where they are long (:data:`MAX_CHARACTERS`).

    Without ``group_ids``: of every group ``requester`` may see, and private ones whatever group
    they are of. ``include_private`` adds the requester's own, ``include_all_private`` everybody's.
    Raise ``GroupNotFound``, and :class:`Authorization` for another's group or private responses
    without the scope for all. At most four reads, and one more for each 500 responses.
    """
    if include_all_private and not requester.has_scope(READ_ALL):
        raise Authorization("the token does not open private responses of others")
    responses = CannedResponse.objects.filter(organization_id=requester.organization_id)
    shared = Q(is_private=False)
    if group_ids is not None:
        numbers = set(group_ids)
        groups.check_existing(requester.organization_id, numbers)
        _check_own(requester, numbers, READ_ALL)
        responses = responses.filter(group__number__in=numbers)
    elif not requester.has_scope(READ_ALL):
        shared &= Q(group__number__in=groups.group_numbers_of(requester.agent_id))
    private = Q(is_private=True)
    if include_all_private:
        shared |= private
    elif include_private:
        shared |= private & Q(author_id=requester.agent_id)
    return _page(responses.filter(shared), after, limit)


def _page(responses: QuerySet[CannedResponse], after: int, limit: int) -> Page:
    rows = responses.select_related("group", "author").order_by("id")
    found = responses.count()
    taken: list[CannedResponse] = []
    characters = 0
    while True:
        wanted = min(_AT_ONCE, limit + 1 - len(taken))
        chunk = list(rows.filter(id__gt=after)[:wanted])
        for response in chunk:
            if len(taken) == limit or characters > MAX_CHARACTERS:
                return Page(taken, True, found)
            taken.append(response)
            characters += len(response.text) + sum(map(len, response.tags))
        if len(chunk) < wanted:
            return Page(taken, False, found)
        after = chunk[-1].pk


def _check_own(
    requester: AgentRequester, numbers: Iterable[int], opened_by: str = WRITE_ALL
) -> None:
    if requester.has_scope(opened_by):
        return
    if set(numbers) - groups.group_numbers_of(requester.agent_id):
        raise Authorization("the group is not one of yours")
