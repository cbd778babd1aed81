"""What the organisation and its licence are known by: ids, channels, limits, source, details."""

from __future__ import annotations

from smtplib import SMTPRecipientsRefused
from typing import Any
from unittest.mock import patch

import pytest
from django.core import mail

from chatplatform import plans
from chatplatform.models import (
    Agent,
    Application,
    Channel,
    CustomerBan,
    Group,
    GroupMember,
    Organization,
    Thread,
)
from chatplatform.selectors import organizations
from chatplatform.services import channels, demo, transcript_mails
from tests import make
from tests.world import Refused, User, World


@pytest.fixture
def ada(world: World, acme: Organization) -> User:
    """An administrator who takes no chats."""
    return world.agent(acme, "ada", role="administrator", accepting=False, online=True)


@pytest.fixture
def oona(world: World, acme: Organization) -> User:
    """The owner."""
    return world.agent(acme, "oona", role="owner", accepting=False)


# --- its two ids ------------------------------------------------------------------------------


def ask(world: World, action: str, version: str = "3.4", **query: Any) -> Any:
    """Ask without a token."""
    return User(world, "configuration", "", version=version).get(action, query)


def test_anybody_learns_an_organisations_other_id(world: World, acme: Organization) -> None:
    there = {"organization_id": str(acme.id)}

    assert ask(world, "get_license_id", **there) == {"license_id": acme.license_id}
    assert ask(world, "get_organization_id", license_id=acme.license_id) == there


@pytest.mark.parametrize(
    ("action", "query", "error"),
    [
        (
            "get_license_id",
            {"organization_id": "5b8a2c4e-0000-4000-8000-000000000000"},
            "not_found",
        ),
        ("get_license_id", {"organization_id": "nonsense"}, "validation"),
        ("get_organization_id", {"license_id": 1}, "not_found"),
        ("get_organization_id", {"license_id": -1}, "validation"),
        ("get_organization_id", {"license_id": 10**17}, "not_found"),
        ("get_organization_id", {"license_id": "x"}, "validation"),
        ("get_organization_id", {}, "validation"),
    ],
)
def test_there_must_be_such_an_organisation(
    world: World, acme: Organization, action: str, query: dict[str, Any], error: str
) -> None:
    with pytest.raises(Refused) as refused:
        ask(world, action, **query)

    assert refused.value.type == error


@pytest.mark.parametrize("action", ["get_license_id", "get_organization_id"])
def test_from_3_5_on_nobody_asks_for_ids(world: World, acme: Organization, action: str) -> None:
    with pytest.raises(Refused, match="unknown action"):
        ask(world, action, "3.5", organization_id=str(acme.id), license_id=acme.license_id)


# --- channels ---------------------------------------------------------------------------------


def used(user: User) -> list[tuple[str, str]]:
    """Return types and subtypes of the channels that have been used."""
    return [
        (one["channel_type"], one["channel_subtype"])
        for one in user.configuration.call("list_channels")
    ]


def widget(acme: Organization) -> Application:
    client_id = organizations.widget_client_id(acme)
    return Application.objects.get(client_id=client_id)


@pytest.mark.parametrize("version", ["3.5", "3.6", "3.7"])
def test_nobody_came_yet(ada: User, version: str) -> None:
    assert ada.configuration.web("list_channels", version=version) == []


@pytest.mark.parametrize(
    ("said", "channel"),
    [
        ({}, ("code", "")),
        ({"application": {"channel_type": "code"}}, ("code", "")),
        ({"application": {"channel_type": "direct_link"}}, ("direct_link", "")),
        ({"application": {"channel_type": "pigeon"}}, ("code", "")),
        ({"application": {"name": "widget", "version": "1"}}, ("code", "")),
    ],
)
def test_the_widget_says_where_it_is_used(
    world: World, ada: User, acme: Organization, said: dict[str, Any], channel: tuple[str, str]
) -> None:
    carl = world.as_customer(make.customer(acme), application=widget(acme))

    carl.login(**said)
    carl.call("start_chat", continuous=True)

    assert used(ada) == [channel]


def test_another_client_is_an_integration_whatever_it_says(
    world: World, ada: User, acme: Organization
) -> None:
    bridge = make.application(acme)
    carl = world.as_customer(make.customer(acme), application=bridge)

    carl.login(application={"channel_type": "direct_link"})

    assert used(ada) == [("integration", bridge.client_id)]


