"""Transcripts by mail: to the customer who asks for one, and to whom the licence names.

A customer asks with the thread property ``routing.transcript_email``, an organisation with the
licence property ``core.transcript_emails`` (addresses parted by commas). Mails leave from the
worker once the thread is closed, one for each address, and hold what everybody in the chat saw.
"""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string

from chatplatform import clock, mail_errors
from chatplatform.domain_events import tell
from chatplatform.models import Chat, Thread, TranscriptMail
from chatplatform.properties import Properties
from chatplatform.selectors import transcripts
from chatplatform.selectors.translations import shown_name
from chatplatform.services import agent_mails, events
from chatplatform.services.events import Draft, system_message

log = structlog.get_logger(__name__)

MAX_ADDRESSES = 10
"""Addresses of a licence that get transcripts."""
MAILS_A_DAY = 20
"""Mails customers can have sent to one address within a day: it need not be their own."""
ATTEMPTS = 3
BATCH = 20
KEPT = timedelta(days=1)
_ATTEMPT = timedelta(minutes=5)


def note_closed(chat: Chat, thread: Thread) -> None:
    """Let the transcript of a thread that closes be mailed to whoever wants it."""
    wanted = chat.organization.properties.get("core", {}).get("transcript_emails", "")
    addresses = dict.fromkeys(_address(one) for one in str(wanted).split(","))
    addresses.pop("", None)
    wanting = list(addresses)[:MAX_ADDRESSES]
    for email in agent_mails.reachable(thread.organization_id, wanting):
        _enqueue(thread, email, asked_by_customer=False)
    if email := _asked_for(thread.properties):
        _ask(thread, email)


def note_asked(chat: Chat, thread: Thread, before: Properties) -> None:
    """Leave a system message when a customer just asked for a transcript of the newest thread.

    That of a thread that is closed leaves at once. The caller has locked the chat and saves it.
    """
    email = _asked_for(thread.properties)
    if not email or email == _asked_for(before):
        return
    if thread.id == chat.last_thread_id:
        tell(events.add(chat, _message(chat, "transcript_requested", email)))
    if not thread.active:
        _ask(thread, email)


def _asked_for(properties: Properties) -> str:
    return _address(str(properties.get("routing", {}).get("transcript_email", "")))


def _address(text: str) -> str:
    """Return the mail address ``text`` is, or nothing."""
    text = text.strip()
    try:
        validate_email(text)
    except ValidationError:
        return ""
    return text if len(text) <= 254 else ""


def _ask(thread: Thread, email: str) -> None:
    asked = TranscriptMail.objects.filter(
        organization_id=thread.organization_id,
        email=email,
        asked_by_customer=True,
        created_at__gt=clock.now() - KEPT,
    )
    if asked[:MAILS_A_DAY].count() < MAILS_A_DAY:
        _enqueue(thread, email, asked_by_customer=True)


def _enqueue(thread: Thread, email: str, *, asked_by_customer: bool) -> None:
    TranscriptMail.objects.create(
        organization_id=thread.organization_id,
        thread=thread,
        email=email,
        asked_by_customer=asked_by_customer,
        due_at=clock.now(),
    )


def _message(chat: Chat, kind: str, email: str) -> Draft:
    text = {
        "transcript_requested": "%customer% requested the chat transcript to be sent to %email%",
        "transcript_sent": "%customer% sent the chat transcript to %email%",
    }[kind]
    customer = shown_name(chat.customer)
    return system_message(kind, text, customer=customer, email=email)


# --- the worker's part --------------------------------------------------------------------------


def send_due() -> None:
    """Send the transcripts that are due, some at a time; a mail that fails is tried again."""
    due = TranscriptMail.objects.filter(due_at__lte=clock.now())
    for mail in due.select_related("thread__chat", "organization").order_by("due_at")[:BATCH]:
        again = clock.now() + _ATTEMPT * (mail.attempts + 1) if mail.attempts < ATTEMPTS else None
        claimed = TranscriptMail.objects.filter(pk=mail.pk, due_at=mail.due_at)
        if claimed.update(due_at=again, attempts=mail.attempts + 1) and again and _send(mail):
            TranscriptMail.objects.filter(pk=mail.pk).update(due_at=None)
            if mail.asked_by_customer:
                _note_sent(mail)


def _send(mail: TranscriptMail) -> bool:
    about = {
        "organization": mail.organization.name,
        "began": mail.thread.created_at,
        "transcript": transcripts.public_transcript(mail.thread.chat, mail.thread),
    }
    message = EmailMessage(
        subject=render_to_string("mail/transcript_subject.txt", about).strip(),
        body=render_to_string("mail/transcript.txt", about),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[mail.email],
    )
    try:
        message.send()
    except OSError as error:  # what the mail server's refusals are, too
        if isinstance(error, SMTPRecipientsRefused) and not mail.asked_by_customer:
            agent_mails.note_refused(mail.organization_id, error)
        log.warning("a transcript was not sent", error=mail_errors.reason(error))
        return False
    return True


def _note_sent(mail: TranscriptMail) -> None:
    """Say in the thread that its transcript left.

    Not where another one began meanwhile, or the chat became anonymous.
    """
    with transaction.atomic():
        chats = Chat.objects.select_for_update(of=("self",))
        chat = chats.filter(id=mail.thread.chat_id).first()
        if chat is None or chat.anonymized or chat.last_thread_id != mail.thread_id:
            return
        tell(events.add(chat, _message(chat, "transcript_sent", mail.email)))
        chat.save()


def forget_old(limit: int = 1_000) -> None:
    """Delete up to ``limit`` mails that left, once they count no more."""
    old = TranscriptMail.objects.filter(due_at=None, created_at__lte=clock.now() - KEPT)
    pks = list(old.values_list("pk", flat=True)[:limit])
    TranscriptMail.objects.filter(pk__in=pks).delete()
