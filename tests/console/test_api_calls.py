"""The last calls of applications and of personal access tokens."""

from __future__ import annotations

import uuid
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection

from chatplatform import clock
from chatplatform.models import ApiCall, Application, Organization, PersonalAccessToken
from chatplatform.services import api_calls
from tests import make
from tests.world import Refused, User, World


@pytest.fixture
def shop(acme: Organization) -> Application:
    return make.application(acme)


@pytest.fixture
def caller(world: World, acme: Organization, shop: Application) -> User:
    """An agent whose token the shop's application holds."""
    agent = make.agent(acme, "owner", email="olga@example.com")
    return User(
        world, "agent", f"Bearer {make.access_token(agent, application=shop)}", str(acme.pk)
    )


def written(organization: Organization) -> list[dict[str, Any]]:
    api_calls.flush()
    rows = ApiCall.objects.filter(organization=organization).order_by("id")
    return list(
        rows.values("client_id", "user_id", "api", "action", "version", "transport", "error")
    )


def away() -> AbstractContextManager[None]:
    """Return a block in which the database can not be reached."""

    def refuse(*_: object) -> None:
        raise OperationalError("the connection was refused")

    return connection.execute_wrapper(refuse)


class TestWhatIsWritten:
    def test_a_call_of_an_application(self, caller: User, acme: Organization, shop: Application):
        before = clock.now()

        caller.call("list_chats")

        assert written(acme) == [
            {
                "client_id": shop.client_id,
                "user_id": "olga@example.com",
                "api": "agent",
                "action": "list_chats",
                "version": "3.7",
                "transport": "web",
                "error": "",
            }
        ]
        row = ApiCall.objects.get()
        assert before <= row.at <= clock.now()
        assert 0 < row.seconds < 10

    def test_a_refused_call_with_what_refused_it(self, caller: User, acme: Organization):
        with pytest.raises(Refused):
            caller.call("get_chat", chat_id="NOSUCHCHAT")

        assert [(one["action"], one["error"]) for one in written(acme)] == [
            ("get_chat", "not_found")
        ]

    def test_a_call_with_a_personal_access_token_has_no_application(
        self, world: World, acme: Organization
    ):
        agent = make.agent(acme)
        pat = make.basic(agent, make.pat(agent))

        User(world, "agent", pat, str(acme.pk)).call("list_chats")

        assert [one["client_id"] for one in written(acme)] == [""]

    def test_nothing_of_what_was_sent(self, caller: User, acme: Organization):
        with pytest.raises(Refused):
            caller.call("get_chat", chat_id="SECRETWORD")

        written(acme)

        row = ApiCall.objects.values().get()
        assert "SECRETWORD" not in str(row)

    def test_a_call_nobody_is_known_to_have_made_is_not_written(
        self, world: World, acme: Organization
    ):
        with pytest.raises(Refused):
            User(world, "agent", "Bearer nonsense", str(acme.pk)).call("list_chats")

        assert written(acme) == []

    def test_what_the_workspace_calls_is_not_written(self, world: World, acme: Organization):
        workspace = Application.objects.get(
            organization=acme, purpose=Application.Purpose.WORKSPACE
        )
        token = make.access_token(make.agent(acme), application=workspace)

        User(world, "agent", f"Bearer {token}", str(acme.pk)).call("list_chats")

        assert written(acme) == []

    def test_what_customers_call_is_not_written(self, carl: User, acme: Organization):
        carl.call("list_chats")

        assert written(acme) == []

    def test_what_a_client_made_up_fits_its_column(self, acme: Organization):
        requester = make.requester(make.agent(acme))
        names = {"api": "agent", "transport": "rtm", "version": "3.7", "error": "not_found"}

        for action in ("x" * 100, "nul\0"):
            api_calls.note(requester, action=action, seconds=0.1, **names)

        assert [one["action"] for one in written(acme)] == ["x" * 64, "?"]


