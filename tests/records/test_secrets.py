"""Secrets are nowhere in clear text: neither in tables, the audit log and deliveries, nor in logs
and on error pages.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db.models import Model, TextField
from django.db.models.functions import Cast
from django.test import Client

from chatplatform.encryption import Unreadable, decrypt
from chatplatform.models import (
    Agent,
    Application,
    AuditEntry,
    IdentityKey,
    IdentityProvider,
    Organization,
    StaffSession,
    Webhook,
    WebhookDelivery,
)
from chatplatform.models.people import AgentRole
from chatplatform.services import (
    agent_tokens,
    customer_identities,
    identity_transfers,
    invitations,
    passwords,
    staff_mails,
)
from chatplatform.services.customer_identities import Asker
from chatplatform.services.identity_keys import NewIdentityKey
from tests import make
from tests.accounts.conftest import Browser, code_of, link_in, sent
from tests.accounts.factors import seed_on, set_up
from tests.accounts.oauth import flows
from tests.accounts.oauth.flows import SECRET
from tests.accounts.provider import CLIENT_ID, CLIENT_SECRET, running
from tests.accounts.test_providers import REAL_REQUEST, go
from tests.admin.conftest import Visitor, errors, shown_secret
from tests.customers.identity import TOKEN, proof, send
from tests.internet import Internet
from tests.records.planted import tables_with
from tests.world import User, World

PASSWORD = "correct horse battery staple"
SECRET_KEY = "unmistakable-webhook-key"
PROVIDERS = "chatplatform/identityprovider/"
KEYS = "chatplatform/identitykey/"
PROVIDER = {
    "name": "Corp",
    "issuer": "https://id.example",
    "client_id": "us",
    "client_secret": "unmistakable-provider-secret",
    "enabled": "on",
}


class Told:
    """What was handed out or typed in, by its kind."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}

    def note(self, **secrets: str) -> None:
        """Remember secrets by their kind."""
        self.secrets |= secrets

    def in_text(self, text: str) -> list[str]:
        """Return the kinds that can be read in ``text``."""
        return [kind for kind, secret in self.secrets.items() if secret in text]


@pytest.fixture(autouse=True)
def _issuer_answers(internet: Internet) -> None:
    """Have the provider say who it is, which the admin asks before it keeps it."""
    issuer = PROVIDER["issuer"]
    said = orjson.dumps({"issuer": issuer})
    internet.put(f"{issuer}/.well-known/openid-configuration", said)


@pytest.fixture
def handed_out(
    world: World, acme: Organization, caplog: pytest.LogCaptureFixture
) -> tuple[Told, pytest.LogCaptureFixture]:
    """Let every kind of secret come to be through the doors that give or take it, all logged."""
    caplog.set_level(logging.DEBUG)
    told = Told()
    make.agent(acme, AgentRole.OWNER)
    boss = world.agent(acme, "boss", role="administrator")
    seat = Agent.objects.get(public_id=boss.id)
    owner = make.application(acme, any_origin=True)
    told.note(access_token=boss.credentials.removeprefix("Bearer "))
    _sign_in(told, seat)
    _configure(told, boss.configuration, owner)
    _act_as_people(told, seat, owner)
    _say_who_is_who(told, acme, owner)
    _come_as_customer(told, world, acme, owner)
    _prove_twice(told, acme)
    _authorize(told, acme)
    return told, caplog


def _sign_in(told: Told, seat: Agent) -> None:
    account = make.account(seat)
    account.set_password(PASSWORD)
    account.save()
    browser = Client()
    answer = browser.post("/signin", {"username": account.email, "password": PASSWORD})
    assert answer.status_code == 302
    cookie = browser.cookies["sessionid"].value
    browser.post("/signin", {"username": account.email, "password": f"wrong {PASSWORD}"})
    told.note(password=PASSWORD, session=cookie)
    told.note(workspace_token=agent_tokens.issue_workspace_token(account, cookie).token)
    passwords.ask_for_reset(account.email, "http://testserver")
    staff_mails.send_due()
    link = mail.outbox[-1].body.split("http://testserver/", 1)[1].split()[0]
    told.note(reset_link=link.rstrip("/").rpartition("/")[2])


