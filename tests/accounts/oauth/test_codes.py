"""Codes for tokens, refreshing, revoking and describing: ``/v2/token`` and ``/v2/info``."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from chatplatform import clock
from chatplatform.api import ratelimit
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.errors import Authentication
from chatplatform.models import (
    AccessToken,
    Agent,
    Application,
    Grant,
    Organization,
    RefreshToken,
)
from chatplatform.models.people import AgentRole
from chatplatform.oauth_errors import ClientNotFound, InvalidRedirectUri, UnauthorizedClient
from chatplatform.services import (
    agents,
    applications,
    authentication,
    grants,
    installations,
    tokens,
)
from chatplatform.services.grants import Asked
from tests import make
from tests.accounts.oauth.flows import (
    NOTHING,
    REDIRECT_URI,
    SECRET,
    VERIFIER,
    Browser,
    Server,
    query,
    refusal,
    s256,
    s256_of_the_sdk,
    stored,
)
from tests.conftest import Told

pytestmark = pytest.mark.django_db

TYPE = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def _circles(settings: Any) -> None:
    settings.REDIRECT_LIMIT_BURST = 100


@pytest.fixture
def code(browser: Browser) -> str:
    """A code of the application with a secret."""
    return query(browser.allow(response_type="code"))["code"]


@pytest.fixture
def pair(server: Server, code: str) -> dict[str, Any]:
    """The tokens of the application with a secret."""
    return answer(server.redeem(code))


@pytest.fixture
def script(public: Application) -> Server:
    """The application without a secret."""
    return Server(public, "")


@pytest.fixture
def public_code(public: Application, owner: Agent) -> str:
    """A code of the application without a secret."""
    browser = Browser(public).sign_in(owner)
    response = browser.allow(
        response_type="code", code_challenge=s256(), code_challenge_method="S256"
    )
    return query(response)["code"]


@pytest.fixture
def rotating(script: Server, public_code: str) -> dict[str, Any]:
    """The tokens of the application without a secret."""
    return answer(script.redeem(public_code, client_secret=None, code_verifier=VERIFIER))


def answer(response: Any) -> dict[str, Any]:
    assert response.status_code == 200, response.content
    body: dict[str, Any] = response.json()
    return body


def refused(response: Any) -> tuple[int, str, str]:
    """Return status, kind and code of a refusal; it says nothing else but a description."""
    body = response.json()
    assert isinstance(body.pop("exception_description"), str)
    [(kind, code)] = body.items()
    return response.status_code, kind, code


def works(token: str) -> bool:
    try:
        authentication.authenticate_agent(f"Bearer {token}")
    except Authentication:
        return False
    return True


class TestACode:
    def test_is_worth_a_pair_of_tokens(
        self, server: Server, code: str, owner: Agent, acme: Organization
    ):
        response = server.redeem(code)

        body = answer(response)
        access_token, refresh_token = body.pop("access_token"), body.pop("refresh_token")
        assert body == {
            "account_id": str(owner.account_id),
            "client_id": server.application.client_id,
            "expires_in": 28_800,
            "organization_id": str(acme.pk),
            "scope": "agents--my:ro,chats--all:rw,customers:ro",
            "token_type": "Bearer",
        }
        assert authentication.authenticate_agent(f"Bearer {access_token}").agent_id == owner.pk
        assert refresh_token != access_token
        assert response["Cache-Control"] == "no-store"
        assert response["Access-Control-Allow-Origin"] == "*"

    def test_is_stored_as_a_checksum_only(self, server: Server, code: str, pair: dict[str, Any]):
        rows = [*Grant.objects.values(), *RefreshToken.objects.values()]
        rows += [*AccessToken.objects.values()]

        for secret in (code, pair["access_token"], pair["refresh_token"]):
            assert secret not in str(rows)

    @pytest.mark.parametrize("grant_type", ["authorization_code", "code"])
    def test_is_taken_as_json_too(self, server: Server, code: str, grant_type: str):
        response = server.client.post(
            "/v2/token",
            {
                "grant_type": grant_type,
                "code": code,
                "client_id": server.application.client_id,
                "client_secret": SECRET,
                "redirect_uri": REDIRECT_URI,
            },
            content_type="application/json",
        )

        assert works(answer(response)["access_token"])

    def test_is_taken_from_a_client_that_proves_itself_by_http_basic(
        self, server: Server, code: str
    ):
        basic = base64.b64encode(f"{server.application.client_id}:{SECRET}".encode()).decode()

        response = server.client.post(
            "/v2/token",
            f"grant_type=authorization_code&code={code}&redirect_uri={REDIRECT_URI}",
            content_type=TYPE,
            headers={"Authorization": f"Basic {basic}"},
        )

        assert works(answer(response)["access_token"])

    def test_is_taken_from_a_command_broken_over_lines(self, server: Server, code: str):
        body = (
            f"grant_type=authorization_code&  code={code}&  client_secret={SECRET}&"
            f"  client_id={server.application.client_id}&  redirect_uri={REDIRECT_URI}"
        )

        assert server.client.post("/v2/token", body, content_type=TYPE).status_code == 200

    def test_is_good_once_and_then_takes_back_what_it_gave(
        self, server: Server, code: str, told: Told
    ):
        first = answer(server.redeem(code))
        renewed = answer(server.refresh(first["refresh_token"]))

        with told() as events:
            second = server.redeem(code)

        assert refused(second) == (403, "oauth_exception", "unauthorized_client")
        assert not works(first["access_token"])
        assert not works(renewed["access_token"])
        ended = {one.token_checksum for one in events if isinstance(one, SessionsEnded)}
        assert ended == {tokens.checksum(one["access_token"]) for one in (first, renewed)}
        assert refused(server.refresh(first["refresh_token"]))[2] == "invalid_grant"

    def test_is_good_for_five_minutes(self, server: Server, code: str):
        before = stored()

        with time_machine.travel(clock.now() + timedelta(minutes=5, seconds=1)):
            response = server.redeem(code)

        assert refused(response) == (403, "oauth_exception", "unauthorized_client")
        assert stored() == before

    @pytest.mark.parametrize(
        ("values", "refusal"),
        [
            ({"code": "unknown"}, (403, "oauth_exception", "unauthorized_client")),
            ({"code": None}, (400, "oauth_exception", "invalid_request")),
            ({"client_id": None}, (403, "oauth_exception", "unauthorized_client")),
            ({"client_id": "unknown"}, (403, "oauth_exception", "unauthorized_client")),
            ({"client_secret": "wrong"}, (403, "oauth_exception", "unauthorized_client")),
            ({"client_secret": None}, (403, "oauth_exception", "unauthorized_client")),
            ({"redirect_uri": None}, (400, "oauth_exception", "invalid_request")),
            (
                {"redirect_uri": "https://shop.example/app"},
                (403, "oauth_exception", "unauthorized_client"),
            ),
            ({"code_verifier": VERIFIER}, (400, "oauth_exception", "invalid_request")),
            ({"grant_type": "password"}, (400, "oauth_exception", "unsupported_grant_type")),
            ({"grant_type": None}, (400, "oauth_exception", "invalid_request")),
        ],
    )
    def test_that_does_not_fit_is_refused_and_stays_good(
        self, server: Server, code: str, values: dict[str, Any], refusal: tuple[int, str, str]
    ):
        before = stored()

        assert refused(server.redeem(**{"code": code, **values})) == refusal

        assert stored() == before
        assert server.redeem(code).status_code == 200

    def test_of_another_client_is_no_code(self, acme: Organization, server: Server, code: str):
        other = make.application(
            acme, ["https://shop.example/app"], scopes=["customers:ro"], client_secret="other"
        )

        assert refused(Server(other, "other").redeem(code))[2] == "unauthorized_client"
        assert server.redeem(code).status_code == 200

    def test_carries_what_the_role_still_allows(self, server: Server, code: str, owner: Agent):
        Agent.objects.filter(pk=owner.pk).update(role=AgentRole.NORMAL)

        assert answer(server.redeem(code))["scope"] == "agents--my:ro,chats--access:rw,customers:ro"

    @pytest.mark.parametrize("fault", ["suspended", "awaiting_approval"])
    def test_of_somebody_who_may_not_work_gives_nothing(
        self, server: Server, code: str, owner: Agent, fault: str
    ):
        Agent.objects.filter(pk=owner.pk).update(**{fault: True})
        before = stored()

        assert refused(server.redeem(code)) == (403, "identity_exception", "access_denied")
        assert stored() == before

    def test_of_an_application_that_was_removed_gives_nothing(
        self, server: Server, code: str, acme: Organization
    ):
        installations.remove(acme, server.application)

        assert refused(server.redeem(code)) == (403, "oauth_exception", "unauthorized_client")
        assert not AccessToken.objects.exists()


class TestMeanwhile:
    """What was changed between the first look and the lock."""

    def test_a_code_carries_what_the_application_may_still_ask_for(
        self, server: Server, code: str, acme: Organization
    ):
        proved = grants.authenticate_client(server.application.client_id, SECRET)
        applications.update_application(
            acme.pk, server.application.client_id, scopes=["customers:ro"]
        )

        pair = grants.redeem(proved, code, REDIRECT_URI, "")

        assert pair.scopes == {"customers:ro"}
        assert RefreshToken.objects.get().scope == AccessToken.objects.get().scope == "customers:ro"

    def test_a_refresh_token_carries_what_the_application_may_still_ask_for(
        self, server: Server, pair: dict[str, Any], acme: Organization
    ):
        proved = grants.authenticate_client(server.application.client_id, SECRET)
        applications.update_application(
            acme.pk, server.application.client_id, scopes=["customers:ro"]
        )

        assert grants.refresh(proved, pair["refresh_token"]).scopes == {"customers:ro"}

    def test_a_secret_that_was_replaced_gets_nothing(
        self, server: Server, code: str, acme: Organization
    ):
        proved = grants.authenticate_client(server.application.client_id, SECRET)
        applications.reset_client_secret(acme.pk, server.application.client_id)
        before = stored()

        with pytest.raises(UnauthorizedClient):
            grants.redeem(proved, code, REDIRECT_URI, "")

        assert stored() == before
        assert Grant.objects.get().used_at is None

    def test_a_secret_that_was_replaced_renews_nothing(
        self, server: Server, pair: dict[str, Any], acme: Organization
    ):
        proved = grants.authenticate_client(server.application.client_id, SECRET)
        applications.reset_client_secret(acme.pk, server.application.client_id)
        before = stored()

        with pytest.raises(UnauthorizedClient):
            grants.refresh(proved, pair["refresh_token"])

        assert stored() == before

    def test_an_application_that_was_deleted_gets_nothing(self, server: Server, code: str):
        proved = grants.authenticate_client(server.application.client_id, SECRET)
        Application.objects.filter(pk=proved.pk).delete()

        with pytest.raises(ClientNotFound):
            grants.redeem(proved, code, REDIRECT_URI, "")

        assert AccessToken.objects.count() == 0

    def test_an_application_that_was_deleted_renews_nothing(
        self, server: Server, pair: dict[str, Any]
    ):
        proved = grants.authenticate_client(server.application.client_id, SECRET)
        Application.objects.filter(pk=proved.pk).delete()

        with pytest.raises(ClientNotFound):
            grants.refresh(proved, pair["refresh_token"])

        assert AccessToken.objects.count() == 0

    def test_an_application_that_was_deleted_can_not_be_allowed(
        self, browser: Browser, monkeypatch: pytest.MonkeyPatch
    ):
        page = browser.ask()
        monkeypatch.setattr(ratelimit, "redirected", lambda *_: Application.objects.all().delete())

        answered = browser.decide(page, "allow")

        assert answered.status_code == 403
        assert refusal(answered) == ("oauth_exception", "unauthorized_client")
        assert stored() == NOTHING

    @pytest.mark.parametrize("response_type", ["token", "code"])
    def test_nothing_goes_to_an_address_that_was_taken_away(
        self, server: Server, owner: Agent, acme: Organization, response_type: str
    ):
        asked = Asked(
            client_id=server.application.client_id,
            redirect_uri=REDIRECT_URI,
            response_type=response_type,
        )
        want = grants.wanted(asked, grants.find_client(asked)[0])
        applications.update_application(
            acme.pk,
            server.application.client_id,
            redirect_uris_allowed=["https://new.example/app"],
        )
        before = stored()

        with pytest.raises(InvalidRedirectUri):
            grants.authorize(make.account(owner), want, agreed=want.scopes)

        assert stored() == before


class TestOddRequests:
    @pytest.mark.parametrize("length", ["9" * 5_000, "70000", "0" * 9 + "70000"])
    def test_a_body_announced_as_too_large_is_refused(self, server: Server, length: str):
        response = server.client.generic("POST", "/v2/token", b"", TYPE, CONTENT_LENGTH=length)

        assert refused(response) == (413, "oauth_exception", "invalid_request")


class TestPkce:
    @pytest.mark.parametrize(
        ("method", "challenge"),
        [
            ("S256", s256()),
            ("s256", s256()),
            ("S256", s256_of_the_sdk()),
            ("plain", VERIFIER),
            (None, VERIFIER),
        ],
    )
    def test_a_client_without_a_secret_proves_itself_by_the_verifier(
        self, public: Application, owner: Agent, script: Server, method: str | None, challenge: str
    ):
        browser = Browser(public).sign_in(owner)
        response = browser.allow(
            response_type="code", code_challenge=challenge, code_challenge_method=method
        )

        body = answer(
            script.redeem(query(response)["code"], client_secret=None, code_verifier=VERIFIER)
        )

        assert works(body["access_token"])

    @pytest.mark.parametrize("verifier", [None, "", "w" * 43, s256(), "v" * 42, "ü" * 43])
    def test_a_wrong_verifier_gets_nothing_and_spoils_nothing(
        self, script: Server, public_code: str, verifier: str | None
    ):
        before = stored()

        response = script.redeem(public_code, client_secret=None, code_verifier=verifier)

        assert refused(response) == (400, "oauth_exception", "invalid_grant")
        assert stored() == before
        assert script.redeem(public_code, code_verifier=VERIFIER).status_code == 200

    def test_a_client_with_a_secret_needs_both(self, browser: Browser, server: Server):
        response = browser.allow(
            response_type="code", code_challenge=s256(), code_challenge_method="S256"
        )
        code = query(response)["code"]

        assert refused(server.redeem(code))[2] == "invalid_grant"
        wrong = server.redeem(code, code_verifier=VERIFIER, client_secret="wrong")
        assert refused(wrong)[2] == "unauthorized_client"
        assert server.redeem(code, code_verifier=VERIFIER).status_code == 200


class TestRefreshing:
    def test_gives_another_access_token_and_keeps_the_former(
        self, server: Server, pair: dict[str, Any]
    ):
        renewed = answer(server.refresh(pair["refresh_token"]))

        assert renewed["access_token"] != pair["access_token"]
        assert set(renewed) == set(pair)
        assert works(renewed["access_token"])
        assert works(pair["access_token"])

    def test_a_client_with_a_secret_keeps_its_refresh_token(
        self, server: Server, pair: dict[str, Any]
    ):
        for _ in range(3):
            assert (
                answer(server.refresh(pair["refresh_token"]))["refresh_token"]
                == (pair["refresh_token"])
            )

        assert RefreshToken.objects.count() == 1

    def test_a_client_without_one_gets_another_each_time(
        self, script: Server, rotating: dict[str, Any]
    ):
        second = answer(script.refresh(rotating["refresh_token"], client_secret=None))
        third = answer(script.refresh(second["refresh_token"], client_secret=None))

        refresh_tokens = {one["refresh_token"] for one in (rotating, second, third)}
        assert len(refresh_tokens) == 3
        assert works(third["access_token"])

    def test_one_that_was_used_takes_the_whole_authorization_with_it(
        self, script: Server, rotating: dict[str, Any], told: Told
    ):
        second = answer(script.refresh(rotating["refresh_token"]))

        with told() as events:
            again = script.refresh(rotating["refresh_token"])

        assert refused(again) == (400, "oauth_exception", "invalid_grant")
        assert not works(rotating["access_token"])
        assert not works(second["access_token"])
        assert len([one for one in events if isinstance(one, SessionsEnded)]) == 2
        assert refused(script.refresh(second["refresh_token"]))[2] == "invalid_grant"

    def test_another_authorization_is_left_alone(
        self, script: Server, rotating: dict[str, Any], owner: Agent, public: Application
    ):
        other = make.access_token(owner, ["customers:ro"], public)
        answer(script.refresh(rotating["refresh_token"]))

        script.refresh(rotating["refresh_token"])

        assert works(other)

    @pytest.mark.parametrize(
        ("values", "refusal"),
        [
            ({"refresh_token": "unknown"}, (403, "oauth_exception", "unauthorized_client")),
            ({"refresh_token": None}, (400, "oauth_exception", "invalid_request")),
            ({"client_secret": "wrong"}, (403, "oauth_exception", "unauthorized_client")),
            ({"client_id": "unknown"}, (403, "oauth_exception", "unauthorized_client")),
        ],
    )
    def test_what_does_not_fit_is_refused_and_spoils_nothing(
        self,
        server: Server,
        pair: dict[str, Any],
        values: dict[str, Any],
        refusal: tuple[int, str, str],
    ):
        before = stored()

        response = server.refresh(**{"refresh_token": pair["refresh_token"], **values})

        assert refused(response) == refusal
        assert stored() == before
        assert works(pair["access_token"])

    def test_with_an_access_token_gives_nothing(self, server: Server, pair: dict[str, Any]):
        assert refused(server.refresh(pair["access_token"]))[2] == "unauthorized_client"

    def test_by_another_client_gives_nothing(self, pair: dict[str, Any], script: Server):
        response = script.refresh(pair["refresh_token"])

        assert refused(response) == (401, "oauth_exception", "invalid_client")
        assert works(pair["access_token"])

    def test_follows_the_role_down_and_up_again(
        self, server: Server, pair: dict[str, Any], owner: Agent
    ):
        Agent.objects.filter(pk=owner.pk).update(role=AgentRole.NORMAL)
        less = answer(server.refresh(pair["refresh_token"]))
        Agent.objects.filter(pk=owner.pk).update(role=AgentRole.OWNER)
        again = answer(server.refresh(pair["refresh_token"]))

        assert less["scope"] == "agents--my:ro,chats--access:rw,customers:ro"
        assert again["scope"] == pair["scope"]

    def test_follows_what_the_application_may_ask_for(self, server: Server, pair: dict[str, Any]):
        Application.objects.filter(pk=server.application.pk).update(scopes=["customers:rw"])

        assert answer(server.refresh(pair["refresh_token"]))["scope"] == "customers:ro"

    @pytest.mark.parametrize("fault", ["suspended", "awaiting_approval"])
    def test_somebody_who_may_not_work_gets_nothing(
        self, server: Server, pair: dict[str, Any], owner: Agent, fault: str
    ):
        Agent.objects.filter(pk=owner.pk).update(**{fault: True})
        before = stored()

        assert refused(server.refresh(pair["refresh_token"])) == (
            403,
            "identity_exception",
            "access_denied",
        )
        assert stored() == before

    def test_somebody_who_was_deleted_gets_nothing(
        self, server: Server, acme: Organization, application: Application, member: Agent
    ):
        browser = Browser(application).sign_in(member)
        code = query(browser.allow(response_type="code"))["code"]
        theirs = answer(server.redeem(code))
        agents.delete_agent(acme.pk, member.public_id)

        assert refused(server.refresh(theirs["refresh_token"])) == (
            403,
            "oauth_exception",
            "unauthorized_client",
        )
        assert not works(theirs["access_token"])

    def test_an_application_that_was_removed_gets_nothing(
        self, server: Server, pair: dict[str, Any], acme: Organization
    ):
        installations.remove(acme, server.application)

        assert refused(server.refresh(pair["refresh_token"]))[2] in (
            "unauthorized_client",
            "invalid_grant",
        )
        assert AccessToken.objects.count() <= 1


class TestRevoking:
    @pytest.mark.parametrize("which", ["access_token", "refresh_token"])
    def test_ends_the_pair_and_its_live_sessions(
        self, server: Server, pair: dict[str, Any], which: str, told: Told
    ):
        with told() as events:
            response = server.revoke(pair[which])

        assert answer(response) == {}
        assert not works(pair["access_token"])
        assert refused(server.refresh(pair["refresh_token"]))[2] == "invalid_grant"
        assert [
            (one.reason, one.token_checksum) for one in events if isinstance(one, SessionsEnded)
        ] == [("access_token_revoked", tokens.checksum(pair["access_token"]))]

    def test_takes_the_token_from_the_query_too(self, server: Server, pair: dict[str, Any]):
        response = server.client.delete(f"/v2/token?code=dal:{pair['access_token']}")

        assert answer(response) == {}
        assert not works(pair["access_token"])

    def test_what_is_no_token_is_refused(self, server: Server, pair: dict[str, Any]):
        for response in (server.revoke("unknown"), server.client.delete("/v2/token")):
            assert refused(response) == (401, "identity_exception", "unauthorized")
        assert works(pair["access_token"])


class TestInfo:
    def test_says_whose_token_it_is(
        self, server: Server, pair: dict[str, Any], owner: Agent, acme: Organization
    ):
        body = answer(server.info(pair["access_token"]))

        assert 28_790 <= body.pop("expires_in") <= 28_800
        assert body == {
            "access_token": pair["access_token"],
            "account_id": str(owner.account_id),
            "client_id": server.application.client_id,
            "organization_id": str(acme.pk),
            "scope": "agents--my:ro,chats--all:rw,customers:ro",
            "token_type": "Bearer",
        }

    def test_knows_no_others(self, server: Server, pair: dict[str, Any]):
        for token in ("unknown", pair["refresh_token"]):
            assert refused(server.info(token)) == (401, "identity_exception", "unauthorized")

    def test_tells_nothing_of_somebody_who_may_not_work(
        self, server: Server, pair: dict[str, Any], owner: Agent
    ):
        Agent.objects.filter(pk=owner.pk).update(suspended=True)

        assert refused(server.info(pair["access_token"]))[1:] == (
            "identity_exception",
            "access_denied",
        )


class TestTwentyFive:
    def test_refresh_tokens_live_and_the_oldest_goes_with_no_access_token(
        self, owner: Agent, application: Application, told: Told
    ):
        pairs = [make.token_pair(owner, ["customers:ro"], application) for _ in range(25)]

        with told() as events:
            make.token_pair(owner, ["customers:ro"], application)

        living = RefreshToken.objects.filter(revoked=None)
        assert living.count() == AccessToken.objects.count() == 25
        assert not living.filter(token_checksum=tokens.checksum(pairs[0][1])).exists()
        assert living.filter(token_checksum=tokens.checksum(pairs[1][1])).exists()
        assert [
            (one.reason, one.token_checksum) for one in events if isinstance(one, SessionsEnded)
        ] == [("access_token_revoked", tokens.checksum(pairs[0][0]))]

    def test_one_that_takes_anothers_place_drives_nobody_out(
        self, owner: Agent, public: Application, script: Server
    ):
        pairs = [make.token_pair(owner, ["customers:ro"], public) for _ in range(25)]

        answer(script.refresh(pairs[24][1]))

        living = RefreshToken.objects.filter(revoked=None)
        assert living.count() == 25
        assert living.filter(token_checksum=tokens.checksum(pairs[0][1])).exists()

    def test_access_tokens_of_one_refresh_token_come_and_go_and_it_stays(
        self, server: Server, pair: dict[str, Any]
    ):
        for _ in range(26):
            newest = answer(server.refresh(pair["refresh_token"]))

        assert AccessToken.objects.count() == 25
        assert not works(pair["access_token"])
        assert works(newest["access_token"])
        assert server.refresh(pair["refresh_token"]).status_code == 200


class TestBadInput:
    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (b"", TYPE),
            (b"\xff\xfe=1", TYPE),
            (b"grant_type=code&grant_type=code", TYPE),
            (b"&".join(b"f%d=1" % number for number in range(60)), TYPE),
            (b"{", "application/json"),
            (b"[]", "application/json"),
            (b'{"grant_type": 1}', "application/json"),
            (b'{"grant_type": "code", "code": {"a": 1}}', "application/json"),
            (b'{"grant_type": "refresh_token", "refresh_token": "\\ud800"}', "application/json"),
            (b"[" * 30_000, "application/json"),
        ],
    )
    def test_is_refused_as_such(self, server: Server, body: bytes, content_type: str):
        response = server.client.post("/v2/token", body, content_type=content_type)

        status, kind, _ = refused(response)
        assert (status in (400, 403), kind) == (True, "oauth_exception")

    def test_too_large_a_body_is_not_read(self, server: Server):
        response = server.client.post("/v2/token", b"a=" + b"x" * 65_536, content_type=TYPE)

        assert refused(response) == (413, "oauth_exception", "invalid_request")

    def test_values_no_database_can_hold_are_refused(self, server: Server):
        for value in (
            "nul\0",
            "x" * 20_000,
            "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
        ):
            assert refused(server.redeem(value, client_id=value))[2] == "unauthorized_client"
            assert refused(server.redeem(value))[2] == "unauthorized_client"
            assert refused(server.refresh(value))[2] == "unauthorized_client"

    @pytest.mark.parametrize("path", ["/v2/token", "/v2/info"])
    def test_other_methods_are_named(self, server: Server, path: str):
        response = server.client.put(path)

        assert refused(response) == (405, "oauth_exception", "invalid_request")
        assert response["Allow"]

    @pytest.mark.parametrize("path", ["/v2/token", "/v2/info"])
    def test_pages_of_any_origin_may_ask_beforehand(self, server: Server, path: str):
        response = server.client.options(path, headers={"Origin": "https://shop.example"})

        assert response.status_code == 204
        assert response["Access-Control-Allow-Origin"] == "*"
        assert "Authorization" in response["Access-Control-Allow-Headers"]
        assert "Access-Control-Allow-Credentials" not in response


def test_an_address_that_fails_too_often_has_to_wait(server: Server, code: str, settings: Any):
    settings.ADDRESS_LIMIT_BURST = 2
    settings.ADDRESS_LIMIT_PER_SECOND = 0.001

    for _ in range(2):
        assert refused(server.redeem("unknown"))[2] == "unauthorized_client"
    late = server.redeem("unknown")

    assert refused(late) == (429, "oauth_exception", "temporarily_unavailable")
    assert int(late["Retry-After"]) >= 1


def test_an_address_that_has_to_wait_is_refused_before_anything_is_looked_at(
    server: Server, code: str, settings: Any
):
    settings.ADDRESS_LIMIT_BURST = 1
    settings.ADDRESS_LIMIT_PER_SECOND = 0.001
    for _ in range(2):
        server.redeem("unknown", client_secret="wrong")

    waiting = server.redeem(code)

    assert refused(waiting) == (429, "oauth_exception", "temporarily_unavailable")
    server.client.defaults["REMOTE_ADDR"] = "198.51.100.1"
    assert server.redeem(code).status_code == 200


def test_what_is_over_is_forgotten_in_time(script: Server, rotating: dict[str, Any]):
    script.refresh(rotating["refresh_token"])
    assert (Grant.objects.count(), RefreshToken.objects.count()) == (1, 2)

    with time_machine.travel(clock.now() + timedelta(days=1)):
        tokens.forget_expired()
        assert (Grant.objects.count(), RefreshToken.objects.count()) == (0, 2)
    with time_machine.travel(clock.now() + timedelta(days=31)):
        tokens.forget_expired()
        assert RefreshToken.objects.count() == 1
