"""How older wire versions differ: one test for every change, and the rules all of them keep."""

import copy
from typing import Any

import pytest

from chatplatform.api import versions
from chatplatform.api.action import Action, Empty
from chatplatform.api.pushes import PushType
from chatplatform.api.versions import STEPS, VERSIONS

OLD = VERSIONS[:-1]


def action(api: str, name: str) -> Action:
    return Action(
        api=api,
        name=name,
        handler=lambda ctx, request: None,
        request=Empty,
        response=None,
        scopes=frozenset(),
        every_scope=False,
        web="3.4",
        rtm="3.4",
        until=None,
        writes=False,
        public=False,
        http_method="POST",
        upload=False,
        summary="",
    )


def request(version: str, api: str, name: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Return what becomes of a ``version`` client's request."""
    return versions.upgrade_request(action(api, name), version, payload)


def response(version: str, api: str, name: str, payload: Any) -> Any:
    """Return what a ``version`` client gets to see of an answer."""
    return versions.downgrade_response(action(api, name), version, payload)


def push(version: str, api: str, name: str, payload: Any) -> Any:
    """Return what a ``version`` client gets to see of a push."""
    push_type = PushType(api, name, "3.4", None, lambda event: None)
    return versions.downgrade_push(push_type, version, payload)


def message(**fields: Any) -> dict[str, Any]:
    return {"id": "T1_1", "type": "message", "text": "Hello", "visibility": "all", **fields}


SYSTEM_EVENT = {"id": "T1_2", "type": "system", "source": "cdp", "details": "{}"}


def agent_entry(**fields: Any) -> dict[str, Any]:
    """Return an entry of an agent's chat list in the newest shape."""
    return {
        "id": "C1",
        "users": [],
        "last_thread_info": {
            "id": "T2",
            "created_at": "2026-01-02T00:00:00.000000Z",
            "user_ids": ["a@example.com"],
            "active": True,
            "last_event_per_type": {"message": {"event": message(id="T2_1")}},
        },
        "properties": {},
        "access": {"group_ids": [0]},
        "is_followed": False,
        **fields,
    }


HINT = {
    "message": {
        "thread_id": "T2",
        "thread_created_at": "2026-01-02T00:00:00.000000Z",
        "event": message(id="T2_1"),
    },
    "file": {
        "thread_id": "T1",
        "thread_created_at": "2026-01-01T00:00:00.000000Z",
        "event": {"id": "T1_4", "type": "file"},
    },
}


# --- rules ------------------------------------------------------------------------------------


def test_every_change_is_one_sentence_about_one_kind_of_thing() -> None:
    sentences = []
    for _, changes in STEPS:
        for change in changes:
            sentences.append(change.sentence)
            assert change.sentence.endswith(".")
            targets = (
                change.structure,
                change.requests,
                change.responses,
                change.pushes,
                change.webhooks,
            )
            assert sum(bool(target) for target in targets) == 1
    assert len(set(sentences)) == len(sentences)


def test_the_steps_lead_from_the_newest_version_to_the_oldest() -> None:
    assert [leads_to for leads_to, _ in STEPS] == list(reversed(OLD))


def test_the_newest_version_passes_as_it_is() -> None:
    asked = {"filters": {"active": True}}
    told = {"chats_info": [agent_entry()]}

    assert request("3.7", "agent", "list_chats", asked) is asked
    assert response("3.7", "agent", "list_chats", told) is told
    assert push("3.7", "agent", "incoming_event", told) is told


@pytest.mark.parametrize("version", VERSIONS)
def test_no_answer_is_an_empty_object(version: str) -> None:
    assert response(version, "agent", "set_routing_status", None) == {}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_bare_list_stays_one(version: str) -> None:
    statuses = [{"agent_id": "a@example.com", "status": "offline"}]

    assert response(version, "agent", "list_routing_statuses", statuses) == statuses


@pytest.mark.parametrize("version", VERSIONS)
def test_hints_for_older_versions_reach_nobody(version: str) -> None:
    told = {"chats_info": [agent_entry(_last_event_per_type=HINT, _other=1)]}

    shown = response(version, "agent", "list_chats", told)

    (entry,) = shown.get("chats_info") or shown["chats_summary"]
    assert not any(name.startswith("_") for name in entry)


@pytest.mark.parametrize("version", VERSIONS)
def test_hints_on_users_threads_and_events_reach_nobody_either(version: str) -> None:
    user = {"id": "a@example.com", "type": "agent"}
    hinted = {**user, "_key": "opaque"}
    thread = {"id": "T1", "_hint": 1, "events": [{**message(), "_hint": 1}]}

    assert response(version, "agent", "get_chat", {"users": [hinted], "thread": thread}) == {
        "users": [user],
        "thread": {"id": "T1", "events": [message()]},
    }
    assert response(version, "agent", "login", {"my_profile": hinted}) == {"my_profile": user}
    assert push(version, "agent", "user_added_to_chat", {"user": hinted}) == {"user": user}


@pytest.mark.parametrize("version", VERSIONS)
def test_names_with_two_underscores_are_no_hints(version: str) -> None:
    told = {"__priv_dynamic_config": {"online_groups_ids": [0]}, "chats": []}

    assert response(version, "customer", "login", told) == told


@pytest.mark.parametrize("version", VERSIONS)
def test_clients_own_data_is_left_alone(version: str) -> None:
    content = {
        "_hint": 1,
        "type": "customer",
        "visit": {},
        "chats_info": [],
        "events": [SYSTEM_EVENT],
        "event": {"type": "system"},
    }
    told = {
        "chat_id": "C1",
        "event": {"id": "T1_1", "type": "custom", "content": content},
        "properties": {"test": {"_name": 1}},
    }

    assert push(version, "agent", "incoming_event", told) == told


SAMPLES: list[tuple[str, str, Any]] = [
    (
        "agent",
        "list_chats",
        {"chats_info": [agent_entry(), agent_entry(_last_event_per_type=HINT)]},
    ),
    ("agent", "login", {"chats_info": [agent_entry()], "license": {"id": "1"}}),
    ("customer", "list_chats", {"chats_info": [agent_entry()], "total_chats": 1}),
    (
        "agent",
        "get_chat",
        {
            "id": "C1",
            "users": [{"type": "customer", "visit": {}, "tickets": [], "address": {}}],
            "thread": {
                "id": "T1",
                "events": [
                    message(),
                    SYSTEM_EVENT,
                    message(deleted=True),
                    message(postback={"id": "p", "ecommerce": {}}),
                    {"type": "rich_message", "template_id": "ecommerce", "elements": [{}]},
                ],
                "customer_visit": {},
                "summary": {},
            },
        },
    ),
    (
        "agent",
        "get_customer",
        {"type": "customer", "visit": {}, "statistics": {"tickets_count": 1}},
    ),
    ("customer", "get_dynamic_configuration", {"organization_id": "o", "livechat": {"a": 1}}),
    ("customer", "update_customer_page", {"groups": [{"id": 0}]}),
]


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize(("api", "name", "payload"), SAMPLES)
def test_no_change_alters_what_it_is_given(version: str, api: str, name: str, payload: Any) -> None:
    before = copy.deepcopy(payload)

    response(version, api, name, payload)
    push(version, api, name, payload)

    assert payload == before


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize("name", ["list_chats", "login", "send_event", "start_chat"])
@pytest.mark.parametrize(
    "payload",
    [
        {"filters": 1, "event": 1, "chat": 1, "customer": 1},
        {"filters": [], "event": [], "chat": [], "customer": []},
        {"filters": None, "event": None, "chat": None, "customer": None},
        {"chat": {"thread": 1}, "event": {"recipients": {}}, "filters": {"include_active": 7}},
        {"chat": {"thread": {"events": {"a": 1}}}},
        {"chat": {"thread": {"events": [1, None, []]}}},
        {"event": {"template_id": [], "postback": 1, "elements": 1}},
        {"event": {"template_id": {}, "postback": [], "elements": [1, None]}},
    ],
)
def test_requests_that_are_not_valid_are_left_to_validation(
    version: str, name: str, payload: dict[str, Any]
) -> None:
    before = copy.deepcopy(payload)

    request(version, "agent", name, payload)
    request(version, "customer", name, payload)

    assert payload == before


# --- 3.7 → 3.6 --------------------------------------------------------------------------------


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize("name", ["list_chats", "login"])
def test_agents_lists_are_summaries_up_to_3_6(version: str, name: str) -> None:
    shown = response(version, "agent", name, {"chats_info": [agent_entry()], "found_chats": 1})

    assert shown == {
        "chats_summary": [
            {
                "id": "C1",
                "users": [],
                "last_thread_summary": {
                    "id": "T2",
                    "created_at": "2026-01-02T00:00:00.000000Z",
                    "user_ids": ["a@example.com"],
                    "active": True,
                },
                "properties": {},
                "access": {"group_ids": [0]},
                "is_followed": False,
                "last_event_per_type": {
                    "message": {
                        "thread_id": "T2",
                        "thread_created_at": "2026-01-02T00:00:00.000000Z",
                        "event": message(id="T2_1"),
                    }
                },
            }
        ],
        "found_chats": 1,
    }


@pytest.mark.parametrize("version", OLD)
def test_newest_events_cover_all_threads_up_to_3_6(version: str) -> None:
    told = {"chats_info": [agent_entry(_last_event_per_type=HINT)]}

    (entry,) = response(version, "agent", "list_chats", told)["chats_summary"]

    assert entry["last_event_per_type"] == HINT


@pytest.mark.parametrize("version", OLD)
def test_a_restricted_event_stays_restricted_up_to_3_6(version: str) -> None:
    entry = agent_entry()
    entry["last_thread_info"]["last_event_per_type"] = {"message": {"restricted_access": "plan"}}

    (shown,) = response(version, "agent", "login", {"chats_info": [entry]})["chats_summary"]

    assert shown["last_event_per_type"]["message"]["restricted_access"] == "plan"


@pytest.mark.parametrize("version", OLD)
def test_a_chat_without_threads_has_no_summary_of_one_up_to_3_6(version: str) -> None:
    told = {"chats_info": [{"id": "C1", "users": []}]}

    assert response(version, "agent", "list_chats", told)["chats_summary"] == [
        {"id": "C1", "users": [], "last_event_per_type": {}}
    ]


@pytest.mark.parametrize("version", OLD)
def test_customers_lists_are_summaries_up_to_3_6(version: str) -> None:
    entry = {
        "id": "C1",
        "users": [],
        "last_thread_info": {
            "id": "T2",
            "created_at": "2026-01-02T00:00:00.000000Z",
            "last_event_per_type": {"message": {"event": message(id="T2_1")}},
        },
        "active": True,
    }

    shown = response(version, "customer", "list_chats", {"chats_info": [entry], "total_chats": 1})

    assert shown == {
        "chats_summary": [
            {
                "id": "C1",
                "users": [],
                "active": True,
                "last_event_per_type": {
                    "message": {
                        "thread_id": "T2",
                        "thread_created_at": "2026-01-02T00:00:00.000000Z",
                        "event": message(id="T2_1"),
                    }
                },
                "last_thread_id": "T2",
                "last_thread_created_at": "2026-01-02T00:00:00.000000Z",
            }
        ],
        "total_chats": 1,
    }


# --- 3.6 → 3.5 --------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["3.4", "3.5"])
@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ({"include_active": True}, {}),
        ({"include_active": False}, {"active": False}),
        ({"include_active": None}, {}),
        ({"include_active": "no"}, {"active": "no"}),
        ({"include_active": 1}, {"active": 1}),
        ({}, {}),
        ({"active": True}, {}),
        ({"include_active": False, "group_ids": [1]}, {"active": False, "group_ids": [1]}),
    ],
)
def test_including_active_chats_is_a_filter_up_to_3_5(
    version: str, asked: dict[str, Any], meant: dict[str, Any]
) -> None:
    shown = request(version, "agent", "list_chats", {"filters": asked, "limit": 5})

    assert shown == {"filters": meant, "limit": 5}


