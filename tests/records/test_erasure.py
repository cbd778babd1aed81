"""Erasing a customer: afterwards nothing of them is left, and their chats can still be read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model

from chatplatform import clock
from chatplatform.domain_events.customers import CustomerUpdated
from chatplatform.errors import NotFound
from chatplatform.models import (
    AuditEntry,
    Chat,
    ConnectionLease,
    Customer,
    CustomerBan,
    CustomerIdentity,
    CustomerToken,
    Organization,
    Thread,
    UploadedFile,
    WebhookDelivery,
)
from chatplatform.services import customer_data, files
from tests import make
from tests.conftest import Told
from tests.records import planted as plants
from tests.records.planted import Planted, plant
from tests.world import Refused, User, World

LogOf = Callable[[Callable[[], object]], list[AuditEntry]]


@pytest.fixture(autouse=True)
def _files_apart(settings: Any, tmp_path: Any) -> None:
    """Keep uploads where nobody else's are."""
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def zara(world: World, acme: Organization, ann: User) -> Planted:
    """A customer who left something everywhere."""
    return plant(world, acme, ann)


def erase(world: World, zara: Planted) -> dict[str, int]:
    return world.act(lambda: customer_data.erase(zara.organization.pk, zara.customer.id))


def leading_to_customers() -> set[type[Model]]:
    """Return every model with a way of foreign keys to a customer."""
    found: set[type[Model]] = {Customer}
    while True:
        more = {
            model
            for model in apps.get_app_config("chatplatform").get_models()
            for key in model._meta.concrete_fields
            if key.is_relation and key.related_model in found
        }
        if more <= found:
            return found
        found |= more


def calls_about(named: str) -> list[int]:
    calls = WebhookDelivery.objects.order_by("pk")
    return [call.pk for call in calls if named in str(call.event)]


class TestNothingIsLeft:
    def test_in_any_table_or_file(self, world: World, zara: Planted):
        before = plants.tables_with(*plants.PLANTS)

        erase(world, zara)

        assert {
            "chatplatform_customer",
            "chatplatform_visit",
            "chatplatform_chat",
            "chatplatform_thread",
            "chatplatform_event",
            "chatplatform_chatchange",
            "chatplatform_archiveentry",
            "chatplatform_archivefact",
            "chatplatform_webhookdelivery",
            "chatplatform_webhookattempt",
            "chatplatform_uploadedfile",
            "chatplatform_ticket",
            "chatplatform_showngreeting",
            "chatplatform_requestedwelcome",
            "chatplatform_customerban",
            "chatplatform_emailverification",
            "chatplatform_externalidentity",
            "chatplatform_transcriptmail",
            "chatplatform_auditentry",
        } <= before.keys()
        assert plants.tables_with(*plants.PLANTS) == {}
        assert plants.files_with(plants.FILE) == []

    def test_every_model_that_leads_to_a_customer_was_looked_at(self, zara: Planted):
        empty = {
            model.__name__
            for model in leading_to_customers()
            if not model._default_manager.exists()
        }

        assert empty == set()

    def test_the_customers_id_stands_in_the_audit_log_alone(self, world: World, zara: Planted):
        erase(world, zara)

        found = plants.tables_with(zara.customer.id, zara.customer.id.replace("-", ""))
        assert found.keys() == {"chatplatform_auditentry"}

    def test_no_call_to_a_webhook_tells_of_them_or_their_chat(self, world: World, zara: Planted):
        known = [zara.customer.id, zara.chat_id, *zara.thread_ids]
        before = [calls_about(one) for one in known]

        erase(world, zara)

        assert all(before)
        assert [calls_about(one) for one in known] == [[]] * len(known)

    def test_what_others_merely_wrote_of_them_is_still_told(
        self, world: World, zara: Planted, acme: Organization
    ):
        """A call may still be owed, and it is nobody's but theirs."""
        otto = world.customer(acme, "otto")
        chat_id = otto.call("start_chat")["chat_id"]
        text = f"duplicate of {zara.chat_id} {zara.thread_ids[0]} {zara.customer.id}"
        zara.agent.call("send_event", chat_id=chat_id, event=make.message(text))
        calls = calls_about(chat_id)
        said = calls_about(text)

        erase(world, zara)

        assert len(said) == 1
        assert calls_about(text) == said
        assert calls_about(chat_id) == calls

    def test_what_other_customers_left_stays(self, world: World, zara: Planted, acme: Organization):
        other = world.customer(acme, "otto")
        chat = other.call("start_chat", chat={"thread": {"events": [make.message("Otto here")]}})
        url = other.upload("otto.txt", b"Otto", "text/plain")
        calls = calls_about(chat["chat_id"])

        erase(world, zara)

        assert other.call("get_chat", chat_id=chat["chat_id"])["thread"]["events"][0]["text"]
        assert files.files.by_url(acme.pk, url) is not None
        assert calls
        assert calls_about(chat["chat_id"]) == calls


