"""The console's pages: who may see which, and what they change."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password
from django.test import Client

from chatplatform.admin import visitors
from chatplatform.models import (
    ApiCall,
    Application,
    AuditEntry,
    Installation,
    Organization,
    PersonalAccessToken,
    StaffSession,
)
from chatplatform.models.people import AgentRole
from chatplatform.scopes import allowed
from chatplatform.services import api_calls, authentication, bot_templates, bots, tokens
from configuration.console import presets
from tests import make
from tests.console.conftest import Developer, errors
from tests.html_forms import form_of

KEEPERS = (AgentRole.OWNER, AgentRole.VICEOWNER, AgentRole.ADMINISTRATOR)
NEW = {"name": "Shop", "description": "Sells", "kind": "confidential", "scopes": ["chats--all:ro"]}

OF_ADMINISTRATORS = {"canned_responses--all:ro", "chats--all:rw", "tags--all:ro"}
CHATTING = OF_ADMINISTRATORS | {
    "agents--all:ro",
    "agents--my:rw",
    "canned_responses--groups:ro",
    "chats--access:rw",
    "customers:rw",
    "groups--all:ro",
    "multicast:rw",
    "tags--groups:ro",
}
"""What a token for taking part in chats carries, where the role allows all of it."""


@pytest.fixture
def shop(acme: Organization) -> Application:
    return make.application(acme)


def text(response: Any) -> str:
    """Return the words of a page, spaced as a reader sees them."""
    without_tags = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", html.unescape(without_tags))


def pages_of(client_id: str) -> list[str]:
    one = f"applications/{client_id}"
    return [
        one,
        f"{one}/edit",
        f"{one}/secret",
        f"{one}/credentials",
        f"{one}/install",
        f"{one}/remove",
        f"{one}/delete",
        f"{one}/calls",
    ]


OWN = ["tokens", "tokens/new", "tokens/made", "tokens/calls", "first-call"]


class TestWhoMayEnter:
    @pytest.mark.parametrize("path", ["", "tokens", "first-call", "applications/new"])
    def test_who_is_not_signed_in_is_led_to_the_sign_in(self, path: str, db: None):
        response = Client().get(f"/console/{path}")

        assert response.status_code == 302
        assert response["Location"] == f"/signin?next=/console/{path}"

    @pytest.mark.parametrize("role", KEEPERS)
    def test_keepers_see_every_page(
        self, role: str, acme: Organization, shop: Application, developer: Callable[..., Developer]
    ):
        keeper = developer(acme, role)

        for path in ["", "applications/new", *pages_of(shop.client_id), *OWN]:
            assert keeper.get(path).status_code == 200, path

    def test_an_id_that_can_be_nobodys_is_not_there(
        self, acme: Organization, developer: Callable[..., Developer]
    ):
        keeper = developer(acme)

        for path in pages_of("a%00b"):
            assert keeper.get(path).status_code == 404, path
            assert keeper.post(path, **NEW).status_code in (404, 405), path

    def test_normal_agents_see_their_own_tokens_alone(
        self, acme: Organization, shop: Application, developer: Callable[..., Developer]
    ):
        agent = developer(acme, AgentRole.NORMAL)

        assert agent.get()["Location"] == "/console/tokens"
        for path in OWN:
            assert agent.get(path).status_code == 200, path
        for path in ["applications/new", *pages_of(shop.client_id)]:
            refused = agent.get(path)
            assert refused.status_code == 403, path
            assert "You may not open this page" in text(refused), path
            assert 'class="page-mark"' in refused.content.decode(), path

    def test_normal_agents_change_no_application(
        self, acme: Organization, shop: Application, developer: Callable[..., Developer]
    ):
        agent = developer(acme, AgentRole.NORMAL)
        before = Application.objects.filter(pk=shop.pk).values().get()

        for path in ["applications/new", *pages_of(shop.client_id)]:
            assert agent.post(path, **NEW).status_code in (403, 405), path

        assert Application.objects.filter(pk=shop.pk).values().get() == before
        assert Application.objects.filter(purpose="integration").count() == 1
        assert Installation.objects.get(application=shop).removed_at is None

    @pytest.mark.parametrize("state", ["suspended", "awaiting_approval"])
    def test_who_may_not_work_may_not_enter(
        self, state: str, acme: Organization, developer: Callable[..., Developer]
    ):
        agent = developer(acme)
        setattr(agent.agent, state, True)
        agent.agent.save()

        assert agent.get("tokens").status_code == 403
        assert agent.post("tokens/new", name="x", preset="read").status_code == 403
        assert PersonalAccessToken.objects.count() == 0

    def test_another_organisations_applications_are_not_there(
        self, shop: Application, db: None, developer: Callable[..., Developer]
    ):
        stranger = developer(make.organization("Globex"))
        before = Application.objects.filter(pk=shop.pk).values().get()

        assert shop.name not in text(stranger.get())
        for path in pages_of(shop.client_id):
            assert stranger.get(path).status_code == 404, path
        for path in pages_of(shop.client_id):
            assert stranger.post(path, **NEW).status_code in (404, 405), path
        assert Application.objects.filter(pk=shop.pk).values().get() == before
        assert Installation.objects.get(application=shop).removed_at is None

    @pytest.mark.parametrize("purpose", ["workspace", "widget"])
    def test_the_platforms_own_applications_are_not_there(
        self, purpose: str, owner: Developer, acme: Organization
    ):
        own = Application.objects.get(organization=acme, purpose=purpose)

        for path in pages_of(own.client_id):
            assert owner.get(path).status_code == 404, path

    def test_a_superuser_chooses_an_organisation_first(
        self, superuser: Developer, acme: Organization, shop: Application
    ):
        assert superuser.get().status_code == 403
        session = superuser.client.session
        session[visitors.CHOSEN] = str(acme.pk)
        session.save()

        page = superuser.get(f"applications/{shop.client_id}")
        assert page.status_code == 200
        assert b"/console/tokens" not in page.content
        for path in OWN:
            assert superuser.get(path).status_code == 404, path


class TestTwoTabs:
    """What a superuser sends from a page of one organisation is not done in another."""

    NEW_PAGE = "applications/new"

    @pytest.fixture
    def globex(self, superuser: Developer, acme: Organization) -> Organization:
        """Another organisation; a page of Acme was opened before it was chosen."""
        self.works_in(superuser, acme)
        return make.organization("Globex")

    def works_in(self, superuser: Developer, organization: Organization) -> None:
        session = superuser.client.session
        session[visitors.CHOSEN] = str(organization.pk)
        session.save()

    def test_nothing_is_made_in_the_other(
        self, superuser: Developer, acme: Organization, globex: Organization
    ):
        sent = {**form_of(superuser.get(self.NEW_PAGE)), **NEW}
        self.works_in(superuser, globex)

        response = superuser.post(self.NEW_PAGE, **sent)

        assert response.status_code == 409
        assert "You work in Globex now" in text(response)
        assert not Application.objects.filter(name="Shop").exists()

    def test_it_is_made_where_it_was_meant_once_one_goes_back(
        self, superuser: Developer, acme: Organization, globex: Organization
    ):
        sent = {**form_of(superuser.get(self.NEW_PAGE)), **NEW}
        self.works_in(superuser, globex)
        refused = superuser.post(self.NEW_PAGE, **sent)

        response = superuser.post(self.NEW_PAGE, **form_of(refused), go_back="yes")

        assert response.status_code == 302
        made = Application.objects.get(name="Shop")
        assert (made.organization, made.scopes) == (acme, ["chats--all:ro"])


class TestMakingAnApplication:
    def test_it_is_made_and_its_secret_shown_once(self, owner: Developer, acme: Organization):
        redirects = "https://shop.example/cb\n\n https://shop.example/other \n"

        response = owner.post("applications/new", **NEW, redirect_uris=redirects)

        made = Application.objects.get(organization=acme, purpose="integration")
        assert (made.name, made.description, made.client_type) == ("Shop", "Sells", "confidential")
        assert made.redirect_uris.split() == [
            "https://shop.example/cb",
            "https://shop.example/other",
        ]
        assert made.scopes == ["chats--all:ro"]
        shown = owner.client.get(response["Location"])
        secret = shown.context["secret"]
        assert check_password(secret, made.client_secret)
        assert secret in text(shown)
        assert secret not in text(owner.client.get(response["Location"]))

    def test_the_secret_is_in_no_table_in_clear_text(self, owner: Developer, acme: Organization):
        response = owner.post("applications/new", **NEW)
        rows = str(list(StaffSession.objects.values())) + str(list(AuditEntry.objects.values()))

        secret = owner.client.get(response["Location"]).context["secret"]

        assert secret not in rows + str(list(Application.objects.values()))

    def test_a_javascript_application_has_no_secret(self, owner: Developer, acme: Organization):
        response = owner.post("applications/new", **{**NEW, "kind": "public"})

        made = Application.objects.get(organization=acme, purpose="integration")
        assert made.client_type == "public"
        assert "Client secret" not in text(owner.client.get(response["Location"]))

    def test_it_is_logged_as_done_in_the_console(self, owner: Developer, acme: Organization):
        owner.post("applications/new", **NEW)

        entry = AuditEntry.objects.get(action="create_application")
        assert (entry.door, entry.user_id, entry.address, entry.user_agent) == (
            "console",
            owner.agent.public_id,
            "192.0.2.7",
            "Lynx",
        )

    @pytest.mark.parametrize(
        ("values", "wrong"),
        [
            ({"name": ""}, {"name": ["Enter a name"]}),
            ({"kind": ""}, {"kind": ["Choose a type"]}),
            ({"kind": "other"}, {"kind": ["Choose a type from the list"]}),
            ({"scopes": ["nonsense"]}, {"scopes": ["Choose scopes from the list"]}),
            (
                {"redirect_uris": "https://shop.example/cb\njavascript:alert(1)"},
                {
                    "redirect_uris": [
                        "a redirect URI needs a scheme and a host: javascript:alert(1)"
                    ]
                },
            ),
        ],
    )
    def test_what_is_wrong_is_said_beside_its_field(
        self, owner: Developer, acme: Organization, values: dict[str, Any], wrong: Any
    ):
        response = owner.post("applications/new", **{**NEW, **values})

        assert response.status_code == 200
        assert errors(response) == wrong
        assert not Application.objects.filter(organization=acme, purpose="integration").exists()

    def test_the_wrong_field_is_marked(self, owner: Developer):
        response = owner.post("applications/new", **{**NEW, "name": ""})

        assert response.content.count(b'aria-invalid="true"') == 1


class TestChangingAnApplication:
    def test_the_form_shows_what_is(self, owner: Developer, shop: Application):
        form = owner.get(f"applications/{shop.client_id}/edit").context["form"]

        assert form["name"].value() == shop.name
        assert form["redirect_uris"].value() == "https://shop.example/chat"

    def test_what_is_sent_is_kept(self, owner: Developer, shop: Application):
        response = owner.post(
            f"applications/{shop.client_id}/edit",
            name="Store",
            description="",
            redirect_uris="https://store.example/",
            scopes=["customers:ro"],
        )

        assert response["Location"] == f"/console/applications/{shop.client_id}"
        shop.refresh_from_db()
        assert (shop.name, shop.redirect_uris, shop.scopes) == (
            "Store",
            "https://store.example/",
            ["customers:ro"],
        )

    def test_a_refused_change_is_shown_again(self, owner: Developer, shop: Application):
        response = owner.post(
            f"applications/{shop.client_id}/edit",
            name="Store",
            redirect_uris="https://store.example/?a=b",
        )

        assert list(errors(response)) == ["redirect_uris"]
        shop.refresh_from_db()
        assert shop.name == "Integration"

    def test_the_type_stays(self, owner: Developer, shop: Application):
        owner.post(f"applications/{shop.client_id}/edit", name="Store", kind="public")

        shop.refresh_from_db()
        assert shop.client_type == "confidential"


class TestAsking:
    """Nothing that breaks things is done without naming what it affects."""

    @pytest.fixture
    def busy(self, acme: Organization, shop: Application) -> Application:
        ann = make.agent(acme)
        for _ in range(2):
            make.access_token(ann, application=shop)
        make.customer_token(make.customer(acme), shop)
        make.webhook(shop)
        bots.create_bot(shop, "Robin")
        bot_templates.create_template(shop, "Alfred", affect_existing=True)
        make.definition(shop)
        return shop

    def test_removing(self, owner: Developer, busy: Application):
        page = text(owner.get(f"applications/{busy.client_id}/remove"))

        assert "3 live tokens end at once" in page
        assert "2 of people, 1 of customers." in page
        assert "1 webhook is not sent any more" in page
        assert "1 bot of its templates goes" in page
        assert "1 other bot stays" in page

        owner.post(f"applications/{busy.client_id}/remove")
        assert Installation.objects.get(application=busy).removed_at is not None

    def test_installing_again(self, owner: Developer, busy: Application):
        owner.post(f"applications/{busy.client_id}/remove")

        page = text(owner.get(f"applications/{busy.client_id}/install"))
        assert "Its webhooks are sent again: 1." in page

        owner.post(f"applications/{busy.client_id}/install")
        assert Installation.objects.get(application=busy).removed_at is None

    def test_deleting(self, owner: Developer, busy: Application):
        page = text(owner.get(f"applications/{busy.client_id}/delete"))

        assert "3 live tokens end at once" in page
        assert "2 bots go" in page
        assert "1 property goes" in page

        response = owner.post(f"applications/{busy.client_id}/delete")
        assert response["Location"] == "/console/"
        assert not Application.objects.filter(pk=busy.pk).exists()

    def test_a_new_secret(self, owner: Developer, busy: Application):
        page = text(owner.get(f"applications/{busy.client_id}/secret"))
        assert "2 live tokens of people go on until they expire" in page

        response = owner.post(f"applications/{busy.client_id}/secret")

        secret = owner.client.get(response["Location"]).context["secret"]
        busy.refresh_from_db()
        assert check_password(secret, busy.client_secret)

    def test_a_secret_of_who_has_none_is_refused_aloud(self, owner: Developer, acme: Organization):
        owner.post("applications/new", **{**NEW, "kind": "public"})
        made = Application.objects.get(organization=acme, purpose="integration")

        response = owner.post(f"applications/{made.client_id}/secret", follow=True)

        assert "proves itself without a secret" in text(response)

    def test_looking_changes_nothing(self, owner: Developer, busy: Application):
        before = Application.objects.filter(pk=busy.pk).values().get()
        entries = AuditEntry.objects.count()

        for path in pages_of(busy.client_id):
            owner.get(path)

        assert Application.objects.filter(pk=busy.pk).values().get() == before
        assert AuditEntry.objects.count() == entries


class TestOneApplication:
    def test_its_page_shows_what_it_has(
        self, owner: Developer, acme: Organization, shop: Application
    ):
        webhook = make.webhook(shop, "chat_deactivated", url="https://hooks.example.com/here")
        make.delivery(acme, webhook)
        listed = f"/admin/chatplatform/webhookdelivery/?webhook={webhook.pk}"
        bots.create_bot(shop, "Robin")
        make.definition(shop, "plan", public=["read"])
        bot_templates.create_template(shop, "Alfred")

        response = owner.get(f"applications/{shop.client_id}")

        page = text(response)
        assert listed in response.content.decode()
        assert "License" not in page
        for words in (
            shop.client_id,
            "https://shop.example/chat",
            "chat_deactivated",
            "https://hooks.example.com/here",
            "Failed",
            "Robin",
            "Alfred",
            "plan",
            "Published",
        ):
            assert words in page, words

    def test_what_it_has_not_is_said_with_where_to_make_it(
        self, owner: Developer, shop: Application
    ):
        response = owner.get(f"applications/{shop.client_id}")

        html = response.content.decode()
        for words in (
            "Register one in the administration, or by register_webhook",
            "Make one in the administration, or by create_bot",
            "Register one in the administration, or by register_property",
            "What customers call is not listed.",
        ):
            assert words in text(response), words
        for noun in ("webhook/?q=Integration", "bot/", "propertydefinition/"):
            path = f"/admin/chatplatform/{noun}"
            assert f'href="{path}"' in html, noun
            assert owner.client.get(path).status_code == 200, noun

    def test_calls_by_themselves_are_a_part_of_a_page(self, owner: Developer, shop: Application):
        one = f"/console/applications/{shop.client_id}"

        for whole in (one, "/console/tokens"):
            opened = owner.client.get(f"{whole}/calls", headers={"sec-fetch-dest": "document"})
            assert opened["Location"] == f"{whole}#calls"
            assert owner.client.get(f"{whole}/calls").status_code == 200

    def test_its_tokens_are_counted_as_in_the_list(
        self, owner: Developer, acme: Organization, shop: Application
    ):
        for _ in range(2):
            make.access_token(make.agent(acme), application=shop)
        for _ in range(3):
            make.customer_token(make.customer(acme), shop)

        for path in ("", f"applications/{shop.client_id}"):
            assert re.findall(r"\d+ live tokens?[a-z ]*", text(owner.get(path))) == [
                "2 live tokens of people "
            ]

    def test_an_endpoint_that_fails_is_said_to(self, owner: Developer, shop: Application):
        endpoint = make.webhook(shop).endpoint
        endpoint.failures = 3
        endpoint.save()

        assert "3 failures in a row" in text(owner.get(f"applications/{shop.client_id}"))

    def test_its_last_calls(self, owner: Developer, acme: Organization, shop: Application):
        other = make.application(acme)
        for client_id, action in ((shop.client_id, "list_chats"), (other.client_id, "get_chat")):
            ApiCall.objects.create(
                organization=acme,
                client_id=client_id,
                user_id="ann@example.com",
                at=shop.created,
                api="agent",
                action=action,
                version="3.6",
                transport="web",
                error="not_found",
                seconds=0.0042,
            )

        for path in (f"applications/{shop.client_id}", f"applications/{shop.client_id}/calls"):
            page = text(owner.get(path))
            assert "list_chats" in page
            assert "not_found" in page
            assert "4.2 ms" in page
            assert "get_chat" not in page


class TestOwnTokens:
    def test_one_is_made_and_shown_once(self, owner: Developer):
        response = owner.post("tokens/new", name="Script", preset="read")

        shown = owner.client.get(response["Location"])
        token = shown.context["made"]["token"]
        row = PersonalAccessToken.objects.get()
        assert row.account == owner.account
        assert row.checksum == tokens.checksum(token)
        assert row.scopes == presets.scopes("read", "owner")
        assert token not in text(owner.client.get(response["Location"]))

    @pytest.mark.parametrize("role", list(AgentRole))
    def test_everything_is_what_the_role_allows(
        self, role: str, acme: Organization, developer: Callable[..., Developer]
    ):
        developer(acme, role).post("tokens/new", name="Script", preset="everything")

        assert set(PersonalAccessToken.objects.get().scopes) == allowed(role)

    @pytest.mark.parametrize("role", list(AgentRole))
    def test_reading_is_all_the_role_may_read_and_nothing_else(
        self, role: str, acme: Organization, developer: Callable[..., Developer]
    ):
        developer(acme, role).post("tokens/new", name="Script", preset="read")

        readable = {one for one in allowed(role) if one.endswith((":ro", "_read"))}
        assert set(PersonalAccessToken.objects.get().scopes) == readable

    @pytest.mark.parametrize(
        ("role", "scopes"),
        [(AgentRole.OWNER, CHATTING), (AgentRole.NORMAL, CHATTING - OF_ADMINISTRATORS)],
    )
    def test_chatting_is_what_chats_need(
        self,
        role: str,
        scopes: set[str],
        acme: Organization,
        developer: Callable[..., Developer],
    ):
        developer(acme, role).post("tokens/new", name="Script", preset="chat")

        assert set(PersonalAccessToken.objects.get().scopes) == scopes

    def test_nothing_is_chosen_for_anybody(self, owner: Developer):
        sent = form_of(owner.get("tokens/new"))

        assert "preset" not in sent
        assert "scopes" not in sent

    @pytest.mark.parametrize("preset", ["choose", ""])
    def test_scopes_chosen_one_by_one(self, preset: str, owner: Developer):
        """Ticking is choosing: nothing else has to be said."""
        owner.post("tokens/new", name="Script", preset=preset, scopes=["chats--my:ro"])

        assert PersonalAccessToken.objects.get().scopes == ["chats--my:ro"]

    @pytest.mark.parametrize("preset", ["everything", "read", "chat"])
    def test_scopes_that_were_ticked_in_vain_are_asked_about_and_kept(
        self, preset: str, owner: Developer
    ):
        response = owner.post("tokens/new", name="Script", preset=preset, scopes=["chats--my:ro"])

        assert errors(response) == {
            "preset": [
                "You ticked single scopes, too. Choose “Only what I choose below”, or untick them"
            ]
        }
        assert form_of(response)["scopes"] == ["chats--my:ro"]
        assert PersonalAccessToken.objects.count() == 0

    @pytest.mark.parametrize(
        ("values", "wrong"),
        [
            ({"name": ""}, {"name": ["Enter a name"]}),
            ({"preset": ""}, {"preset": ["Choose what the token may do"]}),
            ({"preset": "choose"}, {"scopes": ["Choose at least one scope"]}),
            (
                {"preset": "choose", "scopes": ["webhooks--all:rw"]},
                {"scopes": ["Choose scopes from the list"]},
            ),
        ],
    )
    def test_what_is_wrong_is_said(
        self,
        acme: Organization,
        developer: Callable[..., Developer],
        values: dict[str, Any],
        wrong: Any,
    ):
        agent = developer(acme, AgentRole.NORMAL)

        response = agent.post("tokens/new", **{"name": "Script", "preset": "read", **values})

        assert errors(response) == wrong
        assert PersonalAccessToken.objects.count() == 0

    def test_the_list_shows_ones_own_without_their_values(
        self, owner: Developer, acme: Organization
    ):
        pat = make.pat(owner.agent, ["chats--my:ro"])
        make.pat(make.agent(acme))
        PersonalAccessToken.objects.filter(account=owner.account).update(name="Mine")

        response = owner.get("tokens")

        page = text(response)
        assert "Mine" in page
        assert f"…{pat[-4:]}" in page
        assert "never used" in page
        assert pat not in page
        assert len(response.context["tokens"]) == 1

    def test_one_is_revoked_after_asking(self, owner: Developer):
        make.pat(owner.agent)
        row = PersonalAccessToken.objects.get()

        assert "Revoke the token Test?" in text(owner.get(f"tokens/{row.pk}/revoke"))
        assert PersonalAccessToken.objects.count() == 1
        owner.post(f"tokens/{row.pk}/revoke")

        assert PersonalAccessToken.objects.count() == 0
        assert AuditEntry.objects.get(action="revoke_personal_access_token").door == "console"

    def test_a_colleagues_is_not_there(self, owner: Developer, acme: Organization):
        make.pat(make.agent(acme))
        row = PersonalAccessToken.objects.get()

        assert owner.get(f"tokens/{row.pk}/revoke").status_code == 404
        assert owner.post(f"tokens/{row.pk}/revoke").status_code == 404
        assert PersonalAccessToken.objects.count() == 1

    def test_ones_own_calls_and_nobody_elses(self, owner: Developer, acme: Organization):
        other = make.agent(acme)
        for agent, action in ((owner.agent, "list_chats"), (other, "get_chat")):
            who = authentication.authenticate_agent(make.basic(agent, make.pat(agent)))
            api_calls.note(
                who,
                api="agent",
                action=action,
                version="3.6",
                transport="web",
                error="",
                seconds=0.1,
            )
        api_calls.flush()

        for path in ("tokens", "tokens/calls", "first-call"):
            page = text(owner.get(path))
            assert "list_chats" in page
            assert "get_chat" not in page


class TestFirstCall:
    def test_the_examples_carry_the_token_once(self, owner: Developer):
        assert "examples" not in owner.get("first-call").context

        shown = owner.post("first-call", follow=True)

        token = shown.context["made"]["token"]
        by_key = {one.key: one.code for one in shown.context["examples"]}
        assert list(by_key) == ["curl", "python", "javascript", "go"]
        assert token in by_key["curl"]
        assert token in by_key["go"]
        for code in by_key.values():
            assert "http://testserver/v3.6/configuration/action/list_agents" in code
        assert "examples" not in owner.get("first-call").context

    def test_its_token_reads_only(self, owner: Developer):
        owner.post("first-call")

        assert PersonalAccessToken.objects.get().scopes == presets.scopes("read", "owner")

    def test_behind_tls_the_official_sdk_is_shown(self, owner: Developer, settings: Any):
        settings.PUBLIC_URL = "https://chat.example"

        shown = owner.post("first-call", follow=True)

        by_key = {one.key: one.code for one in shown.context["examples"]}
        assert "from livechat.configuration import ConfigurationApi" in by_key["python"]
        assert 'base_url="chat.example"' in by_key["python"]
        assert "https://chat.example/v3.6" in by_key["curl"]


def test_the_pages_keep_to_the_strict_policy(owner: Developer, shop: Application):
    for path in ["", *pages_of(shop.client_id), *OWN]:
        response = owner.get(path)
        assert "'unsafe" not in response["Content-Security-Policy"], path
        assert b" style=" not in response.content, path
        assert not re.search(rb"<script(?![^>]* src=)", response.content), path


def test_no_page_with_a_secret_is_kept_by_browsers(owner: Developer, shop: Application):
    for path in [*pages_of(shop.client_id), *OWN]:
        assert "no-store" in owner.get(path)["Cache-Control"], path
