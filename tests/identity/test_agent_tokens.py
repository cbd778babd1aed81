"""Agents' tokens: who they prove, how they end, and that nobody can read them (protocol.md 5)."""

import base64
import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection

from chatplatform import clock
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.errors import (
    Authentication,
    Authorization,
    RequesterAwaitingApproval,
    RequesterSuspended,
    Validation,
)
from chatplatform.models import (
    AccessToken,
    Agent,
    Organization,
    PersonalAccessToken,
    RefreshToken,
)
from chatplatform.models.people import AgentRole
from chatplatform.scopes import allowed
from chatplatform.services import agent_tokens, authentication, personal_access_tokens, tokens
from chatplatform.session_store import SessionStore
from tests import make
from tests.conftest import Told

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization() -> Organization:
    return make.organization()


@pytest.fixture
def agent(organization: Organization) -> Agent:
    return make.agent(organization, name="Ann Agent")


class TestBearer:
    def test_proves_the_agent_and_what_the_token_may_do(
        self, organization: Organization, agent: Agent
    ):
        application = make.application(organization)
        token = make.access_token(agent, ["chats--access:rw", "customers:ro"], application)

        requester = authentication.authenticate_agent(f"Bearer {token}")

        assert requester.organization_id == organization.pk
        assert requester.license_id == organization.license_id
        assert requester.account_id == agent.account_id
        assert requester.agent_id == agent.pk
        assert requester.public_id == agent.public_id
        assert requester.customer_facing_id == agent.customer_facing_id
        assert requester.name == "Ann Agent"
        assert requester.role == AgentRole.NORMAL
        assert requester.client_id == application.client_id
        assert requester.scopes == {
            "chats--access:rw",
            "chats--access:ro",
            "chats--my:rw",
            "chats--my:ro",
            "customers:ro",
        }
        assert requester.token_checksum == tokens.checksum(token)
        assert requester.expires_at == AccessToken.objects.get().expires

    @pytest.mark.parametrize(
        "template", ["bearer {}", "BEARER {}", "Bearer   {}", " Bearer {} ", "Bearer dal:{}"]
    )
    def test_scheme_in_any_case_and_a_region_prefix_are_understood(
        self, agent: Agent, template: str
    ):
        token = make.access_token(agent)

        requester = authentication.authenticate_agent(template.format(token))

        assert requester.agent_id == agent.pk

    @pytest.mark.parametrize(
        "credentials",
        [
            "",
            " ",
            "Bearer",
            "Bearer ",
            "Bearer unknown",
            "Bearer \x00",
            "Bearer \ud800",
            "Bearer " + 100_000 * "x",
            "Digest {}",
            "{}",
        ],
    )
    def test_anything_else_proves_nobody(self, agent: Agent, credentials: str):
        token = make.access_token(agent)

        with pytest.raises(Authentication):
            authentication.authenticate_agent(credentials.replace("{}", token))

    def test_an_expired_token_proves_nobody(self, agent: Agent):
        token = make.access_token(agent, expires_in=60)

        with (
            time_machine.travel(clock.now() + timedelta(seconds=61)),
            pytest.raises(Authentication),
        ):
            authentication.authenticate_agent(f"Bearer {token}")

    def test_a_token_is_not_understood_as_any_other_kind(self, agent: Agent):
        token = make.access_token(agent)
        personal = make.pat(agent)

        with pytest.raises(Authentication):
            authentication.authenticate_agent(make.basic(agent, token))
        with pytest.raises(Authentication):
            authentication.authenticate_agent(f"Bearer {personal}")
        with pytest.raises(Authentication):
            authentication.identify_customer(f"Bearer {token}")

    def test_an_agent_who_may_not_work_is_told_why(self, agent: Agent):
        token = make.access_token(agent)

        agent.awaiting_approval = True
        agent.save()
        with pytest.raises(RequesterAwaitingApproval):
            authentication.authenticate_agent(f"Bearer {token}")

        agent.suspended = True
        agent.save()
        with pytest.raises(RequesterSuspended):
            authentication.authenticate_agent(f"Bearer {token}")

    def test_a_deactivated_account_proves_nobody(self, agent: Agent):
        token = make.access_token(agent)
        account = make.account(agent)
        account.is_active = False
        account.save()

        with pytest.raises(Authentication):
            authentication.authenticate_agent(f"Bearer {token}")

    def test_a_role_that_shrank_takes_its_scopes_along(self, organization: Organization):
        agent = make.agent(organization, AgentRole.ADMINISTRATOR)
        token = make.access_token(agent, ["chats--all:ro", "customers:own"])
        agent.role = AgentRole.NORMAL
        agent.save()

        requester = authentication.authenticate_agent(f"Bearer {token}")

        assert requester.scopes == {"chats--access:ro", "chats--my:ro"}

    def test_costs_one_read(self, agent: Agent, django_assert_num_queries):
        token = make.access_token(agent)

        with django_assert_num_queries(1):
            authentication.authenticate_agent(f"Bearer {token}")


