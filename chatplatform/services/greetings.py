"""Greetings: kept, shown when their rules hold, and what customers do with them.

Whether a greeting is due is decided with the customer's row locked, so that two processes never
show the same one twice. Rules about time need no search through all visitors: each visit knows
when time may next bring a greeting, and an index leads to those whose moment has come.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q

from chatplatform import clock, ids, limits
from chatplatform.domain_events import tell
from chatplatform.domain_events.customers import CustomerInvitedNoMore
from chatplatform.domain_events.greetings import (
    GreetingAccepted,
    GreetingCanceled,
    GreetingShown,
)
from chatplatform.errors import GreetingNotFound, LimitReached, NotFound
from chatplatform.greeting_content import MESSAGE_TEXT, Content, has_button, unpressed
from chatplatform.greeting_rules import Page, Rule, Situation, is_due, next_moment
from chatplatform.models import (
    Agent,
    Customer,
    Greeting,
    Organization,
    ShownGreeting,
    Thread,
    Visit,
)
from chatplatform.properties import Properties, merge
from chatplatform.records import Record, agent_record
from chatplatform.selectors import greetings as selectors
from chatplatform.selectors import groups, monitoring
from chatplatform.selectors.slots import choose
from chatplatform.services import audit, customer_rows, routing
from chatplatform.services.customer_rows import locked
from chatplatform.services.events import Draft

log = structlog.get_logger(__name__)

MAX_GREETINGS = 200
"""How many greetings a group can have: every page a customer opens looks at the active ones."""
MAX_BYTES = 64 * 1024
"""What a greeting may come to as JSON: a list shows a hundred."""
MAX_BYTES_OF_GROUP = 1024 * 1024
"""What all greetings of a group may come to: every page a customer opens looks at them."""
_SIZED = ("rules", "properties", "rich_message")
BATCH = 200
"""How many visits one call looks at whose moment has come."""


# --- kept -------------------------------------------------------------------------------------


def create_greeting(organization: Organization, group_number: int, values: Record) -> Greeting:
    """Keep a greeting of a group; who is on its pages already may be shown it within seconds.

    ``values`` are the fields of :class:`greeting_content.Content`; raise pydantic's
    ``ValidationError`` for others, :class:`GroupNotFound`, :class:`LimitReached`.
    """
    stored = Content.model_validate(values).stored({})
    with transaction.atomic():
        routing.lock_organization(organization.id)
        group = groups.access_group(organization, group_number)
        if Greeting.objects.filter(group=group).count() >= MAX_GREETINGS:
            raise LimitReached(f"A group can have {MAX_GREETINGS} greetings")
        greeting = Greeting(organization=organization, group=group, **stored)
        _check_size(greeting)
        greeting.save()
        _log("create_greeting", greeting, after=_configured(greeting))
        _look_again(greeting)
    return greeting


def update_greeting(organization: Organization, greeting_id: int, values: Record) -> Greeting:
    """Change the given fields; the group stays. Raise :class:`GreetingNotFound` and as above."""
    with transaction.atomic():
        routing.lock_organization(organization.id)
        greeting = selectors.access_greeting(organization.id, greeting_id)
        known = {name: getattr(greeting, name) for name in Content.model_fields}
        known["rich_message"] = greeting.rich_message or None
        before = _configured(greeting)
        stored = Content.model_validate({**known, **values}).stored(greeting.rich_message)
        for name, value in stored.items():
            setattr(greeting, name, value)
        if not values.keys().isdisjoint(_SIZED):  # one that is too large can still be switched off
            _check_size(greeting)
        greeting.save(update_fields=list(stored))
        _log("update_greeting", greeting, before=before, after=_configured(greeting))
        _look_again(greeting)
    return greeting


def _check_size(greeting: Greeting) -> None:
    """Raise :class:`LimitReached` where it, or all of its group with it, is too much."""
    others = Greeting.objects.filter(group=greeting.group).exclude(pk=greeting.pk)
    own = [getattr(greeting, name) for name in _SIZED]
    limits.check_size([own], MAX_BYTES, "a greeting")
    every = [own, *others.values_list(*_SIZED)]
    limits.check_size(every, MAX_BYTES_OF_GROUP, "a group's greetings")


def _look_again(greeting: Greeting) -> None:
    """Let whoever is on the group's pages already be greeted, too: by the worker's next look.

    Their rows are locked, so that nobody who considers an older state has the last word.
    """
    if not greeting.active:
        return
    customers = Customer.objects.filter(
        organization_id=greeting.organization_id,
        group_number=greeting.group.number,
        online_since__isnull=False,
    )
    locked = customers.select_for_update(no_key=True).order_by("id")
    visits = list(locked.values_list("last_visit_id", flat=True))
    Visit.objects.filter(id__in=visits, ended_at__isnull=True).update(greetings_due_at=clock.now())


def delete_greeting(organization: Organization, greeting_id: int) -> None:
    """Forget a greeting; what customers were shown stays. Raise :class:`GreetingNotFound`."""
    with transaction.atomic():
        routing.lock_organization(organization.id)
        greeting = selectors.access_greeting(organization.id, greeting_id)
        _log("delete_greeting", greeting, before=_configured(greeting))
        greeting.delete()


def _log(action: str, greeting: Greeting, **was_and_is: Record) -> None:
    audit.record(greeting.organization_id, action, "greeting", greeting.pk, **was_and_is)


def _configured(greeting: Greeting) -> Record:
    record = {name: getattr(greeting, name) for name in Content.model_fields}
    for name in ("active_from", "active_until"):
        record[name] = clock.to_wire(record[name]) if record[name] else None
    return {"group": greeting.group.number, **record}


# --- shown ------------------------------------------------------------------------------------


def consider(customer: Customer, visit: Visit, moment: datetime | None = None) -> None:
    """Show the first greeting whose rules hold, and note when time may bring the next.

    The customer's row is locked. Called whenever a rule's verdict may have changed. Each greeting
    is shown once a visit and none during a chat; a newer one takes the place of the older. Tells
    ``GreetingShown``, and ``GreetingCanceled`` for the one before.
    """
    now = moment or clock.now()
    waiting = _waiting(customer, visit, now)
    next_due = None
    if waiting and not selectors.is_chatting(customer.id):
        next_due = _greet(customer, visit, waiting, now)
    if visit.greetings_due_at != next_due:
        visit.greetings_due_at = next_due
        visit.save(update_fields=["greetings_due_at"])


def _greet(
    customer: Customer, visit: Visit, waiting: list[Greeting], now: datetime
) -> datetime | None:
    """Show the first greeting that is due; return when time may bring another of ``waiting``."""
    seen = _situation(customer, visit)
    rules = {
        greeting: [Rule.model_validate(rule) for rule in greeting.rules] for greeting in waiting
    }
    due = [one for one in waiting if _has_begun(one, now) and is_due(rules[one], seen, now)]
    shown = _show_first(customer, visit, due) if due else None
    moments = (_next_chance(one, rules[one], seen, now) for one in waiting if one != shown)
    return min((one for one in moments if one is not None), default=None)


def show_due() -> None:
    """Greet customers for whom time alone has made a greeting due.

    Safe with several workers: one who holds a customer's row is left to it. Bounded per call. A
    failure with one customer keeps no other waiting.
    """
    due = Visit.objects.filter(greetings_due_at__lte=clock.now()).order_by("greetings_due_at")
    for visit_id, customer_id in list(due.values_list("id", "customer_id")[:BATCH]):
        try:
            _consider_due(visit_id, customer_id)
        except Exception:
            log.exception("nobody could be greeted", visit=visit_id)


def _consider_due(visit_id: int, customer_id: UUID) -> None:
    with transaction.atomic():
        customer = (
            Customer.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(id=customer_id)
            .first()
        )
        if customer is None:
            return
        visit = Visit.objects.get(id=visit_id)
        moment = visit.greetings_due_at
        if moment is None or moment > clock.now():
            return
        if visit.ended_at is not None or customer.last_visit_id != visit.pk:
            visit.greetings_due_at = None
            visit.save(update_fields=["greetings_due_at"])
            return
        consider(customer, visit, moment)


def _waiting(customer: Customer, visit: Visit, now: datetime) -> list[Greeting]:
    """Return the greetings of the customer's group that this visit has not been shown yet."""
    greetings = Greeting.objects.filter(
        Q(active_until__isnull=True) | Q(active_until__gt=now),
        group__organization_id=customer.organization_id,
        group__number=customer.group_number,
        active=True,
    )
    return list(greetings.exclude(showings__visit=visit).order_by("id"))


