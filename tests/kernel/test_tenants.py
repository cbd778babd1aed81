"""No organisation reads or writes another's rows, whatever ids it feeds to which action."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from django.apps import apps
from django.db import models

from chatplatform.api.action import Action
from chatplatform.models import Organization
from tests import samples
from tests.samples import Path, Scene, Stage, name_of
from tests.world import Refused, User

NARROWED = (("filters", "group_ids"), ("filters", "chat_ids"), ("filters", "customer_id"))
"""Fields that only narrow a list: what is not there is left out instead of being refused."""


def foreign_payloads(
    action: Action, alpha: Scene, beta: Scene
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the sample of an action with one of alpha's ids after the other become beta's."""
    payload = samples.payload(alpha, action)
    theirs = {one: beta.ids[role] for role, one in alpha.ids.items()}
    for path in samples.paths(payload):
        value = samples.at(payload, path)
        if isinstance(value, str) and value in theirs:
            yield path, samples.replaced(payload, path, theirs[value])
        elif (path and "group_ids" in path[:-1]) or path[-1:] == ("group_id",):
            yield path, samples.replaced(payload, path, beta.group.number)


def all_foreign(action: Action, alpha: Scene, beta: Scene) -> dict[str, Any]:
    """Return the sample with every one of alpha's ids become beta's."""
    text = orjson.dumps(samples.payload(alpha, action)).decode()
    for role, one in alpha.ids.items():
        text = text.replace(one, beta.ids[role])
    payload: dict[str, Any] = orjson.loads(text)
    return payload


def owner(row: models.Model) -> Any:
    """Return the id of the organisation a row belongs to, however far away; None: nobody's."""
    if isinstance(row, Organization):
        return row.pk
    if hasattr(row, "organization_id"):
        return row.organization_id
    for field in row._meta.fields:
        if field.is_relation and getattr(row, field.attname) is not None:
            found = owner(getattr(row, field.name))
            if found is not None:
                return found
    return None


def rows_of(scene: Scene) -> dict[str, list[dict[str, Any]]]:
    """Return everything stored about an organisation, by table."""
    found = {}
    for model in apps.get_app_config("chatplatform").get_models():
        values = {row["pk"]: row for row in model._default_manager.values("pk", *names(model))}
        found[model.__name__] = [
            values[row.pk]
            for row in model._default_manager.order_by("pk")
            if owner(row) == scene.organization.pk
        ]
    return found


def names(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.fields]


def assert_nothing_of(beta: Scene, told: Any) -> None:
    """Assert that neither an id nor a text of beta's occurs in what somebody was told."""
    text = orjson.dumps(told).decode()
    for known in (*beta.ids.values(), str(beta.organization.pk), beta.label):
        assert known not in text


def outcome(caller: User, action: Action, payload: Any) -> tuple[Any, Refused | None]:
    """Return what a call answered, or how it was refused."""
    try:
        return samples.call(caller, action, payload), None
    except Refused as refused:
        return None, refused


@pytest.fixture
def guarded(stage: Stage) -> Iterator[Stage]:
    """Watch over beta: in the end no row of it has changed and nobody there heard anything."""
    before = rows_of(stage.beta)
    assert all(before[table] for table in ("Chat", "Thread", "Event", "Customer", "Visit"))
    with stage.world.capture_pushes() as pushes:
        yield stage
    assert rows_of(stage.beta) == before
    for user, heard in pushes.heard:
        assert not user.name.startswith(stage.beta.label)
        assert_nothing_of(stage.beta, heard.payload)


NOWHERE = ("not_found", "validation", "group_not_found", "greeting_not_found")
"""What a call is answered whose ids lead nowhere."""


@pytest.mark.parametrize("action", samples.actions(), ids=name_of)
def test_ids_of_another_organisation_open_nothing(guarded: Stage, action: Action) -> None:
    alpha, beta = guarded.alpha, guarded.beta
    caller = samples.caller(alpha, action)

    for path, payload in foreign_payloads(action, alpha, beta):
        answer, refused = outcome(caller, action, payload)
        if refused is not None:
            assert refused.type in NOWHERE, path
        else:
            assert path[:2] in NARROWED or path[0] == "group_ids", f"{path} was not refused"
            assert_nothing_of(beta, answer)


@pytest.mark.parametrize("action", samples.actions(), ids=name_of)
def test_a_call_meant_for_another_organisation_reaches_nothing_of_it(
    guarded: Stage, action: Action
) -> None:
    alpha, beta = guarded.alpha, guarded.beta
    caller = samples.caller(alpha, action)
    payload = all_foreign(action, alpha, beta)

    answer, refused = outcome(caller, action, payload)

    if refused is None:
        assert_nothing_of(beta, answer)
    else:
        assert refused.status in (400, 404)
        assert payload != samples.payload(alpha, action)


@pytest.mark.parametrize("action", samples.actions(), ids=name_of)
def test_what_one_organisation_does_another_never_hears_of(guarded: Stage, action: Action) -> None:
    alpha = guarded.alpha

    answer = samples.call(samples.caller(alpha, action), action, samples.payload(alpha, action))

    assert_nothing_of(guarded.beta, answer)


@pytest.mark.parametrize("action", ["list_chats", "list_threads"])
@pytest.mark.parametrize("api", ["agent", "customer"])
def test_a_page_of_another_organisation_is_refused(stage: Stage, api: str, action: str) -> None:
    def payload(scene: Scene) -> dict[str, Any]:
        return {"chat_id": scene.running} if action == "list_threads" else {}

    beta = stage.beta.user(api)
    stage.beta.organization.properties = {"routing": {"max_customer_chats_count": 5}}
    stage.beta.organization.save()
    beta.call("start_chat")
    for _ in range(2):
        stage.beta.carl.call("deactivate_chat", id=stage.beta.running)
        stage.beta.carl.call("resume_chat", chat={"id": stage.beta.running}, continuous=True)
    page_id = beta.call(action, **payload(stage.beta), limit=1)["next_page_id"]
    alpha = stage.alpha.user(api)

    assert beta.call(action, **payload(stage.beta), page_id=page_id)
    assert alpha.refused(action, **payload(stage.alpha), page_id=page_id) == "validation"


def test_a_customers_token_is_good_in_its_organisation_only(stage: Stage) -> None:
    carl = stage.alpha.carl
    carl.organization_id, own = stage.beta.carl.organization_id, carl.organization_id

    try:
        for action in ("list_chats", "get_customer", "start_chat"):
            assert carl.refused(action) == "authentication"
    finally:
        carl.organization_id = own
