"""Customer Chat API: a customer's chats, threads and events."""

from typing import Any

import pytest

from chatplatform.models import Agent, Customer, Organization
from chatplatform.services import chats as chat_services
from tests import make
from tests.world import User, World


@pytest.fixture
def chat_id(ann: User, carl: User) -> str:
    """A running chat of Ann and Carl."""
    answer = carl.call("start_chat", chat={"thread": {"events": [make.message("Hello")]}})
    chat_id: str = answer["chat_id"]
    return chat_id


def key_of(agent: User) -> str:
    """Return the id under which customers know an agent."""
    return Agent.objects.get(public_id=agent.id).customer_facing_id


# --- start_chat ---------------------------------------------------------------------------------


def test_a_customer_starts_a_chat_and_meets_an_agent(world: World, ann: User, carl: User) -> None:
    with world.capture_pushes() as pushes:
        answer = carl.call("start_chat", chat={"thread": {"events": [make.message("Hello")]}})

    chat = carl.call("get_chat", chat_id=answer["chat_id"])
    thread = chat["thread"]
    (hello,) = thread["events"]
    assert answer == {
        "chat_id": chat["id"],
        "thread_id": thread["id"],
        "event_ids": [hello["id"]],
    }
    source = {"source": {"client_id": chat["properties"]["source"]["client_id"]}}
    assert chat == {
        "id": answer["chat_id"],
        "users": [
            {
                "id": carl.id,
                "type": "customer",
                "name": "Carl",
                "email_verified": False,
                "session_fields": [],
                "statistics": chat["users"][0]["statistics"],
                "present": True,
                "events_seen_up_to": hello["created_at"],
            },
            {
                "id": key_of(ann),
                "type": "agent",
                "name": "Ann",
                "avatar": "",
                "job_title": "",
                "present": True,
            },
        ],
        "access": {"group_ids": [0]},
        "properties": {**source, "routing": {"continuous": False}},
        "thread": {
            "id": thread["id"],
            "created_at": thread["created_at"],
            "active": True,
            "access": {"group_ids": [0]},
            "user_ids": [carl.id, key_of(ann)],
            "properties": {**source, "routing": {"continuous": False}},
            "events": [
                {
                    "id": f"{thread['id']}_1",
                    "type": "message",
                    "text": "Hello",
                    "author_id": carl.id,
                    "recipients": "all",
                    "created_at": hello["created_at"],
                    "properties": source,
                }
            ],
        },
    }
    assert pushes.names == {"ann": ["incoming_chat"], "carl": ["incoming_chat"]}
    assert pushes.payload(carl, "incoming_chat") == {"requester_id": carl.id, "chat": chat}
    told = pushes.payload(ann, "incoming_chat")["chat"]
    assert [user["id"] for user in told["users"]] == [carl.id, ann.id]


def test_a_customer_has_one_chat(carl: User, chat_id: str) -> None:
    assert carl.refused("start_chat") == "chat_limit_reached"

    carl.call("deactivate_chat", id=chat_id)
    assert carl.refused("start_chat") == "chat_limit_reached"


def test_a_licence_may_allow_more_chats(acme: Organization, carl: User, chat_id: str) -> None:
    acme.properties = {"routing": {"max_customer_chats_count": 2}}
    acme.save()

    second = carl.call("start_chat")["chat_id"]

    listed = [chat["id"] for chat in carl.call("list_chats")["chats_info"]]
    assert listed == [second, chat_id]
    assert carl.refused("start_chat") == "chat_limit_reached"


def test_nobody_online_means_no_chat_unless_it_may_wait(carl: User) -> None:
    assert carl.refused("start_chat") == "groups_offline"

    chat_id = carl.call("start_chat", continuous=True)["chat_id"]

    thread = carl.call("get_chat", chat_id=chat_id)["thread"]
    assert thread["queue"]["position"] == 1
    assert thread["properties"]["routing"] == {"continuous": True}


def test_a_closed_chat_needs_nobody(carl: User) -> None:
    chat_id = carl.call("start_chat", active=False)["chat_id"]

    assert carl.call("get_chat", chat_id=chat_id)["thread"]["active"] is False


