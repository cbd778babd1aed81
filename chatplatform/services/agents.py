"""Agents: people with a seat in the chat licence, from creation to deletion.

Functions take ``by``, the agent who asks, where a person does: nobody changes who stands above
them. Everything happens under the organisation's lock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final, Literal, TypedDict, get_args
from uuid import UUID
from zoneinfo import available_timezones

import idna
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from chatplatform import clock, limits
from chatplatform.domain_events import tell
from chatplatform.domain_events.people import (
    AgentApproved,
    AgentCreated,
    AgentDeleted,
    AgentSuspended,
    AgentUnsuspended,
    AgentUpdated,
)
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.errors import (
    AlreadyExists,
    Authorization,
    NotFound,
    OwnershipTransfer,
    Validation,
)
from chatplatform.models import Account, Agent, CannedResponse, Organization, UnsuspensionRequest
from chatplatform.models.people import AgentRole, RoutingStatus
from chatplatform.records import Record, agent_configuration
from chatplatform.requester import AgentRequester
from chatplatform.selectors import groups as group_selectors
from chatplatform.services import (
    audit,
    groups,
    invitations,
    presence,
    routing,
    staff_sessions,
    working_hours,
)
from chatplatform.services.organizations import checked_name
from chatplatform.texts import is_line
from chatplatform.working_hours import DAYS

MAX_CHATS: Final = 20
MAX_CHATS_BEFORE_3_5: Final = 100
"""How many chats clients of older versions may give an agent."""
EMAIL_LENGTH: Final = 254
Notification = Literal[
    "new_visitor",
    "incoming_chat",
    "returning_visitor",
    "queued_visitor",
    "visitor_is_typing",
    "new_goal",
    "unassigned_chats",
    "unassigned_chat_messages",
    "ticket",
    "inactive_notifications",
    "mute_all_sounds",
    "repeat_sound_notifications",
    "ticket_notifications",
    "incoming_message_for_focused_chat",
]
"""What an agent's clients may draw attention to."""
EmailSubscription = Literal["daily_summary", "weekly_summary"]
NOTIFICATIONS: Final[frozenset[str]] = frozenset(get_args(Notification))
EMAIL_SUBSCRIPTIONS: Final[frozenset[str]] = frozenset(get_args(EmailSubscription))
MAX_INTERVALS: Final = 70
"""Working hours a week can have: ten a day."""

_TIME_OF_DAY: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")


class AgentValues(TypedDict, total=False):
    """What can be chosen for an agent (protocol.md 6.1).

    ``groups`` are ``{id, priority}`` and replace all there were; ``work_scheduler`` is
    ``{timezone, schedule: [{day, enabled, start, end}]}``.
    """

    name: str
    role: str
    avatar: str
    job_title: str
    mobile: str
    login_status: str
    max_chats_count: int
    groups: list[Record]
    notifications: list[str]
    email_subscriptions: list[str]
    work_scheduler: Record


def create_agent(
    organization: Organization,
    email: str,
    name: str,
    password: str | None = None,
    *,
    awaiting_approval: bool = False,
    by: AgentRequester | None = None,
    max_chats: int = MAX_CHATS,
    invite_from: str = "",
    **values: Any,
) -> Agent:
    """Give a new person an account and a seat; the address is their id in the Agent API.

    Without ``password`` the account can not sign in with one; with ``invite_from``, scheme and host
    of our pages, a mail invites its owner to set one, if links may lead there. ``values`` are
    :class:`AgentValues`, with ``max_chats`` chats at most. Somebody who was an agent before gets
    the same seat again. Raise :class:`AlreadyExists` for an address that is taken,
    :class:`Validation` for values that are malformed or a second owner, ``GroupNotFound``,
    ``LimitReached`` (``limits.agents``), and :class:`Authorization` for a role above one's own.
    Tells ``AgentCreated``.
    """
    email = _checked_email(email)
    chosen = _checked({"name": name, **values}, max_chats)  # type: ignore[typeddict-item]
    if password is not None:
        check_password_strength(password)
    _check_rank(by, chosen.get("role", AgentRole.NORMAL))
    with transaction.atomic():
        organization = routing.lock_organization(organization.pk)
        if chosen.get("role") == AgentRole.OWNER and _has_owner(organization):
            raise Validation("the organization has an owner already")
        limits.check_room(organization.properties, "agents", _seats(organization))
        account = _new_account(organization, email, chosen["name"], password)
        agent = _seat(organization, email, account)
        agent.awaiting_approval = awaiting_approval
        places = chosen.pop("groups", [])
        for field, value in chosen.items():
            setattr(agent, field, value)
        working_hours.next_change(agent)
        agent.save()
        groups.place_agent(organization, agent, places)
        made = agent_configuration(agent, group_selectors.places_of(agent))
        audit.record(organization.pk, "create_agent", "agent", email, after=made)
        if invite_from and password is None:
            invitations.invite_newcomer(agent, invite_from, by)
        tell(AgentCreated(organization_id=str(organization.pk), agent=made))
    return agent


