"""Tokens of every kind: issuing, verifying, revoking (protocol.md 5).

Only SHA-256 checksums are stored; a token can be read once, in the answer that issues it.
Verifying costs one indexed read. Every revocation ends the live connections made with the token.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from chatplatform import clock, ids
from chatplatform.domain_events import tell
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.errors import (
    Authentication,
    Authorization,
    CustomerBanned,
    RequesterAwaitingApproval,
    RequesterSuspended,
    Validation,
)
from chatplatform.models import (
    AccessToken,
    Account,
    Agent,
    Application,
    Bot,
    BotToken,
    Customer,
    CustomerBan,
    CustomerToken,
    PersonalAccessToken,
    RefreshToken,
)
from chatplatform.requester import AgentRequester, CustomerRequester
from chatplatform.scopes import ALL, allowed, effective, expand
from chatplatform.selectors import bots as bot_selectors
from chatplatform.selectors import organizations

LIFETIME_SECONDS: Final = 28_800
"""How long a token lives unless something else is asked for."""
WORKSPACE_LIFETIME_SECONDS: Final = 3_600
MAX_CUSTOMER_LIFETIME_SECONDS: Final = 30 * 24 * 3_600
"""Longer wishes for a customer's token get this."""
MAX_PER_CLIENT_AND_ACCOUNT: Final = 25
MAX_PER_CUSTOMER: Final = 100
"""A browser with its cookie asks for another token as often as it likes."""
BOT_LIFETIME_SECONDS: Final = 24 * 3_600
BOT_SCOPES: Final = frozenset({"chats--access:rw", "agents-bot--my:rw", "customers:rw"})
"""What every bot's token carries (protocol.md 5.3)."""
BOT_TOKEN_PREFIX: Final = "bot."  # noqa: S105 - no secret
"""Tells a bot's token from all others, which have no dot, so that one read finds either."""
REVOKED: Final = "access_token_revoked"
_NAME_LENGTH: Final = 180

_REGION = re.compile(r"^[a-z]{2,4}(-[a-z0-9]{1,4})?:")


class IssuedToken(NamedTuple):
    """A new token in the only moment it can be read; ``expires_in`` in seconds."""

    token: str
    expires_in: int


