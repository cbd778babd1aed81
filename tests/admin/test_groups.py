"""Groups in the admin: made, changed and deleted by the API's own rules."""

from __future__ import annotations

from typing import Any

from chatplatform.domain_events.groups import GroupCreated, GroupDeleted, GroupUpdated
from chatplatform.models import Agent, Chat, Group, Organization
from chatplatform.services import bots
from tests import make
from tests.admin.conftest import Visitor, errors
from tests.conftest import Told
from tests.world import User

LIST = "chatplatform/group/"
ADD = "chatplatform/group/add/"


def change(group: Group) -> str:
    return f"chatplatform/group/{group.pk}/change/"


def delete(group: Group) -> str:
    return f"chatplatform/group/{group.pk}/delete/"


def members(group: Group) -> dict[str, str]:
    return dict(group.members.values_list("agent__public_id", "priority"))


def kinds(events: list[Any]) -> list[type]:
    return [type(event) for event in events]


class TestMaking:
    def test_a_group_is_made_of_these_agents(self, owner: Visitor, acme: Organization, told: Told):
        ann = make.agent(acme)

        with told() as events:
            response = owner.post(
                ADD, name="Night", language_code="pl", **{f"members-{ann.public_id}": "first"}
            )

        assert response.status_code == 302
        night = Group.objects.get(organization=acme, name="Night")
        assert (night.number, night.language_code) == (1, "pl")
        assert members(night) == {ann.public_id: "first"}
        assert GroupCreated in kinds(events)

    def test_another_organisations_agent_is_refused(self, owner: Visitor, told: Told):
        foreign = make.agent(make.organization("Globex"))

        with told() as events:
            response = owner.post(
                ADD, name="Night", language_code="en", **{f"members-{foreign.public_id}": "first"}
            )

        assert errors(response) == {"members": ["This names something that is not there."]}
        assert not Group.objects.filter(name="Night").exists()
        assert events == []

    def test_a_language_that_is_none_is_refused(self, owner: Visitor, told: Told):
        with told() as events:
            response = owner.post(ADD, name="Night", language_code="xx")

        assert list(errors(response)) == ["language_code"]
        assert events == []


class TestChanging:
    def test_name_and_members_are_changed_and_told(
        self, owner: Visitor, acme: Organization, sales: Group, told: Told
    ):
        ann, bea = make.agent(acme, groups=[sales]), make.agent(acme)

        with told() as events:
            owner.post(
                change(sales),
                name="Sellers",
                language_code="en",
                **{f"members-{bea.public_id}": "supervisor"},
            )

        sales.refresh_from_db()
        assert sales.name == "Sellers"
        assert members(sales) == {bea.public_id: "supervisor"}
        (updated,) = [event for event in events if isinstance(event, GroupUpdated)]
        assert updated.changed["name"] == "Sellers"
        assert ann.public_id not in updated.changed["agent_priorities"]

    def test_saving_what_is_there_changes_nothing(
        self, owner: Visitor, acme: Organization, sales: Group, told: Told
    ):
        ann = make.agent(acme, groups=[sales])
        form = owner.get(change(sales)).context["adminform"].form

        with told() as events:
            owner.post(
                change(sales),
                name=form.initial["name"],
                language_code=form.initial["language_code"],
                **{f"members-{ann.public_id}": form.initial["members"][ann.public_id]},
            )

        assert members(sales) == {ann.public_id: "normal"}
        assert events == []

    def test_general_says_what_it_is_and_keeps_everybody(
        self, owner: Visitor, acme: Organization, told: Told
    ):
        ann = make.agent(acme)
        general = Group.objects.get(organization=acme, number=0)

        assert b"the group everybody belongs to" in owner.get(change(general)).content
        with told() as events:
            owner.post(
                change(general),
                name="Everybody",
                language_code="en",
                **{f"members-{ann.public_id}": "last"},
            )

        general.refresh_from_db()
        assert general.name == "Everybody"
        assert members(general) == {ann.public_id: "last"}
        assert GroupUpdated in kinds(events)


class TestDeleting:
    def test_the_page_counts_what_falls_back_and_then_it_does(
        self, owner: Visitor, acme: Organization, ann: User, told: Told
    ):
        agent = Agent.objects.get(public_id=ann.id)
        night = make.group(acme, "Night", [agent])
        chat = make.chat(make.customer(acme), groups=[night.number])

        asked = owner.get(delete(night))
        [(_row, consequences)] = asked.context["deleted_objects"]
        assert consequences == [
            "1 running chat falls back to General, unless another group has it, too.",
            "Its translations and its welcome message are deleted with it.",
            "Its members stay; tags and access rules only lose the group.",
        ]
        with told() as events:
            response = owner.post(delete(night), post="yes")

        assert response.status_code == 302
        assert not Group.objects.filter(pk=night.pk).exists()
        assert Chat.objects.get(id=chat.id).group_ids == [0]
        assert GroupDeleted in kinds(events)

    def test_general_stays(self, owner: Visitor, acme: Organization, told: Told):
        general = Group.objects.get(organization=acme, number=0)

        with told() as events:
            one = owner.post(delete(general), post="yes")
            several = owner.post(
                LIST, action="delete_selected", _selected_action=[general.pk], post="yes"
            )

        assert (one.status_code, several.status_code) == (403, 302)
        assert Group.objects.filter(pk=general.pk).exists()
        assert events == []


class TestTheList:
    def test_it_counts_members_and_running_chats(
        self, owner: Visitor, acme: Organization, ann: User, sales: Group
    ):
        agent = Agent.objects.get(public_id=ann.id)
        night = make.group(acme, "Night", [agent])
        make.chat(make.customer(acme), groups=[night.number])

        rows = {row.name: row for row in owner.get(LIST).context["cl"].result_list}

        assert (rows["Night"].counts.members, rows["Night"].counts.running_chats) == (1, 1)
        assert rows["Night"].shown == "accepting_chats"
        assert (rows["Sales"].counts.members, rows["Sales"].shown) == (0, "offline")
        assert rows["General"].counts.members == 2


class TestOthers:
    def test_another_organisations_groups_are_not_there(self, owner: Visitor, told: Told):
        foreign = make.group(make.organization("Globex"), "Secret plan")

        with told() as events:
            answers = [
                owner.post(change(foreign), name="Mine", language_code="en"),
                owner.post(delete(foreign), post="yes"),
            ]

        assert b"Secret plan" not in owner.get(LIST).content
        assert [answer.status_code for answer in answers] == [302, 302]
        foreign.refresh_from_db()
        assert foreign.name == "Secret plan"
        assert events == []


def test_a_bot_that_follows_its_own_default_goes_on_doing_so(
    owner: Visitor, acme: Organization, sales: Group
):
    places = [{"id": sales.number}]
    bot = bots.create_bot(
        make.application(acme), "Robbie", default_group_priority="last", groups=places
    ).agent
    shown = owner.get(change(sales)).context["adminform"].form.initial["members"]
    sent = {f"members-{name}": priority for name, priority in shown.items()}

    owner.post(change(sales), name="Sellers", language_code="en", **sent)

    sales.refresh_from_db()
    assert (sales.name, shown, members(sales)) == (
        "Sellers",
        {bot.public_id: "last"},
        {bot.public_id: ""},
    )
