"""A customer who left something unmistakable wherever the platform keeps anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import connection

from chatplatform import clock, webhook_actions
from chatplatform.models import (
    Agent,
    ApiCall,
    Application,
    AuditEntry,
    ConnectionLease,
    Customer,
    CustomerBan,
    EmailVerification,
    Event,
    ExternalIdentity,
    Goal,
    IdentityTransfer,
    Organization,
    ReachedGoal,
    RequestedWelcome,
    SummaryRequest,
    Thread,
    TranscriptMail,
    Visit,
    WebhookDelivery,
)
from chatplatform.services import archives, bans, customer_identities, tickets
from tests import make
from tests.world import NEWEST, User, World

MARK = "quixling"
"""Stands in everything that is planted as words."""
NAME = f"Zara {MARK.title()}"
EMAIL = f"zara@{MARK}.example"
PHONE = "+15550142857"
ADDRESSES = ("198.51.100.142", "203.0.113.87")
PLANTS = (MARK, PHONE, *ADDRESSES)
"""What nothing may hold afterwards, in lower case."""
FILE = f"{MARK} wrote this".encode()


@dataclass
class Planted:
    """A customer with a history, and who they talked to."""

    organization: Organization
    customer: User
    agent: User
    chat_id: str
    thread_ids: list[str] = field(default_factory=list)
    whisper: str = f"I think {MARK} is angry"

    @property
    def row(self) -> Customer:
        """Return the customer's row."""
        return Customer.objects.get(id=self.customer.id)


def plant(world: World, organization: Organization, agent: User) -> Planted:
    """Let a customer come, talk, write, rate, leave a ticket and be noted everywhere."""
    customer = world.customer(organization, MARK, online=False)
    _listen(organization)
    customer.login(
        customer={
            "name": NAME,
            "email": EMAIL,
            "session_fields": [{MARK: MARK}],
            "avatar": f"https://{MARK}.example/me.png",
        },
        customer_page={"url": f"https://shop.example/{MARK}", "title": MARK},
        referrer=f"https://search.example/?q={MARK}",
        customer_side_storage={MARK: MARK},
    )
    Customer.objects.filter(id=customer.id).update(
        phone_number=PHONE,
        omnichannel={"twilio": {"phone_number": PHONE}},
        address={"city": MARK},
        carts=[{"items": [MARK]}],
    )
    Visit.objects.filter(customer_id=customer.id).update(
        ip=ADDRESSES[0],
        user_agent=f"{MARK}/1.0",
        geolocation={"city": MARK, "country": MARK, "country_code": MARK},
    )
    planted = Planted(organization, customer, agent, "")
    _talk(planted)
    _leave_traces(planted)
    return planted


def _listen(organization: Organization) -> None:
    owner = make.application(organization)
    for action in webhook_actions.ACTIONS.values():
        make.webhook(owner, action.name, version=action.until or NEWEST)


def _talk(planted: Planted) -> None:
    customer, agent = planted.customer, planted.agent
    first = {"events": [make.message(f"My name is {NAME}")], "properties": {}}
    started = customer.call("start_chat", chat={"thread": first})
    planted.chat_id, thread_id = started["chat_id"], started["thread_id"]
    planted.thread_ids.append(thread_id)
    url = customer.upload(f"{MARK}.txt", FILE, "text/plain")
    theirs = agent.upload(f"for-{MARK}.txt", FILE, "text/plain")
    customer.upload(f"unused-{MARK}.txt", FILE, "text/plain")
    said = {"chat_id": planted.chat_id}
    customer.call("send_event", **said, event={"type": "file", "url": url, "custom_id": MARK})
    agent.call("send_event", **said, event={"type": "file", "url": theirs})
    agent.call("send_event", **said, event=make.rich_message(f"Dear {NAME}", "yes"))
    agent.call("send_event", **said, event=make.message(planted.whisper, visibility="agents"))
    form = {"type": "filled_form", "form_id": "form", "form_type": "prechat"}
    fields = [{"id": "name", "type": "name", "label": "Name", "answer": NAME}]
    customer.call("send_event", **said, event={**form, "fields": fields})
    customer.call(
        "update_thread_properties",
        chat_id=planted.chat_id,
        thread_id=thread_id,
        properties={"rating": {"score": 1, "comment": f"thanks from {MARK}"}},
    )
    agent.call(
        "update_chat_properties",
        id=planted.chat_id,
        properties={"test": {"string_property": MARK}},
    )
    customer.call("deactivate_chat", id=planted.chat_id)
    again = {"events": [make.message(f"{MARK} again")]}
    resumed = customer.call("resume_chat", chat={"id": planted.chat_id, "thread": again})
    planted.thread_ids.append(resumed["thread_id"])


