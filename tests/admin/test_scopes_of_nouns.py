"""The admin opens nothing to anybody whom the API would refuse what stands behind it.

Nothing is declared here. Every address of the admin is opened and its form filled and sent as the
owner, and what that calls of the API is noted. Then come people who have every scope but those an
action asks for: nothing may be offered to them, nor change when they send the same form. So a noun
or a page that opens for less than the action it calls fails, those that come later included.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, NamedTuple

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import quote
from django.db import models, transaction
from django.test import Client, override_settings
from django.urls import reverse

from chatplatform import scopes
from chatplatform.admin import visitors
from chatplatform.admin.site import site
from chatplatform.api import inside, registry
from chatplatform.api.action import Action
from chatplatform.errors import Authorization
from chatplatform.models import Account, Agent, IdentityProvider
from chatplatform.models.people import AgentRole
from chatplatform.requester import AgentRequester
from chatplatform.selectors import people
from chatplatform.services import identity_keys, personal_access_tokens
from tests import make, samples
from tests.world import World, rows

pytestmark = [pytest.mark.slow, pytest.mark.walk]

WITHIN = "*"
"""The form of a button that stands in one."""
SEEN = ("StaffSession",)
"""What notes that somebody looked."""
CLOSED = {302, 403, 404, 405}
"""What is answered in the place of a page."""


# --- what a page lets one do --------------------------------------------------------------------


class Sheet(HTMLParser):
    """The forms of a page that are sent to its own address, and what they would send."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.controls: list[dict[str, Any]] = []
        self._own: set[str] = set()
        self._buttons: set[str] = set()
        self._within = False
        self._select: dict[str, Any] | None = None
        self._text: dict[str, Any] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms, and the controls within."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._within = given.get("method", "").lower() == "post" and not given.get("action")
            self._own |= {given.get("id", "")} if self._within else set()
        kind = given.get("type", "text" if tag == "input" else "submit")
        if tag in ("button", "input") and kind in ("submit", "image"):
            if "formaction" not in given and (self._within or "form" in given):
                self._buttons.add(given.get("form", WITHIN))
            return
        if not self._within:
            return
        named = bool(given.get("name")) and "__prefix__" not in given.get("name", "")
        if tag == "input" and named:
            self.controls.append({**given, "tag": kind, "value": given.get("value", "")})
        elif tag == "textarea" and named:
            self._text = {**given, "tag": tag, "value": ""}
            self.controls.append(self._text)
        elif tag == "select" and named:
            self._select = {**given, "tag": tag, "offered": [], "chosen": []}
            self.controls.append(self._select)
        elif tag == "option" and self._select is not None:
            self._select["offered"].append(given.get("value", ""))
            if "selected" in given:
                self._select["chosen"].append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        """Note where forms and controls end."""
        if tag == "form":
            self._within = False
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._text = None

    def handle_data(self, data: str) -> None:
        """Note what stands in a text area."""
        if self._text is not None:
            self._text["value"] += data

    @property
    def can_be_sent(self) -> bool:
        """Whether there is a button for it, in the form or elsewhere on the page."""
        return not self._buttons.isdisjoint({WITHIN, *self._own})

    def offered(self, name: str) -> list[str]:
        """Return what a list of choices offers."""
        found = [one["offered"] for one in self.controls if one["name"] == name]
        return [value for value in found[0] if value] if found else []

    def filled(self) -> dict[str, Any]:
        """Return what is sent by somebody who leaves nothing empty, and ticks everything."""
        sent: dict[str, Any] = {}
        for one in self.controls:
            name, kind = one["name"], one["tag"]
            if name.endswith(("-DELETE", "-clear")) or kind == "file":
                continue
            if kind == "select":
                useful = [value for value in one["offered"] if value] or [""]
                chosen = [value for value in one["chosen"] if value] or useful[:1]
                sent[name] = chosen if "multiple" in one else chosen[0]
            elif kind == "checkbox":
                sent[name] = one["value"] or "on"
            elif kind == "radio":
                if "checked" in one or name not in sent:
                    sent[name] = one["value"]
            else:
                sent[name] = one["value"] or TYPED.get(name) or TYPED.get(kind) or "New"
        return sent

    def emptied(self) -> dict[str, Any]:
        """Return what is sent by somebody who takes away whatever can be."""
        sent = self.filled()
        for one in self.controls:
            name, kind = one["name"], one["tag"]
            if kind == "checkbox":
                sent.pop(name, None)
            elif (kind == "select" and "" in one["offered"]) or (
                kind not in ("select", "hidden", "radio", "file") and "required" not in one
            ):
                sent[name] = ""
        return sent