def test_3_6_asks_for_active_chats_by_their_state() -> None:
    asked = {"filters": {"active": True, "include_active": False}}

    assert request("3.6", "agent", "list_chats", asked) == asked


CUSTOMER = {
    "id": "c1",
    "type": "customer",
    "name": "Cus",
    "visit": {"ip": "127.0.0.1"},
    "phone_number": "+48",
    "omnichannel": {},
    "address": {},
    "tickets": [],
    "carts": [],
    "statistics": {"chats_count": 1, "tickets_count": 2},
}
OLD_CUSTOMER = {
    "id": "c1",
    "type": "customer",
    "name": "Cus",
    "last_visit": {"ip": "127.0.0.1"},
    "statistics": {"chats_count": 1},
}
AGENT = {"id": "a@example.com", "type": "agent", "visit": "kept", "address": "kept"}


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_customers_are_plainer_up_to_3_5_wherever_they_occur(version: str) -> None:
    chat = {"id": "C1", "users": [CUSTOMER, AGENT], "thread": {"id": "T1", "events": []}}
    old_chat = {**chat, "users": [OLD_CUSTOMER, AGENT]}

    assert response(version, "agent", "get_customer", CUSTOMER) == OLD_CUSTOMER
    assert response(version, "agent", "get_chat", chat) == old_chat
    assert response(version, "agent", "list_chats", {"chats_info": [{"users": [CUSTOMER]}]})[
        "chats_summary"
    ][0]["users"] == [OLD_CUSTOMER]
    assert push(version, "agent", "incoming_chat", {"chat": chat}) == {"chat": old_chat}
    assert push(version, "agent", "user_added_to_chat", {"user": CUSTOMER}) == {
        "user": OLD_CUSTOMER
    }
    assert push(version, "agent", "incoming_customers", {"customers": [CUSTOMER]}) == {
        "customers": [OLD_CUSTOMER]
    }
    assert push(version, "agent", "incoming_customer", CUSTOMER) == OLD_CUSTOMER


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_a_customers_changes_are_told_in_old_words_up_to_3_5(version: str) -> None:
    changed = {"id": "c1", "name": "Cus", "phone_number": "+48", "cart": {}, "address": {}}

    assert push(version, "agent", "customer_updated", changed) == {"id": "c1", "name": "Cus"}


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_agents_are_not_told_of_nothing_up_to_3_5(version: str) -> None:
    told = {"id": "c1", "type": "customer", "phone_number": "+48", "cart": {}}

    assert push(version, "agent", "customer_updated", told) is None
    assert push("3.6", "agent", "customer_updated", told) == told
    named = {"id": "c1", "type": "customer", "name": "Cus"}
    assert push(version, "agent", "customer_updated", {**told, **named}) == named


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_customers_do_not_see_their_contact_data_up_to_3_5(version: str) -> None:
    told = {"id": "c1", "type": "customer", "phone_number": "+48", "omnichannel": {}, "address": {}}
    shown = {"id": "c1", "type": "customer"}

    assert response(version, "customer", "get_customer", told) == shown
    assert response(version, "customer", "login", {"customer": told}) == {"customer": shown}
    assert push(version, "customer", "customer_updated", told) == shown


