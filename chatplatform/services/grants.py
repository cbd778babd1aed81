"""Agents' authorizations: what an application may ask, who may give it, codes and their tokens.

Locks, always in this order: application, installation, account, access tokens, refresh tokens,
codes. Refusals are those of ``oauth_errors.py``; where one is raised, nothing was changed, but for
a code or a refresh token that is used again: that revokes all that came of it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from django.contrib.auth.hashers import check_password
from django.db import transaction

from chatplatform import clock, ids, redirect_uris
from chatplatform.errors import Authentication, Authorization, NotFound
from chatplatform.models import Account, Agent, Application, Grant, Installation, RefreshToken
from chatplatform.oauth_errors import (
    AccessDenied,
    ClientNotFound,
    ConsentRefused,
    ForeignApplication,
    InvalidClient,
    InvalidGrant,
    InvalidRedirectUri,
    InvalidRequest,
    InvalidScope,
    RedirectUriNotSet,
    Unauthorized,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from chatplatform.redirect_uris import Address
from chatplatform.scopes import ALL, allowed, cut, expand
from chatplatform.selectors import organizations
from chatplatform.services import agent_tokens, audit, bot_templates, consents, tokens

TOKEN: Final = "token"  # noqa: S105 - a response type
CODE: Final = "code"
PLAIN: Final = "plain"
S256: Final = "S256"
CODE_LIFETIME_SECONDS: Final = 300
MAX_CLIENT_ID: Final = 100

_PROOF: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
"""What PKCE's verifiers and challenges look like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the query of an authorization says, not looked at yet."""

    client_id: str = ""
    redirect_uri: str = ""
    response_type: str = ""
    scope: str = ""
    organization_id: str = ""
    code_challenge: str = ""
    code_challenge_method: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client asks for, in itself in order."""

    application: Application
    redirect_uri: str
    response_type: str
    scopes: frozenset[str]
    """At most these; what the person's role does not allow is left out."""
    organization_id: UUID | None
    code_challenge: str
    code_challenge_method: str


@dataclass(frozen=True, slots=True)
class Given:
    """An authorization, in the only moment it can be read: a token, or a code for a server."""

    response_type: str
    secret: str = field(repr=False)
    expires_in: int
    scopes: frozenset[str]


class Pair(NamedTuple):
    """An access token and what renews it, in the only moment they can be read."""

    access_token: str
    refresh_token: str
    expires_in: int
    scopes: frozenset[str]
    account_id: UUID
    organization_id: UUID


# --- what is asked ----------------------------------------------------------------------------


def find_client(asked: Asked) -> tuple[Application, Address]:
    """Return the client that asks, and where it wants to be answered.

    Nobody may be sent there, and nothing told there, before this returned. Raise
    :class:`ClientNotFound`, :class:`RedirectUriNotSet` or :class:`InvalidRedirectUri`.
    """
    application = _client(asked.client_id)
    registered = application.redirect_uris.split()
    if not registered:
        raise RedirectUriNotSet("the application has no redirect URI")
    return application, _own_address(registered, asked.redirect_uri)


def _own_address(registered: Iterable[str], redirect_uri: str) -> Address:
    try:
        requested = redirect_uris.parse(redirect_uri)
    except ValueError as error:
        raise InvalidRedirectUri(str(error)) from None
    if not any(redirect_uris.covers(uri, requested) for uri in registered):
        raise InvalidRedirectUri("redirect_uri is not one of the application's")
    return requested


def wanted(asked: Asked, application: Application) -> Wanted:
    """Return what ``application`` asks for; raise the :class:`OAuthError` that is wrong with it."""
    if asked.response_type not in (TOKEN, CODE):
        raise UnsupportedResponseType("response_type must be token or code")
    challenge, method = _challenge(asked, application)
    return Wanted(
        application=application,
        redirect_uri=asked.redirect_uri,
        response_type=asked.response_type,
        scopes=_scopes(asked.scope, application),
        organization_id=_organization_id(asked.organization_id),
        code_challenge=challenge,
        code_challenge_method=method,
    )