def _configure(told: Told, boss: User, owner: Application) -> None:
    client_id = owner.client_id
    bot = boss.call("create_bot", name="Robin", owner_client_id=client_id)
    again = boss.call("reset_bot_secret", id=bot["id"], owner_client_id=client_id)
    template = boss.call("create_bot_template", name="Rob", owner_client_id=client_id)
    issued = boss.call(
        "issue_bot_token",
        bot_id=bot["id"],
        bot_secret=again["secret"],
        client_id=client_id,
        organization_id=boss.organization_id,
    )
    told.note(
        bot_secret=bot["secret"],
        new_bot_secret=again["secret"],
        template_secret=template["secret"],
        bot_token=issued["token"],
        webhook_key=SECRET_KEY,
    )
    for action in ("tag_created", "incoming_chat"):
        boss.call(
            "register_webhook",
            action=action,
            owner_client_id=client_id,
            url="https://hooks.example.com/",
            secret_key=SECRET_KEY,
            type="license",
        )
    boss.call("create_tag", name="told", group_ids=[0])


def _act_as_people(told: Told, seat: Agent, owner: Application) -> None:
    account = make.account(seat)
    issued = agent_tokens.issue_access_token(account, owner, ["chats--all:ro"])
    pat = make.pat(seat)
    refused = Client().post(
        "/v2/token",
        {
            "grant_type": "refresh_token",
            "refresh_token": "unmistakable-refresh-token",
            "client_id": owner.client_id,
            "client_secret": "unmistakable-client-secret",
        },
    )
    assert refused.status_code >= 400
    called = Client().post(
        "/v3.7/agent/action/list_chats",
        b"{}",
        content_type="application/json",
        headers={"authorization": make.basic(seat, pat)},
    )
    assert called.status_code == 200
    told.note(
        own_token=issued.token,
        personal_access_token=pat,
        typed_refresh_token="unmistakable-refresh-token",
        typed_client_secret="unmistakable-client-secret",
        basic=make.basic(seat, pat).removeprefix("Basic "),
    )


def _say_who_is_who(told: Told, organization: Organization, owner: Application) -> None:
    """Set up in the admin whose word counts: a provider's for staff, a site's for customers."""
    visitor = _owner(organization)
    secret, new = PROVIDER["client_secret"], "unmistakable-new-provider-secret"
    told.note(provider_secret=secret, new_provider_secret=new)
    refused = visitor.post(f"{PROVIDERS}add/", **{**PROVIDER, "issuer": "nowhere"})
    assert errors(refused)
    assert secret not in refused.content.decode()
    assert visitor.post(f"{PROVIDERS}add/", **PROVIDER).status_code == 302
    page = f"{PROVIDERS}{IdentityProvider.objects.get().pk}/change/"
    assert visitor.post(page, **{**PROVIDER, "client_secret": new}).status_code == 302

    shown = visitor.post(f"{KEYS}add/", name="Shop")
    key = NewIdentityKey(IdentityKey.objects.get(), shown_secret(visitor, shown))
    signed = proof(key)
    body = {"grant_type": "identity_proof", "client_id": owner.client_id, "proof": signed}
    given = send(Client(), TOKEN, {**body, "organization_id": str(organization.pk)})
    assert given.status_code == 200
    told.note(
        identity_key=key.secret,
        identity_proof=signed,
        proof_signature=signed.rpartition(".")[2],
        token_for_proof=given.json()["access_token"],
    )


def _owner(organization: Organization) -> Visitor:
    """Return the organisation's only owner, in the admin."""
    seat = Agent.objects.get(organization=organization, role=AgentRole.OWNER)
    return Visitor(make.account(seat), seat)


