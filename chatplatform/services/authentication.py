"""Who sends a request: the token in it, verified (protocol.md 5). Each costs one indexed read."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from chatplatform import clock
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
    Application,
    Bot,
    BotToken,
    CustomerBan,
    CustomerToken,
    PersonalAccessToken,
)
from chatplatform.requester import AgentRequester, CustomerRequester
from chatplatform.scopes import effective, expand
from chatplatform.selectors import bots as bot_selectors
from chatplatform.services import bot_tokens, tokens


class DescribedToken(NamedTuple):
    """Whose an agent's access token is; ``scopes`` are those it carries, nothing cut or added."""

    requester: AgentRequester
    scopes: frozenset[str]


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
    token_checksum = tokens.checksum(tokens.without_region(value))
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
    token = tokens.without_region(value)
    token_checksum = tokens.checksum(token)
    if token.startswith(bot_tokens.PREFIX):
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
        scopes=expand(bot_tokens.SCOPES),
        token_checksum=token_checksum,
        expires_at=row["expires_at"],
    )


def _by_personal_access_token(value: str, even_suspended: bool) -> AgentRequester:
    account_id, token = _basic(value)
    token_checksum = tokens.checksum(tokens.without_region(token))
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


def describe_access_token(token: str) -> DescribedToken:
    """Return whose access token this is. Raise what :func:`authenticate_agent` raises for it,
    and :class:`Authentication` for tokens of bots, which no client was given for a person.
    """
    requester = authenticate_agent(f"Bearer {token}")
    rows = AccessToken.objects.filter(token_checksum=requester.token_checksum)
    carried = rows.values_list("scope", flat=True).first()
    if carried is None:
        raise Authentication("the access token is not valid")
    return DescribedToken(requester, frozenset(carried.split()))
