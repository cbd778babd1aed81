"""Agents in the admin: invited, changed, suspended and deleted by the API's own rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator

from chatplatform import clock
from chatplatform.domain_events.people import (
    AgentApproved,
    AgentCreated,
    AgentDeleted,
    AgentSuspended,
    AgentUnsuspended,
    AgentUpdated,
)
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.models import (
    Account,
    Agent,
    Group,
    Organization,
    PersonalAccessToken,
    StaffMail,
    StaffSession,
    UnsuspensionRequest,
)
from chatplatform.services import agents, bots, invitations
from chatplatform.services.agents import MAX_INTERVALS
from chatplatform.session_store import SessionStore
from tests import make
from tests.admin.conftest import Visitor, errors, shown_secret
from tests.conftest import Told
from tests.html_forms import form_of
from tests.world import User

LIST = "chatplatform/agent/"
ADD = "chatplatform/agent/add/"
NEW = {
    "email": "Eve@example.com",
    "name": "Eve Example",
    "role": "normal",
    "job_title": "Support",
    "mobile": "",
    "max_chats_count": "4",
}
SAME: dict[str, Any] = {
    "name": "Ann Agent",
    "avatar": "",
    "role": "normal",
    "job_title": "",
    "mobile": "",
    "max_chats_count": "6",
}


def change(agent: Agent) -> str:
    return f"chatplatform/agent/{agent.pk}/change/"


def deed(agent: Agent, name: str) -> str:
    return f"chatplatform/agent/{agent.pk}/{name}/"


def kinds(events: list[Any]) -> list[type]:
    return [type(event) for event in events]


class TestInviting:
    def test_somebody_is_made_an_agent_and_gets_a_mail(
        self, owner: Visitor, acme: Organization, sales: Group, told: Told
    ):
        values = {**NEW, f"groups-{sales.number}": "last", "notifications": ["incoming_chat"]}

        with told() as events:
            response = owner.post(ADD, **values)

        assert response.status_code == 302
        eve = Agent.objects.get(public_id="eve@example.com")
        assert (eve.organization, eve.name, eve.role) == (acme, "Eve Example", "normal")
        assert (eve.job_title, eve.max_chats_count) == ("Support", 4)
        assert (eve.notifications, eve.awaiting_approval) == (["incoming_chat"], False)
        assert list(eve.memberships.values_list("group__number", "priority")) == [
            (sales.number, "last")
        ]
        assert AgentCreated in kinds(events)
        mail = StaffMail.objects.get()
        assert (mail.account, mail.kind, mail.base_url) == (
            eve.account,
            "invitation",
            "http://testserver",
        )
        assert mail.asked_by == owner.agent.public_id

    def test_an_address_that_is_taken_is_refused_and_nobody_is_invited(
        self, owner: Visitor, acme: Organization, told: Told
    ):
        make.agent(acme, email="eve@example.com")

        with told() as events:
            response = owner.post(ADD, **NEW)

        assert errors(response) == {"__all__": ["the address eve@example.com is taken"]}
        assert Agent.objects.count() == 2
        assert not StaffMail.objects.exists()
        assert events == []

    def test_working_hours_may_have_several_intervals_a_day(self, owner: Visitor):
        hours = {
            "hours-timezone": "Europe/Warsaw",
            "hours-monday-0-on": "on",
            "hours-monday-0-start": "09:00",
            "hours-monday-0-end": "12:00",
            "hours-monday-1-start": "13:00",
            "hours-monday-1-end": "00:00",
        }

        owner.post(ADD, **NEW, **hours)

        assert Agent.objects.get(public_id="eve@example.com").work_scheduler == {
            "timezone": "Europe/Warsaw",
            "schedule": [
                {"day": "monday", "enabled": True, "start": "09:00", "end": "12:00"},
                {"day": "monday", "enabled": False, "start": "13:00", "end": "24:00"},
            ],
        }

    def test_hours_that_end_before_they_begin_are_marked(self, owner: Visitor, told: Told):
        hours = {"hours-monday-0-start": "12:00", "hours-monday-0-end": "09:00"}

        with told() as events:
            response = owner.post(ADD, **NEW, **hours)

        fault = (
            "Monday: 12:00–09:00 ends before it begins. For a night, write 12:00–00:00 on Monday "
            "and 00:00–09:00 on Tuesday."
        )
        assert errors(response) == {"hours": [fault]}
        assert 'id="hours-monday-0-fault"' in response.text
        assert not Agent.objects.filter(public_id="eve@example.com").exists()
        assert events == []

    def test_hours_without_an_end_are_marked(self, owner: Visitor):
        response = owner.post(ADD, **NEW, **{"hours-sunday-1-start": "12:00"})

        assert errors(response) == {"hours": ["Sunday: a line has both a begin and an end."]}
        assert not Agent.objects.filter(public_id="eve@example.com").exists()

    def test_another_organisations_group_is_refused(self, owner: Visitor, told: Told):
        foreign = make.organization("Globex")
        make.group(foreign, "One")
        number = make.group(foreign, "Two").number

        with told() as events:
            response = owner.post(ADD, **NEW, **{f"groups-{number}": "normal"})

        assert errors(response) == {"groups": ["This names something that is not there."]}
        assert not Agent.objects.filter(public_id="eve@example.com").exists()
        assert events == []

    def test_the_link_to_hand_on_is_shown_once_and_lets_them_in(
        self, owner: Visitor, acme: Organization
    ):
        eve = make.agent(acme, email="eve@example.com")

        asked = owner.get(deed(eve, "invitation-link"))
        shown = owner.post(deed(eve, "invitation-link"))

        assert asked.context["concerned"][0][0] == eve
        link = shown_secret(owner, shown)
        assert link.startswith("http://testserver/")
        assert invitations.invited(link.rstrip("/").rsplit("/", 1)[-1]) == eve.account
        assert "no-store" in shown.headers["Cache-Control"]
        assert link not in str(owner.client.cookies)

    def test_an_invitation_is_sent_again(self, owner: Visitor, acme: Organization):
        eve = make.agent(acme, email="eve@example.com")

        response = owner.post(deed(eve, "invite"))

        assert response.status_code == 302
        assert StaffMail.objects.get().account == eve.account

    def test_nobody_is_invited_who_came_already(self, owner: Visitor, acme: Organization):
        ann = make.agent(acme, password="a-long-pass-phrase")

        response = owner.post(deed(ann, "invite"), follow=True)

        assert b"This person signs in already" in response.content
        assert not StaffMail.objects.exists()


class TestChanging:
    def test_what_is_set_is_changed_and_told(
        self, owner: Visitor, acme: Organization, sales: Group, told: Told
    ):
        ann = make.agent(acme)
        values = {**SAME, "max_chats_count": "2", "notifications": ["incoming_chat"]}

        with told() as events:
            response = owner.post(change(ann), **values, **{f"groups-{sales.number}": "first"})

        assert response.status_code == 302
        (updated,) = [event for event in events if isinstance(event, AgentUpdated)]
        assert updated.agent_id == ann.public_id
        assert updated.changed == {
            "max_chats_count": 2,
            "notifications": ["incoming_chat"],
            "groups": [{"id": sales.number, "priority": "first"}],
        }

    def test_saving_what_is_there_changes_nothing(
        self, owner: Visitor, acme: Organization, sales: Group, told: Told
    ):
        ann = make.agent(acme, groups=[sales])

        with told() as events:
            response = owner.post(change(ann), **SAME, **{f"groups-{sales.number}": "normal"})

        assert response.status_code == 302
        assert events == []

    def test_only_what_has_an_effect_is_offered_and_the_rest_stays(
        self, owner: Visitor, acme: Organization
    ):
        ann = make.agent(acme)
        set_before = {
            "notifications": ["ticket", "new_visitor", "ticket_notifications"],
            "email_subscriptions": ["daily_summary"],
        }
        agents.update_agent(acme.pk, ann.public_id, set_before)  # type: ignore[arg-type]
        form = owner.get(change(ann)).context["adminform"].form

        owner.post(change(ann), **SAME, notifications=["incoming_chat"])

        assert "email_subscriptions" not in form.fields
        offered = [value for value, _ in form.fields["notifications"].choices]
        assert not {"ticket", "ticket_notifications"} & set(offered)
        ann.refresh_from_db()
        assert ann.notifications == ["ticket", "ticket_notifications", "incoming_chat"]
        assert ann.email_subscriptions == ["daily_summary"]

    @pytest.mark.parametrize(("hours", "is_open"), [(False, False), (True, True)])
    def test_hours_are_folded_away_unless_there_are_any(
        self, owner: Visitor, acme: Organization, hours: bool, is_open: bool
    ):
        ann = make.agent(acme)
        day = {"day": "monday", "enabled": True, "start": "09:00", "end": "12:00"}
        schedule = {"timezone": "", "schedule": [day] if hours else []}
        agents.update_agent(acme.pk, ann.public_id, {"work_scheduler": schedule})

        page = owner.get(change(ann)).text

        assert ('people-hours" open>' in page) == is_open

    @pytest.mark.parametrize("count", [1, 11, MAX_INTERVALS])
    def test_as_many_hours_a_day_as_the_api_takes_are_kept(
        self, count: int, owner: Visitor, acme: Organization
    ):
        day = {"day": "monday", "enabled": True, "end": "24:00"}
        times = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(count)]
        hours = {"timezone": "", "schedule": [{**day, "start": time} for time in times]}
        ann = make.agent(acme)
        agents.update_agent(acme.pk, ann.public_id, {"work_scheduler": hours})

        response = owner.post(
            change(ann), **{**form_of(owner.get(change(ann))), "job_title": "Support"}
        )

        assert response.status_code == 302
        ann.refresh_from_db()
        assert (ann.job_title, ann.work_scheduler) == ("Support", hours)

    def test_more_chats_than_are_given_here_stay_until_they_are_changed(
        self, owner: Visitor, acme: Organization
    ):
        ann = make.agent(acme)
        Agent.objects.filter(pk=ann.pk).update(max_chats_count=50)

        response = owner.post(
            change(ann), **{**form_of(owner.get(change(ann))), "job_title": "Support"}
        )

        assert response.status_code == 302
        ann.refresh_from_db()
        assert (ann.job_title, ann.max_chats_count) == ("Support", 50)

    def test_more_chats_than_anybody_is_given_are_refused(self, owner: Visitor, acme: Organization):
        ann = make.agent(acme)
        Agent.objects.filter(pk=ann.pk).update(max_chats_count=50)

        response = owner.post(change(ann), **{**SAME, "max_chats_count": "40"})

        assert errors(response) == {"__all__": ["an agent has 1 to 20 chats at a time"]}
        ann.refresh_from_db()
        assert ann.max_chats_count == 50

    def test_a_name_is_changed_on_the_seat_and_the_account(
        self, owner: Visitor, acme: Organization, told: Told
    ):
        ann = make.agent(acme)

        with told() as events:
            owner.post(change(ann), **{**SAME, "name": "Anna"})

        ann.refresh_from_db()
        assert (ann.name, make.account(ann).name) == ("Anna", "Anna")
        assert kinds(events) == [AgentUpdated]

    def test_an_administrator_does_not_change_names(
        self, acme: Organization, visitor: Callable[..., Visitor], told: Told
    ):
        ann, administrator = make.agent(acme), visitor(acme, "administrator")

        with told() as events:
            response = administrator.post(change(ann), **{**SAME, "name": "Anna"})

        assert response.status_code == 302
        ann.refresh_from_db()
        assert ann.name == "Ann Agent"
        assert events == []

    def test_another_role_ends_what_they_have_open(
        self, owner: Visitor, acme: Organization, told: Told
    ):
        ann = make.agent(acme)

        with told() as events:
            owner.post(change(ann), **{**SAME, "role": "administrator"})

        ann.refresh_from_db()
        assert ann.role == "administrator"
        (ended,) = [event for event in events if isinstance(event, SessionsEnded)]
        assert ended.reason == "role_permissions_changed"

    def test_more_chats_than_anybody_may_have_are_refused(
        self, owner: Visitor, acme: Organization, told: Told
    ):
        ann = make.agent(acme)

        with told() as events:
            response = owner.post(change(ann), **{**SAME, "max_chats_count": "21"})

        assert list(errors(response)) == ["max_chats_count"]
        ann.refresh_from_db()
        assert ann.max_chats_count == 6
        assert events == []


class TestRanks:
    def test_roles_above_ones_own_are_not_offered_nor_given(
        self, acme: Organization, visitor: Callable[..., Visitor], told: Told
    ):
        ann, administrator = make.agent(acme), visitor(acme, "administrator")

        with told() as events:
            response = administrator.post(change(ann), **{**SAME, "role": "viceowner"})

        assert list(errors(response)) == ["role"]
        ann.refresh_from_db()
        assert ann.role == "normal"
        assert events == []

    @pytest.mark.parametrize(
        ("role", "offered"),
        [
            ("administrator", ["administrator", "normal"]),
            ("viceowner", ["viceowner", "administrator", "normal"]),
            ("owner", ["viceowner", "administrator", "normal"]),
        ],
    )
    def test_each_role_gives_roles_up_to_its_own(
        self, role: str, offered: list[str], acme: Organization, visitor: Callable[..., Visitor]
    ):
        ann, looking = make.agent(acme), visitor(acme, role)

        form = looking.get(change(ann)).context["adminform"].form

        assert [value for value, _label in form.fields["role"].choices] == offered

    def test_who_stands_above_can_only_be_looked_at(
        self, acme: Organization, visitor: Callable[..., Visitor], told: Told
    ):
        boss, administrator = make.agent(acme, "viceowner"), visitor(acme, "administrator")

        with told() as events:
            page = administrator.get(change(boss))
            refused = [
                administrator.post(change(boss), **{**SAME, "job_title": "Fool"}),
                administrator.post(deed(boss, "suspend")),
                administrator.post(f"chatplatform/agent/{boss.pk}/delete/", post="yes"),
            ]

        assert b"They stand above you" in page.content
        assert [one.status_code for one in refused] == [403, 403, 403]
        boss.refresh_from_db()
        assert (boss.job_title, boss.suspended, boss.deleted_at) == ("", False, None)
        assert events == []

    def test_the_owner_stays_the_owner(self, owner: Visitor, told: Told):
        path = change(owner.agent)

        with told() as events:
            page = owner.get(path)
            owner.post(path, **{**SAME, "role": "normal"})
            owner.post(deed(owner.agent, "suspend"))
            owner.post(f"chatplatform/agent/{owner.agent.pk}/delete/", post="yes")

        assert b"This is the owner." in page.content
        owner.agent.refresh_from_db()
        assert (owner.agent.role, owner.agent.suspended) == ("owner", False)
        assert owner.agent.deleted_at is None
        assert events == []


class TestSuspending:
    def test_the_page_says_what_follows_before_anything_happens(
        self, owner: Visitor, ann: User, carl: User, told: Told
    ):
        carl.call("start_chat", chat={"thread": {"events": [make.message()]}})
        agent = Agent.objects.get(public_id=ann.id)

        with told() as events:
            page = owner.get(deed(agent, "suspend"))

        assert (
            "1 running chat goes to somebody else, or waits in the queue."
            in (page.context["concerned"][0][1])
        )
        agent.refresh_from_db()
        assert not agent.suspended
        assert events == []

    def test_an_agent_is_suspended_and_let_work_again(
        self, owner: Visitor, acme: Organization, told: Told
    ):
        ann = make.agent(acme)

        with told() as events:
            owner.post(deed(ann, "suspend"))
        ann.refresh_from_db()
        assert ann.suspended
        assert AgentSuspended in kinds(events)
        assert SessionsEnded in kinds(events)

        with told() as events:
            owner.post(deed(ann, "unsuspend"))
        ann.refresh_from_db()
        assert not ann.suspended
        assert kinds(events) == [AgentUnsuspended]

    def test_several_are_suspended_at_once_after_a_page_that_names_them(
        self, owner: Visitor, acme: Organization, told: Told
    ):
        some = [make.agent(acme), make.agent(acme)]
        chosen = {"action": "suspend", "_selected_action": [one.pk for one in some]}

        with told() as events:
            asked = owner.post(LIST, **chosen)
        assert [row for row, _ in asked.context["concerned"]] == some
        assert events == []

        with told() as events:
            owner.post(LIST, **chosen, confirmed="yes")
        assert kinds(events).count(AgentSuspended) == 2
        assert Agent.objects.filter(suspended=True).count() == 2

    def test_the_owner_is_left_out_of_several(self, owner: Visitor, acme: Organization):
        ann = make.agent(acme)

        owner.post(
            LIST,
            action="suspend",
            _selected_action=[owner.agent.pk, ann.pk],
            confirmed="yes",
        )

        assert list(Agent.objects.filter(suspended=True)) == [ann]

    def test_who_asks_to_work_again_is_found(self, owner: Visitor, acme: Organization):
        ann, bea = make.agent(acme, name="Ann"), make.agent(acme, name="Bea")
        for one in (ann, bea):
            agents.suspend_agent(acme.pk, one.public_id)
        UnsuspensionRequest.objects.create(organization=acme, agent=ann, asked_at=clock.now())

        found = owner.get(LIST, state="asks")

        assert [row.name for row in found.context["cl"].result_list] == ["Ann"]
        assert b"Asks to work again" in found.content
        assert b"They asked to be let work again" in owner.get(change(ann)).content

    def test_when_they_asked_and_were_there_is_said_by_ones_own_clock(
        self, owner: Visitor, acme: Organization
    ):
        at = clock.from_wire("2026-06-15T22:30:00Z")
        ann = make.agent(acme, name="Ann")
        Agent.objects.filter(pk=ann.pk).update(last_logout_at=at)
        agents.suspend_agent(acme.pk, ann.public_id)
        UnsuspensionRequest.objects.create(organization=acme, agent=ann, asked_at=at)
        owner.client.cookies["admin-zone"] = "Europe/Warsaw"

        asked = owner.get(change(ann)).content.decode()
        listed = owner.get(LIST).content.decode()

        assert "They asked to be let work again on June 16, 2026, 12:30 a.m." in asked
        assert 'title="June 16, 2026, 12:30 a.m."' in listed


class TestApproving:
    def test_who_waits_is_approved(self, owner: Visitor, acme: Organization, told: Told):
        eve = agents.create_agent(acme, "eve@example.com", "Eve", awaiting_approval=True)

        with told() as events:
            owner.post(deed(eve, "approve"))

        eve.refresh_from_db()
        assert not eve.awaiting_approval
        assert kinds(events) == [AgentApproved]


class TestLoggingOut:
    def test_browsers_and_connections_end_and_tokens_stay(
        self, owner: Visitor, ann: User, told: Told
    ):
        agent = Agent.objects.get(public_id=ann.id)
        make.pat(agent)
        there = Visitor(make.account(agent), agent)
        assert there.client.session.session_key

        with told() as events:
            page = owner.get(deed(agent, "logout"))
            owner.post(deed(agent, "logout"))

        assert (
            "They are signed out of 1 browser, and must sign in again there."
            in (page.context["concerned"][0][1])
        )
        assert not StaffSession.objects.filter(account=agent.account).exists()
        assert SessionStore(there.client.cookies["sessionid"].value).load() == {}
        assert [e.user_id for e in events if isinstance(e, SessionsEnded)] == [ann.id]
        assert PersonalAccessToken.objects.filter(account=agent.account).count() == 1

    def test_who_logs_themself_out_signs_in_again(self, owner: Visitor):
        response = owner.post(deed(owner.agent, "logout"))

        assert response.status_code == 302
        assert owner.get("").url == "/admin/login/?next=/admin/"


class TestDeleting:
    def test_seat_account_and_tokens_go(self, owner: Visitor, acme: Organization, told: Told):
        ann = make.agent(acme)
        account = make.account(ann)
        make.pat(ann)
        path = f"chatplatform/agent/{ann.pk}/delete/"

        asked = owner.get(path)
        with told() as events:
            response = owner.post(path, post="yes")

        assert b"1 personal access token is revoked." in asked.content
        assert response.status_code == 302
        assert not Agent.objects.filter(pk=ann.pk).exists()
        assert not Account.objects.filter(pk=account.pk).exists()
        assert not PersonalAccessToken.objects.exists()
        assert AgentDeleted in kinds(events)

    def test_of_several_the_owner_stays_and_the_others_go(
        self, owner: Visitor, acme: Organization, told: Told
    ):
        ann = make.agent(acme, name="Aaron")

        with told() as events:
            response = owner.post(
                LIST,
                follow=True,
                action="delete_selected",
                _selected_action=[ann.pk, owner.agent.pk],
                post="yes",
            )

        assert b"This is the owner, of whom there is exactly one" in response.content
        left = Agent.objects.filter(organization=acme, deleted_at=None)
        assert [agent.pk for agent in left] == [owner.agent.pk]
        assert kinds(events).count(AgentDeleted) == 1


class TestTheList:
    def test_it_shows_what_each_does_now(
        self, owner: Visitor, acme: Organization, ann: User, sales: Group
    ):
        agent = Agent.objects.get(public_id=ann.id)
        Authenticator.objects.create(user=agent.account, type="totp", data={})
        make.group(acme, "Night", [agent])

        rows = owner.get(LIST).context["cl"].result_list

        seat = next(row.seat for row in rows if row.pk == agent.pk)
        assert (seat.status, seat.running_chats) == ("accepting_chats", 0)
        assert seat.second_factor is True
        assert seat.groups == (("Night", "normal"),)

    def test_reading_it_costs_the_same_for_many(
        self, owner: Visitor, acme: Organization, django_assert_max_num_queries: Any
    ):
        for _ in range(20):
            make.agent(acme)
        owner.get(LIST)

        with django_assert_max_num_queries(30):
            owner.get(LIST)

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ({"q": "bea"}, ["Bea"]),
            ({"role__exact": "administrator"}, ["Bea"]),
            ({"state": "suspended"}, ["Cid"]),
            ({"state": "awaiting"}, ["Dee"]),
            ({"group": "1"}, ["Cid"]),
        ],
    )
    def test_it_is_searched_and_filtered(
        self, query: dict[str, str], names: list[str], owner: Visitor, acme: Organization
    ):
        make.agent(acme, "administrator", name="Bea", email="bea@example.com")
        cid = make.agent(acme, name="Cid")
        make.group(acme, "Night", [cid])
        agents.suspend_agent(acme.pk, cid.public_id)
        agents.create_agent(acme, "dee@example.com", "Dee", awaiting_approval=True)

        found = owner.get(LIST, **query).context["cl"].result_list

        assert [row.name for row in found] == names


class TestOthers:
    def test_another_organisations_agents_are_not_there(self, owner: Visitor, told: Told):
        foreign = make.agent(make.organization("Globex"), name="Gus Globex")
        paths = [change(foreign), f"chatplatform/agent/{foreign.pk}/delete/"]
        paths += [deed(foreign, name) for name in ("suspend", "logout", "invitation-link")]

        with told() as events:
            answers = [owner.post(path, **SAME, post="yes") for path in paths]
            owner.post(LIST, action="suspend", _selected_action=[foreign.pk], confirmed="yes")

        assert b"Gus Globex" not in owner.get(LIST).content
        assert {answer.status_code for answer in answers} == {302}
        foreign.refresh_from_db()
        assert (foreign.name, foreign.suspended, foreign.deleted_at) == ("Gus Globex", False, None)
        assert events == []

    def test_bots_are_not_among_the_people(self, owner: Visitor, acme: Organization):
        bots.create_bot(make.application(acme), "Robbie")

        assert b"Robbie" not in owner.get(LIST).content

    def test_a_superuser_invites_into_the_organisation_they_work_in(
        self, superuser: Visitor, acme: Organization
    ):
        session = superuser.client.session
        session["admin_organization"] = str(acme.pk)
        session.save()

        response = superuser.post(ADD, **NEW)

        assert response.status_code == 302
        assert Agent.objects.get(public_id="eve@example.com").organization == acme
