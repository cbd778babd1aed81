"""Groups, and who belongs to them.

Everything here happens under the organisation's lock. Whoever's groups change is told through
``SessionsRegrouped``, so that live sockets see at once what their new groups see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypedDict
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from chatplatform import limits
from chatplatform.domain_events import tell
from chatplatform.domain_events.customers import CustomerTransferred
from chatplatform.domain_events.groups import GroupCreated, GroupDeleted, GroupUpdated
from chatplatform.domain_events.sessions import SessionsRegrouped
from chatplatform.errors import Authorization, GroupNotFound, NotFound, Validation
from chatplatform.models import (
    Agent,
    CannedResponse,
    Chat,
    ChatListing,
    Customer,
    DeletedGroup,
    Group,
    GroupMember,
    Organization,
    Thread,
)
from chatplatform.models.groups import GENERAL_GROUP, GroupPriority
from chatplatform.records import Record, group_configuration
from chatplatform.requester import AgentRequester
from chatplatform.selectors import groups as group_selectors
from chatplatform.selectors import monitoring
from chatplatform.services import access, audit, listings, routing, tags
from chatplatform.services.organizations import checked_name

LANGUAGE_LENGTH: Final = 8
MANAGE_ALL: Final = "groups--all:rw"
"""The scope to change groups one is not in."""
EMPTIED_AT_ONCE: Final = 200


class GroupValues(TypedDict, total=False):
    """What can be changed of a group; ``agent_priorities`` replace all there are."""

    name: str
    language_code: str
    agent_priorities: Mapping[str, str]


def create_group(
    organization: Organization,
    name: str,
    language_code: str = "en",
    agent_priorities: Mapping[str, str] | None = None,
) -> Group:
    """Make a group with the next number, of the agents ``agent_priorities`` names.

    Numbers of deleted groups are never given again. Raise :class:`Validation` for a bad name,
    language or priority, :class:`NotFound` for an agent who does not exist, ``LimitReached``
    (``limits.groups``, General counted). Tells ``GroupCreated``.
    """
    name = checked_name(name)
    with transaction.atomic():
        organization = routing.lock_organization(organization.pk)
        count = Group.objects.filter(organization=organization).count()
        limits.check_room(organization.properties, "groups", count)
        group = Group.objects.create(
            organization=organization,
            number=_next_number(organization),
            name=name,
            language_code=_checked_language(language_code),
        )
        moved = _replace_members(group, agent_priorities or {})
        made = _configuration(group)
        audit.record(organization.pk, "create_group", "group", group.number, after=made)
        tell(GroupCreated(organization_id=str(organization.pk), group=made))
        _tell_moved(organization, moved)
    routing.settle_after_commit(organization.pk)
    return group


def update_group(
    organization_id: UUID, number: int, values: GroupValues, by: AgentRequester | None = None
) -> None:
    """Change a group; in General, who is given no priority has the usual one again.

    Raise what :func:`create_group` raises, :class:`GroupNotFound`, and :class:`Authorization`
    where ``by``, whoever asks, may change groups of their own only and is not in this one. Tells
    ``GroupUpdated`` when anything changed.
    """
    with transaction.atomic():
        organization = routing.lock_organization(organization_id)
        group = _group(organization, number)
        _check_reach(group, by)
        before = _configuration(group)
        if "name" in values:
            group.name = checked_name(values["name"])
        if "language_code" in values:
            group.language_code = _checked_language(values["language_code"])
        group.save(update_fields=["name", "language_code"])
        if "agent_priorities" in values:
            _tell_moved(organization, _replace_members(group, values["agent_priorities"]))
        _tell_update(group, before)
    routing.settle_after_commit(organization_id)


def delete_group(organization_id: UUID, number: int, by: AgentRequester | None = None) -> None:
    """Delete a group; whatever is only its falls back to General.

    Customers on its pages, running chats and tags do at once, closed chats a little later
    (:func:`empty_deleted_groups`); its canned responses are gone. Raise :class:`GroupNotFound`,
    :class:`Validation` for General, and :class:`Authorization` as :func:`update_group` does. Tells
    ``CustomerTransferred``, ``TagUpdated`` and ``GroupDeleted``.
    """
    if number == GENERAL_GROUP:
        raise Validation("the General group can not be deleted")
    with transaction.atomic():
        organization = routing.lock_organization(organization_id)
        group = _group(organization, number)
        _check_reach(group, by)
        members = list(Agent.objects.filter(memberships__group=group))
        gone = {**_configuration(group), "with_it": _counts(group)}
        audit.record(organization_id, "delete_group", "group", number, before=gone)
        group.delete()
        DeletedGroup.objects.create(organization=organization, number=number)
        _empty_pages(organization, number)
        for chat_id in _chats_of(organization, number, active=True):
            _fall_back(chat_id, number)
        tags.leave_group(organization, number)
        tell(GroupDeleted(organization_id=str(organization_id), group_id=number))
        _tell_moved(organization, members)
    routing.settle_after_commit(organization_id)


def _empty_pages(organization: Organization, number: int) -> None:
    """Let the customers on a group's pages belong to General. Tells of those who are online."""
    customers = Customer.objects.filter(organization=organization, group_number=number)
    locked = customers.select_for_update(no_key=True, of=("self",)).order_by("id")
    online = list(locked.filter(online_since__isnull=False).select_related("last_visit"))
    customers.update(group_number=GENERAL_GROUP)
    for customer in online:
        customer.group_number = GENERAL_GROUP
    records, audiences = monitoring.monitored(online), monitoring.audiences_of(online)
    for record, about in zip(records, audiences, strict=True):
        tell(CustomerTransferred(**about, left=number, customer=record))


