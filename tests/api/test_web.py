"""The Web API's door: what reaches the pipeline, and how its outcomes look over HTTP."""

import re
import threading
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

from chatplatform.api.action import Action, Empty
from chatplatform.api.context import Context
from chatplatform.domain_events import tell
from chatplatform.domain_events.routing import RoutingStatusSet
from chatplatform.errors import (
    ChatInactive,
    LicenseExpired,
    NotAllowed,
    NotFound,
    RequestTimeout,
    TooManyRequests,
)
from chatplatform.models import Customer
from chatplatform.services import bans
from tests import make
from tests.api.conftest import Number, Web, double, nothing

Define = Callable[..., Action]


def error_of(response: Any) -> dict[str, Any]:
    assert response["Content-Type"] == "application/json"
    body = orjson.loads(response.content)
    assert list(body) == ["error"]
    error: dict[str, Any] = body["error"]
    assert error["message"]
    return error


def refused(response: Any, status: int, error_type: str) -> str:
    """Assert a refusal and return its message."""
    error = error_of(response)
    assert (response.status_code, error["type"]) == (status, error_type)
    message: str = error["message"]
    return message


# --- answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6", "3.7"])
def test_an_action_answers_in_every_version_it_has_a_door_in(
    define: Define, web: Web, version: str
) -> None:
    define("agent", double, public=True)

    response = web.call("double", b'{"number":4,"note":"hi"}', version=version)

    assert response.status_code == 200
    assert orjson.loads(response.content) == {"number": 8, "note": "hi"}
    assert response["Cache-Control"] == "no-store"


def test_a_handler_that_answers_nothing_answers_an_empty_object(define: Define, web: Web) -> None:
    define("agent", nothing, public=True)

    assert web.call("nothing").content == b"{}"


def test_an_empty_body_is_an_empty_request(define: Define, web: Web) -> None:
    define("agent", nothing, public=True)

    assert web.call("nothing", b"").status_code == 200


def test_the_content_type_of_a_body_does_not_matter(define: Define, web: Web) -> None:
    define("agent", double, public=True)

    response = web.call("double", b'{"number":1}', content_type="text/plain")

    assert response.status_code == 200


def test_unknown_fields_are_ignored(define: Define, web: Web) -> None:
    define("agent", double, public=True)

    assert web.call("double", b'{"number":1,"else":[1]}').status_code == 200


# --- versions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "headers"),
    [
        ("3.4", {"Deprecation"}),
        ("3.5", {"Legacy"}),
        ("3.6", set()),
        ("3.7", set()),
    ],
)
def test_old_versions_say_when_their_stage_ends(
    define: Define, web: Web, version: str, headers: set[str]
) -> None:
    define("agent", nothing, public=True)

    for response in (web.call("nothing", version=version), web.call("other", version=version)):
        told = {name for name in ("Legacy", "Deprecation") if name in response}
        assert told == headers
        for name in told:
            assert re.fullmatch(r"\d{4}-\d\d-\d\d", response[name])


def test_the_version_may_stand_in_a_header(define: Define, web: Web) -> None:
    define("agent", nothing, public=True)

    response = web.call("nothing", version=None, X_API_Version="3.5")

    assert response.status_code == 200
    assert "Legacy" in response


def test_the_version_of_the_path_wins(define: Define, web: Web) -> None:
    define("agent", nothing, public=True)

    response = web.call("nothing", version="3.6", X_API_Version="3.5")

    assert "Legacy" not in response


@pytest.mark.parametrize("version", ["3.3", "3.8", "4", "", "3.6.1", "x" * 300, "3.6 "])
def test_an_unknown_version_is_refused(define: Define, web: Web, version: str) -> None:
    define("agent", nothing, public=True)

    refused(web.call("nothing", version=version), 400, "unsupported_version")
    refused(
        web.call("nothing", version=None, X_API_Version=version or "-"),
        400,
        "unsupported_version",
    )


