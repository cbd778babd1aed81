"""Agent Chat API: starting, resuming, closing, following and joining chats."""

from typing import Any

import pytest

from chatplatform.models import Agent, Chat, Organization, Thread
from tests import make
from tests.world import User, World


def started(customer: User, text: str = "Hello") -> str:
    """Start a chat as a customer and return its id."""
    answer = customer.call("start_chat", chat={"thread": {"events": [make.message(text)]}})
    chat_id: str = answer["chat_id"]
    return chat_id


def texts(chat: dict[str, Any]) -> list[str]:
    return [event["text"] for event in chat["thread"]["events"]]


def system_types(chat: dict[str, Any]) -> list[str]:
    return [
        event["system_message_type"]
        for event in chat["thread"]["events"]
        if event["type"] == "system_message"
    ]


def user_of(chat: dict[str, Any], user_id: str) -> dict[str, Any]:
    (found,) = (user for user in chat["users"] if user["id"] == user_id)
    return dict(found)


# --- start_chat ---------------------------------------------------------------------------------


def test_an_agent_starts_a_chat_with_a_customer_and_takes_part(
    world: World, ann: User, bob: User, carl: User
) -> None:
    with world.capture_pushes() as pushes:
        answer = ann.call(
            "start_chat",
            chat={
                "users": [{"id": carl.id, "type": "customer"}],
                "thread": {"events": [make.message("Hi Carl"), make.message("How are you?")]},
            },
        )

    chat = ann.call("get_chat", chat_id=answer["chat_id"])
    assert answer == {
        "chat_id": chat["id"],
        "thread_id": chat["thread"]["id"],
        "event_ids": [f"{chat['thread']['id']}_1", f"{chat['thread']['id']}_2"],
    }
    assert texts(chat) == ["Hi Carl", "How are you?"]
    assert [user["id"] for user in chat["users"]] == [carl.id, ann.id]
    assert chat["access"] == {"group_ids": [0]}
    assert chat["thread"]["user_ids"] == [carl.id, ann.id]
    assert chat["thread"]["active"] is True
    assert pushes.names == {
        "ann": ["incoming_chat"],
        "bob": ["incoming_chat"],
        "carl": ["incoming_chat"],
    }
    told = pushes.payload(ann, "incoming_chat")
    assert told["requester_id"] == ann.id
    assert told["chat"] == {name: chat[name] for name in chat if name != "is_followed"}


def test_starting_marks_the_requesters_events_as_seen(ann: User, carl: User) -> None:
    chat_id = ann.call("start_chat", chat={"thread": {"events": [make.message()]}})["chat_id"]

    chat = ann.call("get_chat", chat_id=chat_id)

    seen = user_of(chat, ann.id)["events_seen_up_to"]
    assert seen == chat["thread"]["events"][-1]["created_at"]


def test_an_answer_without_initial_events_has_no_event_ids(ann: User) -> None:
    answer = ann.call("start_chat")

    assert answer.keys() == {"chat_id", "thread_id"}


def test_a_chat_can_be_started_closed(world: World, ann: User, carl: User) -> None:
    answer = ann.call(
        "start_chat", active=False, chat={"users": [{"id": carl.id, "type": "customer"}]}
    )

    chat = ann.call("get_chat", chat_id=answer["chat_id"])
    assert chat["thread"]["active"] is False
    assert Chat.objects.get().active_thread_id is None


def test_initial_events_are_visible_to_all_whatever_they_say(ann: User) -> None:
    event = make.message("psst", visibility="agents")

    chat_id = ann.call("start_chat", chat={"thread": {"events": [event]}})["chat_id"]

    (stored,) = ann.call("get_chat", chat_id=chat_id)["thread"]["events"]
    assert stored["visibility"] == "all"


def test_up_to_four_other_agents_can_be_invited(
    world: World, acme: Organization, ann: User
) -> None:
    others = [make.agent(acme).public_id for _ in range(5)]

    def users(count: int) -> list[dict[str, str]]:
        return [{"id": other, "type": "agent"} for other in others[:count]]

    assert ann.refused("start_chat", chat={"users": users(5)}) == "validation"

    itself = {"id": ann.id, "type": "agent"}
    chat_id = ann.call("start_chat", chat={"users": [itself, *users(4)]})["chat_id"]
    present = [user["id"] for user in ann.call("get_chat", chat_id=chat_id)["users"]]
    assert present == [ann.id, *sorted(others[:4])]


