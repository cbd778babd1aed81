"""Customer Chat API: logging in, a customer's own data and pages, groups and configuration."""

from datetime import timedelta
from typing import Any

import pytest

from chatplatform import clock
from chatplatform.models import ConnectionLease, Customer, Organization, Visit
from tests import make
from tests.world import Refused, User, World

# --- login --------------------------------------------------------------------------------------


def test_a_customer_logs_in(world: World, acme: Organization) -> None:
    carl = world.customer(acme, online=False)

    answer = carl.login(
        customer={"name": "Carl", "email": "carl@example.com", "session_fields": [{"a": "b"}]},
        customer_page={"url": "https://shop.example/", "title": "Shop"},
        application={"name": "Tests", "version": "1", "channel_type": "code"},
        is_mobile=False,
        tab_id="unknown fields are fine",
    )

    monitoring = answer["__priv_dynamic_config"]["customer_groups"]["monitoring"]
    assert answer == {
        "customer": {
            "id": carl.id,
            "type": "customer",
            "name": "Carl",
            "email": "carl@example.com",
            "email_verified": False,
            "session_fields": [{"a": "b"}],
            "statistics": {
                "chats_count": 0,
                "threads_count": 0,
                "visits_count": 1,
                "page_views_count": 1,
                "greetings_shown_count": 0,
                "greetings_accepted_count": 0,
                "greetings_converted_count": 0,
                "tickets_count": 0,
            },
        },
        "has_active_thread": False,
        "chats": [],
        "__priv_dynamic_config": {
            "online_groups_ids": [],
            "customer_groups": {"monitoring": {**monitoring, "id": 0}},
        },
    }


def test_login_tells_of_chats(ann: User, carl: User) -> None:
    chat_id = carl.call("start_chat")["chat_id"]

    answer = carl.login()

    assert answer["has_active_thread"] is True
    assert answer["chats"] == [
        {"chat_id": chat_id, "has_unread_events": False, "has_active_thread": True}
    ]
    ann.call("send_event", chat_id=chat_id, event=make.message())
    carl.call("deactivate_chat", id=chat_id)
    answer = carl.login()
    assert answer["has_active_thread"] is False
    assert answer["chats"] == [
        {"chat_id": chat_id, "has_unread_events": True, "has_active_thread": False}
    ]


def test_online_groups_are_told_at_login(world: World, acme: Organization, ann: User) -> None:
    make.group(acme)
    carl = world.customer(acme, online=False)

    config = carl.login()["__priv_dynamic_config"]

    assert config["online_groups_ids"] == [0]


def test_a_visit_goes_on_while_the_customer_stays(world: World, acme: Organization) -> None:
    carl = world.customer(acme)
    carl.login()
    assert Visit.objects.count() == 1

    world.lose(carl)
    assert Visit.objects.get().ended_at is not None
    answer = carl.login()

    assert Visit.objects.count() == 2
    assert answer["customer"]["statistics"]["visits_count"] == 2


def test_a_group_that_does_not_exist(world: World, acme: Organization) -> None:
    carl = world.customer(acme, online=False)

    with world.nothing_changes(), pytest.raises(Refused) as refused:
        carl.login(group_id=9)

    assert refused.value.type == "group_not_found"


@pytest.mark.parametrize(
    "payload",
    [
        {"customer": {"email": "not an address"}},
        {"customer": {"name": "x" * 256}},
        {"customer": {"session_fields": [{"a": "1", "b": "2"}]}},
        {"customer": {"session_fields": {"a": "1"}}},
        {"customer": {"session_fields": [{"a": 1}]}},
        {"customer_page": {"title": "no address"}},
        {"customer_page": {"url": "x" * 8193}},
        {"customer_side_storage": {"a": 1}},
        {"customer_side_storage": {str(number): "x" for number in range(101)}},
        {"group_id": -1},
        {"group_id": "0"},
        {"referrer": None},
        {"pushes": {"9.9": ["all"]}},
    ],
    ids=lambda payload: str(payload)[:60],
)
def test_a_wrong_login_is_refused(
    world: World, acme: Organization, payload: dict[str, Any]
) -> None:
    carl = world.customer(acme, online=False)

    with world.nothing_changes(), pytest.raises(Refused) as refused:
        carl.login(**payload)

    assert refused.value.type == "validation"


def test_agents_are_told_of_the_last_day_somebody_visited(world: World, acme: Organization) -> None:
    ann = world.agent(acme, "ann")
    assert "website_last_activity" not in ann.login()["license"]
    yesterday = clock.now() - timedelta(days=1)
    Organization.objects.filter(id=acme.id).update(website_last_activity=yesterday)

    carl = world.customer(acme, "carl")

    today = clock.now().date().isoformat()
    assert ann.login()["license"]["website_last_activity"] == today
    noted = Organization.objects.get(id=acme.id).website_last_activity
    world.lose(carl)
    carl.login()
    assert Organization.objects.get(id=acme.id).website_last_activity == noted