def _prove_twice(told: Told, organization: Organization) -> None:
    """Let somebody who was invited come, and others add an authenticator app, use what it came
    with, or stop half-way; all on the pages for that.
    """
    nora = make.agent(organization, email="nora@example.com")
    invitations.invite(nora, "http://localhost")
    link = link_in(sent())
    told.note(invitation_link=link.rstrip("/").rpartition("/")[2])
    make.agent(organization, email="pam@example.com", password=PASSWORD)
    browser = Browser()
    browser.sign_in("pam@example.com", PASSWORD)
    seed, codes = set_up(browser)
    assert len(codes) == 10
    for typed in (codes[0], code_of(seed, 1)):
        elsewhere = Browser()
        elsewhere.sign_in("pam@example.com", PASSWORD)
        elsewhere.post("/account/code/", {"code": typed})
        assert elsewhere.is_in
    told.note(second_session=browser.cookies["sessionid"].value, seed=seed.replace(" ", ""))
    told.note(seed_as_shown=seed, recovery_seed=decrypt(_recovery_codes().data["seed"]))
    make.agent(organization, email="half@example.com", password=PASSWORD)
    half_way = Browser()
    half_way.sign_in("half@example.com", PASSWORD)
    begun = seed_on(half_way.get("/account/app/")).replace(" ", "")
    told.note(seed_half_way=begun, half_way_session=half_way.cookies["sessionid"].value)
    told.note(**{f"recovery_code_{at}": code for at, code in enumerate(codes)})
    told.note(**{f"recovery_digits_{at}": code.replace(" ", "") for at, code in enumerate(codes)})


def _recovery_codes() -> Authenticator:
    row: Authenticator = Authenticator.objects.get(type="recovery_codes")
    return row


def _authorize(told: Told, organization: Organization) -> None:
    """Let an application have a code, tokens for it, and others for the refresh token."""
    application = make.application(
        organization, ["https://shop.example/app"], scopes=["customers:ro"], client_secret=SECRET
    )
    owner = Agent.objects.get(organization=organization, role=AgentRole.OWNER)
    browser = flows.Browser(application).sign_in(owner)
    code = flows.query(browser.allow(response_type="code"))["code"]
    server = flows.Server(application)
    first = server.redeem(code).json()
    second = server.refresh(first["refresh_token"]).json()
    told.note(
        oauth_code=code,
        oauth_token=first["access_token"],
        refresh_token=first["refresh_token"],
        second_oauth_token=second["access_token"],
        client_secret=SECRET,
    )


def _come_as_customer(
    told: Told, world: World, organization: Organization, owner: Application
) -> None:
    granted = customer_identities.grant_by_cookie(
        Asker(client_id=owner.client_id, redirect_uri="https://shop.example"), organization.pk, []
    )
    assert granted.cookie is not None
    carl = world.as_customer(granted.customer, online=True)
    transfer = identity_transfers.transfer_by_customer(
        make.requester(granted.customer),  # type: ignore[arg-type]
        owner.client_id,
        None,
        identity_transfers.Challenge(),
    )
    told.note(
        customer_token=granted.issued.token,
        customer_cookie=granted.cookie.secret,
        live_customer_token=carl.credentials.removeprefix("Bearer "),
        identity_transfer=transfer.token,
    )


def test_no_table_holds_one(handed_out: tuple[Told, Any]):
    told, _ = handed_out

    found = {kind: tables_with(secret) for kind, secret in told.secrets.items()}

    assert {kind: tables for kind, tables in found.items() if tables} == {}


def lying_in(model: type[Model], field: str) -> list[str]:
    """Return what lies in a column, as whoever has the database reads it."""
    rows = model._default_manager.annotate(lying=Cast(field, TextField()))
    return list(rows.values_list("lying", flat=True))


def test_what_is_computed_with_is_there_encrypted(handed_out: tuple[Told, Any]):
    told, _ = handed_out
    secrets = told.secrets

    for model, field, secret in (
        (Webhook, "secret_key", secrets["webhook_key"]),
        (IdentityKey, "secret", secrets["identity_key"]),
        (IdentityProvider, "client_secret", secrets["new_provider_secret"]),
    ):
        assert {decrypt(one) for one in lying_in(model, field)} == {secret}
    with pytest.raises(Unreadable):
        decrypt(secrets["webhook_key"])


def test_of_an_authenticator_app_the_seeds_are_there_encrypted(handed_out: tuple[Told, Any]):
    told, _ = handed_out
    app = Authenticator.objects.get(type="totp")
    codes = _recovery_codes()
    sessions = [decrypt(one) for one in lying_in(StaffSession, "session_data")]
    under_way = [orjson.loads(one).get("mfa.totp.secret") for one in sessions]

    assert set(app.data) == {"secret", "last_step"}
    assert decrypt(app.data["secret"]) == told.secrets["seed"]
    assert set(codes.data) == {"seed", "used_mask"}
    assert codes.wrap().generate_codes() == [
        told.secrets[f"recovery_digits_{at}"] for at in range(10)
    ]
    assert [one for one in under_way if one] == [told.secrets["seed_half_way"]]