def test_a_chat_is_started_with_one_customer_at_most(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    dora = world.customer(acme, "dora")
    users = [{"id": one.id, "type": "customer"} for one in (carl, dora)]

    assert ann.refused("start_chat", chat={"users": users}) == "validation"


def test_a_customer_with_a_chat_gets_no_second_one(ann: User, carl: User) -> None:
    started(carl)

    users = [{"id": carl.id, "type": "customer"}]
    assert ann.refused("start_chat", chat={"users": users}) == "chat_limit_reached"


@pytest.mark.parametrize("kind", ["agent", "customer"])
def test_users_who_do_not_exist_can_not_be_invited(ann: User, kind: str) -> None:
    users = [{"id": "nobody@example.com", "type": kind}]

    assert ann.refused("start_chat", chat={"users": users}) == "not_found"


def test_an_invited_agent_needs_access(world: World, acme: Organization, ann: User) -> None:
    outsider = make.agent(acme)
    group = make.group(acme, agents=[])
    chat = {
        "access": {"group_ids": [group.number]},
        "users": [{"id": outsider.public_id, "type": "agent"}],
    }

    assert ann.refused("start_chat", chat=chat) == "missing_access"


def test_an_agent_who_took_part_is_invited_again_whatever_groups_see_the_chat(
    world: World, acme: Organization, ann: User
) -> None:
    bob = world.agent(acme, "bob")
    group = make.group(acme)
    both = [{"id": bob.id, "type": "agent"}]
    chat_id = ann.call("start_chat", chat={"users": both})["chat_id"]
    ann.call("deactivate_chat", id=chat_id)

    ann.call(
        "resume_chat", chat={"id": chat_id, "access": {"group_ids": [group.number]}, "users": both}
    )

    chat = bob.call("get_chat", chat_id=chat_id)
    assert chat["access"] == {"group_ids": [group.number]}
    assert [(user["id"], user["present"]) for user in chat["users"]] == [
        (ann.id, True),
        (bob.id, True),
    ]


def test_access_names_groups_that_exist(ann: User) -> None:
    assert ann.refused("start_chat", chat={"access": {"group_ids": [7]}}) == "group_not_found"


def test_a_chat_of_a_group_is_told_to_its_members_only(
    world: World, acme: Organization, ann: User
) -> None:
    group = make.group(acme)
    world.agent(acme, "mia", groups=[group], online=True, accepting=False)
    world.agent(acme, "outsider", online=True, accepting=False)
    world.agent(acme, "admin", role="administrator", online=True, accepting=False)

    with world.capture_pushes() as pushes:
        ann.call("start_chat", chat={"access": {"group_ids": [group.number]}})

    assert pushes.names == {
        "ann": ["incoming_chat"],
        "mia": ["incoming_chat"],
        "admin": ["incoming_chat"],
    }


def test_default_properties_can_be_set_and_others_not(ann: User) -> None:
    rating = {"rating": {"score": 1}}
    refused = ann.refused("start_chat", chat={"properties": {"nobody": {"knows": 1}}})
    assert refused == "validation"
    assert ann.refused("start_chat", chat={"thread": {"properties": rating}}) == "authorization"

    given = {"test": {"int_property": 7}}
    started = ann.call("start_chat", chat={"properties": given, "thread": {"properties": given}})

    chat = ann.call("get_chat", chat_id=started["chat_id"])
    assert chat["properties"]["test"] == {"int_property": 7}
    assert chat["thread"]["properties"]["test"] == {"int_property": 7}


def test_who_started_a_chat_is_kept_as_source(ann: User) -> None:
    chat_id = ann.call("start_chat", chat={"thread": {"events": [make.message()]}})["chat_id"]

    chat = ann.call("get_chat", chat_id=chat_id)

    client_id = chat["properties"]["source"]["client_id"]
    assert client_id
    assert chat["thread"]["properties"]["source"] == {"client_id": client_id}
    assert chat["thread"]["events"][0]["properties"] == {"source": {"client_id": client_id}}


# --- resume_chat --------------------------------------------------------------------------------


def test_an_agent_resumes_a_chat_with_a_new_thread(
    world: World, ann: User, bob: User, carl: User
) -> None:
    chat_id = started(carl)
    carl.call("deactivate_chat", id=chat_id)
    first = bob.call("get_chat", chat_id=chat_id)["thread"]["id"]

    with world.capture_pushes() as pushes:
        answer = bob.call(
            "resume_chat", chat={"id": chat_id, "thread": {"events": [make.message("Again?")]}}
        )

    chat = bob.call("get_chat", chat_id=chat_id)
    assert answer == {
        "thread_id": chat["thread"]["id"],
        "event_ids": [f"{chat['thread']['id']}_1"],
    }
    assert chat["thread"]["previous_thread_id"] == first
    assert (
        bob.call("get_chat", chat_id=chat_id, thread_id=first)["thread"]["next_thread_id"]
        == (chat["thread"]["id"])
    )
    present = {user["id"]: user["present"] for user in chat["users"]}
    assert present == {carl.id: True, ann.id: False, bob.id: True}
    assert chat["thread"]["user_ids"] == [carl.id, bob.id]
    assert pushes.names == {
        "ann": ["incoming_chat"],
        "bob": ["incoming_chat"],
        "carl": ["incoming_chat"],
    }


def test_a_running_chat_can_not_be_resumed(ann: User, carl: User) -> None:
    chat_id = started(carl)

    assert ann.refused("resume_chat", chat={"id": chat_id}) == "chat_already_active"


def test_a_chat_nobody_has_can_not_be_resumed(ann: User) -> None:
    assert ann.refused("resume_chat", chat={"id": "ABCDEFGHIJ"}) == "not_found"


def test_resuming_gives_every_agent_access_unless_told_otherwise(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    group = make.group(acme)
    chat = {"access": {"group_ids": [group.number]}, "users": [{"id": carl.id, "type": "customer"}]}
    chat_id = ann.call("start_chat", chat=chat)["chat_id"]
    ann.call("deactivate_chat", id=chat_id)

    ann.call("resume_chat", chat={"id": chat_id})

    resumed = ann.call("get_chat", chat_id=chat_id)
    assert resumed["access"] == {"group_ids": [0]}
    assert resumed["thread"]["access"] == {"group_ids": [0]}

    ann.call("deactivate_chat", id=chat_id)
    ann.call("resume_chat", chat={"id": chat_id, "access": {"group_ids": [group.number]}})
    assert ann.call("get_chat", chat_id=chat_id)["access"] == {"group_ids": [group.number]}


def test_resuming_keeps_the_mode_unless_told_otherwise(
    world: World, acme: Organization, carl: User
) -> None:
    def continuous() -> bool:
        properties = carl.call("get_chat", chat_id=chat_id)["properties"]
        return bool(properties["routing"]["continuous"])

    chat_id = carl.call("start_chat", continuous=True)["chat_id"]
    carl.call("deactivate_chat", id=chat_id)
    carl.call("resume_chat", chat={"id": chat_id})
    assert continuous()

    carl.call("deactivate_chat", id=chat_id)
    world.agent(acme, "ann", online=True)
    carl.call("resume_chat", chat={"id": chat_id}, continuous=False)
    assert not continuous()


def test_a_chat_without_customer_gets_one_when_resumed(ann: User, carl: User) -> None:
    chat_id = ann.call("start_chat")["chat_id"]
    ann.call("deactivate_chat", id=chat_id)

    ann.call("resume_chat", chat={"id": chat_id, "users": [{"id": carl.id, "type": "customer"}]})

    assert carl.call("list_chats")["chats_info"][0]["id"] == chat_id


def test_a_chat_keeps_its_customer_when_resumed(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    dora = world.customer(acme, "dora")
    chat_id = started(carl)
    ann.call("deactivate_chat", id=chat_id)
    chat = {"id": chat_id, "users": [{"id": dora.id, "type": "customer"}]}

    assert ann.refused("resume_chat", chat=chat) == "validation"


def test_a_customer_with_a_chat_gets_no_second_one_by_resuming_another(
    ann: User, carl: User
) -> None:
    started(carl)
    other = ann.call("start_chat")["chat_id"]
    ann.call("deactivate_chat", id=other)
    chat = {"id": other, "users": [{"id": carl.id, "type": "customer"}]}

    assert ann.refused("resume_chat", chat=chat) == "chat_limit_reached"


def test_a_resumed_chat_forgets_its_followers(
    world: World, ann: User, bob: User, carl: User
) -> None:
    chat_id = started(carl)
    bob.call("follow_chat", id=chat_id)
    ann.call("deactivate_chat", id=chat_id)

    ann.call("resume_chat", chat={"id": chat_id})

    assert bob.call("get_chat", chat_id=chat_id)["is_followed"] is False
    with world.capture_pushes() as pushes:
        carl.call("send_event", chat_id=chat_id, event=make.message())
    assert pushes.names == {"ann": ["incoming_event"], "carl": ["incoming_event"]}


# --- deactivate_chat ----------------------------------------------------------------------------


def test_an_agent_closes_a_chat(world: World, ann: User, bob: User, carl: User) -> None:
    chat_id = started(carl)

    with world.capture_pushes() as pushes:
        assert ann.call("deactivate_chat", id=chat_id) == {}

    chat = ann.call("get_chat", chat_id=chat_id)
    thread_id = chat["thread"]["id"]
    assert chat["thread"]["active"] is False
    farewell = chat["thread"]["events"][-1]
    assert farewell == {
        "id": f"{thread_id}_2",
        "type": "system_message",
        "created_at": farewell["created_at"],
        "visibility": "all",
        "system_message_type": "manual_archived_agent",
        "text": "Ann archived the chat",
        "text_vars": {"agent": "Ann"},
    }
    assert pushes.names == {
        "ann": ["incoming_event", "chat_deactivated"],
        "bob": ["chat_deactivated"],
        "carl": ["incoming_event", "chat_deactivated"],
    }
    about = {"chat_id": chat_id, "thread_id": thread_id}
    assert pushes.payload(ann, "chat_deactivated") == {**about, "user_id": ann.id}
    key = next(user["id"] for user in carl.call("get_chat", chat_id=chat_id)["users"][1:])
    assert pushes.payload(carl, "chat_deactivated") == {**about, "user_id": key}


def test_only_a_present_agent_closes_a_chat_unless_told_to_ignore_that(
    world: World, ann: User, bob: User, carl: User
) -> None:
    chat_id = started(carl)

    assert bob.refused("deactivate_chat", id=chat_id) == "authorization"

    with world.capture_pushes() as pushes:
        bob.call("deactivate_chat", id=chat_id, ignore_requester_presence=True)
    assert ann.call("get_chat", chat_id=chat_id)["thread"]["active"] is False
    assert pushes.payload(ann, "chat_deactivated")["user_id"] == bob.id
    assert bob.id not in str(pushes.to(carl))


def test_a_closed_chat_can_not_be_closed_again(ann: User, carl: User) -> None:
    chat_id = started(carl)
    ann.call("deactivate_chat", id=chat_id)

    assert ann.refused("deactivate_chat", id=chat_id) == "chat_inactive"


# --- follow_chat, unfollow_chat -----------------------------------------------------------------


def test_a_follower_gets_the_chat_and_everything_that_happens_in_it(
    world: World, ann: User, bob: User, carl: User
) -> None:
    chat_id = started(carl)

    with world.capture_pushes() as pushes:
        assert bob.call("follow_chat", id=chat_id) == {}

    chat = bob.call("get_chat", chat_id=chat_id)
    assert chat.pop("is_followed") is True
    assert pushes.names == {"bob": ["incoming_chat"]}
    assert pushes.payload(bob, "incoming_chat") == {"requester_id": bob.id, "chat": chat}

    with world.capture_pushes() as pushes:
        carl.call("send_event", chat_id=chat_id, event=make.message())
    assert pushes.names == {name: ["incoming_event"] for name in ("ann", "bob", "carl")}


def test_following_twice_tells_nothing(world: World, ann: User, bob: User, carl: User) -> None:
    chat_id = started(carl)
    bob.call("follow_chat", id=chat_id)

    with world.nothing_changes():
        assert bob.call("follow_chat", id=chat_id) == {}


def test_a_member_need_not_follow(world: World, ann: User, carl: User) -> None:
    chat_id = started(carl)

    with world.nothing_changes():
        assert ann.call("follow_chat", id=chat_id) == {}


def test_who_unfollows_hears_no_more(world: World, ann: User, bob: User, carl: User) -> None:
    chat_id = started(carl)
    bob.call("follow_chat", id=chat_id)

    with world.capture_pushes() as pushes:
        assert bob.call("unfollow_chat", id=chat_id) == {}

    assert pushes.names == {"bob": ["chat_unfollowed"]}
    assert pushes.payload(bob, "chat_unfollowed") == {"chat_id": chat_id}
    assert bob.call("get_chat", chat_id=chat_id)["is_followed"] is False
    with world.capture_pushes() as pushes:
        carl.call("send_event", chat_id=chat_id, event=make.message())
    assert pushes.names == {"ann": ["incoming_event"], "carl": ["incoming_event"]}


def test_unfollowing_is_told_to_all_of_the_agents_connections_but_the_one_that_asked(
    world: World, ann: User, bob: User, carl: User
) -> None:
    chat_id = started(carl)
    first = bob.connections[0]
    bob.login()
    bob.call("follow_chat", id=chat_id)

    with world.capture_pushes() as pushes:
        bob.rtm("unfollow_chat", {"id": chat_id})

    assert pushes.names == {"bob": ["chat_unfollowed"]}
    assert first.heard[-1].action == "chat_unfollowed"


def test_a_member_can_not_unfollow(ann: User, carl: User) -> None:
    chat_id = started(carl)

    assert ann.refused("unfollow_chat", id=chat_id) == "not_allowed"


def test_who_does_not_follow_can_unfollow_without_effect(
    world: World, ann: User, bob: User, carl: User
) -> None:
    chat_id = started(carl)

    with world.nothing_changes():
        assert bob.call("unfollow_chat", id=chat_id) == {}


# --- add_user_to_chat ---------------------------------------------------------------------------


def test_a_member_adds_an_agent(world: World, ann: User, bob: User, carl: User) -> None:
    chat_id = started(carl)

    with world.capture_pushes() as pushes:
        answer = ann.call(
            "add_user_to_chat", chat_id=chat_id, user_id=bob.id, user_type="agent", visibility="all"
        )

    assert answer == {}
    chat = bob.call("get_chat", chat_id=chat_id)
    assert user_of(chat, bob.id)["present"] is True
    assert chat["thread"]["user_ids"] == [carl.id, ann.id, bob.id]
    assert system_types(chat) == ["agent_added"]
    assert chat["thread"]["events"][-1]["text"] == "Ann added Bob to the chat"
    assert pushes.names == {
        "ann": ["user_added_to_chat", "incoming_event"],
        "bob": ["user_added_to_chat", "incoming_chat", "incoming_event"],
        "carl": ["user_added_to_chat", "incoming_event"],
    }
    assert pushes.payload(ann, "user_added_to_chat") == {
        "chat_id": chat_id,
        "thread_id": chat["thread"]["id"],
        "user": user_of(chat, bob.id),
        "reason": "manual",
        "requester_id": ann.id,
    }


def test_an_agent_joins_by_adding_themself(world: World, ann: User, bob: User, carl: User) -> None:
    chat_id = started(carl)
    myself = {"chat_id": chat_id, "user_id": bob.id, "user_type": "agent", "visibility": "all"}

    assert bob.refused("add_user_to_chat", **myself) == "authorization"

    bob.call("add_user_to_chat", **myself, ignore_requester_presence=True)
    chat = bob.call("get_chat", chat_id=chat_id)
    assert user_of(chat, bob.id)["present"] is True
    assert system_types(chat) == ["agent_joined"]


def test_adding_someone_who_is_there_changes_nothing(world: World, ann: User, carl: User) -> None:
    chat_id = started(carl)

    with world.nothing_changes():
        ann.call(
            "add_user_to_chat", chat_id=chat_id, user_id=ann.id, user_type="agent", visibility="all"
        )


def test_nobody_is_added_to_a_closed_chat(ann: User, bob: User, carl: User) -> None:
    chat_id = started(carl)
    ann.call("deactivate_chat", id=chat_id)
    added = {"chat_id": chat_id, "user_id": bob.id, "user_type": "agent", "visibility": "all"}

    assert ann.refused("add_user_to_chat", **added) == "chat_inactive"


def test_an_added_agent_needs_access(world: World, acme: Organization, ann: User) -> None:
    outsider = make.agent(acme)
    group = make.group(acme, agents=[])
    chat_id = ann.call("start_chat", chat={"access": {"group_ids": [group.number]}})["chat_id"]
    added = {
        "chat_id": chat_id,
        "user_id": outsider.public_id,
        "user_type": "agent",
        "visibility": "all",
    }

    assert ann.refused("add_user_to_chat", **added) == "missing_access"


@pytest.mark.parametrize("lacking", [{"suspended": True}, {"awaiting_approval": True}])
def test_who_may_not_log_in_is_left_with_no_chat(
    acme: Organization, ann: User, carl: User, lacking: dict[str, bool]
) -> None:
    chat_id = started(carl)
    away = make.agent(acme)
    Agent.objects.filter(pk=away.pk).update(**lacking)
    joining = {"user_id": away.public_id, "user_type": "agent"}

    for visibility in ("all", "agents"):
        about = {"chat_id": chat_id, **joining, "visibility": visibility}
        assert ann.refused("add_user_to_chat", **about) == "agent_offline"
    invited = {"users": [{"id": away.public_id, "type": "agent"}]}
    assert ann.refused("start_chat", chat=invited) == "agent_offline"


def test_a_chat_without_customer_is_given_one(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    chat_id = ann.call("start_chat")["chat_id"]
    added = {"chat_id": chat_id, "user_id": carl.id, "user_type": "customer"}
    assert ann.refused("add_user_to_chat", **added, visibility="agents") == "validation"

    with world.capture_pushes() as pushes:
        ann.call("add_user_to_chat", **added, visibility="all")

    assert carl.call("get_chat", chat_id=chat_id)["thread"]["active"] is True
    assert "user_added_to_chat" in pushes.names["ann"]
    assert "incoming_chat" in pushes.names["carl"]
    dora = world.customer(acme, "dora")
    second = {"chat_id": chat_id, "user_id": dora.id, "user_type": "customer", "visibility": "all"}
    assert ann.refused("add_user_to_chat", **second) == "not_allowed"


def test_a_customer_with_a_chat_is_not_added_to_another(ann: User, carl: User) -> None:
    started(carl)
    chat_id = ann.call("start_chat")["chat_id"]
    added = {"chat_id": chat_id, "user_id": carl.id, "user_type": "customer", "visibility": "all"}

    assert ann.refused("add_user_to_chat", **added) == "chat_limit_reached"


# --- remove_user_from_chat ----------------------------------------------------------------------


def test_a_member_removes_another(world: World, ann: User, bob: User, carl: User) -> None:
    chat_id = started(carl)
    ann.call(
        "add_user_to_chat", chat_id=chat_id, user_id=bob.id, user_type="agent", visibility="all"
    )

    with world.capture_pushes() as pushes:
        answer = ann.call(
            "remove_user_from_chat", chat_id=chat_id, user_id=bob.id, user_type="agent"
        )

    assert answer == {}
    chat = ann.call("get_chat", chat_id=chat_id)
    assert user_of(chat, bob.id)["present"] is False
    assert chat["thread"]["user_ids"] == [carl.id, ann.id, bob.id]
    assert system_types(chat) == ["agent_added", "agent_removed"]
    assert pushes.names == {
        name: ["incoming_event", "user_removed_from_chat"] for name in ("ann", "bob", "carl")
    }
    assert pushes.payload(bob, "user_removed_from_chat") == {
        "chat_id": chat_id,
        "thread_id": chat["thread"]["id"],
        "user_id": bob.id,
        "reason": "manual",
        "requester_id": ann.id,
    }


def test_who_has_left_hears_headlines_only(world: World, ann: User, bob: User, carl: User) -> None:
    chat_id = started(carl)
    bob.call(
        "add_user_to_chat",
        chat_id=chat_id,
        user_id=bob.id,
        user_type="agent",
        visibility="all",
        ignore_requester_presence=True,
    )
    bob.call("remove_user_from_chat", chat_id=chat_id, user_id=bob.id, user_type="agent")

    with world.capture_pushes() as pushes:
        carl.call("send_event", chat_id=chat_id, event=make.message())
        carl.call("deactivate_chat", id=chat_id)

    assert pushes.names["bob"] == ["chat_deactivated"]


def test_the_last_agent_leaves_the_chat_to_the_queue(
    world: World, ann: User, bob: User, carl: User
) -> None:
    chat_id = started(carl)
    ann.call("set_routing_status", status="not_accepting_chats")

    with world.capture_pushes() as pushes:
        ann.call("remove_user_from_chat", chat_id=chat_id, user_id=ann.id, user_type="agent")

    chat = bob.call("get_chat", chat_id=chat_id)
    assert system_types(chat) == ["agent_left", "routing.unassigned_other"]
    assert chat["thread"]["queue"]["position"] == 1
    assert chat["thread"]["active"] is True
    assert pushes.payload(carl, "chat_transferred")["queue"]["position"] == 1


def test_customers_are_not_removed(ann: User, carl: User) -> None:
    chat_id = started(carl)
    removed = {"chat_id": chat_id, "user_id": carl.id, "user_type": "agent"}

    assert ann.refused("remove_user_from_chat", **removed) in ("not_allowed", "not_found")
    removed["user_type"] = "customer"
    assert ann.refused("remove_user_from_chat", **removed) in ("not_allowed", "validation")


def test_only_members_remove_unless_told_to_ignore_that(
    world: World, ann: User, bob: User, carl: User
) -> None:
    chat_id = started(carl)
    removed = {"chat_id": chat_id, "user_id": ann.id, "user_type": "agent"}

    assert bob.refused("remove_user_from_chat", **removed) == "authorization"

    with world.capture_pushes() as pushes:
        bob.call("remove_user_from_chat", **removed, ignore_requester_presence=True)
    assert pushes.payload(ann, "user_removed_from_chat")["requester_id"] == bob.id
    assert bob.id not in str(pushes.to(carl))


def test_who_is_not_there_can_not_be_removed(ann: User, bob: User, carl: User) -> None:
    chat_id = started(carl)
    removed = {"chat_id": chat_id, "user_id": bob.id, "user_type": "agent"}

    assert ann.refused("remove_user_from_chat", **removed) == "not_found"


def test_nobody_is_removed_from_a_closed_chat(ann: User, carl: User) -> None:
    chat_id = started(carl)
    ann.call("deactivate_chat", id=chat_id)
    removed = {"chat_id": chat_id, "user_id": ann.id, "user_type": "agent"}

    assert ann.refused("remove_user_from_chat", **removed) == "chat_inactive"


# --- access -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("get_chat", {"chat_id": "{}"}),
        ("list_threads", {"chat_id": "{}"}),
        ("resume_chat", {"chat": {"id": "{}"}}),
        ("deactivate_chat", {"id": "{}", "ignore_requester_presence": True}),
        ("follow_chat", {"id": "{}"}),
        ("unfollow_chat", {"id": "{}"}),
        ("send_event", {"chat_id": "{}", "event": make.message()}),
        ("send_typing_indicator", {"chat_id": "{}", "is_typing": True}),
        ("mark_events_as_seen", {"chat_id": "{}", "seen_up_to": "2030-01-01T00:00:00.000000Z"}),
        (
            "add_user_to_chat",
            {"chat_id": "{}", "user_id": "x", "user_type": "agent", "visibility": "all"},
        ),
        ("remove_user_from_chat", {"chat_id": "{}", "user_id": "x", "user_type": "agent"}),
    ],
)
def test_a_chat_of_another_group_is_closed_to_an_agent_and_open_to_an_administrator(
    world: World, acme: Organization, ann: User, action: str, payload: dict[str, Any]
) -> None:
    group = make.group(acme)
    chat_id = ann.call("start_chat", chat={"access": {"group_ids": [group.number]}})["chat_id"]
    outsider = world.agent(acme, "outsider")

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: filled(one) for name, one in value.items()}
        return chat_id if value == "{}" else value

    assert outsider.refused(action, **filled(payload)) == "authorization"
    admin = world.agent(acme, "admin", role="administrator")
    assert admin.call("get_chat", chat_id=chat_id)["id"] == chat_id


def test_having_taken_part_counts_as_access(world: World, acme: Organization, ann: User) -> None:
    sales = make.group(acme)
    outsider = world.agent(acme, "outsider")
    chat_id = ann.call("start_chat", chat={"users": [{"id": outsider.id, "type": "agent"}]})[
        "chat_id"
    ]
    ann.call("deactivate_chat", id=chat_id)
    ann.call("resume_chat", chat={"id": chat_id, "access": {"group_ids": [sales.number]}})

    assert outsider.call("get_chat", chat_id=chat_id)["access"] == {"group_ids": [sales.number]}
    assert [chat["id"] for chat in outsider.call("list_chats")["chats_info"]] == [chat_id]


def test_one_thread_is_active_at_most(ann: User, carl: User) -> None:
    chat_id = started(carl)
    for _ in range(3):
        ann.call("deactivate_chat", id=chat_id)
        ann.call("resume_chat", chat={"id": chat_id})

    assert Thread.objects.filter(active=True).count() == 1
    assert Thread.objects.count() == 4