def test_a_call_must_name_a_version(define: Define, web: Web) -> None:
    define("agent", nothing, public=True)

    message = refused(web.call("nothing", version=None), 400, "unsupported_version")

    assert "X-API-Version" in message


# --- doors ------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", ["agent", "customer", "configuration"])
@pytest.mark.parametrize("name", ["nope", "", "list_chats/", "a/b/c", "%00", "é", "x" * 1_000])
def test_an_unknown_action_is_named_as_such(
    empty_registry: None, web: Web, api: str, name: str
) -> None:
    message = refused(web.call(name, api=api), 404, "not_found")

    assert message.startswith("unknown action")


@pytest.mark.parametrize(
    ("terms", "missing_in"),
    [
        ({"web": None}, ["3.4", "3.5", "3.6", "3.7"]),
        ({"web": "3.6"}, ["3.4", "3.5"]),
        ({"until": "3.5"}, ["3.6", "3.7"]),
    ],
)
def test_an_action_without_a_web_door_in_a_version_is_unknown_there(
    define: Define, web: Web, terms: dict[str, Any], missing_in: list[str]
) -> None:
    define("agent", nothing, public=True, **terms)

    for version in ("3.4", "3.5", "3.6", "3.7"):
        for method in ("POST", "GET"):
            response = web.call("nothing", version=version, method=method)
            if version in missing_in:
                refused(response, 404, "not_found")
            else:
                assert response.status_code == (200 if method == "POST" else 400)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"])
def test_another_method_is_refused_and_the_right_one_named(
    define: Define, web: Web, method: str
) -> None:
    define("agent", nothing, public=True)

    response = web.call("nothing", method=method)

    assert response.status_code == 400
    assert response["Allow"] == "POST"
    if method != "HEAD":
        assert "POST" in refused(response, 400, "validation")


# --- requests ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b'{"number":1,}',
        b"{'number':1}",
        b'{"number":NaN}',
        b'{"number":1e999}',
        b"\xff\xfe",
        b'{"number":1}{"number":2}',
        b'{"note":"\\ud800"}',
        b"\x00",
    ],
)
def test_malformed_json_is_a_validation_error(define: Define, web: Web, body: bytes) -> None:
    define("agent", double, public=True)

    assert "malformed JSON" in refused(web.call("double", body), 400, "validation")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"1", b"true"])
def test_a_body_must_be_an_object(define: Define, web: Web, body: bytes) -> None:
    define("agent", double, public=True)

    refused(web.call("double", body), 400, "validation")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{}", "number"),
        (b'{"number":null}', "number"),
        (b'{"number":"1"}', "number"),
        (b'{"number":1.5}', "number"),
        (b'{"number":true}', "number"),
        (b'{"number":10}', "number"),
        (b'{"number":9999999999999999999}', "number"),
        (b'{"number":1,"note":["x"]}', "note"),
        (b'{"number":1,"loud":1}', "loud"),
    ],
)
def test_a_wrong_type_is_refused_with_the_fields_name(
    define: Define, web: Web, body: bytes, field: str
) -> None:
    define("agent", double, public=True)

    assert f"`{field}`" in refused(web.call("double", body), 400, "validation")


def test_text_with_a_null_character_is_refused(define: Define, web: Web) -> None:
    define("agent", double, public=True)

    assert "U+0000" in refused(
        web.call("double", b'{"number":1,"note":"a\\u0000b"}'), 400, "validation"
    )
    assert "U+0000" in refused(web.call("double", b'{"\\u0000":1}'), 400, "validation")
    refused(web.call("double", b'{"number":1}', query="?a=%00"), 400, "validation")


