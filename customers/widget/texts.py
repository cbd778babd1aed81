"""Every sentence the widget's scripts may say, translated into the language of the request."""

from django.utils.translation import gettext as _


def loader_texts() -> dict[str, str]:
    """Return what the launcher on the host page says, in the active language."""
    return {
        "open": _("Open chat"),
        "close": _("Close chat"),
        "unread": _("Open chat. Unread messages: {count}"),
        "title": _("Chat"),
        "failed": _("The chat could not be reached. Try again."),
    }


def panel_texts() -> dict[str, str]:
    """Return what the panel says, in the active language; names in braces are filled in by it."""
    return _view_texts() | _message_texts() | _problem_texts()


def _view_texts() -> dict[str, str]:
    """Return the words of header, welcome, notes and composer."""
    return {
        "team": _("{name} and others"),
        "status_connecting": _("Connecting…"),
        "status_online": _("Here to help"),
        "status_lost": _("Reconnecting…"),
        "status_answering": _("In this chat"),
        "status_busy": _("Everyone is busy right now"),
        "status_offline": _("Nobody is in right now"),
        "status_queue": _("Number {position} in the queue"),
        "welcome": _("How can we help?"),
        "welcome_online": _("Write to us. Someone from the team answers right here."),
        "welcome_busy": _(
            "Everyone is talking to somebody just now. Write to us and you keep your place in the "
            "queue; you will see your position here."
        ),
        "welcome_offline": _(
            "Nobody is in right now, but your message will be kept. The answer will be waiting "
            "here when you come back."
        ),
        "welcome_agent": _("{name} will answer you."),
        "queue_title": _("You are number {position} in the queue"),
        "queue_wait": _("Expected waiting time: {time}."),
        "queue_stay": _("You can already write: whoever answers will read it first."),
        "left_title": _("Your message is with us"),
        "left_text": _(
            "Nobody is in right now. Someone will read it first thing; the answer will appear here."
        ),
        "ended_text": _("This chat has ended. Write again to start a new one."),
        "composer_placeholder": _("Write a message…"),
        "composer_offline": _("Write now, sent later…"),
        "end_question": _("End this chat?"),
        "earlier": _("Show earlier messages"),
        "typing": _("{name} is typing…"),
        "thinking": _("{name} is looking into it…"),
        "someone": _("Someone"),
    }


def _message_texts() -> dict[str, str]:
    """Return the words on and around single messages."""
    return {
        "you_said": _("You:"),
        "they_said": _("{name}:"),
        "agent": _("Agent"),
        "you_ended": _("You ended the chat"),
        "just_now": _("just now"),
        "today": _("Today"),
        "yesterday": _("Yesterday"),
        "sending": _("Sending"),
        "waiting": _("Waiting for the connection"),
        "sent": _("Sent"),
        "seen": _("Seen"),
        "failed": _("Not sent"),
        "retry": _("Try again"),
        "discard": _("Discard"),
        "cancel_upload": _("Cancel upload of {name}"),
        "uploading": _("Uploading, {percent}"),
        "file": _("File"),
        "image": _("Image: {name}"),
        "download": _("Download {name}"),
        "new_window": _("opens in a new tab"),
    }


def _problem_texts() -> dict[str, str]:
    """Return what is said when something went wrong, and what to do about it."""
    return {
        "offline": _("You are offline."),
        "reconnecting": _("Connection lost."),
        "next_try": _("Next try in {seconds}."),
        "trying": _("Connecting again…"),
        "error_title": _("The chat could not be loaded"),
        "error_text": _("Something went wrong on our side. Your messages are kept."),
        "reload": _("Try again"),
        "stopped_title": _("The chat is not available"),
        "stopped_logged_out": _("This chat was closed because you signed out."),
        "stopped_banned": _("You cannot use this chat at the moment."),
        "stopped_busy": _("Too many chats are open in your browser. Close one and try again."),
        "stopped_license": _("This chat has been switched off."),
        "stopped_other": _("Please come back later."),
        "too_large": _("{name} is larger than {limit}."),
        "too_long": _("This message is too long. Shorten it, or send it in two parts."),
        "refused_file": _("This kind of file cannot be sent."),
        "refused": _("The message was not accepted."),
        "end_failed": _("The chat could not be ended. Try again."),
        "earlier_failed": _("Earlier messages could not be loaded. Try again."),
    }
