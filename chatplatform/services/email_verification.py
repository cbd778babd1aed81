"""Proving that a customer reads the mail of their address (protocol.md 2.8).

A request stores whom to tell and mails a link; whoever opens it and confirms there has proved the
address. Mails and calls leave from the worker; a call is made once.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import orjson
import structlog
from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from chatplatform import clock, mail_errors, mail_links
from chatplatform.errors import LimitReached, NotFound, Validation
from chatplatform.models import Customer, EmailVerification
from chatplatform.net import client
from chatplatform.net.client import Limits, Unreachable
from chatplatform.requester import CustomerRequester
from chatplatform.services import customers

log = structlog.get_logger(__name__)

KEPT: Final = 10
"""Requests of a customer that are answered: the newest."""
REQUESTS_A_DAY: Final = 100
"""Requests of a customer within a day, all of which are remembered: mails are counted by them."""
LIFETIME: Final = timedelta(days=7)
"""How long after the last request its link and callbacks are good."""
MAIL_EVERY: Final = timedelta(minutes=1)
"""A customer's address gets no second mail sooner; the first one's link serves both requests."""
DAY: Final = timedelta(days=1)
MAILS_A_DAY: Final = 20
"""Mails one address gets from one organisation's customers within a day."""
BATCH: Final = 20
MAX_BASE_URL: Final = 255
_SALT: Final = "chatplatform.email_verification"
_CALL = Limits(seconds=5, max_bytes=64 * 1024, cut=True)


def request_email_verification(
    requester: CustomerRequester, callback_uri: str, base_url: str
) -> None:
    """Mail the customer a link, and call ``callback_uri`` once they confirm there.

    Where the address is verified already, it is called at once. ``base_url`` is scheme and host
    the link leads to. Raise :class:`Validation` for a customer without an address, a callback that
    is no web address, and where links may not lead to ``base_url``; :class:`LimitReached` when the
    address got enough mails today, or the customer asked often enough.
    """
    _check_uri(callback_uri)
    if len(base_url) > MAX_BASE_URL:
        raise Validation("the host name is too long")
    with transaction.atomic():
        customer = customers.locked(requester.customer_id)
        if not customer.email:
            raise Validation("the customer has no e-mail address")
        own = EmailVerification.objects.filter(customer=customer)
        if own.filter(created_at__gt=clock.now() - DAY).count() >= REQUESTS_A_DAY:
            raise LimitReached("The customer asked often enough for today")
        mail_due = not customer.email_verified and _is_mail_due(customer)
        if mail_due:
            base_url = mail_links.required(base_url)
        EmailVerification.objects.create(
            customer=customer,
            email=customer.email,
            callback_uri=callback_uri,
            base_url=base_url,
            mail_due=mail_due,
            call_due=customer.email_verified,
        )
        _forget_surplus(own)


def _forget_surplus(own: QuerySet[EmailVerification]) -> None:
    """Delete what is older than the newest of a customer's requests, unless mails count by it."""
    past = Q(call_due=True) | Q(created_at__lte=clock.now() - DAY)
    own.filter(past).exclude(pk__in=_newest(own)).delete()


def _newest(requests: QuerySet[EmailVerification]) -> list[int]:
    return list(requests.order_by("-id").values_list("pk", flat=True)[:KEPT])


def _check_uri(callback_uri: str) -> None:
    try:
        parts = urlsplit(callback_uri)
        known = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        known = False
    if not known or not callback_uri.isprintable():
        raise Validation("`callback_uri` must be a web address")


def _is_mail_due(customer: Customer) -> bool:
    """Tell whether the customer's address gets a mail; however it is spelt, it is one mailbox.

    Raise :class:`LimitReached`.
    """
    now = clock.now()
    requests = EmailVerification.objects.filter(email__iexact=customer.email)
    if requests.filter(customer=customer, created_at__gt=now - MAIL_EVERY).exists():
        return False
    shortly_before = requests.filter(
        customer=OuterRef("customer"),
        created_at__gt=OuterRef("created_at") - MAIL_EVERY,
        id__lt=OuterRef("id"),
    )
    mailed = requests.filter(
        ~Exists(shortly_before),
        customer__organization_id=customer.organization_id,
        created_at__gt=now - DAY,
    )
    if mailed.count() >= MAILS_A_DAY:
        raise LimitReached("The address got enough mails for today")
    return True


# --- the link -----------------------------------------------------------------------------------


