"""Reading everything that is held on one customer, and writing it into an archive.

``data.json`` has a list for each of :data:`SECTIONS`; ``index.html`` shows the conversations to
people; ``files/`` holds what was uploaded and shown. Rows are read and written a few at a time.
What each list holds, ``docs/records.md`` says.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Final, cast
from uuid import UUID

import orjson
from django.db.models import Model, Q, QuerySet
from django.template.loader import get_template, render_to_string

from chatplatform import clock
from chatplatform.models import (
    Agent,
    AuditEntry,
    Chat,
    Customer,
    CustomerBan,
    CustomerIdentity,
    CustomerToken,
    EmailVerification,
    Event,
    ExternalIdentity,
    IdentityTransfer,
    ReachedGoal,
    RequestedWelcome,
    ShownGreeting,
    Thread,
    Ticket,
    TranscriptMail,
    UploadedFile,
    Visit,
    WebhookDelivery,
)
from chatplatform.records import Record
from chatplatform.selectors import webhooks

FORMAT: Final = "chatplatform.customer"
VERSION: Final = 1
"""Of the archive's format; raised when a reader of the last one would be misled."""
_CHUNK: Final = 500
_CONVERSATIONS: Final = "<!-- conversations -->"
"""Where they stand in the page, which is written around them."""
_COPIED_AT_ONCE: Final = 64 * 1024

Rows = Callable[[Customer], "QuerySet[Any] | Iterator[QuerySet[Any]]"]
"""One set of rows, or several that are read one after the other."""


@dataclass(frozen=True, slots=True)
class Section:
    """A list of the archive: the rows of a model that are about the customer.

    ``columns`` are what is told of each, by the model's own names; a name with ``__`` looks into a
    related row. Secrets and our own keys are none of them.
    """

    name: str
    model: type[Model]
    rows: Rows
    columns: tuple[str, ...]

    def sets(self, customer: Customer) -> Iterator[QuerySet[Any]]:
        """Yield the rows, each set in its order."""
        found = self.rows(customer)
        for rows in [found] if isinstance(found, QuerySet) else found:
            yield rows if rows.query.order_by else rows.order_by("pk")


def _of_customer(model: type[Model]) -> Rows:
    return lambda customer: cast(Any, model).objects.filter(customer=customer)


def _threads(customer: Customer) -> QuerySet[Thread]:
    return Thread.objects.filter(chat__customer=customer)


def _events(customer: Customer) -> QuerySet[Event]:
    rows = Event.objects.filter(thread__chat__customer=customer)
    return rows.order_by("thread__chat_id", "thread__number", "position")


def _files(customer: Customer) -> QuerySet[UploadedFile]:
    """Return what the customer uploaded, and what was shown in their chats."""
    shown = Q(uses__event__thread__chat__customer=customer)
    own = Q(uploader_id=str(customer.pk))
    rows = UploadedFile.objects.filter(own | shown, organization_id=customer.organization_id)
    return rows.filter(thumbnail_of__isnull=True).order_by("created_at", "token").distinct()


def _calls(customer: Customer) -> Iterator[QuerySet[WebhookDelivery]]:
    """Yield the calls to webhooks that tell of the customer or of a chat of theirs."""
    return webhooks.calls_naming(
        customer.organization_id, chats=chats_of(customer), customers=[str(customer.pk)]
    )


def chats_of(customer: Customer) -> QuerySet[Chat, str]:
    """Return the ids of a customer's chats."""
    return Chat.objects.filter(customer=customer).values_list("id", flat=True)


