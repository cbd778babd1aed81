"""OpenAPI documents of the Web API, one per wire version, out of the registry alone.

drf-spectacular walks the views; what an operation takes and answers comes from the action itself:
the request's pydantic type, the handler's return annotation, and the version changes' schemas.
Nothing is described twice, so the documents cannot drift from what answers.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from drf_spectacular import generators
from drf_spectacular.openapi import AutoSchema
from pydantic import TypeAdapter

from chatplatform import errors
from chatplatform.api import versions
from chatplatform.api.action import Action
from chatplatform.api.call import AUTHORS_UNTIL
from chatplatform.api.versions.change import Schema

OPENAPI_VERSION = "3.1.0"
_generator: Any = generators.SchemaGenerator
_JSON = "application/json"

SECURITY_SCHEMES: dict[str, Schema] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An OAuth access token of an agent, or a customer's token.",
    },
    "personal_access_token": {
        "type": "http",
        "scheme": "basic",
        "description": "The account's id as user name, the personal access token as password.",
    },
}


class ActionSchema(AutoSchema):
    """Describes the view of one action in the version its path names."""

    view: Any

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any
    ) -> dict[str, Any]:
        """Return the OpenAPI operation object."""
        return _operation(self.view.action, _version_of(path), method)


def describe(version: str, patterns: list[Any]) -> dict[str, Any]:
    """Return the OpenAPI document of the views behind ``patterns``, all of one wire version."""
    generator: Any = _generator(patterns=patterns, api_version=version)
    document: dict[str, Any] = generator.get_schema(request=None, public=True)
    document["openapi"] = OPENAPI_VERSION
    document["info"] = {
        "title": "Live chat platform",
        "version": version,
        "description": "The Web API. Every answer is JSON: 200 with the result, or another status "
        "with an `error`. The version may stand in the header `X-API-Version` instead of the path.",
    }
    document["servers"] = [{"url": "/"}]
    refusals = _types_by_status()
    document["components"] = {
        "securitySchemes": SECURITY_SCHEMES,
        "schemas": {_refusal(status): _error_schema(types) for status, types in refusals.items()},
        "responses": {
            _refusal(status): _error_response(status, types, version)
            for status, types in refusals.items()
        },
    }
    return document


def _version_of(path: str) -> str:
    return path.lstrip("/").partition("/")[0].removeprefix("v")


def _operation(action: Action, version: str, method: str) -> dict[str, Any]:
    request = versions.downgrade_schema(action, versions.REQUESTS, version, request_schema(action))
    operation: dict[str, Any] = {
        "operationId": f"{action.api}_{action.name}",
        "summary": action.summary,
        "description": _description(action),
        "tags": [action.api],
        "parameters": _parameters(action, request, method, version),
        "security": _security(action),
        "responses": _responses(action, version),
    }
    if method != "GET":
        operation["requestBody"] = _body(action, request)
    if version in versions.DEPRECATED:
        operation["deprecated"] = True
    return operation


def _description(action: Action) -> str:
    if not action.scopes:
        return action.summary
    scopes = (" and " if action.every_scope else " or ").join(
        f"`{scope}`" for scope in sorted(action.scopes)
    )
    return f"{action.summary}\n\nAn agent's token needs {scopes}."


def _parameters(action: Action, request: Schema, method: str, version: str) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = []
    if action.api == "agent" and version <= AUTHORS_UNTIL:
        parameters.append(
            {
                "name": "X-Author-Id",
                "in": "header",
                "required": False,
                "description": "The id of a bot in whose person to act: one of the token's client, "
                "or with a personal access token one that it may change.",
                "schema": {"type": "string"},
            }
        )
    asked = request.get("properties", {}) if method == "GET" else {}
    if action.api == "customer" and "organization_id" not in asked:
        parameters.append(
            {
                "name": "organization_id",
                "in": "query",
                "required": True,
                "schema": {"type": "string", "format": "uuid"},
            }
        )
    required = request.get("required", [])
    parameters += [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in asked.items()
    ]
    return parameters


def _security(action: Action) -> list[dict[str, Any]]:
    if action.public:
        return []
    if action.api == "customer":
        return [{"bearer": []}]
    return [{"bearer": []}, {"personal_access_token": []}]


def _body(action: Action, request: Schema) -> dict[str, Any]:
    if action.upload:
        part = {"type": "string", "format": "binary"}
        schema = {"type": "object", "properties": {"file": part}, "required": ["file"]}
        return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    required = bool(request.get("required"))
    return {"required": required, "content": {_JSON: {"schema": request}}}


def _responses(action: Action, version: str) -> dict[str, Any]:
    schema = versions.downgrade_schema(action, versions.RESPONSES, version, response_schema(action))
    answered: dict[str, Any] = {
        "description": "Done.",
        "content": {_JSON: {"schema": schema}},
    }
    if headers := _lifecycle_headers(version):
        answered["headers"] = headers
    refused = {
        status: {"$ref": f"#/components/responses/{_refusal(status)}"}
        for status in _types_by_status()
    }
    return {"200": answered, **refused}


def _lifecycle_headers(version: str) -> dict[str, Any]:
    return {
        name: {
            "description": "The day on which this version's stage ends.",
            "schema": {"type": "string", "format": "date"},
        }
        for name in versions.lifecycle_headers(version)
    }


def request_schema(action: Action) -> Schema:
    """Return the JSON schema of the action's newest request, without references."""
    return resolved(action.request.model_json_schema(mode="validation"))


