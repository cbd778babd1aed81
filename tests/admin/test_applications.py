"""Applications and personal access tokens in the admin: seen, revoked, never read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.models import AccessToken, Application, Organization, PersonalAccessToken
from chatplatform.services import installations, tokens
from tests import make
from tests.admin.conftest import Visitor
from tests.conftest import Told

APPLICATIONS = "chatplatform/application/"
TOKENS = "chatplatform/personalaccesstoken/"


class TestApplications:
    def test_all_are_listed_and_own_ones_lead_to_the_console(
        self, owner: Visitor, acme: Organization
    ):
        shop = make.application(acme)
        make.access_token(make.agent(acme), application=shop)
        installations.remove(acme, make.application(acme))

        response = owner.get(APPLICATIONS)

        page = response.content.decode()
        assert f'href="/console/applications/{shop.client_id}"' in page
        listed = {row.name: row for row in response.context["cl"].result_list}
        assert set(listed) == {"Agent workspace", "Integration", "Widget"}
        rows = list(response.context["cl"].result_list)
        found = [(row.purpose, row.installed, row.live_tokens) for row in rows]
        assert sorted(found) == [
            ("integration", False, 0),
            ("integration", True, 1),
            ("widget", True, 0),
            ("workspace", True, 0),
        ]

    def test_one_shows_whose_tokens_it_holds_and_no_secret(
        self, owner: Visitor, acme: Organization
    ):
        shop = make.application(acme)
        ann = make.agent(acme, email="ann@example.com")
        for _ in range(2):
            make.access_token(ann, application=shop)
        shop.refresh_from_db()

        page = owner.get(f"{APPLICATIONS}{shop.pk}/change/").content.decode()

        assert "ann@example.com: 2" in page
        assert shop.client_secret not in page

    def test_nothing_can_be_made_changed_or_deleted_here(self, owner: Visitor, acme: Organization):
        widget = Application.objects.get(organization=acme, purpose="widget")

        assert owner.get(f"{APPLICATIONS}add/").status_code == 403
        assert owner.post(f"{APPLICATIONS}{widget.pk}/delete/", post="yes").status_code == 403
        owner.post(f"{APPLICATIONS}{widget.pk}/change/", name="Mine")
        widget.refresh_from_db()
        assert widget.name == "Widget"

    def test_peoples_tokens_are_revoked_after_asking(
        self,
        owner: Visitor,
        acme: Organization,
        told: Told,
        logged: Callable[[Organization], list[dict[str, Any]]],
    ):
        shop = make.application(acme)
        make.access_token(make.agent(acme), application=shop)
        deed = f"{APPLICATIONS}{shop.pk}/revoke-tokens/"

        asked = owner.get(deed).content.decode()
        assert "1 token ends at once" in asked
        assert AccessToken.objects.count() == 1
        with told() as events:
            owner.post(deed)

        assert AccessToken.objects.count() == 0
        assert [type(event) for event in events] == [SessionsEnded]
        entry = logged(acme)[-1]
        assert (entry["action"], entry["door"]) == ("revoke_tokens", "admin")

    def test_others_are_not_there(self, owner: Visitor, db: None):
        foreign = make.application(make.organization("Globex"))
        make.access_token(make.agent(foreign.organization), application=foreign)

        assert foreign.client_id not in owner.get(APPLICATIONS).content.decode()
        owner.get(f"{APPLICATIONS}{foreign.pk}/change/")
        owner.post(f"{APPLICATIONS}{foreign.pk}/revoke-tokens/")
        assert AccessToken.objects.count() == 1


class TestPersonalAccessTokens:
    def test_they_are_listed_without_their_values(self, owner: Visitor, acme: Organization):
        token = make.pat(make.agent(acme, email="ann@example.com"), ["chats--my:ro"])
        row = PersonalAccessToken.objects.get()

        for path in (TOKENS, f"{TOKENS}{row.pk}/change/"):
            page = owner.get(path).content.decode()
            assert "ann@example.com" in page
            assert f"…{token[-4:]}" in page
            assert token not in page
            assert row.checksum not in page

    def test_a_colleagues_is_revoked(self, owner: Visitor, acme: Organization, told: Told):
        token = make.pat(make.agent(acme))
        row = PersonalAccessToken.objects.get()

        with told() as events:
            owner.post(f"{TOKENS}{row.pk}/delete/", post="yes")

        assert PersonalAccessToken.objects.count() == 0
        assert events == [
            SessionsEnded(
                organization_id=str(acme.pk),
                reason="access_token_revoked",
                token_checksum=tokens.checksum(token),
            )
        ]

    def test_none_is_made_or_changed_here(self, owner: Visitor, acme: Organization):
        make.pat(make.agent(acme))
        row = PersonalAccessToken.objects.get()

        assert owner.get(f"{TOKENS}add/").status_code == 403
        owner.post(f"{TOKENS}{row.pk}/change/", name="Mine")
        row.refresh_from_db()
        assert row.name == "Test"

    def test_others_are_not_there(self, owner: Visitor, db: None):
        make.pat(make.agent(make.organization("Globex"), email="gus@example.com"))
        row = PersonalAccessToken.objects.get()

        assert "gus@example.com" not in owner.get(TOKENS).content.decode()
        owner.post(f"{TOKENS}{row.pk}/delete/", post="yes")
        assert PersonalAccessToken.objects.count() == 1

    def test_normal_agents_do_not_get_in(self, acme: Organization, visitor: Callable[..., Visitor]):
        make.pat(make.agent(acme))
        row = PersonalAccessToken.objects.get()

        visitor(acme, "normal").post(f"{TOKENS}{row.pk}/delete/", post="yes")

        assert PersonalAccessToken.objects.count() == 1

    def test_those_of_people_above_are_seen_and_stay(
        self, owner: Visitor, acme: Organization, visitor: Callable[..., Visitor]
    ):
        make.pat(owner.agent)
        row = PersonalAccessToken.objects.get()
        administrator = visitor(acme, "administrator")

        page = administrator.get(f"{TOKENS}{row.pk}/change/")
        one = administrator.post(f"{TOKENS}{row.pk}/delete/", post="yes")
        several = administrator.post(
            TOKENS, follow=True, action="delete_selected", _selected_action=[row.pk], post="yes"
        )

        assert page.status_code == 200
        assert f"{TOKENS}{row.pk}/delete/" not in page.text
        assert one.status_code == 403
        assert "is not deleted: your role does not allow it." in several.text
        assert PersonalAccessToken.objects.filter(pk=row.pk).exists()