SECTIONS: Final = (
    Section(
        "customer",
        Customer,
        lambda customer: Customer.objects.filter(pk=customer.pk),
        (
            "id",
            "name",
            "email",
            "email_verified",
            "avatar",
            "phone_number",
            "session_fields",
            "omnichannel",
            "address",
            "side_storage",
            "group_number",
            "online_since",
            "last_seen_at",
            "chats_count",
            "threads_count",
            "visits_count",
            "page_views_count",
            "greetings_shown_count",
            "greetings_accepted_count",
            "greetings_converted_count",
            "tickets_count",
            "orders_count",
            "carts",
            "agent_spoke_at",
            "customer_spoke_at",
            "created_at",
        ),
    ),
    Section(
        "external_identities",
        ExternalIdentity,
        _of_customer(ExternalIdentity),
        ("external_id", "created_at"),
    ),
    Section(
        "browsers",
        CustomerIdentity,
        _of_customer(CustomerIdentity),
        ("group_number", "created_at", "last_used_at"),
    ),
    Section(
        "tokens",
        CustomerToken,
        _of_customer(CustomerToken),
        ("application__name", "created_at", "expires_at"),
    ),
    Section(
        "identity_transfers",
        IdentityTransfer,
        _of_customer(IdentityTransfer),
        ("application__name", "created_at", "expires_at"),
    ),
    Section(
        "email_verifications",
        EmailVerification,
        _of_customer(EmailVerification),
        ("email", "callback_uri", "base_url", "mail_due", "call_due", "created_at"),
    ),
    Section(
        "visits",
        Visit,
        _of_customer(Visit),
        (
            "started_at",
            "ended_at",
            "referrer",
            "ip",
            "user_agent",
            "geolocation",
            "last_pages",
            "pages_count",
        ),
    ),
    Section(
        "greetings",
        ShownGreeting,
        _of_customer(ShownGreeting),
        (
            "unique_id",
            "content",
            "clicked_buttons",
            "thread_id",
            "shown_at",
            "accepted_at",
        ),
    ),
    Section(
        "welcome_messages",
        RequestedWelcome,
        _of_customer(RequestedWelcome),
        ("group_number", "agent_id", "text", "created_at"),
    ),
    Section(
        "goals",
        ReachedGoal,
        _of_customer(ReachedGoal),
        ("goal__name", "thread_id", "reached_at"),
    ),
    Section("tickets", Ticket, _of_customer(Ticket), ("id", "group_number", "form", "created_at")),
    Section(
        "bans",
        CustomerBan,
        _of_customer(CustomerBan),
        ("ip", "agent_id", "thread_id", "created_at", "expires_at"),
    ),
    Section(
        "chats",
        Chat,
        _of_customer(Chat),
        ("id", "participants", "properties", "threads_count", "spoke_at", "created_at"),
    ),
    Section(
        "threads",
        Thread,
        _threads,
        (
            "id",
            "chat_id",
            "number",
            "active",
            "user_ids",
            "properties",
            "tags",
            "queued_at",
            "queued_seconds",
            "customer_visit",
            "summary",
            "created_at",
            "closed_at",
        ),
    ),
    Section(
        "events",
        Event,
        _events,
        (
            "thread_id",
            "position",
            "type",
            "author_id",
            "visibility",
            "custom_id",
            "content",
            "properties",
            "deleted",
            "created_at",
        ),
    ),
    Section(
        "files",
        UploadedFile,
        _files,
        ("token", "uploader_id", "name", "content_type", "size", "created_at"),
    ),
    Section(
        "transcript_mails",
        TranscriptMail,
        lambda customer: TranscriptMail.objects.filter(thread__chat__customer=customer),
        ("thread_id", "email", "asked_by_customer", "due_at", "created_at"),
    ),
    Section(
        "webhook_calls",
        WebhookDelivery,
        _calls,
        ("webhook__application__name", "action", "event", "body", "state", "occurred_at"),
    ),
    Section(
        "audit",
        AuditEntry,
        lambda customer: AuditEntry.objects.filter(
            organization_id=customer.organization_id,
            subject_type="customer",
            subject_id=str(customer.pk),
        ),
        ("action", "at", "before", "after"),
    ),
)
"""Everything an archive holds, in its order."""


# --- finding ------------------------------------------------------------------------------------


def matching(organization_id: UUID, text: str) -> QuerySet[Customer]:
    """Return the customers of exactly this id, e-mail address, or id their organisation knows."""
    text = text.strip()
    known = Q(external_identity__external_id=text) | Q(pk__in=_uuids(text))
    if "@" in text:
        known |= Q(email__iexact=text)
    return Customer.objects.filter(known, organization_id=organization_id)


def _uuids(text: str) -> list[UUID]:
    try:
        return [UUID(text)]
    except ValueError:
        return []


# --- writing ------------------------------------------------------------------------------------


def write_archive(customer: Customer, file: IO[bytes]) -> dict[str, int]:
    """Write the archive of a customer; return how much is in each of its lists."""
    people = _People(customer.organization_id)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("data.json", "w", force_zip64=True) as data:
            counts = _write_data(customer, people, data)
        with archive.open("index.html", "w", force_zip64=True) as page:
            _write_page(customer, people, page)
        for row in _files(customer).iterator(chunk_size=_CHUNK):
            _write_file(archive, row)
    return counts


def count(customer: Customer, *names: str) -> dict[str, int]:
    """Return how much these lists of an archive of the customer would hold.

    One read each, but ``webhook_calls``, for which all are looked at that the organisation has.
    """
    return {
        section.name: sum(rows.count() for rows in section.sets(customer))
        for section in SECTIONS
        if section.name in names
    }


