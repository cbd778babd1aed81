"""Every action and push stands behind the documented doors, in every version (see README.md)."""

from collections.abc import Iterator
from typing import Any

import pytest

from chatplatform.api import pushes, registry
from chatplatform.api.action import Action
from chatplatform.api.call import RTM, WEB
from tests import samples
from tests.protocol.catalogue import APIS, TALKING, VERSIONS, catalogue
from tests.samples import Stage
from tests.world import Refused

pytestmark = pytest.mark.walk


def documented() -> Iterator[Any]:
    """Yield every documented action of every version."""
    for version in VERSIONS:
        for api in APIS:
            for name, terms in catalogue(version)[api]["actions"].items():
                yield pytest.param(version, api, name, terms, id=f"{version}-{api}-{name}")


DOCUMENTED = list(documented())


def action_of(api: str, name: str) -> Action:
    (found,) = (action for action in registry.actions(api) if action.name == name)
    return found


# --- doors, scopes, fields ----------------------------------------------------------------------

EXTRA_DOORS = {
    ("agent", "logout", WEB): "3.6",
}
"""Doors only the official SDKs know, and since when (protocol.md 9.1)."""

EXTRA_ACTIONS = {
    "activate_customer_page",
    "change_push_notifications",
    "deactivate_customer_page",
    "get_company_details",
    "get_thread_transcript",
    "list_webhook_deliveries",
    "redeliver_webhook",
}
"""Actions only the official SDKs know (protocol.md 9.1), and the platform's own."""


@pytest.mark.parametrize(("version", "api", "name", "terms"), DOCUMENTED)
def test_an_action_has_the_documented_doors(
    version: str, api: str, name: str, terms: dict[str, Any]
) -> None:
    action = action_of(api, name)
    web = terms["web"] or version >= EXTRA_DOORS.get((api, name, WEB), "9")

    assert (action.exists(WEB, version), action.exists(RTM, version)) == (web, terms["rtm"])
    assert action.http_method == terms["method"]


@pytest.mark.parametrize(("version", "api", "name", "terms"), DOCUMENTED)
def test_an_action_asks_for_the_documented_scopes(
    version: str, api: str, name: str, terms: dict[str, Any]
) -> None:
    action = action_of(api, name)
    if name == "login":
        assert action.scopes == frozenset()
    else:
        assert sorted(action.scopes) == terms["scopes"]
        assert action.every_scope is terms["every_scope"]


@pytest.mark.parametrize("version", VERSIONS)
def test_no_action_is_without_its_description(version: str) -> None:
    for api in APIS:
        known = catalogue(version)[api]["actions"]
        served = {
            action.name
            for action in registry.actions(api)
            if action.exists(WEB, version) or action.exists(RTM, version)
        }
        assert served - known.keys() <= EXTRA_ACTIONS


ABSENT_PUSHES = {
    "incoming_multicast": "no action names customers any more (protocol.md 2.7)",
}
"""Documented pushes to customers that nothing can cause, and why."""


@pytest.mark.parametrize("version", VERSIONS)
def test_a_push_exists_in_its_documented_versions(version: str) -> None:
    for api in TALKING:
        served = {p.action for p in pushes.push_types(api) if p.exists(version)}
        served.add(f"{api}_disconnected")  # the transport says it, whatever was subscribed to
        absent = ABSENT_PUSHES.keys() if api == "customer" else set()
        assert served == catalogue(version)[api]["pushes"].keys() - absent


@pytest.mark.parametrize(("version", "api", "name", "terms"), DOCUMENTED)
def test_required_fields_are_required(
    stage: Stage, version: str, api: str, name: str, terms: dict[str, Any]
) -> None:
    required = [field["name"] for field in terms["request"] if field["required"]]
    top = [field for field in required if "." not in field]
    action = action_of(api, name)
    if not top or action.upload:
        assert name in {"start_chat", "get_customer", "upload_file", "resume_chat"} or not top
        return
    payload = samples.payload(stage.alpha, action, version)
    caller = samples.caller(stage.alpha, action)
    for field in top:
        less = {key: value for key, value in payload.items() if key != field}
        if name == "login":
            with pytest.raises(Refused) as refused:
                caller.rtm("login", less, version=version)
        else:
            door = caller.web if action.web else caller.rtm
            with pytest.raises(Refused) as refused:
                door(name, less, version=version)
        assert refused.value.type == "validation"


UNREAD = "push_notifications"
"""What clients of 3.4 may still say of themselves; nobody reads it."""


def bounded() -> Iterator[Any]:
    """Yield every documented bound: a field, and a value just beyond what it may be."""
    for version, api, name, terms in (param.values for param in DOCUMENTED):
        for field in terms["request"]:
            beyond = _beyond(field)
            unread = "<" in field["name"] or field["name"].startswith(UNREAD)
            if beyond is not None and not unread:
                case = f"{version}-{api}-{name}-{field['name']}"
                yield pytest.param(version, api, name, field["name"], beyond, id=case)


def _beyond(field: dict[str, Any]) -> Any:
    if "enum" in field:
        return ["something else"] if field.get("many") else "something else"
    if "max_items" in field:
        return [1] * (field["max_items"] + 1)
    if "max_length" in field:
        return "x" * (field["max_length"] + 1)
    return field["max"] + 1 if "max" in field else None


BOUNDED = list(bounded())


@pytest.mark.parametrize(("version", "api", "name", "field", "beyond"), BOUNDED)
def test_documented_bounds_hold(
    stage: Stage, version: str, api: str, name: str, field: str, beyond: Any
) -> None:
    action = action_of(api, name)
    payload = samples.payload(stage.alpha, action, version)
    caller = samples.caller(stage.alpha, action)
    body: dict[str, Any] = payload
    *parents, last = field.replace("[]", "").split(".")
    for parent in parents:
        inner = body.get(parent, {})
        one = inner[0] if isinstance(inner, list) and inner else inner
        body[parent] = [dict(one)] if isinstance(inner, list) else dict(inner)
        body = body[parent][0] if isinstance(inner, list) else body[parent]
    body[last] = beyond

    door = caller.web if action.exists(WEB, version) else caller.rtm
    with pytest.raises(Refused) as refused, stage.world.nothing_changes():
        door(name, payload, version=version)

    assert refused.value.type == "validation"