def test_no_page_shows_one_again(handed_out: tuple[Told, Any], acme: Organization):
    told, _ = handed_out
    owner = _owner(acme)
    pam = Browser()
    pam.force_login(Authenticator.objects.get(type="totp").user)
    provider, key = IdentityProvider.objects.get(), IdentityKey.objects.get()
    webhooks = [f"chatplatform/webhook/{one.pk}/change/" for one in Webhook.objects.all()]
    deliveries = [f"chatplatform/webhookdelivery/{one.pk}/change/" for one in _deliveries()]
    entries = [f"chatplatform/auditentry/{one.pk}/change/" for one in _entries(acme)]
    pages = [
        owner.get(path)
        for path in (
            PROVIDERS,
            f"{PROVIDERS}{provider.pk}/change/",
            KEYS,
            f"{KEYS}{key.pk}/change/",
            "chatplatform/auditentry/",
            *webhooks,
            *deliveries,
            *entries,
        )
    ]
    own = pam.get("/account/")

    assert webhooks
    assert deliveries
    assert entries
    assert {page.status_code for page in (*pages, own)} == {200}
    assert told.in_text("".join(page.content.decode() for page in (*pages, own))) == []


def _deliveries() -> list[WebhookDelivery]:
    return list(WebhookDelivery.objects.all())


def _entries(organization: Organization) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(organization=organization))


def test_neither_the_audit_log_nor_a_delivery_holds_one(handed_out: tuple[Told, Any]):
    told, _ = handed_out
    entries = AuditEntry.objects.values_list("subject_id", "before", "after")
    calls = WebhookDelivery.objects.values_list("event", "cause", "body")

    assert {
        "create_bot",
        "register_webhook",
        "create_identity_provider",
        "update_identity_provider",
        "create_identity_key",
        "add_second_factor",
    } <= set(AuditEntry.objects.values_list("action", flat=True))
    assert calls
    assert told.in_text(str(list(entries)) + str(list(calls))) == []


def test_no_log_holds_one(
    handed_out: tuple[Told, pytest.LogCaptureFixture], capfd: pytest.CaptureFixture[str]
):
    told, caplog = handed_out
    out, err = capfd.readouterr()

    assert told.in_text(_logged(caplog) + out + err) == []


def _logged(caplog: pytest.LogCaptureFixture) -> str:
    """Return what was logged and what came with it, but for times and other numbers."""
    held = [one for record in caplog.records for one in record.__dict__.values()]
    return caplog.text + "".join(str(one) for one in held if not isinstance(one, int | float))


@pytest.mark.parametrize(
    ("secret", "comes_in"), [(CLIENT_SECRET, True), ("unmistakably-wrong", False)]
)
def test_what_a_provider_is_told_is_not_logged(
    secret: str,
    comes_in: bool,
    acme: Organization,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    settings: Any,
):
    """Also where it is wrong, and the provider says so."""
    caplog.set_level(logging.DEBUG)
    make.agent(acme, AgentRole.OWNER)
    make.agent(acme, email="pam@example.com")
    browser = Browser()
    monkeypatch.setattr("chatplatform.net.client.request", REAL_REQUEST)

    with running() as provider:
        settings.IDENTITY_PROVIDER_ALLOWED_HOSTS = [provider.host]
        provider.person = {"sub": "p-1", "email": "pam@example.com", "email_verified": True}
        about = {"issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": secret}
        _owner(acme).post(f"{PROVIDERS}add/", **{**PROVIDER, **about})
        answer = go(browser, IdentityProvider.objects.get())

    assert browser.is_in == comes_in
    assert secret not in answer.content.decode()
    assert secret not in _logged(caplog)
    assert tables_with(secret) == {}


def break_(patch: pytest.MonkeyPatch, *places: str) -> None:
    """Break what is at these places from now on, with all it is given held in variables."""

    def broken(*args: Any, **kwargs: Any) -> None:
        held = (*args, *kwargs.values())
        raise RuntimeError(f"broken after {len(held)}")

    for place in places:
        patch.setattr(place, broken)