class TestPersonalAccessTokens:
    def test_proves_the_account_that_made_it(self, organization: Organization, agent: Agent):
        token = make.pat(agent, ["chats--access:ro"])

        requester = authentication.authenticate_agent(make.basic(agent, token))

        assert requester.agent_id == agent.pk
        assert requester.organization_id == organization.pk
        assert requester.client_id == ""
        assert requester.scopes == {"chats--access:ro", "chats--my:ro"}
        assert requester.expires_at is None

    def test_account_id_in_any_case_and_a_region_prefix_are_understood(self, agent: Agent):
        token = make.pat(agent)
        pair = f"{str(agent.account_id).upper()}:fra:{token}".encode()

        requester = authentication.authenticate_agent(f"basic {base64.b64encode(pair).decode()}")

        assert requester.agent_id == agent.pk

    def test_proves_nobody_with_another_account_id(self, organization: Organization, agent: Agent):
        token = make.pat(agent)
        other = make.agent(organization)

        with pytest.raises(Authentication):
            authentication.authenticate_agent(make.basic(other, token))

    @pytest.mark.parametrize(
        "pair", [b"", b":", b"no colon", b"not-a-uuid:{}", b"\xff\xfe:{}", b"\x00:{}", b":{}"]
    )
    def test_anything_else_proves_nobody(self, agent: Agent, pair: bytes):
        token = make.pat(agent)
        encoded = base64.b64encode(pair.replace(b"{}", token.encode())).decode()

        with pytest.raises(Authentication):
            authentication.authenticate_agent(f"Basic {encoded}")

    @pytest.mark.parametrize("value", ["not base64", "====", "ä", "YQ", "a" * 100_001])
    def test_what_is_not_base64_proves_nobody(self, value: str):
        with pytest.raises(Authentication):
            authentication.authenticate_agent(f"Basic {value}")

    @pytest.mark.parametrize("name", ["", "x" * 181, "two\nlines", "nul\x00"])
    def test_needs_a_plain_name(self, agent: Agent, name: str):
        with pytest.raises(Validation):
            personal_access_tokens.issue(make.account(agent), name, [])

        assert not PersonalAccessToken.objects.exists()

    def test_can_not_carry_a_scope_that_does_not_exist(self, agent: Agent):
        with pytest.raises(Validation, match="everything"):
            personal_access_tokens.issue(make.account(agent), "Mine", ["everything"])

        assert not PersonalAccessToken.objects.exists()

    def test_costs_one_read(self, agent: Agent, django_assert_num_queries):
        token = make.pat(agent)

        with django_assert_num_queries(1):
            authentication.authenticate_agent(make.basic(agent, token))


class TestIssuing:
    def test_lives_eight_hours_unless_told_otherwise(self, agent: Agent):
        application = make.application(agent.organization)

        issued = agent_tokens.issue_access_token(make.account(agent), application, [])

        left = AccessToken.objects.get().expires - clock.now()
        assert issued.expires_in == 28_800
        assert timedelta(seconds=28_790) < left <= timedelta(seconds=28_800)

    def test_refuses_another_organisations_client(self, agent: Agent):
        foreign = make.application(make.organization("Other"))

        with pytest.raises(Authorization):
            agent_tokens.issue_access_token(make.account(agent), foreign, [])

        assert not AccessToken.objects.exists()

    def test_refuses_a_scope_that_does_not_exist(self, agent: Agent):
        application = make.application(agent.organization)

        with pytest.raises(Validation, match="everything"):
            agent_tokens.issue_access_token(make.account(agent), application, ["everything"])

        assert not AccessToken.objects.exists()

    def test_revokes_the_oldest_beyond_25_of_one_client_and_account(self, agent: Agent, told: Told):
        application = make.application(agent.organization)
        of_another_client = make.access_token(
            agent, application=make.application(agent.organization)
        )
        of_another_account = make.access_token(
            make.agent(agent.organization), application=application
        )
        issued = [make.access_token(agent, application=application) for _ in range(25)]

        with told() as events:
            newest = make.access_token(agent, application=application)

        assert [event.token_checksum for event in _ended(events)] == [tokens.checksum(issued[0])]
        with pytest.raises(Authentication):
            authentication.authenticate_agent(f"Bearer {issued[0]}")
        for token in (*issued[1:], newest, of_another_client, of_another_account):
            authentication.authenticate_agent(f"Bearer {token}")

    def test_expired_tokens_do_not_count(self, agent: Agent, told: Told):
        application = make.application(agent.organization)
        living = make.access_token(agent, application=application, expires_in=7_200)
        for _ in range(24):
            make.access_token(agent, application=application, expires_in=60)

        with time_machine.travel(clock.now() + timedelta(seconds=61)), told() as events:
            make.access_token(agent, application=application)
            authentication.authenticate_agent(f"Bearer {living}")

        assert _ended(events) == []
        assert AccessToken.objects.count() == 2

    @pytest.mark.django_db(transaction=True)
    def test_keeps_25_under_parallel_issues(self):
        agent = make.agent(make.organization())
        application = make.application(agent.organization)
        failures: list[Exception] = []

        def issue_ten() -> None:
            try:
                for _ in range(10):
                    make.access_token(agent, application=application)
            except Exception as error:
                failures.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=issue_ten) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failures == []
        assert AccessToken.objects.count() == 25


