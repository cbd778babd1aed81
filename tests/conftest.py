"""What every test runs on."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import redis
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection, transaction
from django.test import TransactionTestCase, override_settings
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks, Settings

from chatplatform import clock, domain_events
from chatplatform.api import ratelimit
from chatplatform.domain_events import DomainEvent
from chatplatform.models import ConnectionLease, Group, Organization
from chatplatform.services import api_calls
from tests import emptying, installations, make
from tests.internet import Internet
from tests.samples import Scene, Stage
from tests.world import NEWEST, Pushes, User, World

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

Told = Callable[[], AbstractContextManager[list[DomainEvent]]]


def pytest_configure(config: pytest.Config) -> None:
    """Name the run to the processes it is shared out to, which inherit the environment."""
    if not hasattr(config, "workerinput"):
        installations.begin()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave browser tests for the end: Playwright's event loop stays until the session is over,
    and no asynchronous test can run in its thread meanwhile.
    """
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Return Playwright, once for all browsers: its event loop stays until the session is over.

    What is expected of a page may take as long as on a machine that is busy with other tests.
    """
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Begin with a copy of what was migrated already, in SQLite's case of its file: not in memory,
    since only there do threads wait for each other.
    """
    migrated = installations.migrated()
    test = django_settings.DATABASES["default"].setdefault("TEST", {})
    if migrated.database:
        test["TEMPLATE"] = migrated.database
    else:
        copied = tmp_path_factory.mktemp("database") / installations.SQLITE
        shutil.copy(migrated.directory / installations.SQLITE, copied)
        test["NAME"] = str(copied)


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Return whether Django is to take the test database as it finds it."""
    return not installations.on_postgres()


@pytest.fixture(scope="session", autouse=True)
def _quick_emptying() -> Iterator[None]:
    """Empty only what was filled, after tests that commit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: emptying.empty())
        yield


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    """Hash passwords and client secrets quickly; what production uses has its own test."""
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        *django_settings.PASSWORD_HASHERS,
    ]


@pytest.fixture(autouse=True)
def _quick_static_files(settings: Settings) -> None:
    """Look a file up when it is asked for, rather than all of them for each client of a test."""
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(scope="session", autouse=True)
def _cache_of_ones_own() -> Iterator[None]:
    """Keep the cache in the process: emptying one in Redis would empty all there is in it."""
    cache = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    with override_settings(CACHES={"default": cache}):
        yield


@pytest.fixture(scope="session", autouse=True)
def _patience_in_the_end(django_db_setup: None) -> Iterator[None]:
    """Let the test database take as long to drop as it takes; a busy machine needs its time."""
    yield
    connection.settings_dict["OPTIONS"].pop("options", None)


@pytest.fixture(scope="session", autouse=True)
def _buckets_of_ones_own() -> None:
    """Count apart from the test processes beside this one, which ask from the same addresses."""
    ratelimit.PREFIX = f"tests:{secrets.token_hex(4)}:"


@pytest.fixture(autouse=True)
def _unused_rate_limits() -> Iterator[None]:
    """Start every test with full buckets, in this process and in Redis where there is one."""
    if django_settings.REDIS_URL:
        with redis.Redis.from_url(django_settings.REDIS_URL) as client:
            for key in client.scan_iter(f"{ratelimit.PREFIX}*"):
                client.delete(key)
    ratelimit.reset()
    yield
    ratelimit.reset()


@pytest.fixture(autouse=True)
def _no_calls_noted() -> None:
    """Forget the calls of the test before, whose organisations are no more."""
    api_calls.forget()


@pytest.fixture(autouse=True)
def internet(monkeypatch: pytest.MonkeyPatch) -> Internet:
    """Return what the platform finds outside: whatever a test puts there, and nothing else."""
    made = Internet()
    monkeypatch.setattr("chatplatform.net.client.request", made.request)
    cache.clear()
    return made


@pytest.fixture
def told(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Told:
    """Return a block that gathers the domain events told inside it, as if all had committed."""

    @contextmanager
    def gather() -> Iterator[list[DomainEvent]]:
        with (
            domain_events.collect() as events,
            django_capture_on_commit_callbacks(execute=True),
        ):
            yield events

    return gather


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a place for the test's agents and customers, who hear each other's pushes."""
    made = World()
    monkeypatch.setattr("chatplatform.transports.web.publish", made.deliver)
    return made


@pytest.fixture
def acme(db: None) -> Organization:
    """Return an organisation."""
    return make.organization("Acme")


@pytest.fixture
def ann(world: World, acme: Organization) -> User:
    """An agent who accepts chats."""
    return world.agent(acme, "ann", online=True)


@pytest.fixture
def bob(world: World, acme: Organization) -> User:
    """A second agent, connected but not accepting."""
    return world.agent(acme, "bob", online=True, accepting=False)


@pytest.fixture
def carl(world: World, acme: Organization) -> User:
    """A connected customer."""
    return world.customer(acme, "carl")


@pytest.fixture
def sales(acme: Organization) -> Group:
    """A group."""
    return make.group(acme, "Sales")


@pytest.fixture
def support(acme: Organization) -> Group:
    """Another group."""
    return make.group(acme, "Support")


@pytest.fixture
def ids(ann: User, carl: User) -> dict[str, str]:
    """Return the ids that name the event of a running chat of Ann and Carl."""
    started = carl.call("start_chat", chat={"thread": {"events": [make.message()]}})
    return {
        "chat_id": started["chat_id"],
        "thread_id": started["thread_id"],
        "event_id": started["event_ids"][0],
    }


@pytest.fixture
def api(world: World) -> Callable[..., User]:
    """Return a function that makes a client of the Web API from a token and a version."""

    def client(
        credentials: str,
        version: str = NEWEST,
        *,
        api: str = "agent",
        organization_id: object = "",
    ) -> User:
        return User(world, api, credentials, str(organization_id), version=version)

    return client


@pytest.fixture
def capture_pushes(world: World) -> Callable[[], AbstractContextManager[Pushes]]:
    """Return a block that gathers the exact pushes each connected user gets inside it."""
    return world.capture_pushes


# --- two organisations made once for a module: every test begins with them untouched -------------


@pytest.fixture(scope="module")
def _made(django_db_setup: None, django_db_blocker: Any) -> Iterator[Stage]:
    quick = override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
    with django_db_blocker.unblock(), quick, transaction.atomic():
        stage = Stage()
        ConnectionLease.objects.update(expires_at=clock.now() + timedelta(hours=1))
        yield stage
        transaction.set_rollback(True)


@pytest.fixture
def stage(_made: Stage, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Return the organisations; whatever a test changes is undone after it."""
    monkeypatch.setattr("chatplatform.transports.web.publish", _made.world.deliver)
    listeners = list(_made.world.listeners)
    yield _made
    _made.world.restore(listeners)


@pytest.fixture
def scene(stage: Stage) -> Scene:
    """Return one of the organisations."""
    return stage.alpha


@pytest.fixture
def beta(stage: Stage) -> Scene:
    """Return the other organisation."""
    return stage.beta
