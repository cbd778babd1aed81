"""No organisation reads or writes another's rows, whatever ids it feeds to which action."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from chatplatform.api.action import Action
from tests import samples
from tests.samples import Path, Scene, Stage, name_of
from tests.tenants import rows_of
from tests.world import Refused, User

pytestmark = pytest.mark.walk

NARROWED = (("filters", "group_ids"), ("filters", "chat_ids"), ("filters", "customer_id"))
"""Fields that only narrow a list: what is not there is left out instead of being refused."""


ABOUT_A_GROUP = (
    "get_group",
    "update_group",
    "delete_group",
    "list_group_properties",
    "delete_group_properties",
)
"""Actions whose ``id`` is the number of a group."""


def foreign_payloads(
    action: Action, alpha: Scene, beta: Scene
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the sample of an action with one of alpha's ids after the other become beta's."""
    payload = samples.payload(alpha, action)
    theirs = foreign_ids(alpha, beta)
    for path in samples.paths(payload):
        value = samples.at(payload, path)
        if names_a_group(path) or (action.name in ABOUT_A_GROUP and path == ("id",)):
            yield path, samples.replaced(payload, path, beta.group.number)
        elif names_something(path, value) and value in theirs:
            yield path, samples.replaced(payload, path, theirs[value])


def names_a_group(path: Path) -> bool:
    """Tell whether a value is the number of a group, which other things may have as their id."""
    in_list = "group_ids" in path[:-1] or (path[-3:-2] == ("groups",) and path[-1] == "id")
    return in_list or path[-1:] == ("group_id",)


def foreign_ids(alpha: Scene, beta: Scene) -> dict[str | int, str | int]:
    """Return beta's id for every one of alpha's; never a number that alpha has, too."""
    own = set(alpha.ids.values())
    theirs = {one: beta.ids[role] for role, one in alpha.ids.items()}
    return {one: beta.group.number if other in own else other for one, other in theirs.items()}


def names_something(path: Path, value: Any) -> bool:
    """Tell whether a value may be an id; numbers are ids only where the field says so."""
    return isinstance(value, str) or (type(value) is int and str(path[-1]).endswith("id"))


def all_foreign(action: Action, alpha: Scene, beta: Scene) -> dict[str, Any]:
    """Return the sample with every one of alpha's ids become beta's."""
    text = orjson.dumps(samples.payload(alpha, action)).decode()
    theirs = foreign_ids(alpha, beta)
    for one, other in theirs.items():
        if isinstance(one, str):
            text = text.replace(one, str(other))
    payload: dict[str, Any] = orjson.loads(text)
    for path in samples.paths(payload):
        value = samples.at(payload, path)
        if type(value) is int and names_something(path, value) and value in theirs:
            payload = samples.replaced(payload, path, theirs[value])
    return payload


def assert_nothing_of(beta: Scene, told: Any) -> None:
    """Assert that neither an id nor a text of beta's occurs in what somebody was told."""
    text = orjson.dumps(told).decode()
    texts = (one for one in beta.ids.values() if isinstance(one, str))
    for known in (*texts, str(beta.organization.pk), beta.label):
        assert known not in text


def outcome(caller: User, action: Action, payload: Any) -> tuple[Any, Refused | None]:
    """Return what a call answered, or how it was refused."""
    try:
        return samples.call(caller, action, payload), None
    except Refused as refused:
        return None, refused


_at_first: dict[Stage, dict[str, list[dict[str, Any]]]] = {}


def rows_at_first(stage: Stage) -> dict[str, list[dict[str, Any]]]:
    """Return beta's rows as every test finds them; they are read once."""
    if stage not in _at_first:
        _at_first[stage] = rows_of(stage.beta.organization)
    return _at_first[stage]


@pytest.fixture
def guarded(stage: Stage) -> Iterator[Stage]:
    """Watch over beta: in the end no row of it has changed and nobody there heard anything."""
    before = rows_at_first(stage)
    assert all(before[table] for table in ("Chat", "Thread", "Event", "Customer", "Visit"))
    with stage.world.capture_pushes() as pushes:
        yield stage
    assert rows_of(stage.beta.organization) == before
    for user, heard in pushes.heard:
        assert not user.name.startswith(stage.beta.label)
        assert_nothing_of(stage.beta, heard.payload)


NOWHERE = ("not_found", "validation", "group_not_found", "greeting_not_found")
"""What a call is answered whose ids lead nowhere."""


def leads_nowhere(action: Action, type_: str) -> bool:
    """Tell whether that is how a call is refused whose ids lead nowhere.

    To who proves with them who they are, they are wrong credentials.
    """
    return type_ in NOWHERE or (action.public and type_ == "authentication")


def refusals(action: Action, answer: Any, refused: Refused | None) -> list[str]:
    """Return the types of the errors a call, or each request of a batch, was answered with."""
    if refused is not None:
        return [refused.type]
    if action.batch_of is None:
        return []
    return [one["error"]["type"] for one in answer["responses"] if "error" in one]


@pytest.mark.parametrize("action", samples.actions(), ids=name_of)
def test_ids_of_another_organisation_open_nothing(guarded: Stage, action: Action) -> None:
    alpha, beta = guarded.alpha, guarded.beta
    caller = samples.caller(alpha, action)

    for path, payload in foreign_payloads(action, alpha, beta):
        answer, refused = outcome(caller, action, payload)
        types = refusals(action, answer, refused)
        if types:
            assert all(leads_nowhere(action, type_) for type_ in types), path
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
        assert leads_nowhere(action, refused.type)
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