def test_an_integration_without_a_socket_is_known_by_its_chats(
    world: World, ada: User, acme: Organization
) -> None:
    bridge, backend = make.application(acme), make.application(acme)
    carl = world.as_customer(make.customer(acme), application=bridge)
    row = Agent.objects.get(public_id=ada.id)
    through = world.as_agent(row, application=backend)
    assert used(ada) == []

    carl.call("start_chat", continuous=True)
    through.call("start_chat", active=False)
    assert used(ada) == [("integration", bridge.client_id)]

    dora = {"id": str(make.customer(acme).id), "type": "customer"}
    through.call("start_chat", active=False, chat={"users": [dora]})
    assert used(ada) == [("integration", bridge.client_id), ("integration", backend.client_id)]


def test_what_is_refused_is_no_activity(world: World, ada: User, acme: Organization) -> None:
    carl = world.as_customer(make.customer(acme), application=make.application(acme))

    assert carl.refused("start_chat") == "groups_offline"
    with pytest.raises(Refused):
        carl.login(group_id=99)

    assert used(ada) == []


def test_the_first_activity_is_kept(world: World, ada: User, acme: Organization) -> None:
    for _ in range(2):
        world.as_customer(make.customer(acme), application=widget(acme), online=True)
    (first,) = ada.configuration.call("list_channels")
    channels._seen.clear()

    world.as_customer(make.customer(acme), application=widget(acme), online=True)

    assert ada.configuration.call("list_channels") == [first]
    (row,) = Channel.objects.all()
    assert first == {
        "channel_type": "code",
        "channel_subtype": "",
        "first_activity_timestamp": f"{row.first_activity_at:%Y-%m-%dT%H:%M:%S.%fZ}",
    }


def test_what_is_known_costs_no_read(
    world: World, acme: Organization, django_assert_num_queries: Any
) -> None:
    carl = world.as_customer(make.customer(acme), application=widget(acme), online=True)
    requester: Any = carl.connections[-1].requester

    with django_assert_num_queries(0):
        channels.note_login(requester, None)


def test_any_agent_sees_the_channels_of_their_organisation(
    world: World, ann: User, acme: Organization
) -> None:
    beta = make.organization("Beta")
    world.as_customer(make.customer(beta), application=widget(beta), online=True)

    assert used(ann) == []


# --- limits -----------------------------------------------------------------------------------