def _has_begun(greeting: Greeting, now: datetime) -> bool:
    return greeting.active_from is None or greeting.active_from <= now


def _next_chance(
    greeting: Greeting, rules: Iterable[Rule], seen: Situation, now: datetime
) -> datetime | None:
    if not _has_begun(greeting, now):
        return greeting.active_from
    return next_moment(rules, seen, now)


def _situation(customer: Customer, visit: Visit) -> Situation:
    return Situation(
        started_at=visit.started_at,
        pages=[Page(page["url"], clock.from_wire(page["opened_at"])) for page in visit.last_pages],
        pages_count=visit.pages_count,
        visits_count=customer.visits_count,
        referrer=visit.referrer,
        geolocation={
            name: str(visit.geolocation[name])
            for name in ("country", "country_code", "region", "city")
            if visit.geolocation.get(name)
        },
        session_fields={
            name: value for field in customer.session_fields for name, value in field.items()
        },
    )


def _show_first(customer: Customer, visit: Visit, due: list[Greeting]) -> Greeting | None:
    """Show the first greeting that somebody can speak, and return it.

    It comes from who would answer a chat now. An invitation makes no sense while nobody accepts
    chats; an announcement does, and comes from whoever joined the group first.
    """
    answering = _who_would_answer(customer)
    for greeting in due:
        speaker = answering
        if speaker is None and greeting.type == Greeting.Type.ANNOUNCEMENT:
            members = groups.agents_with_access(customer.organization_id, [customer.group_number])
            speaker = min(members, key=lambda agent: agent.pk, default=None)
        if speaker is not None:
            _show(customer, visit, greeting, speaker)
            return greeting
    return None