def update_agent(
    organization_id: UUID,
    agent_id: str,
    values: AgentValues,
    by: AgentRequester | None = None,
    *,
    max_chats: int = MAX_CHATS,
) -> None:
    """Change an agent's configuration; what working hours leave out stays as it is.

    Other working hours take effect at once (``working_hours.follow``).
    Another role ends the agent's live sessions with ``role_permissions_changed``: clients come
    again and find what they may do now. Raise :class:`NotFound`, :class:`Validation`,
    ``GroupNotFound``, :class:`OwnershipTransfer` for the owner's role or a second owner, and
    :class:`Authorization` for people or roles above one's own. Tells ``AgentUpdated`` when
    anything changed.
    """
    with transaction.atomic():
        organization = routing.lock_organization(organization_id)
        agent = _locked(organization, agent_id, by)
        if "work_scheduler" in values:
            whole = {**agent.work_scheduler, **values["work_scheduler"]}
            values = {**values, "work_scheduler": whole}
        chosen = _checked(values, max_chats)
        within = working_hours.catch_up(agent)
        before = agent_configuration(agent, group_selectors.places_of(agent))
        role = chosen.get("role", agent.role)
        _check_rank(by, role)
        if role != agent.role:
            _change_role(organization, agent, role)
        if "groups" in chosen:
            groups.place_agent(organization, agent, chosen["groups"])
        fields = [field for field in chosen if field != "groups"]
        for field in fields:
            setattr(agent, field, chosen[field])
        agent.save(update_fields=fields)
        if "name" in chosen and agent.account is not None:
            agent.account.name = agent.name
            agent.account.save(update_fields=["name"])
        after = agent_configuration(agent, group_selectors.places_of(agent))
        audit.record(organization_id, "update_agent", "agent", agent_id, before=before, after=after)
        if changed := {key: value for key, value in after.items() if before[key] != value}:
            tell(
                AgentUpdated(
                    organization_id=str(organization_id), agent_id=agent_id, changed=changed
                )
            )
        working_hours.follow(agent, within)
    routing.settle_after_commit(organization_id)


def suspend_agent(organization_id: UUID, agent_id: str, by: AgentRequester | None = None) -> None:
    """Let an agent do nothing more: their sessions end, their chats go to others.

    Raise :class:`NotFound`, :class:`OwnershipTransfer` for the owner and :class:`Authorization`
    for people above oneself. Tells ``AgentSuspended`` unless they were suspended already.
    """
    with transaction.atomic():
        organization = routing.lock_organization(organization_id)
        agent = _locked(organization, agent_id, by)
        _spare_the_owner(agent)
        if agent.suspended:
            return
        agent.suspended = True
        agent.save(update_fields=["suspended"])
        _log_switch("suspend_agent", agent, "suspended")
        if agent.account is not None:
            staff_sessions.end_all(agent.account)
        tell(AgentSuspended(organization_id=str(organization_id), agent_id=agent_id))
        presence.end_sessions(
            organization, agent, reason="agent_disconnected_by_server", because="suspended"
        )
    routing.settle_after_commit(organization_id)


def unsuspend_agent(organization_id: UUID, agent_id: str, by: AgentRequester | None = None) -> None:
    """Let a suspended agent work again. Tells ``AgentUnsuspended`` if they were suspended."""

    def again(agent: Agent) -> None:
        if agent.suspended:
            agent.suspended = False
            agent.save(update_fields=["suspended"])
            UnsuspensionRequest.objects.filter(agent=agent).delete()
            _log_switch("unsuspend_agent", agent, "suspended")
            tell(AgentUnsuspended(organization_id=str(organization_id), agent_id=agent_id))

    _change(organization_id, agent_id, by, again)