def test_3_6_knows_customers_as_they_are() -> None:
    assert response("3.6", "agent", "get_customer", CUSTOMER) == CUSTOMER


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_customers_can_not_change_contact_data_up_to_3_5(version: str) -> None:
    asked = {"name": "Cus", "phone_number": "+48", "omnichannel": {}, "address": {"city": "X"}}

    assert request(version, "customer", "update_customer", asked) == {"name": "Cus"}
    assert request(version, "agent", "create_customer", asked) == {"name": "Cus"}
    assert request("3.6", "customer", "update_customer", asked) == asked


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_customers_log_in_without_an_address_up_to_3_5(version: str) -> None:
    asked = {"token": "Bearer x", "customer": {"name": "Cus", "address": {"city": "X"}}}

    assert request(version, "customer", "login", asked) == {
        "token": "Bearer x",
        "customer": {"name": "Cus"},
    }
    assert request("3.6", "customer", "login", asked) == asked


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_threads_have_no_visit_and_no_summary_up_to_3_5(version: str) -> None:
    thread = {"id": "T1", "customer_visit": {"ip": "x"}, "summary": {"status": "ok"}}

    assert response(version, "agent", "list_threads", {"threads": [thread]}) == {
        "threads": [{"id": "T1"}]
    }
    assert response("3.6", "agent", "list_threads", {"threads": [thread]}) == {"threads": [thread]}


