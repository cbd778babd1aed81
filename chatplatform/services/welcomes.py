"""Welcome messages: what a group says to a customer who opens the chat (protocol.md 2.8)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from django.db import transaction

from chatplatform import clock
from chatplatform.domain_events import tell
from chatplatform.domain_events.greetings import WelcomeMessageSent
from chatplatform.errors import NotFound, Validation
from chatplatform.models import (
    Agent,
    Customer,
    Group,
    Organization,
    RequestedWelcome,
    WelcomeMessage,
)
from chatplatform.phrases import WELCOME
from chatplatform.selectors import groups
from chatplatform.selectors.translations import phrases_in_force
from chatplatform.services import audit, routing
from chatplatform.services.customer_rows import locked
from chatplatform.services.events import Draft

MAX_TEXT = 4096


@dataclass(frozen=True, slots=True)
class Welcome:
    """Who would answer now, whether one would wait for them, and the message's id."""

    id: str
    agent: Agent
    queue: bool


def set_welcome_message(organization: Organization, group_number: int, text: str) -> None:
    """Let a group welcome customers in its own words; with empty ones it says nothing.

    Raise :class:`GroupNotFound` and :class:`Validation`.
    """
    if len(text) > MAX_TEXT:
        raise Validation(f"a welcome message has at most {MAX_TEXT} characters")
    with transaction.atomic():
        routing.lock_organization(organization.pk)
        group = groups.access_group(organization, group_number)
        known = WelcomeMessage.objects.filter(group=group).first()
        WelcomeMessage.objects.update_or_create(group=group, defaults={"text": text})
        audit.record(
            organization.pk,
            "update_welcome_message",
            "welcome_message",
            group_number,
            before={"text": known.text} if known is not None else None,
            after={"text": text},
        )


def request_welcome_message(
    customer_id: UUID, *, welcome_id: str | None, group_number: int | None
) -> Welcome:
    """Welcome a customer in the name of whoever would answer them, and keep what was said.

    Only the newest one is kept: naming it again, in the same group, repeats its words; any other
    id gets a new message. Without ``group_number``: the customer's own group. Raise
    :class:`GroupNotFound`, ``GroupOffline``, ``GroupUnavailable``. Tells ``WelcomeMessageSent``
    unless the group says nothing.
    """
    with transaction.atomic():
        customer = locked(customer_id)
        number = customer.group_number if group_number is None else group_number
        group = groups.access_group(customer.organization, number)
        agent, queue = routing.predict_agent(customer.organization_id, group.number)
        welcome = _repeated(customer, welcome_id, group) or _said_newly(customer, group, agent)
        if welcome.text:
            _tell(customer, welcome, agent)
    return Welcome(str(welcome.public_id), agent, queue)


def _repeated(customer: Customer, welcome_id: str | None, group: Group) -> RequestedWelcome | None:
    known = RequestedWelcome.objects.filter(customer=customer, group_number=group.number).first()
    return known if known is not None and str(known.public_id) == welcome_id else None


def _said_newly(customer: Customer, group: Group, agent: Agent) -> RequestedWelcome:
    welcome, _ = RequestedWelcome.objects.update_or_create(
        customer=customer,
        defaults={
            "public_id": uuid4(),
            "group_number": group.number,
            "agent_id": agent.public_id,
            "text": phrases_in_force(group, group.language_code)[WELCOME],
            "created_at": clock.now(),
        },
    )
    return welcome


def _tell(customer: Customer, welcome: RequestedWelcome, agent: Agent) -> None:
    tell(
        WelcomeMessageSent(
            organization_id=str(customer.organization_id),
            customer_id=str(customer.id),
            welcome_id=str(welcome.public_id),
            event={
                "created_at": clock.to_wire(welcome.created_at),
                "type": "message",
                "text": welcome.text,
                "author_id": agent.customer_facing_id,
            },
        )
    )


def answered(customer: Customer, welcome_id: str) -> Draft | None:
    """Return what was said in the welcome message a starting thread answers, if it said anything.

    Raise :class:`NotFound` when the customer was not welcomed so.
    """
    welcome = RequestedWelcome.objects.filter(customer=customer).first()
    if welcome is None or str(welcome.public_id) != welcome_id:
        raise NotFound("Welcome message not found")
    if not welcome.text:
        return None
    mark = {
        "lc2": {"welcome_message": True},
        "chats": {"welcome_message_source": "welcome_phrase"},
    }
    return Draft(
        type="message",
        content={"text": welcome.text},
        author_id=welcome.agent_id,
        properties=mark,
    )
