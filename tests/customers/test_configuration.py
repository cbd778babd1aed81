"""What widgets fetch before anybody speaks: how a chat is set up and worded (protocol.md 4.1)."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pytest_django.fixtures import Settings

from chatplatform.models import Organization
from chatplatform.services import domains, welcomes
from tests import make
from tests.world import User, World


@pytest.fixture
def anybody(world: World, acme: Organization) -> User:
    return User(world, "customer", "", acme.id)


def dynamic(anybody: User, **query: Any) -> Any:
    return anybody.get("get_dynamic_configuration", query)["livechat"]


def fetch(anybody: User, action: str, query: dict[str, Any], **headers: str) -> Any:
    """Return Django's response to a GET."""
    path = f"/v{anybody.version}/customer/action/{action}"
    asked = {"organization_id": anybody.organization_id, **query}
    return anybody.world.client.get(path, asked, headers=headers)


def asked_for(anybody: User, action: str, version: str = "") -> dict[str, Any]:
    """Return the query that asks for General's current configuration or texts."""
    found = dynamic(anybody)
    if action == "get_configuration":
        return {"group_id": 0, "version": version or found["config_version"]}
    current = version or found["localization_version"]
    return {"group_id": 0, "language": found["language"], "version": current}


KEPT = ("get_configuration", "get_localization")


# --- contents ---------------------------------------------------------------------------------


def test_a_configuration_holds_forms_that_are_asked_and_open_properties(
    acme: Organization, anybody: User
) -> None:
    ticket = make.form(acme, kind="ticket")
    make.form(acme, kind="prechat", enabled=False)
    make.form(acme, kind="postchat")
    acme.properties = {"chats": {"manual_routing": True}}
    acme.save()

    found = anybody.get("get_configuration", asked_for(anybody, "get_configuration"))

    opened = found.pop("properties")
    assert found == {
        "buttons": [],
        "ticket_form": {"id": ticket.public_id, "fields": ticket.fields},
        "integrations": {},
    }
    everyone = anybody.get("list_license_properties", {})
    assert opened["license"] == everyone
    assert opened["group"] == anybody.get("list_group_properties", {"id": 0})
    assert "manual_routing" not in opened["license"].get("chats", {})


def test_phrases_come_by_their_keys(acme: Organization, anybody: User) -> None:
    found = anybody.get("get_localization", asked_for(anybody, "get_localization"))

    assert found["Agents_not_available"] == "Nobody is in right now."
    assert "%email%" in found["Assistly_ticket_notification"]
    assert all(isinstance(text, str) for text in found.values())


def test_a_group_is_welcomed_in_its_own_words(acme: Organization, anybody: User) -> None:
    welcomes.set_welcome_message(acme, 0, "Ahoy!")

    found = anybody.get("get_localization", asked_for(anybody, "get_localization"))

    assert found["welcome_phrase"] == "Ahoy!"


@pytest.mark.parametrize("language", ["xx", "", "tlh-Latn", "../../etc"])
def test_languages_we_do_not_speak_are_answered_in_english(anybody: User, language: str) -> None:
    query = {"group_id": 0, "language": language, "version": "any"}

    assert anybody.get("get_localization", query)["Submit"] == "Send"


# --- versions ---------------------------------------------------------------------------------


def test_a_version_changes_with_what_it_names(acme: Organization, anybody: User) -> None:
    first = dynamic(anybody)

    make.form(acme)
    second = dynamic(anybody)
    welcomes.set_welcome_message(acme, 0, "Ahoy!")
    third = dynamic(anybody)

    assert len({one["config_version"] for one in (first, second, third)}) == 2
    assert second["localization_version"] == first["localization_version"]
    assert third["config_version"] == second["config_version"]
    assert third["localization_version"] != second["localization_version"]


@pytest.mark.parametrize("action", KEPT)
def test_the_current_version_may_be_kept_for_good(anybody: User, action: str) -> None:
    query = asked_for(anybody, action)

    response = fetch(anybody, action, query)

    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["ETag"] == f'"3.7-{query["version"]}"'


@pytest.mark.parametrize("action", KEPT)
def test_who_has_it_already_is_told_just_that(anybody: User, action: str) -> None:
    query = asked_for(anybody, action)
    tag = fetch(anybody, action, query).headers["ETag"]

    again = fetch(anybody, action, query, **{"If-None-Match": f'"other", W/{tag}'})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == tag


@pytest.mark.parametrize("action", KEPT)
def test_another_version_is_answered_with_the_current_one_and_not_kept(
    anybody: User, action: str
) -> None:
    current = fetch(anybody, action, asked_for(anybody, action))

    stale = fetch(anybody, action, asked_for(anybody, action, version="stale"))

    assert stale.json() == current.json()
    assert stale.headers["Cache-Control"] == "no-store"
    assert "ETag" not in stale.headers


def test_a_login_says_where_both_are_kept(anybody: User, carl: User) -> None:
    found = dynamic(anybody)

    monitoring = carl.login()["__priv_dynamic_config"]["customer_groups"]["monitoring"]

    configured = urlsplit(monitoring["static_config_url"])
    worded = urlsplit(monitoring["language_config_url"])
    assert configured.path == "/v3.7/customer/action/get_configuration"
    assert worded.path == "/v3.7/customer/action/get_localization"
    assert dict(parse_qsl(configured.query))["version"] == found["config_version"]
    for url in (configured, worded):
        response = anybody.world.client.get(f"{url.path}?{url.query}")
        assert "immutable" in response.headers["Cache-Control"]


@pytest.mark.parametrize("action", KEPT)
@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"group_id": 7}, "group_not_found"),
        ({"group_id": "x"}, "validation"),
        ({"version": "x" * 65}, "validation"),
        ({"organization_id": "x"}, "validation"),
        ({"organization_id": "00000000-0000-0000-0000-000000000000"}, "license_not_found"),
    ],
    ids=str,
)
def test_what_there_is_not_can_not_be_fetched(
    anybody: User, action: str, query: dict[str, Any], error: str
) -> None:
    response = fetch(anybody, action, {**asked_for(anybody, action), **query})

    assert response.json()["error"]["type"] == error
    assert response.headers["Cache-Control"] == "no-store"


# --- get_dynamic_configuration ----------------------------------------------------------------


def test_a_page_of_a_domain_that_is_not_allowed_learns_so(
    acme: Organization, anybody: User
) -> None:
    domains.allow_domain(acme, "shop.example")

    assert dynamic(anybody, url="https://www.shop.example/x")["domain_allowed"] is True
    assert dynamic(anybody, url="https://evil.example/x")["domain_allowed"] is False
    assert dynamic(anybody)["domain_allowed"] is False


def test_a_full_house_says_so(anybody: User, carl: User, settings: Settings) -> None:
    assert dynamic(anybody)["client_limit_exceeded"] is False

    settings.RTM_CONNECTIONS_PER_ORGANIZATION = 1

    assert dynamic(anybody)["client_limit_exceeded"] is True


def test_the_language_is_the_groups(acme: Organization, anybody: User) -> None:
    group = make.group(acme)
    group.language_code = "de"
    group.save()

    found = dynamic(anybody, group_id=group.number)

    assert (found["group_id"], found["language"]) == (group.number, "de")


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_versions_before_3_6_are_answered_flat(
    anybody: User, acme: Organization, version: str
) -> None:
    nested = dynamic(anybody)
    anybody.version = version

    flat = anybody.get("get_dynamic_configuration", {})

    assert flat == {"organization_id": str(acme.id), **nested}