def _password_on_a_page(organization: Organization, patch: pytest.MonkeyPatch) -> tuple[Any, str]:
    agent = make.agent(organization)
    break_(
        patch,
        "django.contrib.auth.hashers.check_password",
        "django.contrib.auth.base_user.acheck_password",
        "django.contrib.auth.base_user.check_password",
    )
    values = {"username": agent.public_id, "password": PASSWORD}
    return Client(raise_request_exception=False).post("/signin", values), PASSWORD


def _key_in_an_action(organization: Organization, patch: pytest.MonkeyPatch) -> tuple[Any, str]:
    agent = make.agent(organization, "administrator")
    break_(patch, "chatplatform.services.webhooks._check")
    body = {
        "action": "incoming_chat",
        "owner_client_id": make.application(organization).client_id,
        "url": "https://hooks.example.com/",
        "secret_key": SECRET_KEY,
        "type": "license",
    }
    answer = Client(raise_request_exception=False).post(
        "/v3.7/configuration/action/register_webhook",
        orjson.dumps(body),
        content_type="application/json",
        headers={"authorization": make.basic(agent, make.pat(agent))},
    )
    return answer, SECRET_KEY


def _provider_in_the_admin(
    organization: Organization, patch: pytest.MonkeyPatch
) -> tuple[Any, str]:
    make.agent(organization, AgentRole.OWNER)
    visitor = _owner(organization)
    visitor.client.raise_request_exception = False
    break_(patch, "chatplatform.services.audit.record")
    answer = visitor.post(f"{PROVIDERS}add/", **PROVIDER)
    assert not IdentityProvider.objects.exists()
    return answer, PROVIDER["client_secret"]


def _identity_key_in_the_admin(
    organization: Organization, patch: pytest.MonkeyPatch
) -> tuple[Any, str]:
    make.agent(organization, AgentRole.OWNER)
    visitor = _owner(organization)
    visitor.client.raise_request_exception = False
    patch.setattr("chatplatform.ids.secret", lambda length=32: "unmistakable-identity-key")
    break_(patch, "configuration.admin.deeds.DeedNoun.show_secret")
    answer = visitor.post(f"{KEYS}add/", name="Shop")
    assert not IdentityKey.objects.exists()
    return answer, "unmistakable-identity-key"


def _seed_of_an_app(organization: Organization, patch: pytest.MonkeyPatch) -> tuple[Any, str]:
    browser = _staff_in(organization)
    seed = seed_on(browser.get("/account/app/"))
    break_(patch, "chatplatform.services.audit.record")
    answer = browser.post("/account/app/", {"code": code_of(seed)})
    assert not Authenticator.objects.exists()
    return answer, seed.replace(" ", "")


def _recovery_code(organization: Organization, patch: pytest.MonkeyPatch) -> tuple[Any, str]:
    _, codes = set_up(_staff_in(organization))
    late = Browser(raise_request_exception=False)
    late.sign_in("pam@example.com", PASSWORD)
    break_(patch, "chatplatform.services.audit.record")
    typed = codes[0].replace(" ", "")
    return late.post("/account/code/", {"code": typed}), typed


def _staff_in(organization: Organization) -> Browser:
    """Return a browser in which somebody signed in with a password."""
    make.agent(organization, email="pam@example.com", password=PASSWORD)
    browser = Browser(raise_request_exception=False)
    browser.sign_in("pam@example.com", PASSWORD)
    return browser


@pytest.mark.parametrize(
    "send_secret",
    [
        _password_on_a_page,
        _key_in_an_action,
        _provider_in_the_admin,
        _identity_key_in_the_admin,
        _seed_of_an_app,
        _recovery_code,
    ],
)
def test_an_error_page_shows_none_and_logs_none(
    send_secret: Callable[[Organization, pytest.MonkeyPatch], tuple[Any, str]],
    acme: Organization,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    settings: Any,
):
    """Something breaks where secrets are in reach: in what was sent, and in variables."""
    caplog.set_level(logging.DEBUG)
    settings.DEBUG = False

    answer, secret = send_secret(acme, monkeypatch)

    assert answer.status_code == 500
    assert secret not in answer.content.decode()
    assert "broken" not in answer.content.decode()
    assert "broken after" in caplog.text
    assert secret not in caplog.text
    assert mail.outbox == []