@pytest.mark.parametrize("version", ["3.4", "3.5"])
@pytest.mark.parametrize("api", ["agent", "customer"])
def test_there_are_no_system_events_up_to_3_5(version: str, api: str) -> None:
    events = {"threads": [{"id": "T1", "events": [message(), SYSTEM_EVENT]}]}
    entry = {
        "last_thread_info": {
            "id": "T1",
            "created_at": "2026-01-01T00:00:00.000000Z",
            "last_event_per_type": {
                "message": {"event": message()},
                "system": {"event": SYSTEM_EVENT},
            },
        }
    }

    assert response(version, api, "list_threads", events) == {
        "threads": [{"id": "T1", "events": [message()]}]
    }
    (shown,) = response(version, api, "list_chats", {"chats_info": [entry]})["chats_summary"]
    assert list(shown["last_event_per_type"]) == ["message"]
    for name in ("incoming_event", "event_updated"):
        assert push(version, api, name, {"chat_id": "C1", "event": SYSTEM_EVENT}) is None
        assert push("3.6", api, name, {"chat_id": "C1", "event": SYSTEM_EVENT}) == {
            "chat_id": "C1",
            "event": SYSTEM_EVENT,
        }


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_deleted_events_are_not_shown_up_to_3_5(version: str) -> None:
    stub = {"id": "T1_1", "type": "message", "deleted": True, "visibility": "all"}
    told = {"threads": [{"id": "T1", "events": [stub, message(id="T1_2")]}]}

    assert response(version, "agent", "list_threads", told) == {
        "threads": [{"id": "T1", "events": [message(id="T1_2")]}]
    }
    assert response("3.6", "agent", "list_threads", told) == told