TYPED = {
    "number": "3",
    "email": "new@example.com",
    "url": "https://new.example.com/",
    "date": "2030-01-01",
    "time": "09:00",
}
"""What is typed into empty fields: by their names, else by their kinds."""


# --- every address ------------------------------------------------------------------------------


class Door(NamedTuple):
    """An address of the admin, with a row of ``model`` in it if it is about one."""

    name: str
    model: type[models.Model] | None
    about_one: bool

    def __str__(self) -> str:
        return self.name.removeprefix("chatplatform_")

    @property
    def noun(self) -> str:
        """What the door belongs to: a noun's model, or a page."""
        return self.model.__name__ if self.model else self.name

    @property
    def module(self) -> str:
        """The module that defines it."""
        found = type(site()._registry[self.model]) if self.model else site().pages[self.name]
        return found.__module__


def _doors() -> Iterator[Door]:
    for model, noun in site()._registry.items():
        for one in noun.get_urls():
            if one.name:
                yield Door(one.name, model, "<" in str(one.pattern))
    for name in site().pages:
        yield Door(name, None, about_one=False)


DOORS = list(_doors())


class Visit(NamedTuple):
    """A form of the admin as the owner found and sent it, and what that called of the API."""

    path: str
    choice: str
    """Which entry of a list's menu it was; empty: the form itself."""
    sent_before: tuple[dict[str, Any], ...]
    """What has to be sent before, so that ``values`` change something."""
    values: dict[str, Any]
    actions: tuple[Action, ...]


@dataclass
class Calls:
    """What was called of the API, and what was refused for want of a right."""

    actions: list[Action] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@contextmanager
def noted() -> Iterator[Calls]:
    """Note the actions that pages call in the block, and the services that refuse."""
    calls = Calls()

    def perform(action: Action, *args: Any) -> Any:
        calls.actions.append(action)
        with refusals(action.name):
            return inside_perform(action, *args)

    @contextmanager
    def refusals(what: str) -> Iterator[None]:
        try:
            yield
        except Authorization as refusal:
            calls.refused.append(f"{what}: {refusal}")
            raise

    @contextmanager
    def caused_by(*args: Any) -> Iterator[None]:
        with refusals("service"), caused(*args):
            yield

    inside_perform, caused = inside.perform, visitors.caused_by
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inside, "perform", perform)
        patch.setattr(visitors, "caused_by", caused_by)
        yield calls


