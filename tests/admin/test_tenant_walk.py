"""Nobody finds another organisation's things behind any address of the admin, console or account.

Every address the site knows below these is opened and posted to, by every role of one organisation,
with everything that names something of another. Pages that come later are walked without being
named here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.db import models, transaction
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver

from chatplatform.models import Account, Organization
from chatplatform.models.people import AgentRole
from tests import make, samples
from tests.tenants import TABLES, rows_of
from tests.world import World

pytestmark = pytest.mark.walk

FACES = ("admin/", "console/", "account/")
"""Where the pages are that people sign in to, but for the workspace, which is one page."""
ROLES = (AgentRole.OWNER, AgentRole.VICEOWNER, AgentRole.ADMINISTRATOR, AgentRole.NORMAL)
NAMING = ("id", "slug", "public_id", "client_id", "number", "name", "webhook_id", "checksum")
"""Columns whose values may stand in an address."""
ROWS = 3
"""Of so many rows of theirs each address is tried: what refuses one refuses all."""
CHOICE = re.compile(rb'<button[^>]*name="organization"[^>]*>[^<]*</button>')


class Walk:
    """Two organisations of the same furniture: ``ours`` looks, ``theirs`` must not be seen."""

    def __init__(self) -> None:
        world = World()
        self.ours = samples.scene(world, "aardvark")
        self.theirs = samples.scene(world, "zyzzyva", groups=9)
        self.rows = rows_of(self.theirs.organization)
        self.accounts = {role: self._account(role) for role in ROLES}

    def _account(self, role: str) -> Account:
        if role == AgentRole.OWNER:
            return Account.objects.get(email=self.ours.oona.id)
        return make.account(make.agent(self.ours.organization, role))

    def visitor(self, role: str) -> Client:
        """Return a browser in which somebody with this role has just signed in."""
        return signed_in(self.accounts[role])

    def superuser(self, chosen: Organization | None) -> Client:
        """Return the browser of who runs the platform, and works in ``chosen`` or looks at all."""
        root = Account.objects.create_superuser("root@platform.example", name="Root")
        client = signed_in(root)
        if chosen is not None:
            client.post("/admin/organization/choose/", {"organization": str(chosen.pk)})
        return client

    @property
    def marks(self) -> dict[str, bytes]:
        """Return everything by which a page would show something of theirs."""
        organization = self.theirs.organization
        found = {self.theirs.label, str(organization.pk), str(organization.license_id)}
        for table, column in (
            ("Customer", "id"),
            ("Account", "id"),
            ("Application", "client_id"),
            ("Agent", "customer_facing_id"),
            ("Chat", "id"),
            ("Webhook", "id"),
        ):
            found |= {str(row[column]) for row in self.rows[table]}
        return {one: one.encode() for one in found}

    def names(self, argument: str) -> list[str]:
        """Return what of theirs may stand in an address in the place of ``argument``.

        All that is called so, and by each other name what goes by it first.
        """
        rows = [row for table in self.rows.values() for row in table]
        called = [row[argument] for row in rows if argument in row]
        other = [next((row[one] for row in rows if row.get(one)), "") for one in NAMING]
        return list(dict.fromkeys(str(one) for one in (*called, *other) if one not in (None, "")))


def signed_in(account: Account) -> Client:
    """Return a browser in which somebody has just signed in."""
    client = Client(raise_request_exception=False)
    client.force_login(account, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture(scope="module")
def _walk(django_db_setup: None, django_db_blocker: Any) -> Iterator[Walk]:
    quick = override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
    with django_db_blocker.unblock(), quick, transaction.atomic():
        yield Walk()
        transaction.set_rollback(True)


@pytest.fixture
def walk(_walk: Walk, db: None) -> Walk:
    """Return the two organisations; whatever a test changes is undone after it."""
    return _walk


# --- every address ------------------------------------------------------------------------------


def addresses(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Yield every route below the faces, as the URL configuration writes it."""
    for one in patterns:
        route = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, route)
        elif route.startswith(FACES):
            yield route, one


ROUTES = dict(addresses(get_resolver().url_patterns))


