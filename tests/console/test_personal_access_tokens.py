"""Personal access tokens, as people make and revoke them."""

from __future__ import annotations

from typing import Any

import pytest

from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.errors import (
    Authentication,
    Authorization,
    LimitReached,
    NotFound,
    Validation,
)
from chatplatform.models import AuditEntry, Organization, PersonalAccessToken
from chatplatform.services import authentication, personal_access_tokens, tokens
from tests import make
from tests.conftest import Told


def test_a_token_acts_as_its_person_with_its_scopes(acme: Organization):
    ann = make.agent(acme)

    made = personal_access_tokens.create(make.requester(ann), " Script ", ["chats--my:ro"])

    row = PersonalAccessToken.objects.get()
    assert (row.name, row.scopes, row.ending) == ("Script", ["chats--my:ro"], made.token[-4:])
    who = authentication.authenticate_agent(make.basic(ann, made.token))
    assert (who.public_id, who.scopes) == (ann.public_id, frozenset({"chats--my:ro"}))


def test_it_is_logged_without_its_value(acme: Organization):
    ann = make.agent(acme, email="ann@example.com")

    made = personal_access_tokens.create(make.requester(ann), "Script", ["chats--my:ro"])

    entry = AuditEntry.objects.get(action="create_personal_access_token")
    assert entry.after == {
        "account": "ann@example.com",
        "name": "Script",
        "scopes": ["chats--my:ro"],
        "ending": made.token[-4:],
    }
    assert made.token not in str(entry.__dict__)


@pytest.mark.parametrize(
    ("name", "scopes", "said"),
    [
        ("", ["chats--my:ro"], "`name`: a token's name has 1 to 180 printable characters"),
        ("x" * 181, ["chats--my:ro"], "`name`: a token's name has 1 to 180 printable characters"),
        ("Script", [], "`scopes`: a token without any may do nothing"),
        ("Script", ["nonsense"], "there is no scope 'nonsense'"),
        (
            "Script",
            ["chats--my:ro", "webhooks--all:rw"],
            "`scopes`: the role normal does not allow webhooks--all:rw",
        ),
    ],
)
def test_what_is_refused_makes_nothing(acme: Organization, name: str, scopes: Any, said: str):
    who = make.requester(make.agent(acme))

    with pytest.raises(Validation) as refusal:
        personal_access_tokens.create(who, name, scopes)

    assert str(refusal.value) == said
    assert PersonalAccessToken.objects.count() == 0
    assert not AuditEntry.objects.filter(action="create_personal_access_token").exists()


def test_a_person_has_fifty_at_most(acme: Organization, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(personal_access_tokens, "MAX_PER_ACCOUNT", 1)
    ann, bob = make.requester(make.agent(acme)), make.requester(make.agent(acme))
    personal_access_tokens.create(ann, "First", ["chats--my:ro"])

    with pytest.raises(LimitReached):
        personal_access_tokens.create(ann, "Second", ["chats--my:ro"])
    personal_access_tokens.create(bob, "First", ["chats--my:ro"])

    assert PersonalAccessToken.objects.count() == 2


def test_a_revoked_one_ends_with_its_sessions(acme: Organization, told: Told):
    ann = make.agent(acme)
    made = personal_access_tokens.create(make.requester(ann), "Script", ["chats--my:ro"])

    with told() as events:
        personal_access_tokens.revoke_own(make.requester(ann), made.row.pk)

    assert events == [
        SessionsEnded(
            organization_id=str(acme.pk),
            reason="access_token_revoked",
            token_checksum=tokens.checksum(made.token),
        )
    ]
    with pytest.raises(Authentication):
        authentication.authenticate_agent(make.basic(ann, made.token))
    assert AuditEntry.objects.filter(action="revoke_personal_access_token").count() == 1


def test_a_colleagues_is_not_ones_own(acme: Organization):
    ann, bob = make.agent(acme), make.agent(acme, "owner")
    made = personal_access_tokens.create(make.requester(ann), "Script", ["chats--my:ro"])

    with pytest.raises(NotFound):
        personal_access_tokens.revoke_own(make.requester(bob), made.row.pk)
    assert PersonalAccessToken.objects.count() == 1

    personal_access_tokens.revoke(make.requester(bob), made.row.pk)
    assert PersonalAccessToken.objects.count() == 0


@pytest.mark.parametrize(
    ("role", "above"),
    [("administrator", "viceowner"), ("administrator", "owner"), ("viceowner", "owner")],
)
def test_nobody_revokes_those_of_people_above(
    acme: Organization, told: Told, role: str, above: str
):
    who, made = make.requester(make.agent(acme, role)), make.pat(make.agent(acme, above))
    row = PersonalAccessToken.objects.get()

    with told() as events, pytest.raises(Authorization):
        personal_access_tokens.revoke(who, row.pk)

    assert PersonalAccessToken.objects.get().checksum == tokens.checksum(made)
    assert not AuditEntry.objects.filter(action="revoke_personal_access_token").exists()
    assert events == []


def test_nobody_revokes_those_of_another_organisation(acme: Organization):
    ann, stranger = make.agent(acme), make.agent(make.organization("Globex"), "owner")
    made = personal_access_tokens.create(make.requester(ann), "Script", ["chats--my:ro"])

    with pytest.raises(NotFound):
        personal_access_tokens.revoke(make.requester(stranger), made.row.pk)

    assert PersonalAccessToken.objects.count() == 1
