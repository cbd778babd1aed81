"""The audit log: a row for every change of the configuration, and for nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from chatplatform import clock, domain_events
from chatplatform.api.action import Action
from chatplatform.domain_events import Cause
from chatplatform.models import (
    Agent,
    Application,
    AuditEntry,
    CannedResponse,
    Group,
    Organization,
)
from chatplatform.services import (
    audit,
    deletion,
    forms,
    goals,
    groups,
    installations,
    tags,
    welcomes,
)
from chatplatform.services.bot_templates import create_template
from tests import make, samples
from tests.samples import Scene, name_of
from tests.world import Refused, User, World

LogOf = Callable[[Callable[[], object]], list[AuditEntry]]


def changes() -> list[Action]:
    """Return every action of the Configuration API that changes something, batches included."""
    return [
        action
        for action in samples.actions()
        if action.api == "configuration" and (action.writes or action.batch_of is not None)
    ]


def own_name(action: Action) -> str:
    """Return what the log calls an action: a batch is logged as the calls it is made of."""
    return action.batch_of.name if action.batch_of is not None else action.name


FOLLOWING = {
    "create_agent": ["send_invitation"],
    "create_bot_template": ["create_bot"],
}
"""What the sample of an action changes besides, each with its own row."""


def _undone(scene: Scene, name: str, **payload: Any) -> None:
    scene.ann.configuration.call(name, **payload)


def _arrange(scene: Scene, action: Action) -> None:
    """Make the sample of an action change something."""
    name = action.name
    agents = Agent.objects.filter(organization=scene.organization)
    if name == "reactivate_email":
        agents.filter(public_id=scene.bob.id).update(email_disabled_at=clock.now())
    elif name == "request_agent_unsuspension":
        agents.filter(public_id=scene.ann.id).update(suspended=True)
    elif name == "enable_license_webhooks":
        payload = samples.SAMPLES["configuration", name](scene)
        _undone(scene, "disable_license_webhooks", **payload)
    elif name in ("delete_license_properties", "delete_group_properties"):
        setting = name.replace("delete", "update")
        _undone(scene, setting, **samples.SAMPLES["configuration", setting](scene))


@pytest.mark.parametrize("action", changes(), ids=name_of)
def test_every_change_leaves_its_row(action: Action, scene: Scene, log_of: LogOf):
    _arrange(scene, action)
    caller = samples.caller(scene, action)

    entries = log_of(lambda: samples.call(caller, action, samples.payload(scene, action)))

    name = own_name(action)
    assert [one.action for one in entries] == [name, *FOLLOWING.get(name, [])]
    for entry in entries:
        assert entry.organization == scene.organization
        assert entry.door == AuditEntry.Door.WEB
        assert entry.address == "127.0.0.1"
        assert entry.user_id == ("" if action.public else caller.id)
        assert entry.subject_type
        assert entry.subject_id


@pytest.mark.parametrize("action", changes(), ids=name_of)
def test_a_refused_change_leaves_none(action: Action, scene: Scene, log_of: LogOf):
    caller = samples.caller(scene, action)
    payload = samples.payload(scene, action)
    stranger = User(caller.world, caller.api, "Bearer nobody")
    spoiled = {**payload, **{name: {"no": "such"} for name in payload}}

    def ask() -> None:
        for user, asked in ((stranger, payload), (caller, spoiled)):
            try:
                samples.call(user, action, asked)
            except Refused:
                continue

    if action.public or not payload:
        spoiled = {"organization_id": "nobody"}
        stranger = caller
        payload = spoiled
        if action.name == "request_agent_unsuspension":
            Agent.objects.filter(public_id=scene.ann.id).update(suspended=False)
    assert log_of(ask) == []


class TestWhatARowSays:
    def test_of_an_update_what_differs(self, scene: Scene, log_of: LogOf):
        name, crew = scene.things["tag"], scene.things["crew"]

        (entry,) = log_of(
            lambda: scene.ann.configuration.call("update_tag", name=name, group_ids=[0, crew])
        )

        assert (entry.subject_type, entry.subject_id) == ("tag", name)
        assert entry.before == {"group_ids": [0]}
        assert entry.after == {"group_ids": [0, crew]}

    def test_an_update_that_changes_nothing_is_none(self, scene: Scene, log_of: LogOf):
        payload = {"name": scene.things["tag"], "group_ids": [0]}

        assert log_of(lambda: scene.ann.configuration.call("update_tag", **payload)) == []

    def test_of_something_new_and_something_gone_all(self, scene: Scene, log_of: LogOf):
        caller = scene.ann.configuration

        (made,) = log_of(lambda: caller.call("add_allowed_domain", domain="shop.example"))
        (gone,) = log_of(lambda: caller.call("delete_allowed_domain", domain="shop.example"))

        assert (made.before, made.after) == (None, {"domain": "shop.example"})
        assert (gone.before, gone.after) == ({"domain": "shop.example"}, None)

    def test_who_did_it_and_from_where(self, scene: Scene, log_of: LogOf):
        ann = Agent.objects.get(public_id=scene.ann.id)

        (entry,) = log_of(
            lambda: scene.ann.world.client.post(
                "/v3.7/configuration/action/create_tag",
                {"name": "new", "group_ids": [0]},
                content_type="application/json",
                headers={"authorization": scene.ann.credentials, "user-agent": "Lynx/2.8"},
            )
        )

        assert entry.user_id == scene.ann.id
        assert entry.account_id == ann.account_id
        assert entry.client_id == scene.things["bot_owner"]
        assert (entry.door, entry.user_agent) == ("web", "Lynx/2.8")

    def test_the_rtm_door(self, scene: Scene, log_of: LogOf):
        ban = {"id": scene.emil.id, "ban": {"days": 3}}

        (entry,) = log_of(lambda: scene.ann.rtm("ban_customer", ban))

        assert (entry.action, entry.subject_type) == ("ban_customer", "customer")
        assert (entry.door, entry.user_agent) == ("rtm", "Tests")

    def test_a_secret_is_not_in_it(self, scene: Scene, log_of: LogOf):
        payload = samples.SAMPLES["configuration", "register_webhook"](scene)
        secret = "unmistakable-secret"

        (entry,) = log_of(
            lambda: scene.ann.configuration.call(
                "register_webhook", **{**payload, "secret_key": secret}
            )
        )

        assert entry.after["secret_key"] == audit.HIDDEN
        assert secret not in str([entry.before, entry.after])

    def test_what_an_agent_keeps_to_themselves_is_not_in_it(self, scene: Scene, log_of: LogOf):
        private = {"text": "for me alone", "tags": ["mine"], "group_id": 0, "is_private": True}

        (entry,) = log_of(lambda: scene.bob.configuration.call("create_canned_response", **private))

        assert (entry.after["text"], entry.after["tags"]) == (audit.HIDDEN, audit.HIDDEN)
        assert CannedResponse.objects.get(pk=entry.subject_id).text == "for me alone"

    def test_a_banned_visitors_address_is_not_in_it(self, scene: Scene, log_of: LogOf):
        payload = {"customer_id": scene.emil.id, "ip": "93.184.216.34", "seconds": 60}

        (entry,) = log_of(lambda: scene.ann.configuration.call("ban_customer", **payload))

        assert entry.subject_id == scene.emil.id
        assert "93.184" not in str([entry.before, entry.after])


@pytest.mark.parametrize("of", ["license", "group"])
class TestWhatARowSaysOfProperties:
    @pytest.fixture(autouse=True)
    def _holder(self, scene: Scene, of: str) -> None:
        """Let Ann's client, which owns properties, set them on the licence or a group."""
        self.holder = scene.organization if of == "license" else scene.group
        self.owner = Application.objects.get(client_id=scene.things["bot_owner"])
        self.caller = scene.ann.configuration

    def update(self, given: dict[str, dict[str, Any]]) -> Callable[[], object]:
        if isinstance(self.holder, Organization):
            return lambda: self.caller.call("update_license_properties", properties=given)
        number = self.holder.number
        return lambda: self.caller.call(
            "update_group_properties", group_id=number, properties=given
        )

    def delete(self, names: dict[str, list[str]]) -> Callable[[], object]:
        if isinstance(self.holder, Organization):
            return lambda: self.caller.call("delete_license_properties", properties=names)
        number = self.holder.number
        return lambda: self.caller.call("delete_group_properties", id=number, properties=names)

    def test_those_that_were_named_and_are_others_now(self, log_of: LogOf):
        given = {"string_property": "before", "int_property": 1, "bool_property": True}
        self.update({"test": given})()

        (entry,) = log_of(self.update({"test": {"string_property": "after", "int_property": 1}}))

        assert entry.before == {"test": {"string_property": "before"}}
        assert entry.after == {"test": {"string_property": "after"}}

    def test_not_what_an_application_keeps_to_itself(self, log_of: LogOf):
        make.definition(self.owner, "api_key")
        make.definition(self.owner, "plan", public=["read"])
        own = self.owner.client_id

        (first,) = log_of(self.update({own: {"api_key": "k1", "plan": "free"}}))
        (other,) = log_of(self.update({own: {"api_key": "k2", "plan": "free"}}))
        same = log_of(self.update({own: {"api_key": "k2"}}))
        (gone,) = log_of(self.delete({own: ["api_key"]}))

        hidden, anew = {own: {"api_key": audit.HIDDEN}}, {own: {"api_key": audit.HIDDEN_NEW}}
        assert (first.before, first.after) == ({}, {own: {"plan": "free", **anew[own]}})
        assert (other.before, other.after) == (hidden, anew)
        assert same == []
        assert (gone.before, gone.after) == (hidden, {})

    def test_not_what_is_left_of_another_definition(self, log_of: LogOf):
        """Nobody can read it, and whose it was nobody knows."""
        make.definition(self.owner, "plan", kind="int", public=["read"])
        own = self.owner.client_id
        self.holder.properties = {own: {"plan": "kept to ourselves"}}
        self.holder.save()

        (entry,) = log_of(self.update({own: {"plan": 7}}))

        assert (entry.before, entry.after) == ({own: {"plan": audit.HIDDEN}}, {own: {"plan": 7}})


