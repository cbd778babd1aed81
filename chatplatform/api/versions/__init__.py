"""Wire versions. Inside there is only the newest shape; this package speaks the older ones.

Each module ``v3_x`` lists the changes of one step down, from the next newer version to ``3.x``.
Requests climb the steps, responses and pushes descend them; nothing given is ever altered. In the
newest version data passes untouched, but for the private hints that are stripped in every one.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from chatplatform.api.versions import v3_4, v3_5, v3_6
from chatplatform.api.versions.change import DROP, Schema, VersionChange
from chatplatform.api.versions.structures import (
    PAYLOAD,
    Visitor,
    rewrite,
    rewrite_schema,
    root_of,
    strip_hints,
)

if TYPE_CHECKING:
    from chatplatform.api.action import Action
    from chatplatform.api.pushes import PushType

VERSIONS = ("3.4", "3.5", "3.6", "3.7")
NEWEST = VERSIONS[-1]
STABLE = "3.6"
DEPRECATED = frozenset({"3.4"})

STEPS: tuple[tuple[str, tuple[VersionChange, ...]], ...] = (
    ("3.6", v3_6.CHANGES),
    ("3.5", v3_5.CHANGES),
    ("3.4", v3_4.CHANGES),
)
"""Every step down, newest first: the version it leads to, and its changes."""

_LIFECYCLE = {
    "3.5": {"Legacy": "2027-12-31"},
    "3.4": {"Deprecation": "2027-06-30"},
}
"""Header and date: until when the version stays in its stage, as the header promises clients."""

REQUESTS = "requests"
RESPONSES = "responses"
PUSHES = "pushes"
WEBHOOKS = "webhooks"


def lifecycle_headers(version: str) -> dict[str, str]:
    """Return the header that tells clients of ``version`` how long its stage lasts, if any.

    ``Legacy`` and ``Deprecation`` carry the date (``YYYY-MM-DD``) on which the stage ends.
    """
    return _LIFECYCLE.get(version, {})


def upgrade_request(action: Action, version: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Return ``payload`` of a ``version`` client in the newest shape. It need not be valid."""
    if version == NEWEST:
        return payload
    for change in reversed(_whole(action.api, REQUESTS, action.name, version)):
        payload = change.upgrade(payload)
    return payload


def downgrade_response(action: Action, version: str, payload: Any) -> Any:
    """Return the newest ``payload`` as a ``version`` client knows it; ``None`` becomes ``{}``."""
    if payload is None:
        return {}
    return _downgrade(action.api, RESPONSES, action.name, version, payload)


def downgrade_push(push_type: PushType, version: str, payload: Any) -> Any:
    """Return the newest ``payload`` as a ``version`` client knows it; ``None``: send nothing.

    ``None`` is for what the version has no word for, e.g. an event of a newer type. Whether the
    version has the push at all, ``push_type.exists`` says.
    """
    payload = _downgrade(push_type.api, PUSHES, push_type.action, version, payload)
    return None if payload is DROP else payload


def downgrade_webhook(action: str, version: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """Return the newest ``body`` of a webhook as those of ``version`` are; ``None``: send nothing.

    The payload goes the way of the agents' push of that name, and then the body its own.
    """
    payload = _downgrade("agent", PUSHES, action, version, body["payload"], PAYLOAD)
    if payload is DROP:
        return None
    body = {**body, "payload": payload}
    for change in _whole(WEBHOOKS, WEBHOOKS, action, version):
        body = change.downgrade(body)
    return body


def downgrade_disconnect(api: str, version: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Return the payload of ``agent_disconnected`` or ``customer_disconnected`` for ``version``."""
    told: dict[str, Any] = _downgrade(api, PUSHES, f"{api}_disconnected", version, payload)
    return told


def downgrade_schema(action: Action, kind: str, version: str, schema: Schema) -> Schema:
    """Return the JSON schema of an action's request or response in ``version``.

    ``kind`` is :data:`REQUESTS` or :data:`RESPONSES`; ``schema`` holds no references. What a batch
    holds is described as its action describes it.
    """
    if action.batch_of is not None:
        return _downgrade_batch_schema(action.batch_of, kind, version, schema)
    for step in _steps(action.api, kind, action.name, version):
        for change in step.whole:
            schema = change.schema(schema)
        if kind == RESPONSES and step.schema_visitors:
            schema = rewrite_schema(schema, root_of(action.api, action.name), step.schema_visitors)
    return schema


def _downgrade_batch_schema(single: Action, kind: str, version: str, schema: Schema) -> Schema:
    items = schema["properties"][kind]["items"]
    if kind == REQUESTS:
        items = downgrade_schema(single, kind, version, items)
    else:
        *answers, refusal = items["anyOf"]
        answer = answers[0] if len(answers) == 1 else {"anyOf": answers}
        items = {"anyOf": [downgrade_schema(single, kind, version, answer), refusal]}
    listed = {**schema["properties"][kind], "items": items}
    return {**schema, "properties": {**schema["properties"], kind: listed}}


class _Step(NamedTuple):
    """What one step down changes for one payload."""

    whole: tuple[VersionChange, ...]
    visitors: dict[str, Visitor]
    schema_visitors: dict[str, Visitor]


def _downgrade(api: str, kind: str, name: str, version: str, payload: Any, root: str = "") -> Any:
    """``root``: what the payload is as a whole, where that is not what it is on the API."""
    root = root or root_of(api, name)
    if version != NEWEST:
        for step in _steps(api, kind, name, version):
            for change in step.whole:
                payload = change.downgrade(payload)
                if payload is DROP:
                    return DROP
            if step.visitors:
                payload = rewrite(payload, root, step.visitors)
                if payload is DROP:
                    return DROP
    return strip_hints(payload, root)


@lru_cache(maxsize=2048)
def _steps(api: str, kind: str, name: str, version: str) -> tuple[_Step, ...]:
    steps = []
    for leads_to, changes in STEPS:
        if leads_to < version:
            break
        concerning = [change for change in changes if change.concerns(api)]
        structural = [change for change in concerning if change.structure]
        steps.append(
            _Step(
                tuple(change for change in concerning if name in getattr(change, kind)),
                _by_structure((change.structure, change.downgrade) for change in structural),
                _by_structure((change.structure, change.schema) for change in structural),
            )
        )
    return tuple(steps)


def _whole(api: str, kind: str, name: str, version: str) -> list[VersionChange]:
    return [change for step in _steps(api, kind, name, version) for change in step.whole]


def _by_structure(parts: Iterable[tuple[str, Visitor]]) -> dict[str, Visitor]:
    gathered: dict[str, list[Visitor]] = {}
    for structure, part in parts:
        gathered.setdefault(structure, []).append(part)
    return {structure: _chain(parts) for structure, parts in gathered.items()}


def _chain(parts: list[Visitor]) -> Visitor:
    def run(record: dict[str, Any]) -> Any:
        for part in parts:
            record = part(record)
            if record is DROP:
                break
        return record

    return run


__all__ = [
    "DEPRECATED",
    "NEWEST",
    "REQUESTS",
    "RESPONSES",
    "STABLE",
    "STEPS",
    "VERSIONS",
    "WEBHOOKS",
    "VersionChange",
    "downgrade_disconnect",
    "downgrade_push",
    "downgrade_response",
    "downgrade_schema",
    "downgrade_webhook",
    "lifecycle_headers",
    "upgrade_request",
]