def empty_deleted_groups() -> None:
    """Let closed chats of deleted groups fall back to General, some at a time.

    Safe with several workers at once: whoever comes second finds the group's row taken.
    """
    with transaction.atomic():
        gone = DeletedGroup.objects.select_for_update(skip_locked=True, of=("self",))
        row = gone.filter(emptied=False).select_related("organization").order_by("id").first()
        if row is None:
            return
        chat_ids = _chats_of(row.organization, row.number)[:EMPTIED_AT_ONCE]
        for chat_id in chat_ids:
            _fall_back(chat_id, row.number)
        if not chat_ids:
            row.emptied = True
            row.save(update_fields=["emptied"])


def add_group_member(group: Group, agent: Agent, priority: str = GroupPriority.NORMAL) -> None:
    """Put ``agent`` into ``group``, or change their priority there.

    Raise :class:`Validation` for an unknown priority and for an agent of another organisation.
    Tells ``GroupUpdated``.
    """
    if group.organization_id != agent.organization_id:
        raise Validation("the agent belongs to another organization")
    _check_priority(priority)
    with transaction.atomic():
        organization = routing.lock_organization(group.organization_id)
        before = _configuration(group)
        _, joined = GroupMember.objects.update_or_create(
            group=group, agent=agent, defaults={"priority": priority}
        )
        _tell_update(group, before)
        _tell_moved(organization, [agent] if joined else [])
    routing.settle_after_commit(organization.pk)


def place_agent(organization: Organization, agent: Agent, places: Iterable[Record]) -> None:
    """Make ``places`` (``{id, priority}``) all the groups of ``agent``, bot or human.

    The caller holds the organisation's lock, and settles. A bot's place may leave the priority
    out. Raise :class:`GroupNotFound` and :class:`Validation`.
    """
    wanted = {place["id"]: place.get("priority", "") for place in places}
    for priority in wanted.values():
        _check_priority(priority, optional=agent.kind == Agent.Kind.BOT)
    found = {
        group.number: group
        for group in Group.objects.filter(organization=organization, number__in=wanted)
    }
    if wanted.keys() - found.keys():
        raise GroupNotFound
    before = group_selectors.group_numbers_of(agent.pk)
    agent.memberships.exclude(group__number__in=wanted).delete()
    GroupMember.objects.bulk_create(
        [
            GroupMember(group=found[number], agent=agent, priority=priority)
            for number, priority in wanted.items()
        ],
        update_conflicts=True,
        unique_fields=["group", "agent"],
        update_fields=["priority"],
    )
    if before != group_selectors.group_numbers_of(agent.pk):
        _tell_moved(organization, [agent])