def checksum(secret: str) -> str:
    """Return what is stored instead of ``secret``: its SHA-256 in hexadecimal."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


# --- verifying --------------------------------------------------------------------------------


def authenticate_agent(credentials: str, *, even_suspended: bool = False) -> AgentRequester:
    """Return the agent behind an Authorization header's value.

    ``Bearer <access token>`` or ``Basic base64(account_id:personal access token)``; the scheme in
    any case, a region prefix (``dal:``) before the token tolerated. Raise
    :class:`Authentication` for a value that is malformed, unknown, expired or revoked,
    :class:`RequesterSuspended` (unless ``even_suspended``) or :class:`RequesterAwaitingApproval`
    for an agent who may not work now.
    """
    scheme, value = _taken_apart(credentials)
    if scheme == "bearer":
        return _by_access_token(value, even_suspended)
    if scheme == "basic":
        return _by_personal_access_token(value, even_suspended)
    raise Authentication("the authorization scheme must be Bearer or Basic")


def _bans_of(customer: str, organization: str, address: str) -> Exists:
    """Return the condition that a ban of a customer, or of ``address``, holds.

    ``customer`` and ``organization`` name the columns of the query it becomes part of.
    """
    banned = Q(customer_id=OuterRef(customer))
    if address:
        banned |= Q(ip=address)
    bans = CustomerBan.objects.filter(
        banned, organization_id=OuterRef(organization), expires_at__gt=clock.now()
    )
    return Exists(bans)


def authenticate_customer(
    credentials: str, query: dict[str, str], address: str = ""
) -> CustomerRequester:
    """Return the customer behind ``Bearer <customer token>`` on the Customer API.

    ``query`` must hold the token's ``organization_id`` (protocol.md 4.1). ``address`` is where the
    call comes from. Raise :class:`Validation` when it is absent or malformed,
    :class:`Authentication` when the token is not valid, or not for this organisation (who has no
    token learns nothing about others), and :class:`CustomerBanned`.
    """
    wanted = _organization_id(query)
    requester = identify_customer(credentials, address)
    if requester.organization_id != wanted:
        raise Authentication("the token belongs to another organization")
    return requester


def identify_customer(credentials: str, address: str = "") -> CustomerRequester:
    """Return the customer behind ``Bearer <customer token>``, in whatever organisation.

    Raise :class:`Authentication` when the token is malformed, unknown, expired or revoked, and
    :class:`CustomerBanned` when the customer, or ``address``, is turned away. One read.
    """
    scheme, value = _taken_apart(credentials)
    if scheme != "bearer":
        raise Authentication("the authorization scheme must be Bearer")
    token_checksum = checksum(_without_region(value))
    row = (
        CustomerToken.objects.filter(checksum=token_checksum)
        .annotate(banned=_bans_of("customer_id", "organization_id", address))
        .values(
            "banned",
            "customer_id",
            "organization_id",
            "organization__license_id",
            "application__client_id",
            "expires_at",
        )
        .first()
    )
    if row is None:
        raise Authentication("the access token is not valid")
    _refuse_expired(row["expires_at"])
    if row["banned"]:
        raise CustomerBanned
    return CustomerRequester(
        organization_id=row["organization_id"],
        license_id=row["organization__license_id"],
        customer_id=row["customer_id"],
        client_id=row["application__client_id"],
        token_checksum=token_checksum,
        expires_at=row["expires_at"],
    )


_OF_AGENT: Final = (
    "id",
    "account_id",
    "public_id",
    "customer_facing_id",
    "name",
    "role",
    "suspended",
    "awaiting_approval",
    "organization_id",
    "organization__license_id",
)
"""What a verification needs of an agent; whole rows would cost several times the read."""


def _by_access_token(value: str, even_suspended: bool) -> AgentRequester:
    token = _without_region(value)
    token_checksum = checksum(token)
    if token.startswith(BOT_TOKEN_PREFIX):
        return _by_bot_token(token_checksum)
    row = (
        AccessToken.objects.filter(token_checksum=token_checksum)
        .values(
            "expires",
            "scope",
            "application__client_id",
            "user__is_active",
            *_through("user__agent"),
        )
        .first()
    )
    if row is None:
        raise Authentication("the access token is not valid")
    _refuse_expired(row["expires"])
    if not row["user__is_active"]:
        raise Authentication("the account is not active")
    found = _agent_in(row, "user__agent", even_suspended)
    return _requester(
        found,
        client_id=row["application__client_id"] or "",
        scopes=effective(found["role"], frozenset(row["scope"].split())),
        token_checksum=token_checksum,
        expires_at=row["expires"],
    )


def _by_bot_token(token_checksum: str) -> AgentRequester:
    row = (
        BotToken.objects.filter(checksum=token_checksum)
        .values("expires_at", "bot__owner__client_id", *_through("bot__agent"))
        .first()
    )
    if row is None:
        raise Authentication("the access token is not valid")
    _refuse_expired(row["expires_at"])
    return _requester(
        _agent_in(row, "bot__agent"),
        client_id=row["bot__owner__client_id"],
        scopes=expand(BOT_SCOPES),
        token_checksum=token_checksum,
        expires_at=row["expires_at"],
    )


def _by_personal_access_token(value: str, even_suspended: bool) -> AgentRequester:
    account_id, token = _basic(value)
    token_checksum = checksum(_without_region(token))
    row = (
        PersonalAccessToken.objects.filter(checksum=token_checksum)
        .values("scopes", "account_id", "account__is_active", *_through("account__agent"))
        .first()
    )
    if row is None or str(row["account_id"]) != account_id.lower():
        raise Authentication("the account id or the personal access token is not valid")
    if not row["account__is_active"]:
        raise Authentication("the account is not active")
    found = _agent_in(row, "account__agent", even_suspended)
    return _requester(
        found,
        client_id="",
        scopes=effective(found["role"], frozenset(row["scopes"])),
        token_checksum=token_checksum,
        expires_at=None,
    )


def _through(relation: str) -> list[str]:
    return [f"{relation}__{name}" for name in _OF_AGENT]


def _agent_in(row: dict[str, Any], relation: str, even_suspended: bool = False) -> dict[str, Any]:
    """Return the agent's part of a row; raise for those who may not work now."""
    found = {name: row[f"{relation}__{name}"] for name in _OF_AGENT}
    if found["id"] is None:
        raise Authentication("the account has no seat in a chat licence")
    if found["suspended"] and not even_suspended:
        raise RequesterSuspended
    if found["awaiting_approval"]:
        raise RequesterAwaitingApproval
    return found


