"""A small organisation to try the platform with, made once and printed as often as wanted.

Every secret is derived by HMAC from the secret key, so that it can be shown again although only
hashes are stored. A token is derived from a moment on its row: one that was revoked or has run
out is never brought back, a new row yields a new token.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from chatplatform import clock
from chatplatform.errors import AlreadyExists, Validation
from chatplatform.models import (
    AccessToken,
    Account,
    Agent,
    Application,
    Bot,
    Organization,
    PersonalAccessToken,
)
from chatplatform.models.groups import GroupPriority
from chatplatform.models.people import AgentRole, RoutingStatus
from chatplatform.scopes import ALL, allowed
from chatplatform.services import (
    agent_tokens,
    agents,
    applications,
    bots,
    groups,
    organizations,
    personal_access_tokens,
    tokens,
)

DEFAULT_NAME: Final = "Demo"
LEAST_SECONDS_LEFT: Final = 3_600
"""An access token with less than this to live is replaced."""

REDIRECT_URIS: Final = ("http://localhost:3000", "http://127.0.0.1:3000", "http://localhost:8080")
"""Where an application that somebody develops against the demo usually runs."""

_PEOPLE: Final = (
    ("olivia", "Olivia Hart", "Head of support", AgentRole.OWNER),
    ("noah", "Noah Lind", "Sales specialist", AgentRole.NORMAL),
    ("amara", "Amara Diallo", "Support specialist", AgentRole.NORMAL),
)
_GROUPS: Final = (("Sales", 1), ("Support", 2))
"""Groups beside General, with the place of the person who works there."""


@dataclass(frozen=True, slots=True)
class DemoAgent:
    """One of the demo's people, with everything needed to sign in or call as them."""

    id: str
    account_id: str
    password: str
    role: str
    pat: str
    access_token: str