# --- update_customer, get_customer --------------------------------------------------------------


def test_a_customer_updates_their_data(world: World, ann: User, carl: User) -> None:
    given = {
        "name": "Carla",
        "email": "carla@example.com",
        "avatar": "https://example.com/me.png",
        "phone_number": "+48123456789",
        "session_fields": [{"plan": "gold"}, {"plan": "again"}],
        "address": {"city": "Wrocław", "country": "Poland"},
        "omnichannel": {"fbmessenger": {"id": "fb1"}, "twilio": {"phone_number": "+48123"}},
    }

    carl.call("start_chat")
    with world.capture_pushes() as pushes:
        assert carl.call("update_customer", **given) == {}

    stored = {
        **given,
        "omnichannel": {"fb_messenger": [{"id": "fb1"}], "twilio": [{"phone_number": "+48123"}]},
    }
    customer = carl.call("get_customer")
    assert customer == {
        "id": carl.id,
        "type": "customer",
        "email_verified": False,
        "statistics": customer["statistics"],
        **stored,
    }
    assert pushes.names == {
        "ann": ["customer_updated", "incoming_event"],
        "carl": ["customer_updated"],
    }
    assert pushes.payload(ann, "customer_updated") == {
        "id": carl.id,
        "type": "customer",
        **stored,
    }
    assert pushes.payload(carl, "customer_updated") == customer


def test_only_what_changed_is_told_to_agents(world: World, ann: User, carl: User) -> None:
    carl.call("start_chat")
    with world.capture_pushes() as pushes:
        carl.call("update_customer", name="Carl", email="carl@example.com")

    told = {"id": carl.id, "type": "customer", "email": "carl@example.com"}
    assert pushes.payload(ann, "customer_updated") == told
    with world.nothing_changes():
        carl.call("update_customer", name="Carl", email="carl@example.com")


def test_session_fields_are_replaced_as_a_whole(carl: User) -> None:
    carl.call("update_customer", session_fields=[{"a": "1"}, {"b": "2"}])
    carl.call("update_customer", session_fields=[{"c": "3"}])

    assert carl.call("get_customer")["session_fields"] == [{"c": "3"}]


def test_a_hundred_session_fields_are_kept(carl: User) -> None:
    fields = [{f"k{number}": "v"} for number in range(101)]

    assert carl.refused("update_customer", session_fields=fields) == "limit_reached"
    assert carl.call("update_customer", session_fields=fields[:100]) == {}


def test_what_is_taken_away_is_told_empty(world: World, ann: User, carl: User) -> None:
    carl.call("start_chat")
    carl.call(
        "update_customer",
        avatar="https://example.com/me.png",
        address={"city": "Wrocław"},
        omnichannel={"twilio": {"phone_number": "+48123"}},
        session_fields=[{"a": "1"}],
    )

    with world.capture_pushes() as pushes:
        carl.call("update_customer", avatar="", address={}, omnichannel={}, session_fields=[])

    assert pushes.payload(ann, "customer_updated") == {
        "id": carl.id,
        "type": "customer",
        "avatar": "",
        "address": {},
        "omnichannel": {},
        "session_fields": [],
    }


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"unknown": 1},
        {"name": 1},
        {"email": "nobody"},
        {"session_fields": [{}]},
        {"omnichannel": {"twilio": {}}},
        {"address": "Wrocław"},
        {"avatar": "x" * 501},
        {"phone_number": "123"},
    ],
    ids=lambda payload: str(payload)[:60],
)
def test_wrong_data_is_refused(carl: User, payload: dict[str, Any]) -> None:
    assert carl.refused("update_customer", **payload) == "validation"


def test_data_of_newer_versions_is_ignored_in_older_ones(carl: User) -> None:
    carl.web("update_customer", {"name": "C", "address": {"city": "x"}}, version="3.5")

    assert "address" not in carl.call("get_customer")
    carl.web("update_customer", {"address": {"city": "x"}}, version="3.6")
    assert carl.call("get_customer")["address"] == {"city": "x"}
    assert "address" not in carl.web("get_customer", version="3.5")
    assert "tickets_count" not in carl.web("get_customer", version="3.5")["statistics"]


# --- update_customer_page -----------------------------------------------------------------------


