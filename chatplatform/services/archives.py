"""Keeping the archives' index in step with the threads, behind everybody's back.

The worker calls :func:`index_due`; whoever changes what a closed thread says calls
:func:`index_again`, or :func:`forget` when nobody may find the old text any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from chatplatform import clock
from chatplatform.models import Agent, ArchiveEntry, ArchiveFact, Customer, Event, Thread
from chatplatform.models.bots import AI_AGENT, CHATBOT
from chatplatform.selectors.archives import organization_term
from chatplatform.words import terms

REFRESH_RUNNING_EVERY = timedelta(seconds=30)
"""How often at most a running thread is read again."""
AT_ONCE = 50
"""Threads read in one transaction."""
ROUNDS = 10
"""Transactions of one run."""
MAX_TERMS_BYTES = 500_000
"""Of terms kept for one thread; a ``tsvector`` holds a megabyte. The earliest words win."""

_FORM_KINDS = {"prechat": "pre_chat", "postchat": "post_chat"}
_SPOKEN = frozenset({"message", "rich_message", "file", "custom"})


def index_due() -> None:
    """Write entries of threads that changed; safe with several workers, bounded per call.

    Closed threads come whenever something was added, running ones every half minute at most.
    """
    for _ in range(ROUNDS):
        if _index_some() < AT_ONCE:
            return


def index_again(thread_id: str) -> None:
    """Have a thread read again soon, because what it says has changed."""
    # Without a condition: a worker that reads the thread now is waited for.
    Thread.objects.filter(id=thread_id).update(archived=False)


def forget(thread_id: str) -> None:
    """Let nobody find a thread by what it says until it has been read again."""
    index_again(thread_id)
    ArchiveEntry.objects.filter(thread_id=thread_id).delete()
    ArchiveFact.objects.filter(thread_id=thread_id).delete()


def _due() -> list[str]:
    """Return ids of up to :data:`AT_ONCE` threads to read: closed ones before running ones."""
    unread = Thread.objects.filter(archived=False).order_by("id").values_list("id", flat=True)
    closed = list(unread.filter(active=False)[:AT_ONCE])
    stale = Q(
        archive_entry__sequence__lt=F("chat__sequence"),
        archive_entry__indexed_at__lt=clock.now() - REFRESH_RUNNING_EVERY,
    )
    # Apart, because the question about running threads must not walk through all entries.
    running = unread.filter(Q(archive_entry__isnull=True) | stale, active=True)
    return closed + list(running[: AT_ONCE - len(closed)])


def _index_some() -> int:
    """Read up to :data:`AT_ONCE` threads; return how many there were."""
    ids = _due()
    if not ids:
        return 0
    with transaction.atomic():
        # Key updates stay possible: events of these threads can be stored meanwhile.
        locked = list(
            Thread.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
            .filter(id__in=ids, archived=False)
            .select_related("chat__customer", "organization")
            .order_by("id")
        )
        _index(locked)
        closed = [thread.id for thread in locked if not thread.active]
        Thread.objects.filter(id__in=closed).update(archived=True)
    return len(ids)


def _index(threads: Sequence[Thread]) -> None:
    """Write what is found in locked threads. A constant number of reads and writes."""
    agent_types = _agent_types(threads)
    facts = {thread.id: _Facts(thread, agent_types) for thread in threads}
    found = {thread.id: _Terms(thread) for thread in threads}
    events = Event.objects.filter(thread__in=threads, deleted=False)
    for event in events.order_by("thread_id", "position").iterator(chunk_size=500):
        facts[event.thread_id].note(event)
        found[event.thread_id].add(texts(event.type, event.content))
    ArchiveEntry.objects.bulk_create(
        [
            ArchiveEntry(
                organization_id=thread.organization_id,
                thread=thread,
                sequence=thread.chat.sequence,
                terms=" ".join(found[thread.id].terms),
                indexed_at=clock.now(),
            )
            for thread in threads
        ],
        update_conflicts=True,
        unique_fields=["thread"],
        update_fields=["sequence", "terms", "indexed_at"],
    )
    ArchiveFact.objects.filter(thread__in=threads).delete()
    ArchiveFact.objects.bulk_create(fact for one in facts.values() for fact in one.rows())


def texts(kind: str, content: dict[str, Any]) -> Iterator[str]:
    """Yield what can be found of an event of type ``kind`` with that ``content``."""
    if kind == "message":
        yield content.get("text") or ""
    elif kind == "file":
        yield content.get("name") or ""
    elif kind == "rich_message":
        for element in content.get("elements") or ():
            yield element.get("title") or ""
            yield element.get("subtitle") or ""
    elif kind == "filled_form":
        for field in content.get("fields") or ():
            yield from _answers(field)


def _answers(field: dict[str, Any]) -> Iterator[str]:
    for answer in [field.get("answer"), *(field.get("answers") or ())]:
        if isinstance(answer, str):
            yield answer
        elif isinstance(answer, dict):
            yield str(answer.get("label") or "")


def _texts_about(customer: Customer | None) -> Iterator[str]:
    if customer is not None:
        yield customer.name
        yield customer.email


class _Terms:
    """The different terms of a thread, each once, as many as an entry can hold."""

    def __init__(self, thread: Thread) -> None:
        self._license_id = thread.organization.license_id
        self._left = MAX_TERMS_BYTES
        self.terms: dict[str, None] = {}
        self.add(_texts_about(thread.chat.customer))

    def add(self, said: Iterable[str]) -> None:
        """Add the terms of some texts."""
        for text in said:
            for term in terms(text):
                own = organization_term(self._license_id, term)
                if own not in self.terms and self._left > 0:
                    self._left -= len(own.encode())
                    self.terms[own] = None


class _Facts:
    """What is true of one thread, gathered event by event."""

    def __init__(self, thread: Thread, agent_types: dict[tuple[UUID, str], str]) -> None:
        self._thread = thread
        self._found: dict[tuple[str, str], datetime] = {}
        self._agents = {
            user_id: agent_types[thread.organization_id, user_id]
            for user_id in thread.user_ids
            if (thread.organization_id, user_id) in agent_types
        }
        self._answered = False
        for agent_type in self._agents.values():
            self._add("agent_type", agent_type, thread.created_at)
        place = thread.customer_visit.get("geolocation") or {}
        if country := place.get("country_code"):
            self._add("country", str(country), thread.created_at)

    def _add(self, kind: str, value: str, moment: datetime) -> None:
        self._found.setdefault((kind, value[:254]), moment)

    def note(self, event: Event) -> None:
        """Note what ``event`` makes true; events come in order."""
        self._add("event_type", event.type, event.created_at)
        spoken = event.type in _SPOKEN and event.visibility == "all"
        if spoken and event.author_id in self._agents:
            self._add("response", event.author_id, event.created_at)
            if not self._answered:
                self._answered = True
                self._add("first_response", event.author_id, event.created_at)
        if event.type == "filled_form":
            self._note_form(event)

    def _note_form(self, event: Event) -> None:
        kind = _FORM_KINDS.get(event.content.get("form_type") or "")
        if kind is None:
            return
        self._add(kind, "", event.created_at)
        for field in event.content.get("fields") or ():
            for answer in [field.get("answer"), *(field.get("answers") or ())]:
                if isinstance(answer, dict) and answer.get("id"):
                    self._add(kind, str(answer["id"]), event.created_at)

    def rows(self) -> Iterator[ArchiveFact]:
        """Yield what was found, to be stored."""
        for (kind, value), moment in self._found.items():
            yield ArchiveFact(
                organization_id=self._thread.organization_id,
                thread=self._thread,
                kind=kind,
                value=value,
                happened_at=moment,
            )


def _agent_types(threads: Sequence[Thread]) -> dict[tuple[UUID, str], str]:
    """Return what kind of agent each user of the threads is, or was; customers are left out.

    One read.
    """
    agents = Agent.ever.filter(
        organization_id__in={thread.organization_id for thread in threads},
        public_id__in={user_id for thread in threads for user_id in thread.user_ids},
    ).select_related("bot")
    return {(agent.organization_id, agent.public_id): _agent_type(agent) for agent in agents}


def _agent_type(agent: Agent) -> str:
    if agent.kind == Agent.Kind.HUMAN:
        return "human"
    return AI_AGENT if hasattr(agent, "bot") and agent.bot.type == AI_AGENT else CHATBOT
