"""Samples of the actions about properties."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chatplatform.models import AccessToken, Agent, Application
from tests import make

if TYPE_CHECKING:
    from tests.samples import Scene

AGENTS_WRITE = {"license": {"agent": ["read", "write"]}, "group": {"agent": ["read", "write"]}}


def furnish(scene: Scene) -> dict[str, str | int]:
    """Register properties of the application of Ann's token; return its client id.

    ``tone`` is private, ``mood`` too, until a sample publishes it.
    """
    ann = Agent.objects.get(organization=scene.organization, public_id=scene.ann.id)
    token = AccessToken.objects.filter(user=ann.account).latest("pk")
    owner = Application.objects.get(pk=token.application_id)
    for name in ("tone", "mood"):
        make.definition(owner, name, access=AGENTS_WRITE)
    return {"property_owner": owner.client_id}


def _tone(scene: Scene) -> dict[str, Any]:
    return {str(scene.things["property_owner"]): {"tone": "warm"}}


def _names(scene: Scene) -> dict[str, Any]:
    return {str(scene.things["property_owner"]): ["tone"]}


SAMPLES: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "register_property": lambda s: {
        "owner_client_id": s.things["property_owner"],
        "name": "level",
        "type": "int",
        "access": {
            "chat": {"agent": ["read", "write"], "customer": ["read"]},
            "group": {"agent": ["read", "write"]},
        },
        "description": "How far they got",
        "range": {"from": 1, "to": 3},
        "default_value": 1,
    },
    "unregister_property": lambda s: {
        "owner_client_id": s.things["property_owner"],
        "name": "mood",
    },
    "publish_property": lambda s: {
        "owner_client_id": s.things["property_owner"],
        "name": "mood",
        "access_type": ["read"],
    },
    "list_properties": lambda s: {"owner_client_id": s.things["property_owner"]},
    "update_license_properties": lambda s: {"properties": _tone(s)},
    "delete_license_properties": lambda s: {"properties": _names(s)},
    "list_license_properties": lambda s: {"namespace": "test", "name_prefix": "int"},
    "update_group_properties": lambda s: {"group_id": s.group.number, "properties": _tone(s)},
    "delete_group_properties": lambda s: {"id": s.group.number, "properties": _names(s)},
    "list_group_properties": lambda s: {
        "id": s.group.number,
        "namespace": "test",
        "name_prefix": "int",
    },
    "list_groups_properties": lambda s: {
        "group_ids": [s.group.number],
        "namespace": "test",
        "name_prefix": "int",
    },
}

CALLERS: dict[str, str] = {}
"""Who calls a sample, where it is not Ann, the administrator."""