class TestChatsStayReadable:
    def test_as_a_shape_without_words(self, world: World, zara: Planted):
        said = [
            (event.public_id, event.created_at)
            for event in plants.events_of(zara)
            if event.type in ("message", "rich_message", "file", "filled_form")
        ]

        erase(world, zara)

        left = plants.events_of(zara)
        assert [(event.public_id, event.created_at) for event in left] == said
        assert {event.author_id for event in left} == {zara.agent.id, ""}
        assert all(event.deleted and event.content == {} for event in left)

    def test_agents_and_threads_stay(self, world: World, zara: Planted):
        erase(world, zara)

        chat = Chat.objects.get(id=zara.chat_id)
        shown = zara.agent.call("get_chat", chat_id=zara.chat_id, thread_id=zara.thread_ids[0])
        assert (chat.anonymized, chat.customer) == (True, None)
        assert [user["id"] for user in shown["users"]] == [zara.agent.id]
        assert shown["thread"]["properties"]["rating"] == {"score": 1}
        assert Thread.objects.filter(chat=chat).count() == 2
        assert not Thread.objects.filter(chat=chat, active=True).exists()

    def test_nothing_can_be_added(self, world: World, zara: Planted):
        erase(world, zara)

        late = {"chat_id": zara.chat_id, "event": make.message("Hello?")}
        assert zara.agent.refused("send_event", **late) == "chat_anonymized"
        assert zara.agent.refused("resume_chat", chat={"id": zara.chat_id}) == "chat_anonymized"


class TestTheCustomer:
    def test_is_shut_out_for_good(self, world: World, zara: Planted):
        socket = zara.customer.connections[-1]

        erase(world, zara)

        assert socket.ended == "logged_out_remotely"
        assert not ConnectionLease.objects.filter(user_id=zara.customer.id).exists()
        for model in (Customer, CustomerIdentity, CustomerToken):
            assert not model._default_manager.filter(**_about(model, zara)).exists()
        with pytest.raises(Refused) as refusal:
            zara.customer.call("get_customer")
        assert refusal.value.type == "authentication"

    def test_bans_of_them_and_of_their_addresses_are_lifted(self, world: World, zara: Planted):
        erase(world, zara)

        assert not CustomerBan.objects.exists()

    def test_whoever_has_them_on_a_screen_is_told(self, world: World, zara: Planted):
        with world.capture_pushes() as heard:
            erase(world, zara)

        told = heard.to(zara.agent)
        assert {"customer_updated", "chat_deactivated"} <= {name for name, _ in told}
        emptied = heard.payload(zara.agent, "customer_updated")
        assert (emptied["name"], emptied["email"]) == ("", "")
        assert plants.MARK not in str(told).lower()

    def test_they_are_told_that_all_is_empty_and_nothing_else(self, zara: Planted, told: Told):
        with told() as events:
            customer_data.erase(zara.organization.pk, zara.customer.id)

        (event,) = [one for one in events if isinstance(one, CustomerUpdated)]
        assert event.customer == {"id": zara.customer.id, "type": "customer"}
        assert event.changes == {
            "name": "",
            "email": "",
            "avatar": "",
            "phone_number": "",
            "omnichannel": {},
            "address": {},
            "carts": [],
        }


