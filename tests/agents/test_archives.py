"""Agent Chat API: the archives."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chatplatform import clock
from chatplatform.models import ArchiveEntry, Chat, Goal, Organization, ReachedGoal, Thread
from chatplatform.models.bots import Bot
from chatplatform.models.people import Agent
from chatplatform.requester import AgentRequester
from chatplatform.selectors.archives import archive_records
from chatplatform.services import archives as archive_services
from chatplatform.services import chats as chat_services
from chatplatform.services import deletion
from chatplatform.services import events as event_services
from chatplatform.services.agents import delete_agent
from chatplatform.services.events import Draft
from tests import make
from tests.world import User, World


def threads(answer: dict[str, Any]) -> list[str]:
    return [chat["thread"]["id"] for chat in answer["chats"]]


def find(user: User, **filters: Any) -> list[str]:
    """Return the ids of the threads a user finds, newest first, after the worker has come by."""
    archive_services.index_due()
    paged = {} if "thread_ids" in filters else {"limit": 100}
    return threads(user.call("list_archives", filters=filters, **paged))


def closed(organization: Organization, *texts: str, **about: Any) -> Thread:
    """Make a customer's chat with one closed thread; ``answered`` names an agent who writes."""
    answered = about.pop("answered", None)
    person = {name: about.pop(name) for name in ("name", "email") if name in about}
    customer = make.customer(organization, **person)
    joining = about.pop("joining", [answered] if answered else [])
    chat = make.chat(customer, texts=texts, **about)
    join(chat, *joining)
    if answered is not None:
        make.event(chat, row(answered), "May I help?")
    chat_services.deactivate_chat(make.requester(customer), chat.id)
    return Thread.objects.get(id=chat.last_thread_id)


def row(user: User) -> Agent:
    return Agent.objects.get(public_id=user.id)


def join(chat: Chat, *agents: User) -> None:
    """Let agents join a running chat."""
    for user in agents:
        user.call(
            "add_user_to_chat",
            chat_id=chat.id,
            user_id=user.id,
            user_type="agent",
            visibility="all",
            ignore_requester_presence=True,
        )


def began(thread: Thread) -> str:
    return clock.to_wire(thread.created_at)


def say(chat: Chat, **content: Any) -> None:
    """Let a chat's customer say something of any type."""
    customer = make.requester(chat.customer)  # type: ignore[arg-type]
    kind = content.pop("type")
    event_services.append(customer, chat.id, Draft(kind, content, customer.user_id, "customer"))


@pytest.fixture
def agent(world: World, acme: Organization) -> User:
    """An agent who is not connected."""
    return world.agent(acme, "agent")


@pytest.fixture
def boss(world: World, acme: Organization) -> User:
    """An administrator, who may see every chat."""
    return world.agent(acme, "boss", role="administrator")


# --- the list -----------------------------------------------------------------------------------


def test_an_archived_thread(agent: User, acme: Organization) -> None:
    thread = closed(acme, "Hello", name="Carl")

    answer = agent.call("list_archives")

    chat = agent.call("get_chat", chat_id=thread.chat_id)
    assert answer == {"chats": [chat], "found_chats": 1}
    assert chat["thread"]["active"] is False
    assert chat["thread"]["tags"] == []


def test_a_chat_comes_once_for_each_of_its_threads(agent: User, acme: Organization) -> None:
    first = closed(acme, "One")
    second, third = make.thread(first.chat, texts=["Two"]), make.thread(first.chat, closed=False)

    answer = agent.call("list_archives")

    assert threads(answer) == [third.id, second.id, first.id]
    assert {chat["id"] for chat in answer["chats"]} == {first.chat_id}
    assert answer["found_chats"] == 3
    middle = answer["chats"][1]["thread"]
    assert (middle["previous_thread_id"], middle["next_thread_id"]) == (first.id, third.id)
    assert middle["previous_accessible_thread_id"] == first.id
    assert middle["next_accessible_thread_id"] == third.id
    assert answer["chats"][0]["thread"]["active"] is True


