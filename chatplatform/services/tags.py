"""Tags: which there are, and putting them on threads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db import IntegrityError, transaction

from chatplatform import limits
from chatplatform.domain_events import tell
from chatplatform.domain_events.tags import (
    TagCreated,
    TagDeleted,
    TagUpdated,
    ThreadTagged,
    ThreadUntagged,
)
from chatplatform.errors import (
    AlreadyExists,
    Authorization,
    GroupNotFound,
    NotFound,
    Validation,
)
from chatplatform.models import Chat, Organization, Tag, Thread
from chatplatform.models.groups import GENERAL_GROUP
from chatplatform.models.tags import MAX_TAG_NAME
from chatplatform.records import tag_record
from chatplatform.requester import AgentRequester
from chatplatform.selectors import chats as chat_selectors
from chatplatform.selectors import groups
from chatplatform.services import audit, changes
from chatplatform.services.routing import lock_organization
from chatplatform.texts import is_line, is_seen

MANAGE_ALL: Final = "tags--all:rw"
"""The scope to manage tags of groups one is not in."""


# --- which there are --------------------------------------------------------------------------


def create_tag(requester: AgentRequester, name: str, group_ids: Iterable[int]) -> Tag:
    """Make a tag for threads of these groups; of none, it goes on no thread until it has one.

    Names differ by more than case. Raise :class:`AlreadyExists`, ``LimitReached``
    (``limits.tags``), :class:`GroupNotFound`, :class:`Authorization` for groups that are not one's
    own (:data:`MANAGE_ALL`), and :class:`Validation` for no name, one too long or not printable.
    Tells ``TagCreated``.
    """
    name = name.strip()
    if not is_seen(name) or len(name) > MAX_TAG_NAME or not is_line(name):
        raise Validation(f"a tag's name has 1 to {MAX_TAG_NAME} printable characters")
    with transaction.atomic():
        organization = lock_organization(requester.organization_id)
        numbers = _groups(organization, group_ids)
        _check_reach(requester, numbers)
        # In Python, because SQLite knows the case of few letters.
        known = Tag.objects.filter(organization=organization).values_list("name", flat=True)
        folded = [one.casefold() for one in known]
        if name.casefold() in folded:
            raise AlreadyExists("There is a tag of that name")
        limits.check_room(organization.properties, "tags", len(folded))
        tag = Tag(
            organization=organization,
            name=name,
            group_ids=numbers,
            author_id=requester.public_id,
        )
        _store(tag)
        audit.record(organization.pk, "create_tag", "tag", tag.name, after=tag_record(tag))
        tell(TagCreated(organization_id=str(organization.id), **tag_record(tag)))
    return tag


def update_tag(
    requester: AgentRequester, name: str, group_ids: Iterable[int] | None = None
) -> None:
    """Give the tag of exactly that ``name`` other groups, if any are given.

    Threads that carry it keep it. Raise :class:`NotFound`, :class:`GroupNotFound`, and
    :class:`Authorization` unless the tag's groups, before and after, are one's own
    (:data:`MANAGE_ALL`). Tells ``TagUpdated`` when the groups are others.
    """
    with transaction.atomic():
        organization = lock_organization(requester.organization_id)
        tag = _tag(organization, name)
        numbers = tag.group_ids if group_ids is None else _groups(organization, group_ids)
        _check_reach(requester, tag.group_ids, numbers)
        if numbers != tag.group_ids:
            _move(tag, numbers)
            tag.save(update_fields=["group_ids"])


def delete_tag(requester: AgentRequester, name: str) -> None:
    """Delete the tag of exactly that ``name``; threads that carry it keep it.

    Raise :class:`NotFound`, and :class:`Authorization` as :func:`update_tag` does. Tells
    ``TagDeleted``.
    """
    with transaction.atomic():
        organization = lock_organization(requester.organization_id)
        tag = _tag(organization, name)
        _check_reach(requester, tag.group_ids)
        audit.record(organization.pk, "delete_tag", "tag", tag.name, before=tag_record(tag))
        tag.delete()
        tell(TagDeleted(organization_id=str(organization.id), name=name, group_ids=tag.group_ids))


def leave_group(organization: Organization, number: int) -> None:
    """Take a group that is no more from its tags; a tag no group is left for is General's.

    The caller holds the organisation's lock. Tells ``TagUpdated`` of each.
    """
    found = Tag.objects.filter(organization=organization).order_by("id")
    concerned = [tag for tag in found if number in tag.group_ids]
    for tag in concerned:
        _move(tag, [one for one in tag.group_ids if one != number] or [GENERAL_GROUP])
    Tag.objects.bulk_update(concerned, ["group_ids"])


def _store(tag: Tag) -> None:
    """Store a new tag; the database may know letters to be the same that Python does not."""
    try:
        with transaction.atomic():
            tag.save()
    except IntegrityError:
        raise AlreadyExists("There is a tag of that name") from None


def _move(tag: Tag, numbers: list[int]) -> None:
    """Let a tag belong to other groups, and tell; the caller saves."""
    before = tag_record(tag)
    left = [one for one in tag.group_ids if one not in numbers]
    tag.group_ids = numbers
    audit.record(
        tag.organization_id, "update_tag", "tag", tag.name, before=before, after=tag_record(tag)
    )
    tell(
        TagUpdated(
            organization_id=str(tag.organization_id), name=tag.name, group_ids=numbers, left=left
        )
    )


def _check_reach(requester: AgentRequester, *group_lists: list[int]) -> None:
    if requester.has_scope(MANAGE_ALL):
        return
    own = groups.group_numbers_of(requester.agent_id)
    for numbers in group_lists:
        if not numbers or not own.issuperset(numbers):
            raise Authorization("the tag's groups are not all one's own")


def _groups(organization: Organization, group_ids: Iterable[int]) -> list[int]:
    numbers = list(dict.fromkeys(group_ids))
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