class TestWhatFollows:
    def test_a_groups_end_is_logged_of_its_tags_too(
        self, acme: Organization, sales: Group, log_of: LogOf
    ):
        make.tag(acme, "refund", [sales.number])
        make.greeting(acme, group=sales.number)

        gone, moved = log_of(lambda: groups.delete_group(acme.pk, sales.number))

        assert (gone.action, gone.subject_id) == ("delete_group", str(sales.number))
        assert gone.before["with_it"] == {"greetings": 1}
        assert (moved.action, moved.subject_id) == ("update_tag", "refund")
        assert (moved.before, moved.after) == (
            {"group_ids": [sales.number]},
            {"group_ids": [0]},
        )

    def test_another_licence_sees_the_application_and_nobody_of_its(
        self, acme: Organization, log_of: LogOf
    ):
        owner, globex = make.application(acme), make.organization("Globex")
        installations.install(globex, owner)
        ann = Cause("ann@acme.example", "", owner.client_id, "web", "192.0.2.7", "Lynx")

        def bring_a_bot() -> None:
            with domain_events.caused_by(ann):
                create_template(owner, "Helper", affect_existing=True)

        there = [one for one in log_of(bring_a_bot) if one.organization == globex]

        assert [one.action for one in there] == ["create_bot"]
        assert (there[0].user_id, there[0].client_id) == ("", owner.client_id)
        assert (there[0].address, there[0].user_agent) == (None, "")