def test_threads_that_go_while_they_are_read_are_left_out(
    world: World, agent: User, acme: Organization
) -> None:
    gone, left = closed(acme), closed(acme)
    reader = make.requester(row(agent))
    assert isinstance(reader, AgentRequester)
    found = list(Thread.objects.select_related("chat"))
    world.act(lambda: deletion.delete_chat(acme.id, gone.chat_id))

    records = archive_records(found, reader)

    assert [record["thread"]["id"] for record in records] == [left.id]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_lead_through_the_archives_and_back(
    agent: User, acme: Organization, order: str
) -> None:
    expected = [closed(acme).id for _ in range(5)]
    if order == "desc":
        expected.reverse()

    first = agent.call("list_archives", limit=2, sort_order=order)
    second = agent.call("list_archives", page_id=first["next_page_id"])
    third = agent.call("list_archives", page_id=second["next_page_id"])

    assert threads(first) + threads(second) + threads(third) == expected
    assert {page["found_chats"] for page in (first, second, third)} == {5}
    assert "previous_page_id" not in first
    assert "next_page_id" not in third
    back = agent.call("list_archives", page_id=third["previous_page_id"])
    assert threads(back) == threads(second)


def test_a_page_keeps_its_filters_and_may_highlight(agent: User, acme: Organization) -> None:
    wanted = [closed(acme, "An order").id for _ in range(3)]
    closed(acme, "Something else")
    archive_services.index_due()

    first = agent.call("list_archives", filters={"query": "order"}, limit=2)
    rest = agent.call("list_archives", page_id=first["next_page_id"], highlights={})

    assert sorted(threads(first) + threads(rest)) == sorted(wanted)
    assert rest["chats"][0]["thread"]["events"][0]["text"] == "An <em>order</em>"


def test_the_archives_are_ten_long_unless_told_otherwise(agent: User, acme: Organization) -> None:
    for _ in range(11):
        closed(acme)

    assert len(threads(agent.call("list_archives"))) == 10
    assert len(threads(agent.call("list_archives", limit=11))) == 11


def test_the_archives_take_as_many_reads_for_many_threads_as_for_one(
    agent: User, acme: Organization
) -> None:
    for _ in range(25):
        closed(acme, "An order")
    archive_services.index_due()

    def reads(limit: int) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            answer = agent.call("list_archives", filters={"query": "order"}, limit=limit)
        assert len(answer["chats"]) == limit
        return len(captured)

    reads(1)
    assert reads(25) == reads(1)


ONE_FORM = {"type": "pre_chat", "exists": True}


@pytest.mark.parametrize(
    "payload",
    [
        {"limit": 0},
        {"limit": 101},
        {"sort_order": "up"},
        {"page_id": "made up"},
        {"filters": {"query": "x" * 1001}},
        {"filters": {"from": "yesterday"}},
        {"filters": {"to": "2020-01-01"}},
        {"filters": {"chat_ids": ["x"] * 1001}},
        {"filters": {"thread_ids": ["x"] * 21}},
        {"filters": {"thread_ids": ["x"], "query": "x"}},
        {"filters": {"thread_ids": ["x"]}, "limit": 5},
        {"filters": {"thread_ids": ["x"]}, "sort_order": "asc"},
        {"filters": {"group_ids": [0] * 201}},
        {"filters": {"agents": {}}},
        {"filters": {"agents": {"exists": True, "values": ["a"]}}},
        {"filters": {"tags": {"values": ["a"], "exclude_values": ["b"]}}},
        {"filters": {"goals": {"values": ["1"]}}},
        {"filters": {"event_types": {"exists": True}}},
        {"filters": {"event_types": {"values": ["a"], "exclude_values": ["b"]}}},
        {"filters": {"forms": [{**ONE_FORM, "type": "ticket"}]}},
        {"filters": {"forms": [{**ONE_FORM, "from": "now"}]}},
        {"filters": {"greetings": {"values": ["1"]}}},
        {"filters": {"agent_types": {"any_values": ["robot"]}}},
        {"filters": {"agent_types": {"any_values": ["human"], "exclude_values": ["human"]}}},
        {"filters": {"properties": {"mine": {"name": {"exists": True}}}}},
        {"highlights": {"pre_tag": "<b>"}},
        {"highlights": {"post_tag": "</b>"}},
    ],
    ids=str,
)
def test_wrong_wishes_are_refused(agent: User, payload: dict[str, Any]) -> None:
    assert agent.refused("list_archives", **payload) == "validation"


# --- who finds what -----------------------------------------------------------------------------


