"""The phrases widgets show, by the keys the protocol's clients know them under."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _

WELCOME = "welcome_phrase"
"""What a customer who opens the chat is told first."""


def phrases(language: str) -> dict[str, str]:
    """Return every phrase in ``language`` (an IETF tag), in English where we do not speak it.

    Names between percent signs are filled in by the client.
    """
    with translation.override(_spoken(language)):
        return {
            "Agents_currently_not_available": _("Nobody is in right now."),
            "Agents_not_available": _("Nobody is in right now."),
            "Agents_not_available_continuous": _(
                "Nobody is in right now, but you can write to us. When there is an answer, an "
                "e-mail will tell you."
            ),
            "Assistly_ticket_created": _("Your message has been kept."),
            "Assistly_ticket_notification": _("The answer will be sent to %email%."),
            "Chat_ended": _("This chat has ended."),
            "Chat_now": _("Chat with us"),
            "Connecting": _("Connecting…"),
            "Leave_a_message": _("Leave a message"),
            "Message_placeholder": _("Write a message…"),
            "Queue_position": _("You are number %position% in the queue."),
            "Start_chat": _("Start the chat"),
            "Submit": _("Send"),
            "Typing_indicator": _("%agent% is typing…"),
            WELCOME: _("Hello. How can we help you?"),
        }


def _spoken(language: str) -> str:
    try:
        return translation.get_supported_language_variant(language)
    except LookupError:
        return "en"