def test_text_that_only_speaks_of_a_null_character_is_fine(define: Define, web: Web) -> None:
    define("agent", double, public=True)

    response = web.call("double", rb'{"number":1,"note":"\\u0000"}')

    assert orjson.loads(response.content)["note"] == r"\u0000"


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
@pytest.mark.parametrize("depth", [65, 500, 20_000])
def test_deep_nesting_is_refused(define: Define, web: Web, opening: bytes, depth: int) -> None:
    define("agent", double, public=True)
    closing = b"]" if opening == b"[" else b"}"
    deep = opening * depth + b"1" + closing * depth

    refused(web.call("double", b'{"number":1,"extra":' + deep + b"}"), 400, "validation")


def test_wide_data_is_not_deep(define: Define, web: Web) -> None:
    define("agent", double, public=True)

    response = web.call("double", b'{"number":1,"extra":[' + b",".join([b"[{}]"] * 5_000) + b"]}")

    assert response.status_code == 200


def test_a_body_over_the_limit_is_too_large(define: Define, web: Web, settings: Settings) -> None:
    define("agent", double, public=True)
    exact = b'{"number":1,"note":"%s"}' % (b"x" * (settings.MAX_FRAME_BYTES - 22))
    assert len(exact) == settings.MAX_FRAME_BYTES
    assert web.call("double", exact).status_code == 200

    refused(web.call("double", exact + b" "), 413, "entity_too_large")


def test_a_body_that_lies_about_its_length_is_too_large_all_the_same(
    define: Define, web: Web, settings: Settings
) -> None:
    define("agent", double, public=True)
    body = b" " * (settings.MAX_FRAME_BYTES + 1)

    response = web.client.generic(
        "POST",
        "/v3.6/agent/action/double",
        body,
        content_type="application/json",
        CONTENT_LENGTH=str(len(body) * 1_000),
    )

    refused(response, 413, "entity_too_large")


# --- GET --------------------------------------------------------------------------------------


def test_a_get_action_reads_the_query_by_its_declared_types(define: Define, web: Web) -> None:
    seen: list[Number] = []

    def keep(ctx: Context[Any], request: Number) -> None:
        """Keep the request."""
        seen.append(request)

    define("customer", keep, public=True, http_method="GET")

    response = web.call(
        "keep", b"", api="customer", method="GET", query="?number=3&note=7&loud=true&share=2"
    )

    assert response.status_code == 200
    assert seen == [Number(number=3, note="7", loud=True, share=2.0)]


@pytest.mark.parametrize("query", ["?number=x", "?number=", "?number=1e3", "?number=1&loud=yes"])
def test_a_query_that_can_not_be_read_is_refused(define: Define, web: Web, query: str) -> None:
    define("customer", double, public=True, http_method="GET")

    refused(web.call("double", b"", api="customer", method="GET", query=query), 400, "validation")


# --- uploads ----------------------------------------------------------------------------------


@pytest.fixture
def upload(define: Define, web: Web) -> Callable[..., Any]:
    """Return a function that posts a multipart body to an action that keeps its file."""

    def keep_file(ctx: Context[Any], request: Empty) -> dict[str, Any]:
        """Keep a file."""
        assert ctx.upload is not None
        kept = ctx.upload
        return {
            "name": kept.name,
            "type": kept.content_type,
            "size": kept.size,
            "read": len(kept.file.read()),
        }

    define("agent", keep_file, public=True, upload=True)

    def post(**parts: Any) -> Any:
        return web.client.post("/v3.6/agent/action/keep_file", parts)

    return post


def test_an_upload_reaches_the_handler(upload: Callable[..., Any]) -> None:
    response = upload(file=SimpleUploadedFile("a b.txt", b"hello", content_type="text/plain"))

    assert orjson.loads(response.content) == {
        "name": "a b.txt",
        "type": "text/plain",
        "size": 5,
        "read": 5,
    }


def test_a_file_of_the_largest_size_passes_and_a_larger_one_does_not(
    upload: Callable[..., Any], settings: Settings
) -> None:
    settings.MAX_UPLOAD_BYTES, settings.MAX_BODY_BYTES = 200_000, 300_000

    assert upload(file=SimpleUploadedFile("f", b"x" * 200_000)).status_code == 200
    refused(upload(file=SimpleUploadedFile("f", b"x" * 200_001)), 413, "entity_too_large")
    refused(upload(file=SimpleUploadedFile("f", b"x" * 900_000)), 413, "entity_too_large")


