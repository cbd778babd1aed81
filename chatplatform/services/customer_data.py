"""A customer's right to be forgotten, and to have a copy of what is held on them.

An erasure goes in steps, each a transaction of its own, so that nobody waits for it: first the
customer can not come in any more, then their chats become anonymous one by one
(``deletion.anonymize_chat``), then everything else goes with their row. One that broke off goes on
where it was when it is asked for again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import IO, Any, Final
from uuid import UUID

from django.db import connection, transaction

from chatplatform.domain_events import tell
from chatplatform.domain_events.customers import CustomerUpdated
from chatplatform.errors import NotFound
from chatplatform.models import (
    ApiCall,
    AuditEntry,
    Chat,
    ConnectionLease,
    Customer,
    CustomerBan,
    Event,
    ExternalIdentity,
    FileUse,
    ReachedGoal,
    ShownGreeting,
    UploadedFile,
    Visit,
)
from chatplatform.models.archives import FULL_TEXT_TABLE
from chatplatform.records import Record
from chatplatform.selectors import customer_data as selectors
from chatplatform.selectors import monitoring, people, webhooks
from chatplatform.services import audit, bans, customer_identities, deletion, files, presence
from chatplatform.services.customer_rows import locked

ERASED: Final = "[erased]"
"""Stands in the audit log where a customer's address was."""
BATCH: Final = 500
"""Rows deleted in one transaction."""
_MERGED_AT_ONCE: Final = 500
"""Pages of SQLite's full-text index rewritten in one transaction."""


@dataclass(slots=True)
class Held:
    """How much is held on a customer, or went with them."""

    chats: int = 0
    events: int = 0
    files: int = 0
    visits: int = 0
    tickets: int = 0
    webhook_calls: int = 0

    def record(self) -> dict[str, int]:
        """Return the counts by name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


Progress = Callable[[Held], None]
"""Is told after each step what has gone so far."""


def _nobody_listens(gone: Held) -> None:
    pass


# --- the copy -----------------------------------------------------------------------------------


def export(organization_id: UUID, customer_id: str, file: IO[bytes]) -> Record:
    """Write everything held on a customer into ``file``, as a ZIP archive; return its counts.

    What is in it, ``docs/records.md`` says. Memory does not grow with what there is. The audit log
    notes it. Raise :class:`NotFound`.
    """
    customer = people.access_customer(organization_id, customer_id)
    counts = selectors.write_archive(customer, file)
    audit.record(organization_id, "export_customer", "customer", customer.pk)
    return counts


# --- erasing ------------------------------------------------------------------------------------


def erase(
    organization_id: UUID, customer_id: str, progress: Progress = _nobody_listens
) -> dict[str, int]:
    """Leave nothing of a customer; return how much went in this run.

    Their connections end (``logged_out_remotely``), no token or cookie serves any more, and running
    chats close. Chats stay as anonymous ones. Bans of them are lifted, also those of an address
    alone that they came from. Nobody can bring the customer back: who comes again is somebody new.
    Locks, each for a short time: the customer; each chat; the customer again. Tells what closing
    chats tells, ``CustomerLeft`` and ``CustomerUpdated`` with empty values.

    One entry of the audit log says so, and one each what bans that lifted. Raise
    :class:`NotFound`, also for one who was erased before.
    """
    customer = people.access_customer(organization_id, customer_id)
    gone = Held()
    _shut_out(customer)
    while True:
        _take_apart(customer, gone, progress, logged=True)
        if _finish(customer, gone, logged=True):
            break
    _rewrite_index()
    progress(gone)
    return gone.record()


def forget(organization_id: UUID, customer_id: str, still: Callable[[], bool]) -> bool:
    """Erase a customer who is kept no longer, as :func:`erase` does but without a log entry.

    Nobody decided about addresses they came from: bans of these stay, and what the log says of
    them. ``still`` is asked with the customer's row locked: whoever has just come back stays, and
    the answer is ``False``. Raise :class:`NotFound`.
    """
    customer = people.access_customer(organization_id, customer_id)
    gone = Held()
    with transaction.atomic():
        locked(customer.pk)
        if not still():
            return False
        _shut_out(customer)
    while True:
        _take_apart(customer, gone, _nobody_listens, logged=False)
        if _finish(customer, gone, logged=False):
            return True


def _take_apart(customer: Customer, gone: Held, progress: Progress, *, logged: bool) -> None:
    _anonymize_chats(customer, gone, progress)
    _delete_files(customer, gone, progress)
    _delete_visits(customer, gone, progress, logged=logged)


def held(customer: Customer) -> Held:
    """Return how much an erasure of the customer would take now.

    Calls to webhooks are not counted: all that the organisation has would have to be looked at.
    """
    counted = {one.name for one in fields(Held)} - {"webhook_calls"}
    return Held(**selectors.count(customer, *counted))


def was_erased(organization_id: UUID, customer_id: str) -> bool:
    """Tell whether the audit log knows of the customer's erasure."""
    return AuditEntry.objects.filter(
        organization_id=organization_id,
        subject_type="customer",
        subject_id=customer_id,
        action="erase_customer",
    ).exists()


