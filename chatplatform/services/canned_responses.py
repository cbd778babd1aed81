"""Canned responses: texts agents prepare for their group, or for themselves (protocol.md 6.7)."""

from __future__ import annotations

from typing import Any, Final, TypedDict

from django.db import transaction

from chatplatform import clock
from chatplatform.domain_events import tell
from chatplatform.domain_events.canned_responses import (
    CannedResponseCreated,
    CannedResponseDeleted,
    CannedResponseUpdated,
)
from chatplatform.errors import LimitReached, Validation
from chatplatform.markup import without_markup
from chatplatform.models import CannedResponse
from chatplatform.records import Record, canned_response_record
from chatplatform.requester import AgentRequester
from chatplatform.selectors.canned_responses import access_group_of_responses, access_response
from chatplatform.services import audit
from chatplatform.services.routing import lock_organization

TEXT_LENGTH: Final = 16_384
TAG_LENGTH: Final = 128
MAX_TAGS: Final = 50
MAX_RESPONSES: Final = 10_000
"""How many an organisation may have: clients read all that their agent may use."""


class ResponseValues(TypedDict, total=False):
    """What can be changed of a canned response."""

    text: str
    tags: list[str]
    group_id: int
    is_private: bool


def create_canned_response(
    requester: AgentRequester,
    text: str,
    tags: list[str],
    group_id: int,
    *,
    is_private: bool = False,
) -> CannedResponse:
    """Keep a text for the agents of a group, or for ``requester`` alone.

    Markup is taken out. Raise ``GroupNotFound``, ``Authorization`` for a group of others,
    :class:`LimitReached`, and :class:`Validation` for a text that is too long or says nothing, or
    for such tags. Tells ``CannedResponseCreated``.
    """
    text = _plain(text)
    _check_tags(tags)
    now = clock.now()
    with transaction.atomic():
        organization = lock_organization(requester.organization_id)
        group = access_group_of_responses(requester, group_id)
        if CannedResponse.objects.filter(organization=organization).count() >= MAX_RESPONSES:
            raise LimitReached(f"There can be {MAX_RESPONSES} canned responses")
        response = CannedResponse.objects.create(
            organization=organization,
            group=group,
            author_id=requester.agent_id,
            text=text,
            tags=tags,
            is_private=is_private,
            created_at=now,
            updated_at=now,
        )
        _log("create_canned_response", response, after=_logged(response))
        tell(CannedResponseCreated(**_about(response), response=canned_response_record(response)))
    return response


def update_canned_response(
    requester: AgentRequester, response_id: int, values: ResponseValues
) -> None:
    """Change a canned response; it is by whoever changed it last.

    One that is private and stays so remains its author's. Who can not see it any more is told
    that it is gone. Raise ``NotFound``, ``GroupNotFound``, ``Authorization`` and
    :class:`Validation`. Tells ``CannedResponseUpdated``, and before it ``CannedResponseDeleted``
    where it is for others now.
    """
    values = _checked(values)
    with transaction.atomic():
        lock_organization(requester.organization_id)
        response = access_response(requester, response_id)
        readers, former = _readers(response), _about(response)
        was_private, before = response.is_private, _logged(response)
        _change(response, requester, values)
        if not (was_private and response.is_private):
            response.author_id = requester.agent_id
        response.save()
        _log("update_canned_response", response, before=before, after=_logged(response))
        if readers != _readers(response):
            tell(CannedResponseDeleted(**former, now=_place(response)))
        record: Record = canned_response_record(response)
        del record["created_at"]
        tell(CannedResponseUpdated(**_about(response), response=record))


def delete_canned_response(requester: AgentRequester, response_id: int) -> None:
    """Forget a canned response. Raise ``NotFound`` and ``Authorization``.

    Tells ``CannedResponseDeleted``.
    """
    with transaction.atomic():
        response = access_response(requester, response_id)
        about = _about(response)
        _log("delete_canned_response", response, before=_logged(response))
        response.delete()
        tell(CannedResponseDeleted(**about))


def _log(action: str, response: CannedResponse, **was_and_is: dict[str, Any]) -> None:
    organization_id = response.organization_id
    audit.record(organization_id, action, "canned_response", response.pk, **was_and_is)


def _logged(response: CannedResponse) -> dict[str, Any]:
    """Return what the audit log may know: of a private response not what it says."""
    record = canned_response_record(response)
    if response.is_private:
        record |= {"text": audit.HIDDEN, "tags": audit.HIDDEN}
    return record


def _change(response: CannedResponse, requester: AgentRequester, values: ResponseValues) -> None:
    response.text = values.get("text", response.text)
    response.tags = values.get("tags", response.tags)
    response.is_private = values.get("is_private", response.is_private)
    if values.get("group_id", response.group.number) != response.group.number:
        response.group = access_group_of_responses(requester, values["group_id"])
    elif not response.is_private:
        access_group_of_responses(requester, response.group.number)
    response.updated_at = clock.now()


def _readers(response: CannedResponse) -> int | str:
    """Return who sees a response: the agents of a group, or one of them."""
    return response.author.public_id if response.is_private else response.group.number


def _place(response: CannedResponse) -> dict[str, Any]:
    """Return what decides who sees a response."""
    return {
        "group_id": response.group.number,
        "author_id": response.author.public_id,
        "is_private": response.is_private,
    }


def _about(response: CannedResponse) -> dict[str, Any]:
    return {
        "organization_id": str(response.organization_id),
        "response_id": response.pk,
        **_place(response),
    }


def _checked(values: ResponseValues) -> ResponseValues:
    """Return values with the text as it is kept; raise :class:`Validation`."""
    if "tags" in values:
        _check_tags(values["tags"])
    return {**values, "text": _plain(values["text"])} if "text" in values else values


def _plain(text: str) -> str:
    if len(text) > TEXT_LENGTH:
        raise Validation(f"a canned response has at most {TEXT_LENGTH} characters")
    plain = without_markup(text)
    if not plain:
        raise Validation("a canned response says something beside markup")
    return plain


def _check_tags(tags: list[str]) -> None:
    if len(tags) > MAX_TAGS or any(not 0 < len(tag) <= TAG_LENGTH for tag in tags):
        raise Validation(f"a canned response has at most {MAX_TAGS} tags")
