"""What requests to the Configuration API can be about, made through it.

Each kind of request spoils what it is about — it deletes agents, suspends them, takes tags away —
so that each has things of its own.
"""

from __future__ import annotations

from typing import Any

from tests.clients import web
from tests.live import LiveServer

EACH = 6
"""How many there are of what a kind of request is about."""
PAGE = "https://shop.example.com/"
NEVER_IS = "https://hooks.example.com/"
RIGHTS = {place: {"agent": ["read", "write"]} for place in ("license", "group")}

Payload = dict[str, Any]


class Office:
    """Makes things as the owner, with a number in each name so that none is there twice."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.token = f"Bearer {server.demo['agents'][0]['access_token']}"
        self.made = 0

    def do(self, action: str, /, **payload: Any) -> Any:
        """Call an action in its newest version."""
        return web(self.server.url, f"/v3.7/configuration/action/{action}", payload, self.token)

    def each(self, action: str, key: str = "id", /, **payload: Any) -> list[Any]:
        """Make some; ``{}`` in texts becomes a number. Return what ``key`` names of each.

        ``key`` is a field of the answer, or of the request.
        """
        found = []
        for _ in range(EACH):
            self.made += 1
            given = {
                name: value.format(self.made) if isinstance(value, str) else value
                for name, value in payload.items()
            }
            answer = self.do(action, **given)
            found.append(answer[key] if key in answer else given[key])
        return found

    def agents(self) -> list[str]:
        """Make agents and return their ids."""
        return self.each("create_agent", id="agent{}@fuzz.example.com", name="Agent {}")


def world(server: LiveServer) -> dict[str, dict[str, list[Any]]]:
    """Return who asks, and what exists by the field that names it (``fuzzing._world``)."""
    office = Office(server)
    client_id = server.demo["client_id"]
    groups = office.each("create_group", name="Group {}", agent_priorities={})
    values: dict[str, list[Any]] = {
        "owner_client_id": [client_id],
        "group_id": [0],
        "group_ids": [0],
        "groups": [[{"id": 0, "priority": "normal"}]],
        "next_id": [""],
        "agent_priorities": [{server.demo["agents"][0]["id"]: "normal"}],
        "organization_id": [server.demo["organization_id"]],
        "license_id": [server.demo["license_id"]],
        "create_agent.id": [f"new{number}@fuzz.example.com" for number in range(500)],
        "reactivate_email.agent_id": [server.demo["agents"][1]["id"]],
    }
    values |= _people(office)
    values |= _bots(office, client_id)
    values |= _greetings(office)
    values |= _webhooks(office, client_id)
    values |= _properties(office, client_id)
    values |= {
        "get_group.id": groups[:1],
        "update_group.id": groups[1:2],
        "delete_group.id": groups[2:],
        "update_tag.name": office.each("create_tag", "name", name="tag {}", group_ids=[0]),
        "delete_tag.name": office.each("create_tag", "name", name="tag {}", group_ids=[0]),
        "delete_allowed_domain.domain": office.each(
            "add_allowed_domain", "domain", domain="shop{}.example.com"
        ),
        "language": ["en"],
        "phrases": [{"Welcome_title": "Hello"}],
        "unban_customer.ip": [f"203.0.113.{number}" for number in range(1, 5)],
        "ban_customer.ip": ["203.0.113.9"],
    }
    for ip in values["unban_customer.ip"]:
        office.do("ban_customer", ip=ip, seconds=86_400)
    for action in ("update_canned_response", "delete_canned_response"):
        values[f"{action}.id"] = office.each(
            "create_canned_response", text="Hello {}", tags=["hi"], group_id=0
        )
    rule = {"access": {"groups": [0]}, "conditions": {"url": {"values": [{"value": "/x"}]}}}
    for action in ("update_auto_access", "delete_auto_access"):
        values[f"{action}.id"] = office.each("add_auto_access", **rule)
    values |= {name: [value] for name, value in rule.items()}
    return {"tokens": {"": [office.token], **_suspended(office)}, "values": values}


def _people(office: Office) -> dict[str, list[Any]]:
    agents = {
        f"{action}_agent.id": office.agents()
        for action in ("update", "delete", "suspend", "unsuspend", "approve")
    }
    for agent_id in agents["unsuspend_agent.id"]:
        office.do("suspend_agent", id=agent_id)
    return {**agents, "get_agent.id": [office.server.demo["agents"][1]["id"]]}


def _suspended(office: Office) -> dict[str, list[str]]:
    """Return the token of a suspended agent, who alone may ask to be no longer."""
    agent = office.server.demo["agents"][2]
    office.do("suspend_agent", id=agent["id"])
    return {"request_agent_unsuspension": [f"Bearer {agent['access_token']}"]}


def _bots(office: Office, client_id: str) -> dict[str, list[Any]]:
    about: dict[str, Any] = {"name": "Robot {}", "owner_client_id": client_id}
    known = office.do("create_bot", **{**about, "name": "Known"})
    values: dict[str, list[Any]] = {
        f"{action}_bot.id": office.each("create_bot", **about) for action in ("update", "delete")
    }
    templates = [office.do("create_bot_template", **{**about, "name": one})["id"] for one in "abc"]
    return {
        **values,
        "get_bot.id": [known["id"]],
        "reset_bot_secret.id": values["update_bot.id"],
        "issue_bot_token.bot_id": [known["id"]],
        "issue_bot_token.client_id": [client_id],
        "issue_bot_token.bot_secret": [known["secret"]],
        "update_bot_template.id": templates[:1],
        "reset_bot_template_secret.id": templates[1:2],
        "delete_bot_template.id": templates[2:],
    }


def _greetings(office: Office) -> dict[str, list[Any]]:
    rule = {"condition": "and", "type": "url_current", "operator": "contains", "value": PAGE}
    greeting: Payload = {
        "type": "normal",
        "active": True,
        "name": "Greeting {}",
        "group": 0,
        "rules": [rule],
        "properties": {"greeting-message_text": "Hello"},
    }
    return {
        f"{action}_greeting.id": office.each("create_greeting", **greeting)
        for action in ("get", "update", "delete")
    } | {
        "rules": [[rule]],
        "create_greeting.group": [0],
        "create_greeting.properties": [greeting["properties"]],
        "rich_message": [{"template_id": "cards", "elements": [{"title": "Hello"}]}],
    }


def _webhooks(office: Office, client_id: str) -> dict[str, list[Any]]:
    kept, *registered = [
        office.do(
            "register_webhook",
            action=action,
            url=NEVER_IS,
            secret_key="secret",
            type="license",
            owner_client_id=client_id,
        )["id"]
        for action in ("tag_created", "chat_deactivated", "thread_tagged", "agent_created")
    ]
    office.do("create_tag", name="owed", group_ids=[0])
    answer = office.do("list_webhook_deliveries", owner_client_id=client_id, webhook_id=kept)
    return {
        "redeliver_webhook.id": [one["id"] for one in answer["deliveries"]],
        "list_webhook_deliveries.webhook_id": [kept],
        "unregister_webhook.id": registered,
        "register_webhook.url": [NEVER_IS],
        "register_webhook.filters": [{"source_type": ["system"]}],
        "list_webhook_names.version": ["3.6"],
    }


def _properties(office: Office, client_id: str) -> dict[str, list[Any]]:
    about = {"type": "string", "access": RIGHTS, "owner_client_id": client_id}
    return {
        f"{action}_property.name": office.each("register_property", "name", name="p{}", **about)
        for action in ("unregister", "publish")
    } | {
        "register_property.access": [RIGHTS],
        "register_property.name": [f"fresh{number}" for number in range(500)],
        "register_property.type": ["string"],
        "register_property.domain": [["gold", "silver"]],
        "register_property.default_value": ["gold"],
        "properties": [{"test": {"string_property": "x"}}],
        "delete_license_properties.properties": [{"test": ["string_property"]}],
        "delete_group_properties.properties": [{"test": ["string_property"]}],
        "update_group_properties.group_id": [0],
        "delete_group_properties.id": [0],
        "list_group_properties.id": [0],
    }