def test_an_upload_without_its_part_is_refused(upload: Callable[..., Any], web: Web) -> None:
    refused(upload(other=SimpleUploadedFile("f", b"x")), 400, "validation")
    refused(upload(file="just text"), 400, "validation")
    refused(web.call("keep_file", b"{}"), 400, "validation")


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=" + "x" * 300,
    ],
)
def test_a_malformed_multipart_body_is_refused(
    upload: Callable[..., Any], web: Web, content_type: str
) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n'

    refused(web.call("keep_file", body, content_type=content_type), 400, "validation")


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status", "error_type"),
    [
        (ChatInactive(), 400, "chat_inactive"),
        (LicenseExpired(), 402, "license_expired"),
        (NotAllowed("not you"), 403, "not_allowed"),
        (NotFound(), 404, "not_found"),
        (RequestTimeout(), 504, "request_timeout"),
        (TooManyRequests(), 429, "too_many_requests"),
    ],
)
def test_a_refusal_has_its_status_and_type(
    define: Define, web: Web, error: Exception, status: int, error_type: str
) -> None:
    def refuse(ctx: Context[Any], request: Empty) -> None:
        """Refuse."""
        raise error

    define("agent", refuse, public=True)

    response = web.call("refuse")

    assert refused(response, status, error_type) == str(error)
    assert ("Retry-After" in response) == (status == 429)
    assert response["Cache-Control"] == "no-store"


def test_an_unexpected_error_shows_nothing_of_itself(define: Define, web: Web) -> None:
    def fail(ctx: Context[Any], request: Empty) -> None:
        """Fail."""
        raise RuntimeError("the secret is 42")

    define("agent", fail, public=True)

    response = web.call("fail")

    refused(response, 500, "internal")
    assert b"42" not in response.content
    assert b"Traceback" not in response.content


def test_an_answer_that_is_not_json_is_our_fault(define: Define, web: Web) -> None:
    def wrong(ctx: Context[Any], request: Empty) -> Any:
        """Answer what JSON can not say."""
        return {"value": object()}

    define("agent", wrong, public=True)

    refused(web.call("wrong"), 500, "internal")


# --- identity and limits ----------------------------------------------------------------------


@pytest.mark.django_db
def test_a_token_is_required_and_serves_every_version(define: Define, web: Web) -> None:
    define("agent", nothing)
    agent = make.agent(make.organization())
    bearer = f"Bearer {make.access_token(agent)}"
    basic = make.basic(agent, make.pat(agent))

    response = web.call("nothing")
    refused(response, 401, "authentication")
    assert response["WWW-Authenticate"] == "Bearer"
    refused(web.call("nothing", Authorization="Bearer made-up"), 401, "authentication")
    for version in ("3.4", "3.5", "3.6", "3.7"):
        assert web.call("nothing", version=version, Authorization=bearer).status_code == 200
    assert web.call("nothing", Authorization=basic).status_code == 200


@pytest.mark.django_db
def test_a_missing_scope_is_refused(define: Define, web: Web) -> None:
    define("agent", nothing, scopes=["chats--all:ro", "chats--access:ro"])
    agent = make.agent(make.organization())
    with_scope = f"Bearer {make.access_token(agent, ['chats--access:ro'])}"
    without = f"Bearer {make.access_token(agent, ['customers:ro'])}"

    assert web.call("nothing", Authorization=with_scope).status_code == 200
    refused(web.call("nothing", Authorization=without), 403, "authorization")


@pytest.mark.django_db
def test_headers_of_other_deployments_are_accepted_and_ignored(define: Define, web: Web) -> None:
    define("agent", nothing)
    token = make.access_token(make.agent(make.organization()))

    response = web.call(
        "nothing", Authorization=f"Bearer {token}", X_Region="dal", X_Author_Id="anything"
    )

    assert response.status_code == 200


