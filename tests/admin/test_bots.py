"""Bots and their templates in the admin: the API's own rules, and secrets shown once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatplatform.domain_events.people import BotCreated, BotDeleted, BotUpdated
from chatplatform.models import Agent, Application, Bot, BotTemplate, Group, Organization
from chatplatform.services import bot_templates, bots, installations
from chatplatform.services.tokens import checksum
from tests import make
from tests.admin.conftest import Visitor, errors, shown_secret
from tests.conftest import Told

LIST = "chatplatform/bot/"
ADD = "chatplatform/bot/add/"
TEMPLATES = "chatplatform/bottemplate/"


@pytest.fixture
def app(acme: Organization) -> Application:
    return make.application(acme)


@pytest.fixture
def robbie(app: Application) -> Bot:
    return bots.create_bot(app, "Robbie").agent.bot


def new(app: Application, **more: Any) -> dict[str, Any]:
    return {
        "owner": app.client_id,
        "name": "Robbie",
        "type": "chatbot",
        "avatar": "",
        "job_title": "Robot",
        "max_chats_count": "7",
        "default_group_priority": "first",
        **more,
    }


def same(**more: Any) -> dict[str, Any]:
    return {
        "name": "Robbie",
        "type": "chatbot",
        "avatar": "",
        "job_title": "",
        "max_chats_count": "6",
        "default_group_priority": "normal",
        **more,
    }


def page(bot: Bot, name: str = "change") -> str:
    return f"{LIST}{bot.pk}/{name}/"


def kinds(events: list[Any]) -> list[type]:
    return [type(event) for event in events]


class TestMaking:
    def test_a_bot_is_made_and_its_secret_shown_once(
        self, owner: Visitor, app: Application, sales: Group, told: Told
    ):
        values = new(app, **{f"groups-{sales.number}": "default"})

        with told() as events:
            response = owner.post(ADD, **values)

        bot = Bot.objects.get(owner=app)
        assert (bot.agent.name, bot.agent.job_title, bot.agent.max_chats_count) == (
            "Robbie",
            "Robot",
            7,
        )
        assert (bot.default_group_priority, bot.by_person) == ("first", True)
        assert list(bot.agent.memberships.values_list("group__number", "priority")) == [
            (sales.number, "")
        ]
        assert BotCreated in kinds(events)
        secret = shown_secret(owner, response)
        assert checksum(secret) == bot.secret_checksum
        assert secret.encode() not in owner.get(page(bot)).content
        assert secret not in str(owner.client.cookies)

    def test_another_organisations_application_is_refused(self, owner: Visitor, told: Told):
        foreign = make.application(make.organization("Globex"))

        with told() as events:
            response = owner.post(ADD, **new(foreign))

        assert list(errors(response)) == ["owner"]
        assert not Bot.objects.exists()
        assert events == []


class TestChanging:
    def test_what_is_set_is_changed_and_told(
        self, owner: Visitor, robbie: Bot, sales: Group, told: Told
    ):
        hours = {
            "hours-friday-0-on": "on",
            "hours-friday-0-start": "08:00",
            "hours-friday-0-end": "16:00",
        }

        with told() as events:
            owner.post(
                page(robbie),
                **same(job_title="Robot"),
                **hours,
                **{f"groups-{sales.number}": "last"},
            )

        (updated,) = [event for event in events if isinstance(event, BotUpdated)]
        assert updated.changed == {
            "job_title": "Robot",
            "groups": [{"id": sales.number, "priority": "last"}],
            "work_scheduler": {
                "timezone": "",
                "schedule": [{"day": "friday", "enabled": True, "start": "08:00", "end": "16:00"}],
            },
        }

    def test_too_many_chats_are_refused(self, owner: Visitor, robbie: Bot, told: Told):
        with told() as events:
            response = owner.post(page(robbie), **same(max_chats_count="501"))

        assert list(errors(response)) == ["max_chats_count"]
        robbie.agent.refresh_from_db()
        assert robbie.agent.max_chats_count == 6
        assert events == []

    @pytest.mark.parametrize(
        ("deed", "status"),
        [("accept", "accepting_chats"), ("stop-accepting", "not_accepting_chats")],
    )
    def test_its_status_is_set(self, deed: str, status: str, owner: Visitor, robbie: Bot):
        owner.post(page(robbie, deed))

        assert Agent.objects.get(bot=robbie).routing_status == status

    def test_it_is_taken_offline(self, owner: Visitor, robbie: Bot):
        owner.post(page(robbie, "accept"))
        owner.post(page(robbie, "offline"))

        assert Agent.objects.get(bot=robbie).routing_status == "offline"

    def test_a_new_secret_replaces_the_old_and_is_shown_once(self, owner: Visitor, robbie: Bot):
        before = robbie.secret_checksum

        asked = owner.get(page(robbie, "reset-secret"))
        response = owner.post(page(robbie, "reset-secret"))

        assert b"The new secret is shown once." in asked.content
        robbie.refresh_from_db()
        assert robbie.secret_checksum == checksum(shown_secret(owner, response)) != before


class TestDeleting:
    def test_a_bot_goes(self, owner: Visitor, robbie: Bot, told: Told):
        with told() as events:
            owner.post(page(robbie, "delete"), post="yes")

        assert not Bot.objects.exists()
        assert BotDeleted in kinds(events)


class TestOthers:
    def test_another_organisations_bots_are_not_there(self, owner: Visitor, told: Told):
        app = make.application(make.organization("Globex"))
        foreign = bots.create_bot(app, "Gort").agent.bot

        with told() as events:
            answers = [
                owner.post(page(foreign, name), **same(), post="yes")
                for name in ("change", "delete", "reset-secret", "accept")
            ]

        assert b"Gort" not in owner.get(LIST).content
        assert {answer.status_code for answer in answers} == {302}
        foreign.refresh_from_db()
        assert foreign.agent.name == "Gort"
        assert events == []

    def test_a_normal_agent_does_not_get_in(
        self, acme: Organization, robbie: Bot, visitor: Callable[..., Visitor]
    ):
        agent = visitor(acme, "normal")

        assert agent.get(LIST).status_code == 302
        assert agent.post(page(robbie, "delete"), post="yes").status_code == 302
        assert Bot.objects.filter(pk=robbie.pk).exists()


class TestTemplates:
    def test_a_template_is_made_with_its_bots(
        self, owner: Visitor, acme: Organization, app: Application, told: Told
    ):
        installations.install(acme, app)
        values = new(app)
        del values["type"]

        with told() as events:
            response = owner.post(f"{TEMPLATES}add/", **values, affect_existing="on")

        template = BotTemplate.objects.get(application=app)
        assert (template.name, template.job_title) == ("Robbie", "Robot")
        assert checksum(shown_secret(owner, response)) == template.secret_checksum
        assert Bot.objects.get(template=template).agent.organization == acme
        assert BotCreated in kinds(events)

    def test_it_is_changed_without_its_bots(
        self, owner: Visitor, acme: Organization, app: Application, told: Told
    ):
        installations.install(acme, app)
        template = bot_templates.create_template(app, "Robbie", affect_existing=True).template
        values = same(name="Gort")
        del values["type"]

        with told() as events:
            owner.post(f"{TEMPLATES}{template.pk}/change/", **values)

        template.refresh_from_db()
        assert template.name == "Gort"
        assert Bot.objects.get(template=template).agent.name == "Robbie"
        assert BotUpdated not in kinds(events)

    def test_it_goes_alone_or_with_its_bots(
        self, owner: Visitor, acme: Organization, app: Application, told: Told
    ):
        installations.install(acme, app)
        alone = bot_templates.create_template(app, "Alone", affect_existing=True).template
        along = bot_templates.create_template(app, "Along", affect_existing=True).template

        owner.post(f"{TEMPLATES}{alone.pk}/delete/", post="yes")
        with told() as events:
            response = owner.post(f"{TEMPLATES}{along.pk}/delete-with-bots/")

        assert response.url == "/admin/chatplatform/bottemplate/"
        assert not BotTemplate.objects.exists()
        assert list(Agent.objects.filter(kind="bot").values_list("name", flat=True)) == ["Alone"]
        assert BotDeleted in kinds(events)

    def test_a_new_secret_is_also_its_bots_where_that_is_asked_for(
        self, owner: Visitor, acme: Organization, app: Application
    ):
        installations.install(acme, app)
        template = bot_templates.create_template(app, "Robbie", affect_existing=True).template
        old = template.secret_checksum

        shown = shown_secret(owner, owner.post(f"{TEMPLATES}{template.pk}/reset-secret/"))
        template.refresh_from_db()
        assert template.secret_checksum == checksum(shown)
        assert Bot.objects.get(template=template).secret_checksum == old

        shown = shown_secret(owner, owner.post(f"{TEMPLATES}{template.pk}/reset-all-secrets/"))
        assert Bot.objects.get(template=template).secret_checksum == checksum(shown)

    def test_another_organisations_templates_are_not_there(self, owner: Visitor):
        foreign = make.application(make.organization("Globex"))
        template = bot_templates.create_template(foreign, "Gort").template
        before = template.secret_checksum

        for name in ("change", "delete", "reset-secret", "delete-with-bots"):
            answer = owner.post(f"{TEMPLATES}{template.pk}/{name}/", post="yes", name="Mine")
            assert answer.status_code == 302

        template.refresh_from_db()
        assert (template.name, template.secret_checksum) == ("Gort", before)