def token_for(customer_id: UUID, email: str) -> str:
    """Return what the link proves: whose address it is."""
    return signing.dumps([str(customer_id), email], salt=_SALT)


def opened(token: str) -> tuple[Customer, str]:
    """Return whose address a link is about; raise :class:`NotFound` for one that is no longer good.

    It ends seven days after it was mailed, and when the customer's address is another meanwhile.
    """
    try:
        customer_id, email = signing.loads(token, salt=_SALT, max_age=LIFETIME)
    except signing.BadSignature:
        raise NotFound("the link is not good any more") from None
    customer = Customer.objects.filter(id=UUID(customer_id), email=email).first()
    if customer is None:
        raise NotFound("the link is not good any more")
    return customer, email


def confirm(token: str) -> str:
    """Note that the address is proved, let those who asked be called, and return the address.

    Confirming twice changes nothing more. Raise what :func:`opened` raises. Tells
    ``CustomerUpdated``.
    """
    found, email = opened(token)
    with transaction.atomic():
        customer = customers.locked(found.id)
        if customer.email != email:
            raise NotFound("the link is not good any more")
        customers.verify_email(customer)
        requests = EmailVerification.objects.filter(customer=customer, email=email)
        answered = _newest(requests)
        requests.exclude(pk__in=answered).delete()
        newest = requests.order_by("-id").first()
        if newest is not None and newest.created_at > clock.now() - LIFETIME:
            requests.update(call_due=True, mail_due=False)
    return email


# --- the worker's part --------------------------------------------------------------------------


def send_mails() -> None:
    """Send the mails that are due, some at a time. For the worker's timers.

    While the mail server can not be reached they stay due; what it refuses is given up.
    """
    waiting = _claimed("mail_due")
    if not waiting:
        return
    try:
        with get_connection() as connection:
            while waiting:
                _send(_mail(waiting[0], connection))
                waiting.pop(0)
    except OSError as error:
        log.warning("mails were not sent", error=mail_errors.reason(error))
        left = [request.pk for request in waiting]
        EmailVerification.objects.filter(pk__in=left).update(mail_due=True)


def _send(message: EmailMessage) -> None:
    try:
        message.send()
    except (SMTPDataError, SMTPRecipientsRefused) as error:
        log.warning("a mail was refused", error=mail_errors.reason(error))


def _mail(request: EmailVerification, connection: BaseEmailBackend) -> EmailMessage:
    token = token_for(request.customer_id, request.email)
    about = {
        "link": request.base_url + reverse("verify_email", args=[token]),
        "organization": request.customer.organization.name,
        "days": LIFETIME.days,
    }
    return EmailMessage(
        subject=render_to_string("mail/verify_email_subject.txt", about).strip(),
        body=render_to_string("mail/verify_email.txt", about),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[request.email],
        connection=connection,
    )


def call_back() -> None:
    """Call who asked to be told of a proved address, some at a time. For the worker's timers.

    All at once, so that slow ones hold up the worker no longer than a single one may take.
    """
    found = _claimed("call_due")
    if not found:
        return
    EmailVerification.objects.filter(pk__in=[request.pk for request in found]).delete()
    with ThreadPoolExecutor(max_workers=BATCH) as threads:
        for request in found:
            threads.submit(_call, request.callback_uri, request.email)


def _call(callback_uri: str, email: str) -> None:
    try:
        client.request(
            "POST",
            callback_uri,
            _CALL,
            headers={"Content-Type": "application/json"},
            body=orjson.dumps({"email": email}),
            allowed_hosts=settings.CALLBACK_ALLOWED_HOSTS,
        )
    except Unreachable as error:
        log.info("a callback was not reached", error=repr(error))


def _claimed(due: str) -> list[EmailVerification]:
    """Return requests of which something is due, each to one worker only."""
    with transaction.atomic():
        found = list(
            EmailVerification.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(**{due: True})
            .select_related("customer__organization")
            .order_by("id")[:BATCH]
        )
        EmailVerification.objects.filter(pk__in=[one.pk for one in found]).update(**{due: False})
    return found


def forget_old(limit: int = 1_000) -> None:
    """Delete up to ``limit`` requests nothing can come of. For the worker's timers."""
    old = EmailVerification.objects.filter(created_at__lte=clock.now() - LIFETIME, call_due=False)
    pks = list(old.values_list("pk", flat=True)[:limit])
    EmailVerification.objects.filter(pk__in=pks).delete()