class TestHowMuchIsKept:
    def note(self, requester: Any, count: int) -> None:
        for number in range(count):
            api_calls.note(
                requester,
                api="agent",
                action=f"a{number}",
                version="3.7",
                transport="web",
                error="",
                seconds=0.1,
            )

    def test_the_newest_hundred_of_an_application(self, acme: Organization):
        requester = make.requester(make.agent(acme))
        self.note(requester, 70)
        api_calls.flush()
        self.note(requester, 50)

        names = [one["action"] for one in written(acme)]

        assert len(names) == 100
        assert names[:2] == ["a20", "a21"]
        assert names[-1] == "a49"

    def test_no_more_is_held_in_memory(self, acme: Organization):
        requester = make.requester(make.agent(acme))

        self.note(requester, 250)

        names = [one["action"] for one in written(acme)]
        assert (len(names), names[0], names[-1]) == (100, "a150", "a249")

    def test_others_calls_push_none_out(self, acme: Organization):
        shop, other = make.application(acme), make.application(acme)
        agent = make.agent(acme)
        by_shop = make.requester(agent)
        self.note(by_shop, 1)
        self.note(replace(by_shop, client_id=other.client_id), 150)

        api_calls.flush()

        assert ApiCall.objects.filter(client_id=by_shop.client_id).count() == 1
        assert ApiCall.objects.filter(client_id=other.client_id).count() == 100
        assert shop.client_id != other.client_id

    def test_a_week(self, acme: Organization):
        requester = make.requester(make.agent(acme))
        self.note(requester, 2)
        api_calls.flush()
        old = ApiCall.objects.order_by("id").first()
        ApiCall.objects.filter(pk=old.pk).update(at=clock.now() - timedelta(days=7, minutes=1))

        api_calls.forget_old()

        assert ApiCall.objects.values_list("action", flat=True).get() == "a1"

    def test_calls_of_an_organisation_that_is_gone_stop_nobody_elses(self, acme: Organization):
        requester = make.requester(make.agent(acme))
        self.note(replace(requester, organization_id=uuid.uuid4()), 1)
        self.note(requester, 1)

        assert len(written(acme)) == 1


class TestLastUse:
    def use(self, agent: Any, token: str, world: World) -> None:
        User(world, "agent", make.basic(agent, token), str(agent.organization_id)).call(
            "list_chats"
        )
        api_calls.flush()

    def test_a_token_that_was_used_says_when(self, world: World, acme: Organization):
        agent = make.agent(acme)
        token = make.pat(agent)
        unused = make.pat(agent)
        before = clock.now()

        self.use(agent, token, world)

        rows = list(
            PersonalAccessToken.objects.order_by("pk").values_list("last_used_at", flat=True)
        )
        assert before <= rows[0] <= clock.now()
        assert rows[1] is None
        assert unused

    def test_at_most_once_a_minute(self, world: World, acme: Organization):
        agent = make.agent(acme)
        token = make.pat(agent)
        self.use(agent, token, world)
        first = PersonalAccessToken.objects.get().last_used_at

        self.use(agent, token, world)

        assert PersonalAccessToken.objects.get().last_used_at == first

    def test_another_process_writes_no_oftener(self, world: World, acme: Organization):
        agent = make.agent(acme)
        token = make.pat(agent)
        self.use(agent, token, world)
        first = PersonalAccessToken.objects.get().last_used_at
        api_calls.forget()

        self.use(agent, token, world)

        assert PersonalAccessToken.objects.get().last_used_at == first

    def test_again_after_the_minute(self, world: World, acme: Organization):
        agent = make.agent(acme)
        token = make.pat(agent)
        long_ago = clock.now() - timedelta(hours=1)
        PersonalAccessToken.objects.update(last_used_at=long_ago)

        self.use(agent, token, world)

        assert PersonalAccessToken.objects.get().last_used_at > long_ago


class TestWhileTheDatabaseIsAway:
    def test_calls_are_kept_for_the_next_time_in_their_order(
        self, caller: User, acme: Organization
    ):
        caller.call("list_chats")
        with away(), pytest.raises(OperationalError):
            api_calls.flush()
        caller.call("list_archives")

        assert [one["action"] for one in written(acme)] == ["list_chats", "list_archives"]

    @pytest.mark.django_db(transaction=True)
    def test_it_is_noted_afterwards_that_a_token_was_used(self, world: World, acme: Organization):
        agent = make.agent(acme)
        pat = make.basic(agent, make.pat(agent))
        User(world, "agent", pat, str(acme.pk)).call("list_chats")
        with away(), pytest.raises(OperationalError):
            api_calls.flush()

        api_calls.flush()

        assert PersonalAccessToken.objects.get().last_used_at is not None

    def test_no_more_is_kept_than_would_be_anyway(self, caller: User, acme: Organization):
        for _ in range(60):
            caller.call("list_chats")
        with away(), pytest.raises(OperationalError):
            api_calls.flush()
        for _ in range(60):
            caller.call("list_archives")

        actions = [one["action"] for one in written(acme)]
        assert actions == ["list_chats"] * 40 + ["list_archives"] * 60
