"""Everything that happens without a client's asking: what else pushes come from."""

import io
from collections.abc import Callable
from uuid import UUID

from django.test import override_settings
from PIL import Image

from chatplatform import clock
from chatplatform.api import versions
from chatplatform.models import Thread
from chatplatform.services import (
    access_rules,
    agents,
    authentication,
    bots,
    canned_responses,
    deletion,
    groups,
    properties,
    summaries,
    tags,
    thumbnails,
    tickets,
)
from tests import make
from tests.samples import Scene
from tests.world import User

Happening = Callable[[Scene], None]
EVERYTHING = {version: ["all"] for version in versions.VERSIONS}
"""The pushes of a login that wants each push in each version."""


def people(scene: Scene) -> None:
    organization = scene.organization
    hours = {
        "timezone": "Europe/Warsaw",
        "schedule": [{"day": "monday", "enabled": True, "start": "08:00", "end": "16:00"}],
    }
    agents.create_agent(
        organization,
        "new@example.com",
        "New",
        awaiting_approval=True,
        groups=[{"id": scene.group.number, "priority": "first"}],
        notifications=["new_visitor"],
        email_subscriptions=["daily_summary"],
        work_scheduler=hours,
    )
    agents.approve_agent(organization.pk, "new@example.com")
    later = {**hours, "timezone": "Europe/London"}
    agents.update_agent(organization.pk, "new@example.com", {"work_scheduler": later})
    agents.suspend_agent(organization.pk, "new@example.com")
    agents.unsuspend_agent(organization.pk, "new@example.com")
    agents.delete_agent(organization.pk, "new@example.com")


def robots(scene: Scene) -> None:
    place = {"id": scene.group.number, "priority": "first"}
    made = bots.create_bot(make.application(scene.organization), "Robot", groups=[place])
    bots.update_bot(scene.organization.pk, made.agent.public_id, {"name": "Robbie"})
    bots.delete_bot(scene.organization.pk, made.agent.public_id)


def departments(scene: Scene) -> None:
    made = groups.create_group(scene.organization, "New")
    groups.update_group(scene.organization.pk, made.number, {"name": "Newer"})
    groups.delete_group(scene.organization.pk, made.number)


def canned(scene: Scene) -> None:
    ann = authentication.authenticate_agent(scene.ann.credentials)
    made = canned_responses.create_canned_response(ann, "Hello", ["hi"], 0)
    canned_responses.update_canned_response(ann, made.pk, {"text": "Hi"})
    canned_responses.delete_canned_response(ann, made.pk)


def labels(scene: Scene) -> None:
    ann = authentication.authenticate_agent(scene.ann.credentials)
    tags.create_tag(ann, "new", [0])
    tags.update_tag(ann, "new", [0, scene.group.number])
    tags.delete_tag(ann, "new")


def rules(scene: Scene) -> None:
    values = [{"value": "shop.example", "exact_match": True}]
    place = {"country": "Poland", "country_code": "PL", "region": "x", "city": "Wroclaw"}
    made = access_rules.add_access_rule(
        scene.organization,
        group_ids=[scene.group.number],
        conditions={
            "url": {"values": values},
            "domain": {"values": values},
            "geolocation": {"values": [place]},
        },
        description="Poles",
    )
    make.access_rule(scene.organization, 0)
    access_rules.update_access_rule(scene.organization, made.public_id, description="People")
    access_rules.delete_access_rule(scene.organization, made.public_id)


def settings_change(scene: Scene) -> None:
    ann = authentication.authenticate_agent(scene.ann.credentials)
    properties.update_license_properties(ann, {"routing": {"max_customer_chats_count": 2}})
    properties.update_group_properties(ann, scene.group.number, {"test": {"string_property": "x"}})


def threads_vanish(scene: Scene) -> None:
    organization_id = scene.organization.pk
    thread = Thread.objects.get(chat_id=scene.closed)
    scene.dora.call("resume_chat", chat={"id": scene.closed}, continuous=True)
    deletion.delete_thread(organization_id, scene.closed, thread.pk)
    deletion.delete_chat(organization_id, scene.aside)
    scene.carl.call("deactivate_chat", id=scene.running)
    begun = Thread.objects.get(pk=scene.thread).created_at
    tag = f"{scene.label}-tagged"
    deletion.delete_threads(organization_id, date_from=begun, date_to=clock.now(), tag=tag)


