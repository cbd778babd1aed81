"""Whatever is answered over HTTP has the fields the published documents name, in every version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chatplatform.api import registry
from chatplatform.api.action import Action
from chatplatform.api.call import WEB
from chatplatform.transports import openapi, web
from tests.protocol.catalogue import APIS, VERSIONS
from tests.protocol.test_shapes import answer_of, undone
from tests.samples import Stage

Schema = dict[str, Any]


def answer_schema(document: Schema, action: Action, version: str) -> Schema:
    """Return how a document describes what an action answers."""
    path = f"/v{version}/{action.api}/action/{action.name}"
    described = document["paths"][path][action.http_method.lower()]["responses"]["200"]
    schema: Schema = described["content"]["application/json"]["schema"]
    return schema


def unnamed(value: Any, schema: Schema, where: str = "") -> Iterator[str]:
    """Yield the paths of fields that the schema of their object neither names nor leaves open."""
    forms = schema.get("anyOf") or schema.get("oneOf")
    if forms:
        yield from min((list(unnamed(value, form, where)) for form in forms), key=len)
    elif isinstance(value, list):
        for item in value:
            yield from unnamed(item, schema.get("items", {}), f"{where}[]")
    elif isinstance(value, dict):
        named = schema.get("properties", {})
        others = schema.get("additionalProperties", "properties" not in schema)
        for name, inner in value.items():
            if name in named:
                yield from unnamed(inner, named[name], f"{where}.{name}")
            elif isinstance(others, dict):
                yield from unnamed(inner, others, f"{where}.*")
            elif not others:
                yield f"{where}.{name}"


@pytest.mark.parametrize("version", VERSIONS)
def test_answers_have_the_published_fields_only(stage: Stage, version: str) -> None:
    document = openapi.describe(version, web.patterns(version))

    found = set()
    for api in APIS:
        for action in registry.actions(api):
            if action.exists(WEB, version):
                with undone(stage):
                    answer = answer_of(stage.alpha, api, action.name, version)
                schema = answer_schema(document, action, version)
                found |= {f"{api} {action.name} {path}" for path in unnamed(answer, schema)}

    assert sorted(found) == []