def _leave_traces(planted: Planted) -> None:
    """Write what no short conversation leaves."""
    organization, row = planted.organization, planted.row
    thread = Thread.objects.get(id=planted.thread_ids[0])
    Thread.objects.filter(id=thread.id).update(
        summary={"status": "ok", "text": f"{MARK} asked", "updated_at": ""},
        customer_visit={"ip": ADDRESSES[0], "user_agent": MARK, "geolocation": {"city": MARK}},
        archived=False,
    )
    SummaryRequest.objects.create(organization=organization, thread=thread)
    tickets.create_ticket(row.pk, {"form_id": "t", "fields": [{"answer": NAME}]})
    visit = Visit.objects.create(
        customer=row, ip=ADDRESSES[1], referrer=MARK, ended_at=clock.now() - timedelta(days=1)
    )
    goal = Goal.objects.create(organization=organization, name="Bought", type="api")
    ReachedGoal.objects.create(goal=goal, customer=row, visit=visit, thread=thread)
    greeting = make.greeting(organization, make.rule(value="/never"), text="Hello")
    row.shown_greetings.create(
        visit=visit, greeting=greeting, content={"text": f"Hello {NAME}"}, current=False
    )
    RequestedWelcome.objects.create(
        customer=row, public_id=uuid4(), group_number=0, agent_id=planted.agent.id, text=MARK
    )
    EmailVerification.objects.create(
        customer=row,
        email=EMAIL,
        callback_uri=f"https://shop.example/{MARK}",
        base_url="https://chat.example",
    )
    ExternalIdentity.objects.create(
        organization=organization, external_id=f"user-{MARK}", customer=row
    )
    TranscriptMail.objects.create(
        organization=organization, thread=thread, email=EMAIL, asked_by_customer=True
    )
    customer_identities.keep_in_browser(row, None)
    owner = Application.objects.filter(organization=organization).latest("pk")
    IdentityTransfer.objects.create(
        checksum="c" * 64,
        customer=row,
        application=owner,
        code_challenge="c",
        expires_at=clock.now() + timedelta(hours=1),
    )
    _leave_records(planted, owner)
    archives.index_due()


def _leave_records(planted: Planted, owner: Application) -> None:
    organization, row = planted.organization, planted.row
    expires_at = clock.now() + timedelta(days=3)
    CustomerBan.objects.create(
        organization=organization,
        customer=row,
        ip=ADDRESSES[1],
        agent_id=planted.agent.id,
        expires_at=expires_at,
    )
    agent = Agent.objects.get(organization=organization, public_id=planted.agent.id)
    who = make.requester(agent)
    bans.ban(who, seconds=3_600, ip=ADDRESSES[1])  # type: ignore[arg-type]
    assert AuditEntry.objects.filter(subject_id=ADDRESSES[1]).exists()
    told = WebhookDelivery.objects.filter(organization=organization, action="incoming_event")
    done = told.latest("pk")
    done.state, done.finished_at = WebhookDelivery.State.FAILED, clock.now()
    done.body = {"payload": {"chat_id": planted.chat_id, "event": {"text": MARK}}}
    done.save()
    done.attempts.create(started_at=clock.now(), seconds=0.1, status=500, answer=f"no {MARK}")
    ApiCall.objects.create(
        organization=organization,
        client_id=owner.client_id,
        user_id=str(row.pk),
        at=clock.now(),
        api="customer",
        action="send_event",
        version="3.7",
        transport="web",
        seconds=0.1,
    )
    ConnectionLease.objects.get_or_create(
        connection_id="planted",
        defaults={
            "organization": organization,
            "user_id": str(row.pk),
            "expires_at": clock.now() + timedelta(seconds=20),
        },
    )


# --- looking for it -------------------------------------------------------------------------------


def tables_with(*plants: str) -> dict[str, list[str]]:
    """Return the rows of every table, search indexes included, that hold any of ``plants``."""
    wanted = [one.lower() for one in plants]
    found: dict[str, list[str]] = {}
    for table in connection.introspection.table_names():
        for row in _rows(table):
            text = _text(row)
            if any(one in text for one in wanted):
                found.setdefault(table, []).append(text[:300])
    return found


def _rows(table: str) -> list[tuple[object, ...]]:
    name = connection.ops.quote_name(table)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {name}")  # noqa: S608 - names of our own tables
        return list(cursor.fetchall())


def _text(row: tuple[object, ...]) -> str:
    cells = (
        cell.decode("latin-1") if isinstance(cell, bytes | memoryview) else str(cell)
        for cell in (bytes(one) if isinstance(one, memoryview) else one for one in row)
    )
    return "\n".join(cells).lower()


def files_with(plant: bytes) -> list[str]:
    """Return the stored files whose content or name holds ``plant``."""
    root = Path(settings.MEDIA_ROOT)
    stored = [one for one in root.rglob("*") if one.is_file()] if root.exists() else []
    return [str(one) for one in stored if plant in one.read_bytes() or plant in str(one).encode()]


def events_of(planted: Planted) -> list[Event]:
    """Return the events of the customer's chat, in order."""
    rows = Event.objects.filter(thread__chat_id=planted.chat_id)
    return list(rows.order_by("thread__number", "position"))
