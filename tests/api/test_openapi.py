"""The published OpenAPI documents and the page around them."""

from collections.abc import Callable
from typing import Any, NotRequired

import pytest
from django.test import Client
from drf_spectacular.validation import validate_schema
from pydantic import Field
from typing_extensions import TypedDict

from chatplatform import errors
from chatplatform.api import registry
from chatplatform.api.action import Action, Empty, Request
from chatplatform.api.context import Context
from chatplatform.api.versions import VERSIONS
from chatplatform.transports import openapi, web
from tests.api.conftest import double, nothing

Define = Callable[..., Action]
Document = dict[str, Any]


def describe(version: str) -> Document:
    return openapi.describe(version, web.patterns(version))


def operation(version: str, api: str, name: str, method: str = "post") -> Document:
    found: Document = describe(version)["paths"][f"/v{version}/{api}/action/{name}"][method]
    return found


def answer_schema(found: Document) -> Document:
    schema: Document = found["responses"]["200"]["content"]["application/json"]["schema"]
    return schema


def request_schema(found: Document) -> Document:
    schema: Document = found["requestBody"]["content"]["application/json"]["schema"]
    return schema


# --- the documents of what is installed ----------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_the_document_is_valid_and_has_every_web_action_of_its_version(version: str) -> None:
    response = Client().get(f"/docs/v{version}/openapi.json")

    assert response.status_code == 200
    document = response.json()
    validate_schema(document)
    assert document["info"]["version"] == version
    documented = {
        (path, method.upper()) for path, methods in document["paths"].items() for method in methods
    }
    assert documented == {
        (f"/v{version}/{action.api}/action/{action.name}", action.http_method)
        for action in registry.actions()
        if action.exists("web", version)
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_in_a_document_refers_to_what_is_not_in_it(version: str) -> None:
    document = Client().get(f"/docs/v{version}/openapi.json").json()

    def references(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
            return own.union(*(references(value) for value in node.values()))
        if isinstance(node, list):
            return set().union(*(references(value) for value in node))
        return set()

    for reference in references(document):
        node: Any = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


@pytest.mark.parametrize("version", ["3.3", "3.8", "x"])
def test_there_is_no_document_of_a_version_that_does_not_exist(version: str) -> None:
    assert Client().get(f"/docs/v{version}/openapi.json").status_code == 404


@pytest.mark.parametrize("path", ["/docs/", *(f"/docs/v{version}/" for version in VERSIONS)])
def test_a_page_shows_its_document_and_runs_nothing_inline(path: str) -> None:
    response = Client().get(path)

    page = response.content.decode()
    shown = path.removeprefix("/docs/").strip("/") or "v3.6"
    assert response.status_code == 200
    assert f'data-document="/docs/{shown}/openapi.json"' in page
    for version in VERSIONS:
        assert f'href="/docs/v{version}/"' in page
    assert "<style" not in page
    assert " style=" not in page
    assert page.count("<script") == page.count("<script src=")
    assert "'unsafe-inline'" not in response["Content-Security-Policy"]


def test_there_is_no_page_of_a_version_that_does_not_exist() -> None:
    assert Client().get("/docs/v9.9/").status_code == 404


@pytest.mark.parametrize("version", VERSIONS)
def test_products_are_described_where_they_can_be_sent(version: str) -> None:
    known = version >= "3.6"
    for api in ("agent", "customer"):
        for name in ("send_event", "start_chat", "resume_chat"):
            asked = request_schema(operation(version, api, name))
            assert ("ecommerce" in str(asked)) is known
            assert "quick_replies" in str(asked)


# --- how an action is described ------------------------------------------------------------------


def test_an_operation_says_what_its_action_takes_and_answers(define: Define) -> None:
    define("agent", double, scopes=["chats--all:ro", "chats--access:ro"])

    found = operation("3.6", "agent", "double")

    assert found["operationId"] == "agent_double"
    assert found["summary"] == "Double a number."
    assert "`chats--access:ro` or `chats--all:ro`" in found["description"]
    assert found["security"] == [{"bearer": []}, {"personal_access_token": []}]
    assert found["requestBody"]["required"] is True
    asked = request_schema(found)
    assert asked["required"] == ["number"]
    assert asked["properties"]["number"]["maximum"] == 9
    answered = answer_schema(found)
    assert answered["required"] == ["number"]
    assert answered["properties"]["note"]["type"] == "string"
    assert "429" in found["responses"]
    assert "default" in found["responses"]


def test_every_status_says_which_errors_come_with_it(define: Define) -> None:
    define("agent", nothing)
    document = describe("3.5")

    described = {}
    for status, response in operation("3.5", "agent", "nothing")["responses"].items():
        if status != "200":
            component = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
            schema = component["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            error = document["components"]["schemas"][schema]["properties"]["error"]
            described[status] = (set(error["properties"]["type"]["enum"]), component)

    assert described["404"][0] == {
        error.type for error in (errors.NotFound, errors.GroupNotFound, errors.GreetingNotFound)
    } | {errors.LicenseNotFound.type}
    assert described["409"][0] == {"already_exists"}
    assert described["504"][0] == {"request_timeout"}
    of_each_status = [types for status, (types, _) in described.items() if status != "default"]
    assert described["default"][0] == set().union(*of_each_status)
    assert described["409"][1]["description"] == "Refused: `already_exists`."
    headers = {status: set(response["headers"]) for status, (_, response) in described.items()}
    assert headers["400"] == {"Legacy"}
    assert headers["401"] == {"Legacy", "WWW-Authenticate"}
    assert headers["429"] == {"Legacy", "Retry-After"}


def test_agents_calls_may_name_an_author_up_to_3_5(define: Define) -> None:
    define("agent", nothing)
    define("customer", double)

    authors = {
        version: [
            (one["in"], one["required"])
            for one in operation(version, "agent", "nothing")["parameters"]
            if one["name"] == "X-Author-Id"
        ]
        for version in VERSIONS
    }

    optional = [("header", False)]
    assert authors == {"3.4": optional, "3.5": optional, "3.6": [], "3.7": []}
    (of_customers,) = operation("3.5", "customer", "double")["parameters"]
    assert of_customers["name"] == "organization_id"


def test_an_action_that_takes_and_answers_nothing_says_so(define: Define) -> None:
    define("agent", nothing, public=True)

    found = operation("3.6", "agent", "nothing")

    assert found["requestBody"]["required"] is False
    assert answer_schema(found)["type"] == "object"
    assert found["security"] == []


def test_customers_calls_name_their_organisation(define: Define) -> None:
    define("customer", nothing)

    found = operation("3.6", "customer", "nothing")

    (parameter,) = found["parameters"]
    assert (parameter["name"], parameter["in"], parameter["required"]) == (
        "organization_id",
        "query",
        True,
    )
    assert found["security"] == [{"bearer": []}]


def test_a_get_action_takes_parameters_and_no_body(define: Define) -> None:
    define("customer", double, public=True, http_method="GET")

    found = operation("3.6", "customer", "double", "get")

    assert "requestBody" not in found
    required = {parameter["name"]: parameter["required"] for parameter in found["parameters"]}
    assert required == {
        "organization_id": True,
        "number": True,
        "note": False,
        "loud": False,
        "share": False,
    }


class OfSomeone(Request):
    """A request that names an organisation one way or another."""

    organization_id: str | None = None
    license_id: int | None = None


def look_up(ctx: Context[Any], request: OfSomeone) -> None:
    """Look an organisation up."""


def test_a_get_action_with_its_own_way_to_name_the_organisation_is_described_so(
    define: Define,
) -> None:
    define("customer", look_up, public=True, http_method="GET")

    found = operation("3.6", "customer", "look_up", "get")

    assert [(one["name"], one["required"]) for one in found["parameters"]] == [
        ("organization_id", False),
        ("license_id", False),
    ]


def test_an_upload_is_a_multipart_body(define: Define) -> None:
    define("agent", nothing, upload=True)

    found = operation("3.6", "agent", "nothing")

    assert list(found["requestBody"]["content"]) == ["multipart/form-data"]


@pytest.mark.parametrize(
    ("terms", "versions"),
    [
        ({"web": "3.6"}, ["3.6", "3.7"]),
        ({"until": "3.5"}, ["3.4", "3.5"]),
        ({"web": None}, []),
    ],
)
def test_an_action_is_described_only_where_it_has_a_door(
    define: Define, terms: dict[str, Any], versions: list[str]
) -> None:
    define("agent", nothing, **terms)

    found = [version for version in VERSIONS if describe(version)["paths"]]

    assert found == versions


def test_old_versions_describe_their_headers_and_the_deprecated_one_is_marked(
    define: Define,
) -> None:
    define("agent", nothing)

    headers = {
        version: list(operation(version, "agent", "nothing")["responses"]["200"].get("headers", {}))
        for version in VERSIONS
    }
    marked = [v for v in VERSIONS if operation(v, "agent", "nothing").get("deprecated")]

    assert headers == {"3.4": ["Deprecation"], "3.5": ["Legacy"], "3.6": [], "3.7": []}
    assert marked == ["3.4"]


# --- how versions differ -------------------------------------------------------------------------


class SeenEvent(TypedDict):
    """An event."""

    id: str


class Newest(TypedDict):
    """The newest event of a type."""

    event: SeenEvent


class LastThread(TypedDict):
    """A chat's last thread."""

    id: str
    last_event_per_type: dict[str, Newest]


class SeenCustomer(TypedDict):
    """A customer."""

    id: str
    type: str
    visit: NotRequired[dict[str, str]]
    phone_number: NotRequired[str]


class Entry(TypedDict):
    """A chat in a list."""

    id: str
    users: list[SeenCustomer]
    last_thread_info: LastThread


class Entries(TypedDict):
    """A list of chats."""

    chats_info: list[Entry]


class Filters(Request):
    """What to list."""

    active: bool | None = None


class ListChats(Request):
    """A list to ask for."""

    filters: Filters | None = None


def list_chats(ctx: Context[Any], request: ListChats) -> Entries:
    """List chats."""
    return {"chats_info": []}


def entry_schema(version: str, api: str, key: str) -> Document:
    found: Document = answer_schema(operation(version, api, "list_chats"))
    assert list(found["properties"]) == [key]
    assert found["required"] == [key]
    entry: Document = found["properties"][key]["items"]["properties"]
    return entry


def test_agents_lists_are_described_as_each_version_shows_them(define: Define) -> None:
    define("agent", list_chats)

    newest = entry_schema("3.7", "agent", "chats_info")
    assert set(newest) == {"id", "users", "last_thread_info"}
    for version in ("3.4", "3.5", "3.6"):
        older = entry_schema(version, "agent", "chats_summary")
        assert set(older) == {"id", "users", "last_thread_summary", "last_event_per_type"}
        assert set(older["last_thread_summary"]["properties"]) == {"id"}
        newest_event = older["last_event_per_type"]["additionalProperties"]["properties"]
        assert set(newest_event) == {"thread_id", "thread_created_at", "event"}


def test_customers_lists_are_described_as_each_version_shows_them(define: Define) -> None:
    define("customer", list_chats)

    older = entry_schema("3.6", "customer", "chats_summary")

    assert set(older) == {
        "id",
        "users",
        "last_event_per_type",
        "last_thread_id",
        "last_thread_created_at",
    }


def test_structures_inside_are_described_as_each_version_shows_them(define: Define) -> None:
    define("agent", list_chats)

    users = {
        version: entry_schema(
            version, "agent", "chats_info" if version == "3.7" else "chats_summary"
        )["users"]["items"]["properties"]
        for version in VERSIONS
    }

    assert set(users["3.6"]) == set(users["3.7"]) == {"id", "type", "visit", "phone_number"}
    assert set(users["3.4"]) == set(users["3.5"]) == {"id", "type", "last_visit"}


def test_requests_are_described_as_each_version_takes_them(define: Define) -> None:
    define("agent", list_chats)

    filters = {}
    for version in VERSIONS:
        asked = request_schema(operation(version, "agent", "list_chats"))
        (form,) = (f for f in asked["properties"]["filters"]["anyOf"] if "properties" in f)
        filters[version] = set(form["properties"])

    assert filters == {
        "3.4": {"include_active"},
        "3.5": {"include_active"},
        "3.6": {"active"},
        "3.7": {"active"},
    }


class Configuration(TypedDict):
    """A configuration."""

    organization_id: str
    livechat: NotRequired[Newest]


def get_dynamic_configuration(ctx: Context[Any], request: Empty) -> Configuration:
    """Answer the configuration."""
    return {"organization_id": ""}


def test_the_dynamic_configuration_is_described_flat_up_to_3_5(define: Define) -> None:
    define("customer", get_dynamic_configuration, http_method="GET", public=True)

    described = {
        version: set(
            answer_schema(operation(version, "customer", "get_dynamic_configuration", "get"))[
                "properties"
            ]
        )
        for version in VERSIONS
    }

    assert described["3.5"] == {"organization_id", "event"}
    assert described["3.6"] == {"organization_id", "livechat"}


class Tree(Request):
    """A request that holds itself."""

    value: int = Field(ge=0)
    inner: list["Tree"] = Field(default_factory=list)


def plant(ctx: Context[Any], request: Tree) -> None:
    """Plant a tree."""


def test_a_structure_inside_itself_does_not_describe_itself_forever(define: Define) -> None:
    define("agent", plant)

    asked = request_schema(operation("3.6", "agent", "plant"))

    assert asked["properties"]["inner"]["items"] == {}
