"""Who is here: connection leases, and what logging in, out and vanishing mean.

Presence is two values: the status an agent chose and a live lease. A lease lasts
``LEASE_SECONDS`` and is renewed by the process that holds the connection; whoever loses the
connection keeps the lease until it runs out, so that a reload costs nobody a chat.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction

from chatplatform import clock
from chatplatform.domain_events import tell
from chatplatform.domain_events.customers import CustomerLeft
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.errors import (
    AgentOffline,
    Authorization,
    RequesterAlreadyOffline,
    Validation,
)
from chatplatform.models import Agent, Bot, ConnectionLease, Customer, Organization, Visit
from chatplatform.models.bots import AI_AGENT
from chatplatform.models.people import RoutingStatus
from chatplatform.process import process_id
from chatplatform.records import Record
from chatplatform.requester import AgentRequester
from chatplatform.selectors import bots as bot_selectors
from chatplatform.selectors import monitoring as monitoring_selectors
from chatplatform.selectors import people
from chatplatform.services import audit, greetings, monitoring, routing, working_hours

log = structlog.get_logger(__name__)

LEASE_SECONDS = 20
SWEEP_AT_MOST = 500


def hold(organization_id: UUID, user_id: str, connection_id: str, *, away: bool = False) -> None:
    """Begin the lease of a connection of this process."""
    ConnectionLease.objects.update_or_create(
        connection_id=connection_id,
        defaults={
            "organization_id": organization_id,
            "user_id": user_id,
            "process": process_id(),
            "away": away,
            "expires_at": clock.now() + timedelta(seconds=LEASE_SECONDS),
        },
    )


def renew() -> set[str]:
    """Renew the leases this process holds and return their connections. One write, one read."""
    own = ConnectionLease.objects.filter(process=process_id())
    own.update(expires_at=clock.now() + timedelta(seconds=LEASE_SECONDS))
    return set(own.values_list("connection_id", flat=True))


def drop(connection_ids: Collection[str]) -> None:
    """Let the leases of lost connections run out by themselves."""
    ConnectionLease.objects.filter(connection_id__in=list(connection_ids)).update(process="")


def agent_logged_in(
    requester: AgentRequester,
    connection_id: str,
    *,
    reconnect: bool,
    timezone: str | None,
    away: bool = False,
    monitoring_level: str | None = None,
) -> Agent:
    """Note a login and return the agent with the status and monitoring level that now hold.

    A first session starts with the configured ``login_status``, outside working hours not
    accepting; ``reconnect``, or another live session, keeps the last chosen one. Working hours
    follow the time zone. ``monitoring_level`` None means ``my`` for a first session, else the last
    one (``monitoring.chosen_level``). Tells ``RoutingStatusSet`` when the shown status changed.
    """
    with transaction.atomic():
        organization = routing.lock_organization(requester.organization_id)
        agent = people.acting(requester, lock=True)
        within = working_hours.catch_up(agent)
        agent.timezone = timezone or agent.timezone
        working_hours.follow(agent, within)
        before = _attention(agent)
        shown_before = people.shown_status(agent, before)
        was_live = before is not None
        if agent.kind == Agent.Kind.HUMAN and not (reconnect or (agent.connected and was_live)):
            agent.routing_status = working_hours.status_at_login(agent)
        agent.connected = True
        kept = agent.monitoring_level if was_live else None
        agent.monitoring_level = monitoring.chosen_level(
            organization.properties, monitoring_level or kept
        )
        agent.save(update_fields=["routing_status", "timezone", "connected", "monitoring_level"])
        hold(requester.organization_id, requester.public_id, connection_id, away=away)
        shown = people.shown_status(agent, _attention(agent))
        if shown != shown_before:
            routing.tell_status(agent, shown)
    routing.settle_after_commit(requester.organization_id)
    return agent


def _attention(agent: Agent) -> bool | None:
    return _attention_of(agent.organization_id, agent.public_id)


def _attention_of(organization_id: UUID, user_id: str) -> bool | None:
    return people.attention(organization_id, [user_id]).get(user_id)


def set_away(requester: AgentRequester, connection_id: str, *, away: bool) -> None:
    """Say whether somebody looks at one of the requester's connections.

    An agent who is away on every connection does not accept chats; coming back on one of them
    brings the chosen status back. Tells ``RoutingStatusSet`` when the shown status changed.
    """
    with transaction.atomic():
        routing.lock_organization(requester.organization_id)
        agent = people.acting(requester, lock=True)
        before = _attention(agent)
        ConnectionLease.objects.filter(connection_id=connection_id).update(away=away)
        _tell_if_changed(agent, before)
    routing.settle_after_commit(requester.organization_id)


def note_page_focus(connection_id: str, *, focused: bool) -> None:
    """Note whether a customer looks at the page one of their connections belongs to."""
    ConnectionLease.objects.filter(connection_id=connection_id).update(away=not focused)


def _tell_if_changed(agent: Agent, before: bool | None) -> None:
    """Tell the agent's shown status if it is another than with the attention of ``before``."""
    shown = people.shown_status(agent, _attention(agent))
    if shown != people.shown_status(agent, before):
        routing.tell_status(agent, shown)


