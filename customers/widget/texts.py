"""Every sentence the widget's scripts may say, translated into the language of the request.

A few are phrases that groups may word themselves (protocol.md 6.9).
"""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from chatplatform.phrases import OFFLINE, PLACEHOLDER, QUEUED, TICKET_SENT, WELCOME_TITLE
from chatplatform.widget_look import Look

_WORDED = {
    WELCOME_TITLE: "welcome",
    OFFLINE: "welcome_offline",
    QUEUED: "queue_own",
    PLACEHOLDER: "composer_placeholder",
    TICKET_SENT: "left_text",
}
"""Which of the sentences each phrase takes the place of."""
_FILLED = {"%number%": "{position}", "%position%": "{position}", "%minutes%": "{minutes}"}


def loader_texts() -> dict[str, str]:
    """Return what the launcher on the host page says, in the active language."""
    return {
        "open": _("Open chat"),
        "close": _("Close chat"),
        "unread": _("Open chat. Unread messages: {count}"),
        "title": _("Chat"),
        "failed": _("The chat could not be reached. Try again."),
    }


def panel_texts(own: Mapping[str, str], look: Look) -> dict[str, str]:
    """Return what the panel says, in the active language; names in braces are filled in by it.

    ``own`` are the phrases a group words itself, by their keys: they go before those of the look.
    """
    ours = _view_texts() | _message_texts() | _form_texts() | _after_texts() | _problem_texts()
    return (
        ours
        | _look_texts(look)
        | {name: _filled(own[key]) for key, name in _WORDED.items() if key in own}
    )


def _look_texts(look: Look) -> dict[str, str]:
    """Return what the whole organisation words itself."""
    texts = {"welcome": look.greeting, "welcome_offline": look.away, "welcome_ticket": look.away}
    return {name: text for name, text in texts.items() if text}


def _filled(phrase: str) -> str:
    for place, name in _FILLED.items():
        phrase = phrase.replace(place, name)
    return phrase


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
        "welcome_agent": _("Write to us. {name} will answer you right here."),
        "queue_title": _("You are number {position} in the queue"),
        "queue_wait": _("Expected waiting time: {time}."),
        "queue_own": "",
        "queue_stay": _("You can already write: whoever answers will read it first."),
        "left_title": _("Your message is with us"),
        "left_text": _(
            "Nobody is in right now. Someone will read it first thing; the answer will appear here."
        ),
        "welcome_ticket": _(
            "Nobody is in right now. Leave a message, and we will get back to you."
        ),
        "ended_text": _("This chat has ended. Write again to start a new one."),
        "ended": _("This chat has ended."),
        "composer_placeholder": _("Write a message…"),
        "composer_offline": _("Write now, sent later…"),
        "end_question": _("End this chat?"),
        "end_yes": _("End chat"),
        "end_no": _("Keep chatting"),
        "cancel": _("Cancel"),
        "earlier": _("Show earlier messages"),
        "typing": _("{name} is typing…"),
        "thinking": _("{name} is looking into it…"),
        "thinking_about": _("{name} is looking into it: {title}"),
        "greeting_answer": _("Write a reply…"),
        "greeting_close": _("Close this message"),
        "someone": _("Someone"),
    }


def _message_texts() -> dict[str, str]:
    """Return the words on and around single messages."""
    return {
        "you_said": _("You:"),
        "they_said": _("{name}:"),
        "agent": _("Agent"),
        "agent_ended": _("{name} ended the chat"),
        "you_ended": _("You ended the chat"),
        "you_rated_good": _("You rated the chat as good"),
        "you_rated_bad": _("You rated the chat as bad"),
        "you_commented": _("You commented: {comment}"),
        "you_unrated": _("You took your rating back"),
        "transcript_asked": _("The chat will be sent to {email}"),
        "transcript_sent": _("The chat was sent to {email}"),
        "cards": _("Cards, side by side"),
        "sticker": _("Sticker"),
        "take_back": _("Delete message"),
        "take_back_question": _("Delete this message? It disappears from the chat."),
        "take_back_no": _("Keep it"),
        "take_back_failed": _("The message could not be deleted. Try again."),
        "new_chat": _("New chat · {time}"),
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


def _form_texts() -> dict[str, str]:
    """Return the words on forms, and what is said about answers that are missing or wrong."""
    return {
        "prechat_title": _("Before we begin"),
        "prechat_again": _("Start a new chat"),
        "prechat_send": _("Start the chat"),
        "ticket_title": _("Leave a message"),
        "ticket_text": _("We will read it first thing and get back to you."),
        "ticket_send": _("Send the message"),
        "postchat_title": _("One more thing"),
        "email_form_title": _("Where can we reach you?"),
        "email_form_text": _("In case you cannot wait, we will answer by e-mail."),
        "form_title": _("Please answer"),
        "form_send": _("Send"),
        "form_skip": _("Skip"),
        "form_problem": _("There is a problem"),
        "optional": _("(optional)"),
        "choose": _("Choose…"),
        "need_name": _("Enter your name"),
        "need_email": _("Enter your e-mail address"),
        "need_answer": _("Enter an answer to “{label}”"),
        "need_choice": _("Choose an answer to “{label}”"),
        "bad_email": _("Enter an e-mail address like name@example.com"),
        "group_online": _("online"),
        "group_busy": _("busy"),
        "group_offline": _("offline"),
    }


def _after_texts() -> dict[str, str]:
    """Return the words on ratings and transcripts."""
    return {
        "rating_question": _("How was this chat?"),
        "rating_done": _("Thank you for rating this chat"),
        "rating_good": _("Good"),
        "rating_bad": _("Bad"),
        "rating_comment": _("Tell us why, if you like"),
        "rating_send": _("Send comment"),
        "rating_undo": _("Take rating back"),
        "rating_thanks": _("Your comment was sent."),
        "rating_failed": _("That did not work. Try again."),
        "mail_question": _("Where shall we send this chat?"),
        "mail_question_later": _("Where shall we send this chat once it has ended?"),
        "mail_address": _("Your e-mail address"),
        "mail_yes": _("Send"),
        "mail_failed": _("That did not work. Try again."),
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
        "stopped_identity": _(
            "We could not confirm who you are. Sign in again on this page, then try again here."
        ),
        "stopped_busy": _("Too many chats are open in your browser. Close one and try again."),
        "stopped_license": _("This chat has been switched off."),
        "stopped_other": _("Please come back later."),
        "too_large": _("{name} is larger than {limit}."),
        "too_long": _("This message is too long. Shorten it, or send it in two parts."),
        "refused_file": _("This kind of file cannot be sent."),
        "refused_large": _("This file is too large."),
        "refused": _("The message was not accepted."),
        "end_failed": _("The chat could not be ended. Try again."),
        "earlier_failed": _("Earlier messages could not be loaded. Try again."),
    }