def test_agents_find_threads_of_their_groups_and_their_own(
    world: World, acme: Organization, boss: User
) -> None:
    sales, support = make.group(acme, "Sales"), make.group(acme, "Support")
    mia = world.agent(acme, "mia", groups=[sales])
    for_all = closed(acme, groups=[0])
    for_sales = closed(acme, groups=[sales.number])
    for_support = closed(acme, groups=[support.number])
    own = mia.call("start_chat", chat={"access": {"group_ids": [support.number]}})["thread_id"]

    assert find(mia) == [own, for_sales.id, for_all.id]
    assert find(boss) == [own, for_support.id, for_sales.id, for_all.id]
    assert find(mia, thread_ids=[for_support.id, for_sales.id]) == [for_sales.id]


def test_neighbours_are_told_among_what_one_may_find(
    world: World, acme: Organization, boss: User
) -> None:
    sales = make.group(acme, "Sales")
    mia = world.agent(acme, "mia")
    first = closed(acme)
    second, third = make.thread(first.chat), make.thread(first.chat)
    Thread.objects.filter(id=second.id).update(group_ids=[sales.number])

    newest = mia.call("list_archives")["chats"][0]["thread"]

    assert newest["id"] == third.id
    assert newest["previous_thread_id"] == second.id
    assert newest["previous_accessible_thread_id"] == first.id
    seen = boss.call("list_archives")["chats"][0]["thread"]
    assert seen["previous_accessible_thread_id"] == second.id


def test_nobody_finds_what_another_organisation_said(
    world: World, acme: Organization, boss: User
) -> None:
    other = make.organization("Other")
    theirs = closed(other, "A secret order", email="carl@example.com")

    assert find(boss, query="order") == []
    assert find(boss, query="o") == []
    assert find(boss, chat_ids=[theirs.chat_id]) == []
    assert find(boss, thread_ids=[theirs.id]) == []
    assert find(boss, customer_email="carl@example.com") == []
    assert find(boss, customer_id=str(theirs.chat.customer_id)) == []


# --- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "query"),
    [
        ("Où est mon café?", "cafe"),
        ("Où est mon café?", "OU CAF"),
        ("Strassenbahn", "straßenbahn"),
        ("Straße", "STRASSE"),
        ("Zażółć gęślą jaźń", "zazolc gesla"),
        ("Привет, как дела?", "привет дел"),
        ("καλημέρα", "καλημερα"),
        ("नमस्ते दुनिया", "दुनिया"),
        ("注文はいつ届きますか", "いつ届"),
        ("我的订单在哪里", "订"),
        ("สวัสดีครับ", "ครับ"),
        ("order #1234-56", "1234 56"),
        ("O'Reilly & sons", "o'reilly"),
        ("it's 50% off | now & here", "50% off | now"),
    ],
)
def test_words_of_any_language_are_found(
    agent: User, acme: Organization, said: str, query: str
) -> None:
    thread = closed(acme, said)
    closed(acme, "Something else entirely")

    assert find(agent, query=query) == [thread.id]


def test_every_word_must_be_there_and_only_the_last_may_be_unfinished(
    agent: User, acme: Organization
) -> None:
    both = closed(acme, "My order is late", "And broken")
    closed(acme, "My order arrived")

    assert find(agent, query="order broken") == [both.id]
    assert find(agent, query="order brok") == [both.id]
    assert find(agent, query="ord broken") == []


SYNTAX = [
    *("'", "\\", "a' & b", "!(a|b)", ":*", "a:*", "<->", '"a" OR b', "a NEAR b", "NOT", "AND"),
    *("*", "^a", "terms:a", "{a b}:c", "-a", "(", "%", "\U0001f600", "½", "\ufdfa"),
    *("a" * 1000, "x " * 500),
]


@pytest.mark.parametrize("query", SYNTAX, ids=ascii)
def test_nothing_that_is_typed_is_syntax(agent: User, acme: Organization, query: str) -> None:
    closed(acme, "hello")

    assert find(agent, query=query) == []


def test_a_blank_query_does_not_narrow(agent: User, acme: Organization) -> None:
    thread = closed(acme, "hello")

    assert find(agent, query="  ") == [thread.id]


