"""Customer Chat API: taking an event back, and what each side still sees of it."""

from typing import Any

import pytest

from chatplatform.models import Organization
from tests import make
from tests.world import User, World


@pytest.fixture
def boss(world: World, acme: Organization) -> User:
    """An administrator, connected but not accepting."""
    return world.agent(acme, "boss", role="administrator", online=True, accepting=False)


@pytest.fixture
def chat_id(ann: User, boss: User, carl: User) -> str:
    """A running chat of Ann and Carl, followed by the administrator."""
    answer = carl.call("start_chat", chat={"thread": {"events": [make.message("Hello")]}})
    ann.call("send_event", chat_id=answer["chat_id"], event=make.message("Hi"))
    boss.call("follow_chat", id=answer["chat_id"])
    chat_id: str = answer["chat_id"]
    return chat_id


def send(user: User, chat_id: str, text: str = "My password", **more: Any) -> dict[str, str]:
    """Send a message and return what names it."""
    event_id = user.call("send_event", chat_id=chat_id, event=make.message(text, **more))[
        "event_id"
    ]
    return named(chat_id, event_id)


def named(chat_id: str, event_id: str) -> dict[str, str]:
    return {
        "chat_id": chat_id,
        "thread_id": event_id.rpartition("_")[0],
        "event_id": event_id,
    }


def shown(user: User, chat_id: str, event_id: str) -> dict[str, Any] | None:
    """Return an event as a user sees it in its thread."""
    events = user.call("get_chat", chat_id=chat_id)["thread"]["events"]
    return next((event for event in events if event["id"] == event_id), None)


def newest_message(user: User) -> dict[str, Any] | None:
    """Return the newest message a chat list shows."""
    (info,) = user.call("list_chats")["chats_info"]
    entry = info["last_thread_info"]["last_event_per_type"].get("message")
    return entry and dict(entry["event"])


def test_everybody_who_watches_is_told(world: World, ann: User, carl: User, chat_id: str) -> None:
    sent = send(carl, chat_id)

    with world.capture_pushes() as pushes:
        assert carl.call("delete_event", **sent) == {}

    assert pushes.names == {name: ["event_deleted"] for name in ("ann", "boss", "carl")}
    assert pushes.payload(ann, "event_deleted") == sent
    assert pushes.payload(carl, "event_deleted") == sent


def test_customers_see_nothing_of_it(carl: User, chat_id: str) -> None:
    sent = send(carl, chat_id)

    carl.call("delete_event", **sent)

    assert shown(carl, chat_id, sent["event_id"]) is None
    assert "My password" not in str(carl.call("list_threads", chat_id=chat_id))
    assert (newest_message(carl) or {})["text"] == "Hi"


def test_agents_see_a_stub(ann: User, carl: User, chat_id: str) -> None:
    sent = send(carl, chat_id, custom_id="c1")
    before = shown(ann, chat_id, sent["event_id"])

    carl.call("delete_event", **sent)

    assert before is not None
    assert shown(ann, chat_id, sent["event_id"]) == {
        "id": sent["event_id"],
        "custom_id": "c1",
        "type": "message",
        "author_id": carl.id,
        "created_at": before["created_at"],
        "visibility": "all",
        "deleted": True,
    }
    assert "My password" not in str(ann.call("list_threads", chat_id=chat_id))
    assert (newest_message(ann) or {})["text"] == "Hi"


@pytest.mark.parametrize("role", ["owner", "viceowner", "administrator"])
def test_higher_roles_see_what_it_was(
    world: World, acme: Organization, carl: User, chat_id: str, role: str
) -> None:
    high = world.agent(acme, "high", role=role)
    sent = send(carl, chat_id)
    before = shown(high, chat_id, sent["event_id"])

    carl.call("delete_event", **sent)

    assert before is not None
    assert shown(high, chat_id, sent["event_id"]) == {**before, "deleted": True}
    (thread,) = high.call("list_threads", chat_id=chat_id)["threads"]
    assert {**before, "deleted": True} in thread["events"]


def test_what_agents_share_holds_the_stub_for_everybody(
    world: World, ann: User, boss: User, carl: User, chat_id: str
) -> None:
    carl.call("delete_event", **send(carl, chat_id))
    boss.call("unfollow_chat", id=chat_id)

    with world.capture_pushes() as pushes:
        boss.call("follow_chat", id=chat_id)

    assert "My password" not in str(pushes.heard)
    events = pushes.payload(boss, "incoming_chat")["chat"]["thread"]["events"]
    assert [event.get("deleted", False) for event in events] == [False, False, True]


def test_before_3_6_nobody_knows_of_deleting(
    world: World, acme: Organization, ann: User, boss: User, carl: User, chat_id: str
) -> None:
    old = world.agent(acme, "old", version="3.5")
    old.login(pushes={"3.5": ["all"]})
    old.call("follow_chat", id=chat_id)
    sent = send(carl, chat_id)

    with world.capture_pushes() as pushes:
        carl.call("delete_event", **sent)

    assert "old" not in pushes.names
    for user in (old, boss):
        thread = user.web("get_chat", {"chat_id": chat_id}, version="3.5")["thread"]
        assert [event["text"] for event in thread["events"]] == ["Hello", "Hi"]