def response_schema(action: Action) -> Schema:
    """Return the JSON schema of the action's newest response, without references."""
    if action.response is None or action.response is type(None):
        return {"type": "object", "properties": {}}
    return resolved(TypeAdapter(action.response).json_schema(mode="serialization"))


def resolved(schema: Schema) -> Schema:
    """Return ``schema`` with every reference replaced by what it names.

    A structure inside itself is cut off as "anything"; none of ours is.
    """
    whole: Schema = _resolve(schema, schema.get("$defs", {}), ())
    return whole


def _resolve(node: Any, named: dict[str, Schema], inside: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_resolve(item, named, inside) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = str(node["$ref"]).rpartition("/")[2]
        if name in inside:
            return {}
        beside = {key: value for key, value in node.items() if key != "$ref"}
        target: dict[str, Any] = _resolve(named[name], named, (*inside, name))
        return {**target, **beside}
    return {
        key: _resolve(value, named, inside)
        for key, value in node.items()
        if key not in ("$defs", "discriminator") or not isinstance(value, dict)
    }


_ANY_STATUS = "default"


def _types_by_status() -> dict[str, list[str]]:
    """Return which types of errors come with which status, and all of them as the default."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for error in _error_classes(errors.ProtocolError):
        found[str(error.status)].add(error.type)
        found[_ANY_STATUS].add(error.type)
    return {status: sorted(found[status]) for status in sorted(found)}


def _error_classes(base: type[errors.ProtocolError]) -> list[type[errors.ProtocolError]]:
    found: list[type[errors.ProtocolError]] = []
    for error in base.__subclasses__():
        found += [error, *_error_classes(error)]
    return found


def _refusal(status: str) -> str:
    """Return the name of the component that describes refusals with ``status``."""
    return "Error" if status == _ANY_STATUS else f"Error{status}"


def _error_schema(types: list[str]) -> Schema:
    body: Schema = {
        "type": "object",
        "properties": {
            "type": {"type": "string", "enum": types},
            "message": {"type": "string"},
            "data": {"type": "object"},
        },
        "required": ["type", "message"],
    }
    return {"type": "object", "properties": {"error": body}, "required": ["error"]}


def _error_response(status: str, types: list[str], version: str) -> dict[str, Any]:
    said = "" if status == _ANY_STATUS else f": {', '.join(f'`{name}`' for name in types)}"
    response: dict[str, Any] = {
        "description": f"Refused{said or '; `type` says why'}.",
        "content": {_JSON: {"schema": {"$ref": f"#/components/schemas/{_refusal(status)}"}}},
    }
    headers = _lifecycle_headers(version)
    if errors.TooManyRequests.type in types:
        headers["Retry-After"] = {
            "description": f"With `{errors.TooManyRequests.type}`: seconds to wait.",
            "schema": {"type": "integer"},
        }
    if errors.Authentication.type in types:
        headers["WWW-Authenticate"] = {
            "description": f"With `{errors.Authentication.type}`: the scheme to use.",
            "schema": {"type": "string"},
        }
    if headers:
        response["headers"] = headers
    return response