def agent_logged_out(requester: AgentRequester, connection_id: str) -> None:
    """End one session; with the last one the agent's chats are handed on (``signed_out``).

    Those of the others that are left may all be away. Tells ``RoutingStatusSet`` when the shown
    status changed.
    """
    with transaction.atomic():
        organization = routing.lock_organization(requester.organization_id)
        agent = people.acting(requester, lock=True)
        before = _attention(agent)
        ConnectionLease.objects.filter(connection_id=connection_id).delete()
        others = ConnectionLease.objects.filter(
            organization=organization, user_id=requester.public_id, expires_at__gt=clock.now()
        ).exclude(process="")
        if others.exists():
            _tell_if_changed(agent, before)
            routing.settle_after_commit(requester.organization_id)
            return
        ConnectionLease.objects.filter(
            organization=organization, user_id=requester.public_id
        ).delete()
        _gone(organization, agent, "signed_out")
    routing.settle_after_commit(requester.organization_id)


def _gone(organization: Organization, agent: Agent, reason: str) -> None:
    _note_gone(agent)
    if agent.kind == Agent.Kind.HUMAN:
        routing.tell_status(agent, RoutingStatus.OFFLINE)
        routing.release_agent(organization, agent, reason)


def _note_gone(agent: Agent) -> None:
    agent.connected = False
    agent.last_logout_at = clock.now()
    agent.save(update_fields=["connected", "last_logout_at"])


def log_out_agent(requester: AgentRequester, agent_id: str | None) -> None:
    """End every live connection of an agent: oneself, or another for administrators
    (protocol.md 9.1). Browsers stay signed in (``staff_sessions.end_all``).

    Raise :class:`Authorization` otherwise. Tells ``SessionsEnded``.
    """
    wanted = agent_id or requester.public_id
    if wanted != requester.public_id and requester.role == "normal":
        raise Authorization("Only administrators can log out other agents")
    with transaction.atomic():
        organization = routing.lock_organization(requester.organization_id)
        found = people.agent_by_public_id(requester.organization_id, wanted)
        agent = Agent.objects.select_for_update().get(id=found.id)
        if wanted != requester.public_id:
            audit.record(organization.pk, "logout", "agent", wanted)
        _end_connections(organization, agent, "agent_logged_out_remotely")
        if agent.connected:
            _gone(organization, agent, "remotely_signed_out")
    routing.settle_after_commit(requester.organization_id)


def end_sessions(organization: Organization, agent: Agent, *, reason: str, because: str) -> None:
    """End every session of a locked agent or bot, who may not work any more; others get the chats.

    ``reason`` is what clients are told (protocol.md 3.5), ``because`` the routing reason
    (``suspended``, ``deleted``). The organisation is locked; the caller settles.
    """
    _end_connections(organization, agent, reason)
    if agent.kind == Agent.Kind.BOT:
        routing.set_status(agent, RoutingStatus.OFFLINE)
    elif agent.connected:
        _note_gone(agent)
        routing.tell_status(agent, RoutingStatus.OFFLINE)
    routing.release_agent(organization, agent, because)


def _end_connections(organization: Organization, agent: Agent, reason: str) -> None:
    ConnectionLease.objects.filter(organization=organization, user_id=agent.public_id).delete()
    tell(
        SessionsEnded(organization_id=str(organization.id), user_id=agent.public_id, reason=reason)
    )


def set_routing_status(requester: AgentRequester, status: str, agent_id: str | None) -> None:
    """Choose a status for the session, for oneself or another agent or bot.

    Raise :class:`Authorization` without the scope for others, :class:`Validation` for ``offline``
    of a human, :class:`RequesterAlreadyOffline` or :class:`AgentOffline` without a live session.
    A bot that goes offline leaves its chats to others. Tells ``RoutingStatusSet``.
    """
    wanted = agent_id or requester.public_id
    with transaction.atomic():
        organization = routing.lock_organization(requester.organization_id)
        found = people.agent_by_public_id(requester.organization_id, wanted)
        agent = Agent.objects.select_for_update().get(id=found.id)
        _check_status_change(requester, agent, status)
        working_hours.catch_up(agent)
        leaves = status == RoutingStatus.OFFLINE != agent.routing_status
        if wanted != requester.public_id:
            _log_status(agent, status)
        routing.set_status(agent, status)
        if leaves:
            routing.release_agent(organization, agent, "signed_out")
    routing.settle_after_commit(requester.organization_id)