def test_what_is_found_besides_messages(agent: User, acme: Organization) -> None:
    chat = make.chat(make.customer(acme, name="Zebedee", email="zeb@example.com"))
    say(chat, type="file", name="invoice-77.pdf", url="x")
    say(chat, type="rich_message", template_id="cards", elements=[{"title": "A teapot"}])
    answers = [{"id": "1", "type": "select", "label": "Topic", "answer": {"label": "Refund"}}]
    say(chat, type="filled_form", form_id="f", form_type="prechat", fields=answers)

    for query in ("invoice", "teapot", "refund", "zebedee", "zeb example"):
        assert find(agent, query=query) == [chat.last_thread_id], query
    assert find(agent, query="topic") == []


def test_what_is_found_stands_out(agent: User, acme: Organization) -> None:
    closed(acme, "Où est mon CAFÉ? Cafeteria, décaf")
    archive_services.index_due()

    def text(**asked: Any) -> str:
        answer = agent.call("list_archives", filters={"query": "ou cafe"}, **asked)
        found: str = answer["chats"][0]["thread"]["events"][0]["text"]
        return found

    plain = "Où est mon CAFÉ? Cafeteria, décaf"
    assert text() == plain
    marked = "<em>Où</em> est mon <em>CAFÉ</em>? <em>Cafeteria</em>, décaf"
    assert text(highlights={}) == marked
    own = text(highlights={"pre_tag": "[", "post_tag": "]"})
    assert own == "[Où] est mon [CAFÉ]? [Cafeteria], décaf"


def test_answers_stand_out_however_they_were_given(agent: User, acme: Organization) -> None:
    chat = make.chat(make.customer(acme))
    late, lost = {"id": "1", "label": "A late parcel"}, {"id": "2", "label": "A lost parcel"}
    fields = [
        {"id": "1", "type": "question", "label": "Which parcel?", "answer": "Parcel 7"},
        {"id": "2", "type": "radio", "label": "Why?", "answer": late},
        {"id": "3", "type": "checkbox", "label": "Why else?", "answers": [late, lost]},
        {"id": "4", "type": "select", "label": "No answer"},
    ]
    say(chat, type="filled_form", form_id="f", fields=fields)
    archive_services.index_due()

    answer = agent.call("list_archives", filters={"query": "parcel"}, highlights={})

    (event,) = answer["chats"][0]["thread"]["events"]
    shown_late = {"id": "1", "label": "A late <em>parcel</em>"}
    assert event["fields"] == [
        {**fields[0], "answer": "<em>Parcel</em> 7"},
        {**fields[1], "answer": shown_late},
        {**fields[2], "answers": [shown_late, {"id": "2", "label": "A lost <em>parcel</em>"}]},
        fields[3],
    ]


def test_nothing_stands_out_without_a_query(agent: User, acme: Organization) -> None:
    closed(acme, "Hello")

    answer = agent.call("list_archives", highlights={})

    assert answer["chats"][0]["thread"]["events"][0]["text"] == "Hello"


def test_whispers_are_found_by_agents(agent: User, world: World, acme: Organization) -> None:
    chat = make.chat(make.customer(acme))
    join(chat, agent)
    make.event(chat, row(agent), "He is difficult", visibility="agents")

    assert find(agent, query="difficult") == [chat.last_thread_id]


def test_nobody_finds_a_deleted_event(
    agent: User, boss: User, world: World, acme: Organization
) -> None:
    carl = world.customer(acme, "carl")
    started = carl.call("start_chat", continuous=True, chat={})
    sent = carl.call("send_event", chat_id=started["chat_id"], event=make.message("My password"))
    carl.call("deactivate_chat", id=started["chat_id"])
    assert find(agent, query="password") == [started["thread_id"]]

    carl.call(
        "delete_event",
        chat_id=started["chat_id"],
        thread_id=started["thread_id"],
        event_id=sent["event_id"],
    )

    asked = {"filters": {"query": "password"}}
    assert threads(agent.call("list_archives", **asked)) == []
    assert threads(boss.call("list_archives", **asked)) == []
    assert find(boss, query="password") == []
    assert find(boss, query="carl") == [started["thread_id"]]