def test_a_customer_invites_nobody(world: World, acme: Organization, ann: User, carl: User) -> None:
    dora = world.customer(acme, "dora")

    for user in ({"id": ann.id, "type": "agent"}, {"id": dora.id, "type": "customer"}):
        assert carl.refused("start_chat", chat={"users": [user]}) == "validation"

    itself = {"id": carl.id, "type": "customer"}
    assert carl.call("start_chat", chat={"users": [itself]})


def test_customers_start_chats_in_the_group_of_their_page(world: World, acme: Organization) -> None:
    sales = make.group(acme)
    mia = world.agent(acme, "mia", groups=[sales], online=True)
    carl = world.customer(acme, online=False)
    carl.login(group_id=sales.number)

    chat_id = carl.call("start_chat")["chat_id"]

    chat = mia.call("get_chat", chat_id=chat_id)
    assert chat["access"] == {"group_ids": [sales.number]}
    carl.call("deactivate_chat", id=chat_id)
    carl.call("resume_chat", chat={"id": chat_id})
    assert mia.call("get_chat", chat_id=chat_id)["access"] == {"group_ids": [sales.number]}
    carl.call("deactivate_chat", id=chat_id)
    carl.call("resume_chat", chat={"id": chat_id, "access": {"group_ids": [0]}})
    assert mia.call("get_chat", chat_id=chat_id)["access"] == {"group_ids": [0]}


def test_customers_name_groups_that_exist(carl: User) -> None:
    chat = {"access": {"group_ids": [5]}}

    assert carl.refused("start_chat", chat=chat, continuous=True) == "group_not_found"


def test_properties_customers_may_set(ann: User, carl: User) -> None:
    rating = {"rating": {"score": 1, "comment": "fine"}}
    pinned = {"routing": {"pinned": True}}
    assert carl.refused("start_chat", chat={"properties": pinned}) == "authorization"
    wrong = {"rating": {"score": 2}}
    assert carl.refused("start_chat", chat={"thread": {"properties": wrong}}) == "validation"

    answer = carl.call("start_chat", chat={"thread": {"properties": rating}})

    assert carl.call("get_chat", chat_id=answer["chat_id"])["thread"]["properties"]["rating"] == {
        "score": 1,
        "comment": "fine",
    }


def test_customers_see_only_properties_they_may_read(ann: User, carl: User, chat_id: str) -> None:
    agents = ann.call("get_chat", chat_id=chat_id)["thread"]["properties"]["routing"]
    customers = carl.call("get_chat", chat_id=chat_id)["thread"]["properties"]["routing"]

    assert agents.keys() == {"continuous", "idle", "pinned", "unassigned", "unreplied"}
    assert customers.keys() == {"continuous"}


# --- resume_chat, deactivate_chat ---------------------------------------------------------------


def test_a_customer_closes_and_resumes_a_chat(
    world: World, ann: User, carl: User, chat_id: str
) -> None:
    first = carl.call("get_chat", chat_id=chat_id)["thread"]["id"]
    with world.capture_pushes() as pushes:
        assert carl.call("deactivate_chat", id=chat_id) == {}

    assert pushes.names == {
        name: ["incoming_event", "chat_deactivated"] for name in ("ann", "carl")
    }
    farewell = pushes.payload(carl, "incoming_event")["event"]
    assert farewell["system_message_type"] == "manual_archived_customer"
    assert farewell["text"] == "Carl archived the chat"
    about = {"chat_id": chat_id, "thread_id": first, "user_id": carl.id}
    assert pushes.payload(carl, "chat_deactivated") == about
    assert pushes.payload(ann, "chat_deactivated") == about

    with world.capture_pushes() as pushes:
        answer = carl.call(
            "resume_chat", chat={"id": chat_id, "thread": {"events": [make.message("Again")]}}
        )

    chat = carl.call("get_chat", chat_id=chat_id)
    assert answer == {
        "thread_id": chat["thread"]["id"],
        "event_ids": [f"{chat['thread']['id']}_1"],
    }
    assert chat["thread"]["previous_thread_id"] == first
    assert [user["present"] for user in chat["users"]] == [True, True]
    assert pushes.names == {"ann": ["incoming_chat"], "carl": ["incoming_chat"]}
    assert carl.refused("resume_chat", chat={"id": chat_id}) == "chat_already_active"


def test_a_closed_chat_is_not_closed_again(carl: User, chat_id: str) -> None:
    carl.call("deactivate_chat", id=chat_id)

    assert carl.refused("deactivate_chat", id=chat_id) == "chat_inactive"