@pytest.mark.parametrize("version", ["3.4", "3.5"])
@pytest.mark.parametrize("api", ["agent", "customer"])
def test_products_are_unknown_up_to_3_5(version: str, api: str) -> None:
    bought = message(postback={"id": "p", "ecommerce": {"product_id": "1"}})
    offered = {
        "type": "rich_message",
        "template_id": "ecommerce",
        "elements": [{"title": "Hat", "ecommerce": {"product_id": "1"}}, {"title": "Cap"}],
    }

    assert push(version, api, "incoming_event", {"event": bought}) == {
        "event": message(postback={"id": "p"})
    }
    assert push(version, api, "incoming_event", {"event": offered}) == {
        "event": {
            "type": "rich_message",
            "template_id": "cards",
            "elements": [{"title": "Hat"}, {"title": "Cap"}],
        }
    }
    assert push("3.6", api, "incoming_event", {"event": offered}) == {"event": offered}


@pytest.mark.parametrize("version", ["3.4", "3.5"])
@pytest.mark.parametrize("api", ["agent", "customer"])
def test_products_can_not_be_sent_up_to_3_5(version: str, api: str) -> None:
    product = {"ecommerce": {"product_id": "1"}}
    answered = {"type": "message", "text": "Yes", "postback": {"id": "p", **product}}
    cards = {
        "type": "rich_message",
        "template_id": "cards",
        "elements": [{"title": "Hat"} | product],
    }
    offered = {**cards, "template_id": "ecommerce"}
    taken = [
        {"type": "message", "text": "Yes", "postback": {"id": "p"}},
        {"type": "rich_message", "template_id": "cards", "elements": [{"title": "Hat"}]},
        {"type": "rich_message", "elements": [{"title": "Hat"}]},
    ]
    sent = [answered, cards, offered]

    for event, left in zip(sent, taken, strict=True):
        assert request(version, api, "send_event", {"event": event}) == {"event": left}
        assert request("3.6", api, "send_event", {"event": event}) == {"event": event}
    for name in ("start_chat", "resume_chat"):
        opening = {"chat": {"thread": {"events": sent}}}
        assert request(version, api, name, opening) == {"chat": {"thread": {"events": taken}}}
        assert request("3.6", api, name, opening) == opening