def _who_would_answer(customer: Customer) -> Agent | None:
    number = customer.group_number
    slots = routing.accepting_agents(customer.organization_id)
    serving = [slot for slot in slots if slot.rank([number]) is not None]
    return (choose(serving, [number]) or serving[0]).agent if serving else None


def _show(customer: Customer, visit: Visit, greeting: Greeting, speaker: Agent) -> None:
    _end_current(customer)
    unique_id = ids.chat_id()
    first_time = not greeting.showings.filter(customer=customer).exists()
    content = _content(greeting, unique_id, speaker, first_time=first_time)
    ShownGreeting.objects.create(
        customer=customer, visit=visit, greeting=greeting, unique_id=unique_id, content=content
    )
    customer_rows.count(customer, greetings_shown_count=1)
    tell(
        GreetingShown(
            organization_id=str(customer.organization_id),
            customer_id=str(customer.id),
            greeting=content,
        )
    )
    customer_rows.tell_coming(customer)


def _content(
    greeting: Greeting, unique_id: str, agent: Agent, *, first_time: bool
) -> dict[str, Any]:
    """Return what is shown: a record whose ``agent`` is an agent record with ``is_bot``."""
    content: Record = {
        "id": greeting.pk,
        "unique_id": unique_id,
        "displayed_first_time": first_time,
        "is_exit_intent": greeting.properties.get("is_exit_intent") == "true",
        "event": {
            "id": f"{unique_id}_1",
            "created_at": clock.to_wire(clock.now()),
            "visibility": "all",
            "author_id": agent.public_id,
            **_said(greeting),
        },
        "agent": {**agent_record(agent), "is_bot": agent.kind == Agent.Kind.BOT},
    }
    if "addon" in greeting.properties:
        content["addon"] = greeting.properties["addon"]
    if greeting.type == Greeting.Type.ANNOUNCEMENT:
        content["subtype"] = "announcement"
    return content


def _said(greeting: Greeting) -> Record:
    if greeting.rich_message:
        return {"type": "rich_message", **unpressed(greeting.rich_message)}
    return {"type": "message", "text": greeting.properties[MESSAGE_TEXT]}


def _end_current(customer: Customer, *, but: ShownGreeting | None = None) -> bool:
    """Take away what the customer looks at, if anything; ``but`` ends without being told.

    Return whether it was an invitation they had not answered.
    """
    invited = False
    for shown in ShownGreeting.objects.filter(customer=customer, current=True):
        shown.current = False
        shown.save(update_fields=["current"])
        invited |= shown.accepted_at is None
        if shown != but:
            _tell_canceled(customer, shown)
    return invited


def end_with_visit(customer: Customer) -> None:
    """Let what a locked customer was shown go with their visit: nobody is left to be told."""
    ShownGreeting.objects.filter(customer=customer, current=True).update(current=False)


def _tell_invited_no_more(customer: Customer) -> None:
    (record,) = monitoring.monitored([customer])
    tell(CustomerInvitedNoMore(**monitoring.audience_of(customer), customer=record))