def test_agents_see_the_pages_of_their_customers(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    world.agent(acme, "bob", online=True, accepting=False)
    carl.call("start_chat")

    with world.capture_pushes() as pushes:
        answer = carl.call("update_customer_page", url="https://shop.example/a", title="A")

    assert answer == {}
    assert pushes.names == {"ann": ["customer_page_updated"]}
    told = pushes.payload(ann, "customer_page_updated")
    visit = Visit.objects.get()
    assert told == {
        "customer_id": carl.id,
        "visit_id": visit.pk,
        "opened_at": told["opened_at"],
        "url": "https://shop.example/a",
        "title": "A",
    }
    customer = ann.call("get_customer", id=carl.id)
    assert [page["url"] for page in customer["visit"]["last_pages"]] == ["https://shop.example/a"]
    assert customer["statistics"]["page_views_count"] == 1


def test_a_page_opened_by_another_login_is_told(world: World, ann: User, carl: User) -> None:
    carl.call("start_chat")
    page = {"url": "https://shop.example/next", "title": "Next"}

    with world.capture_pushes() as pushes:
        carl.login(customer_page=page)

    assert pushes.names == {"ann": ["customer_page_updated"]}
    told = pushes.payload(ann, "customer_page_updated")
    assert told == {
        "customer_id": carl.id,
        "visit_id": Visit.objects.get().pk,
        "opened_at": told["opened_at"],
        **page,
    }


def test_a_page_that_is_open_already_is_not_told_again(world: World, ann: User, carl: User) -> None:
    carl.call("start_chat")
    page = {"url": "https://shop.example/", "title": "Shop"}
    carl.call("update_customer_page", **page)

    with world.capture_pushes() as pushes:
        assert carl.call("update_customer_page", **page) == {}
        carl.login(customer_page=page)

    assert pushes.names == {}
    assert ann.call("get_customer", id=carl.id)["statistics"]["page_views_count"] == 1


def test_a_page_may_get_its_title_late(world: World, ann: User, carl: User) -> None:
    carl.call("start_chat")
    url = "https://shop.example/"
    carl.call("update_customer_page", url=url)
    (opened,) = ann.call("get_customer", id=carl.id)["visit"]["last_pages"]

    with world.capture_pushes() as pushes:
        carl.call("update_customer_page", url=url, title="Shop")
        carl.call("update_customer_page", url=url)

    titled = {**opened, "title": "Shop"}
    told = pushes.payload(ann, "customer_page_updated")
    assert told == {"customer_id": carl.id, "visit_id": Visit.objects.get().pk, **titled}
    customer = ann.call("get_customer", id=carl.id)
    assert customer["visit"]["last_pages"] == [titled]
    assert customer["statistics"]["page_views_count"] == 1


def test_who_has_left_opens_no_page(world: World, carl: User) -> None:
    world.lose(carl)

    with world.nothing_changes():
        assert carl.call("update_customer_page", url="https://shop.example/") == {}


def test_agents_without_the_scope_see_no_pages(
    world: World, acme: Organization, carl: User
) -> None:
    ann = world.agent(acme, "ann", scopes=["chats--access:rw"], online=True)
    carl.call("start_chat")

    with world.capture_pushes() as pushes:
        carl.call("update_customer_page", url="https://shop.example/a")
        carl.call("update_customer", name="New")

    assert pushes.names == {"carl": ["customer_updated"], "ann": ["incoming_event"]}
    assert ann.connections


def test_the_newest_twenty_pages_are_kept(ann: User, carl: User) -> None:
    for number in range(22):
        carl.call("update_customer_page", url=f"https://shop.example/{number}")

    pages = ann.call("get_customer", id=carl.id)["visit"]["last_pages"]
    assert [page["url"][-2:] for page in pages] == [f"/{n}"[-2:] for n in range(2, 22)]
    assert Customer.objects.get(id=carl.id).page_views_count == 22


@pytest.mark.parametrize("payload", [{}, {"url": 1}, {"url": "x", "title": 1}], ids=str)
def test_a_page_has_an_address(carl: User, payload: dict[str, Any]) -> None:
    assert carl.refused("update_customer_page", **payload) == "validation"


# --- list_group_statuses ------------------------------------------------------------------------


def test_statuses_of_groups(world: World, acme: Organization, ann: User, carl: User) -> None:
    sales = make.group(acme)
    mia = world.agent(acme, "mia", groups=[sales], online=True, limit=1)

    assert carl.call("list_group_statuses", all=True) == {
        "groups_status": {"0": "online", str(sales.number): "online"}
    }
    assert carl.call("list_group_statuses", group_ids=[sales.number, 99]) == {
        "groups_status": {str(sales.number): "online"}
    }
    mia.call("start_chat", chat={"users": [{"id": carl.id, "type": "customer"}]})
    busy = carl.call("list_group_statuses", group_ids=[sales.number])
    assert busy == {"groups_status": {str(sales.number): "online_for_queue"}}
    world.lose(mia)
    gone = carl.call("list_group_statuses", group_ids=[sales.number])
    assert gone == {"groups_status": {str(sales.number): "offline"}}


@pytest.mark.parametrize(
    "payload",
    [{}, {"all": False}, {"all": "yes"}, {"group_ids": "0"}, {"group_ids": ["0"]}],
    ids=str,
)
def test_some_groups_are_asked_for(carl: User, payload: dict[str, Any]) -> None:
    assert carl.refused("list_group_statuses", **payload) == "validation"


def test_a_customer_hears_of_their_own_group_only(world: World, acme: Organization) -> None:
    sales = make.group(acme)
    visitor = world.customer(acme, "visitor")
    buyer = world.customer(acme, "buyer", online=False)
    buyer.login(group_id=sales.number)

    with world.capture_pushes() as pushes:
        mia = world.agent(acme, "mia", groups=[sales], online=True)

    assert pushes.to(visitor) == [
        ("groups_status_updated", {"groups": [{"id": 0, "status": "online"}]})
    ]
    assert pushes.to(buyer) == [
        ("groups_status_updated", {"groups": [{"id": sales.number, "status": "online"}]})
    ]
    both = [{"id": 0, "status": "accepting_chats"}, {"id": 1, "status": "accepting_chats"}]
    assert pushes.payload(mia, "groups_status_updated") == {"groups": both}


def test_before_3_5_nobody_hears_of_groups(world: World, acme: Organization) -> None:
    old = world.customer(acme, "old", version="3.4")

    with world.capture_pushes() as pushes:
        world.agent(acme, "ann", version="3.4", online=True)

    assert pushes.to(old) == []
    assert "groups_status_updated" not in pushes.names["ann"]


# --- get_dynamic_configuration ------------------------------------------------------------------


def dynamic(world: World, query: str, version: str = "3.7") -> Any:
    return world.client.get(f"/v{version}/customer/action/get_dynamic_configuration{query}")


def test_a_widget_is_configured_without_a_token(
    world: World, acme: Organization, ann: User
) -> None:
    answer = dynamic(world, f"?organization_id={acme.id}").json()

    livechat = answer["livechat"]
    assert answer == {
        "organization_id": str(acme.id),
        "default_widget": "livechat",
        "livechat_active": True,
        "livechat": {
            "group_id": 0,
            "client_limit_exceeded": False,
            "domain_allowed": True,
            "online_group_ids": [0],
            "config_version": livechat["config_version"],
            "localization_version": livechat["localization_version"],
            "language": "en",
        },
    }
    assert dynamic(world, f"?license_id={acme.license_id}&group_id=0").json() == answer


def test_before_3_6_the_configuration_is_flat(world: World, acme: Organization) -> None:
    newest = dynamic(world, f"?organization_id={acme.id}").json()

    for version in ("3.4", "3.5"):
        flat = dynamic(world, f"?organization_id={acme.id}", version).json()
        assert flat == {"organization_id": str(acme.id), **newest["livechat"]}


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("", (400, "validation")),
        ("?organization_id=nobody", (400, "validation")),
        ("?license_id=many", (400, "validation")),
        ("?organization_id=00000000-0000-4000-8000-000000000000", (404, "license_not_found")),
        ("?license_id=1", (404, "license_not_found")),
        ("?license_id=-1", (404, "license_not_found")),
        ("?license_id=999999999999999999", (404, "license_not_found")),
        ("?organization_id={}&group_id=9", (404, "group_not_found")),
        ("?organization_id={}&group_id=-1", (400, "validation")),
        ("?organization_id={}&group_id=x", (400, "validation")),
    ],
)
def test_an_unknown_configuration(
    world: World, acme: Organization, query: str, refusal: tuple[int, str]
) -> None:
    response = dynamic(world, query.format(acme.id))

    assert (response.status_code, response.json()["error"]["type"]) == refusal


def test_a_connection_says_whether_its_page_is_looked_at(world: World, acme: Organization) -> None:
    carl = world.customer(acme)

    def away() -> list[bool]:
        return list(ConnectionLease.objects.filter(user_id=carl.id).values_list("away", flat=True))

    carl.rtm("deactivate_customer_page")
    assert away() == [True]

    carl.rtm("activate_customer_page")
    assert away() == [False]


@pytest.mark.parametrize("action", ["activate_customer_page", "deactivate_customer_page"])
def test_older_versions_do_not_know_page_focus(
    world: World, acme: Organization, action: str
) -> None:
    carl = world.customer(acme, version="3.5")

    assert carl.refused(action) == "not_found"
