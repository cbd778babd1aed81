"""Having threads summed up by whatever the operator plugs in, without anybody waiting for it.

The setting ``THREAD_SUMMARIZER`` names a function that takes a thread's transcript and returns a
few sentences. It may take long and may raise. Without one, whoever asks is told that it failed.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from chatplatform import clock
from chatplatform.domain_events import tell
from chatplatform.domain_events.archives import RequestFailed, ThreadSummarySet
from chatplatform.errors import NotAllowed
from chatplatform.models import Chat, Organization, SummaryRequest, Thread
from chatplatform.properties import license_value
from chatplatform.requester import AgentRequester
from chatplatform.selectors import chats as chat_selectors
from chatplatform.selectors import transcripts
from chatplatform.services import changes, events

log = structlog.get_logger(__name__)

ACTION = "request_thread_summary"
AT_ONCE = 2
"""Threads of one process that are summed up at the same time."""
MAX_TEXT = 16_000
"""Characters of a summary that are kept."""
PATIENCE = timedelta(minutes=5)
"""After which another worker may try what one has not finished."""

_pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="summary")


def request_thread_summary(requester: AgentRequester, chat_id: str, thread_id: str) -> None:
    """Have a thread summed up: a closed one once, the running one as often as agents like.

    Raise ``NotFound``, ``Authorization``, and :class:`NotAllowed` for a closed thread that has a
    summary. Tells ``ThreadSummarySet``, or of the event that holds a running thread's summary, or
    ``RequestFailed``, each when it is so far.
    """
    with transaction.atomic():
        chat = chat_selectors.access_chat(requester, chat_id, write=True, lock=True)
        thread = chat_selectors.access_thread(requester, chat, thread_id)
        if not thread.active and thread.summary:
            raise NotAllowed("A closed thread is summed up once")
        if settings.THREAD_SUMMARIZER:
            _enqueue(thread, requester.public_id)
        else:
            _tell_failed(thread, requester.public_id)


def request_if_wanted(thread: Thread) -> None:
    """Have a thread that closes summed up where ``chats.auto_summary_enabled`` asks for it.

    The caller holds the chat's lock.
    """
    if not settings.THREAD_SUMMARIZER:
        return
    properties = Organization.objects.values_list("properties", flat=True).get(
        id=thread.organization_id
    )
    if license_value(properties, "chats", "auto_summary_enabled", False):
        _enqueue(thread, "")


def _enqueue(thread: Thread, agent_id: str) -> None:
    SummaryRequest.objects.get_or_create(
        thread=thread, defaults={"organization_id": thread.organization_id, "agent_id": agent_id}
    )


def _tell_failed(thread: Thread, agent_id: str) -> None:
    if agent_id:
        tell(
            RequestFailed(
                organization_id=str(thread.organization_id),
                agent_id=agent_id,
                action=ACTION,
                chat_id=thread.chat_id,
                thread_id=thread.id,
            )
        )


def in_background(make: Callable[[], None]) -> None:
    """Run ``make`` on a thread of its own, so that the worker goes on."""
    _pool.submit(_run, make)


def _run(make: Callable[[], None]) -> None:
    try:
        make()
    except Exception:
        log.exception("summing up failed")
    finally:
        connection.close()


def make_due(run: Callable[[Callable[[], None]], None] = in_background) -> None:
    """Begin with the requests that wait; safe with several workers, bounded per call."""
    if not settings.THREAD_SUMMARIZER:
        return
    for _ in range(AT_ONCE):
        request = _take()
        if request is None:
            return
        run(lambda request=request: _make(request))  # type: ignore[misc]


def _take() -> SummaryRequest | None:
    with transaction.atomic():
        now = clock.now()
        request = (
            SummaryRequest.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(due_at__lte=now)
            .order_by("due_at", "id")
            .first()
        )
        if request is not None:
            request.due_at = now + PATIENCE
            request.save(update_fields=["due_at"])
        return request


def _make(request: SummaryRequest) -> None:
    thread = Thread.objects.select_related("chat").filter(id=request.thread_id).first()
    if thread is None:
        return
    try:
        summarize: Callable[[str], str] = import_string(settings.THREAD_SUMMARIZER)
        text = summarize(transcripts.transcript(thread.chat, thread))[:MAX_TEXT].strip()
    except Exception:
        log.exception("the summarizer failed", thread=thread.id)
        text = ""
    with transaction.atomic():
        chat = Chat.objects.select_for_update(of=("self",)).filter(id=thread.chat_id).first()
        if chat is None or not SummaryRequest.objects.filter(id=request.id).delete()[0]:
            return
        _conclude(chat, request, text)


def _conclude(chat: Chat, request: SummaryRequest, text: str) -> None:
    thread = Thread.objects.select_for_update(of=("self",)).get(id=request.thread_id)
    if not text or chat.anonymized:
        _tell_failed(thread, request.agent_id)
    elif thread.active:
        details = {"thread_id": thread.id, "text": text}
        tell(events.add(chat, events.system_event("ai_agents", "thread_summary", details)))
        chat.save()
    elif not thread.summary:
        thread.summary = {"status": "ok", "text": text, "updated_at": clock.to_wire(clock.now())}
        thread.save(update_fields=["summary"])
        changes.record(ThreadSummarySet, chat, thread_id=thread.id, summary=thread.summary)
        chat.save()
