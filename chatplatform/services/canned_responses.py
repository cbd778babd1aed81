"""Canned responses: texts agents prepare for their group, or for themselves."""

from __future__ import annotations

from typing import Any, Final, TypedDict
from uuid import UUID

from django.db import transaction

from chatplatform import clock
from chatplatform.domain_events import tell
from chatplatform.domain_events.canned_responses import (
    CannedResponseCreated,
    CannedResponseDeleted,
    CannedResponseUpdated,
)
from chatplatform.errors import GroupNotFound, NotFound, Validation
from chatplatform.models import Agent, CannedResponse, Group
from chatplatform.records import Record, canned_response_record

TEXT_LENGTH: Final = 16_384
TAG_LENGTH: Final = 128
MAX_TAGS: Final = 50


class ResponseValues(TypedDict, total=False):
    """What can be changed of a canned response."""

    text: str
    tags: list[str]
    group_id: int
    is_private: bool


def create_canned_response(
    author: Agent, text: str, tags: list[str], group_id: int, *, is_private: bool = False
) -> CannedResponse:
    """Keep a text for the agents of a group, or for ``author`` alone.

    Raise :class:`GroupNotFound`, and :class:`Validation` for an empty or too long text or tag.
    Tells ``CannedResponseCreated``.
    """
    _check(text, tags)
    now = clock.now()
    with transaction.atomic():
        response = CannedResponse.objects.create(
            organization_id=author.organization_id,
            group=_group(author.organization_id, group_id),
            author=author,
            text=text,
            tags=tags,
            is_private=is_private,
            created_at=now,
            updated_at=now,
        )
        tell(CannedResponseCreated(**_about(response), response=canned_response_record(response)))
    return response


def update_canned_response(organization_id: UUID, response_id: int, values: ResponseValues) -> None:
    """Change a canned response. Who can not see it any more is told that it is gone.

    Raise :class:`NotFound`, :class:`GroupNotFound` and :class:`Validation`. Tells
    ``CannedResponseUpdated``.
    """
    with transaction.atomic():
        response = _locked(organization_id, response_id)
        before = _about(response)
        _check(values.get("text", response.text), values.get("tags", response.tags))
        for field in ("text", "tags", "is_private"):
            if field in values:
                setattr(response, field, values[field])
        if "group_id" in values:
            response.group = _group(organization_id, values["group_id"])
        response.updated_at = clock.now()
        response.save()
        after = _about(response)
        if before != after:
            tell(CannedResponseDeleted(**before))
        record: Record = canned_response_record(response)
        del record["created_at"]
        tell(CannedResponseUpdated(**after, response=record))


def delete_canned_response(organization_id: UUID, response_id: int) -> None:
    """Forget a canned response; raise :class:`NotFound`. Tells ``CannedResponseDeleted``."""
    with transaction.atomic():
        response = _locked(organization_id, response_id)
        about = _about(response)
        response.delete()
        tell(CannedResponseDeleted(**about))


def _locked(organization_id: UUID, response_id: int) -> CannedResponse:
    response = (
        CannedResponse.objects.select_for_update(of=("self",))
        .filter(organization_id=organization_id, pk=response_id)
        .select_related("group", "author")
        .first()
    )
    if response is None:
        raise NotFound("Canned response not found")
    return response


def _group(organization_id: UUID, number: int) -> Group:
    group = Group.objects.filter(organization_id=organization_id, number=number).first()
    if group is None:
        raise GroupNotFound
    return group


def _about(response: CannedResponse) -> dict[str, Any]:
    return {
        "organization_id": str(response.organization_id),
        "response_id": response.pk,
        "group_id": response.group.number,
        "author_id": response.author.public_id,
        "is_private": response.is_private,
    }


def _check(text: str, tags: list[str]) -> None:
    if not text.strip() or len(text) > TEXT_LENGTH:
        raise Validation(f"a canned response has 1 to {TEXT_LENGTH} characters")
    if len(tags) > MAX_TAGS or any(not 0 < len(tag) <= TAG_LENGTH for tag in tags):
        raise Validation(f"a canned response has at most {MAX_TAGS} tags")