def test_a_running_thread_is_read_again_after_a_while(
    agent: User, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = make.chat(make.customer(acme), texts=["One"])
    archive_services.index_due()
    say(chat, type="message", text="Two")
    assert find(agent, query="two") == []

    monkeypatch.setattr(archive_services, "REFRESH_RUNNING_EVERY", clock.now() - clock.now())

    assert find(agent, query="two") == [chat.last_thread_id]


def test_a_closed_thread_is_read_once_and_again_when_something_is_added(
    agent: User, acme: Organization, world: World
) -> None:
    thread = closed(acme, "One")
    archive_services.index_due()
    before = ArchiveEntry.objects.get(thread=thread).indexed_at
    archive_services.index_due()
    assert ArchiveEntry.objects.get(thread=thread).indexed_at == before

    carl = world.as_customer(thread.chat.customer)  # type: ignore[arg-type]
    carl.call(
        "send_event",
        chat_id=thread.chat_id,
        event=make.message("A late word"),
        attach_to_last_thread=True,
    )

    assert find(agent, query="late") == [thread.id]


def test_a_very_long_thread_is_found_by_its_beginning(
    agent: User, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_services, "MAX_TERMS_BYTES", 2_000)
    words = " ".join(f"word{number}" for number in range(1_000))
    thread = closed(acme, words)

    assert find(agent, query="word1") == [thread.id]
    assert find(agent, query="word999") == []


def test_as_many_words_as_are_kept_fit_into_an_entry(agent: User, acme: Organization) -> None:
    chat = make.chat(make.customer(acme))
    for number in range(70):
        words = " ".join(f"w{number}x{place}é" for place in range(1_200))
        say(chat, type="message", text=words)

    assert find(agent, query="w0x0é") == [chat.last_thread_id]


# --- filters ------------------------------------------------------------------------------------


def test_by_time(agent: User, acme: Organization) -> None:
    first, second, third = (closed(acme) for _ in range(3))

    assert find(agent, **{"from": began(second)}) == [third.id, second.id]
    assert find(agent, to=began(second)) == [second.id, first.id]
    assert find(agent, **{"from": began(second), "to": began(second)}) == [second.id]


def test_by_chats_threads_and_groups(boss: User, acme: Organization) -> None:
    sales, support = make.group(acme, "Sales"), make.group(acme, "Support")
    first, second = closed(acme, groups=[sales.number]), closed(acme, groups=[support.number])
    third = make.thread(first.chat)

    assert find(boss, chat_ids=[first.chat_id, "NOSUCHCHAT"]) == [third.id, first.id]
    assert find(boss, chat_ids=[]) == []
    assert find(boss, group_ids=[support.number]) == [second.id]
    assert find(boss, group_ids=[sales.number, support.number]) == [second.id, first.id]
    alone = boss.call("list_archives", filters={"thread_ids": [third.id, second.id]})
    assert (threads(alone), alone["found_chats"]) == ([third.id, second.id], 2)


def test_by_tags(agent: User, acme: Organization) -> None:
    none, one, two = (closed(acme) for _ in range(3))
    for name in ("vip", "bug"):
        make.tag(acme, name)
    for thread, names in ((one, ["vip"]), (two, ["vip", "bug"])):
        for name in names:
            agent.call("tag_thread", chat_id=thread.chat_id, thread_id=thread.id, tag=name)

    def found(**tags: Any) -> list[str]:
        return find(agent, tags=tags)

    assert found(exists=True) == [two.id, one.id]
    assert found(exists=False) == [none.id]
    assert found(values=["vip", "bug"]) == [two.id, one.id]
    assert found(values=["vip", "bug"], require_every_value=True) == [two.id]
    assert found(values=["VIP"]) == []
    assert found(values=[]) == []
    assert found(exclude_values=["bug"]) == [one.id, none.id]
    assert found(exclude_values=["vip", "bug"], require_every_value=True) == [one.id, none.id]


def test_by_agents(world: World, agent: User, acme: Organization) -> None:
    bob = world.agent(acme, "bob")
    nobody = closed(acme)
    hers, his = closed(acme, answered=agent), closed(acme, answered=bob)

    assert find(agent, agents={"exists": False}) == [nobody.id]
    assert find(agent, agents={"exists": True}) == [his.id, hers.id]
    assert find(agent, agents={"values": [agent.id]}) == [hers.id]
    assert find(agent, agents={"exclude_values": [agent.id]}) == [his.id, nobody.id]


def test_by_event_types(agent: User, acme: Organization) -> None:
    plain, filed = closed(acme, "Hello"), make.chat(make.customer(acme), texts=["Hi"])
    say(filed, type="file", name="a.txt", url="x")

    assert find(agent, event_types={"values": ["file"]}) == [filed.last_thread_id]
    both = {"values": ["file", "message"], "require_every_value": True}
    assert find(agent, event_types=both) == [filed.last_thread_id]
    assert find(agent, event_types={"exclude_values": ["file"]}) == [plain.id]


def test_by_forms(agent: User, acme: Organization) -> None:
    none, chat = closed(acme), make.chat(make.customer(acme))
    chosen = {"id": "topic", "type": "select", "label": "Topic", "answer": {"id": "refund"}}
    say(chat, type="filled_form", form_id="f", form_type="prechat", fields=[chosen])
    filled = chat.last_thread_id
    now = clock.to_wire(clock.now())

    def found(**form: Any) -> list[str]:
        return find(agent, forms=[{"type": "pre_chat", **form}])

    assert found() == found(exists=True) == [filled]
    assert found(exists=False) == [none.id]
    assert found(values=["refund", "other"]) == found(answer_id="refund") == [filled]
    assert found(values=["other"]) == []
    assert found(exclude_values=["refund"]) == [none.id]
    assert found(to=now) == [filled]
    assert found(**{"from": now}) == []
    assert found(groups={"values": [0]}) == [filled]
    assert found(groups={"exclude_values": [0]}) == []
    assert find(agent, forms=[{"type": "post_chat", "exists": True}]) == []
    assert find(agent, surveys=[{"type": "pre_chat", "exists": True}]) == [filled]


def test_by_who_responded(world: World, agent: User, acme: Organization) -> None:
    bob = world.agent(acme, "bob")
    none = closed(acme, "Hello?")
    hers = closed(acme, answered=agent)
    both = make.chat(make.customer(acme))
    join(both, agent, bob)
    for who in (bob, agent):
        make.event(both, row(who), "Hi")

    def found(**response: Any) -> list[str]:
        return find(agent, agent_response=response)

    assert found() == found(exists=True) == [both.last_thread_id, hers.id]
    assert found(exists=False) == [none.id]
    assert found(agents={"values": [agent.id]}) == [both.last_thread_id, hers.id]
    assert found(first=True, agents={"values": [agent.id]}) == [hers.id]
    assert found(first=True, agents={"exclude_values": [bob.id]}) == [hers.id, none.id]
    assert found(groups={"values": [7]}) == []


def test_everything_said_of_a_response_must_hold(
    world: World, agent: User, acme: Organization
) -> None:
    bob = world.agent(acme, "bob")
    none, hers, his = closed(acme), closed(acme, answered=agent), closed(acme, answered=bob)

    def found(**response: Any) -> list[str]:
        return find(agent, agent_response=response)

    assert found(exists=True, agents={"values": [bob.id]}) == [his.id]
    assert found(exists=True, agents={"exclude_values": [bob.id]}) == [hers.id]
    assert found(exists=False, agents={"exclude_values": [bob.id]}) == [none.id]
    both = {"values": [agent.id, bob.id], "exclude_values": [bob.id]}
    assert found(agents=both) == [hers.id]


def test_who_responded_is_found_after_they_have_gone(
    world: World, agent: User, acme: Organization
) -> None:
    bob = world.agent(acme, "bob")
    his = closed(acme, answered=bob)
    world.act(lambda: delete_agent(acme.id, bob.id))

    assert find(agent, agent_response={"agents": {"values": [bob.id]}}) == [his.id]
    assert find(agent, agents={"exists": True}) == [his.id]
    assert find(agent, agent_types={"all_values": ["human"]}) == [his.id]


def test_a_whisper_is_no_response(agent: User, acme: Organization) -> None:
    chat = make.chat(make.customer(acme))
    join(chat, agent)
    make.event(chat, row(agent), "psst", visibility="agents")

    assert find(agent, agent_response={"exists": True}) == []


def test_by_kinds_of_agents(world: World, agent: User, acme: Organization) -> None:
    robot = make.agent(acme)
    Agent.objects.filter(pk=robot.pk).update(kind=Agent.Kind.BOT)
    Bot.objects.create(agent=robot, owner=make.application(acme), type="ai_agent")
    nobody, human = closed(acme), closed(acme, answered=agent)
    both = closed(acme, answered=agent)
    both.user_ids = [*both.user_ids, robot.public_id]
    both.save()

    def found(**kinds: Any) -> list[str]:
        return find(agent, agent_types=kinds)

    assert found(any_values=["human", "ai_agent"]) == [both.id, human.id]
    assert found(all_values=["human", "ai_agent"]) == [both.id]
    assert found(exclude_values=["ai_agent"]) == [human.id, nobody.id]
    assert found(all_values=["human"], exclude_values=["ai_agent"]) == [human.id]
    assert found(any_values=["chatbot"]) == []


def test_by_the_customer(agent: User, acme: Organization) -> None:
    carl, dora = closed(acme, email="Carl@Example.com"), closed(acme, email="dora@example.com")

    assert find(agent, customer_id=str(carl.chat.customer_id)) == [carl.id]
    assert find(agent, customer_id="not a uuid") == []
    assert find(agent, customer_email="carl@example.com ") == [carl.id]
    assert find(agent, customer_email="DORA@example.com") == [dora.id]
    assert find(agent, customer_email="nobody@example.com") == []


def test_by_customers_countries(agent: User, acme: Organization) -> None:
    polish, unknown = closed(acme), closed(acme)
    visit = {"geolocation": {"country_code": "PL"}}
    Thread.objects.filter(id=polish.id).update(customer_visit=visit)

    assert find(agent, customer_countries={"values": ["PL", "DE"]}) == [polish.id]
    assert find(agent, customer_countries={"exclude_values": ["PL"]}) == [unknown.id]
    assert find(agent, customer_countries={"exclude_values": ["DE"]}) == [unknown.id, polish.id]
    assert find(agent, customer_countries={"exists": True}) == [polish.id]
    assert find(agent, customer_countries={"exists": False}) == [unknown.id]


def test_by_sales(agent: User, acme: Organization) -> None:
    sold, other = closed(acme), closed(acme)
    Thread.objects.filter(id=sold.id).update(properties={"ecommerce": {"has_sale": True}})

    assert find(agent, sales={"exists": True}) == [sold.id]
    assert find(agent, sales={"exists": False}) == [other.id]
    assert find(agent, sales={"values": [1]}) == []


def test_by_goals(agent: User, acme: Organization) -> None:
    reached, other = closed(acme), closed(acme)
    goal = Goal.objects.create(organization=acme, name="Signed up", type="api")
    ReachedGoal.objects.create(goal=goal, customer=reached.chat.customer, thread=reached)

    assert find(agent, goals={"exists": True}) == [reached.id]
    assert find(agent, goals={"exists": False}) == [other.id]
    assert find(agent, goals={"values": [goal.pk, 99_999]}) == [reached.id]
    assert find(agent, goals={"exclude_values": [goal.pk]}) == [other.id]


def test_by_greetings(agent: User, acme: Organization) -> None:
    closed(acme)

    assert find(agent, greetings={"exists": True}) == []
    assert find(agent, greetings={"values": [1]}) == []
    assert len(find(agent, greetings={"exists": False})) == 1
    assert len(find(agent, greetings={"exclude_values": [1], "groups": {"values": [0]}})) == 1


def test_by_properties(agent: User, acme: Organization) -> None:
    rated, other = closed(acme), closed(acme)
    Thread.objects.filter(id=rated.id).update(properties={"rating": {"score": 1}})

    assert find(agent, properties={"rating": {"score": {"values": [1]}}}) == [rated.id]
    assert find(agent, properties={"rating": {"score": {"exists": False}}}) == [other.id]


def test_everything_given_must_hold(agent: User, acme: Organization) -> None:
    first = closed(acme, "An order", answered=agent)
    closed(acme, "An order")
    closed(acme, "Hello", answered=agent)

    filters = {"query": "order", "agents": {"values": [agent.id]}, "group_ids": [0]}
    assert find(agent, **filters, event_types={"values": ["message"]}) == [first.id]


def test_moments_of_any_offset_are_understood(agent: User, acme: Organization) -> None:
    thread = closed(acme)
    moment = datetime.fromisoformat(began(thread)).isoformat()

    assert find(agent, **{"from": moment}) == [thread.id]