@pytest.mark.parametrize("version", ["3.4", "3.5"])
@pytest.mark.parametrize("api", ["agent", "customer"])
def test_postbacks_name_a_button_and_nothing_else_up_to_3_5(version: str, api: str) -> None:
    pressed = {"id": "yes", "toggled": True}
    meant = {"button_type": "message", "button_value": "y", "ecommerce": {"product_id": "1"}}
    newer = {"event_id": "T1_1", "postback": {**pressed, **meant}}
    older = {"event_id": "T1_1", "postback": pressed}

    assert request(version, api, "send_rich_message_postback", newer) == older
    assert request("3.6", api, "send_rich_message_postback", newer) == newer
    assert push(version, api, "incoming_rich_message_postback", newer) == older
    assert push("3.6", api, "incoming_rich_message_postback", newer) == newer


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_the_dynamic_configuration_is_flat_up_to_3_5(version: str) -> None:
    nested = {
        "organization_id": "o",
        "default_widget": "livechat",
        "livechat_active": True,
        "livechat": {"group_id": 0, "online_group_ids": [0], "language": "en"},
    }

    assert response(version, "customer", "get_dynamic_configuration", nested) == {
        "organization_id": "o",
        "group_id": 0,
        "online_group_ids": [0],
        "language": "en",
    }
    assert response("3.6", "customer", "get_dynamic_configuration", nested) == nested


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_a_page_change_answers_nothing_up_to_3_5(version: str) -> None:
    told = {"groups": [{"id": 1, "status": "online"}]}

    assert response(version, "customer", "update_customer_page", told) == {}
    assert response("3.6", "customer", "update_customer_page", told) == told


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("3.4", "internal_error"),
        ("3.5", "internal_error"),
        ("3.6", "role_permissions_changed"),
        ("3.7", "role_permissions_changed"),
    ],
)
def test_changed_permissions_are_an_internal_error_up_to_3_5(version: str, reason: str) -> None:
    told = {"reason": "role_permissions_changed"}

    assert versions.downgrade_disconnect("agent", version, told) == {"reason": reason}
    other = {"reason": "misdirected_connection", "data": {"region": "fra"}}
    assert versions.downgrade_disconnect("agent", version, other) == other


def test_archives_are_narrowed_by_less_up_to_3_5() -> None:
    newer = {
        "chat_ids": ["C1"],
        "agent_types": {"any_values": ["human"]},
        "customer_id": "c",
        "customer_email": "c@example.com",
    }
    kept = {"query": "order", "thread_ids": ["T1"]}
    asked = {"filters": {**kept, **newer}, "limit": 5}

    assert request("3.6", "agent", "list_archives", asked) == asked
    for version in ("3.4", "3.5"):
        assert request(version, "agent", "list_archives", asked) == {"filters": kept, "limit": 5}
        assert request(version, "agent", "list_archives", {"filters": 5}) == {"filters": 5}


def webhook(version: str, name: str, payload: Any, **more: Any) -> Any:
    """Return the body of a webhook that ``version`` registered."""
    return versions.downgrade_webhook(name, version, {"payload": payload, **more})


