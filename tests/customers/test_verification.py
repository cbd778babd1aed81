"""Customer Chat API: verifying an e-mail address; and session fields, storage and places."""

import re
from collections.abc import Iterator
from datetime import timedelta
from smtplib import SMTPRecipientsRefused
from typing import Any

import orjson
import pytest
from django.core import mail
from django.test import Client
from pytest_django.fixtures import Settings

from chatplatform import clock
from chatplatform.models import Customer, EmailVerification, Organization
from chatplatform.services import email_verification, geolocation
from tests.internet import Internet
from tests.world import User, World

CALLBACK = "https://shop.example/verified"


@pytest.fixture
def cleo(carl: User) -> User:
    """A customer with an address."""
    carl.call("update_customer", email="cleo@example.com")
    return carl


def ask(customer: User, uri: str = CALLBACK) -> Any:
    return customer.call("request_email_verification", callback_uri=uri)


def link() -> str:
    """Send what is due, and return the path of the newest mail's link."""
    email_verification.send_mails()
    found = re.search(r"http://testserver(\S+)", str(mail.outbox[-1].body))
    assert found is not None
    return found[1]


def work(world: World) -> None:
    world.act(email_verification.call_back)


# --- the mail -----------------------------------------------------------------------------------


def test_a_mail_with_a_link_comes(cleo: User) -> None:
    assert ask(cleo) == {}
    assert mail.outbox == []

    email_verification.send_mails()

    (sent,) = mail.outbox
    assert sent.to == ["cleo@example.com"]
    assert sent.subject == "Please confirm your e-mail address"
    assert "Acme" in sent.body
    email_verification.send_mails()
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("error", "sent_later"),
    [(ConnectionRefusedError(), 1), (SMTPRecipientsRefused({}), 0)],
    ids=["unreachable", "refused"],
)
def test_a_mail_is_tried_again_unless_it_is_refused(
    cleo: User, monkeypatch: pytest.MonkeyPatch, error: Exception, sent_later: int
) -> None:
    ask(cleo)

    def fail(message: mail.EmailMessage) -> int:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(mail.EmailMessage, "send", fail)
        email_verification.send_mails()
    assert mail.outbox == []

    email_verification.send_mails()
    assert len(mail.outbox) == sent_later


def test_opening_the_link_changes_nothing(cleo: User) -> None:
    ask(cleo)
    path = link()

    page = Client().get(path)

    assert page.status_code == 200
    assert b"cleo@example.com" in page.content
    assert b"<form" in page.content
    assert cleo.call("get_customer")["email_verified"] is False


def test_confirming_proves_the_address_and_calls_back(
    world: World, ann: User, cleo: User, internet: Internet
) -> None:
    internet.put(CALLBACK, "")
    cleo.call("start_chat")
    ask(cleo)
    path = link()

    with world.capture_pushes() as pushes:
        page = world.act(lambda: Client().post(path))
    work(world)

    assert page.status_code == 200
    assert cleo.call("get_customer")["email_verified"] is True
    told = {"id": cleo.id, "type": "customer", "email_verified": True}
    assert pushes.payload(ann, "customer_updated") == told
    assert pushes.payload(cleo, "customer_updated")["email_verified"] is True
    (method, url, body) = internet.asked[-1]
    assert (method, url) == ("POST", CALLBACK)
    assert orjson.loads(body or b"") == {"email": "cleo@example.com"}


def test_nobody_is_called_twice_or_again(world: World, cleo: User, internet: Internet) -> None:
    ask(cleo)
    path = link()
    Client().post(path)

    for _ in range(2):
        work(world)

    assert [url for _, url, _ in internet.asked] == [CALLBACK]
    assert Client().post(path).status_code == 200
    work(world)
    assert len(internet.asked) == 1


def test_who_is_verified_already_is_called_at_once(
    world: World, cleo: User, internet: Internet
) -> None:
    Customer.objects.update(email_verified=True)

    ask(cleo)
    work(world)

    email_verification.send_mails()
    assert mail.outbox == []
    assert [url for _, url, _ in internet.asked] == [CALLBACK]


def test_the_ten_newest_callbacks_are_called(world: World, cleo: User, internet: Internet) -> None:
    for number in range(12):
        ask(cleo, f"{CALLBACK}/{number}")
    path = link()
    assert len(mail.outbox) == 1

    Client().post(path)
    work(world)

    called = {url for _, url, _ in internet.asked}
    assert called == {f"{CALLBACK}/{number}" for number in range(2, 12)}


