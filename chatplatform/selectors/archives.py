"""Reading the archives: threads of all chats, found by what they are and what was said in them.

Texts, and facts about events, are found as of when the worker last read the thread; everything
else is always fresh. Only threads are found that the requester may see (:func:`accessible`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Lower

from chatplatform.models import (
    ArchiveEntry,
    ArchiveFact,
    Chat,
    Customer,
    ReachedGoal,
    ShownGreeting,
    Thread,
)
from chatplatform.records import Record, chat_record, thread_record
from chatplatform.requester import AgentRequester
from chatplatform.selectors import people, queue
from chatplatform.selectors.chats import COUNT_AT_MOST, events_of, is_followed
from chatplatform.selectors.groups import group_numbers_of
from chatplatform.selectors.properties import Condition, definitions_of, narrowed_by
from chatplatform.words import Query

Position = tuple[datetime, str]
"""Where a list stands: a thread's creation and id."""
_NOTHING = Q(pk__in=[])
RARE = 500
"""Threads that may be found by a text one by one."""


# --- what is looked for -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Among:
    """What something must be: there or not, among some values, or not among them; all at once.

    ``every``: all of the values must hold (or must not hold together). With nothing given it
    does not narrow.
    """

    exists: bool | None = None
    values: tuple[Any, ...] | None = None
    exclude_values: tuple[Any, ...] | None = None
    every: bool = False


@dataclass(frozen=True, slots=True)
class When:
    """Bounds on when something happened, both included; and the groups it happened in."""

    begin: datetime | None = None
    end: datetime | None = None
    group_ids: tuple[int, ...] | None = None
    exclude_group_ids: tuple[int, ...] | None = None

    def moments(self, column: str) -> dict[str, datetime]:
        """Return the bounds as lookups of ``column``."""
        bounds = {f"{column}__gte": self.begin, f"{column}__lte": self.end}
        return {lookup: moment for lookup, moment in bounds.items() if moment is not None}


@dataclass(frozen=True, slots=True)
class FormFilter:
    """A form that was filled in, and by which answers."""

    kind: Literal["pre_chat", "post_chat"] | None = None
    answers: Among = field(default_factory=Among)
    when: When = field(default_factory=When)


@dataclass(frozen=True, slots=True)
class ResponseFilter:
    """An agent's response; ``first`` looks at the first one of the thread only."""

    first: bool = False
    agents: Among = field(default_factory=Among)
    when: When = field(default_factory=When)


@dataclass(frozen=True, slots=True)
class ArchiveFilter:
    """What the archives are narrowed to; everything given must hold."""

    query: Query | None = None
    created: When = field(default_factory=When)
    chat_ids: tuple[str, ...] | None = None
    thread_ids: tuple[str, ...] | None = None
    group_ids: tuple[int, ...] | None = None
    properties: tuple[Condition, ...] = ()
    agents: Among = field(default_factory=Among)
    tags: Among = field(default_factory=Among)
    sales: Among = field(default_factory=Among)
    goals: Among = field(default_factory=Among)
    customer_countries: Among = field(default_factory=Among)
    event_types: Among = field(default_factory=Among)
    forms: tuple[FormFilter, ...] = ()
    greetings: Among | None = None
    greetings_when: When = field(default_factory=When)
    agent_response: ResponseFilter | None = None
    all_agent_types: tuple[str, ...] = ()
    any_agent_types: tuple[str, ...] = ()
    no_agent_types: tuple[str, ...] = ()
    customer_id: str | None = None
    customer_email: str | None = None


def organization_term(license_id: int, term: str) -> str:
    """Return ``term`` as one organisation's own, so that no search reads another's words."""
    return f"{license_id}x{term}"


# --- lists ------------------------------------------------------------------------------------


def accessible(requester: AgentRequester) -> Q:
    """Return the filter for threads the agent may find.

    All of them with the scope for all chats; otherwise those of the agent's groups, and those
    they took part in (protocol.md 4.5).
    """
    if requester.has_scope("chats--all:ro"):
        return Q()
    numbers = sorted(group_numbers_of(requester.agent_id))
    return Q(group_ids__holds_any=numbers) | Q(user_ids__holds_any=[requester.public_id])


