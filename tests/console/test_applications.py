"""Applications: made, changed, put on a licence and taken off it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password

from chatplatform import clock
from chatplatform.domain_events.people import BotDeleted
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.errors import (
    Authentication,
    Authorization,
    LimitReached,
    NotAllowed,
    NotFound,
    Validation,
)
from chatplatform.models import (
    AccessToken,
    Agent,
    ApiCall,
    Application,
    AuditEntry,
    Bot,
    Consent,
    CustomerToken,
    Grant,
    Installation,
    Organization,
    PropertyDefinition,
    RefreshToken,
    Webhook,
    WebhookListener,
)
from chatplatform.services import (
    application_tokens,
    applications,
    authentication,
    bot_templates,
    bot_tokens,
    bots,
    installations,
)
from tests import make
from tests.conftest import Told

SCOPES = ["chats--all:ro", "customers:ro"]


@pytest.fixture
def shop(acme: Organization) -> Application:
    made = applications.create_application(
        acme, "Shop", ["https://shop.example/cb"], scopes=SCOPES, description="Sells"
    )
    return made.application


@pytest.fixture
def ann(acme: Organization) -> Agent:
    return make.agent(acme, "administrator", email="ann@example.com")


def logged(organization: Organization) -> list[tuple[str, Any, Any]]:
    rows = AuditEntry.objects.filter(organization=organization).order_by("id")
    return [(row.action, row.before, row.after) for row in rows]


def code(agent: Agent, application: Application, redirect_uri: str, scope: str = "") -> Grant:
    return Grant.objects.create(
        user=make.account(agent),
        application=application,
        code=f"code-{Grant.objects.count()}",
        redirect_uri=redirect_uri,
        scope=scope,
        expires=clock.now() + timedelta(minutes=5),
    )


class TestMaking:
    def test_it_is_installed_and_logged_without_its_secret(self, acme: Organization):
        made = applications.create_application(
            acme,
            " Shop ",
            ["https://shop.example/cb"],
            scopes=["customers:ro", "chats--all:ro"],
            description="Sells",
        )

        application = made.application
        assert application.name == "Shop"
        assert application.scopes == SCOPES
        assert check_password(made.client_secret, application.client_secret)
        assert Installation.objects.get(application=application).removed_at is None
        after = {
            "name": "Shop",
            "description": "Sells",
            "type": "confidential",
            "redirect_uris": ["https://shop.example/cb"],
            "scopes": SCOPES,
        }
        assert logged(acme) == [("create_application", None, after)]

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({"name": " "}, "`name`: an application's name has 1 to 180 printable characters"),
            (
                {"name": "x" * 181},
                "`name`: an application's name has 1 to 180 printable characters",
            ),
            ({"name": "a\nb"}, "`name`: an application's name has 1 to 180 printable characters"),
            ({"description": "x" * 1025}, "`description`: at most 1024 characters"),
            ({"scopes": ["nonsense"]}, "`scopes`: there is no scope 'nonsense'"),
            (
                {"redirect_uris_allowed": ["https://shop.example/?a=1"]},
                "`redirect_uris`: a redirect URI has neither query nor fragment: "
                "https://shop.example/?a=1",
            ),
            (
                {"redirect_uris_allowed": [f"https://shop.example/{n}" for n in range(21)]},
                "`redirect_uris`: at most 20",
            ),
        ],
    )
    def test_what_is_malformed_is_refused(
        self, acme: Organization, values: dict[str, Any], said: str
    ):
        with pytest.raises(Validation) as refusal:
            applications.create_application(acme, **{"name": "Shop", **values})

        assert str(refusal.value) == said
        assert Application.objects.filter(purpose="integration").count() == 0
        assert logged(acme) == []

    def test_there_are_a_hundred_at_most(self, acme: Organization, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(applications, "MAX_APPLICATIONS", 2)
        make.application(acme)
        make.application(acme)

        with pytest.raises(LimitReached):
            applications.create_application(acme, "Third")

        assert Application.objects.filter(organization=acme, purpose="integration").count() == 2


class TestChanging:
    def test_what_is_given_changes_and_nothing_else(self, acme: Organization, shop: Application):
        applications.update_application(acme.pk, shop.client_id, name="Store")

        shop.refresh_from_db()
        assert (shop.name, shop.description, shop.scopes) == ("Store", "Sells", SCOPES)
        assert logged(acme)[-1] == ("update_application", {"name": "Shop"}, {"name": "Store"})

    def test_scopes_that_go_are_cut_from_tokens_codes_and_consents(
        self, acme: Organization, shop: Application, ann: Agent, told: Told
    ):
        make.token_pair(ann, ["chats--all:ro", "customers:ro"], shop)
        code(ann, shop, "https://shop.example/cb", "chats--access:ro customers:ro")
        Consent.objects.create(account=make.account(ann), application=shop, scopes=SCOPES)

        with told() as events:
            applications.update_application(acme.pk, shop.client_id, scopes=["chats--access:ro"])

        assert AccessToken.objects.get().scope == "chats--access:ro"
        assert RefreshToken.objects.get().scope == "chats--access:ro"
        assert Grant.objects.get().scope == "chats--access:ro"
        assert Consent.objects.get().scopes == ["chats--access:ro"]
        assert events == [
            SessionsEnded(
                organization_id=str(acme.pk),
                client_id=shop.client_id,
                agents_only=True,
                reason="role_permissions_changed",
            )
        ]

    def test_wider_scopes_leave_tokens_as_they_are(
        self, acme: Organization, shop: Application, ann: Agent, told: Told
    ):
        make.token_pair(ann, ["customers:ro"], shop)

        with told() as events:
            applications.update_application(
                acme.pk, shop.client_id, scopes=[*SCOPES, "chats--all:rw"]
            )

        assert AccessToken.objects.get().scope == "customers:ro"
        assert events == []

    def test_an_address_that_goes_voids_codes_but_no_tokens(
        self, acme: Organization, shop: Application, ann: Agent
    ):
        make.token_pair(ann, SCOPES, shop)
        code(ann, shop, "https://shop.example/cb")
        staying = code(ann, shop, "https://new.example/cb/deeper")

        applications.update_application(
            acme.pk, shop.client_id, redirect_uris_allowed=["https://new.example/cb"]
        )

        assert list(Grant.objects.all()) == [staying]
        assert AccessToken.objects.count() == 1

    def test_a_refused_change_changes_nothing(
        self, acme: Organization, shop: Application, ann: Agent
    ):
        make.token_pair(ann, SCOPES, shop)
        entries = AuditEntry.objects.count()

        with pytest.raises(Validation):
            applications.update_application(
                acme.pk, shop.client_id, name="Store", scopes=["nonsense"]
            )

        shop.refresh_from_db()
        assert (shop.name, shop.scopes) == ("Shop", SCOPES)
        assert AccessToken.objects.get().scope == "chats--all:ro customers:ro"
        assert AuditEntry.objects.count() == entries


class TestSecrets:
    def test_a_new_one_voids_the_old(self, acme: Organization):
        made = applications.create_application(acme, "Shop")

        secret = applications.reset_client_secret(acme.pk, made.application.client_id)

        made.application.refresh_from_db()
        assert check_password(secret, made.application.client_secret)
        assert not check_password(made.client_secret, made.application.client_secret)
        action, before, after = logged(acme)[-1]
        assert action == "reset_client_secret"
        assert secret not in f"{before}{after}"

    def test_public_ones_have_none(self, acme: Organization):
        made = applications.create_application(acme, "Shop", confidential=False)
        stored = Application.objects.get(pk=made.application.pk).client_secret

        with pytest.raises(NotAllowed):
            applications.reset_client_secret(acme.pk, made.application.client_id)

        assert Application.objects.get(pk=made.application.pk).client_secret == stored


class TestOfOthers:
    @pytest.mark.parametrize(
        "change",
        [
            lambda one, client_id: applications.update_application(one.pk, client_id, name="x"),
            lambda one, client_id: applications.reset_client_secret(one.pk, client_id),
            lambda one, client_id: installations.delete_application(one.pk, client_id),
        ],
    )
    def test_another_organisations_are_not_there(
        self, acme: Organization, shop: Application, change: Any
    ):
        other = make.organization("Globex")
        before = Application.objects.filter(pk=shop.pk).values().get()

        with pytest.raises(NotFound):
            change(other, shop.client_id)

        assert Application.objects.filter(pk=shop.pk).values().get() == before

    @pytest.mark.parametrize("purpose", ["workspace", "widget"])
    def test_the_platforms_own_are_left_alone(self, acme: Organization, purpose: str):
        own = Application.objects.get(organization=acme, purpose=purpose)
        before = Application.objects.filter(pk=own.pk).values().get()

        for change in (
            lambda: applications.update_application(acme.pk, own.client_id, name="x"),
            lambda: applications.reset_client_secret(acme.pk, own.client_id),
            lambda: installations.remove(acme, own),
            lambda: installations.delete_application(acme.pk, own.client_id),
        ):
            with pytest.raises(NotAllowed):
                change()

        assert Application.objects.filter(pk=own.pk).values().get() == before
        assert Installation.objects.get(application=own).removed_at is None


class TestRemoving:
    def test_every_token_it_holds_ends(
        self, acme: Organization, shop: Application, ann: Agent, told: Told
    ):
        make.token_pair(ann, SCOPES, shop)
        customer = make.customer(acme)
        make.customer_token(customer, shop)
        code(ann, shop, "https://shop.example/cb")
        Consent.objects.create(account=make.account(ann), application=shop, scopes=SCOPES)
        robin = bots.create_bot(shop, "Robin")
        bot = Bot.objects.get(agent=robin.agent)
        bot_tokens.issue_bot_token(bot)

        with told() as events:
            installations.remove(acme, shop)

        assert AccessToken.objects.count() == 0
        assert RefreshToken.objects.filter(revoked=None).count() == 0
        assert CustomerToken.objects.count() == 0
        assert Grant.objects.count() == 0
        assert Consent.objects.count() == 0
        assert bot.tokens.count() == 0
        assert events == [
            SessionsEnded(
                organization_id=str(acme.pk),
                client_id=shop.client_id,
                reason="access_token_revoked",
            )
        ]
        assert logged(acme)[-1] == ("remove_application", {"name": "Shop"}, None)

    def test_what_others_hold_stays(self, acme: Organization, shop: Application, ann: Agent):
        other = make.application(acme)
        make.token_pair(ann, SCOPES, other)
        customer = make.customer(acme)
        make.customer_token(customer, other)
        pat = make.pat(ann)

        installations.remove(acme, shop)

        assert AccessToken.objects.get().application == other
        assert CustomerToken.objects.get().application == other
        assert authentication.authenticate_agent(make.basic(ann, pat)).public_id == ann.public_id

    def test_nothing_is_issued_to_it_until_it_is_back(
        self, acme: Organization, shop: Application, ann: Agent
    ):
        customer = make.customer(acme)
        bot = Bot.objects.get(agent=bots.create_bot(shop, "Robin").agent)
        installations.remove(acme, shop)

        with pytest.raises(Authorization):
            make.access_token(ann, SCOPES, shop)
        with pytest.raises(Authorization):
            make.customer_token(customer, shop)
        with pytest.raises(Authentication):
            bot_tokens.issue_bot_token(bot)
        assert AccessToken.objects.count() == CustomerToken.objects.count() == 0

        installations.install(acme, shop)

        assert make.access_token(ann, SCOPES, shop)
        assert make.customer_token(customer, shop)
        assert bot_tokens.issue_bot_token(bot)

    def test_its_webhooks_rest_until_it_is_back(self, acme: Organization, shop: Application):
        make.webhook(shop)

        installations.remove(acme, shop)
        assert WebhookListener.objects.count() == 0

        installations.install(acme, shop)
        assert WebhookListener.objects.count() == 1
        assert [action for action, *_ in logged(acme)][-2:] == [
            "remove_application",
            "install_application",
        ]

    def test_doing_it_twice_is_logged_once(self, acme: Organization, shop: Application):
        installations.remove(acme, shop)
        entries = len(logged(acme))

        installations.remove(acme, shop)

        assert len(logged(acme)) == entries


class TestDeleting:
    def test_it_goes_with_all_it_owns(
        self, acme: Organization, shop: Application, ann: Agent, told: Told
    ):
        make.token_pair(ann, SCOPES, shop)
        make.webhook(shop)
        make.definition(shop, "plan", public=["read"])
        robin = bots.create_bot(shop, "Robin")
        bot_templates.create_template(shop, "Alfred", affect_existing=True)
        ApiCall.objects.create(
            organization=acme, client_id=shop.client_id, at=clock.now(), seconds=1
        )
        other = make.application(acme)
        make.definition(other, "plan")

        with told() as events:
            installations.delete_application(acme.pk, shop.client_id)

        assert not Application.objects.filter(client_id=shop.client_id).exists()
        assert AccessToken.objects.count() == Webhook.objects.count() == 0
        assert ApiCall.objects.count() == Bot.objects.count() == 0
        assert PropertyDefinition.objects.get().namespace == other.client_id
        assert [type(event) for event in events].count(BotDeleted) == 2
        assert Agent.ever.filter(pk=robin.agent.pk, deleted_at__isnull=False).exists()
        action, before, after = logged(acme)[-1]
        assert (action, before["name"], after) == ("delete_application", "Shop", None)

    def test_who_installs_or_removes_it_meanwhile_finds_nothing(
        self, acme: Organization, shop: Application
    ):
        installations.delete_application(acme.pk, shop.client_id)

        for act in (installations.install, installations.remove):
            with pytest.raises(NotFound):
                act(acme, shop)
        assert not Installation.objects.filter(application=shop.pk).exists()

    def test_it_goes_from_every_licence(self, acme: Organization, shop: Application):
        other = make.organization("Globex")
        bot_templates.create_template(shop, "Alfred", affect_existing=True)
        installations.install(other, shop)
        assert Bot.objects.filter(agent__organization=other).count() == 1

        installations.delete_application(acme.pk, shop.client_id)

        assert Installation.objects.filter(organization=other, removed_at=None).count() == 2
        assert not Bot.objects.exists()

    def test_nothing_goes_where_it_fails_midway(
        self, acme: Organization, shop: Application, ann: Agent, monkeypatch: pytest.MonkeyPatch
    ):
        make.token_pair(ann, SCOPES, shop)

        def fail(*_: object) -> None:
            raise RuntimeError

        monkeypatch.setattr(Application, "delete", fail)
        with pytest.raises(RuntimeError):
            installations.delete_application(acme.pk, shop.client_id)

        assert AccessToken.objects.count() == 1
        assert Installation.objects.get(application=shop).removed_at is None


def test_what_people_gave_it_can_be_revoked_alone(
    acme: Organization, shop: Application, ann: Agent, told: Told
):
    make.token_pair(ann, SCOPES, shop)
    make.token_pair(make.agent(acme, "administrator"), SCOPES, shop)
    make.token_pair(ann, SCOPES, make.application(acme))
    make.customer_token(make.customer(acme), shop)
    Consent.objects.create(account=make.account(ann), application=shop, scopes=SCOPES)

    with told() as events:
        assert application_tokens.revoke_of_people(acme.pk, shop) == 2

    assert not AccessToken.objects.filter(application=shop).exists()
    assert not RefreshToken.objects.filter(application=shop, revoked=None).exists()
    assert AccessToken.objects.count() == CustomerToken.objects.count() == 1
    assert Consent.objects.count() == 0
    assert [event.reason for event in events] == ["access_token_revoked"] * 2
    assert logged(acme)[-1] == ("revoke_tokens", {"tokens": 2}, None)