def test_resuming_needs_somebody_online(world: World, ann: User, carl: User, chat_id: str) -> None:
    carl.call("deactivate_chat", id=chat_id)
    ann.call("set_routing_status", status="not_accepting_chats")

    assert carl.refused("resume_chat", chat={"id": chat_id}) == "groups_offline"


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("get_chat", {"chat_id": "{}"}),
        ("list_threads", {"chat_id": "{}"}),
        ("resume_chat", {"chat": {"id": "{}"}}),
        ("deactivate_chat", {"id": "{}"}),
        ("send_event", {"chat_id": "{}", "event": make.message()}),
        ("send_event", {"chat_id": "{}", "event": make.message(), "attach_to_last_thread": True}),
        ("send_sneak_peek", {"chat_id": "{}", "sneak_peek_text": "x"}),
        ("mark_events_as_seen", {"chat_id": "{}", "seen_up_to": "2030-01-01T00:00:00Z"}),
    ],
)
@pytest.mark.parametrize("whose", ["somebody's", "nobody's"])
def test_another_customers_chat_does_not_exist(
    world: World,
    acme: Organization,
    chat_id: str,
    action: str,
    payload: dict[str, Any],
    whose: str,
) -> None:
    dora = world.customer(acme, "dora")
    asked = chat_id if whose == "somebody's" else "ABCDEFGHIJ"

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: filled(one) for name, one in value.items()}
        return asked if value == "{}" else value

    assert dora.refused(action, **filled(payload)) == "not_found"


# --- send_event ---------------------------------------------------------------------------------


def test_a_customer_sends_a_message(world: World, ann: User, carl: User, chat_id: str) -> None:
    with world.capture_pushes() as pushes:
        answer = carl.call("send_event", chat_id=chat_id, event=make.message("Hi", custom_id="c"))

    stored = carl.call("get_chat", chat_id=chat_id)["thread"]["events"][-1]
    thread_id = stored["id"].rpartition("_")[0]
    assert answer == {"event_id": stored["id"]}
    assert stored == {
        "id": f"{thread_id}_2",
        "type": "message",
        "text": "Hi",
        "custom_id": "c",
        "author_id": carl.id,
        "recipients": "all",
        "created_at": stored["created_at"],
        "properties": stored["properties"],
    }
    told = {"chat_id": chat_id, "thread_id": thread_id, "event": stored}
    assert pushes.to(carl) == [("incoming_event", told)]
    assert pushes.names == {"ann": ["incoming_event"], "carl": ["incoming_event"]}


def test_the_request_id_comes_back_with_the_push_on_that_connection_only(
    carl: User, chat_id: str
) -> None:
    other = carl.connections[0]
    carl.login()

    carl.rtm("send_event", {"chat_id": chat_id, "event": make.message()}, request_id="r1")

    assert carl.heard[-1].request_id == "r1"
    assert other.heard[-1].action == "incoming_event"
    assert other.heard[-1].request_id is None


@pytest.mark.parametrize("field", ["visibility", "recipients"])
def test_a_customers_event_is_for_all_whatever_it_says(
    ann: User, carl: User, chat_id: str, field: str
) -> None:
    event = {**make.message("psst"), field: "agents"}

    carl.call("send_event", chat_id=chat_id, event=event)

    stored = carl.call("get_chat", chat_id=chat_id)["thread"]["events"][-1]
    assert (stored["text"], stored["recipients"]) == ("psst", "all")


def test_an_inactive_chat_takes_events_into_its_last_thread_on_demand(
    world: World, ann: User, carl: User, chat_id: str
) -> None:
    carl.call("deactivate_chat", id=chat_id)
    sent = {"chat_id": chat_id, "event": make.message("P.S.", custom_id="ps")}
    assert carl.refused("send_event", **sent) == "chat_inactive"

    with world.capture_pushes() as pushes:
        answer = carl.call("send_event", **sent, attach_to_last_thread=True)

    thread = carl.call("get_chat", chat_id=chat_id)["thread"]
    assert thread["active"] is False
    assert answer["event_id"] == thread["events"][-1]["id"] == f"{thread['id']}_3"
    assert pushes.names == {"ann": ["incoming_event"], "carl": ["incoming_event"]}
    assert carl.call("send_event", **sent, attach_to_last_thread=True) == answer
    assert len(carl.call("get_chat", chat_id=chat_id)["thread"]["events"]) == 3