@pytest.mark.django_db
def test_calls_over_the_rate_are_refused_for_that_account_only(
    define: Define, web: Web, settings: Settings
) -> None:
    settings.RATE_LIMIT_PER_SECOND, settings.RATE_LIMIT_BURST = 0.5, 3
    define("agent", nothing)
    organization = make.organization()
    busy = f"Bearer {make.access_token(make.agent(organization))}"
    calm = f"Bearer {make.access_token(make.agent(organization))}"
    for _ in range(3):
        assert web.call("nothing", Authorization=busy).status_code == 200

    response = web.call("nothing", Authorization=busy)

    refused(response, 429, "too_many_requests")
    assert response["Retry-After"] == "2"
    assert web.call("nothing", Authorization=calm).status_code == 200


@pytest.mark.django_db
def test_an_address_that_fails_too_often_is_told_to_wait_but_valid_tokens_pass(
    define: Define, web: Web, settings: Settings
) -> None:
    settings.ADDRESS_LIMIT_PER_SECOND, settings.ADDRESS_LIMIT_BURST = 0.01, 2
    define("agent", nothing)
    token = make.access_token(make.agent(make.organization()))
    for _ in range(2):
        refused(web.call("nothing", Authorization="Bearer guess"), 401, "authentication")

    response = web.call("nothing", Authorization="Bearer guess")

    refused(response, 429, "too_many_requests")
    assert web.call("nothing", Authorization=f"Bearer {token}").status_code == 200


@pytest.mark.django_db
def test_a_call_in_the_person_of_nobody_counts_like_any_other(
    define: Define, web: Web, settings: Settings
) -> None:
    settings.RATE_LIMIT_PER_SECOND, settings.RATE_LIMIT_BURST = 0.01, 2
    define("agent", nothing)
    token = make.access_token(make.agent(make.organization()))
    asking = {"version": "3.5", "Authorization": f"Bearer {token}", "X_Author_Id": "nobody"}
    for _ in range(2):
        refused(web.call("nothing", **asking), 403, "authorization")

    refused(web.call("nothing", **asking), 429, "too_many_requests")


