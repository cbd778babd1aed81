"""A chat keeps its promises whatever people do in whatever order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.test import override_settings
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from chatplatform import clock
from chatplatform.models import (
    Agent,
    Chat,
    ChatChange,
    ChatListing,
    ConnectionLease,
    Event,
    Group,
    Thread,
)
from chatplatform.services import listings, routing, timers
from tests import make
from tests.kernel.replica import AgentReplica, CustomerReplica
from tests.world import Heard, Refused, User, World

AGENTS = st.sampled_from(["ann", "bob", "cleo"])
CUSTOMERS = st.sampled_from(["dora", "emil", "fay"])
REFUSALS = {
    "agent_offline",
    "authorization",
    "chat_already_active",
    "chat_inactive",
    "chat_limit_reached",
    "groups_offline",
    "missing_access",
    "not_allowed",
    "not_found",
    "requester_already_offline",
}


def chats_in(push: Heard) -> set[str]:
    """Return the ids of the chats a push is about."""
    if isinstance(push.payload, list):
        return {entry["chat_id"] for entry in push.payload}
    if push.action == "incoming_chat":
        return {push.payload["chat"]["id"]}
    if push.action == "chat_access_updated":
        return {push.payload["id"]}
    return {push.payload["chat_id"]} if "chat_id" in push.payload else set()


class Conversation(RuleBasedStateMachine):
    """Three agents, two of them in a group, and three customers with a chat each."""

    world: World

    @initialize()
    def open_shop(self) -> None:
        self.passed = timedelta()
        real = clock.now
        self.time = patch.object(clock, "now", lambda: real() + self.passed)
        self.time.start()
        self.organization = make.organization()
        self.group = make.group(self.organization, "Sales")
        self.agents = {
            "ann": self.world.agent(self.organization, "ann", limit=1, online=True),
            "bob": self.world.agent(
                self.organization, "bob", limit=2, groups=[self.group], online=True
            ),
            "cleo": self.world.agent(
                self.organization, "cleo", role="administrator", online=True, accepting=False
            ),
        }
        self.customers = {
            name: self.world.customer(self.organization, name) for name in ("dora", "emil", "fay")
        }
        for name in ("dora", "emil"):
            self.start(name, continuous=True, sales=name == "emil")
        self.sequences: dict[str, int] = {}
        self.watchers = [AgentReplica(self.agents["bob"]), AgentReplica(self.agents["ann"])]
        self.watchers += [CustomerReplica(user) for user in self.customers.values()]
        self.overruled: set[str] = set()
        self.seen: dict[str, set[str]] = {}
        self.heard: dict[str, int] = {}

    def teardown(self) -> None:
        if hasattr(self, "time"):
            self.time.stop()

    # --- what people do -------------------------------------------------------------------------

    def attempt(self, user: User, action: str, /, **payload: Any) -> None:
        try:
            user.call(action, **payload)
        except Refused as refused:
            refusal = refused
        else:
            return
        assert refusal.type in REFUSALS, refusal

    def chat_of(self, customer: str) -> str:
        chat = Chat.objects.filter(customer_id=self.customers[customer].id).first()
        return chat.id if chat else "NONE"

    @rule(who=CUSTOMERS, continuous=st.booleans(), sales=st.booleans())
    def start(self, who: str, continuous: bool, sales: bool) -> None:
        chat: dict[str, Any] = {"thread": {"events": [make.message("Hello")]}}
        if sales:
            chat["access"] = {"group_ids": [self.group.number]}
        self.attempt(self.customers[who], "start_chat", chat=chat, continuous=continuous)

    @rule(who=CUSTOMERS)
    def resume(self, who: str) -> None:
        self.attempt(self.customers[who], "resume_chat", chat={"id": self.chat_of(who)})

    @rule(agent=AGENTS, who=CUSTOMERS)
    def resume_as_agent(self, agent: str, who: str) -> None:
        self.overruled.add(self.agents[agent].id)
        self.attempt(self.agents[agent], "resume_chat", chat={"id": self.chat_of(who)})

    @rule(who=CUSTOMERS)
    def leave(self, who: str) -> None:
        self.attempt(self.customers[who], "deactivate_chat", id=self.chat_of(who))

    @rule(agent=AGENTS, who=CUSTOMERS)
    def close(self, agent: str, who: str) -> None:
        self.attempt(
            self.agents[agent],
            "deactivate_chat",
            id=self.chat_of(who),
            ignore_requester_presence=True,
        )

    @rule(who=CUSTOMERS, last=st.booleans())
    def write(self, who: str, last: bool) -> None:
        self.attempt(
            self.customers[who],
            "send_event",
            chat_id=self.chat_of(who),
            event=make.message("Hm"),
            attach_to_last_thread=last,
        )

    @rule(agent=AGENTS, who=CUSTOMERS, visibility=st.sampled_from(["all", "agents"]))
    def answer(self, agent: str, who: str, visibility: str) -> None:
        event = make.message("Yes", visibility=visibility)
        self.attempt(self.agents[agent], "send_event", chat_id=self.chat_of(who), event=event)

    @rule(agent=AGENTS, who=CUSTOMERS)
    def look(self, agent: str, who: str) -> None:
        event = Event.objects.filter(thread__chat_id=self.chat_of(who)).last()
        if event is not None:
            seen = {"chat_id": self.chat_of(who), "seen_up_to": clock.to_wire(event.created_at)}
            self.attempt(self.agents[agent], "mark_events_as_seen", **seen)
            self.attempt(self.customers[who], "mark_events_as_seen", **seen)

    @rule(agent=AGENTS, who=CUSTOMERS, visibility=st.sampled_from(["all", "agents"]))
    def join(self, agent: str, who: str, visibility: str) -> None:
        self.overruled.add(self.agents[agent].id)
        self.attempt(
            self.agents[agent],
            "add_user_to_chat",
            chat_id=self.chat_of(who),
            user_id=self.agents[agent].id,
            user_type="agent",
            visibility=visibility,
            ignore_requester_presence=True,
        )

    @rule(agent=AGENTS, who=CUSTOMERS)
    def quit(self, agent: str, who: str) -> None:
        self.attempt(
            self.agents[agent],
            "remove_user_from_chat",
            chat_id=self.chat_of(who),
            user_id=self.agents[agent].id,
            user_type="agent",
            ignore_requester_presence=True,
        )

    @rule(agent=AGENTS, who=CUSTOMERS, follow=st.booleans())
    def watch(self, agent: str, who: str, follow: bool) -> None:
        action = "follow_chat" if follow else "unfollow_chat"
        self.attempt(self.agents[agent], action, id=self.chat_of(who))

    @rule(agent=AGENTS, accepting=st.booleans())
    def choose(self, agent: str, accepting: bool) -> None:
        status = "accepting_chats" if accepting else "not_accepting_chats"
        self.attempt(self.agents[agent], "set_routing_status", status=status)

    @rule(agent=AGENTS, who=CUSTOMERS, to=AGENTS, wait=st.booleans())
    def hand_to_agent(self, agent: str, who: str, to: str, wait: bool) -> None:
        self.overruled.add(self.agents[to].id)
        self.hand_over(agent, who, {"type": "agent", "ids": [self.agents[to].id]}, wait)

    @rule(agent=AGENTS, who=CUSTOMERS, sales=st.booleans(), wait=st.booleans())
    def hand_to_group(self, agent: str, who: str, sales: bool, wait: bool) -> None:
        number = self.group.number if sales else 0
        self.hand_over(agent, who, {"type": "group", "ids": [number]}, wait)

    @rule(agent=AGENTS, who=CUSTOMERS, wait=st.booleans())
    def hand_to_anybody(self, agent: str, who: str, wait: bool) -> None:
        self.hand_over(agent, who, None, wait)

    def hand_over(self, agent: str, who: str, target: Any, wait: bool) -> None:
        self.attempt(
            self.agents[agent],
            "transfer_chat",
            id=self.chat_of(who),
            target=target,
            ignore_agents_availability=wait,
            ignore_requester_presence=True,
        )

    @rule(agent=AGENTS, away=st.booleans())
    def look_away(self, agent: str, away: bool) -> None:
        if self.agents[agent].connections:
            self.attempt(self.agents[agent], "set_away_status", away=away)

    @rule()
    def be_silent(self) -> None:
        """Let so much time pass that chats fall idle; every connection lives on."""
        self.passed += timedelta(minutes=11)
        ConnectionLease.objects.update(expires_at=clock.now() + timedelta(days=1))
        self.world.act(timers.notice_silence)

    @rule(agent=AGENTS)
    def vanish(self, agent: str) -> None:
        self.world.lose(self.agents[agent])

    @rule(agent=AGENTS)
    def log_out(self, agent: str) -> None:
        if self.agents[agent].connections:
            self.agents[agent].rtm("logout")

    @rule(agent=AGENTS)
    def come_back(self, agent: str) -> None:
        if not self.agents[agent].connections:
            self.agents[agent].login()

    # --- what holds at any time -------------------------------------------------------------------

    def chats(self) -> list[Chat]:
        if not hasattr(self, "organization"):
            return []
        return list(Chat.objects.filter(organization=self.organization).order_by("created_at"))

    @invariant()
    def one_thread_is_active_and_only_the_newest(self) -> None:
        for chat in self.chats():
            threads = list(Thread.objects.filter(chat=chat).order_by("number"))
            assert [thread.number for thread in threads] == list(range(1, len(threads) + 1))
            assert chat.threads_count == len(threads)
            assert chat.last_thread_id == threads[-1].id
            active = [thread.id for thread in threads if thread.active]
            assert active == ([chat.active_thread_id] if chat.active_thread_id else [])
            assert set(active) <= {chat.last_thread_id}
            for thread in threads:
                assert (thread.closed_at is None) is thread.active
                assert thread.queued_at is None or thread.active

    @invariant()
    def events_are_numbered_without_gaps_and_in_time(self) -> None:
        for chat in self.chats():
            for thread in Thread.objects.filter(chat=chat):
                events = list(Event.objects.filter(thread=thread).order_by("position"))
                assert [event.position for event in events] == list(range(1, len(events) + 1))
                moments = [event.created_at for event in events]
                assert moments == sorted(set(moments))
                numbers = [event.sequence for event in events]
                assert numbers == sorted(numbers)
                assert all(event.organization_id == chat.organization_id for event in events)

    @invariant()
    def every_change_has_a_number(self) -> None:
        for chat in self.chats():
            assert chat.sequence >= self.sequences.get(chat.id, 0)
            self.sequences[chat.id] = chat.sequence
            changes = set(
                ChatChange.objects.filter(chat=chat).values_list("sequence", flat=True)
            ) | set(Event.objects.filter(thread__chat=chat).values_list("sequence", flat=True))
            assert changes == set(range(1, chat.sequence + 1))

    @invariant()
    def no_agent_has_more_chats_than_they_can_take(self) -> None:
        if not hasattr(self, "organization"):
            return
        for agent in Agent.objects.filter(organization=self.organization):
            held = sum(
                bool(
                    chat.active_thread_id
                    and chat.participants.get(agent.public_id, {}).get("present")
                    and chat.participants[agent.public_id]["visibility"] == "all"
                )
                for chat in self.chats()
            )
            assert held <= agent.max_chats_count or agent.public_id in self.overruled

    @invariant()
    def those_who_wait_stand_in_line(self) -> None:
        waiting = [
            thread
            for chat in self.chats()
            for thread in Thread.objects.filter(chat=chat, queued_at__isnull=False)
        ]
        waiting.sort(key=lambda thread: (thread.queued_at, thread.id))
        for index, thread in enumerate(waiting):
            groups = set(thread.group_ids)
            before = [other for other in waiting[:index] if groups & set(other.group_ids)]
            assert thread.queue_position == len(before) + 1

    @invariant()
    def nobody_waits_while_an_agent_is_free(self) -> None:
        if not hasattr(self, "organization"):
            return
        slots = routing.accepting_agents(self.organization.id)
        for chat in self.chats():
            thread = Thread.objects.filter(chat=chat, queued_at__isnull=False).first()
            if thread is not None:
                assert routing.choose(slots, thread.group_ids) is None

    @invariant()
    def a_running_chat_has_a_talking_agent_or_waits(self) -> None:
        for chat in self.chats():
            if chat.active_thread_id is None:
                continue
            waits = Thread.objects.get(id=chat.active_thread_id).queued_at is not None
            talks = any(
                one["type"] == "agent" and one["present"] and one["visibility"] == "all"
                for one in chat.participants.values()
            )
            assert waits is not talks

    @invariant()
    def the_router_says_how_things_stand(self) -> None:
        for chat in self.chats():
            if chat.active_thread_id is None:
                assert not chat.idle
                assert not chat.unreplied
                continue
            thread = Thread.objects.get(id=chat.active_thread_id)
            said = thread.properties["routing"]
            waits = thread.queued_at is not None
            replied = chat.spoke_at.get("agent", "") > clock.to_wire(thread.created_at)
            assert (said["unassigned"], said["pinned"]) == (waits, waits)
            assert chat.properties["routing"]["unassigned"] is waits
            assert said["unreplied"] is chat.unreplied is not replied
            assert said["idle"] is chat.idle

    def who_sees(self, chat: Chat) -> set[str]:
        groups = {
            agent.id: {0, self.group.number} if name == "bob" else {0}
            for name, agent in self.agents.items()
        }
        return {
            user.id
            for name, user in self.agents.items()
            if name == "cleo" or user.id in chat.participants or groups[user.id] & {*chat.group_ids}
        }

    @invariant()
    def nobody_hears_of_a_chat_they_may_not_see(self) -> None:
        """They may have lost access by what they heard, so that of before counts too."""
        now = {chat.id: self.who_sees(chat) for chat in self.chats()}
        if not now:
            return
        for agent in self.agents.values():
            fresh = agent.all_heard[self.heard.get(agent.id, 0) :]
            self.heard[agent.id] = len(agent.all_heard)
            for push in fresh:
                for chat_id in chats_in(push):
                    assert agent.id in now[chat_id] | self.seen.get(chat_id, set()), push
        self.seen = now

    @invariant()
    def lists_are_what_the_chats_say(self) -> None:
        for chat in self.chats():
            rows = ChatListing.objects.filter(chat=chat)
            assert {row.reader: row.present for row in rows} == listings.readers(chat)
            for row in rows:
                assert row.active is (chat.active_thread_id is not None)
                assert row.last_thread_created_at == chat.last_thread_created_at

    @invariant()
    def the_newest_events_are_known(self) -> None:
        for chat in self.chats():
            expected: dict[str, dict[str, str]] = {"all": {}, "agents": {}}
            threads = Thread.objects.filter(chat=chat).order_by("number")
            for thread in threads:
                for event in Event.objects.filter(thread=thread).order_by("position"):
                    expected[event.visibility][event.type] = event.public_id
            assert chat.last_events == expected

    @invariant()
    def groups_show_what_they_are(self) -> None:
        if not hasattr(self, "organization"):
            return
        self.organization.refresh_from_db()
        statuses = routing.group_statuses(self.organization)
        shown = dict(
            Group.objects.filter(organization=self.organization).values_list(
                "number", "shown_status"
            )
        )
        assert shown == statuses

    @invariant()
    def pushes_lead_to_what_is_stored(self) -> None:
        if hasattr(self, "organization"):
            for replica in self.watchers:
                replica.compare()


@pytest.fixture
def machine(world: World) -> Iterator[type[Conversation]]:
    with override_settings(RATE_LIMIT_PER_SECOND=10_000, RATE_LIMIT_BURST=100_000):
        yield type("InAWorld", (Conversation,), {"world": world})


def test_a_chat_keeps_its_promises(machine: type[Conversation]) -> None:
    assert settings.RATE_LIMIT_BURST > 1_000
    run_state_machine_as_test(
        machine,
        settings=hypothesis_settings(
            max_examples=4,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_chat_keeps_its_promises_for_long(machine: type[Conversation]) -> None:
    run_state_machine_as_test(
        machine,
        settings=hypothesis_settings(
            max_examples=15,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
