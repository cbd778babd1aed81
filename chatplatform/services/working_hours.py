"""Working hours at work: agents and bots accept chats while theirs last (protocol.md 6.1).

Each agent with working hours knows when they next begin or end (``Agent.hours_change_at``), and an
index leads to those whose moment has come: nothing looks through all agents. A moment is passed
under the organisation's lock, so that several workers, logins and choices by hand pass it once.
"""

from __future__ import annotations

from uuid import UUID

import structlog
from django.db import transaction

from chatplatform import clock
from chatplatform.domain_events import caused_by
from chatplatform.models import Agent
from chatplatform.models.people import RoutingStatus
from chatplatform.services import routing
from chatplatform.working_hours import Situation, situation

log = structlog.get_logger(__name__)

AT_ONCE = 200
"""How many agents one call switches; the next call goes on."""


def switch_due() -> None:
    """Switch agents and bots whose working hours began or ended, then settle their organisations.

    Safe with several workers. Whoever was due long ago is switched once, to what holds now. A
    failure with one agent keeps no other waiting.
    """
    due = Agent.objects.filter(hours_change_at__lte=clock.now()).order_by("hours_change_at")
    switched: set[UUID] = set()
    for organization_id, agent_pk in list(due.values_list("organization_id", "pk")[:AT_ONCE]):
        try:
            _switch_due(organization_id, agent_pk)
            switched.add(organization_id)
        except Exception:
            log.exception("working hours were not followed", agent=agent_pk)
    for organization_id in switched:
        try:
            routing.settle(organization_id)
        except Exception:
            log.exception("an organisation was not settled", organization=str(organization_id))


def _switch_due(organization_id: UUID, agent_pk: int) -> None:
    with transaction.atomic():
        routing.lock_organization(organization_id)
        agent = Agent.objects.select_for_update().filter(pk=agent_pk).first()
        if agent is not None:
            catch_up(agent)


def next_change(agent: Agent) -> None:
    """Note in a new agent, whom the caller saves, when their working hours begin or end."""
    now = _situation(agent)
    agent.hours_change_at = now.changes_at if now else None


def catch_up(agent: Agent) -> bool | None:
    """Let beginnings and ends of an agent's hours that have passed take effect, if none has yet.

    To be called before anything else decides about the status; the organisation is locked, the
    caller settles. Return whether it is working time for the agent, None without working hours.
    """
    now = _situation(agent)
    if agent.hours_change_at is not None and agent.hours_change_at <= clock.now():
        _note(agent, now)
        _switch(agent, now)
    return now.within if now else None


def follow(agent: Agent, within: bool | None) -> None:
    """Let other hours, or another time zone, of an agent take effect who has them by now.

    ``within`` is what :func:`catch_up` answered before. Whether somebody accepts chats changes only
    if the new hours say something else about now: what was chosen by hand lasts otherwise. The
    organisation is locked; the caller settles.
    """
    now = _situation(agent)
    _note(agent, now)
    if now is not None and now.within is not within:
        _switch(agent, now)


def status_at_login(agent: Agent) -> str:
    """Return what an agent's first session starts with: outside working hours no chats."""
    now = _situation(agent)
    if now is not None and not now.within:
        return RoutingStatus.NOT_ACCEPTING
    return agent.login_status


def _situation(agent: Agent) -> Situation | None:
    return situation(agent.work_scheduler, agent.timezone, clock.now())


def _note(agent: Agent, now: Situation | None) -> None:
    changes_at = now.changes_at if now else None
    if agent.hours_change_at != changes_at:
        agent.hours_change_at = changes_at
        agent.save(update_fields=["hours_change_at"])


@caused_by(None)
def _switch(agent: Agent, now: Situation | None) -> None:
    """Set the status that goes with the hours, as the system's own doing.

    It is stored of agents without a connection, too: who reconnects finds it. A bot that is
    offline is not called back by the end of its hours.
    """
    if now is None or agent.suspended or agent.awaiting_approval:
        return
    if now.within:
        routing.set_status(agent, RoutingStatus.ACCEPTING)
    elif agent.routing_status != RoutingStatus.OFFLINE:
        routing.set_status(agent, RoutingStatus.NOT_ACCEPTING)
