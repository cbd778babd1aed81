"""3.5 → 3.4."""

from __future__ import annotations

from typing import Any

from chatplatform.api.versions.change import Record, VersionChange, each, replaced, without


def _visibility(record: Any) -> Any:
    if not isinstance(record, dict) or "recipients" not in record:
        return record
    said = record["recipients"]
    record = without(record, ("recipients",))
    return record if "visibility" in record else {**record, "visibility": said}


def _visibility_in_event(payload: Record) -> Record:
    return replaced(payload, "event", _visibility)


def _visibility_in_chat(payload: Record) -> Record:
    def of_thread(thread: Any) -> Any:
        if not isinstance(thread, dict):
            return thread
        return replaced(thread, "events", lambda events: each(events, _visibility))

    def of_chat(chat: Any) -> Any:
        return replaced(chat, "thread", of_thread) if isinstance(chat, dict) else chat

    return replaced(payload, "chat", of_chat)


def _known_reason(payload: Record) -> Record:
    return replaced(
        payload,
        "reason",
        lambda reason: "access_token_revoked" if reason == "logged_out_remotely" else reason,
    )


CHANGES = (
    VersionChange(
        sentence="Agents' clients may still say `recipients` for an event's `visibility`: what "
        "they mean for agents only must not reach customers.",
        api="agent",
        requests=frozenset({"send_event"}),
        upgrade=_visibility_in_event,
    ),
    VersionChange(
        sentence="They may say so for initial events too.",
        api="agent",
        requests=frozenset({"start_chat", "resume_chat"}),
        upgrade=_visibility_in_chat,
    ),
    VersionChange(
        sentence="And for typing indicators.",
        api="agent",
        requests=frozenset({"send_typing_indicator"}),
        upgrade=_visibility,
    ),
    VersionChange(
        sentence="Customers are not disconnected for `logged_out_remotely` but for "
        "`access_token_revoked`: the token they hold is no longer good.",
        api="customer",
        pushes=frozenset({"customer_disconnected"}),
        downgrade=_known_reason,
    ),
)