@contextmanager
def carrying(allowed: frozenset[str]) -> Iterator[None]:
    """Cut down what every role allows to ``allowed``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "allowed", lambda role: allowed)
        yield


@contextmanager
def undone() -> Iterator[None]:
    """Undo what is stored in the block."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Stage:
    """An organisation with something in every list, and people of every role."""

    def __init__(self) -> None:
        self.scene = samples.scene(World(), "acme")
        self.organization = self.scene.organization
        owner = Agent.objects.get(public_id=self.scene.oona.id)
        second = make.group(self.organization, "Second")
        make.access_rule(self.organization, second.number)
        make.goal(self.organization)
        make.form(self.organization)
        self._furnish(owner)
        self.accounts = {
            role: make.account(make.agent(self.organization, role))
            for role in (AgentRole.VICEOWNER, AgentRole.ADMINISTRATOR, AgentRole.NORMAL)
        }
        self.accounts[AgentRole.OWNER] = make.account(owner)
        make.pat(self.accounts[AgentRole.NORMAL].agent)  # which everybody above may revoke
        self._visits: dict[Door, list[Visit]] = {}

    def _furnish(self, owner: Agent) -> None:
        identity_keys.create_identity_key(self.organization.pk, "Shop")
        IdentityProvider.objects.create(
            organization=self.organization, name="Login", issuer="https://login.example.com"
        )
        asking = make.requester(owner)
        assert isinstance(asking, AgentRequester)
        personal_access_tokens.create(asking, "Mine", ["agents--all:ro"])
        application = make.application(self.organization)
        webhook = make.webhook(application)
        make.delivery(self.organization, webhook)

    def browser(self, role: str = AgentRole.OWNER) -> Client:
        """Return a browser in which somebody of this role has signed in."""
        client = Client(raise_request_exception=False)
        account: Account = self.accounts[role]
        client.force_login(account, "django.contrib.auth.backends.ModelBackend")
        return client

    def paths(self, door: Door, *, of_each_role: bool = False) -> list[str]:
        """Return the door's addresses: of the newest row, or one of each role; and of one group."""
        if door.about_one:
            newest = self.rows(door.model)[::-1]
            kinds = {getattr(row, "role", "") if of_each_role else "": row for row in newest}
            return [self.path(door, row) for row in kinds.values()]
        bare = reverse(f"admin:{door.name}")
        return [bare] if door.model else [bare, f"{bare}?group={self.scene.group.number}"]

    def around(self, door: Door) -> list[str]:
        """Return the pages with buttons that lead to a door: the noun's list, and its form."""
        if door.model is None:
            return [reverse("admin:index")]
        stem = f"admin:{door.model._meta.app_label}_{door.model._meta.model_name}"
        newest = [str(row.pk) for row in self.rows(door.model)[-1:]]
        return [
            reverse(f"{stem}_changelist"),
            *(reverse(f"{stem}_change", args=[quote(key)]) for key in newest),
        ]

    def path(self, door: Door, row: models.Model) -> str:
        """Return a door's address for one row."""
        key = row.pk if isinstance(row.pk, int) else quote(str(row.pk))
        return reverse(f"admin:{door.name}", args=[key])

    def rows(self, model: type[models.Model] | None) -> list[models.Model]:
        """Return the organisation's rows of a model that its noun lists, the oldest first."""
        assert model is not None
        noun = site()._registry[model]
        request = self.browser().get("/admin/").wsgi_request
        return list(noun.get_queryset(request).order_by("pk"))

    # --- what is called -----------------------------------------------------------------------

    def visits(self, door: Door) -> list[Visit]:
        """Return what the owner can send at a door, and what each calls."""
        if door not in self._visits:
            self._visits[door] = [
                visit for path in self.paths(door) for visit in self._visits_at(door, path)
            ]
        return self._visits[door]

    def _visits_at(self, door: Door, path: str) -> Iterator[Visit]:
        sent: tuple[dict[str, Any], ...] = ()
        with undone():
            for choice, values in self.ways(door, path, self.browser()):
                browser = self.browser()
                with noted() as calls, undone() if choice else nullcontext():
                    browser.get(path)
                    send(browser, path, values)
                yield Visit(path, choice, sent, values, tuple(dict.fromkeys(calls.actions)))
                sent = () if choice else (*sent, values)

    def ways(self, door: Door, path: str, browser: Client) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield what a browser shows can be done at an address: entries of its menu, and forms."""
        sheet = Sheet(text_of(browser.get(path)))
        if door.model is not None and door.name.endswith("_changelist"):
            chosen = [str(row.pk) for row in self.rows(door.model)[-1:]]
            for action in sheet.offered("action"):
                ticked = {"action": action, ACTION_CHECKBOX_NAME: chosen}
                yield action, {**ticked, "post": "yes", "confirmed": "yes"}
            return
        added = {"post": "yes", **ADDED.get(str(door), dict)()}
        yield "", {**sheet.filled(), **added}
        if door.model is None or door.name.endswith(("_add", "_change")):
            yield "", {**Sheet(text_of(browser.get(path))).emptied(), **added}
        if door.model is None:
            yield "", {**Sheet(text_of(browser.get(path))).filled(), **added}


def send(browser: Client, path: str, values: dict[str, Any]) -> Any:
    """Send a form; a file in the answer is read to its end, which puts it away."""
    answer = browser.post(path, values)
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer


def text_of(response: Any) -> str:
    """Return a page's text; nothing of what is no page."""
    if response.streaming or response.status_code != 200:
        return ""
    return str(response.content.decode(errors="replace"))


