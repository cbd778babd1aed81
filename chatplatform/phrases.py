"""The phrases widgets show, by the keys the protocol's clients know them under."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _

WELCOME = "welcome_phrase"
"""What a customer who opens the chat is told first."""
WELCOME_TITLE = "Welcome_title"
OFFLINE = "Agents_not_available_continuous"
QUEUED = "User_in_queue"
CLIENT = "Client"
PLACEHOLDER = "Embedded_textarea_placeholder"
TICKET_SENT = "Offline_message_sent"
CHANGEABLE = (WELCOME_TITLE, OFFLINE, QUEUED, CLIENT, PLACEHOLDER, TICKET_SENT)
"""The phrases a group may word itself: the protocol's list."""


def phrases(language: str) -> dict[str, str]:
    """Return every phrase in ``language`` (an IETF tag), in English where we do not speak it.

    Names between percent signs are filled in by the client.
    """
    with translation.override(_spoken(language)):
        return {
            "Agents_currently_not_available": _("Nobody is in right now."),
            "Agents_not_available": _("Nobody is in right now."),
            OFFLINE: _(
                "Nobody is in right now, but you can write to us. When there is an answer, an "
                "e-mail will tell you."
            ),
            "Assistly_ticket_created": _("Your message has been kept."),
            "Assistly_ticket_notification": _("The answer will be sent to %email%."),
            "Chat_ended": _("This chat has ended."),
            "Chat_now": _("Chat with us"),
            CLIENT: _("Customer"),
            "Connecting": _("Connecting…"),
            PLACEHOLDER: _("Write a message…"),
            "Leave_a_message": _("Leave a message"),
            "Message_placeholder": _("Write a message…"),
            TICKET_SENT: _("Your message is with us. We will get back to you."),
            "Queue_position": _("You are number %position% in the queue."),
            "Start_chat": _("Start the chat"),
            "Submit": _("Send"),
            "Typing_indicator": _("%agent% is typing…"),
            QUEUED: _(
                "You are number %number% in the queue. You will wait about %minutes% minutes."
            ),
            WELCOME: _("Hello. How can we help you?"),
            WELCOME_TITLE: _("How can we help?"),
        }


def _spoken(language: str) -> str:
    try:
        return translation.get_supported_language_variant(language)
    except LookupError:
        return "en"