def _requester(
    found: dict[str, Any],
    *,
    client_id: str,
    scopes: frozenset[str],
    token_checksum: str,
    expires_at: datetime | None,
) -> AgentRequester:
    return AgentRequester(
        organization_id=found["organization_id"],
        license_id=found["organization__license_id"],
        account_id=found["account_id"],
        agent_id=found["id"],
        public_id=found["public_id"],
        customer_facing_id=found["customer_facing_id"],
        name=found["name"],
        role=found["role"],
        client_id=client_id,
        scopes=scopes,
        token_checksum=token_checksum,
        expires_at=expires_at,
    )


def acting_as(requester: AgentRequester, bot_id: str) -> AgentRequester:
    """Return ``requester`` in the person of a bot (protocol.md 5.3).

    The token must belong to the client that owns the bot, or be a personal access token of its
    organisation that may change it; so must the workspace's, which every agent has. What it allows
    stays, and what it allows in one's own chats it allows in all: a bot acts outside its groups
    too. It speaks for no client but its own. Raise :class:`Authorization` for anybody else's bot,
    and :class:`RequesterSuspended`.
    """
    bot = (
        Bot.objects.filter(
            agent__organization_id=requester.organization_id,
            agent__public_id=bot_id,
            agent__deleted_at=None,
        )
        .select_related("agent", "owner")
        .first()
    )
    if bot is None or not _may_speak_for(requester, bot):
        raise Authorization("the token does not belong to the owner of such a bot")
    if bot.agent.suspended:
        raise RequesterSuspended
    beyond = {scope.replace("chats--access:", "chats--all:") for scope in requester.scopes}
    return replace(
        requester,
        agent_id=bot.agent.pk,
        public_id=bot.agent.public_id,
        customer_facing_id=bot.agent.customer_facing_id,
        name=bot.agent.name,
        role=bot.agent.role,
        scopes=requester.scopes | beyond,
    )


def _may_speak_for(requester: AgentRequester, bot: Bot) -> bool:
    if requester.client_id and requester.client_id != bot.owner.client_id:
        return False
    if requester.client_id and bot.owner.purpose == Application.Purpose.INTEGRATION:
        return True
    return bot_selectors.reaches(requester, bot, "rw")


def _taken_apart(credentials: str) -> tuple[str, str]:
    scheme, _, value = credentials.strip().partition(" ")
    value = value.strip()
    if not value:
        raise Authentication("authorization needs a scheme and a token")
    return scheme.lower(), value


def _without_region(token: str) -> str:
    return _REGION.sub("", token)


def _basic(value: str) -> tuple[str, str]:
    try:
        account_id, separator, token = (
            base64.b64decode(value, validate=True).decode().partition(":")
        )
    except (binascii.Error, ValueError):
        raise Authentication("Basic authorization is base64 of account_id:token") from None
    if not separator:
        raise Authentication("Basic authorization is base64 of account_id:token")
    return account_id, token


def _refuse_expired(expires_at: datetime) -> None:
    if expires_at <= clock.now():
        raise Authentication("the access token has expired")


def _organization_id(query: dict[str, str]) -> UUID:
    try:
        return UUID(query["organization_id"])
    except KeyError:
        raise Validation("organization_id is required in the query") from None
    except ValueError:
        raise Validation("organization_id must be a UUID") from None


# --- agents' tokens ---------------------------------------------------------------------------


def _random(expires_at: datetime) -> str:
    return ids.secret()


def issue_access_token(
    account: Account,
    application: Application,
    scopes: Iterable[str],
    expires_in: int = LIFETIME_SECONDS,
    *,
    make: Callable[[datetime], str] = _random,
) -> IssuedToken:
    """Issue a Bearer token of ``account`` to ``application``, carrying these scopes.

    ``expires_in`` in seconds. ``make`` turns the moment of expiry into the token; only tokens
    that must be found again are not random. Of one client and account the 25 newest live; the
    oldest is revoked. Locks the account, so that parallel issues keep to that. Raise
    :class:`Validation` for an unknown scope, :class:`Authorization` for a client of another
    organisation, :class:`Authentication` for an account that was deleted meanwhile.
    """
    expires_at = clock.now() + timedelta(seconds=expires_in)
    token = make(expires_at)
    _store(account, application, _known(scopes), token, expires_at)
    return IssuedToken(token, expires_in)