def _about(model: type[Model], zara: Planted) -> dict[str, Any]:
    return {"pk" if model is Customer else "customer_id": zara.customer.id}


class TestTheRecord:
    def test_one_entry_says_so_and_holds_nothing_personal(
        self, world: World, zara: Planted, log_of: LogOf
    ):
        *lifted, entry = log_of(lambda: erase(world, zara))

        assert {one.action for one in lifted} == {"unban_customer"}
        assert (entry.action, entry.subject_type) == ("erase_customer", "customer")
        assert (entry.subject_id, entry.after) == (zara.customer.id, None)
        assert entry.before["chats"] == 1
        assert entry.before["events"] > 5
        assert entry.before["files"] == 3
        assert all(type(value) is int for value in entry.before.values())

    def test_a_second_time_there_is_nobody(self, world: World, zara: Planted, log_of: LogOf):
        erase(world, zara)

        def again() -> None:
            with pytest.raises(NotFound):
                erase(world, zara)

        assert log_of(again) == []
        assert customer_data.was_erased(zara.organization.pk, zara.customer.id)

    def test_one_that_broke_off_goes_on(self, world: World, zara: Planted):
        class Interrupted(Exception):
            pass

        def break_off(gone: customer_data.Held) -> None:
            raise Interrupted

        identifier = zara.customer.id
        for _ in range(50):
            with suppress(Interrupted, NotFound):
                world.act(lambda: customer_data.erase(zara.organization.pk, identifier, break_off))
            if not Customer.objects.filter(id=identifier).exists():
                break

        assert plants.tables_with(*plants.PLANTS) == {}
        assert plants.tables_with(identifier).keys() == {"chatplatform_auditentry"}
        assert AuditEntry.objects.filter(action="erase_customer").count() == 1

    def test_another_organisations_customer_is_not_there(self, world: World, zara: Planted):
        other = make.organization("Globex")

        with world.nothing_changes(), pytest.raises(NotFound):
            customer_data.erase(other.pk, zara.customer.id)
        with world.nothing_changes(), pytest.raises(NotFound):
            customer_data.export(other.pk, zara.customer.id, BytesIO())


def test_files_agents_showed_them_go_unless_shown_elsewhere(
    world: World, zara: Planted, acme: Organization
):
    shared = zara.agent.upload("manual.txt", b"How to", "text/plain")
    zara.agent.call("send_event", chat_id=zara.chat_id, event={"type": "file", "url": shared})
    other = world.customer(acme, "otto")
    elsewhere = other.call("start_chat")["chat_id"]
    zara.agent.call("send_event", chat_id=elsewhere, event={"type": "file", "url": shared})

    erase(world, zara)

    assert list(UploadedFile.objects.values_list("name", flat=True)) == ["manual.txt"]


def test_somebody_with_very_many_chats_can_be_exported_and_erased(acme: Organization):
    """No statement may grow with them beyond what a database takes."""
    zara = make.customer(acme, name="Zara")
    now = clock.now()
    rows = [
        Chat(id=f"CHAT{number:06}", organization=acme, customer=zara, last_thread_created_at=now)
        for number in range(600)
    ]
    Chat.objects.bulk_create(rows)
    make.webhook(make.application(acme), "incoming_chat")

    looked: list[str] = []

    def count(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith("SELECT") and 'FROM "chatplatform_webhookdelivery"' in sql:
            looked.append(sql)
        return execute(sql, *rest)

    customer_data.export(acme.pk, str(zara.pk), BytesIO())
    with connection.execute_wrapper(count):
        gone = customer_data.erase(acme.pk, str(zara.pk))

    assert gone["chats"] == 600
    assert len(looked) < 20