def approve_agent(organization_id: UUID, agent_id: str, by: AgentRequester | None = None) -> None:
    """Let an agent who waits for it begin to work. Tells ``AgentApproved`` if they waited."""

    def approved(agent: Agent) -> None:
        if agent.awaiting_approval:
            agent.awaiting_approval = False
            agent.save(update_fields=["awaiting_approval"])
            _log_switch("approve_agent", agent, "awaiting_approval")
            tell(AgentApproved(organization_id=str(organization_id), agent_id=agent_id))

    _change(organization_id, agent_id, by, approved)


def delete_agent(organization_id: UUID, agent_id: str, by: AgentRequester | None = None) -> None:
    """Take an agent's seat and account away, with every token and private canned response.

    Their sessions end, their chats go to others, old ones still know their name. Raise what
    :func:`suspend_agent` raises. Tells ``AgentDeleted``.
    """
    with transaction.atomic():
        organization = routing.lock_organization(organization_id)
        agent = _locked(organization, agent_id, by)
        _spare_the_owner(agent)
        gone = agent_configuration(agent, group_selectors.places_of(agent))
        audit.record(organization_id, "delete_agent", "agent", agent_id, before=gone)
        account, agent.account = agent.account, None
        agent.deleted_at, agent.hours_change_at = clock.now(), None
        agent.save(update_fields=["account", "deleted_at", "hours_change_at"])
        agent.memberships.all().delete()
        CannedResponse.objects.filter(author=agent, is_private=True).delete()
        UnsuspensionRequest.objects.filter(agent=agent).delete()
        tell(AgentDeleted(organization_id=str(organization_id), agent_id=agent_id))
        presence.end_sessions(organization, agent, reason="access_token_revoked", because="deleted")
        if account is not None:
            _delete_account(account)
    routing.settle_after_commit(organization_id)


def _log_switch(action: str, agent: Agent, field: str) -> None:
    now = getattr(agent, field)
    audit.record(
        agent.organization_id,
        action,
        "agent",
        agent.public_id,
        before={field: not now},
        after={field: now},
    )


def check_password_strength(password: str) -> None:
    """Raise :class:`Validation` when the password is too weak to be set."""
    try:
        validate_password(password)
    except ValidationError as error:
        raise Validation(" ".join(error.messages)) from None


# --- who ----------------------------------------------------------------------------------------


def _locked(organization: Organization, agent_id: str, by: AgentRequester | None) -> Agent:
    agent = (
        Agent.objects.select_for_update(of=("self",))
        .select_related("account")
        .filter(organization=organization, public_id=agent_id, kind=Agent.Kind.HUMAN)
        .first()
    )
    if agent is None:
        raise NotFound("Agent not found")
    _check_rank(by, agent.role)
    return agent


def _change(
    organization_id: UUID,
    agent_id: str,
    by: AgentRequester | None,
    change: Callable[[Agent], None],
) -> None:
    with transaction.atomic():
        organization = routing.lock_organization(organization_id)
        change(_locked(organization, agent_id, by))
    routing.settle_after_commit(organization_id)


def _check_rank(by: AgentRequester | None, role: str) -> None:
    if by is not None and AgentRole(role).stands_above(by.role):
        raise Authorization("Roles above one's own can not be given or changed")


def _spare_the_owner(agent: Agent) -> None:
    if agent.role == AgentRole.OWNER:
        raise OwnershipTransfer


def _seats(organization: Organization) -> int:
    """Count the people who have a seat, whether or not they may work now."""
    return Agent.objects.filter(organization=organization, kind=Agent.Kind.HUMAN).count()


def _has_owner(organization: Organization) -> bool:
    return Agent.objects.filter(organization=organization, role=AgentRole.OWNER).exists()


def _change_role(organization: Organization, agent: Agent, role: str) -> None:
    if AgentRole.OWNER in (agent.role, role):
        raise OwnershipTransfer
    tell(
        SessionsEnded(
            organization_id=str(organization.pk),
            user_id=agent.public_id,
            reason="role_permissions_changed",
        )
    )


def _new_account(
    organization: Organization, email: str, name: str, password: str | None
) -> Account:
    try:
        with transaction.atomic():
            return Account.objects.create_user(
                email, password, organization=organization, name=name
            )
    except IntegrityError:
        raise AlreadyExists(f"the address {email} is taken") from None


def _delete_account(account: Account) -> None:
    """Delete an account, also with a token that is being issued: whoever issues one locks it."""
    Account.objects.select_for_update().get(pk=account.pk)
    account.delete()