def _shut_out(found: Customer) -> None:
    """End what the customer is connected by, for good, and empty their row.

    A proof of their site's server makes somebody new from now on.
    It is told now, while it is known who may know of them.
    """
    with transaction.atomic():
        customer = locked(found.pk)
        customer_identities.log_out(customer)
        ExternalIdentity.objects.filter(customer=customer).delete()
        _drop_leases(customer)
        presence.customer_left(customer)
        _empty(customer)


def _drop_leases(customer: Customer) -> None:
    ConnectionLease.objects.filter(
        organization_id=customer.organization_id, user_id=str(customer.pk)
    ).delete()


def _anonymize_chats(customer: Customer, gone: Held, progress: Progress) -> None:
    """Make the customer's chats anonymous one by one.

    Calls that tell of them are forgotten for all at once, before; those owed since name the
    customer as well, and go at the end.
    """
    organization_id, chats = customer.organization_id, selectors.chats_of(customer)
    if chats.exists():
        gone.webhook_calls += deletion.forget_calls(organization_id, chats=chats)
    for chat_id in list(chats.order_by("id")):
        events = Event.objects.filter(thread__chat_id=chat_id)
        shown = FileUse.objects.filter(event__in=events)
        uses, count = list(shown.values_list("id", "file_id")), events.count()
        try:
            deletion.anonymize_chat(organization_id, chat_id, calls_forgotten=True)
        except NotFound:  # it was deleted in that very moment
            continue
        for use_id, token in uses:
            gone.files += files.forget_use(use_id, token)
        gone.chats += 1
        gone.events += count
        progress(gone)


def _delete_files(customer: Customer, gone: Held, progress: Progress) -> None:
    """Delete what the customer uploaded, whether or not it was ever shown."""
    rows = UploadedFile.objects.filter(
        organization_id=customer.organization_id, uploader_id=str(customer.pk)
    )
    while tokens := list(rows.order_by("token").values_list("token", flat=True)[:BATCH]):
        for token in tokens:
            files.delete(token)
            gone.files += 1
        progress(gone)


def _delete_visits(customer: Customer, gone: Held, progress: Progress, *, logged: bool) -> None:
    """Delete visits in steps, with what was shown and reached in them."""
    rows = Visit.objects.filter(customer=customer)
    while ids := list(rows.order_by("id").values_list("id", flat=True)[:BATCH]):
        with transaction.atomic():
            locked(customer.pk)  # who is coming at this moment would have something in a visit
            if logged:
                addresses = rows.filter(id__in=ids, ip__isnull=False).values_list("ip", flat=True)
                _forget_addresses(customer, set(addresses))
            ReachedGoal.objects.filter(visit__in=ids).delete()
            ShownGreeting.objects.filter(visit__in=ids).delete()
            Customer.objects.filter(pk=customer.pk, last_visit__in=ids).update(last_visit=None)
            gone.visits += rows.filter(id__in=ids).delete()[1].get("chatplatform.Visit", 0)
        progress(gone)