@dataclass(frozen=True, slots=True)
class DemoBot:
    """The demo's bot, with what its tokens are issued for."""

    id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo organisation and its credentials."""

    organization: Organization
    client_id: str
    client_secret: str
    agents: list[DemoAgent]
    bots: list[DemoBot]


def prepare(name: str = DEFAULT_NAME) -> Demo:
    """Make the demo organisation called ``name`` unless it exists, and return its credentials.

    What is missing is added, credentials that no longer work are replaced; nothing else that
    happened to the organisation is undone. Safe to run twice at once.
    """
    try:
        return _prepare(name)
    except (IntegrityError, AlreadyExists, Validation):
        # Somebody made it at the same moment; what is wrong with the name itself comes up again.
        return _prepare(name)


@transaction.atomic
def _prepare(name: str) -> Demo:
    owner_email = _email(name, _PEOPLE[0][0])
    owner = Account.objects.filter(email=owner_email).select_related("organization").first()
    organization = owner.organization if owner is not None else None
    if organization is None:
        organization = _make(name)
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    application, client_secret = _application(organization, name)
    people = [_account(name, alias) for alias, *_ in _PEOPLE]
    return Demo(
        organization=organization,
        client_id=application.client_id,
        client_secret=client_secret,
        agents=[_credentials(name, account, application) for account in people],
        bots=_bots(organization, name, application),
    )


def _make(name: str) -> Organization:
    organization = organizations.create_organization(name, source_id="demo")
    people = [
        agents.create_agent(
            organization,
            _email(name, alias),
            full_name,
            _secret(name, "password", alias),
            role=role,
            job_title=job_title,
            login_status=RoutingStatus.ACCEPTING,
        )
        for alias, full_name, job_title, role in _PEOPLE
    ]
    for group_name, place in _GROUPS:
        group = groups.create_group(organization, group_name)
        groups.add_group_member(group, people[place])
    return organization


def _account(name: str, alias: str) -> Account:
    return Account.objects.select_related("agent").get(email=_email(name, alias))


def _application(organization: Organization, name: str) -> tuple[Application, str]:
    client_id = _digest(name, "client_id").hex()[:32]
    client_secret = _secret(name, "client_secret")
    application = Application.objects.filter(client_id=client_id).first()
    if application is None:
        application, _ = applications.create_application(
            organization,
            "Demo integration",
            REDIRECT_URIS,
            any_origin=True,
            description="What the examples use: it may ask for everything.",
            scopes=ALL,
            client_id=client_id,
            client_secret=client_secret,
        )
    else:
        _complete(application, client_secret)
    return application, client_secret


def _complete(application: Application, client_secret: str) -> None:
    """Give the application what one made by an older version lacks, and its secret back."""
    if not check_password(client_secret, application.client_secret):
        application.client_secret = client_secret
        application.save(update_fields=["client_secret", "updated"])
    if not application.scopes and not application.redirect_uris:
        application.scopes = sorted(ALL)
        application.redirect_uris = " ".join(REDIRECT_URIS)
        application.save(update_fields=["scopes", "redirect_uris", "updated"])


def _bots(organization: Organization, name: str, owner: Application) -> list[DemoBot]:
    """Return the bot, made unless it was before; one that was deleted stays so."""
    bot_id, secret = _digest(name, "bot_id").hex()[:32], _secret(name, "bot_secret")
    if not Agent.ever.filter(organization=organization, public_id=bot_id).exists():
        bots.create_bot(
            owner,
            "Robin",
            bot_id=bot_id,
            secret=secret,
            job_title="Assistant",
            default_group_priority=GroupPriority.FIRST,
        )
    bot = Bot.objects.filter(agent__public_id=bot_id, agent__organization=organization).first()
    if bot is None:
        return []
    if bot.secret_checksum != tokens.checksum(secret):
        bot.secret_checksum = tokens.checksum(secret)
        bot.save(update_fields=["secret_checksum"])
    return [DemoBot(bot_id, secret)]


def _credentials(name: str, account: Account, application: Application) -> DemoAgent:
    alias = account.email.partition("@")[0]
    password = _secret(name, "password", alias)
    if not account.check_password(password):
        account.set_password(password)
        account.save(update_fields=["password"])
    return DemoAgent(
        id=account.agent.public_id,
        account_id=str(account.pk),
        password=password,
        role=account.agent.role,
        pat=_personal_access_token(account),
        access_token=_access_token(account, application),
    )


def _personal_access_token(account: Account) -> str:
    wanted = sorted(allowed(account.agent.role))
    for row in PersonalAccessToken.objects.filter(account=account).order_by("-pk"):
        token = _secret("pat", str(account.pk), row.created_at.isoformat())
        if row.checksum == tokens.checksum(token) and row.scopes == wanted:
            return token
    created_at = clock.now()
    token = _secret("pat", str(account.pk), created_at.isoformat())
    personal_access_tokens.issue(account, "Demo", wanted, token, created_at=created_at)
    return token


def _access_token(account: Account, application: Application) -> str:
    def derived(expires_at: datetime) -> str:
        return _secret("access_token", str(account.pk), expires_at.isoformat())

    wanted = allowed(account.agent.role)
    least = clock.now() + timedelta(seconds=LEAST_SECONDS_LEFT)
    rows = AccessToken.objects.filter(user=account, application=application, expires__gt=least)
    for row in rows.order_by("-pk"):
        token = derived(row.expires)
        if row.token_checksum == tokens.checksum(token) and set(row.scope.split()) == wanted:
            return token
    return agent_tokens.issue_access_token(account, application, wanted, make=derived).token


def _email(name: str, alias: str) -> str:
    if name == DEFAULT_NAME:
        return f"{alias}@demo.example"
    label = slugify(name)[:40].strip("-_") or "organization"
    return f"{alias}@{label.replace('_', '-')}-{_digest(name, 'domain').hex()[:8]}.example"


def _digest(*purpose: str) -> bytes:
    message = "\0".join(("demo", *purpose)).encode()
    return hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).digest()


def _secret(*purpose: str) -> str:
    """Return 32 URL-safe characters that only this installation can derive."""
    return base64.urlsafe_b64encode(_digest(*purpose)[:24]).decode()