def leads_to(page: str, visit: Visit) -> bool:
    """Tell whether a page has a link or a button for what stands behind a door.

    Where lists and forms can still be read, these lead to each other.
    """
    if visit.path.endswith("/change/") or visit.choice:
        return False
    return f'href="{visit.path}"' in page or f'action="{visit.path}"' in page


def _offers(response: Any, choice: str) -> bool:
    """Tell whether a page lets whoever looks send its form, or choose from its menu."""
    sheet = Sheet(text_of(response))
    return choice in sheet.offered("action") if choice else sheet.can_be_sent


def _greeting() -> dict[str, Any]:
    rule = {"condition": "and", "type": "visit_time_page", "operator": "greater_than", "value": "9"}
    return {
        **{f"{part}-{kind}_FORMS": 0 for part in ("cards", "buttons") for kind in FORMS},
        **{f"rules-0-{name}": value for name, value in rule.items()},
        "rules-TOTAL_FORMS": 1,
        "rules-INITIAL_FORMS": 0,
        "type": "normal",
        "says": "text",
        "message": "Hello",
    }


def _ban() -> dict[str, Any]:
    return {"customer_id": "", "address": "192.0.2.99"}


FORMS = ("TOTAL", "INITIAL")
"""What forms of several rows count."""
ADDED: dict[str, Callable[[], dict[str, Any]]] = {
    "customerban_add": _ban,
    "greeting_add": _greeting,
    "greeting_change": _greeting,
}
"""What has to be said where not every answer will do; by the door's name."""


@pytest.fixture(scope="module")
def _stage(django_db_setup: None, django_db_blocker: Any) -> Iterator[Stage]:
    quick = override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
    with django_db_blocker.unblock(), quick, transaction.atomic():
        yield Stage()
        transaction.set_rollback(True)


@pytest.fixture
def stage(_stage: Stage, db: None) -> Stage:
    """Return the organisation; whatever a test changes is undone after it."""
    return _stage


# --- what the API refuses -----------------------------------------------------------------------


def refused_sets(action: Action) -> list[frozenset[str]]:
    """Return all the scopes one can have without being let call the action.

    Whoever is refused has no more than one of these.
    """
    if action.every_scope:
        found = [_without({one}) for one in sorted(action.scopes)]
    else:
        found = [_without(action.scopes)] if action.scopes else []
    assert not any(action.permits(scopes.expand(one)) for one in found)
    return found


def _without(unwanted: frozenset[str] | set[str]) -> frozenset[str]:
    """Return the scopes that include none of the unwanted ones."""
    return frozenset(one for one in scopes.ALL if scopes.expand({one}).isdisjoint(unwanted))


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_what_the_api_refuses_is_not_offered_and_not_done(stage: Stage, door: Door) -> None:
    refused = [
        (visit, action, left)
        for visit in stage.visits(door)
        for action in visit.actions
        for left in refused_sets(action)
    ]

    for visit, action, left in refused:
        with undone():
            for values in visit.sent_before:
                send(stage.browser(), visit.path, values)
            around = stage.around(door)
            with carrying(left):
                browser = stage.browser()
                page = browser.get(visit.path)
                elsewhere = [browser.get(one) for one in around]
                before = rows(but=SEEN)
                answer = send(browser, visit.path, visit.values)

            assert rows(but=SEEN) == before, (visit.path, action.name)
            assert not _offers(page, visit.choice), (visit.path, action.name)
            assert not [one for one in elsewhere if leads_to(text_of(one), visit)], action.name
            assert not [one for one in (page, answer, *elsewhere) if one.status_code >= 500]


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_who_is_no_administrator_finds_no_door_open(stage: Stage, door: Door) -> None:
    for path in stage.paths(door):
        browser = stage.browser(AgentRole.NORMAL)
        before = rows(but=SEEN)

        found = [browser.get(path), browser.post(path, {"post": "yes"})]

        assert {one.status_code for one in found} <= CLOSED
        assert rows(but=SEEN) == before


