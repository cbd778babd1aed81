"""Tags: which there are, and putting them on threads."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from chatplatform import clock
from chatplatform.domain_events import tell
from chatplatform.domain_events.tags import (
    TagCreated,
    TagDeleted,
    TagUpdated,
    ThreadTagged,
    ThreadUntagged,
)
from chatplatform.errors import AlreadyExists, GroupNotFound, LimitReached, NotFound, Validation
from chatplatform.models import Chat, Organization, Tag, Thread
from chatplatform.models.groups import GENERAL_GROUP
from chatplatform.models.tags import MAX_TAG_NAME
from chatplatform.properties import license_value
from chatplatform.requester import AgentRequester
from chatplatform.selectors import chats as chat_selectors
from chatplatform.selectors import groups
from chatplatform.services import changes
from chatplatform.services.routing import lock_organization

TAGS_AT_MOST = 1_000
"""How many an organisation may have; the licence property ``limits.tags.base`` says otherwise."""


# --- which there are --------------------------------------------------------------------------


def create_tag(requester: AgentRequester, name: str, group_ids: Iterable[int]) -> Tag:
    """Make a tag for threads of these groups.

    Names differ by more than case. Raise :class:`AlreadyExists`, :class:`LimitReached`,
    :class:`GroupNotFound`, and :class:`Validation` for no name, one too long, or no group. Tells
    ``TagCreated``.
    """
    name = name.strip()
    if not 0 < len(name) <= MAX_TAG_NAME:
        raise Validation(f"a tag's name has 1 to {MAX_TAG_NAME} characters")
    with transaction.atomic():
        organization = lock_organization(requester.organization_id)
        numbers = _groups(organization, group_ids)
        # In Python, because SQLite knows the case of few letters.
        known = Tag.objects.filter(organization=organization).values_list("name", flat=True)
        folded = [one.casefold() for one in known]
        if name.casefold() in folded:
            raise AlreadyExists("There is a tag of that name")
        limit = license_value(organization.properties, "limits", "tags.base", TAGS_AT_MOST)
        if len(folded) >= limit:
            raise LimitReached(f"There can be {limit} tags")
        tag = Tag.objects.create(
            organization=organization,
            name=name,
            group_ids=numbers,
            author_id=requester.public_id,
        )
        tell(
            TagCreated(
                organization_id=str(organization.id),
                name=tag.name,
                group_ids=tag.group_ids,
                author_id=tag.author_id,
                created_at=clock.to_wire(tag.created_at),
            )
        )
    return tag


def update_tag(requester: AgentRequester, name: str, group_ids: Iterable[int]) -> None:
    """Give the tag of exactly that ``name`` other groups; threads that carry it keep it.

    Raise :class:`NotFound`, :class:`GroupNotFound`, :class:`Validation`. Tells ``TagUpdated``.
    """
    with transaction.atomic():
        organization = lock_organization(requester.organization_id)
        tag = _tag(organization, name)
        tag.group_ids = _groups(organization, group_ids)
        tag.save(update_fields=["group_ids"])
        tell(
            TagUpdated(organization_id=str(organization.id), name=tag.name, group_ids=tag.group_ids)
        )


def delete_tag(requester: AgentRequester, name: str) -> None:
    """Delete the tag of exactly that ``name``; threads that carry it keep it.

    Raise :class:`NotFound`. Tells ``TagDeleted``.
    """
    with transaction.atomic():
        organization = lock_organization(requester.organization_id)
        _tag(organization, name).delete()
        tell(TagDeleted(organization_id=str(organization.id), name=name))


def _groups(organization: Organization, group_ids: Iterable[int]) -> list[int]:
    numbers = list(dict.fromkeys(group_ids))
    if not numbers:
        raise Validation("A tag belongs to a group")
    if set(numbers) - groups.existing_numbers(organization.id, numbers):
        raise GroupNotFound
    return numbers


def _tag(organization: Organization, name: str) -> Tag:
    # Whole and in this case, whatever the database makes of `=`.
    for tag in Tag.objects.filter(organization=organization, name=name):
        if tag.name == name:
            return tag
    raise NotFound("Tag not found")


# --- on threads ---------------------------------------------------------------------------------


def tag_thread(requester: AgentRequester, chat_id: str, thread_id: str, name: str) -> None:
    """Put the tag of exactly that ``name`` on a thread that shares a group with it.

    A tag of the General group goes with every thread. Raise :class:`NotFound`, ``Authorization``,
    and :class:`Validation` for a tag of other groups or one the thread has. Tells
    ``ThreadTagged``.
    """
    with transaction.atomic():
        chat, thread = _locked(requester, chat_id, thread_id)
        tag = _tag(chat.organization, name)
        if GENERAL_GROUP not in tag.group_ids and set(tag.group_ids).isdisjoint(thread.group_ids):
            raise Validation("The tag belongs to none of the thread's groups")
        if name in thread.tags:
            raise Validation("The thread has the tag already")
        thread.tags = [*thread.tags, name]
        thread.save(update_fields=["tags"])
        changes.record(ThreadTagged, chat, thread_id=thread.id, tag=name)
        chat.save()


def untag_thread(requester: AgentRequester, chat_id: str, thread_id: str, name: str) -> None:
    """Take a tag off a thread, also one that can not be put on any more.

    Raise :class:`NotFound`, also where the thread does not have it, and ``Authorization``. Tells
    ``ThreadUntagged``.
    """
    with transaction.atomic():
        chat, thread = _locked(requester, chat_id, thread_id)
        if name not in thread.tags:
            raise NotFound("The thread does not have the tag")
        thread.tags = [tag for tag in thread.tags if tag != name]
        thread.save(update_fields=["tags"])
        changes.record(ThreadUntagged, chat, thread_id=thread.id, tag=name)
        chat.save()


def _locked(requester: AgentRequester, chat_id: str, thread_id: str) -> tuple[Chat, Thread]:
    chat = chat_selectors.access_chat(requester, chat_id, write=True, lock=True)
    thread = chat_selectors.access_thread(requester, chat, thread_id, lock=True)
    return chat, thread