def _forget_addresses(customer: Customer, addresses: set[str | None]) -> None:
    """Lift bans of nothing but addresses they came from, and take these out of the audit log."""
    organization_id = customer.organization_id
    of_address = CustomerBan.objects.filter(organization_id=organization_id, customer=None)
    bans.lift(of_address.filter(ip__in=addresses))
    AuditEntry.objects.filter(
        organization_id=organization_id, subject_type="address", subject_id__in=addresses
    ).update(subject_id=ERASED)


def _finish(found: Customer, gone: Held, *, logged: bool) -> bool:
    """Delete the row and all that hangs on it, unless something was added meanwhile."""
    newest = _forget_calls(found, gone)
    with transaction.atomic():
        customer = locked(found.pk)
        if _something_came(customer):
            return False
        if logged:
            own = CustomerBan.objects.filter(customer=customer)
            addresses = own.filter(ip__isnull=False).values_list("ip", flat=True)
            _forget_addresses(customer, set(addresses))
            bans.lift(own)
        gone.tickets += customer.tickets.count()
        gone.webhook_calls += deletion.forget_calls(
            customer.organization_id, customers=[str(customer.pk)], after=newest
        )
        _forget_calls_by(customer)
        if logged:
            organization_id, counts = customer.organization_id, gone.record()
            audit.record(organization_id, "erase_customer", "customer", customer.pk, before=counts)
        if customer.tokens.exists():  # a backend let them in meanwhile
            customer_identities.log_out(customer)
        _drop_leases(customer)
        customer.delete()
    return True


def _forget_calls(customer: Customer, gone: Held) -> int:
    """Forget the calls to webhooks that tell of the customer; return the newest it knew of.

    Nobody waits meanwhile, however many there are. Their chats are anonymous by now, so that what
    was being written of them when that one was the newest is written.
    """
    organization_id = customer.organization_id
    with transaction.atomic():
        locked(customer.pk)
        newest = webhooks.newest_call(organization_id)
    gone.webhook_calls += deletion.forget_calls(organization_id, customers=[str(customer.pk)])
    return newest


def _something_came(customer: Customer) -> bool:
    uploads = UploadedFile.objects.filter(
        organization_id=customer.organization_id, uploader_id=str(customer.pk)
    )
    chats, visits = Chat.objects.filter(customer=customer), Visit.objects.filter(customer=customer)
    return chats.exists() or visits.exists() or uploads.exists()


_EMPTY: Final[dict[str, Any]] = {
    "name": "",
    "email": "",
    "email_verified": False,
    "avatar": "",
    "phone_number": "",
    "session_fields": [],
    "omnichannel": {},
    "address": {},
    "side_storage": {},
    "carts": [],
}
"""What a customer is told to be now, to whoever has them on a screen."""


def _empty(customer: Customer) -> None:
    """Empty a locked customer's row and tell it, and nothing else of them."""
    changes = {name: value for name, value in _EMPTY.items() if getattr(customer, name) != value}
    if not changes:
        return
    for name, value in changes.items():
        setattr(customer, name, value)
    customer.save(update_fields=list(changes))
    changes.pop("side_storage", None)
    tell(
        CustomerUpdated(
            **monitoring.audience_of(customer),
            customer={"id": str(customer.pk), "type": "customer"},
            changes=changes,
        )
    )


def _forget_calls_by(customer: Customer) -> None:
    """Take the customer out of the list of an application's last calls."""
    calls = ApiCall.objects.filter(organization_id=customer.organization_id)
    calls.filter(user_id=str(customer.pk)).update(user_id="")


def _rewrite_index() -> None:
    """Take deleted words out of SQLite's full-text index, where they would lie until merged.

    A little at a time, because nobody else can write meanwhile. PostgreSQL's index holds none.
    """
    if connection.vendor != "sqlite":
        return
    table = connection.ops.quote_name(FULL_TEXT_TABLE)
    merge = f"INSERT INTO {table}({table}, rank) VALUES ('merge', %s)"  # noqa: S608 - our name
    pages = -_MERGED_AT_ONCE
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            before = _changes(cursor)
            cursor.execute(merge, [pages])
            if _changes(cursor) - before < 2:  # the statement itself counts as one
                return
        pages = _MERGED_AT_ONCE


def _changes(cursor: Any) -> int:
    cursor.execute("SELECT total_changes()")
    return int(cursor.fetchone()[0])