class TestRevoking:
    def test_an_access_token_ends_with_its_refresh_token_and_its_connections(
        self, agent: Agent, told: Told
    ):
        other = make.access_token(agent)
        token, refresh_token = make.token_pair(agent)

        with told() as events:
            revoked = agent_tokens.revoke_access_token(f"dal:{token}")

        assert revoked is True
        assert _ended(events) == [
            SessionsEnded(
                organization_id=str(agent.organization_id),
                reason="access_token_revoked",
                token_checksum=tokens.checksum(token),
            )
        ]
        refresh = RefreshToken.objects.get(token_checksum=tokens.checksum(refresh_token))
        assert refresh.revoked is not None
        with pytest.raises(Authentication):
            authentication.authenticate_agent(f"Bearer {token}")
        authentication.authenticate_agent(f"Bearer {other}")

    def test_a_personal_access_token_ends_with_its_connections(self, agent: Agent, told: Told):
        token = make.pat(agent)

        with told() as events:
            make.revoke_pat(token)

        assert [event.token_checksum for event in _ended(events)] == [tokens.checksum(token)]
        with pytest.raises(Authentication):
            authentication.authenticate_agent(make.basic(agent, token))

    def test_what_does_not_exist_is_not_revoked(self, agent: Agent, told: Told):
        token = make.access_token(agent)

        with told() as events:
            assert agent_tokens.revoke_access_token("unknown") is False

        assert _ended(events) == []
        authentication.authenticate_agent(f"Bearer {token}")


class TestWorkspaceTokens:
    @pytest.fixture
    def session_key(self) -> str:
        session = SessionStore()
        session.create()
        return str(session.session_key)

    def test_carries_all_the_role_allows_for_an_hour(self, agent: Agent, session_key: str):
        issued = agent_tokens.issue_workspace_token(make.account(agent), session_key)

        requester = authentication.authenticate_agent(f"Bearer {issued.token}")
        assert issued.expires_in == 3_600
        assert requester.scopes >= allowed(AgentRole.NORMAL)
        assert requester.expires_at is not None
        assert requester.expires_at - clock.now() <= timedelta(hours=1)

    def test_dies_with_its_session_and_no_other(self, agent: Agent, session_key: str, told: Told):
        other_session = SessionStore()
        other_session.create()
        issued = [
            agent_tokens.issue_workspace_token(make.account(agent), session_key) for _ in range(2)
        ]
        other = agent_tokens.issue_workspace_token(
            make.account(agent), str(other_session.session_key)
        )

        with told() as events:
            count = agent_tokens.revoke_workspace_tokens(session_key)

        assert count == 2
        assert {event.token_checksum for event in _ended(events)} == {
            tokens.checksum(token) for token, _ in issued
        }
        for token, _ in issued:
            with pytest.raises(Authentication):
                authentication.authenticate_agent(f"Bearer {token}")
        authentication.authenticate_agent(f"Bearer {other.token}")

    def test_is_not_issued_for_a_session_that_has_ended(self, agent: Agent, session_key: str):
        SessionStore(session_key).delete()

        with pytest.raises(Authentication):
            agent_tokens.issue_workspace_token(make.account(agent), session_key)

        assert not AccessToken.objects.exists()


def test_expired_tokens_are_forgotten_and_living_ones_kept(agent: Agent):
    customer = make.customer(agent.organization)
    for expires_in in (60, 60, 7_200):
        make.access_token(agent, expires_in=expires_in)
        make.customer_token(customer, expires_in=expires_in)

    with time_machine.travel(clock.now() + timedelta(seconds=61)):
        assert tokens.forget_expired(limit=1) == 2
        assert tokens.forget_expired() == 2
        assert tokens.forget_expired() == 0

    assert AccessToken.objects.count() == 1
    assert customer.tokens.count() == 1


def _ended(events: list) -> list[SessionsEnded]:
    return [event for event in events if isinstance(event, SessionsEnded)]