def test_only_the_newest_that_is_left_counts_in_lists(carl: User, chat_id: str) -> None:
    first, second = send(carl, chat_id, "One"), send(carl, chat_id, "Two")

    carl.call("delete_event", **first)
    assert (newest_message(carl) or {})["text"] == "Two"

    carl.call("delete_event", **second)
    assert (newest_message(carl) or {})["text"] == "Hi"


def test_the_only_event_of_its_type_leaves_nothing_in_lists(
    world: World, ann: User, carl: User
) -> None:
    chat = carl.call("start_chat", chat={"thread": {"events": [make.message("Oops")]}})

    carl.call("delete_event", **named(chat["chat_id"], chat["event_ids"][0]))

    assert newest_message(carl) is None
    assert newest_message(ann) is None


def test_an_event_of_an_earlier_thread_can_be_taken_back(
    world: World, ann: User, carl: User, chat_id: str
) -> None:
    sent = send(carl, chat_id)
    carl.call("deactivate_chat", id=chat_id)
    carl.call("resume_chat", chat={"id": chat_id})

    with world.capture_pushes() as pushes:
        carl.call("delete_event", **sent)

    assert pushes.payload(carl, "event_deleted") == sent
    thread = carl.call("get_chat", chat_id=chat_id, thread_id=sent["thread_id"])["thread"]
    assert "My password" not in str(thread)


def test_sending_the_same_again_makes_a_new_event(carl: User, chat_id: str) -> None:
    sent = send(carl, chat_id, custom_id="c1")
    carl.call("delete_event", **sent)

    again = send(carl, chat_id, custom_id="c1")

    assert again["event_id"] != sent["event_id"]
    assert shown(carl, chat_id, again["event_id"]) is not None


def test_only_ones_own_events_can_be_taken_back(ann: User, carl: User, chat_id: str) -> None:
    hers = send(ann, chat_id, "I will not tell")
    whisper = send(ann, chat_id, "Psst", visibility="agents")

    assert carl.refused("delete_event", **hers) == "not_allowed"
    assert carl.refused("delete_event", **whisper) == "not_found"


def test_server_made_events_stay(carl: User, chat_id: str) -> None:
    carl.call("deactivate_chat", id=chat_id)
    farewell = carl.call("get_chat", chat_id=chat_id)["thread"]["events"][-1]

    assert farewell["type"] == "system_message"
    assert carl.refused("delete_event", **named(chat_id, farewell["id"])) == "not_allowed"


def test_an_event_is_taken_back_once(carl: User, chat_id: str) -> None:
    sent = send(carl, chat_id)
    carl.call("delete_event", **sent)

    assert carl.refused("delete_event", **sent) == "not_found"


@pytest.mark.parametrize(
    "wrong",
    [
        {"event_id": "NOTHERE000_1"},
        {"event_id": ""},
        {"event_id": "_"},
        {"event_id": "x_²"},
        {"thread_id": "NOTHERE000"},
        {"chat_id": "NOTHERE000"},
    ],
)
def test_what_is_not_there_is_not_found(carl: User, chat_id: str, wrong: dict[str, str]) -> None:
    sent = send(carl, chat_id)

    assert carl.refused("delete_event", **{**sent, **wrong}) == "not_found"


def test_positions_beyond_all_numbers_are_not_found(carl: User, chat_id: str) -> None:
    sent = send(carl, chat_id)
    beyond = f"{sent['thread_id']}_{'9' * 30}"

    assert carl.refused("delete_event", **{**sent, "event_id": beyond}) == "not_found"


def test_another_customers_chat_is_not_found(
    world: World, acme: Organization, carl: User, chat_id: str
) -> None:
    sent = send(carl, chat_id)
    dora = world.customer(acme, "dora")

    assert dora.refused("delete_event", **sent) == "not_found"


# --- files ----------------------------------------------------------------------------------------


def fetch(world: World, url: str) -> int:
    response = world.client.get(url.removeprefix("http://testserver"))
    if response.streaming:
        list(response.streaming_content)
    return int(response.status_code)


def test_the_file_of_a_deleted_event_is_served_no_more(
    world: World, carl: User, boss: User, chat_id: str
) -> None:
    url = carl.upload("note.txt", b"secret", "text/plain")
    event = {"type": "file", "url": url}
    sent = named(chat_id, carl.call("send_event", chat_id=chat_id, event=event)["event_id"])
    assert fetch(world, url) == 200

    carl.call("delete_event", **sent)

    assert fetch(world, url) == 404
    assert carl.refused("send_event", chat_id=chat_id, event=event) == "validation"


def test_a_file_another_event_shows_stays(world: World, carl: User, chat_id: str) -> None:
    event = {"type": "file", "url": carl.upload("note.txt", b"secret", "text/plain")}
    first, second = (
        named(chat_id, carl.call("send_event", chat_id=chat_id, event=event)["event_id"])
        for _ in range(2)
    )

    carl.call("delete_event", **first)
    assert fetch(world, event["url"]) == 200

    carl.call("delete_event", **second)
    assert fetch(world, event["url"]) == 404