def _seat(organization: Organization, email: str, account: Account) -> Agent:
    """Return a fresh seat, with the identity its holder had before if there was one.

    Raise :class:`AlreadyExists` where somebody has the id who signs in with another address now.
    """
    former = Agent.ever.filter(organization=organization, public_id=email).first()
    if former is not None and former.deleted_at is None:
        raise AlreadyExists(f"the address {email} is taken")
    fresh = Agent(organization=organization, public_id=email, account=account)
    if former is not None:
        fresh.pk, fresh.customer_facing_id = former.pk, former.customer_facing_id
    return fresh


# --- what ---------------------------------------------------------------------------------------


def _checked(values: AgentValues, max_chats: int) -> Record:
    """Return ``values`` as they are stored; raise :class:`Validation`."""
    checks = {**_CHECKS, "max_chats_count": _number_up_to(max_chats)}
    unknown = values.keys() - checks.keys()
    if unknown:
        raise TypeError(f"agents have no {sorted(unknown)}")
    return {field: checks[field](value) for field, value in values.items()}


def _checked_email(email: str) -> str:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise Validation("the e-mail address is malformed") from None
    name, _, domain = email.rpartition("@")
    if not name.isascii() or not _is_as_browsers_write(domain):
        raise Validation("the e-mail address is malformed")
    if len(email) > EMAIL_LENGTH:
        raise Validation("the e-mail address is too long")
    return email


def _is_as_browsers_write(domain: str) -> bool:
    """Tell whether a domain has no letters that names of hosts take for others, or for none.

    Else one mailbox could be several people, whose addresses look the same.
    """
    if domain.isascii():
        return True
    try:
        return str(idna.decode(idna.encode(domain, uts46=True))) == domain
    except idna.IDNAError:
        return False


def _text(limit: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if len(text) > limit or not is_line(text):
            raise Validation(f"a text has at most {limit} printable characters")
        return text

    return check


def _one_of(known: Iterable[str], what: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in known:
            raise Validation(f"there is no {what} {value[:32]!r}")
        return value

    return check


def _some_of(known: frozenset[str], what: str) -> Callable[[list[str]], list[str]]:
    def check(values: list[str]) -> list[str]:
        if unknown := sorted(set(values) - known):
            raise Validation(f"there is no {what} {unknown[0][:32]!r}")
        return list(dict.fromkeys(values))

    return check


def _number_up_to(limit: int) -> Callable[[int], int]:
    def check(number: int) -> int:
        if not 1 <= number <= limit:
            raise Validation(f"an agent has 1 to {limit} chats at a time")
        return number

    return check


def checked_scheduler(scheduler: Record) -> Record:
    """Return working hours as they are stored; raise :class:`Validation`.

    A day may have several intervals, each ``HH:MM`` to a later ``HH:MM``, ``24:00`` at most.
    """
    timezone, schedule = scheduler.get("timezone", ""), scheduler.get("schedule", [])
    if timezone and timezone not in _timezones():
        raise Validation(f"there is no time zone {timezone[:64]!r}")
    if len(schedule) > MAX_INTERVALS:
        raise Validation(f"a week has at most {MAX_INTERVALS} intervals")
    return {"timezone": timezone, "schedule": [_checked_interval(one) for one in schedule]}


@cache
def _timezones() -> frozenset[str]:
    """Return the names of all time zones; finding them opens hundreds of files."""
    return frozenset(available_timezones())


def _checked_interval(interval: Record) -> Record:
    day, start, end = (interval.get(name, "") for name in ("day", "start", "end"))
    if day not in DAYS:
        raise Validation(f"there is no day {str(day)[:16]!r}")
    if not (_TIME_OF_DAY.fullmatch(start) and _TIME_OF_DAY.fullmatch(end) and start < end):
        raise Validation("working hours go from HH:MM to a later HH:MM")
    return {"day": day, "enabled": bool(interval.get("enabled")), "start": start, "end": end}


_CHECKS: Final[dict[str, Callable[[Any], Any]]] = {
    "name": checked_name,
    "role": _one_of(AgentRole.values, "role"),
    "avatar": _text(500),
    "job_title": _text(180),
    "mobile": _text(64),
    "login_status": _one_of((RoutingStatus.ACCEPTING, RoutingStatus.NOT_ACCEPTING), "login status"),
    "groups": list,
    "notifications": _some_of(NOTIFICATIONS, "notification"),
    "email_subscriptions": _some_of(EMAIL_SUBSCRIPTIONS, "e-mail subscription"),
    "work_scheduler": checked_scheduler,
}