def threads_beyond(
    found: QuerySet[Thread],
    *,
    ascending: bool,
    limit: int,
    position: Position | None = None,
) -> list[Thread]:
    """Return up to ``limit`` threads by creation, beyond ``position``, with their chats."""
    rows = found.select_related("chat")
    if position is not None:
        moment, thread_id = position
        side = "gt" if ascending else "lt"
        rows = rows.filter(
            Q(**{f"created_at__{side}": moment}) | Q(**{f"id__{side}": thread_id}),
            **{f"created_at__{side}e": moment},
        )
    direction = "" if ascending else "-"
    return list(rows.order_by(f"{direction}created_at", f"{direction}id")[:limit])


def count_threads(found: QuerySet[Thread]) -> int:
    """Return how many threads are found, or ``COUNT_AT_MOST`` when there are more."""
    return found[:COUNT_AT_MOST].count()


def found(requester: AgentRequester, wanted: ArchiveFilter) -> QuerySet[Thread]:
    """Return the threads ``requester`` may find, narrowed to what is wanted; to be read in parts.

    One read, where a text is wanted.
    """
    organization_id = requester.organization_id
    narrowed = (
        accessible(requester)
        & _by_row(organization_id, wanted)
        & _by_facts(organization_id, wanted)
        & _by_text(requester, wanted.query)
    )
    return Thread.objects.filter(narrowed, organization_id=organization_id)


def _by_text(requester: AgentRequester, query: Query | None) -> Q:
    """Return the filter for a text. Rare ones are looked up at once.

    Planners know little of how rare words are: left to themselves they would walk through all
    threads, newest first, to find ten that hold a word which is hardly ever said.
    """
    if query is None:
        return Q()
    if not query:
        return _NOTHING
    own = [
        [organization_term(requester.license_id, term) for term in terms]
        for terms in (query.whole, query.beginnings)
    ]
    entries = ArchiveEntry.objects.filter(
        organization_id=requester.organization_id, terms__matches=own
    )
    thread_ids = list(entries.values_list("thread_id", flat=True)[: RARE + 1])
    if len(thread_ids) <= RARE:
        return Q(pk__in=thread_ids)
    return Q(archive_entry__terms__matches=own)


# --- what lies on the thread and beside it ------------------------------------------------------


def _by_row(organization_id: UUID, wanted: ArchiveFilter) -> Q:
    narrowed = Q(**wanted.created.moments("created_at")) & narrowed_by(wanted.properties)
    if wanted.chat_ids is not None:
        narrowed &= Q(chat_id__in=wanted.chat_ids)
    if wanted.thread_ids is not None:
        narrowed &= Q(pk__in=wanted.thread_ids)
    if wanted.group_ids:
        narrowed &= Q(group_ids__holds_any=wanted.group_ids)
    narrowed &= _met(wanted.tags, lambda tags: Q(tags__holds_any=tags), ~Q(tags=[]))
    assigned = _fact(organization_id, "agent_type")
    narrowed &= _met(wanted.agents, lambda agents: Q(user_ids__holds_any=agents), assigned)
    return narrowed & _by_customer(organization_id, wanted)


def _by_customer(organization_id: UUID, wanted: ArchiveFilter) -> Q:
    narrowed = Q()
    if wanted.customer_id is not None:
        try:
            narrowed &= Q(chat__customer_id=UUID(wanted.customer_id))
        except ValueError:
            return _NOTHING
    if wanted.customer_email is not None:
        customers = Customer.objects.alias(mail=Lower("email")).filter(
            organization_id=organization_id, mail=wanted.customer_email.strip().lower()
        )
        chats = Chat.objects.filter(customer__in=customers).values("id")
        narrowed &= Q(chat_id__in=chats)
    return narrowed


def _met(among: Among, holds: Callable[[list[Any]], Q], any_at_all: Q) -> Q:
    """Return the filter for ``among``; ``holds`` makes the one for holding any of some values."""
    narrowed = Q()
    if among.exists is not None:
        narrowed &= any_at_all if among.exists else ~any_at_all
    if among.values is not None:
        narrowed &= _held(among.values, holds, every=among.every)
    if among.exclude_values:
        narrowed &= ~_held(among.exclude_values, holds, every=among.every)
    return narrowed


def _held(values: Sequence[Any], holds: Callable[[list[Any]], Q], *, every: bool) -> Q:
    if not values:
        return _NOTHING
    if not every:
        return holds(list(values))
    narrowed = Q()
    for value in dict.fromkeys(values):
        narrowed &= holds([value])
    return narrowed


