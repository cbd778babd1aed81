"""What is known of agents beside their configuration: what they do now, and what hangs on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import Max

from chatplatform import clock
from chatplatform.models import (
    AccessToken,
    Agent,
    CannedResponse,
    GroupMember,
    PersonalAccessToken,
    StaffSession,
    UnsuspensionRequest,
)
from chatplatform.models.people import AgentRole
from chatplatform.requester import AgentRequester
from chatplatform.selectors import people, slots

SECOND_FACTORS: Final = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""What makes a sign-in safe; recovery codes only stand in for one of them."""


@dataclass(frozen=True, slots=True)
class Seat:
    """An agent at a glance. ``groups`` are names with priorities, by number, General left out."""

    status: str
    running_chats: int
    second_factor: bool
    last_seen_at: datetime | None
    groups: tuple[tuple[str, str], ...]
    asked_at: datetime | None
    """When they asked to be let work again, being suspended."""


def seats(agents: Iterable[Agent]) -> dict[int, Seat]:
    """Return agents and bots at a glance, by their keys; of any organisations.

    Four reads, and two for each organisation.
    """
    rows = list(agents)
    accounts = [agent.account_id for agent in rows if agent.account_id]
    safe = set(
        Authenticator.objects.filter(user_id__in=accounts, type__in=SECOND_FACTORS).values_list(
            "user_id", flat=True
        )
    )
    browsed = dict(
        StaffSession.objects.filter(account_id__in=accounts)
        .values_list("account_id")
        .annotate(at=Max("last_seen_at"))
    )
    asked = dict(
        UnsuspensionRequest.objects.filter(agent__in=rows).values_list("agent_id", "asked_at")
    )
    places = _places(rows)
    attentive, running = _at_work(rows)
    return {
        agent.pk: Seat(
            status=people.shown_status(agent, attentive.get(agent.pk)),
            running_chats=running.get(agent.pk, 0),
            second_factor=agent.account_id in safe,
            last_seen_at=_latest(browsed.get(agent.account_id), agent.last_logout_at),
            groups=tuple(places.get(agent.pk, ())),
            asked_at=asked.get(agent.pk),
        )
        for agent in rows
    }


def _at_work(rows: list[Agent]) -> tuple[dict[int, bool], dict[int, int]]:
    """Return who is connected, with whether they look, and how many chats agents have."""
    by_organization: dict[UUID, dict[str, int]] = {}
    for agent in rows:
        by_organization.setdefault(agent.organization_id, {})[agent.public_id] = agent.pk
    attentive: dict[int, bool] = {}
    running: dict[int, int] = {}
    for organization_id, keys in by_organization.items():
        found = people.attention(organization_id, keys)
        attentive |= {keys[public_id]: looks for public_id, looks in found.items()}
        loads = slots.running_chats(organization_id, keys)
        running |= {keys[public_id]: load for public_id, load in loads.items()}
    return attentive, running


def _places(rows: list[Agent]) -> dict[int, list[tuple[str, str]]]:
    found: dict[int, list[tuple[str, str]]] = {}
    members = GroupMember.objects.filter(agent__in=rows, group__number__gt=0)
    for key, name, priority in members.order_by("group__number").values_list(
        "agent_id", "group__name", "priority"
    ):
        found.setdefault(key, []).append((name, priority))
    return found


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)


@dataclass(frozen=True, slots=True)
class Holdings:
    """What goes with somebody's account, or ends with their sessions."""

    running_chats: int
    browsers: int
    tokens: int
    """Of applications, the workspace's own left out: those end with the browser's session."""
    personal_tokens: int
    private_responses: int


def holdings(agent: Agent) -> Holdings:
    """Return what hangs on an agent. Five reads."""
    running = slots.running_chats(agent.organization_id, [agent.public_id])
    now = clock.now()
    browsers = StaffSession.objects.filter(account=agent.account_id, expire_date__gt=now)
    tokens = AccessToken.objects.filter(user=agent.account_id, session_checksum="", expires__gt=now)
    personal = PersonalAccessToken.objects.filter(account=agent.account_id)
    private = CannedResponse.objects.filter(author=agent, is_private=True)
    return Holdings(
        running_chats=running.get(agent.public_id, 0),
        browsers=browsers.count(),
        tokens=tokens.count(),
        personal_tokens=personal.count(),
        private_responses=private.count(),
    )


def roles_to_give(by: AgentRequester) -> list[str]:
    """Return the roles ``by`` may give; there is one owner, and nobody else becomes it."""
    return [
        str(role)
        for role in AgentRole
        if role != AgentRole.OWNER and not role.stands_above(by.role)
    ]