def _write_data(customer: Customer, people: _People, data: IO[bytes]) -> dict[str, int]:
    head: Record = {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": clock.to_wire(clock.now()),
        "organization": {
            "id": str(customer.organization_id),
            "name": customer.organization.name,
        },
    }
    data.write(orjson.dumps(head)[:-1])
    counts = {}
    for section in SECTIONS:
        data.write(b",\n" + orjson.dumps(section.name) + b":[")
        counts[section.name] = 0
        for record in _records(section, customer, people):
            data.write(b",\n" if counts[section.name] else b"\n")
            data.write(orjson.dumps(record))
            counts[section.name] += 1
        data.write(b"]")
    data.write(b',\n"agents":' + orjson.dumps(people.shown()) + b"}\n")
    return counts


def _records(section: Section, customer: Customer, people: _People) -> Iterator[Record]:
    for rows in section.sets(customer):
        for row in rows.values(*section.columns).iterator(chunk_size=_CHUNK):
            record = {_told(name): people.as_shown(_plain(value)) for name, value in row.items()}
            if section.model is UploadedFile:
                record["path"] = _path_of(record.pop("token"), record["name"])
            yield record


def _told(column: str) -> str:
    """Return what a column is called in the archive: ``goal__name`` is ``goal``."""
    return column.removesuffix("__name").rpartition("__")[2]


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return clock.to_wire(value)
    return str(value) if isinstance(value, UUID) else value


class _People:
    """The organisation's agents as customers know them: by another id, and by their names."""

    def __init__(self, organization_id: UUID) -> None:
        rows = Agent.ever.filter(organization_id=organization_id)
        self._agents = {
            public_id: (key, name, job_title)
            for public_id, key, name, job_title in rows.values_list(
                "public_id", "customer_facing_id", "name", "job_title"
            )
        }
        self._met: set[str] = set()

    def as_shown(self, value: Any) -> Any:
        """Return plain data with the ids by which customers know agents."""
        if isinstance(value, Mapping):
            return {self._id(key): self.as_shown(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.as_shown(one) for one in value]
        return self._id(value) if isinstance(value, str) else value

    def name(self, public_id: str) -> str:
        """Return an agent's name; empty for everybody else."""
        return self._agents[public_id][1] if public_id in self._agents else ""

    def shown(self) -> list[Record]:
        """Return whoever was met so far."""
        return [
            {"id": self._agents[one][0], "name": self._agents[one][1], "job": self._agents[one][2]}
            for one in sorted(self._met)
        ]

    def _id(self, value: str) -> str:
        if value not in self._agents:
            return value
        self._met.add(value)
        return self._agents[value][0]


# --- for people ---------------------------------------------------------------------------------


def _write_page(customer: Customer, people: _People, page: IO[bytes]) -> None:
    about = {"customer": customer, "organization": customer.organization, "now": clock.now()}
    before, after = render_to_string("records/archive.html", about).split(_CONVERSATIONS)
    page.write(before.encode())
    thread, of_event = None, get_template("records/archive_event.html")
    for event in _events(customer).select_related("thread").iterator(chunk_size=_CHUNK):
        if thread is None or thread.id != event.thread_id:
            thread = event.thread
            page.write(render_to_string("records/archive_thread.html", {"thread": thread}).encode())
        said = {
            "event": event,
            "author": _author(event, customer, people),
            "lines": list(_lines(event)),
        }
        page.write(of_event.render(said).encode())
    page.write(after.encode())


def _author(event: Event, customer: Customer, people: _People) -> str:
    if event.author_id == str(customer.pk):
        return customer.name
    return people.name(event.author_id)


def _lines(event: Event) -> Iterator[str]:
    content = event.content
    yield from filter(None, [content.get("text"), content.get("name")])
    for element in content.get("elements") or ():
        yield from filter(None, [element.get("title"), element.get("subtitle")])
    for field in content.get("fields") or ():
        answers = ", ".join(_answers([field.get("answer"), *(field.get("answers") or ())]))
        yield f"{field.get('label', '')}: {answers}"


def _answers(given: Iterable[Any]) -> Iterator[str]:
    for answer in given:
        if isinstance(answer, dict):
            yield str(answer.get("label", ""))
        elif answer is not None:
            yield str(answer)


# --- files --------------------------------------------------------------------------------------


def _path_of(token: str, name: str) -> str:
    """Return where a file lies in the archive; its name keeps nothing a path could be made of."""
    return f"files/{token[:16]}-{re.sub(r'[^A-Za-z0-9._-]', '_', name)[-100:]}"


def _write_file(archive: zipfile.ZipFile, row: UploadedFile) -> None:
    """Copy a file into the archive; one whose content is lost stands in the list alone."""
    try:
        content = row.content.open("rb")
    except OSError:
        return
    with content, archive.open(_path_of(row.token, row.name), "w") as target:
        shutil.copyfileobj(content, target, _COPIED_AT_ONCE)