# --- what happened ------------------------------------------------------------------------------


def _by_facts(organization_id: UUID, wanted: ArchiveFilter) -> Q:
    def holding(kind: str) -> Callable[[list[Any]], Q]:
        return lambda values: _fact(organization_id, kind, values)

    any_event = _fact(organization_id, "event_type")
    any_country = _fact(organization_id, "country")
    narrowed = _met(wanted.event_types, holding("event_type"), any_event)
    narrowed &= _met(wanted.customer_countries, holding("country"), any_country)
    for kind in wanted.all_agent_types:
        narrowed &= _fact(organization_id, "agent_type", [kind])
    if wanted.any_agent_types:
        narrowed &= _fact(organization_id, "agent_type", wanted.any_agent_types)
    if wanted.no_agent_types:
        narrowed &= ~_fact(organization_id, "agent_type", wanted.no_agent_types)
    for form in wanted.forms:
        narrowed &= _form(organization_id, form)
    if wanted.agent_response is not None:
        narrowed &= _response(organization_id, wanted.agent_response)
    if wanted.greetings is not None:
        narrowed &= _greeting(wanted.greetings, wanted.greetings_when)
    reached = ReachedGoal.objects.filter(thread=OuterRef("pk"))
    narrowed &= _met(
        wanted.goals,
        lambda goals: Q(Exists(reached.filter(goal_id__in=goals))),
        Q(Exists(reached)),
    )
    return narrowed & _sale(organization_id, wanted.sales)


def _fact(
    organization_id: UUID,
    kind: str,
    values: Sequence[str] | None = None,
    when: When | None = None,
) -> Q:
    facts = ArchiveFact.objects.filter(
        organization_id=organization_id, kind=kind, thread=OuterRef("pk")
    )
    if values is not None:
        facts = facts.filter(value__in=values)
    if when is not None:
        facts = facts.filter(**when.moments("happened_at"))
    return Q(Exists(facts))


def _form(organization_id: UUID, form: FormFilter) -> Q:
    narrowed = _in_groups(form.when)
    kinds = [form.kind] if form.kind else ["pre_chat", "post_chat"]

    def holds(answers: list[Any] | None) -> Q:
        found = Q()
        for kind in kinds:
            found |= _fact(organization_id, kind, answers, form.when)
        return found

    if form.answers == Among():
        return narrowed & holds([""])
    return narrowed & _met(form.answers, holds, holds([""]))


def _response(organization_id: UUID, response: ResponseFilter) -> Q:
    kind = "first_response" if response.first else "response"

    def holds(agents: list[Any] | None) -> Q:
        return _fact(organization_id, kind, agents, response.when)

    narrowed = _in_groups(response.when)
    if response.agents == Among():
        return narrowed & holds(None)
    return narrowed & _met(response.agents, holds, holds(None))


def _in_groups(when: When) -> Q:
    narrowed = Q()
    if when.group_ids is not None:
        narrowed &= Q(group_ids__holds_any=when.group_ids)
    if when.exclude_group_ids:
        narrowed &= ~Q(group_ids__holds_any=when.exclude_group_ids)
    return narrowed


def _greeting(among: Among, when: When) -> Q:
    accepted = ShownGreeting.objects.filter(thread=OuterRef("pk"), **when.moments("accepted_at"))
    if when.group_ids is not None:
        accepted = accepted.filter(greeting__group__number__in=when.group_ids)
    if when.exclude_group_ids:
        accepted = accepted.exclude(greeting__group__number__in=when.exclude_group_ids)
    if among == Among():
        return Q(Exists(accepted))
    return _met(
        among,
        lambda greetings: Q(Exists(accepted.filter(greeting_id__in=greetings))),
        Q(Exists(accepted)),
    )


def _sale(organization_id: UUID, among: Among) -> Q:
    """Return the filter for sales. They are known by thread properties only, never by an id."""
    direct, indirect = (
        narrowed_by([Condition("ecommerce", name, "values", (True,))])
        for name in ("has_sale", "has_indirect_sale")
    )
    sold = Thread.objects.filter(direct | indirect, organization_id=organization_id)
    return _met(among, lambda ids: _NOTHING, Q(pk__in=sold.values("pk")))