@pytest.mark.django_db
def test_whoever_is_turned_away_too_often_is_told_to_wait(
    define: Define, web: Web, settings: Settings
) -> None:
    settings.ADDRESS_LIMIT_PER_SECOND, settings.ADDRESS_LIMIT_BURST = 0.01, 2
    define("customer", nothing)
    organization = make.organization()
    banned, other = make.customer(organization), make.customer(organization)
    bans.ban_customer(make.requester(make.agent(organization)), str(banned.pk), days=1)  # type: ignore[arg-type]
    query = f"?organization_id={organization.pk}"

    def ask(customer: Customer) -> Any:
        token = make.customer_token(customer)
        bearer = f"Bearer {token}"
        return web.call("nothing", api="customer", query=query, Authorization=bearer)

    for _ in range(2):
        refused(ask(banned), 403, "customer_banned")

    refused(ask(banned), 429, "too_many_requests")
    assert ask(other).status_code == 200


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (1, "not an address", "127.0.0.1"),
        (1, "2001:DB8::1", "2001:db8::1"),
    ],
)
def test_only_our_own_proxies_say_where_a_client_is(
    define: Define, web: Web, settings: Settings, proxies: int, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    seen: list[str] = []

    def look(ctx: Context[Any], request: Empty) -> None:
        """Look at the address."""
        seen.append(ctx.address)

    define("agent", look, public=True)

    web.call("look", X_Forwarded_For=forwarded)

    assert seen == [address]


def test_a_handler_learns_what_the_client_said_about_itself(define: Define, web: Web) -> None:
    seen: list[Context[Any]] = []

    def look(ctx: Context[Any], request: Empty) -> None:
        """Look at the context."""
        seen.append(ctx)

    define("customer", look, public=True)

    web.call("look", api="customer", query="?organization_id=abc", User_Agent="Browser/1")

    (ctx,) = seen
    assert (ctx.user_agent, ctx.query, ctx.version, ctx.transport, ctx.connection_id) == (
        "Browser/1",
        {"organization_id": "abc"},
        "3.6",
        "web",
        "",
    )
    assert ctx.base_url == "http://testserver"


# --- what was told ----------------------------------------------------------------------------


NOBODYS = "00000000-0000-0000-0000-000000000000"


def change(ctx: Context[Any], request: Number) -> None:
    """Tell of a change; with an odd number, fail after it."""
    tell(RoutingStatusSet(organization_id=NOBODYS, agent_id="a", status="offline"))
    if request.number % 2:
        raise NotAllowed


@pytest.mark.django_db(transaction=True)
def test_what_a_call_told_is_published_once_it_committed(
    define: Define, web: Web, published: list[Any]
) -> None:
    define("agent", change, public=True, writes=True)

    assert web.call("change", b'{"number":2}').status_code == 200

    assert published == [RoutingStatusSet(organization_id=NOBODYS, agent_id="a", status="offline")]


@pytest.mark.django_db(transaction=True)
def test_what_was_rolled_back_is_not_published(
    define: Define, web: Web, published: list[Any]
) -> None:
    define("agent", change, public=True, writes=True)

    refused(web.call("change", b'{"number":3}'), 403, "not_allowed")

    assert published == []


@pytest.mark.django_db(transaction=True)
def test_a_change_that_could_not_be_published_is_still_a_success(
    define: Define, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(events: list[Any], origin: Any = None) -> None:
        raise ConnectionError("no layer")

    monkeypatch.setattr("chatplatform.transports.web.publish", away)
    define("agent", change, public=True, writes=True)

    assert web.call("change", b'{"number":2}').status_code == 200


# --- browsers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v3.6/customer/action/double", "/customer/action/double"])
def test_a_preflight_from_any_origin_is_answered(define: Define, web: Web, path: str) -> None:
    define("customer", double, public=True)

    response = web.client.options(
        path,
        headers={
            "Origin": "https://shop.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,x-region,x-author-id,"
            "x-api-version",
        },
    )

    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == "*"
    allowed = {name.strip() for name in response["Access-Control-Allow-Headers"].split(",")}
    assert allowed >= {"authorization", "content-type", "x-region", "x-author-id", "x-api-version"}
    assert "POST" in response["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in response


@pytest.mark.parametrize(("name", "status"), [("double", 400), ("nope", 404)])
@pytest.mark.parametrize("version", ["3.6", "9.9"])
def test_a_page_may_read_refusals_too(
    define: Define, web: Web, name: str, status: int, version: str
) -> None:
    define("customer", double, public=True)

    response = web.call(name, api="customer", version=version, Origin="https://shop.example")

    assert response.status_code == (status if version == "3.6" else 400)
    assert response["Access-Control-Allow-Origin"] == "*"
    exposed = response["Access-Control-Expose-Headers"]
    assert {name.strip() for name in exposed.split(",")} >= {"Legacy", "Deprecation"}
    assert not response.cookies


def test_no_cookie_and_no_csrf_token_is_needed(define: Define) -> None:
    define("agent", nothing, public=True)

    response = Client(enforce_csrf_checks=True).post(
        "/v3.6/agent/action/nothing", b"{}", content_type="application/json"
    )

    assert response.status_code == 200
    assert not response.cookies


@pytest.mark.django_db(transaction=True)
def test_calls_at_the_same_time_do_not_mix(define: Define, web: Web) -> None:
    define("agent", double, public=True)
    wrong: list[int] = []

    def many(number: int) -> None:
        for _ in range(20):
            response = web.call("double", orjson.dumps({"number": number}))
            if orjson.loads(response.content) != {"number": 2 * number}:
                wrong.append(number)

    threads = [threading.Thread(target=many, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