def issue_workspace_token(account: Account, session_key: str) -> IssuedToken:
    """Issue the token the workspace's script works with: one hour, every scope the role allows.

    It dies with the browser session ``session_key``: end the session first, then call
    :func:`revoke_workspace_tokens`. The session's row is locked meanwhile, so that no token
    outlives a sign-out at the same moment. Raise :class:`Authentication` when the session is gone
    and :class:`Authorization` for an account without a seat.
    """
    agent = Agent.objects.filter(account=account).select_related("organization").first()
    if agent is None:
        raise Authorization("the account has no seat in a chat licence")
    application = organizations.workspace_application(agent.organization)
    expires_at = clock.now() + timedelta(seconds=WORKSPACE_LIFETIME_SECONDS)
    token = ids.secret()
    with transaction.atomic():
        if Session.objects.select_for_update().filter(pk=session_key).first() is None:
            raise Authentication("the session has ended")
        scopes = allowed(agent.role)
        _store(account, application, scopes, token, expires_at, checksum(session_key))
    return IssuedToken(token, WORKSPACE_LIFETIME_SECONDS)


def revoke_workspace_tokens(session_key: str) -> int:
    """Revoke the tokens of a browser session that has ended, and return how many there were.

    Call it whenever a key ceases to be valid: on sign-out, and when signing in replaces it.
    """
    return _revoke(AccessToken.objects.filter(session_checksum=checksum(session_key)))


def revoke_access_token(token: str) -> bool:
    """Revoke an access token with its refresh token; return whether there was one."""
    own = checksum(_without_region(token))
    return _revoke(AccessToken.objects.filter(token_checksum=own)) > 0


@transaction.atomic
def _store(
    account: Account,
    application: Application,
    scopes: Iterable[str],
    token: str,
    expires_at: datetime,
    session_checksum: str = "",
) -> None:
    if account.organization_id != application.organization_id:
        raise Authorization("the application belongs to another organization")
    if Account.objects.select_for_update(no_key=True).filter(pk=account.pk).first() is None:
        raise Authentication("the account is no more")
    row = AccessToken(
        user=account,
        application=application,
        token="",
        scope=" ".join(sorted(scopes)),
        expires=expires_at,
        session_checksum=session_checksum,
    )
    row._raw_token = token
    row.save()
    own = AccessToken.objects.filter(user=account, application=application)
    own.filter(expires__lte=clock.now(), refresh_token=None).delete()
    surplus = own.order_by("-pk").values_list("pk", flat=True)[MAX_PER_CLIENT_AND_ACCOUNT:]
    if pks := list(surplus):
        _revoke(own.filter(pk__in=pks))


@transaction.atomic
def _revoke(tokens: "QuerySet[AccessToken]") -> int:
    rows = list(tokens.select_for_update(of=("self",)).select_related("application"))
    RefreshToken.objects.filter(access_token__in=rows, revoked=None).update(
        revoked=clock.now(), updated=clock.now()
    )
    AccessToken.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for row in rows:
        if row.application is not None:
            _end_sessions(row.application.organization_id, row.token_checksum)
    return len(rows)


def _end_sessions(organization_id: UUID, token_checksum: str) -> None:
    tell(
        SessionsEnded(
            organization_id=str(organization_id), reason=REVOKED, token_checksum=token_checksum
        )
    )


def _known(scopes: Iterable[str]) -> frozenset[str]:
    wanted = frozenset(scopes)
    if unknown := sorted(wanted - ALL):
        raise Validation(f"there is no scope {unknown[0][:64]!r}")
    return wanted


# --- bots' tokens -----------------------------------------------------------------------------


def issue_bot_token(bot: Bot) -> IssuedToken:
    """Issue a Bearer token of ``bot``: a day, with the scopes of every bot.

    Beyond 25 living ones the oldest are revoked. Locks the bot alone, which those who change it
    lock before its agent. Raise :class:`Authentication` where it was deleted meanwhile.
    """
    token = BOT_TOKEN_PREFIX + ids.secret()
    now = clock.now()
    with transaction.atomic():
        if Bot.objects.select_for_update(no_key=True).filter(pk=bot.pk).first() is None:
            raise Authentication("the bot is no more")
        bot.tokens.filter(expires_at__lte=now).delete()
        bot.tokens.create(
            checksum=checksum(token), expires_at=now + timedelta(seconds=BOT_LIFETIME_SECONDS)
        )
        for row in bot.tokens.order_by("-pk")[MAX_PER_CLIENT_AND_ACCOUNT:]:
            row.delete()
            _end_sessions(bot.agent.organization_id, row.checksum)
    return IssuedToken(token, BOT_LIFETIME_SECONDS)


