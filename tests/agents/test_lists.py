"""Agent Chat API: reading chats, threads and customers."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chatplatform import clock
from chatplatform.models import Agent, Chat, Event, Organization, Thread
from chatplatform.selectors import chats as chat_selectors
from chatplatform.services import chats as chat_services
from chatplatform.services import deletion
from tests import make
from tests.world import Refused, User, World


def ids(answer: dict[str, Any]) -> list[str]:
    return [chat["id"] for chat in answer["chats_info"]]


def some_chats(organization: Organization, count: int, **about: Any) -> list[Chat]:
    """Start chats of a customer each, oldest first."""
    return [make.chat(make.customer(organization), **about) for _ in range(count)]


@pytest.fixture
def boss(world: World, acme: Organization) -> User:
    """An administrator, who sees every chat."""
    return world.agent(acme, "boss", role="administrator")


@pytest.fixture
def agent(world: World, acme: Organization) -> User:
    """An agent who is not connected."""
    return world.agent(acme, "agent")


# --- list_chats ---------------------------------------------------------------------------------


def test_a_chat_in_a_list(world: World, acme: Organization, ann: User, carl: User) -> None:
    started = carl.call("start_chat", chat={"thread": {"events": [make.message("Hello")]}})

    answer = ann.call("list_chats")

    chat = ann.call("get_chat", chat_id=started["chat_id"])
    thread = chat.pop("thread")
    (hello,) = thread.pop("events")
    assert answer == {
        "chats_info": [
            {
                **chat,
                "last_thread_info": {
                    **thread,
                    "last_event_per_type": {"message": {"event": hello}},
                },
            }
        ],
        "found_chats": 1,
    }


@pytest.mark.parametrize("who", ["agent", "boss"])
def test_chats_are_listed_by_the_start_of_their_last_thread(
    request: pytest.FixtureRequest, acme: Organization, who: str
) -> None:
    user: User = request.getfixturevalue(who)
    first, second, third = some_chats(acme, 3)
    chat_services.deactivate_chat(make.requester(first.customer), first.id)
    make.thread(first)

    assert ids(user.call("list_chats")) == [first.id, third.id, second.id]
    assert ids(user.call("list_chats", sort_order="asc")) == [second.id, third.id, first.id]


@pytest.mark.parametrize("who", ["agent", "boss"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_lead_through_the_whole_list_and_back(
    request: pytest.FixtureRequest, acme: Organization, who: str, order: str
) -> None:
    user: User = request.getfixturevalue(who)
    expected = [chat.id for chat in some_chats(acme, 5)]
    if order == "desc":
        expected.reverse()

    first = user.call("list_chats", limit=2, sort_order=order)
    second = user.call("list_chats", page_id=first["next_page_id"])
    third = user.call("list_chats", page_id=second["next_page_id"])

    assert ids(first) + ids(second) + ids(third) == expected
    assert "previous_page_id" not in first
    assert "next_page_id" not in third
    assert {page["found_chats"] for page in (first, second, third)} == {5}
    back = user.call("list_chats", page_id=third["previous_page_id"])
    assert ids(back) == ids(second)
    front = user.call("list_chats", page_id=back["previous_page_id"])
    assert ids(front) == ids(first)
    assert "previous_page_id" not in front


def test_a_page_keeps_its_filters(agent: User, acme: Organization) -> None:
    closed = some_chats(acme, 3)
    for chat in closed:
        chat_services.deactivate_chat(make.requester(chat.customer), chat.id)
    some_chats(acme, 2)

    first = agent.call("list_chats", filters={"active": False}, limit=2)
    rest = agent.call("list_chats", page_id=first["next_page_id"])

    assert sorted(ids(first) + ids(rest)) == sorted(chat.id for chat in closed)
    assert first["found_chats"] == rest["found_chats"] == 3


def test_lists_are_ten_long_unless_told_otherwise(agent: User, acme: Organization) -> None:
    some_chats(acme, 12)

    assert len(ids(agent.call("list_chats"))) == 10
    assert len(ids(agent.call("list_chats", limit=100))) == 12


@pytest.mark.parametrize(
    "payload",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": -1},
        {"limit": 2**63},
        {"limit": "10"},
        {"limit": 1.5},
        {"limit": True},
        {"sort_order": "up"},
        {"page_id": "made up"},
        {"page_id": ""},
        {"page_id": 5},
        {"filters": []},
        {"filters": {"active": "yes"}},
        {"filters": {"group_ids": "0"}},
        {"filters": {"group_ids": [-1]}},
        {"filters": {"group_ids": [2**31]}},
        {"filters": {"group_ids": [0] * 201}},
        {"filters": {"properties": {"mine": {"name": {"exists": True}}}}},
        {"filters": {"properties": {"routing": {"continuous": {}}}}},
        {"filters": {"properties": {"routing": {"continuous": True}}}},
        {"filters": {"properties": {"routing": {"continuous": {"exists": True, "values": []}}}}},
    ],
    ids=str,
)
def test_a_wrong_list_is_refused(agent: User, payload: dict[str, Any]) -> None:
    assert agent.refused("list_chats", **payload) == "validation"


def test_a_page_goes_with_nothing_else(agent: User, acme: Organization) -> None:
    some_chats(acme, 2)
    page_id = agent.call("list_chats", limit=1)["next_page_id"]

    for beside in ({"limit": 1}, {"sort_order": "asc"}, {"filters": {"active": True}}):
        assert agent.refused("list_chats", page_id=page_id, **beside) == "validation"


def test_a_page_belongs_to_who_asked_for_it(
    world: World, agent: User, boss: User, acme: Organization
) -> None:
    chat = some_chats(acme, 2)[0]
    page_id = boss.call("list_chats", limit=1)["next_page_id"]

    assert agent.refused("list_chats", page_id=page_id) == "validation"
    assert boss.refused("list_threads", chat_id=chat.id, page_id=page_id) == "validation"
    assert boss.call("list_chats", page_id=page_id)


def test_lists_can_be_narrowed_to_running_or_closed_chats(agent: User, acme: Organization) -> None:
    running, closed = some_chats(acme, 2)
    chat_services.deactivate_chat(make.requester(closed.customer), closed.id)

    assert ids(agent.call("list_chats", filters={"active": True})) == [running.id]
    assert ids(agent.call("list_chats", filters={"active": False})) == [closed.id]
    assert ids(agent.call("list_chats", filters={"active": None})) == [closed.id, running.id]


def test_agents_list_the_chats_of_their_groups_and_their_own(
    world: World, acme: Organization
) -> None:
    sales, support = make.group(acme, "Sales"), make.group(acme, "Support")
    mia = world.agent(acme, "mia", groups=[sales])
    for_all, for_sales, for_support, general = [
        some_chats(acme, 1, groups=numbers)[0]
        for numbers in ([0, 1], [sales.number], [support.number], [0])
    ]
    own = mia.call("start_chat", chat={"access": {"group_ids": [support.number]}})["chat_id"]

    assert set(ids(mia.call("list_chats"))) == {for_all.id, for_sales.id, general.id, own}
    boss = world.agent(acme, "boss", role="administrator")
    assert for_support.id in ids(boss.call("list_chats"))


@pytest.mark.parametrize("role", ["normal", "administrator"])
def test_lists_can_be_narrowed_to_groups(world: World, acme: Organization, role: str) -> None:
    sales, support = make.group(acme, "Sales"), make.group(acme, "Support")
    user = world.agent(acme, "mia", role=role, groups=[sales])
    (for_sales,) = some_chats(acme, 1, groups=[sales.number])
    (for_support,) = some_chats(acme, 1, groups=[support.number])
    (general,) = some_chats(acme, 1)

    def listed(*numbers: int) -> list[str]:
        return ids(user.call("list_chats", filters={"group_ids": list(numbers)}))

    assert listed(sales.number) == [for_sales.id]
    assert listed(0, sales.number) == [general.id, for_sales.id]
    assert listed(support.number) == ([for_support.id] if role == "administrator" else [])
    assert listed(99) == []
    empty = ids(user.call("list_chats", filters={"group_ids": []}))
    assert len(empty) == (3 if role == "administrator" else 2)


def test_lists_of_other_groups_hold_the_chats_one_took_part_in(
    world: World, acme: Organization
) -> None:
    sales, support = make.group(acme, "Sales"), make.group(acme, "Support")
    mia = world.agent(acme, "mia", groups=[sales])
    some_chats(acme, 2, groups=[support.number])
    shared = mia.call("start_chat", chat={"access": {"group_ids": [0, support.number]}})["chat_id"]
    own = mia.call("start_chat", chat={"access": {"group_ids": [support.number]}})["chat_id"]

    answer = mia.call("list_chats", filters={"group_ids": [support.number, sales.number]})

    assert ids(answer) == [own, shared]
    assert answer["found_chats"] == 2
    (first,) = mia.call("list_chats", filters={"group_ids": [support.number]}, limit=1)[
        "chats_info"
    ]
    assert first["id"] == own
    assert mia.call("list_chats", filters={"group_ids": [sales.number]})["found_chats"] == 0


@pytest.mark.parametrize("who", ["agent", "boss"])
def test_lists_can_be_narrowed_by_properties(
    request: pytest.FixtureRequest, acme: Organization, who: str
) -> None:
    user: User = request.getfixturevalue(who)
    plain, one, two = some_chats(acme, 3)
    for chat, number in ((one, 1), (two, 2)):
        chat.properties["test"] = {"int_property": number}
        chat.save()

    def listed(**condition: Any) -> list[str]:
        filters = {"properties": {"test": {"int_property": condition}}}
        return ids(user.call("list_chats", filters=filters))

    assert listed(exists=True) == [two.id, one.id]
    assert listed(exists=False) == [plain.id]
    assert listed(values=[1]) == [one.id]
    assert listed(values=[1, 2, 3]) == [two.id, one.id]
    assert listed(values=[]) == []
    assert listed(values=["1", None, {}, [], 1.5]) == []
    assert listed(exclude_values=[1]) == [two.id, plain.id]
    assert listed(exclude_values=[]) == [two.id, one.id, plain.id]


def test_a_list_shows_the_newest_event_of_each_type(ann: User, carl: User) -> None:
    chat_id = carl.call("start_chat", chat={"thread": {"events": [make.message("1")]}})["chat_id"]
    ann.call("send_event", chat_id=chat_id, event={"type": "custom", "content": {"n": 1}})
    ann.call("send_event", chat_id=chat_id, event=make.message("2", visibility="agents"))
    carl.call("send_event", chat_id=chat_id, event=make.message("3"))
    ann.call("send_event", chat_id=chat_id, event=make.message("4", visibility="agents"))

    (chat,) = ann.call("list_chats")["chats_info"]

    newest = chat["last_thread_info"]["last_event_per_type"]
    assert {kind: entry["event"].get("text") for kind, entry in newest.items()} == {
        "message": "4",
        "custom": None,
    }
    (chat,) = carl.call("list_chats")["chats_info"]
    newest = chat["last_thread_info"]["last_event_per_type"]
    assert {kind: entry["event"].get("text") for kind, entry in newest.items()} == {
        "message": "3",
        "custom": None,
    }


def test_the_newest_events_are_those_of_the_last_thread_and_before_3_7_of_all(
    ann: User, carl: User
) -> None:
    chat_id = carl.call("start_chat", chat={"thread": {"events": [make.message("1")]}})["chat_id"]
    first = ann.call("get_chat", chat_id=chat_id)["thread"]
    carl.call("deactivate_chat", id=chat_id)
    ann.call("resume_chat", chat={"id": chat_id})
    ann.call("send_event", chat_id=chat_id, event={"type": "custom", "content": {}})

    (chat,) = ann.call("list_chats")["chats_info"]
    assert chat["last_thread_info"]["last_event_per_type"].keys() == {"custom"}
    for user in (ann, carl):
        (chat,) = user.web("list_chats", version="3.6")["chats_summary"]
        newest = chat["last_event_per_type"]
        assert newest.keys() == {"custom", "message", "system_message"}
        assert newest["message"]["event"]["text"] == "1"
        assert newest["message"]["thread_id"] == first["id"]
        assert newest["message"]["thread_created_at"] == first["created_at"]


def test_before_3_7_the_newest_of_two_older_threads_is_listed(ann: User, carl: User) -> None:
    chat_id = carl.call("start_chat", chat={"thread": {"events": [make.message("1")]}})["chat_id"]
    carl.call("deactivate_chat", id=chat_id)
    ann.call("resume_chat", chat={"id": chat_id})
    ann.call("send_event", chat_id=chat_id, event=make.message("2", visibility="agents"))
    ann.call("deactivate_chat", id=chat_id)
    ann.call("resume_chat", chat={"id": chat_id})

    (chat,) = ann.web("list_chats", version="3.6")["chats_summary"]

    assert chat["last_event_per_type"]["message"]["event"]["text"] == "2"
    (chat,) = carl.web("list_chats", version="3.6")["chats_summary"]
    assert chat["last_event_per_type"]["message"]["event"]["text"] == "1"


def test_a_list_reads_no_other_events_than_it_shows(
    agent: User, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    for length in (1, 3, 5):
        (chat,) = some_chats(acme, 1, texts=["first"])
        for _ in range(length):
            make.event(chat, chat.customer, "later")  # type: ignore[arg-type]
    read: list[str] = []
    noted = Event.from_db

    def from_db(db: Any, names: Any, values: Any) -> Event:
        event = noted(db, names, values)
        read.append(event.public_id)
        return event

    monkeypatch.setattr(Event, "from_db", from_db)

    infos = agent.call("list_chats")["chats_info"]

    shown = [info["last_thread_info"]["last_event_per_type"]["message"] for info in infos]
    assert sorted(read) == sorted(entry["event"]["id"] for entry in shown)


def test_a_list_costs_the_same_whatever_its_length(agent: User, acme: Organization) -> None:
    def queries(limit: int) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert len(ids(agent.call("list_chats", limit=limit))) == limit
        return len(captured)

    for chat in some_chats(acme, 25):
        make.event(chat, chat.customer)

    assert queries(25) == queries(1)


def test_chats_that_go_while_they_are_read_are_left_out(
    world: World, acme: Organization, boss: User
) -> None:
    first, second = some_chats(acme, 2)
    reader = make.requester(Agent.objects.get(public_id=boss.id))
    listed = [first, second]
    world.act(lambda: deletion.delete_chat(acme.id, first.id))

    infos = chat_selectors.chat_infos(listed, reader)

    assert [info["id"] for info in infos] == [second.id]


# --- list_threads -------------------------------------------------------------------------------


@pytest.fixture
def long_chat(acme: Organization) -> Chat:
    """A chat of five closed threads with one, two, … messages and a farewell each."""
    chat = make.chat(make.customer(acme), texts=["1.1"])
    chat_services.deactivate_chat(make.requester(chat.customer), chat.id)
    for number in range(2, 6):
        make.thread(chat, texts=[f"{number}.{part}" for part in range(1, number + 1)])
    return Chat.objects.get(id=chat.id)


def heads(answer: dict[str, Any]) -> list[str]:
    return [thread["events"][0]["text"] for thread in answer["threads"]]


def test_threads_are_listed_newest_first_three_at_a_time(agent: User, long_chat: Chat) -> None:
    answer = agent.call("list_threads", chat_id=long_chat.id)

    assert heads(answer) == ["5.1", "4.1", "3.1"]
    assert answer["found_threads"] == 5
    assert (
        answer["threads"][1]
        == (
            agent.call("get_chat", chat_id=long_chat.id, thread_id=answer["threads"][1]["id"])[
                "thread"
            ]
        )
    )
    rest = agent.call("list_threads", chat_id=long_chat.id, page_id=answer["next_page_id"])
    assert heads(rest) == ["2.1", "1.1"]
    assert "next_page_id" not in rest
    back = agent.call("list_threads", chat_id=long_chat.id, page_id=rest["previous_page_id"])
    assert heads(back) == heads(answer)
    assert "previous_page_id" not in back


def test_threads_can_be_listed_oldest_first(agent: User, long_chat: Chat) -> None:
    answer = agent.call("list_threads", chat_id=long_chat.id, sort_order="asc", limit=2)
    rest = agent.call("list_threads", chat_id=long_chat.id, page_id=answer["next_page_id"])

    assert heads(answer) + heads(rest) == ["1.1", "2.1", "3.1", "4.1"]


def test_threads_are_linked_to_their_neighbours(agent: User, long_chat: Chat) -> None:
    threads = agent.call("list_threads", chat_id=long_chat.id, limit=5)["threads"]

    numbers = [thread["id"] for thread in threads]
    assert [thread.get("previous_thread_id") for thread in threads] == [*numbers[1:], None]
    assert [thread.get("next_thread_id") for thread in threads] == [None, *numbers[:-1]]


def test_threads_between_two_moments(agent: User, long_chat: Chat) -> None:
    moments = [
        clock.to_wire(created)
        for created in Thread.objects.order_by("number").values_list("created_at", flat=True)
    ]

    def listed(**filters: str) -> list[str]:
        return heads(agent.call("list_threads", chat_id=long_chat.id, filters=filters))

    assert listed(**{"from": moments[3]}) == ["5.1", "4.1"]
    assert listed(to=moments[1]) == ["2.1", "1.1"]
    assert listed(**{"from": moments[1], "to": moments[2]}) == ["3.1", "2.1"]
    assert listed(**{"from": moments[2], "to": moments[1]}) == []
    count = agent.call("list_threads", chat_id=long_chat.id, filters={"to": moments[1]}, limit=1)[
        "found_threads"
    ]
    assert count == 2


def test_whole_threads_until_there_are_enough_events(agent: User, long_chat: Chat) -> None:
    def listed(count: int) -> list[str]:
        return heads(agent.call("list_threads", chat_id=long_chat.id, min_events_count=count))

    assert listed(1) == ["5.1"]
    assert listed(6) == ["5.1"]
    assert listed(7) == ["5.1", "4.1"]
    assert listed(100) == ["5.1", "4.1", "3.1", "2.1", "1.1"]


def test_pages_of_enough_events_lead_through_all_threads(agent: User, long_chat: Chat) -> None:
    first = agent.call("list_threads", chat_id=long_chat.id, min_events_count=7)
    second = agent.call("list_threads", chat_id=long_chat.id, page_id=first["next_page_id"])
    third = agent.call("list_threads", chat_id=long_chat.id, page_id=second["next_page_id"])

    assert heads(second) == ["3.1", "2.1"]
    assert heads(third) == ["1.1"]
    assert "next_page_id" not in third


def test_threads_without_events_end_no_list_early(
    world: World, agent: User, acme: Organization
) -> None:
    chat_id = agent.call("start_chat", chat={"thread": {"events": [make.message("first")]}})[
        "chat_id"
    ]
    agent.call("deactivate_chat", id=chat_id)
    for _ in range(4):
        agent.call("resume_chat", chat={"id": chat_id}, active=False)

    answer = agent.call("list_threads", chat_id=chat_id, min_events_count=1)

    assert len(answer["threads"]) == 5
    assert answer["threads"][-1]["events"][0]["text"] == "first"
    assert "next_page_id" not in answer


@pytest.mark.parametrize(
    "payload",
    [
        {"limit": 101},
        {"min_events_count": 0},
        {"min_events_count": 101},
        {"min_events_count": 1, "limit": 1},
        {"min_events_count": 1, "filters": {"from": "2020-01-01T00:00:00Z"}},
        {"filters": {"from": "soon"}},
        {"filters": {"to": 5}},
        {"chat_id": 5},
        {"chat_id": None},
    ],
    ids=str,
)
def test_a_wrong_list_of_threads_is_refused(
    agent: User, long_chat: Chat, payload: dict[str, Any]
) -> None:
    assert agent.refused("list_threads", **{"chat_id": long_chat.id, **payload}) == "validation"


def test_a_page_belongs_to_its_chat(agent: User, long_chat: Chat, acme: Organization) -> None:
    (other,) = some_chats(acme, 1)
    page_id = agent.call("list_threads", chat_id=long_chat.id)["next_page_id"]

    assert agent.refused("list_threads", chat_id=other.id, page_id=page_id) == "validation"


def test_a_page_expires_after_a_month(
    agent: User, long_chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    page_id = agent.call("list_threads", chat_id=long_chat.id)["next_page_id"]
    monkeypatch.setattr("chatplatform.api.pagination.MAX_AGE", timedelta(seconds=-1))

    assert agent.refused("list_threads", chat_id=long_chat.id, page_id=page_id) == "validation"


def test_a_list_of_threads_costs_the_same_whatever_its_length(
    agent: User, acme: Organization
) -> None:
    chat = make.chat(make.customer(acme))
    chat_services.deactivate_chat(make.requester(chat.customer), chat.id)
    for _ in range(25):
        make.thread(chat, texts=["x"])

    def queries(limit: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            answer = agent.call("list_threads", chat_id=chat.id, limit=limit)
        assert len(answer["threads"]) == limit
        return len(captured)

    assert queries(25) == queries(1)


# --- get_chat -----------------------------------------------------------------------------------


def test_any_thread_of_a_chat_can_be_read(agent: User, long_chat: Chat, acme: Organization) -> None:
    oldest = Thread.objects.get(chat=long_chat, number=1)

    chat = agent.call("get_chat", chat_id=long_chat.id, thread_id=oldest.id)

    assert chat["thread"]["id"] == oldest.id
    assert agent.call("get_chat", chat_id=long_chat.id)["thread"]["id"] == long_chat.last_thread_id
    (other,) = some_chats(acme, 1)
    foreign = {"chat_id": long_chat.id, "thread_id": other.last_thread_id}
    assert agent.refused("get_chat", **foreign) == "not_found"
    assert agent.refused("get_chat", chat_id="NOSUCHCHAT") == "not_found"
    assert agent.refused("get_chat", chat_id="") == "not_found"
    assert agent.refused("get_chat", chat_id="x" * 1000) == "not_found"


# --- get_customer -------------------------------------------------------------------------------


def test_an_agent_reads_a_customer(world: World, ann: User, acme: Organization) -> None:
    carl = world.customer(acme, "carl", online=False)
    carl.login(
        customer={"email": "carl@example.com", "session_fields": [{"plan": "gold"}]},
        customer_page={"url": "https://shop.example/shoes", "title": "Shoes"},
        referrer="https://search.example",
    )
    chat_id = carl.call("start_chat", chat={"thread": {"events": [make.message()]}})["chat_id"]
    spoke = ann.call("get_chat", chat_id=chat_id)["thread"]["events"][0]["created_at"]

    customer = ann.call("get_customer", id=carl.id)

    page = customer["visit"]["last_pages"][0]
    assert customer == {
        "id": carl.id,
        "type": "customer",
        "name": "Carl",
        "email": "carl@example.com",
        "email_verified": False,
        "created_at": customer["created_at"],
        "session_fields": [{"plan": "gold"}],
        "statistics": {
            "chats_count": 1,
            "threads_count": 1,
            "visits_count": 1,
            "page_views_count": 1,
            "greetings_shown_count": 0,
            "greetings_accepted_count": 0,
            "greetings_converted_count": 0,
            "tickets_count": 0,
        },
        "visit": {
            "id": customer["visit"]["id"],
            "started_at": customer["visit"]["started_at"],
            "referrer": "https://search.example",
            "ip": "127.0.0.1",
            "user_agent": "Tests",
            "geolocation": {},
            "last_pages": [
                {
                    "opened_at": page["opened_at"],
                    "url": "https://shop.example/shoes",
                    "title": "Shoes",
                }
            ],
        },
        "chat_ids": [chat_id],
        "customer_last_event_created_at": spoke,
    }


@pytest.mark.parametrize(
    "customer_id", ["", "nobody", "00000000-0000-4000-8000-000000000000", "x" * 4000]
)
def test_a_customer_nobody_has(agent: User, customer_id: str) -> None:
    assert agent.refused("get_customer", id=customer_id) == "not_found"


def test_a_refusal_names_its_status(agent: User) -> None:
    with pytest.raises(Refused) as refused:
        agent.call("get_chat", chat_id="NOSUCHCHAT")

    assert refused.value.status == 404