@pytest.mark.parametrize("door", DOORS, ids=str)
@pytest.mark.parametrize("role", [AgentRole.ADMINISTRATOR, AgentRole.VICEOWNER])
def test_no_role_is_offered_what_is_refused_it(stage: Stage, door: Door, role: AgentRole) -> None:
    """Whatever the form says: the action and the service behind it find nothing wrong in who."""
    for path in stage.paths(door, of_each_role=True):
        browser = stage.browser(role)
        page = browser.get(path)
        for choice, values in stage.ways(door, path, browser):
            with undone(), noted() as calls:
                if _offers(page, choice):
                    send(stage.browser(role), path, values)

            assert calls.refused == [], path


# --- reading ------------------------------------------------------------------------------------


def readers(action: Action) -> list[Action]:
    """Return the actions that read what an action writes: ``list_tags`` for ``create_tag``."""
    _verb, _, what = action.name.partition("_")
    plural = re.sub(r"(s|x)$", r"\1e", what) + "s"
    names = {f"get_{what}", f"list_{what}", f"list_{plural}", f"get_{what}_state"}
    return [one for one in registry.actions(action.api) if one.name in names and one.scopes]


NOUNS = sorted({door.noun for door in DOORS})


@pytest.mark.parametrize("noun", NOUNS)
def test_nobody_reads_what_the_api_does_not_let_them_read(stage: Stage, noun: str) -> None:
    doors = [door for door in DOORS if door.noun == noun]
    actions = {one.name: one for door in doors for v in stage.visits(door) for one in v.actions}
    reading = [one for action in actions.values() for one in readers(action)]
    left = _without({scope for one in reading for scope in one.scopes})

    for path in [path for door in doors for path in stage.paths(door) if reading]:
        with carrying(left):
            answer = stage.browser().get(path)

        assert answer.status_code in CLOSED, (path, [one.name for one in reading])


def test_most_of_what_is_written_has_something_that_reads_it(stage: Stage) -> None:
    """Else the test above would find nothing wrong for want of names."""
    names = ["create_tag", "update_agent", "register_webhook", "add_auto_access"]
    found = [readers(registry._actions["configuration", name]) for name in names]

    assert all(found)


# --- what the walk must have reached ------------------------------------------------------------

MODULES = {
    name: module
    for name, module in sorted(sys.modules.items())
    if re.fullmatch(r"(configuration\.admin|webhooks\.admin|chatplatform\.admin)(\.\w+)?", name)
}


def named_in(module: Any) -> tuple[set[str], list[str]]:
    """Return the actions that a module's calls name, and what they compose names of."""
    names, composed = set(), []
    for one in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            names.add(one.value)
        elif isinstance(one, ast.Call) and getattr(one.func, "attr", "") == "call":
            composed += [_pattern(text) for text in one.args if isinstance(text, ast.JoinedStr)]
    return names & WRITING, composed


def users_of(name: str) -> set[str]:
    """Return the module of this name and those that have something of it."""
    having = {
        other
        for other, module in MODULES.items()
        if any(getattr(one, "__module__", "") == name for one in vars(module).values())
    }
    return {name} | having


def _pattern(text: ast.JoinedStr) -> str:
    return "".join(
        re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[a-z]+"
        for part in text.values
    )


WRITING = {one.name for one in registry.actions() if one.api == "configuration" and one.writes}


@pytest.mark.parametrize("name", MODULES)
def test_the_walk_calls_whatever_the_pages_name(stage: Stage, name: str) -> None:
    names, composed = named_in(MODULES[name])
    around = users_of(name) if names or composed else set()
    doors = [door for door in DOORS if door.module in around]
    called = {one.name for door in doors for v in stage.visits(door) for one in v.actions}

    assert names <= called
    for pattern in composed:
        assert any(re.fullmatch(pattern, one) for one in called), pattern