def test_attaching_means_nothing_while_the_chat_runs(carl: User, chat_id: str) -> None:
    sent = {"chat_id": chat_id, "event": make.message(), "attach_to_last_thread": True}

    thread_id = carl.call("get_chat", chat_id=chat_id)["thread"]["id"]

    assert carl.call("send_event", **sent) == {"event_id": f"{thread_id}_2"}


def test_a_customer_sends_a_filled_form(ann: User, carl: User, chat_id: str) -> None:
    form = {
        "type": "filled_form",
        "form_id": "f1",
        "form_type": "prechat",
        "fields": [
            {"id": "1", "type": "name", "label": "Name", "answer": "Carl"},
            {"id": "2", "type": "radio", "label": "Size", "answer": {"id": "0", "label": "L"}},
            {
                "id": "3",
                "type": "checkbox",
                "label": "Colours",
                "answers": [{"id": "0", "label": "red"}, {"id": "1", "label": "blue"}],
            },
            {
                "id": "4",
                "type": "group_chooser",
                "label": "Who",
                "answer": {"id": "0", "group_id": 0, "label": "General"},
            },
        ],
    }

    carl.call("send_event", chat_id=chat_id, event=form)

    for user in (ann, carl):
        stored = user.call("get_chat", chat_id=chat_id)["thread"]["events"][-1]
        assert {name: stored[name] for name in form} == form


@pytest.mark.parametrize(
    "field",
    [
        {"id": "1", "type": "name", "label": "Name", "answer": {"id": "0", "label": "L"}},
        {"id": "1", "type": "radio", "label": "Size", "answer": "L"},
        {"id": "1", "type": "checkbox", "label": "Colours"},
        {"id": "1", "type": "name"},
        "name",
    ],
    ids=str,
)
def test_an_answer_fits_its_question(carl: User, chat_id: str, field: Any) -> None:
    form = {"type": "filled_form", "form_id": "f1", "fields": [field]}

    assert carl.refused("send_event", chat_id=chat_id, event=form) == "validation"


def test_a_customer_sends_a_file(ann: User, carl: User, chat_id: str) -> None:
    url = carl.upload("notes.txt", b"Some text", "text/plain")

    carl.call("send_event", chat_id=chat_id, event={"type": "file", "url": url})

    stored = carl.call("get_chat", chat_id=chat_id)["thread"]["events"][-1]
    assert {name: stored[name] for name in ("name", "url", "content_type", "size")} == {
        "name": "notes.txt",
        "url": url,
        "content_type": "text/plain",
        "size": 9,
    }


def test_a_file_of_another_organisation_can_not_be_sent(
    world: World, carl: User, chat_id: str
) -> None:
    stranger = world.customer(make.organization("Other"))
    url = stranger.upload("notes.txt", b"Some text", "text/plain")

    event = {"type": "file", "url": url}
    assert carl.refused("send_event", chat_id=chat_id, event=event) == "validation"


# --- send_sneak_peek, mark_events_as_seen -------------------------------------------------------


def test_agents_see_what_a_customer_types(
    world: World, acme: Organization, ann: User, carl: User, chat_id: str
) -> None:
    bob = world.agent(acme, "bob", online=True, accepting=False)
    eve = world.agent(acme, "eve", online=True, accepting=False)
    bob.call("follow_chat", id=chat_id)

    with world.capture_pushes() as pushes:
        assert carl.call("send_sneak_peek", chat_id=chat_id, sneak_peek_text="I thi") == {}

    assert pushes.names == {"ann": ["incoming_sneak_peek"], "bob": ["incoming_sneak_peek"]}
    assert eve.heard[-1].action != "incoming_sneak_peek"
    told = pushes.payload(ann, "incoming_sneak_peek")
    assert told["sneak_peek"] == {
        "author_id": carl.id,
        "text": "I thi",
        "timestamp": told["sneak_peek"]["timestamp"],
    }


def test_nothing_is_peeked_in_an_inactive_chat(carl: User, chat_id: str) -> None:
    carl.call("deactivate_chat", id=chat_id)

    peek = {"chat_id": chat_id, "sneak_peek_text": "x"}
    assert carl.refused("send_sneak_peek", **peek) == "chat_inactive"