def _client(client_id: str) -> Application:
    known = 0 < len(client_id) <= MAX_CLIENT_ID and client_id.isprintable()
    application = organizations.application(client_id) if known else None
    if application is None:
        raise ClientNotFound("there is no application with this client_id")
    return application


def _scopes(text: str, application: Application) -> frozenset[str]:
    """Return the scopes a client asks for: those it names, or all it may have."""
    named = frozenset(text.replace(",", " ").split())
    if unknown := sorted(named - ALL):
        raise InvalidScope(f"there is no scope {unknown[0][:64]!r}")
    beyond = sorted(named - expand(application.scopes))
    if beyond:
        raise InvalidScope(f"the application may not ask for {beyond[0]}")
    found = named or ALL.intersection(application.scopes)
    if not found:
        raise InvalidScope("the application has no scopes to ask for")
    return found


def _challenge(asked: Asked, application: Application) -> tuple[str, str]:
    if asked.response_type != CODE:
        return "", ""
    if not asked.code_challenge:
        if application.client_type == Application.CLIENT_PUBLIC:
            raise InvalidRequest("a client without a secret needs a code_challenge")
        return "", ""
    methods = {PLAIN: PLAIN, "s256": S256}
    method = methods.get((asked.code_challenge_method or PLAIN).lower())
    if method is None:
        raise InvalidRequest("code_challenge_method must be plain or S256")
    if not _PROOF.fullmatch(asked.code_challenge):
        raise InvalidRequest("code_challenge has 43 to 128 letters, digits, '-', '.', '_' or '~'")
    return asked.code_challenge, method


def _organization_id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise InvalidRequest("organization_id must be a UUID") from None


# --- who may give it --------------------------------------------------------------------------


def allowed_to(account: Account, want: Wanted) -> frozenset[str]:
    """Return the scopes ``account`` can give: what its role allows of those that are asked for.

    Raise :class:`AccessDenied` for a person who may not work now, or of another organisation than
    was asked for, :class:`ForeignApplication` for one of another than the application's,
    :class:`UnauthorizedClient` where it was removed from the licence, and :class:`InvalidScope`
    where nothing is left.
    """
    if want.organization_id not in (None, account.organization_id):
        raise AccessDenied("the account belongs to another organization")
    if account.organization_id != want.application.organization_id:
        raise ForeignApplication("the application belongs to another organization")
    return _usable(account, want.application, want.scopes)


def _usable(account: Account, application: Application, scopes: Iterable[str]) -> frozenset[str]:
    role = _working_role(account)
    if not _installed(application):
        raise UnauthorizedClient("the application is not installed on the licence")
    found = cut(scopes, application.scopes, allowed(role))
    if not found:
        raise InvalidScope(f"the role {role} has none of the scopes that are asked for")
    return found


def _working_role(account: Account) -> str:
    agent = Agent.objects.filter(account=account).first()
    if agent is None or not account.is_active:
        raise AccessDenied("the account has no seat in a chat licence")
    if agent.suspended:
        raise AccessDenied("the account is suspended")
    if agent.awaiting_approval:
        raise AccessDenied("the account is awaiting approval")
    return agent.role


def _installed(application: Application) -> bool:
    if application.purpose != Application.Purpose.INTEGRATION:
        return True
    rows = Installation.objects.filter(
        application=application, organization_id=application.organization_id, removed_at=None
    )
    return rows.exists()


# --- giving it --------------------------------------------------------------------------------