def test_after_seven_days_nothing_comes_of_it(world: World, cleo: User, internet: Internet) -> None:
    ask(cleo)
    path = link()
    EmailVerification.objects.update(created_at=clock.now() - timedelta(days=7, seconds=1))

    Client().post(path)
    work(world)

    assert internet.asked == []
    email_verification.forget_old()
    assert not EmailVerification.objects.exists()


def test_an_old_link_is_no_longer_good(cleo: User, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(cleo)
    path = link()
    monkeypatch.setattr(email_verification, "LIFETIME", timedelta(seconds=-1))

    assert Client().get(path).status_code == 404
    assert Client().post(path).status_code == 404
    assert cleo.call("get_customer")["email_verified"] is False


@pytest.mark.parametrize("token", ["x", "a:b:c"])
def test_a_forged_link_is_refused(cleo: User, token: str) -> None:
    assert Client().post(f"/customer/verify_email/{token}").status_code == 404


def test_a_link_proves_the_address_it_was_mailed_to_only(cleo: User) -> None:
    ask(cleo)
    path = link()
    cleo.call("update_customer", email="other@example.com")

    assert Client().post(path).status_code == 404
    assert cleo.call("get_customer")["email_verified"] is False


def test_another_address_is_not_verified(cleo: User) -> None:
    Customer.objects.update(email_verified=True)

    cleo.call("update_customer", email="other@example.com")

    assert cleo.call("get_customer")["email_verified"] is False


def test_an_address_gets_so_many_mails_a_day(
    world: World, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email_verification, "MAILS_A_DAY", 2)
    customers = [world.customer(acme, f"c{number}") for number in range(3)]
    for customer in customers:
        customer.call("update_customer", email="victim@example.com")
    ask(customers[0])
    ask(customers[1])

    refusal = customers[2].refused("request_email_verification", callback_uri=CALLBACK)

    assert refusal == "limit_reached"


def later(**elapsed: int) -> None:
    """Let this much time pass for the requests there are."""
    for request in EmailVerification.objects.all():
        request.created_at -= timedelta(**elapsed)
        request.save()


def mails_to(address: str) -> int:
    email_verification.send_mails()
    return sum(sent.to == [address] for sent in mail.outbox)


def test_one_customer_counts_as_well(
    world: World, cleo: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email_verification, "MAILS_A_DAY", 11)
    for _ in range(11):
        ask(cleo)
        ask(cleo)
        later(minutes=2)

    assert cleo.refused("request_email_verification", callback_uri=CALLBACK) == "limit_reached"
    assert mails_to("cleo@example.com") == 11
    later(days=1)
    ask(cleo)
    assert mails_to("cleo@example.com") == 12
    assert EmailVerification.objects.count() == email_verification.KEPT


def test_another_spelling_brings_no_further_mail(cleo: User) -> None:
    ask(cleo)
    cleo.call("update_customer", email="Cleo@Example.com")

    ask(cleo)

    assert mails_to("cleo@example.com") == 1
    assert mails_to("Cleo@Example.com") == 0


def test_asking_for_other_addresses_brings_no_further_mail(cleo: User) -> None:
    ask(cleo)
    for number in range(email_verification.KEPT):
        cleo.call("update_customer", email=f"other{number}@example.com")
        ask(cleo)
    cleo.call("update_customer", email="cleo@example.com")

    ask(cleo)

    assert mails_to("cleo@example.com") == 1


def test_a_customer_asks_so_often_a_day(cleo: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email_verification, "REQUESTS_A_DAY", 2)
    ask(cleo)
    ask(cleo)

    assert cleo.refused("request_email_verification", callback_uri=CALLBACK) == "limit_reached"
    later(days=1)
    assert ask(cleo) == {}


def test_no_more_than_ten_calls_wait(world: World, cleo: User, internet: Internet) -> None:
    Customer.objects.update(email_verified=True)
    for number in range(12):
        ask(cleo, f"{CALLBACK}/{number}")

    work(world)

    called = {url for _, url, _ in internet.asked}
    assert called == {f"{CALLBACK}/{number}" for number in range(2, 12)}


@pytest.mark.parametrize(
    "uri", ["", "x", "ftp://x.example", "javascript:alert(1)", "http://", "http://[x", "x" * 2049]
)
def test_a_callback_is_a_web_address(cleo: User, uri: str) -> None:
    assert cleo.refused("request_email_verification", callback_uri=uri) == "validation"


def test_without_an_address_nothing_is_verified(carl: User) -> None:
    assert carl.refused("request_email_verification", callback_uri=CALLBACK) == "validation"


# --- set_customer_session_fields ------------------------------------------------------------------


def test_session_fields_are_set_as_a_whole(world: World, ann: User, carl: User) -> None:
    carl.call("start_chat")
    carl.call("update_customer", session_fields=[{"a": "1"}, {"b": "2"}])

    with world.capture_pushes() as pushes:
        assert carl.call("set_customer_session_fields", session_fields=[{"c": "3"}]) == {}

    assert carl.call("get_customer")["session_fields"] == [{"c": "3"}]
    assert pushes.names == {"ann": ["customer_updated"], "carl": ["customer_updated"]}
    told = {"id": carl.id, "type": "customer", "session_fields": [{"c": "3"}]}
    assert pushes.payload(ann, "customer_updated") == told


def test_session_fields_can_be_taken_away(carl: User) -> None:
    carl.rtm("set_customer_session_fields", {"session_fields": [{"a": "1"}]})
    carl.rtm("set_customer_session_fields", {"session_fields": []})

    assert carl.call("get_customer")["session_fields"] == []


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ([{f"k{number}": "v"} for number in range(101)], "limit_reached"),
        ([{}], "validation"),
        ({"a": "1"}, "validation"),
        ([{"a": 1}], "validation"),
        (None, "validation"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_wrong_session_fields_are_refused(carl: User, fields: Any, refusal: str) -> None:
    assert carl.refused("set_customer_session_fields", session_fields=fields) == refusal


# --- customer_side_storage ------------------------------------------------------------------------


def test_a_client_keeps_the_number_of_visits(world: World, acme: Organization) -> None:
    carl = world.customer(acme, "carl", online=False)

    carl.login(customer_side_storage={"own": "x"})

    (told,) = (
        push.payload for push in carl.heard if push.action == "customer_side_storage_updated"
    )
    assert told == {"customer_side_storage": {"own": "x", "customer_visits": "1"}}
    with world.capture_pushes() as pushes:
        carl.login(customer_side_storage=told["customer_side_storage"])
    assert pushes.names == {}


def test_a_client_that_keeps_nothing_hears_nothing(world: World, acme: Organization) -> None:
    carl = world.customer(acme, "carl")

    assert carl.heard == []


# --- geolocation ----------------------------------------------------------------------------------


class Database:
    """A MaxMind database that knows one address."""

    def get(self, address: str) -> Any:
        if address == "1":
            raise ValueError("no address")
        return {
            "127.0.0.1": {
                "country": {"iso_code": "PL", "names": {"en": "Poland"}},
                "subdivisions": [{"names": {"en": "Lower Silesia"}}],
                "city": {"names": {"en": "Wrocław"}},
                "location": {"time_zone": "Europe/Warsaw", "latitude": 51.1, "longitude": 17.0},
            }
        }.get(address)


@pytest.fixture
def located(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[None]:
    """Have a database to locate customers by."""
    monkeypatch.setattr("maxminddb.open_database", lambda path: Database())
    settings.GEOIP_DATABASE = "/places.mmdb"
    geolocation._database.cache_clear()
    yield
    geolocation._database.cache_clear()


@pytest.mark.usefixtures("located")
def test_a_visit_has_a_place(world: World, acme: Organization, ann: User) -> None:
    carl = world.customer(acme, "carl")

    assert ann.call("get_customer", id=carl.id)["visit"]["geolocation"] == {
        "country": "Poland",
        "country_code": "PL",
        "region": "Lower Silesia",
        "city": "Wrocław",
        "timezone": "Europe/Warsaw",
        "latitude": "51.1",
        "longitude": "17.0",
    }


@pytest.mark.usefixtures("located")
@pytest.mark.parametrize("address", ["", "1", "8.8.8.8"])
def test_an_address_of_nowhere_has_no_place(address: str) -> None:
    assert geolocation.locate(address) == {}


def test_without_the_database_there_are_no_places(settings: Settings) -> None:
    settings.GEOIP_DATABASE = "/nowhere.mmdb"
    geolocation._database.cache_clear()

    assert geolocation.locate("8.8.8.8") == {}
    geolocation._database.cache_clear()


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example"])
def test_no_link_leads_to_a_host_that_only_the_request_names(
    cleo: User, settings: Settings, host: str
) -> None:
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "", ["*"]
    cleo.world.client.defaults["HTTP_HOST"] = host

    assert cleo.refused("request_email_verification", callback_uri=CALLBACK) == "validation"