# --- personal access tokens -------------------------------------------------------------------


def create_personal_access_token(
    account: Account,
    name: str,
    scopes: Iterable[str],
    token: str | None = None,
    created_at: datetime | None = None,
) -> str:
    """Store a personal access token of ``account`` and return it; its scopes never change.

    ``token`` and ``created_at`` are given only where the token must be found again. Raise
    :class:`Validation` for an unknown scope or an empty or too long name.
    """
    if not name.isprintable() or not 0 < len(name) <= _NAME_LENGTH:
        raise Validation(f"a token's name has 1 to {_NAME_LENGTH} printable characters")
    known = sorted(_known(scopes))
    token = token or ids.secret()
    PersonalAccessToken.objects.create(
        account=account,
        name=name,
        scopes=known,
        checksum=checksum(token),
        created_at=created_at or clock.now(),
    )
    return token


@transaction.atomic
def revoke_personal_access_token(token: str) -> bool:
    """Revoke a personal access token; return whether there was one."""
    rows = PersonalAccessToken.objects.filter(checksum=checksum(_without_region(token)))
    row = rows.select_for_update(of=("self",)).select_related("account").first()
    if row is None:
        return False
    row.delete()
    if row.account.organization_id is not None:
        _end_sessions(row.account.organization_id, row.checksum)
    return True


# --- customers' tokens ------------------------------------------------------------------------


def issue_customer_token(
    customer: Customer, application: Application, expires_in: int = LIFETIME_SECONDS
) -> IssuedToken:
    """Issue a Bearer token of ``customer`` to ``application``.

    ``expires_in`` in seconds; more than 30 days become 30 days. The customer's expired tokens are
    forgotten, and of the others the 100 newest live; the oldest are revoked. Raise
    :class:`Authorization` for a client of another organisation.
    """
    if customer.organization_id != application.organization_id:
        raise Authorization("the application belongs to another organization")
    expires_in = min(expires_in, MAX_CUSTOMER_LIFETIME_SECONDS)
    now = clock.now()
    token = ids.secret()
    with transaction.atomic():
        CustomerToken.objects.filter(customer=customer, expires_at__lte=now).delete()
        CustomerToken.objects.create(
            customer=customer,
            organization_id=customer.organization_id,
            application=application,
            checksum=checksum(token),
            expires_at=now + timedelta(seconds=expires_in),
        )
        surplus = customer.tokens.order_by("-pk").values_list("pk", flat=True)[MAX_PER_CUSTOMER:]
        if pks := list(surplus):
            for row in customer.tokens.filter(pk__in=pks).order_by("pk").select_for_update():
                row.delete()
                _end_sessions(row.organization_id, row.checksum)
    return IssuedToken(token, expires_in)


@transaction.atomic
def revoke_customer_token(token: str) -> bool:
    """Revoke a customer's token; return whether there was one."""
    rows = CustomerToken.objects.filter(checksum=checksum(_without_region(token)))
    row = rows.select_for_update().first()
    if row is None:
        return False
    row.delete()
    _end_sessions(row.organization_id, row.checksum)
    return True


# --- forgetting -------------------------------------------------------------------------------


def forget_expired(limit: int = 1_000) -> int:
    """Delete up to ``limit`` expired tokens of each kind and return how many went.

    For the worker's timers. A token with a live refresh token stays until that is used up.
    """
    now = clock.now()
    customers = CustomerToken.objects.filter(expires_at__lte=now)
    agents = AccessToken.objects.filter(expires__lte=now, refresh_token=None)
    bots = BotToken.objects.filter(expires_at__lte=now)
    return sum(_delete_some(rows, limit) for rows in (customers, agents, bots))


def _delete_some(rows: "QuerySet[Any]", limit: int) -> int:
    pks = list(rows.values_list("pk", flat=True)[:limit])
    gone: int = rows.model._default_manager.filter(pk__in=pks).delete()[0]
    return gone