def _tell_canceled(customer: Customer, shown: ShownGreeting) -> None:
    tell(
        GreetingCanceled(
            organization_id=str(customer.organization_id),
            customer_id=str(customer.id),
            unique_id=shown.unique_id,
        )
    )


# --- what customers do ------------------------------------------------------------------------


def accept_greeting(customer_id: UUID, greeting_id: int, unique_id: str) -> None:
    """Note that the customer has seen what they are shown; a second time changes nothing.

    Raise :class:`GreetingNotFound`. Tells ``GreetingAccepted`` and ``CustomerInvitedNoMore``.
    """
    with transaction.atomic():
        customer = locked(customer_id)
        shown = _shown(customer, unique_id)
        if not shown.current or shown.content["id"] != greeting_id:
            raise GreetingNotFound
        if shown.accepted_at is None:
            _accept(customer, shown)
            _tell_invited_no_more(customer)


def _accept(customer: Customer, shown: ShownGreeting) -> None:
    shown.accepted_at = clock.now()
    shown.save(update_fields=["accepted_at"])
    customer_rows.count(customer, greetings_accepted_count=1)
    tell(
        GreetingAccepted(
            organization_id=str(customer.organization_id),
            customer_id=str(customer.id),
            unique_id=shown.unique_id,
        )
    )


def cancel_greeting(customer_id: UUID, unique_id: str) -> None:
    """Take a greeting away; a second time changes nothing.

    Raise :class:`GreetingNotFound`. Tells ``GreetingCanceled``, and ``CustomerInvitedNoMore``
    unless the customer had seen it.
    """
    with transaction.atomic():
        customer = locked(customer_id)
        shown = _shown(customer, unique_id)
        if shown.current:
            shown.current = False
            shown.save(update_fields=["current"])
            _tell_canceled(customer, shown)
            if shown.accepted_at is None:
                _tell_invited_no_more(customer)


def button_clicked(customer_id: UUID, unique_id: str, button_id: str) -> None:
    """Note which of a greeting's buttons were clicked.

    Raise :class:`GreetingNotFound`, and :class:`NotFound` for a button it does not have.
    """
    with transaction.atomic():
        shown = _shown(locked(customer_id), unique_id)
        if not has_button(shown.content["event"], button_id):
            raise NotFound("The greeting has no such button")
        if button_id not in shown.clicked_buttons:
            shown.clicked_buttons = [*shown.clicked_buttons, button_id]
            shown.save(update_fields=["clicked_buttons"])


def _shown(customer: Customer, unique_id: str) -> ShownGreeting:
    shown = ShownGreeting.objects.filter(customer=customer, unique_id=unique_id).first()
    if shown is None:
        raise GreetingNotFound
    return shown


def answered(customer: Customer, thread: Thread) -> Draft | None:
    """Link a stored, starting ``thread`` with the greeting it names; return what that said.

    The thread names it in its property ``lc2.greeting_unique_id`` and gets ``lc2.greeting_id``
    with it. Whatever the customer was shown is over now. The customer's row is locked. Raise
    :class:`GreetingNotFound`; tells ``GreetingAccepted``, ``GreetingCanceled`` and
    ``CustomerInvitedNoMore``.
    """
    unique_id = thread.properties.get("lc2", {}).get("greeting_unique_id")
    shown = _shown(customer, unique_id) if unique_id else None
    if _end_current(customer, but=shown):
        _tell_invited_no_more(customer)
    return _linked(customer, shown, thread) if shown is not None else None


def _linked(customer: Customer, shown: ShownGreeting, thread: Thread) -> Draft:
    if shown.accepted_at is None:
        _accept(customer, shown)
    if shown.thread_id is None:
        customer_rows.count(customer, greetings_converted_count=1)
        shown.thread = thread
        shown.save(update_fields=["thread"])
    mark: Properties = {
        "lc2": {"greeting_id": shown.content["id"], "greeting_unique_id": shown.unique_id}
    }
    thread.properties = merge(thread.properties, mark)
    thread.save(update_fields=["properties"])
    return _as_draft(shown.content["event"], mark)


def _as_draft(event: Record, properties: Properties) -> Draft:
    content = {
        name: value
        for name, value in event.items()
        if name not in ("id", "type", "created_at", "visibility", "author_id")
    }
    return Draft(
        type=event["type"], content=content, author_id=event["author_id"], properties=properties
    )