def _kept_without_an_action(
    acme: Organization,
) -> Iterator[tuple[str, Callable[[], object]]]:
    field = {"id": "name", "type": "name", "label": "Name"}
    made = goals.create_goal(acme, {"name": "Sale", "type": "api"})
    yield "create_goal", lambda: goals.create_goal(acme, {"name": "Sale", "type": "api"})
    yield "update_goal", lambda: goals.update_goal(acme, made.pk, {"name": "Sold"})
    yield "delete_goal", lambda: goals.delete_goal(acme, made.pk)
    yield (
        "update_form",
        lambda: forms.set_form(acme, 0, "prechat", enabled=True, fields=[field]),
    )
    yield "update_welcome_message", lambda: welcomes.set_welcome_message(acme, 0, "Hello")
    chat = make.chat(make.customer(acme), texts=["Hello"])
    yield "delete_chat", lambda: deletion.delete_chat(acme.pk, chat.pk)


def test_what_only_our_pages_change_is_logged_too(acme: Organization, log_of: LogOf):
    for name, change in _kept_without_an_action(acme):
        assert [one.action for one in log_of(change)] == [name]


class TestOthers:
    def test_giving_another_agent_a_status_is_logged(
        self, ann: User, acme: Organization, world: World
    ):
        boss = world.agent(acme, "boss", role="administrator", online=True)
        known = AuditEntry.objects.count()

        boss.call("set_routing_status", agent_id=ann.id, status="not_accepting_chats")

        entry = AuditEntry.objects.order_by("id").last()
        assert AuditEntry.objects.count() == known + 1
        assert (entry.action, entry.subject_id, entry.user_id) == (
            "set_routing_status",
            ann.id,
            boss.id,
        )
        assert (entry.before, entry.after) == (
            {"status": "accepting_chats"},
            {"status": "not_accepting_chats"},
        )

    def test_choosing_ones_own_is_not(self, ann: User, log_of: LogOf):
        assert log_of(lambda: ann.call("set_routing_status", status="not_accepting_chats")) == []


ABOUT_OTHERS = {("agent", name) for name in ("ban_customer", "set_routing_status", "logout")}
"""What the samples do to others, and so stands in the log."""


@pytest.mark.parametrize(
    "action",
    [one for one in samples.actions() if one.api in ("agent", "customer")],
    ids=name_of,
)
def test_ordinary_chat_traffic_leaves_nothing(action: Action, scene: Scene, log_of: LogOf):
    caller = samples.caller(scene, action)
    payload = samples.payload(scene, action)

    with CaptureQueriesContext(connection) as queries:
        entries = log_of(lambda: samples.call(caller, action, payload))

    inserts = [one for one in queries.captured_queries if _writes_the_log(one["sql"])]
    if (action.api, action.name) in ABOUT_OTHERS:
        assert [one.action for one in entries] == [action.name]
    else:
        assert (entries, inserts) == ([], [])


def _writes_the_log(sql: str) -> bool:
    return "chatplatform_auditentry" in sql and not sql.startswith("SELECT")


def test_a_change_that_is_undone_leaves_no_row(acme: Organization, log_of: LogOf):
    who = make.requester(make.agent(acme, "administrator"))

    def change_and_fail() -> None:
        try:
            with transaction.atomic():
                tags.create_tag(who, "new", [0])
                raise RuntimeError
        except RuntimeError:
            return

    assert log_of(change_and_fail) == []