def tickets_come_and_go(scene: Scene) -> None:
    form = {"form_id": "1", "form_type": "ticket", "fields": []}
    made = tickets.create_ticket(UUID(scene.carl.id), form)
    tickets.delete_ticket(scene.organization.pk, made.pk)


def a_picture_gets_its_thumbnails(scene: Scene) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (1200, 800)).save(picture, "PNG")
    url = scene.carl.upload("photo.png", picture.getvalue(), "image/png")
    scene.carl.call("send_event", chat_id=scene.running, event={"type": "file", "url": url})
    thumbnails.make_due()


def nobody_can_sum_up(scene: Scene) -> None:
    scene.ann.call("request_thread_summary", chat_id=scene.running, thread_id=scene.thread)
    summaries.make_due(run=lambda make_one: make_one())


def newcomer(scene: Scene, name: str) -> User:
    """Return a new customer who hears everything in every version."""
    made = scene.ann.world.customer(scene.organization, name, online=False)
    made.login(pushes=EVERYTHING, customer_side_storage={"kept": "long"})
    return made


def customers_come_and_go(scene: Scene) -> None:
    make.greeting(scene.organization, make.rule("url_current", "contains", "/"))
    make.access_rule(scene.organization, scene.group.number, url={"values": [{"value": "/sales"}]})
    new = newcomer(scene, "new")
    new.rtm("update_customer_page", {"url": "https://shop.example/", "title": "Shop"})
    new.rtm("update_customer_page", {"url": "https://shop.example/sales", "title": "Sales"})
    new.call("start_chat", continuous=True, chat={"thread": {"events": [make.message()]}})
    new.lose_connections()


def a_chat_moves_to_another_group(scene: Scene) -> None:
    target = {"type": "group", "ids": [scene.group.number]}
    away = {"target": target, "ignore_agents_availability": True}
    scene.ann.call("transfer_chat", id=scene.running, **away)


def a_customer_changes_everything(scene: Scene) -> None:
    scene.ann.call(
        "update_customer",
        id=scene.carl.id,
        name="Carl",
        email="carl@example.org",
        avatar="https://x.example/a.png",
        phone_number="+48123456789",
        session_fields=[{"a": "b"}],
        omnichannel={
            "fbmessenger": {"id": "1", "name": "Carl"},
            "twilio": {"phone_number": "+48123456789"},
        },
        address={
            "address": "1",
            "city": "Wroclaw",
            "country": "Poland",
            "postal_code": "1",
            "state": "x",
        },
    )


def a_queue_forms_and_moves(scene: Scene) -> None:
    scene.ann.call("set_routing_status", status="not_accepting_chats")
    text = {"thread": {"events": [make.message()]}}
    first, second = newcomer(scene, "first"), newcomer(scene, "second")
    chats = [one.call("start_chat", continuous=True, chat=text) for one in (first, second)]
    first.call("deactivate_chat", id=chats[0]["chat_id"])
    scene.ann.call("transfer_chat", id=scene.running, ignore_agents_availability=True)
    scene.ann.call("set_routing_status", status="accepting_chats")


def summarize(transcript: str) -> str:
    """Sum up, in the place of a service."""
    return "They talked."


def a_thread_is_summed_up(scene: Scene) -> None:
    with override_settings(THREAD_SUMMARIZER=f"{__name__}.summarize"):
        scene.ann.call("request_thread_summary", chat_id=scene.running, thread_id=scene.thread)
        summaries.make_due(run=lambda make_one: make_one())
        scene.carl.call("deactivate_chat", id=scene.running)
        scene.ann.call("request_thread_summary", chat_id=scene.running, thread_id=scene.thread)
        summaries.make_due(run=lambda make_one: make_one())


HAPPENINGS: tuple[Happening, ...] = (
    people,
    robots,
    departments,
    canned,
    labels,
    rules,
    settings_change,
    threads_vanish,
    tickets_come_and_go,
    a_picture_gets_its_thumbnails,
    nobody_can_sum_up,
    a_thread_is_summed_up,
    a_chat_moves_to_another_group,
    customers_come_and_go,
    a_customer_changes_everything,
    a_queue_forms_and_moves,
)