def _log_status(agent: Agent, status: str) -> None:
    """Log that somebody gives another agent, or a bot, a status."""
    audit.record(
        agent.organization_id,
        "set_routing_status",
        "bot" if agent.kind == Agent.Kind.BOT else "agent",
        agent.public_id,
        before={"status": agent.routing_status},
        after={"status": status},
    )


def _check_status_change(requester: AgentRequester, agent: Agent, status: str) -> None:
    oneself = agent.id == requester.agent_id
    if agent.kind == Agent.Kind.BOT:
        _check_bot(requester, Bot.objects.select_related("owner").get(agent=agent))
        return
    if oneself and not requester.has_scope("agents--my:rw"):
        raise Authorization("the token lacks the scope agents--my:rw")
    if not oneself and not requester.has_scope("agents--all:rw"):
        raise Authorization("Only administrators can change other agents' status")
    if status == RoutingStatus.OFFLINE:
        raise Validation("Only bots can be set `offline`")
    if _attention(agent) is None:
        raise RequesterAlreadyOffline if oneself else AgentOffline


def _check_bot(requester: AgentRequester, bot: Bot) -> None:
    """Raise :class:`Authorization` for somebody else's bot; an AI agent is its owner's alone."""
    own = bot_selectors.owns(requester, bot) and requester.has_scope("agents-bot--my:rw")
    if bot.type == AI_AGENT:
        permitted = own and requester.client_id != ""
    else:
        permitted = own or requester.has_scope("agents-bot--all:rw")
    if permitted:
        return
    raise Authorization("the bot belongs to another application")


def end_expired_leases() -> None:
    """Act on leases that ran out: hand on the chats of lost agents, end the visits of customers.

    Safe with several workers at once; at most ``SWEEP_AT_MOST`` leases a call. A lease goes in the
    transaction that acts on it, so that whatever fails is done by the next call.
    """
    expired = ConnectionLease.objects.filter(expires_at__lte=clock.now()).order_by("expires_at")
    users = expired.values_list("organization_id", "user_id")[:SWEEP_AT_MOST]
    for organization_id, user_id in dict.fromkeys(users):
        try:
            _end_expired(organization_id, user_id)
        except Exception:
            log.exception("a lost connection was not dealt with", user_id=user_id)


def _end_expired(organization_id: UUID, user_id: str) -> None:
    """End the expired leases of one user, unless another worker is at them.

    Who is a customer is locked before their leases are looked at: a login may be under way.
    """
    with transaction.atomic():
        organization = routing.lock_organization(organization_id)
        agents = Agent.objects.select_for_update()
        agent = agents.filter(organization=organization, public_id=user_id).first()
        customer = None if agent is not None else _locked_customer(user_id)
        leases = ConnectionLease.objects.filter(organization=organization, user_id=user_id)
        expired = list(
            leases.filter(expires_at__lte=clock.now()).select_for_update(skip_locked=True)
        )
        leases.filter(connection_id__in=[lease.connection_id for lease in expired]).delete()
        if not expired:
            return
        left = _attention_of(organization_id, user_id)
        if left is None and customer is not None:
            customer_left(customer)
        if agent is None:
            return
        if left is not None:
            _tell_if_changed(agent, left or any(not lease.away for lease in expired))
        elif agent.connected:
            _gone(organization, agent, "disconnected")
    routing.settle(organization_id)


def _locked_customer(customer_id: str) -> Customer | None:
    try:
        key = UUID(customer_id)
    except ValueError:
        return None  # the lease of an agent who is no more
    return Customer.objects.select_for_update(no_key=True).filter(id=key).first()


def customer_left(customer: Customer, about: Record | None = None) -> None:
    """End the visit of a locked customer who has no connection any more, and what lasts as long.

    Session fields go with it (protocol.md 2.8). Tells ``CustomerLeft`` of customers who were
    online, to those in ``about`` (``monitoring.audience_of``) where that is given.
    """
    now = clock.now()
    if customer.last_visit_id is not None:
        Visit.objects.filter(id=customer.last_visit_id, ended_at__isnull=True).update(ended_at=now)
    if customer.online_since is None:
        return
    about = about or monitoring_selectors.audience_of(customer)
    greetings.end_with_visit(customer)
    customer.online_since = None
    customer.last_seen_at = now
    customer.session_fields = []
    customer.save(update_fields=["online_since", "last_seen_at", "session_fields"])
    tell(CustomerLeft(**about, left_at=clock.to_wire(now)))
