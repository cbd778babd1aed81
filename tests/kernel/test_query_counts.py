"""Answers that hold many things cost as many queries for twenty-five of them as for one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from chatplatform import clock, webhook_actions
from chatplatform.api.action import Action
from chatplatform.models import Channel, ConnectionLease, Group
from chatplatform.services import bot_templates, bots, domains
from tests import make, samples
from tests.samples import name_of
from tests.world import User, World

MANY = 25


@dataclass
class Crowd:
    """An organisation with ``size`` of everything that is listed.

    ``ann``, its administrator, and so many agents, each of a group of their own; as many customers
    with a chat each; ``carl``'s has as many threads.
    """

    ann: User
    carl: User
    chat_id: str = ""
    owner_client_id: str = ""
    users: list[User] = field(default_factory=list)


def crowd(world: World, size: int) -> Crowd:
    organization = make.organization(f"Crowd of {size}")
    owner = make.application(organization)
    make.definition(owner)
    ann = world.agent(organization, "ann", role="administrator", limit=100, online=True)
    carl = world.customer(organization, "carl")
    found = Crowd(ann, carl, owner_client_id=owner.client_id)
    plan = {owner.client_id: {"plan": "gold"}}
    events = [make.message("Hello", properties=plan)]
    text = {"properties": plan, "thread": {"events": events, "properties": plan}}
    for number in range(size):
        group = make.group(organization, f"Group {number}")
        make.greeting(organization, make.rule(value="/nowhere"), group=group.number)
        name = f"agent{number}"
        found.users.append(
            world.agent(organization, name, groups=[group], online=True, accepting=False)
        )
        Channel.objects.create(organization=organization, type="integration", subtype=name)
        make.definition(owner, name, default_value="free")
        bots.create_bot(owner, f"Bot {number}", groups=[{"id": group.number}])
        Group.objects.filter(pk=group.pk).update(properties={owner.client_id: {name: "gold"}})
        ann.configuration.call("create_tag", name=name, group_ids=[group.number])
        make.access_rule(organization, group.number)
        domains.allow_domain(organization, f"{name}.example")
        ann.configuration.call("ban_customer", ip=f"192.168.1.{number + 1}", seconds=60)
        response = {"text": name, "tags": [name], "group_id": group.number}
        found.users[-1].configuration.call("create_canned_response", **response)
    _keep_connected()
    for number in range(size - 1):
        customer = world.customer(organization, f"customer{number}")
        customer.call("start_chat", chat=text)
    found.chat_id = found.carl.call("start_chat", chat=text)["chat_id"]
    for _ in range(size - 1):
        found.carl.call("deactivate_chat", id=found.chat_id)
        found.carl.call("resume_chat", chat={"id": found.chat_id, **text})
    for number in range(min(size, bot_templates.MAX_TEMPLATES)):
        bot_templates.create_template(owner, f"Template {number}")
    for action in webhook_actions.of_version("3.7")[:size]:
        webhook = make.webhook(owner, action.name)
        make.delivery(organization, webhook, attempts=2)
    return found


def _keep_connected() -> None:
    """Let nobody's connection run out, however slow the machine is."""
    ConnectionLease.objects.update(expires_at=clock.now() + timedelta(hours=1))


Payload = Callable[[Crowd], dict[str, Any]]

PAYLOADS: dict[tuple[str, str], Payload] = {
    ("agent", "list_agents_for_transfer"): lambda c: {"chat_id": c.chat_id},
    ("agent", "list_archives"): lambda c: {"limit": MANY},
    ("agent", "list_chats"): lambda c: {"limit": MANY},
    ("agent", "list_customers"): lambda c: {"limit": MANY},
    ("agent", "list_routing_statuses"): lambda c: {},
    ("agent", "list_threads"): lambda c: {"chat_id": c.chat_id, "limit": MANY},
    ("agent", "login"): lambda c: {},
    ("agent", "subscribe_customers"): lambda c: {"limit": MANY},
    ("configuration", "list_bot_templates"): lambda c: {"owner_client_id": c.owner_client_id},
    ("configuration", "list_bots"): lambda c: {"all": True, "fields": ["groups", "work_scheduler"]},
    ("configuration", "list_canned_responses"): lambda c: {"include_private": True},
    ("configuration", "list_greetings"): lambda c: {},
    ("configuration", "list_groups"): lambda c: {"fields": ["agent_priorities", "routing_status"]},
    ("configuration", "list_tags"): lambda c: {},
    ("configuration", "list_auto_accesses"): lambda c: {},
    ("configuration", "list_allowed_domains"): lambda c: {},
    ("configuration", "list_customer_bans"): lambda c: {},
    ("configuration", "list_channels"): lambda c: {},
    ("configuration", "list_group_properties"): lambda c: {"id": 1},
    ("configuration", "list_groups_properties"): lambda c: {"group_ids": []},
    ("configuration", "list_license_properties"): lambda c: {},
    ("configuration", "list_properties"): lambda c: {"owner_client_id": c.owner_client_id},
    ("configuration", "check_product_limits_for_plan"): lambda c: {"plan": "starter"},
    ("configuration", "list_webhooks"): lambda c: {"owner_client_id": c.owner_client_id},
    ("configuration", "list_webhook_names"): lambda c: {},
    ("configuration", "list_webhook_deliveries"): lambda c: {
        "owner_client_id": c.owner_client_id,
        "limit": MANY,
    },
    ("configuration", "list_agents"): lambda c: {"fields": ["groups", "work_scheduler"]},
    ("configuration", "list_translations"): lambda c: {"group_id": 0, "language": "en"},
    ("customer", "list_chats"): lambda c: {"limit": MANY},
    ("customer", "list_group_properties"): lambda c: {"id": 0},
    ("customer", "list_group_statuses"): lambda c: {"all": True},
    ("customer", "list_license_properties"): lambda c: {},
    ("customer", "list_threads"): lambda c: {"chat_id": c.chat_id, "limit": MANY},
    ("customer", "login"): lambda c: {},
}
LISTS = [
    action
    for action in samples.actions()
    if action.name.startswith("list_") or (action.api, action.name) in PAYLOADS
]


@pytest.fixture(scope="module")
def crowds(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[Crowd, Crowd]]:
    """Make both crowds once; nobody's connection runs out while they are looked at."""
    quick = override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
    with django_db_blocker.unblock(), quick, transaction.atomic():
        world = World()
        made = crowd(world, 1), crowd(world, MANY)
        _keep_connected()
        yield made
        transaction.set_rollback(True)


def queries(of: Crowd, action: Action) -> int:
    """Return how many queries the action's call takes."""
    callers = {"agent": of.ann, "configuration": of.ann.configuration, "customer": of.carl}
    user = callers[action.api]
    payload = PAYLOADS[action.api, action.name](of)
    with CaptureQueriesContext(connection) as captured:
        if action.name == "login":
            user.login(**payload)
        else:
            samples.call(user, action, payload)
    return len(captured)


@pytest.mark.parametrize("action", LISTS, ids=name_of)
def test_many_cost_as_many_queries_as_one(
    crowds: tuple[Crowd, Crowd], db: None, action: Action
) -> None:
    one, many = crowds

    assert queries(many, action) == queries(one, action)
