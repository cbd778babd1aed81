"""What clients of older versions say and hear: every change that touches an action, over HTTP."""

from typing import Any

import pytest

from chatplatform.models import Organization
from tests import make
from tests.samples import Scene, Stage
from tests.world import Refused, User, World


@pytest.fixture
def world(stage: Stage) -> World:
    return stage.world


# --- 3.7 → 3.6 ----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6"])
def test_lists_of_agents_are_summaries(scene: Scene, version: str) -> None:
    newest = {chat["id"]: chat for chat in scene.ann.web("list_chats")["chats_info"]}

    for answer in (scene.ann.web("list_chats", version=version), scene.ann.login(version=version)):
        assert "chats_info" not in answer
        for chat in answer["chats_summary"]:
            thread = newest[chat["id"]]["last_thread_info"]
            assert "last_thread_info" not in chat
            assert chat["last_thread_summary"]["id"] == thread["id"]
            assert "last_event_per_type" not in chat["last_thread_summary"]
            for kind, entry in chat["last_event_per_type"].items():
                assert entry.keys() == {"thread_id", "thread_created_at", "event"}
                assert entry["event"]["id"] == thread["last_event_per_type"][kind]["event"]["id"]


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6"])
def test_lists_of_customers_are_summaries(scene: Scene, version: str) -> None:
    (newest,) = scene.carl.web("list_chats")["chats_info"]

    answer = scene.carl.web("list_chats", version=version)

    (chat,) = answer["chats_summary"]
    thread = newest["last_thread_info"]
    assert chat["last_thread_id"] == thread["id"]
    assert chat["last_thread_created_at"] == thread["created_at"]
    entry = chat["last_event_per_type"]["message"]
    assert entry.keys() == {"thread_id", "thread_created_at", "event"}
    assert "last_thread_info" not in chat


# --- 3.6 → 3.5 ----------------------------------------------------------------------------------