def _replace_members(group: Group, priorities: Mapping[str, str]) -> list[Agent]:
    """Make these the members of ``group``; return the agents who joined or left.

    A bot that follows its own default, and is given just that, goes on following it.
    """
    for priority in priorities.values():
        _check_priority(priority)
    agents = {
        agent.public_id: agent
        for agent in Agent.objects.filter(
            organization_id=group.organization_id, public_id__in=list(priorities)
        )
    }
    if missing := sorted(priorities.keys() - agents.keys()):
        raise NotFound(f"there is no agent {missing[0][:64]!r}")
    known = {member.agent.public_id: member for member in group.members.select_related("agent")}
    in_force = group_selectors.agent_priorities(group)
    left = [member.agent for name, member in known.items() if name not in priorities]
    joined = [agent for name, agent in agents.items() if name not in known]
    group.members.filter(agent__in=left).delete()
    GroupMember.objects.bulk_create(
        GroupMember(group=group, agent=agent, priority=priorities[agent.public_id])
        for agent in joined
    )
    stayed = [
        member
        for name, member in known.items()
        if name in priorities and in_force[name] != priorities[name]
    ]
    for member in stayed:
        member.priority = priorities[member.agent.public_id]
    GroupMember.objects.bulk_update(stayed, ["priority"])
    return [*left, *joined]


def _configuration(group: Group) -> Record:
    return group_configuration(group, group_selectors.agent_priorities(group))


def _counts(group: Group) -> dict[str, int]:
    """Count what goes with a group, for the audit log."""
    counts = {
        "canned_responses": CannedResponse.objects.filter(group=group).count(),
        "forms": group.forms.count(),
        "greetings": group.greetings.count(),
    }
    return {what: number for what, number in counts.items() if number}


def _tell_update(group: Group, before: Record) -> None:
    """Log and tell what of a group's configuration is different from ``before``, if anything."""
    after = _configuration(group)
    audit.record(
        group.organization_id, "update_group", "group", group.number, before=before, after=after
    )
    if changed := {name: value for name, value in after.items() if before[name] != value}:
        tell(
            GroupUpdated(
                organization_id=str(group.organization_id), group_id=group.number, changed=changed
            )
        )


def _tell_moved(organization: Organization, agents: Iterable[Agent]) -> None:
    """Tell the agents' live sockets which groups they are in now."""
    moved = list(agents)
    if not moved:
        return
    organization.groups_revision += 1
    organization.save(update_fields=["groups_revision"])
    for agent_id, numbers in group_selectors.group_numbers_by_agent(moved).items():
        tell(
            SessionsRegrouped(
                organization_id=str(organization.pk),
                user_id=agent_id,
                group_numbers=numbers,
                revision=organization.groups_revision,
            )
        )


def _chats_of(organization: Organization, number: int, **filters: bool) -> list[str]:
    rows = ChatListing.objects.filter(organization=organization, reader=f"g:{number}", **filters)
    return list(rows.order_by("chat_id").values_list("chat_id", flat=True))


def _fall_back(chat_id: str, number: int) -> None:
    """Take group ``number`` from a chat's access; a chat nobody is left for is General's.

    Of running chats it is told, as ``ChatAccessUpdated``. One that was deleted meanwhile is left.
    """
    chat = Chat.objects.select_for_update(of=("self",)).filter(id=chat_id).first()
    if chat is None:
        return
    left = [one for one in chat.group_ids if one != number] or [GENERAL_GROUP]
    if chat.active_thread_id is None:
        chat.group_ids = left
    else:
        thread = Thread.objects.select_for_update().get(id=chat.active_thread_id)
        before = access.give(chat, thread, left)
        thread.save(update_fields=["group_ids"])
        access.tell_changed(chat, before, shown=thread)
    chat.save()
    listings.follow(chat)


def _group(organization: Organization, number: int) -> Group:
    group = Group.objects.filter(organization=organization, number=number).first()
    if group is None:
        raise GroupNotFound
    return group


def _check_reach(group: Group, by: AgentRequester | None) -> None:
    if by is None or by.has_scope(MANAGE_ALL):
        return
    if group.number not in group_selectors.group_numbers_of(by.agent_id):
        raise Authorization("the agent is not in the group")


def _next_number(organization: Organization) -> int:
    newest = [
        model.objects.filter(organization=organization).aggregate(Max("number"))["number__max"]
        for model in (Group, DeletedGroup)
    ]
    return max(number or 0 for number in newest) + 1


def _check_priority(priority: str, *, optional: bool = False) -> None:
    if priority not in GroupPriority.values and not (optional and not priority):
        raise Validation(f"there is no priority {priority[:32]!r}")


def _checked_language(code: str) -> str:
    if not 0 < len(code) <= LANGUAGE_LENGTH or not code.replace("-", "").isalnum():
        raise Validation(f"a language code has 1 to {LANGUAGE_LENGTH} letters")
    return code