def model_of(route: str) -> type[models.Model] | None:
    """Return the model whose rows an address of the admin is about, if it is about one."""
    for model in TABLES:
        if route.startswith(f"admin/{model._meta.app_label}/{model._meta.model_name}/"):
            return model
    return None


def values(walk: Walk, route: str, name: str, converter: Any) -> list[str]:
    """Return what of theirs may stand in the place of the argument ``name``."""
    model = model_of(route)
    if model is not None:
        some = walk.rows[model.__name__][:ROWS]
        return [quote(str(row[model._meta.pk.attname])) for row in some]
    fitting = (quote(one) for one in walk.names(name))
    return [one for one in fitting if re.fullmatch(converter.regex, one)]


def paths(walk: Walk, route: str, pattern: URLPattern) -> list[str]:
    """Return the route with everything of theirs in the place of its arguments."""
    converters = getattr(pattern.pattern, "converters", {})
    if not converters:
        return [] if re.search(r"[\\^$(]", route) else [f"/{route}"]
    found = {name: values(walk, route, name, one) for name, one in converters.items()}
    made = []
    for at in range(max(map(len, found.values()))):
        path = route
        for name, fitting in found.items():
            value = fitting[min(at, len(fitting) - 1)] if fitting else "0"
            path = re.sub(rf"<(\w+:)?{name}>", lambda _, value=value: value, path)
        made.append(f"/{path}")
    return made


def assert_shows_nothing(walk: Walk, response: Any, path: str) -> None:
    """Assert that an answer is no failure, and says no more of theirs than its address did.

    What superusers choose an organisation by is no part of the page.
    """
    assert response.status_code < 500, path
    body = b"".join(response.streaming_content) if response.streaming else response.content
    body = CHOICE.sub(b"", body)
    shown = [one for one, mark in walk.marks.items() if one not in path and mark in body]
    assert not shown, f"{path} shows {shown}"


# --- the walk -----------------------------------------------------------------------------------


def test_theirs_is_something_to_be_found(walk: Walk) -> None:
    empty = {table for table, rows in walk.rows.items() if not rows}

    assert not empty & {"Agent", "Bot", "Tag", "Greeting", "Webhook", "WebhookDelivery", "Chat"}


@pytest.mark.parametrize("route", ROUTES)
def test_no_page_shows_any_role_what_belongs_to_another_organisation(
    walk: Walk, route: str
) -> None:
    visitors = [walk.visitor(role) for role in ROLES]

    for path in paths(walk, route, ROUTES[route]):
        for visitor in visitors:
            assert_shows_nothing(walk, visitor.get(path), path)


@pytest.mark.parametrize("route", ROUTES)
def test_no_form_changes_what_belongs_to_another_organisation(walk: Walk, route: str) -> None:
    chosen = [str(row["id"]) for row in walk.rows["Tag"]]
    several = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}

    for path in paths(walk, route, ROUTES[route]):
        for role in (AgentRole.OWNER, AgentRole.NORMAL):
            for values in ({"post": "yes"}, several):
                answer = walk.visitor(role).post(path, values)
                assert_shows_nothing(walk, answer, path)

    assert rows_of(walk.theirs.organization) == walk.rows


# --- who runs the platform ----------------------------------------------------------------------

ADMIN = [route for route in ROUTES if route.startswith("admin/")]
NAMES_ALL = "admin/chatplatform/organization/"
"""Where superusers find every organisation, whichever one they work in."""
SOME = 4
"""Of how many things each page is opened, where it is about one: all are of the same kind."""


@pytest.mark.parametrize("route", ADMIN)
def test_every_page_serves_superusers_who_look_at_all_organisations(walk: Walk, route: str) -> None:
    root = walk.superuser(None)

    for path in paths(walk, route, ROUTES[route])[:SOME]:
        assert root.get(path).status_code < 500, path


@pytest.mark.parametrize("route", [one for one in ADMIN if not one.startswith(NAMES_ALL)])
def test_superusers_see_but_the_organisation_they_work_in(walk: Walk, route: str) -> None:
    root = walk.superuser(walk.ours.organization)

    for path in paths(walk, route, ROUTES[route])[:SOME]:
        assert_shows_nothing(walk, root.get(path), path)
