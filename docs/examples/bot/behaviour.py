"""What the bot does with what it hears. It keeps no state: the platform knows who is in a chat."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from desk import VERSION, Desk, Refused
from livechat.webhooks.parser import parse_webhook

JOINS_AT = "parcel"
ANSWERS = {
    JOINS_AT: "Parcels take two days. Tell me the number and I look where yours is.",
    "open": "We are here from Monday to Friday, 9:00 to 17:00.",
    "price": "All prices are on https://shop.example.com/prices.",
}
FALLBACK = "I am only a bot. Ask me when we are open, or say “human” and I get somebody."
HUMAN = "human"
HANDED_OVER = "One moment, a colleague takes over."
NOBODY_THERE = "Nobody is there right now. Leave your e-mail address, and we write to you."
TIPS = {
    "refund": "Refunds: up to 30 days with receipt, after that ask a lead.",
    "discount": "Discounts: 10 % may be given without asking.",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Said:
    """A customer's message."""

    chat_id: str
    event_id: str
    text: str


class Behaviour:
    """Takes webhooks and acts through a desk."""

    def __init__(self, desk: Desk) -> None:
        """Act through ``desk``."""
        self._desk = desk

    def take(self, body: dict[str, Any]) -> None:
        """Do what a webhook asks for. Raise when it should come again."""
        webhook = parse_webhook(body, version=VERSION)
        said = _said(webhook.action, webhook.payload)
        if said is None:
            return
        try:
            self._react(said)
        except Refused as refused:
            if refused.status >= 500 or refused.type == "too_many_requests":
                raise
            log.info("the chat has moved on: %s", refused)

    def _react(self, said: Said) -> None:
        text = said.text.casefold()
        part = self._part_in(said.chat_id)
        if part == "all":
            if HUMAN in text:
                self._hand_over(said)
            else:
                self._say(said, _found(ANSWERS, text) or FALLBACK)
        elif part == "left":
            return  # people have the chat now
        elif JOINS_AT in text:
            self._join(said, whispering=part == "agents")
        elif tip := _found(TIPS, text):
            self._whisper(said, tip, inside=part == "agents")

    def _part_in(self, chat_id: str) -> str | None:
        """Return how the bot is in a chat: for ``all``, for ``agents``, has ``left``, or never."""
        for user in self._desk.call("get_chat", chat_id=chat_id)["users"]:
            if user["id"] == self._desk.bot_id:
                visibility: str = user["visibility"]
                return visibility if user["present"] else "left"
        return None

    def _say(self, said: Said, text: str, visibility: str = "all") -> None:
        """Answer a message; the same again is taken for a repeat, and said once."""
        custom_id = f"{said.event_id}-{visibility}"
        event = {"type": "message", "text": text, "custom_id": custom_id, "visibility": visibility}
        self._desk.call("send_event", chat_id=said.chat_id, event=event)

    def _enter(self, said: Said, visibility: str) -> None:
        self._desk.call(
            "add_user_to_chat",
            chat_id=said.chat_id,
            user_id=self._desk.bot_id,
            user_type="agent",
            visibility=visibility,
            ignore_requester_presence=True,
        )

    def _join(self, said: Said, *, whispering: bool) -> None:
        if whispering:
            self._desk.call(
                "remove_user_from_chat",
                chat_id=said.chat_id,
                user_id=self._desk.bot_id,
                user_type="agent",
            )
        self._enter(said, "all")
        self._say(said, ANSWERS[JOINS_AT])

    def _whisper(self, said: Said, tip: str, *, inside: bool) -> None:
        if not inside:
            self._enter(said, "agents")
        self._say(said, tip, visibility="agents")

    def _hand_over(self, said: Said) -> None:
        """Give the chat to the person with the fewest chats; they come in that order."""
        listed = self._desk.call("list_agents_for_transfer", chat_id=said.chat_id)
        people = [one["agent_id"] for one in listed if "@" in one["agent_id"]]
        if not people:
            self._say(said, NOBODY_THERE)
            return
        self._say(said, HANDED_OVER)
        target = {"type": "agent", "ids": people[:1]}
        self._desk.call("transfer_chat", id=said.chat_id, target=target)


def _said(action: str, payload: Any) -> Said | None:
    """Return the message a webhook is about: the newest, where it tells of a whole chat."""
    if action == "incoming_event":
        return _message(payload.chat_id, payload.event)
    if payload.transferred_from:
        return None  # a chat that was handed over is no news
    customers = {user["id"] for user in payload.chat["users"] if user["type"] == "customer"}
    for event in reversed(payload.chat["thread"].get("events", [])):
        if event.get("author_id") in customers:
            return _message(payload.chat["id"], event)
    return None


def _message(chat_id: str, event: dict[str, Any]) -> Said | None:
    if event["type"] != "message":
        return None
    return Said(chat_id, event["id"], event["text"])


def _found(answers: dict[str, str], text: str) -> str | None:
    return next((answer for word, answer in answers.items() if word in text), None)