@transaction.atomic
def authorize(account: Account, want: Wanted, *, agreed: frozenset[str] | None = None) -> Given:
    """Give the application what it wants of ``account``: a token, or a code.

    ``agreed`` are the scopes the person was shown and said yes to, which is remembered; ``None``
    where nobody was asked, which must have been allowed before. Writes to the audit log. Raise
    what :func:`allowed_to` raises, :class:`ConsentRefused` where consent is missing, and
    :class:`InvalidRedirectUri` where the address is the application's no more.
    """
    application = _lock(want.application)
    _own_address(application.redirect_uris.split(), want.redirect_uri)
    want = replace(want, application=application)
    account = _lock_account(application, account.pk)
    scopes = allowed_to(account, want)
    if agreed is not None:
        scopes = cut(scopes, agreed)
        if not scopes:
            raise InvalidScope("nothing is left of what was agreed to")
        consents.give(account, application, scopes)
    elif consents.must_ask(account, application, scopes):
        raise ConsentRefused("nobody agreed to this")
    if want.response_type == TOKEN:
        issued = agent_tokens.issue_access_token(account, application, scopes)
        given = Given(TOKEN, issued.token, issued.expires_in, scopes)
    else:
        given = Given(CODE, _store_code(account, want, scopes), CODE_LIFETIME_SECONDS, scopes)
    _log(application, want, scopes)
    return given


def _store_code(account: Account, want: Wanted, scopes: frozenset[str]) -> str:
    code = ids.secret()
    Grant.objects.create(
        user=account,
        application=want.application,
        code=tokens.checksum(code),
        expires=clock.now() + timedelta(seconds=CODE_LIFETIME_SECONDS),
        redirect_uri=want.redirect_uri,
        scope=" ".join(sorted(scopes)),
        code_challenge=want.code_challenge,
        code_challenge_method=want.code_challenge_method,
    )
    return code


def _log(application: Application, want: Wanted, scopes: frozenset[str]) -> None:
    audit.record(
        application.organization_id,
        "authorize_application",
        "application",
        application.client_id,
        after={
            "name": application.name,
            "response_type": want.response_type,
            "redirect_uri": want.redirect_uri,
            "scopes": sorted(scopes),
        },
    )


# --- codes and refresh tokens for tokens ------------------------------------------------------


def authenticate_client(client_id: str, client_secret: str) -> Application:
    """Return the client that proves to be itself, which those without a secret need not.

    Raise :class:`ClientNotFound` and :class:`UnauthorizedClient`. Takes as long as a password.
    """
    application = _client(client_id)
    if application.client_type == Application.CLIENT_CONFIDENTIAL and not (
        client_secret and check_password(client_secret, application.client_secret)
    ):
        raise UnauthorizedClient("client_secret is wrong or missing")
    return application


def redeem(application: Application, code: str, redirect_uri: str, verifier: str) -> Pair:
    """Return the tokens ``code`` stands for. It is good once.

    Whoever comes with it a second time gets nothing, and what it gave is revoked: one of the two
    stole it. Raise :class:`UnauthorizedClient` for a code that is unknown, of another client, over
    or used, :class:`InvalidRedirectUri` for another address than it was sent to,
    :class:`InvalidGrant` for a wrong verifier, :class:`InvalidRequest` for one nobody asked for,
    and what :func:`allowed_to` raises.
    """
    pair = _redeem(application, code, redirect_uri, verifier)
    if pair is None:
        raise UnauthorizedClient("the code was used before; what it gave is revoked")
    return pair


@transaction.atomic
def _redeem(application: Application, code: str, redirect_uri: str, verifier: str) -> Pair | None:
    application = _lock_proved(application)
    rows = Grant.objects.filter(code=tokens.checksum(code), application=application)
    owner = rows.values_list("user_id", flat=True).first()
    account = _lock_account(application, owner) if owner else None
    grant = rows.first()
    if account is None or grant is None:
        raise UnauthorizedClient("there is no such code")
    if grant.used_at is not None:
        agent_tokens.revoke_family(grant.family)
        return None
    _check_code(grant, redirect_uri, verifier)
    granted = grant.scope.split()
    pair = _access_token(account, application, granted, grant.family)
    renewing = agent_tokens.issue_refresh_token(account, application, granted, grant.family)
    if not rows.filter(used_at=None).update(used_at=clock.now(), updated=clock.now()):
        raise UnauthorizedClient("the code was taken back meanwhile")
    return pair._replace(refresh_token=renewing)


