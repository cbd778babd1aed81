"""Everything is asked at the same time as itself: threads with connections of their own."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.db import connections, transaction

from chatplatform import clock
from chatplatform.models import (
    AccessRule,
    Agent,
    Application,
    ArchiveEntry,
    Chat,
    ChatChange,
    ChatListing,
    ConnectionLease,
    Customer,
    Event,
    Organization,
    ReachedGoal,
    ShownGreeting,
    Thread,
    UploadedFile,
    Visit,
    Webhook,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookListener,
)
from chatplatform.services import (
    agents,
    archives,
    bots,
    customer_rows,
    deletion,
    deliveries,
    greetings,
    groups,
    listings,
    presence,
    routing,
    thumbnails,
    timers,
    transcript_mails,
)
from tests import make
from tests.images import PIXEL
from tests.world import Refused, User, World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme(transactional_db: None) -> Organization:
    """Return an organisation whose rows other threads can see."""
    return make.organization("Acme")


@pytest.fixture
def world(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr("chatplatform.transports.web.publish", made.deliver)
    return made


@pytest.fixture(autouse=True)
def _sound(acme: Organization) -> Iterator[None]:
    """Assert in the end that every chat is in one piece."""
    yield
    waiting = []
    for chat in Chat.objects.filter(organization=acme):
        threads = list(Thread.objects.filter(chat=chat).order_by("number"))
        assert [thread.number for thread in threads] == list(range(1, len(threads) + 1))
        assert [t.id for t in threads if t.active] == (
            [chat.active_thread_id] if chat.active_thread_id else []
        )
        for thread in threads:
            events = Event.objects.filter(thread=thread).order_by("position")
            positions = list(events.values_list("position", flat=True))
            assert positions == list(range(1, len(positions) + 1))
            moments = list(events.values_list("created_at", flat=True))
            assert moments == sorted(moments)
            if thread.queued_at is not None:
                waiting.append(thread)
        numbers = {
            *ChatChange.objects.filter(chat=chat).values_list("sequence", flat=True),
            *Event.objects.filter(thread__chat=chat).values_list("sequence", flat=True),
        }
        assert numbers == set(range(1, chat.sequence + 1))
        rows = ChatListing.objects.filter(chat=chat)
        assert {row.reader: row.present for row in rows} == listings.readers(chat)
        assert {row.active for row in rows} == {chat.active_thread_id is not None}
    waiting.sort(key=lambda thread: (thread.queued_at, thread.id))
    places = [thread.queue_position for thread in waiting]
    assert places == list(range(1, len(waiting) + 1))


def at_once(*doings: Callable[[], Any]) -> list[Any]:
    """Do things in threads that begin together; return what came out, refusals as their types."""
    barrier = threading.Barrier(len(doings))

    def run(do: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return do()
        except Refused as refused:
            return refused.type
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(doings)) as pool:
        return list(pool.map(run, doings))


def loads(acme: Organization) -> dict[str, int]:
    """Return how many running chats each agent has."""
    found = {agent.name: 0 for agent in Agent.objects.filter(organization=acme)}
    names = {agent.public_id: agent.name for agent in Agent.objects.filter(organization=acme)}
    for chat in Chat.objects.filter(organization=acme, active_thread_id__isnull=False):
        for user_id, participant in chat.participants.items():
            if user_id in names and participant["present"]:
                found[names[user_id]] += 1
    return found


@pytest.mark.parametrize("_attempt", range(3))
def test_an_agents_limit_holds_and_the_others_wait_in_line(
    world: World, acme: Organization, _attempt: int
) -> None:
    world.agent(acme, "ann", limit=1, online=True)
    world.agent(acme, "bob", limit=2, online=True)
    customers = [world.customer(acme, f"c{number}") for number in range(7)]

    answers = at_once(*[lambda one=one: one.rtm("start_chat") for one in customers])

    assert all("chat_id" in answer for answer in answers)
    assert loads(acme) == {"Ann": 1, "Bob": 2}
    places = Thread.objects.filter(queued_at__isnull=False).values_list("queue_position", flat=True)
    assert sorted(places) == [1, 2, 3, 4]


def test_a_customer_gets_one_chat_however_often_they_ask(world: World, acme: Organization) -> None:
    carl = world.customer(acme, "carl")

    start = lambda: carl.rtm("start_chat", {"continuous": True})  # noqa: E731
    answers = at_once(*[start] * 5)

    assert sorted(map(str, answers))[:4] == ["chat_limit_reached"] * 4
    assert Chat.objects.count() == 1


def test_a_customer_gets_as_many_chats_as_the_licence_allows(
    world: World, acme: Organization
) -> None:
    acme.properties = {"routing": {"max_customer_chats_count": 3}}
    acme.save()
    carl = world.customer(acme, "carl")

    start = lambda: carl.rtm("start_chat", {"continuous": True})  # noqa: E731
    answers = at_once(*[start] * 7)

    assert sorted(map(str, answers))[:4] == ["chat_limit_reached"] * 4
    assert Chat.objects.count() == 3


def test_properties_set_at_once_are_all_kept(world: World, acme: Organization) -> None:
    carl = world.customer(acme, "carl")
    started = carl.rtm("start_chat", {"continuous": True})
    names = ("int_property", "string_property", "bool_property")
    values = dict(zip(names, (1, "x", True), strict=True))

    def set_one(name: str) -> None:
        for location, place in (
            ("chat", {"id": started["chat_id"]}),
            ("thread", {"chat_id": started["chat_id"], "thread_id": started["thread_id"]}),
        ):
            given = {"test": {name: values[name]}}
            carl.rtm(f"update_{location}_properties", {**place, "properties": given})

    at_once(*[lambda name=name: set_one(name) for name in names])

    assert Chat.objects.get().properties["test"] == values
    assert Thread.objects.get().properties["test"] == values


def test_a_chat_is_resumed_once(world: World, acme: Organization) -> None:
    ann = world.agent(acme, "ann", online=True)
    carl = world.customer(acme, "carl")
    chat_id = carl.rtm("start_chat")["chat_id"]
    carl.rtm("deactivate_chat", {"id": chat_id})

    answers = at_once(
        *[
            lambda user=user: user.rtm("resume_chat", {"chat": {"id": chat_id}})
            for user in (ann, carl, ann, carl)
        ]
    )

    assert sorted(map(str, answers))[:3] == ["chat_already_active"] * 3
    assert Thread.objects.count() == 2


def test_a_chat_is_closed_once(world: World, acme: Organization) -> None:
    ann = world.agent(acme, "ann", online=True)
    carl = world.customer(acme, "carl")
    chat_id = carl.rtm("start_chat")["chat_id"]

    answers = at_once(
        *[lambda user=user: user.rtm("deactivate_chat", {"id": chat_id}) for user in (ann, carl)]
    )

    assert sorted(map(str, answers)) == ["chat_inactive", "{}"]
    assert Event.objects.count() == 1


@pytest.fixture
def talk(world: World, acme: Organization) -> tuple[User, User, str]:
    """Ann and Carl in a chat."""
    ann = world.agent(acme, "ann", online=True)
    carl = world.customer(acme, "carl")
    return ann, carl, carl.rtm("start_chat")["chat_id"]


def test_no_event_is_lost_and_none_is_stored_twice(talk: tuple[User, User, str]) -> None:
    ann, carl, chat_id = talk

    def write(user: User, number: int) -> Callable[[], list[str]]:
        def send() -> list[str]:
            return [
                user.rtm(
                    "send_event",
                    {"chat_id": chat_id, "event": make.message(f"{number}.{part}")},
                )["event_id"]
                for part in range(10)
            ]

        return send

    answers = at_once(write(ann, 1), write(ann, 2), write(carl, 3), write(carl, 4))

    ids = [event_id for sent in answers for event_id in sent]
    assert len(set(ids)) == 40
    stored = Event.objects.order_by("position")
    assert {event.public_id for event in stored} == set(ids)
    for number in range(1, 5):
        own = [e.content["text"] for e in stored if e.content["text"].startswith(f"{number}.")]
        assert own == [f"{number}.{part}" for part in range(10)]


def test_a_repeat_at_the_same_time_is_a_repeat(talk: tuple[User, User, str]) -> None:
    _, carl, chat_id = talk
    payload = {"chat_id": chat_id, "event": make.message("Hi", custom_id="c1")}

    answers = at_once(*[lambda: carl.rtm("send_event", payload)] * 6)

    assert len({answer["event_id"] for answer in answers}) == 1
    assert Event.objects.count() == 1


def test_a_late_repeat_at_the_same_time_is_a_repeat(talk: tuple[User, User, str]) -> None:
    _, carl, chat_id = talk
    carl.rtm("deactivate_chat", {"id": chat_id})
    payload = {
        "chat_id": chat_id,
        "event": make.message("P.S.", custom_id="c1"),
        "attach_to_last_thread": True,
    }

    answers = at_once(*[lambda: carl.rtm("send_event", payload)] * 4)

    assert len({answer["event_id"] for answer in answers}) == 1
    assert Event.objects.count() == 2


def change_slowly(customer_id: str, chat_id: str, begun: threading.Event) -> None:
    """Lock a customer and then their chat, as every change of a customer does, at leisure."""
    with transaction.atomic():
        customer_rows.locked(UUID(customer_id))
        begun.set()
        time.sleep(0.3)
        Chat.objects.select_for_update(of=("self",)).get(id=chat_id)


@pytest.mark.parametrize("action", ["deactivate_chat", "resume_chat", "send_event"])
def test_nothing_waits_for_a_customer_while_it_has_their_chat(
    talk: tuple[User, User, str], action: str
) -> None:
    """Customers are locked before chats: the other way round it would end in a deadlock."""
    ann, carl, chat_id = talk
    carl.rtm("send_event", {"chat_id": chat_id, "event": make.message()})
    if action != "deactivate_chat":
        ann.rtm("deactivate_chat", {"id": chat_id})
    doing = {
        "deactivate_chat": lambda: ann.rtm(action, {"id": chat_id}),
        "resume_chat": lambda: ann.rtm(action, {"chat": {"id": chat_id}}),
        "send_event": lambda: carl.rtm(
            action,
            {"chat_id": chat_id, "event": make.message("P.S."), "attach_to_last_thread": True},
        ),
    }[action]
    begun = threading.Event()

    def do() -> Any:
        begun.wait()
        return doing()

    answers = at_once(lambda: change_slowly(carl.id, chat_id, begun), do)

    answered = {"deactivate_chat": [], "resume_chat": ["thread_id"], "send_event": ["event_id"]}
    assert [answers[0], list(answers[1])] == [None, answered[action]]
    chat, customer = Chat.objects.get(), Customer.objects.get()
    assert (chat.active_thread_id is not None) is (action == "resume_chat")
    assert customer.threads_count == chat.threads_count
    assert clock.to_wire(customer.customer_spoke_at) == chat.spoke_at["customer"]


def test_nothing_is_written_after_the_end(talk: tuple[User, User, str]) -> None:
    ann, carl, chat_id = talk

    def write() -> int:
        written = 0
        for _ in range(20):
            try:
                carl.rtm("send_event", {"chat_id": chat_id, "event": make.message()})
            except Refused as refused:
                if refused.type == "chat_inactive":
                    break
                raise
            written += 1
        return written

    written, _, _ = at_once(write, lambda: ann.rtm("deactivate_chat", {"id": chat_id}), lambda: 0)

    events = list(Event.objects.order_by("position"))
    assert [event.type for event in events] == ["message"] * written + ["system_message"]


def test_marks_move_forward_only(talk: tuple[User, User, str]) -> None:
    ann, carl, chat_id = talk
    for _ in range(8):
        ann.rtm("send_event", {"chat_id": chat_id, "event": make.message()})
    events = Event.objects.filter(author_id=ann.id).order_by("position")
    moments = [clock.to_wire(event.created_at) for event in events]

    at_once(
        *[
            lambda moment=moment: carl.rtm(
                "mark_events_as_seen", {"chat_id": chat_id, "seen_up_to": moment}
            )
            for moment in moments
        ]
    )

    assert Chat.objects.get().participants[carl.id]["seen"] == moments[-1]
    told = ChatChange.objects.filter(body__is="EventsMarkedAsSeen").order_by("sequence")
    seen = [change.body["seen_up_to"] for change in told]
    assert seen == sorted(seen)


def test_an_agent_who_joins_and_the_router_do_not_both_answer(
    world: World, acme: Organization
) -> None:
    """A waiting chat is taken by whoever comes first; the slot is not used up by the other."""
    bob = world.agent(acme, "bob", role="administrator", online=True, accepting=False)
    ann = world.agent(acme, "ann", limit=1, online=True, accepting=False)
    waiting = [
        world.customer(acme, f"c{number}").rtm("start_chat", {"continuous": True})["chat_id"]
        for number in range(3)
    ]

    at_once(
        lambda: bob.rtm(
            "add_user_to_chat",
            {
                "chat_id": waiting[0],
                "user_id": bob.id,
                "user_type": "agent",
                "visibility": "all",
                "ignore_requester_presence": True,
            },
        ),
        lambda: ann.rtm("set_routing_status", {"status": "accepting_chats"}),
    )

    assert loads(acme)["Ann"] == 1
    assert loads(acme)["Bob"] == 1


def test_several_workers_hand_on_a_lost_agents_chats_once(
    world: World, acme: Organization, talk: tuple[User, User, str]
) -> None:
    ann, _, _ = talk
    world.agent(acme, "bob", online=True)
    ConnectionLease.objects.filter(user_id=ann.id).update(expires_at=clock.now())

    at_once(*[presence.end_expired_leases] * 4)

    assert loads(acme) == {"Ann": 0, "Bob": 1}
    kinds = [e.content.get("system_message_type") for e in Event.objects.order_by("position")]
    assert kinds == ["routing.assigned_disconnected"]


def test_a_customer_who_comes_back_while_their_lease_runs_out_stays(
    world: World, acme: Organization
) -> None:
    carl = world.customer(acme, "carl")
    carl.rtm("set_customer_session_fields", {"session_fields": [{"plan": "gold"}]})
    ConnectionLease.objects.filter(user_id=carl.id).update(expires_at=clock.now())

    def sweep() -> None:
        presence.end_expired_leases()
        connections.close_all()

    with ThreadPoolExecutor(1) as worker:
        with transaction.atomic():
            carl.login()
            swept = worker.submit(sweep)
            time.sleep(0.5)
        swept.result(10)

    customer = Customer.objects.get(id=carl.id)
    assert customer.online_since is not None
    assert customer.session_fields == [{"plan": "gold"}]
    assert Visit.objects.get().ended_at is None
    assert ConnectionLease.objects.filter(user_id=carl.id).count() == 1


def test_several_workers_close_a_silent_chat_once(
    talk: tuple[User, User, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(minutes=16))

    at_once(*[timers.close_left_chats] * 4)

    assert Event.objects.count() == 1
    assert Chat.objects.get().active_thread_id is None


def test_freed_slots_and_new_chats_at_the_same_time(world: World, acme: Organization) -> None:
    ann = world.agent(acme, "ann", limit=2, online=True)
    old = [world.customer(acme, f"old{number}") for number in range(4)]
    chats = [one.rtm("start_chat")["chat_id"] for one in old]
    new = [world.customer(acme, f"new{number}") for number in range(3)]

    at_once(
        lambda: ann.rtm("deactivate_chat", {"id": chats[0]}),
        lambda: old[1].rtm("deactivate_chat", {"id": chats[1]}),
        *[lambda one=one: one.rtm("start_chat") for one in new],
        lambda: routing.settle(acme.id),
    )

    assert loads(acme) == {"Ann": 2}
    assert Thread.objects.filter(queued_at__isnull=False).count() == 3


def test_a_customer_logs_in_while_their_chat_begins(world: World, acme: Organization) -> None:
    """Both write the customer; neither forgets what the other counted."""
    carl = world.customer(acme, "carl", online=False)
    answers = at_once(
        lambda: carl.login(customer_page={"url": "https://shop.example/a"}),
        lambda: carl.web("start_chat", {"continuous": True}),
        lambda: carl.login(customer_page={"url": "https://shop.example/b"}),
        lambda: carl.web("update_customer", {"name": "Carla"}),
    )

    assert all(isinstance(answer, dict) for answer in answers), answers

    customer = carl.web("get_customer")
    assert customer["name"] == "Carla"
    counts = customer["statistics"]
    assert (counts["chats_count"], counts["threads_count"]) == (1, 1)
    assert (counts["visits_count"], counts["page_views_count"]) == (1, 2)


# --- transfers ------------------------------------------------------------------------------------


def hand(user: User, chat_id: str, to: User) -> Callable[[], Any]:
    payload = {"id": chat_id, "target": {"type": "agent", "ids": [to.id]}}
    return lambda: user.rtm("transfer_chat", payload)


def talking(chat_id: str) -> list[str]:
    """Return the ids of the agents who are in a chat."""
    return [
        user_id
        for user_id, one in Chat.objects.get(id=chat_id).participants.items()
        if one["type"] == "agent" and one["present"]
    ]


@pytest.mark.parametrize("_attempt", range(3))
def test_a_chat_is_handed_on_once(
    world: World, acme: Organization, talk: tuple[User, User, str], _attempt: int
) -> None:
    """Whoever comes second is not in the chat any more."""
    ann, _, chat_id = talk
    bob = world.agent(acme, "bob", online=True, accepting=False)
    cleo = world.agent(acme, "cleo", online=True, accepting=False)

    answers = at_once(hand(ann, chat_id, bob), hand(ann, chat_id, cleo))

    assert sorted(map(str, answers)) == ["authorization", "{}"]
    assert talking(chat_id) in ([bob.id], [cleo.id])


def test_a_chat_is_handed_on_or_closed(
    world: World, acme: Organization, talk: tuple[User, User, str]
) -> None:
    ann, carl, chat_id = talk
    bob = world.agent(acme, "bob", online=True, accepting=False)

    moved, closed = at_once(
        hand(ann, chat_id, bob), lambda: carl.rtm("deactivate_chat", {"id": chat_id})
    )

    assert closed == {}
    assert moved in ({}, "chat_inactive")
    assert Chat.objects.get().active_thread_id is None
    assert talking(chat_id) == ([bob.id] if moved == {} else [ann.id])


@pytest.mark.parametrize("_attempt", range(3))
def test_a_chat_handed_to_an_agent_who_vanishes_is_not_left_alone(
    world: World, acme: Organization, talk: tuple[User, User, str], _attempt: int
) -> None:
    ann, _, chat_id = talk
    bob = world.agent(acme, "bob", online=True, accepting=False)
    ConnectionLease.objects.filter(user_id=bob.id).update(expires_at=clock.now())

    moved, _ = at_once(hand(ann, chat_id, bob), presence.end_expired_leases)

    assert moved == "agent_offline"
    assert talking(chat_id) == [ann.id]


@pytest.mark.parametrize("_attempt", range(3))
def test_a_chat_of_an_agent_who_vanishes_is_handed_on_once(
    world: World, acme: Organization, talk: tuple[User, User, str], _attempt: int
) -> None:
    ann, _, chat_id = talk
    bob = world.agent(acme, "bob", online=True, accepting=False)
    world.agent(acme, "cleo", online=True)
    ConnectionLease.objects.filter(user_id=ann.id).update(expires_at=clock.now())

    at_once(hand(ann, chat_id, bob), presence.end_expired_leases)

    assert len(talking(chat_id)) == 1
    assert ann.id not in talking(chat_id)


def test_the_router_and_a_transfer_do_not_both_take_a_waiting_chat(
    world: World, acme: Organization
) -> None:
    boss = world.agent(acme, "boss", role="administrator", online=True, accepting=False)
    ann = world.agent(acme, "ann", limit=1, online=True, accepting=False)
    chat_id = world.customer(acme, "carl").rtm("start_chat", {"continuous": True})["chat_id"]
    take = {
        "id": chat_id,
        "target": {"type": "agent", "ids": [boss.id]},
        "ignore_requester_presence": True,
    }

    at_once(
        lambda: boss.rtm("transfer_chat", take),
        lambda: ann.rtm("set_routing_status", {"status": "accepting_chats"}),
    )

    assert talking(chat_id) in ([boss.id], [ann.id])


def test_silence_is_noticed_once_and_ended_once(
    talk: tuple[User, User, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, carl, chat_id = talk
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(minutes=11))
    at_once(*[timers.notice_silence] * 3)
    assert Event.objects.count() == 1

    say = {"chat_id": chat_id, "event": make.message()}
    at_once(*[lambda user=user: user.rtm("send_event", say) for user in (ann, carl) * 2])

    told = ChatChange.objects.filter(body__is="ThreadPropertiesUpdated").order_by("sequence")
    said = [change.body["properties"]["routing"] for change in told]
    assert [one["idle"] for one in said if "idle" in one] == [True, False]
    assert [one["unreplied"] for one in said if "unreplied" in one] == [False]
    assert Chat.objects.get().idle is False


@pytest.mark.parametrize("_attempt", range(3))
def test_a_greeting_is_shown_once_whoever_finds_it_due(
    world: World, acme: Organization, _attempt: int
) -> None:
    """Several workers look at the clock while the customer opens pages and logs in."""
    world.agent(acme, "ann", online=True)
    carl = world.customer(acme, "carl")
    make.greeting(acme, make.rule("visit_time_site", "greater_or_equal", "0"))
    Visit.objects.update(greetings_due_at=clock.now())
    page = "https://x.example/"

    at_once(
        *[greetings.show_due] * 3,
        *[lambda: carl.rtm("update_customer_page", {"url": page})] * 2,
        lambda: carl.rtm("set_customer_session_fields", {"session_fields": [{"a": "b"}]}),
    )

    assert ShownGreeting.objects.count() == 1
    assert Customer.objects.get(id=carl.id).greetings_shown_count == 1
    assert [push.action for push in carl.heard].count("incoming_greeting") <= 1


def test_a_greeting_is_seen_once_and_converts_once(world: World, acme: Organization) -> None:
    world.agent(acme, "ann", online=True)
    carl = world.customer(acme, "carl")
    make.greeting(acme)
    carl.rtm("update_customer_page", {"url": "https://x.example/"})
    shown = ShownGreeting.objects.get()
    seen = {"greeting_id": shown.content["id"], "unique_id": shown.unique_id}
    thread = {"properties": {"lc2": {"greeting_unique_id": shown.unique_id}}}

    at_once(
        *[lambda: carl.rtm("accept_greeting", seen)] * 2,
        *[lambda: carl.rtm("start_chat", {"chat": {"thread": thread}})] * 2,
    )

    row = Customer.objects.get(id=carl.id)
    assert (row.greetings_accepted_count, row.greetings_converted_count) == (1, 1)


@pytest.mark.parametrize("gone", ["greeting", "group"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_greets_is_deleted_while_somebody_is_greeted(
    world: World, acme: Organization, gone: str, moment: str
) -> None:
    ann = world.agent(acme, "ann", online=True)
    boss = administrator(world, acme)
    sales = make.group(acme, "Sales", Agent.objects.filter(public_id=ann.id)).number
    carl = world.customer(acme, "carl")
    Visit.objects.update(asked_group=sales)
    make.greeting(acme, group=sales)
    carl.rtm("update_customer_page", {"url": "https://x.example/"})
    about = {"greeting": make.greeting(acme, group=sales).pk, "group": sales}[gone]
    deleting = threading.Event()

    def look() -> None:
        with transaction.atomic():
            customer = customer_rows.locked(UUID(carl.id))
            if moment == "before":
                greetings.consider(customer, Visit.objects.get())
            deleting.set()
            time.sleep(0.3)
            if moment == "after":
                greetings.consider(customer, Visit.objects.get())

    def delete() -> Any:
        deleting.wait()
        return boss.web(f"delete_{gone}", {"id": about})

    assert at_once(look, delete)[1] == {}


def test_a_greeting_is_deleted_before_or_after_it_is_changed(
    world: World, acme: Organization
) -> None:
    boss = administrator(world, acme)
    greeting = make.greeting(acme).pk
    deleting = threading.Event()

    def change() -> Any:
        with transaction.atomic():
            routing.lock_organization(acme.id)
            deleting.set()
            time.sleep(0.3)
            return boss.web("update_greeting", {"id": greeting, "name": "Hello"})

    def delete() -> Any:
        deleting.wait()
        return boss.web("delete_greeting", {"id": greeting})

    assert at_once(change, delete) == [{}, {}]


def test_a_goal_is_reached_once(world: World, acme: Organization) -> None:
    carl = world.customer(acme, "carl")
    make.goal(acme)

    at_once(
        *[
            lambda number=number: carl.rtm(
                "update_customer_page", {"url": f"https://x.example/thanks/{number}"}
            )
            for number in range(4)
        ]
    )

    assert ReachedGoal.objects.count() == 1


def test_access_rules_stay_in_line(acme: Organization) -> None:
    first = make.access_rule(acme, 0).public_id

    at_once(*[lambda: make.access_rule(acme, 0, next_id=first)] * 4)

    rules = AccessRule.objects.order_by("position")
    assert list(rules.values_list("position", flat=True)) == list(range(5))
    assert rules[4].public_id == first


def test_everybody_who_presses_a_button_at_once_is_remembered(
    world: World, acme: Organization
) -> None:
    ann, carl = world.agent(acme, "ann", online=True), world.customer(acme, "carl")
    started = carl.rtm("start_chat")
    question = make.rich_message("Well?", "yes")
    sent = ann.rtm("send_event", {"chat_id": started["chat_id"], "event": question})
    press = {**started, **sent, "postback": {"id": "yes", "toggled": True}}
    people = [ann, carl]

    at_once(*[lambda one=one: one.rtm("send_rich_message_postback", press) for one in people * 2])

    event = Event.objects.get(type="rich_message")
    (button,) = event.content["elements"][0]["buttons"]
    assert sorted(button["user_ids"]) == sorted([ann.id, carl.id])


def test_an_event_is_taken_back_once(world: World, acme: Organization) -> None:
    carl = world.customer(acme, "carl")
    started = carl.rtm("start_chat", {"continuous": True})
    event = make.message("Oops", custom_id="c")
    about = {"chat_id": started["chat_id"], "event": event}
    named = {**started, **carl.rtm("send_event", about)}

    delete = lambda: carl.rtm("delete_event", named)  # noqa: E731
    answers = at_once(*[delete] * 4)

    assert sorted(map(str, answers)) == ["not_found", "not_found", "not_found", "{}"]


def test_several_workers_make_one_pair_of_thumbnails_and_send_one_mail(
    world: World, acme: Organization
) -> None:
    carl = world.customer(acme, "carl")
    started = carl.rtm("start_chat", {"continuous": True})
    event = {"type": "file", "url": carl.upload("cat.png", PIXEL)}
    carl.rtm("send_event", {"chat_id": started["chat_id"], "event": event})
    wish = {"routing": {"transcript_email": "carl@example.com"}}
    carl.rtm("update_thread_properties", {**started, "properties": wish})
    carl.rtm("deactivate_chat", {"id": started["chat_id"]})

    at_once(*[thumbnails.make_due] * 3, *[transcript_mails.send_due] * 3)

    assert UploadedFile.objects.filter(thumbnail_of__isnull=False).count() == 2
    assert [message.to for message in mail.outbox] == [["carl@example.com"]]


@pytest.mark.parametrize("change", [agents.suspend_agent, agents.delete_agent])
def test_an_agent_who_goes_while_chats_come_keeps_none(
    world: World, acme: Organization, change: Callable[[Any, str], None]
) -> None:
    ann = world.agent(acme, "ann", limit=20, online=True)
    world.agent(acme, "bob", limit=20, online=True)
    customers = [world.customer(acme, f"c{number}") for number in range(6)]

    at_once(
        lambda: change(acme.id, ann.id),
        *[lambda one=one: one.rtm("start_chat") for one in customers],
    )

    assert loads(acme)["Bob"] == 6
    assert loads(acme).get("Ann", 0) == 0


def test_nothing_stays_in_a_group_that_is_deleted_while_chats_begin_in_it(
    world: World, acme: Organization
) -> None:
    group = make.group(acme)
    customers = [world.customer(acme, f"c{number}") for number in range(5)]
    wanted = {"continuous": True, "chat": {"access": {"group_ids": [group.number]}}}

    answers = at_once(
        lambda: groups.delete_group(acme.id, group.number),
        *[lambda one=one: one.rtm("start_chat", wanted) for one in customers],
    )

    refused = answers[1:].count("group_not_found")
    assert list(Chat.objects.values_list("group_ids", flat=True)) == [[0]] * (5 - refused)
    assert all(thread.group_ids == [0] for thread in Thread.objects.all())


def test_groups_made_at_once_have_numbers_of_their_own(acme: Organization) -> None:
    numbers = at_once(*[lambda: groups.create_group(acme, "Sales").number] * 5)

    assert sorted(numbers) == [1, 2, 3, 4, 5]


# --- archives -------------------------------------------------------------------------------------


def test_several_workers_read_each_thread_of_the_archives(
    acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "AT_ONCE", 3)
    for _ in range(12):
        make.chat(make.customer(acme), active=False, texts=["An order"])

    at_once(*[archives.index_due] * 3)
    archives.index_due()

    assert ArchiveEntry.objects.count() == 12
    assert not Thread.objects.filter(archived=False).exists()


def test_nobody_finds_what_is_deleted_while_a_worker_reads(
    acme: Organization, world: World
) -> None:
    ann = world.agent(acme, "ann")
    for _ in range(5):
        carl = world.customer(acme, "carl", online=False)
        text = {"thread": {"events": [make.message("My password")]}}
        started = carl.call("start_chat", continuous=True, chat=text)
        event_id = started.pop("event_ids")[0]

        def delete(carl: User = carl, ids: dict[str, str] = started, event: str = event_id) -> None:
            carl.call("delete_event", **ids, event_id=event)

        at_once(archives.index_due, delete)

        found = ann.call("list_archives", filters={"query": "password"})
        assert found["chats"] == []


def test_a_thread_is_tagged_once_however_many_try(acme: Organization, world: World) -> None:
    ann = world.agent(acme, "ann")
    make.tag(acme, "vip")
    chat = make.chat(make.customer(acme))
    asked = {"chat_id": chat.id, "thread_id": chat.last_thread_id, "tag": "vip"}

    answers = at_once(*[lambda: ann.call("tag_thread", **asked)] * 3)

    assert sorted(answers, key=str) == ["validation", "validation", {}]
    assert Thread.objects.get(chat=chat).tags == ["vip"]


# --- webhooks -------------------------------------------------------------------------------------


@pytest.fixture
def shop(acme: Organization) -> Application:
    """Return the application of an integration."""
    return make.application(acme)


@pytest.fixture
def boss(world: World, acme: Organization, shop: Application) -> User:
    """Return an administrator who configures through it."""
    seat = make.agent(acme, "administrator", name="Boss")
    return world.as_agent(seat, application=shop).configuration


def registration(shop: Application, kind: str = "license") -> dict[str, Any]:
    return {
        "action": "incoming_event",
        "url": "https://hooks.example.com/",
        "secret_key": "secret",
        "type": kind,
        "owner_client_id": shop.client_id,
    }


def test_three_webhooks_of_an_action_are_registered_however_many_ask(
    boss: User, shop: Application
) -> None:
    register = lambda: boss.web("register_webhook", registration(shop))  # noqa: E731
    answers = at_once(*[register] * 8)

    assert [answer for answer in answers if isinstance(answer, str)] == ["limit_reached"] * 5
    assert Webhook.objects.count() == WebhookListener.objects.count() == 3
    assert WebhookEndpoint.objects.count() == 1


def test_whoever_asks_at_once_a_webhook_is_taken_away_once(boss: User, shop: Application) -> None:
    payload = {"id": make.webhook(shop).id, "owner_client_id": shop.client_id}

    unregister = lambda: boss.web("unregister_webhook", payload)  # noqa: E731
    answers = at_once(*[unregister] * 4)

    assert sorted(map(str, answers)) == ["not_found"] * 3 + ["{}"]
    assert not WebhookEndpoint.objects.exists()


def listening() -> set[str]:
    return set(WebhookListener.objects.values_list("webhook_id", flat=True))


@pytest.mark.parametrize("status", ["not_accepting_chats", "offline"])
@pytest.mark.parametrize("_attempt", range(3))
def test_a_webhook_registered_while_a_bot_comes_or_goes_knows_it(
    world: World, acme: Organization, boss: User, shop: Application, status: str, _attempt: int
) -> None:
    first = make.webhook(shop, kind="bot")
    robin = bots.create_bot(shop, "Robin").agent.public_id
    agent = User(world, "agent", boss.credentials, acme.id)
    before = "offline" if status != "offline" else "not_accepting_chats"
    agent.web("set_routing_status", {"status": before, "agent_id": robin})

    answer, _ = at_once(
        lambda: boss.web("register_webhook", registration(shop, "bot")),
        lambda: agent.web("set_routing_status", {"status": status, "agent_id": robin}),
    )

    assert listening() == ({first.id, answer["id"]} if status != "offline" else set())


def test_whatever_decides_who_listens_changes_at_once(
    world: World, acme: Organization, boss: User, shop: Application
) -> None:
    robin = bots.create_bot(shop, "Robin").agent.public_id
    agent = User(world, "agent", boss.credentials, acme.id)
    gone = make.webhook(shop, url="https://gone.example.com/")
    leaving = [make.webhook(shop, "chat_deactivated", kind="bot") for _ in range(3)]
    owner = {"owner_client_id": shop.client_id}

    def switch() -> None:
        for action in ("disable_license_webhooks", "enable_license_webhooks") * 5:
            boss.web(action)

    def work() -> None:
        for status in ("accepting_chats", "offline") * 5 + ("accepting_chats",):
            agent.web("set_routing_status", {"status": status, "agent_id": robin})

    def leave() -> None:
        for webhook in leaving:
            boss.web("unregister_webhook", {"id": webhook.id, **owner})

    def come() -> list[str]:
        return [
            boss.web("register_webhook", registration(shop, kind))["id"]
            for kind in ("bot", "license")
        ]

    *_, made = at_once(switch, work, leave, lambda: deliveries.disable(gone.endpoint_id), come)

    assert listening() == set(made)


def test_no_message_fails_or_is_lost_while_webhooks_come_and_go(
    boss: User, shop: Application, talk: tuple[User, User, str]
) -> None:
    ann, carl, chat_id = talk
    stays = make.webhook(shop)
    talking = threading.Event()
    talking.set()

    def say(user: User) -> list[str]:
        sent = []
        for number in range(40):
            event = make.message(f"{user.name} {number}")
            sent.append(user.rtm("send_event", {"chat_id": chat_id, "event": event})["event_id"])
        return sent

    def come_and_go() -> list[str]:
        seen = []
        while talking.is_set():
            seen.append(boss.web("register_webhook", registration(shop))["id"])
            payload = {"id": seen[-1], "owner_client_id": shop.client_id}
            boss.web("unregister_webhook", payload)
        return seen

    def say_all() -> list[str]:
        try:
            with ThreadPoolExecutor(2) as pool:
                return [one for sent in pool.map(_closing(say), (ann, carl)) for one in sent]
        finally:
            talking.clear()

    said, came_and_went = at_once(say_all, come_and_go)

    assert len(said) == 80
    rows = WebhookDelivery.objects.filter(webhook=stays, action="incoming_event")
    assert sorted(row.event["event"]["id"] for row in rows) == sorted(said)
    assert Webhook.objects.get() == stays
    assert len(came_and_went) > 1


def _closing(do: Callable[[User], list[str]]) -> Callable[[User], list[str]]:
    def run(user: User) -> list[str]:
        try:
            return do(user)
        finally:
            connections.close_all()

    return run


# --- configuration --------------------------------------------------------------------------------


def administrator(world: World, acme: Organization) -> User:
    """Return an administrator on the Configuration API."""
    return world.agent(acme, "boss", role="administrator").configuration


def test_a_tag_is_made_once_however_its_name_is_written(world: World, acme: Organization) -> None:
    boss = administrator(world, acme)

    made = [lambda name=name: boss.web("create_tag", {"name": name}) for name in ("vip", "VIP") * 2]
    answers = at_once(*made)

    assert sorted(map(str, answers)) == ["already_exists"] * 3 + ["{}"]
    assert len(boss.web("list_tags")) == 1


def test_a_licence_gets_no_more_groups_than_it_may(world: World, acme: Organization) -> None:
    acme.properties = {"limits": {"groups.base": 3}}
    acme.save()
    boss = administrator(world, acme)

    make_one = lambda: boss.web("create_group", {"name": "x", "agent_priorities": {}})  # noqa: E731
    answers = at_once(*[make_one] * 5)

    assert sorted(map(str, answers)) == ["limit_reached"] * 3 + ["{'id': 1}", "{'id': 2}"]


def test_rules_added_at_once_are_one_list(world: World, acme: Organization) -> None:
    boss = administrator(world, acme)
    last = make.access_rule(acme, 0).public_id
    rule = {
        "access": {"groups": [0]},
        "conditions": {"url": {"values": [{"value": "/"}]}},
        "next_id": last,
    }

    at_once(*[lambda: boss.web("add_auto_access", rule)] * 5)

    listed = boss.web("list_auto_accesses")
    assert [one["next_id"] for one in listed] == [*(one["id"] for one in listed[1:]), ""]
    assert (len(listed), listed[-1]["id"]) == (6, last)


def deleting(acme: Organization, chat_id: str, meanwhile: Callable[[], Any]) -> Any:
    """Delete a chat; return what is answered to a call that comes before the commit."""
    deleted = threading.Event()

    def delete() -> None:
        with transaction.atomic():
            deletion.delete_chat(acme.id, chat_id)
            deleted.set()
            time.sleep(0.3)

    def call() -> Any:
        deleted.wait()
        return meanwhile()

    return at_once(delete, call)[1]


def test_a_group_goes_while_a_chat_of_its_is_deleted(world: World, acme: Organization) -> None:
    boss = administrator(world, acme)
    sales = make.group(acme, "Sales").number
    chat = {"chat": {"access": {"group_ids": [sales]}}, "active": True, "continuous": True}
    chat_id = world.customer(acme, "carl").rtm("start_chat", chat)["chat_id"]

    answer = deleting(acme, chat_id, lambda: boss.web("delete_group", {"id": sales}))

    assert answer == {}
    assert not Chat.objects.exists()


def test_an_agent_is_suspended_while_their_chat_is_deleted(
    world: World, acme: Organization
) -> None:
    boss = administrator(world, acme)
    ann = world.agent(acme, "ann", online=True)
    chat_id = world.customer(acme, "carl").rtm("start_chat")["chat_id"]

    answer = deleting(acme, chat_id, lambda: boss.web("suspend_agent", {"id": ann.id}))

    assert answer == {}
    assert not Chat.objects.exists()


def test_a_licence_bans_no_more_than_it_may(world: World, acme: Organization) -> None:
    acme.properties = {"limits": {"banned.base": 2}}
    acme.save()
    boss = administrator(world, acme)
    customers = [world.customer(acme, f"c{number}").id for number in range(5)]

    answers = at_once(
        *[
            lambda one=one: boss.web("ban_customer", {"customer_id": one, "seconds": 60})
            for one in customers
        ]
    )

    assert sorted(map(str, answers)) == ["limit_reached"] * 3 + ["{}"] * 2
    assert len(boss.web("list_customer_bans")) == 2