# --- what is shown ------------------------------------------------------------------------------


def archive_records(threads: Sequence[Thread], reader: AgentRequester) -> list[Record]:
    """Return a chat record with its thread for each of ``threads``, which hold their chats.

    A constant number of reads, however many threads. Those deleted since they were read are left
    out.
    """
    neighbours = _neighbours(threads, reader)
    threads = [thread for thread in threads if thread.id in neighbours]
    chats = [thread.chat for thread in threads]
    users = people.users_of(chats)
    events = events_of(threads, reader=reader)
    waits = any(thread.queued_at for thread in threads)
    per_place = queue.wait_per_place(reader.organization_id) if waits else 0
    definitions = definitions_of([*chats, *threads])
    records = []
    for thread in threads:
        beside = neighbours[thread.id]
        shown = thread_record(
            thread,
            events[thread.id],
            neighbours=(beside["previous"], beside["next"]),
            wait_time=per_place * (thread.queue_position or 1),
            definitions=definitions,
        )
        for side in ("previous", "next"):
            if beside[f"{side}_accessible"]:
                shown[f"{side}_accessible_thread_id"] = beside[f"{side}_accessible"]
        records.append(
            chat_record(
                thread.chat,
                users[thread.chat_id],
                shown,
                followed=is_followed(thread.chat, reader.public_id),
                definitions=definitions,
            )
        )
    return records


def _neighbours(threads: Sequence[Thread], reader: AgentRequester) -> dict[str, dict[str, str]]:
    """Return ids of the threads beside each: the next to it, and the nearest the reader may find.

    ``{thread id: {previous, next, previous_accessible, next_accessible}}``, empty where there is
    none. One read.
    """
    all_of_chat = Thread.objects.filter(chat=OuterRef("chat"))
    mine = all_of_chat.filter(accessible(reader))

    def nearest(rows: QuerySet[Thread], side: str, order: str) -> Subquery:
        beyond = rows.filter(**{f"number__{side}": OuterRef("number")})
        return Subquery(beyond.order_by(order).values("id")[:1])

    beside = {
        "previous": nearest(all_of_chat, "lt", "-number"),
        "next": nearest(all_of_chat, "gt", "number"),
        "previous_accessible": nearest(mine, "lt", "-number"),
        "next_accessible": nearest(mine, "gt", "number"),
    }
    rows = Thread.objects.filter(id__in=[thread.id for thread in threads])
    return {
        thread_id: {side: near or "" for side, near in zip(beside, nearby, strict=True)}
        for thread_id, *nearby in rows.annotate(**beside).values_list("id", *beside)
    }


def highlighted(records: list[Record], query: Query, before: str, after: str) -> None:
    """Put ``before`` and ``after`` around what ``query`` finds in the events of archive records."""
    for record in records:
        for event in record["thread"].get("events") or ():
            _highlight(event, lambda text: query.highlight(text, before, after))


def _highlight(event: Record, mark: Callable[[str], str]) -> None:
    if event["type"] == "message":
        _mark_fields(event, ("text",), mark)
    elif event["type"] == "file":
        _mark_fields(event, ("name",), mark)
    elif event["type"] == "rich_message":
        elements = [dict(element) for element in event.get("elements") or ()]
        for element in elements:
            _mark_fields(element, ("title", "subtitle"), mark)
        if elements:
            event["elements"] = elements
    elif event["type"] == "filled_form":
        fields = [dict(one) for one in event.get("fields") or ()]
        for one in fields:
            _mark_answers(one, mark)
        if fields:
            event["fields"] = fields


def _mark_fields(record: Record, names: Sequence[str], mark: Callable[[str], str]) -> None:
    for name in names:
        if isinstance(record.get(name), str):
            record[name] = mark(record[name])


def _mark_answers(field: Record, mark: Callable[[str], str]) -> None:
    """Mark what was answered: words, or the labels of what was chosen."""
    _mark_fields(field, ("answer",), mark)
    if isinstance(field.get("answer"), dict):
        field["answer"] = _marked_choice(field["answer"], mark)
    if field.get("answers"):
        field["answers"] = [_marked_choice(one, mark) for one in field["answers"]]


def _marked_choice(choice: Record, mark: Callable[[str], str]) -> Record:
    marked = dict(choice)
    _mark_fields(marked, ("label",), mark)
    return marked