def test_webhooks_about_the_configuration_name_no_requester_up_to_3_5() -> None:
    who = {"user_id": "ann@example.com", "account_id": "A", "client_id": "C"}
    told = {"payload": {"id": 1}, "requester": who}

    for version in ("3.6", "3.7"):
        assert webhook(version, "group_deleted", {"id": 1}, requester=who) == told
    for version in ("3.4", "3.5"):
        assert webhook(version, "group_deleted", {"id": 1}, requester=who) == {"payload": {"id": 1}}


def test_a_webhook_says_of_a_queue_since_when_in_another_word_up_to_3_5() -> None:
    moved = {"chat_id": "C1", "queue": {"position": 1, "queued_at": "then"}}
    placed = {"chat_id": "C1", "transferred_to": {"agent_ids": ["ann@example.com"]}}

    for version in ("3.6", "3.7"):
        assert webhook(version, "chat_transferred", moved) == {"payload": moved}
    for version in ("3.4", "3.5"):
        older = {"chat_id": "C1", "queue": {"position": 1, "queued_at_us": "then"}}
        assert webhook(version, "chat_transferred", moved) == {"payload": older}
        assert webhook(version, "chat_transferred", placed) == {"payload": placed}
        assert push(version, "agent", "chat_transferred", moved) == moved


def test_webhooks_follow_the_pushes_of_their_names() -> None:
    event = {**SYSTEM_EVENT, "_hint": 1}
    shown = {name: value for name, value in event.items() if name != "_hint"}

    assert webhook("3.6", "incoming_event", {"event": event}) == {"payload": {"event": shown}}
    assert webhook("3.5", "incoming_event", {"event": event}) is None


# --- 3.5 → 3.4 --------------------------------------------------------------------------------


def test_customers_keep_saying_recipients_in_every_version() -> None:
    asked = {"event": {"type": "message", "recipients": "all"}}

    for version in VERSIONS:
        assert request(version, "customer", "send_event", asked) == asked


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("3.4", "access_token_revoked"),
        ("3.5", "logged_out_remotely"),
        ("3.6", "logged_out_remotely"),
        ("3.7", "logged_out_remotely"),
    ],
)
def test_a_remote_sign_out_is_a_revoked_token_in_3_4(version: str, reason: str) -> None:
    told = {"reason": "logged_out_remotely"}

    assert versions.downgrade_disconnect("customer", version, told) == {"reason": reason}


def test_archives_are_narrowed_by_surveys_in_3_4() -> None:
    form = {"type": "pre_chat", "answer_id": "1"}

    for filters, meant in (
        ({"surveys": [form]}, {"forms": [form]}),
        ({"forms": [form]}, {}),
        ({"surveys": [form], "forms": []}, {"forms": [form]}),
        ([], []),
    ):
        asked = {"filters": filters}
        assert request("3.4", "agent", "list_archives", asked) == {"filters": meant}
    newer = {"filters": {"forms": [form]}}
    assert request("3.5", "agent", "list_archives", newer) == newer


def test_archives_know_no_countries_in_3_4() -> None:
    asked = {"filters": {"customer_countries": {"values": ["PL"]}, "query": "order"}}

    assert request("3.4", "agent", "list_archives", asked) == {"filters": {"query": "order"}}
    assert request("3.5", "agent", "list_archives", asked) == asked


def test_greetings_know_no_exit_intent_in_3_4() -> None:
    greeting = {"id": 1, "unique_id": "A", "is_exit_intent": True}

    assert push("3.4", "customer", "incoming_greeting", greeting) == {"id": 1, "unique_id": "A"}
    assert push("3.5", "customer", "incoming_greeting", greeting) == greeting


def test_greetings_at_login_know_no_exit_intent_in_3_4() -> None:
    answer = {"greeting": {"id": 1, "accepted": False, "is_exit_intent": True}}

    assert response("3.4", "customer", "login", answer) == {
        "greeting": {"id": 1, "accepted": False}
    }
    assert response("3.5", "customer", "login", answer) == answer
    assert response("3.4", "customer", "login", {"chats": []}) == {"chats": []}