def listed(user: User, version: str, **filters: Any) -> set[bool]:
    """Return whether the listed chats are active."""
    answer = user.web("list_chats", {"filters": filters, "limit": 100}, version=version)
    chats = answer["chats_summary"]
    return {chat["last_thread_summary"]["active"] for chat in chats}


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_lists_include_active_chats_unless_told_otherwise(scene: Scene, version: str) -> None:
    assert listed(scene.ann, version) == {True, False}
    assert listed(scene.ann, version, include_active=True) == {True, False}
    assert listed(scene.ann, version, include_active=False) == {False}
    assert listed(scene.ann, version, active=True) == {True, False}
    assert listed(scene.ann, "3.6", active=True, include_active=False) == {True}


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_an_old_page_keeps_its_filters(scene: Scene, version: str) -> None:
    scene.emil.call("start_chat", active=False)
    payload = {"filters": {"include_active": False}, "limit": 1}

    first = scene.ann.web("list_chats", payload, version=version)
    second = scene.ann.web("list_chats", {"page_id": first["next_page_id"]}, version=version)

    assert first["found_chats"] == second["found_chats"] == 2
    assert "next_page_id" not in second


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_a_customers_visit_was_the_last_one(scene: Scene, version: str) -> None:
    newest = scene.ann.web("get_customer", {"id": scene.carl.id})

    old = scene.ann.web("get_customer", {"id": scene.carl.id}, version=version)

    assert old["last_visit"] == newest["visit"]
    assert "visit" not in old
    chat = scene.ann.web("get_chat", {"chat_id": scene.running}, version=version)
    assert "last_visit" in chat["users"][0]


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_customers_had_fewer_fields(scene: Scene, version: str) -> None:
    data = {"address": {"city": "x"}, "omnichannel": {"twilio": {"phone_number": "+1"}}}
    scene.carl.web("update_customer", data)

    for user, action, payload in (
        (scene.ann, "get_customer", {"id": scene.carl.id}),
        (scene.carl, "get_customer", {}),
    ):
        newest = user.web(action, payload)
        assert newest.keys() >= data.keys()
        old = user.web(action, payload, version=version)
        assert old.keys() & {*data, "phone_number", "tickets"} == set()
        assert old["statistics"].keys() == newest["statistics"].keys() - {"tickets_count"}


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_customers_could_say_less_of_themselves(scene: Scene, version: str) -> None:
    data = {"name": "New", "address": {"city": "x"}}

    scene.carl.web("update_customer", data, version=version)
    scene.carl.login(version=version, customer={"name": "Newer", "address": {"city": "y"}})

    customer = scene.carl.web("get_customer")
    assert customer["name"] == "Newer"
    assert "address" not in customer


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_agents_made_customers_with_less(scene: Scene, version: str) -> None:
    data = {"name": "New", "phone_number": "+48123456789", "address": {"city": "x"}}

    made = scene.ann.web("create_customer", data, version=version)

    customer = scene.ann.web("get_customer", {"id": made["customer_id"]})
    assert customer["name"] == "New"
    assert customer.keys() & {"phone_number", "address"} == set()


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_threads_had_no_visit(scene: Scene, version: str) -> None:
    newest = scene.ann.web("get_chat", {"chat_id": scene.running})["thread"]
    assert "customer_visit" in newest

    old = scene.ann.web("get_chat", {"chat_id": scene.running}, version=version)["thread"]
    (listed,) = scene.ann.web("list_threads", {"chat_id": scene.running}, version=version)[
        "threads"
    ]

    assert old.keys() == listed.keys() == newest.keys() - {"customer_visit"}


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_products_were_cards(scene: Scene, version: str) -> None:
    product = {"view_type": "tags", "product_id": "p1"}
    rich = {
        "type": "rich_message",
        "template_id": "ecommerce",
        "elements": [{"title": "Shoes", "ecommerce": product}],
    }
    postback = {"id": "b", "thread_id": "T", "event_id": "E", "ecommerce": {"product_id": "p1"}}
    for event in (rich, make.message("Buy", postback=postback)):
        scene.ann.web("send_event", {"chat_id": scene.running, "event": event})

    for user in (scene.ann, scene.carl):
        chat = user.web("get_chat", {"chat_id": scene.running}, version=version)
        card, message = chat["thread"]["events"][-2:]
        assert card["template_id"] == "cards"
        assert card["elements"] == [{"title": "Shoes"}]
        assert message["postback"] == {"id": "b", "thread_id": "T", "event_id": "E"}


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_products_could_not_be_offered(world: World, scene: Scene, version: str) -> None:
    rich = {"type": "rich_message", "template_id": "ecommerce", "elements": [{"title": "Shoes"}]}
    event = {"chat_id": scene.running, "event": rich}

    with world.nothing_changes(), pytest.raises(Refused) as refused:
        scene.ann.web("send_event", event, version=version)

    assert refused.value.type == "validation"
    assert scene.ann.web("send_event", event, version="3.6").keys() == {"event_id"}


# --- every version ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "header"),
    [("3.4", "Deprecation"), ("3.5", "Legacy"), ("3.6", None), ("3.7", None)],
)
def test_the_stage_of_a_version_is_told(scene: Scene, version: str, header: str | None) -> None:
    response = scene.ann.http("list_chats", version=version)

    assert {"Legacy", "Deprecation"} & set(response.headers) == ({header} if header else set())


def test_the_version_may_stand_in_a_header(scene: Scene) -> None:
    def keys(version: str) -> set[str]:
        response = scene.ann.world.client.post(
            "/agent/action/list_chats",
            b"{}",
            content_type="application/json",
            headers={"Authorization": scene.ann.credentials, "X-API-Version": version},
        )
        return set(response.json())

    assert "chats_info" in keys("3.7")
    assert "chats_summary" in keys("3.6")
    assert keys("3.3") == keys("") == {"error"}


def test_a_frame_may_ask_for_a_newer_version_than_its_socket(acme: Organization) -> None:
    world = World()
    ann = world.agent(acme, "ann", version="3.5")
    ann.login()

    assert "chats_summary" in ann.rtm("list_chats")
    assert "chats_info" in ann.rtm("list_chats", version="3.7")