def _check_code(grant: Grant, redirect_uri: str, verifier: str) -> None:
    if grant.expires <= clock.now():
        raise UnauthorizedClient("the code is over")
    if grant.redirect_uri != redirect_uri:
        raise InvalidRedirectUri("redirect_uri is not the one the code was sent to")
    if not grant.code_challenge:
        if verifier:
            raise InvalidRequest("there is a code_verifier, but there was no code_challenge")
        return
    if not _PROOF.fullmatch(verifier) or not _proves(grant, verifier):
        raise InvalidGrant("code_verifier is wrong or missing")


def _proves(grant: Grant, verifier: str) -> bool:
    challenges = [verifier]
    if grant.code_challenge_method == S256:
        digest = hashlib.sha256(verifier.encode()).digest()
        challenges = [_base64(digest), _base64(_in_words(digest))]
    matching = [hmac.compare_digest(one, grant.code_challenge) for one in challenges]
    return any(matching)


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _in_words(digest: bytes) -> bytes:
    """Return a digest as the official accounts SDK writes it: eight signed numbers, in decimal.

    It says as much as the bytes do, so nothing is easier to guess.
    """
    return ",".join(str(word) for word in struct.unpack(">8i", digest)).encode()


def refresh(application: Application, refresh_token: str) -> Pair:
    """Return a new access token for a refresh token, with what is allowed of the scopes now.

    A client with a secret keeps its refresh token; of one without, it is good once and another
    takes its place. Using one again revokes the whole authorization. Access tokens issued before
    stay until they expire, so that connections can change to the new one. Raise
    :class:`UnauthorizedClient` for a token that is unknown, :class:`InvalidClient` for another
    client's, :class:`InvalidGrant` for one that was revoked, and what :func:`allowed_to` raises.
    """
    pair = _refresh(application, refresh_token)
    if pair is None:
        raise InvalidGrant("the refresh token was revoked")
    return pair


@transaction.atomic
def _refresh(application: Application, refresh_token: str) -> Pair | None:
    application = _lock_proved(application)
    rows = RefreshToken.objects.filter(token_checksum=tokens.checksum(refresh_token))
    row = rows.first()
    if row is not None and row.application_id != application.pk:
        raise InvalidClient("the refresh token was issued to another client")
    account = _lock_account(application, row.user_id) if row is not None else None
    row = rows.first()
    if account is None or row is None or row.token_family is None:
        raise UnauthorizedClient("there is no such refresh token")
    if row.revoked is not None:
        agent_tokens.revoke_family(row.token_family)
        return None
    granted = row.scope.split()
    pair = _access_token(account, application, granted, row.token_family)
    if application.client_type == Application.CLIENT_CONFIDENTIAL:
        return pair._replace(refresh_token=refresh_token)
    now = clock.now()
    if not rows.filter(revoked=None).update(revoked=now, updated=now):
        raise InvalidGrant("the refresh token was revoked meanwhile")
    renewing = agent_tokens.issue_refresh_token(account, application, granted, row.token_family)
    return pair._replace(refresh_token=renewing)


def _lock(application: Application) -> Application:
    try:
        return bot_templates.lock_application(application)
    except NotFound:
        raise ClientNotFound("the application is no more") from None


def _lock_proved(proved: Application) -> Application:
    """Lock a client that proved itself; what it proved that with may be void by now."""
    application = _lock(proved)
    if application.client_secret != proved.client_secret:
        raise UnauthorizedClient("client_secret was replaced meanwhile")
    return application


def _lock_account(application: Application, account_id: UUID) -> Account:
    try:
        tokens.lock_installation(application, application.organization_id)
        return tokens.lock_account(account_id)
    except Authorization as error:
        raise UnauthorizedClient(str(error)) from None
    except Authentication as error:
        raise Unauthorized(str(error)) from None


def _access_token(
    account: Account, application: Application, granted: Iterable[str], family: UUID
) -> Pair:
    scopes = _usable(account, application, granted)
    issued = agent_tokens.issue_access_token(account, application, scopes, family=family)
    return Pair(
        access_token=issued.token,
        refresh_token="",
        expires_in=issued.expires_in,
        scopes=scopes,
        account_id=account.pk,
        organization_id=application.organization_id,
    )
