"""No table holds a readable token, secret or password."""

import pytest
from django.apps import apps
from django.db import connection

from chatplatform.services import (
    agent_tokens,
    agents,
    applications,
    customer_identities,
    identity_keys,
    identity_transfers,
)
from chatplatform.services.customer_identities import Asker
from chatplatform.session_store import SessionStore
from tests import make

pytestmark = pytest.mark.django_db


def test_nothing_that_was_handed_out_can_be_read_back():
    organization = make.organization()
    agent = agents.create_agent(
        organization, "ann@example.com", "Ann", "correct horse battery staple"
    )
    application, client_secret = applications.create_application(organization, "Integration")
    session = SessionStore()
    session.create()
    by_cookie = customer_identities.grant_by_cookie(
        Asker(
            client_id=make.application(organization, any_origin=True).client_id,
            redirect_uri="https://shop.example",
        ),
        organization.pk,
        [],
    )
    assert by_cookie.cookie is not None
    transfer = identity_transfers.transfer_by_customer(
        make.requester(by_cookie.customer),
        application.client_id,
        None,
        identity_transfers.Challenge(),
    )

    handed_out = {
        "password": "correct horse battery staple",
        "client secret": client_secret,
        "access token": make.access_token(agent, application=application),
        "workspace token": agent_tokens.issue_workspace_token(
            make.account(agent), str(session.session_key)
        ).token,
        "personal access token": make.pat(agent),
        "customer token": by_cookie.issued.token,
        "customer cookie": by_cookie.cookie.secret,
        "identity transfer token": transfer.token,
        "identity key": identity_keys.create_identity_key(organization.pk, "Shop").secret,
    }

    stored = _everything_stored()
    assert application.client_id in stored
    assert [kind for kind, secret in handed_out.items() if secret in stored] == []


def _everything_stored() -> str:
    """Return every value of every table, as text."""
    texts: list[str] = []
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 - our own table's name
            texts.extend(str(row) for row in cursor.fetchall())
    return "\n".join(texts)