def test_a_customer_marks_events_as_seen(world: World, ann: User, carl: User, chat_id: str) -> None:
    ann.call("send_event", chat_id=chat_id, event=make.message())
    moment = carl.call("get_chat", chat_id=chat_id)["thread"]["events"][-1]["created_at"]
    assert carl.login()["chats"][0]["has_unread_events"] is True

    with world.capture_pushes() as pushes:
        carl.rtm("mark_events_as_seen", {"chat_id": chat_id, "seen_up_to": moment})

    told = {"user_id": carl.id, "chat_id": chat_id, "seen_up_to": moment}
    assert pushes.to(ann) == [("events_marked_as_seen", told)]
    assert pushes.to(carl) == [("events_marked_as_seen", told)] * 2
    assert carl.login()["chats"][0]["has_unread_events"] is False
    with world.nothing_changes():
        carl.call("mark_events_as_seen", chat_id=chat_id, seen_up_to="2020-01-01T00:00:00Z")


# --- lists --------------------------------------------------------------------------------------


@pytest.fixture
def three_chats(acme: Organization, carl: User) -> list[str]:
    """Three chats of one customer, where a licence allows them, newest first."""
    acme.properties = {"routing": {"max_customer_chats_count": 100}}
    acme.save()
    started = [carl.call("start_chat", continuous=True)["chat_id"] for _ in range(3)]
    return started[::-1]


def test_customers_list_their_own_chats(
    world: World, acme: Organization, ann: User, carl: User, chat_id: str
) -> None:
    other = world.customer(acme, "dora")
    other.call("start_chat")

    answer = carl.call("list_chats")

    chat = carl.call("get_chat", chat_id=chat_id)
    thread = chat.pop("thread")
    assert answer == {
        "chats_info": [
            {
                **chat,
                "active": True,
                "last_thread_info": {
                    "id": thread["id"],
                    "created_at": thread["created_at"],
                    "last_event_per_type": {"message": {"event": thread["events"][0]}},
                },
            }
        ],
        "total_chats": 1,
    }


def test_customers_lists_have_pages(carl: User, three_chats: list[str]) -> None:
    first = carl.call("list_chats", limit=2)
    second = carl.call("list_chats", page_id=first["next_page_id"])

    listed = [chat["id"] for page in (first, second) for chat in page["chats_info"]]
    assert listed == three_chats
    assert first["total_chats"] == 3
    back = carl.call("list_chats", page_id=second["previous_page_id"])
    assert back["chats_info"] == first["chats_info"]
    oldest = carl.call("list_chats", sort_order="asc", limit=1)
    assert oldest["chats_info"][0]["id"] == three_chats[-1]
    assert carl.refused("list_chats", limit=26) == "validation"


def test_customers_list_threads(ann: User, carl: User, chat_id: str) -> None:
    for _ in range(3):
        carl.call("deactivate_chat", id=chat_id)
        carl.call("resume_chat", chat={"id": chat_id})

    answer = carl.call("list_threads", chat_id=chat_id)

    assert len(answer["threads"]) == 3
    assert answer["found_threads"] == 4
    newest = carl.call("get_chat", chat_id=chat_id)["thread"]
    assert answer["threads"][0] == newest
    rest = carl.call("list_threads", chat_id=chat_id, page_id=answer["next_page_id"])
    assert [thread["id"] for thread in rest["threads"]] == [
        answer["threads"][-1]["previous_thread_id"]
    ]
    both = {"chat_id": chat_id, "limit": 1, "min_events_count": 1}
    assert carl.refused("list_threads", **both) == "validation"


def test_lists_cost_the_same_whatever_their_length(
    acme: Organization, carl: User, three_chats: list[str]
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for _ in range(22):
        carl.call("start_chat", continuous=True)

    def queries(limit: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert len(carl.call("list_chats", limit=limit)["chats_info"]) == limit
        return len(captured)

    assert queries(25) == queries(1)


def test_a_customers_threads_cost_the_same_whatever_their_number(
    acme: Organization, carl: User
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    chat = make.chat(Customer.objects.get(id=carl.id))
    chat_services.deactivate_chat(make.requester(chat.customer), chat.id)
    for _ in range(25):
        make.thread(chat, texts=["x"])

    def queries(limit: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            answer = carl.call("list_threads", chat_id=chat.id, limit=limit)
        assert len(answer["threads"]) == limit
        return len(captured)

    assert queries(25) == queries(1)
