"""Threads as plain text, for people to keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from chatplatform import clock
from chatplatform.models import Chat, Thread
from chatplatform.records import Record
from chatplatform.requester import Requester
from chatplatform.selectors import people
from chatplatform.selectors.chats import events_of

WHISPERED = "to agents only"


def transcript(chat: Chat, thread: Thread, *, reader: Requester | None = None) -> str:
    """Return what was said in a thread, a line for each event: time in UTC, name, words.

    For agents: what customers must not see is marked, not left out. Of deleted events it holds
    what ``reader`` may see. Events for programs are left out.
    """
    (users,) = people.users_of([chat]).values()
    names = {user["id"]: user.get("name") or user["type"].title() for user in users}
    events = events_of([thread], reader=reader)[thread.id]
    return "\n".join(_lines(events, names))


def public_transcript(chat: Chat, thread: Thread) -> str:
    """Return what customers, too, have seen of a thread; agents go by their names alone."""
    (users,) = people.users_of([chat]).values()
    names = {user["id"]: user.get("name") or user["type"].title() for user in users}
    shown = [
        {**event, "author_id": event["author_id"] if event["author_id"] in names else "Agent"}
        if "author_id" in event
        else event
        for event in events_of([thread])[thread.id]
        if event["visibility"] == "all" and not event.get("deleted")
    ]
    return "\n".join(_lines(shown, names))


def _lines(events: Iterable[Record], names: Mapping[str, str]) -> Iterator[str]:
    for event in events:
        said = "\n".join(_said(event))
        if not said:
            continue
        moment = clock.from_wire(event["created_at"])
        marks = WHISPERED if event["visibility"] == "agents" else ""
        author = event.get("author_id", "")
        speaker = names.get(author, author) or "System"
        head = f"{moment:%Y-%m-%d %H:%M:%S} UTC {speaker}"
        yield f"{head} ({marks}): {said}" if marks else f"{head}: {said}"


def _said(event: Record) -> Iterator[str]:
    """Yield the lines of one event; none for what people do not read."""
    kind = event["type"]
    if kind in ("message", "system_message"):
        yield from filter(None, [event.get("text")])
    elif kind == "file" and "url" in event:
        yield f"{event.get('name', '')} <{event['url']}>"
    elif kind == "rich_message":
        for element in event.get("elements") or ():
            yield from filter(None, [element.get("title"), element.get("subtitle")])
            for button in element.get("buttons") or ():
                yield f"[{button.get('text', '')}]"
    elif kind == "filled_form":
        for field in event.get("fields") or ():
            yield f"{field.get('label', '')} {', '.join(_answers(field))}".strip()


def _answers(field: Record) -> Iterator[str]:
    for answer in [field.get("answer"), *(field.get("answers") or ())]:
        if isinstance(answer, str):
            yield answer
        elif isinstance(answer, dict):
            yield str(answer.get("label") or "")