def exceeded(user: User, plan: str = "starter", version: str = "3.7") -> Any:
    return user.configuration.web("check_product_limits_for_plan", {"plan": plan}, version=version)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the plan ``starter`` allow one of everything."""
    monkeypatch.setitem(plans.LIMITS, "starter", dict.fromkeys(plans.LIMITS["starter"], 1))


@pytest.mark.parametrize("version", ["3.5", "3.6", "3.7"])
@pytest.mark.parametrize("plan", ["starter", "team", "enterprise", "enterpriseplus"])
def test_a_new_organisation_fits_every_plan(ada: User, plan: str, version: str) -> None:
    assert exceeded(ada, plan, version) == []


@pytest.mark.parametrize(("plan", "balance"), [("starter", 20), ("team", 1)])
def test_plans_allow_so_many_groups(ada: User, acme: Organization, plan: str, balance: int) -> None:
    rows = [Group(organization=acme, number=number, name="x") for number in range(1, 21)]
    Group.objects.bulk_create(rows)

    assert exceeded(ada, plan) == [{"resource": "groups", "limit_balance": balance}]
    assert exceeded(ada, "enterprise") == []


def test_starters_have_no_access_rules(ada: User, acme: Organization) -> None:
    make.access_rule(acme, 0)

    assert exceeded(ada) == [{"resource": "access_rules", "limit_balance": 1}]
    assert exceeded(ada, "team") == []


def test_agents_are_those_who_work_and_bots(
    small: None, world: World, ada: User, acme: Organization
) -> None:
    world.agent(acme, "ann")
    for name, state in (("sue", "suspended"), ("una", "awaiting_approval")):
        Agent.objects.filter(public_id=world.agent(acme, name).id).update(**{state: True})
    Agent.objects.create(organization=acme, kind=Agent.Kind.BOT, public_id="b" * 32, name="Bot")

    assert exceeded(ada) == [{"resource": "agents", "limit_balance": 2}]


def test_groups_of_an_agent_are_counted_one_by_one(
    small: None, ada: User, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(plans.LIMITS["starter"], "groups", 9)
    agent = Agent.objects.get(public_id=ada.id)
    for _ in range(3):
        GroupMember.objects.create(group=make.group(acme), agent=agent)

    assert exceeded(ada) == [{"resource": "groups_per_agent", "limit_balance": 2, "id": ada.id}]


def test_a_group_chooser_offers_so_many_groups(small: None, ada: User, acme: Organization) -> None:
    def chooser(*groups: int) -> dict[str, Any]:
        options = [{"label": f"Group {place}", "group_id": 0} for place in groups]
        return {"type": "group_chooser", "label": "Who?", "options": options, "required": True}

    make.form(acme, chooser(0, 1, 2))
    make.form(acme, chooser(0, 1, 2), kind="ticket")

    balance = {"resource": "group_chooser_groups", "limit_balance": 2, "id": "0"}
    assert exceeded(ada) == [balance]
    make.form(acme, chooser(0, 1, 2), enabled=False)
    assert exceeded(ada) == []


def test_bans_that_hold_are_counted(small: None, ada: User, acme: Organization) -> None:
    for days in (1, 2, 3):
        ada.call("ban_customer", id=str(make.customer(acme).id), ban={"days": days})
    CustomerBan.objects.filter(pk=CustomerBan.objects.latest("pk").pk).update(
        expires_at="2020-01-01T00:00:00Z"
    )

    assert exceeded(ada) == [{"resource": "banned", "limit_balance": 1}]


def test_queues_are_counted_as_a_whole_and_by_group(
    small: None,
    world: World,
    ada: User,
    acme: Organization,
    sales: Group,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(plans.LIMITS["starter"], "groups", 9)
    for name in ("carl", "dora"):
        world.customer(acme, name).call("start_chat", continuous=True)
    access = {"access": {"group_ids": [sales.number]}}
    for name in ("emil", "fay", "gus"):
        world.customer(acme, name).call("start_chat", continuous=True, chat=access)
    emil = Thread.objects.filter(group_ids=[sales.number]).order_by("queued_at").first()
    assert emil is not None
    emil.properties["routing"]["continuous"] = False
    emil.save()

    assert exceeded(ada) == [
        {"resource": "queue_continuous", "limit_balance": 3},
        {"resource": "queue_continuous", "limit_balance": 1, "id": "0"},
        {"resource": "queue_continuous", "limit_balance": 1, "id": str(sales.number)},
    ]


@pytest.mark.parametrize("plan", ["free", "", None, 1])
def test_there_must_be_such_a_plan(ada: User, plan: Any) -> None:
    refused = ada.configuration.refused("check_product_limits_for_plan", plan=plan)

    assert refused == "validation"


def test_only_administrators_compare_plans(ann: User) -> None:
    refused = ann.configuration.refused("check_product_limits_for_plan", plan="starter")

    assert refused == "authorization"


# --- what made it -----------------------------------------------------------------------------


def test_a_licence_knows_what_made_it(world: World, settings: Any) -> None:
    settings.PUBLIC_URL = "https://chat.example.com"
    made = demo.prepare("Shop")
    owner = world.as_agent(Agent.objects.get(public_id=made.agents[0].id))

    for version in ("3.5", "3.6", "3.7"):
        assert owner.configuration.web("get_product_source", version=version) == {
            "source_id": "demo",
            "source_type": "self_hosted",
            "source_url": "https://chat.example.com",
        }


def test_of_older_licences_nobody_knows_what_made_them(ann: User, acme: Organization) -> None:
    Organization.objects.update(source={})

    assert ann.configuration.call("get_product_source") == {
        "source_id": "",
        "source_type": "",
        "source_url": "",
    }


# --- mail to agents ---------------------------------------------------------------------------


class Server:
    """A mail server that refuses some addresses with a code."""

    def __init__(self, **refused: int) -> None:
        self.refused = refused

    def send(self, message: mail.EmailMessage, *args: Any) -> int:
        found = {
            address: (code, b"no")
            for address in message.to
            for name, code in self.refused.items()
            if address.startswith(name)
        }
        if found:
            raise SMTPRecipientsRefused(found)
        mail.outbox.append(message)
        return 1


def close_a_chat(world: World, acme: Organization, server: Server) -> list[str]:
    """Let a chat close whose transcript ``ada`` and ``ann`` get; return whom it reached."""
    mail.outbox.clear()
    names = Agent.objects.filter(name__in=("Ada", "Ann")).order_by("name")
    wanted = ",".join(names.values_list("public_id", flat=True))
    Organization.objects.update(properties={"core": {"transcript_emails": wanted}})
    carl = world.customer(acme, "carl")
    chat_id = carl.call("start_chat", continuous=True)["chat_id"]
    carl.call("deactivate_chat", id=chat_id)
    with patch.object(mail.EmailMessage, "send", lambda message: server.send(message)):
        world.act(transcript_mails.send_due)
    return [address for message in mail.outbox for address in message.to]


def test_no_more_mail_goes_to_an_agent_whose_address_is_refused(
    world: World, ada: User, ann: User, acme: Organization
) -> None:
    refusing = Server(**{ann.id: 550})
    assert close_a_chat(world, acme, refusing) == [ada.id]
    assert close_a_chat(world, acme, Server()) == [ada.id]

    for version in ("3.6", "3.7"):
        answer = ada.configuration.web("reactivate_email", {"agent_id": ann.id}, version=version)
        assert answer == {}

    assert close_a_chat(world, acme, Server()) == [ada.id, ann.id]


def test_what_is_refused_for_now_is_tried_again(
    world: World, ada: User, ann: User, acme: Organization
) -> None:
    assert close_a_chat(world, acme, Server(**{ann.id: 450})) == [ada.id]

    assert close_a_chat(world, acme, Server()) == [ada.id, ann.id]


def test_who_gets_mail_anyhow_can_be_reactivated(ada: User, ann: User) -> None:
    with ada.world.nothing_changes():
        assert ada.configuration.call("reactivate_email", agent_id=ann.id) == {}


def test_only_agents_of_the_organisation_are_reactivated(
    world: World, ada: User, acme: Organization
) -> None:
    bea = make.agent(make.organization("Beta"))
    bot = Agent.objects.create(
        organization=acme, kind=Agent.Kind.BOT, public_id="b" * 32, name="Bot"
    )

    for agent_id in (bea.public_id, bot.public_id, "nobody@example.com"):
        assert ada.configuration.refused("reactivate_email", agent_id=agent_id) == "not_found"


def test_agents_reactivate_nobody(ann: User) -> None:
    refused = ann.configuration.refused("reactivate_email", agent_id=ann.id)

    assert refused == "authorization"


# --- who it is --------------------------------------------------------------------------------


def details(user: User, version: str = "3.7") -> Any:
    return user.configuration.web("get_company_details", version=version)


@pytest.mark.parametrize("version", ["3.6", "3.7"])
def test_only_the_given_details_change(oona: User, version: str) -> None:
    assert details(oona, version) == {}
    update = {"company": "Acme Ltd.", "city": "Wrocław", "url": "www.example.com"}
    oona.version = version

    assert oona.configuration.call("update_company_details", **update) == {}
    more = {"city": "Kraków", "company_size": "", "enrich": True}
    assert oona.configuration.call("update_company_details", **more) == {}

    assert details(oona, version) == {**update, "city": "Kraków", "company_size": ""}


def test_nothing_given_changes_nothing(oona: User) -> None:
    with oona.world.nothing_changes():
        assert oona.configuration.call("update_company_details", enrich=True, colour="red") == {}


@pytest.mark.parametrize(
    "wrong",
    [{"city": 1}, {"city": "x" * 256}, {"url": "x" * 2049}, {"enrich": "yes"}, {"nip": ["1"]}],
    ids=repr,
)
def test_details_are_short_texts(oona: User, wrong: dict[str, Any]) -> None:
    refused = oona.configuration.refused("update_company_details", **{"company": "x", **wrong})

    assert refused == "validation"


def test_they_are_the_owners(ada: User, world: World, acme: Organization) -> None:
    assert ada.configuration.refused("update_company_details", company="x") == "authorization"
    assert ada.configuration.refused("get_company_details") == "authorization"


def test_they_are_the_organisations(oona: User, world: World) -> None:
    oona.configuration.call("update_company_details", company="Acme")
    beth = world.agent(make.organization("Beta"), "beth", role="owner")

    assert details(beth) == {}
