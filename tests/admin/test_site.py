"""The admin's frame: who gets in, what its menu says, and whose organisation is looked at."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from chatplatform.admin.site import POLICY
from chatplatform.models import Group, Organization, Tag
from tests import make
from tests.admin.conftest import Visitor
from tests.html_forms import form_of

CHOOSE = "organization/choose/"
KEEPERS = ["owner", "viceowner", "administrator"]


def menu(visitor: Visitor, path: str = "") -> list[str]:
    """Return what the menu offers, by title."""
    groups = visitor.get(path).context["sidebar_navigation"]
    return [str(item["title"]) for group in groups for item in group["items"]]


def columns(visitor: Visitor) -> list[str]:
    """Return the columns of the list of tags."""
    shown = visitor.get("chatplatform/tag/").context["cl"].list_display
    return [name for name in shown if name != "action_checkbox"]


class TestTheDoor:
    @pytest.mark.parametrize("role", KEEPERS)
    def test_those_who_keep_an_organisation_get_in(
        self, role: str, acme: Organization, visitor: Callable[..., Visitor]
    ):
        assert visitor(acme, role).get("").status_code == 200

    def test_others_are_told_that_they_may_not(
        self, acme: Organization, visitor: Callable[..., Visitor]
    ):
        response = visitor(acme, "normal").get("company/")

        assert response.status_code == 302
        assert response.url.startswith("/admin/login/")
        assert visitor(acme, "normal").get("login/").status_code == 403
        assert visitor(acme).get("login/").url == "/admin/"

    def test_strangers_sign_in_and_come_back_to_where_they_wanted(self, client: object):
        response = client.get("/admin/login/", {"next": "/admin/company/?a=1&b=2"})  # type: ignore[attr-defined]

        assert response.url == "/signin?next=%2Fadmin%2Fcompany%2F%3Fa%3D1%26b%3D2"

    def test_what_the_admin_may_load_is_said_on_every_page(self, owner: Visitor):
        for path in ("", "company/", "chatplatform/tag/"):
            header = owner.get(path).headers["content-security-policy"]

            assert set(header.split("; ")) == {
                f"{name} {' '.join(values)}" for name, values in POLICY.items()
            }

    def test_no_page_asks_a_foreign_host(self, owner: Visitor):
        html = owner.get("").content.decode()

        assert 'src="http' not in html
        assert 'href="http' not in html


class TestTheMenu:
    def test_it_offers_what_may_be_opened(self, owner: Visitor):
        offered = menu(owner)

        assert offered[0] == "Overview"
        assert {"Tags", "Webhooks", "Webhook deliveries", "Audit log", "Organisation"} <= {*offered}
        assert "Organisations" not in offered

    def test_the_open_page_is_marked(self, owner: Visitor):
        groups = owner.get("company/").context["sidebar_navigation"]

        marked = [
            str(item["title"]) for group in groups for item in group["items"] if item["active"]
        ]
        assert marked == ["Organisation"]

    def test_a_superuser_is_offered_organisations(self, superuser: Visitor):
        assert "Organisations" in menu(superuser)

    def test_nothing_is_searched_on_the_server(self, owner: Visitor):
        """What would be found for one could be kept for another."""
        assert owner.get("search/", s="tag").status_code == 404

    def test_passwords_are_not_changed_here(self, owner: Visitor):
        assert owner.get("password_change/").status_code == 404

    def test_how_the_code_is_divided_has_no_page(self, owner: Visitor):
        response = owner.get("chatplatform/")

        assert (response.status_code, response.url) == (302, "/admin/")


class TestWhereASuperuserWorks:
    def test_they_see_all_until_they_choose(self, superuser: Visitor, acme: Organization):
        page = superuser.get("")

        assert page.templates[0].name == "admin/choose.html"
        assert b"Acme" in page.content

    def test_they_choose_and_see_one(self, superuser: Visitor, acme: Organization):
        globex = make.organization("Globex")
        make.tag(acme, "ours")
        make.tag(globex, "theirs")

        response = superuser.post(CHOOSE, organization=acme.pk, next="/admin/chatplatform/tag/")

        assert (response.status_code, response.url) == (302, "/admin/chatplatform/tag/")
        listed = superuser.get("chatplatform/tag/")
        assert listed.context["looked_at"] == acme
        assert b"ours" in listed.content
        assert b"theirs" not in listed.content

    def test_they_go_back_to_all(self, superuser: Visitor, acme: Organization):
        superuser.post(CHOOSE, organization=acme.pk)

        superuser.post(CHOOSE, organization="")

        assert superuser.get("").context["looked_at"] is None

    @pytest.mark.parametrize("wanted", ["nonsense", "00000000-0000-4000-8000-000000000000"])
    def test_what_is_no_organisation_is_not_chosen(
        self, wanted: str, superuser: Visitor, acme: Organization
    ):
        superuser.post(CHOOSE, organization=acme.pk)

        assert superuser.post(CHOOSE, organization=wanted).status_code == 404
        assert superuser.get("").context["looked_at"] == acme

    @pytest.mark.parametrize(
        "wanted",
        ["https://evil.example/admin/", "//evil.example/admin/", "/workspace/", "", "javascript:1"],
    )
    def test_choosing_leads_nowhere_else(self, wanted: str, superuser: Visitor, acme: Organization):
        assert superuser.post(CHOOSE, organization=acme.pk, next=wanted).url == "/admin/"

    def test_a_page_about_one_object_is_left_when_choosing(
        self, superuser: Visitor, acme: Organization
    ):
        tag = make.tag(acme, "refund")

        response = superuser.post(
            CHOOSE,
            organization=make.organization("Globex").pk,
            next=f"/admin/chatplatform/tag/{tag.pk}/change/",
        )

        assert response.url == "/admin/"

    @pytest.mark.parametrize("role", KEEPERS)
    def test_nobody_else_chooses(
        self, role: str, acme: Organization, visitor: Callable[..., Visitor]
    ):
        globex = make.organization("Globex")
        someone = visitor(acme, role)

        assert someone.post(CHOOSE, organization=globex.pk).status_code == 404
        assert someone.get("").context["looked_at"] == acme

    def test_looking_does_not_choose(self, superuser: Visitor, acme: Organization):
        assert superuser.get(CHOOSE, organization=acme.pk).status_code == 404
        assert superuser.get("").context["looked_at"] is None

    def test_an_organisation_that_is_gone_is_not_worked_in(
        self, superuser: Visitor, acme: Organization
    ):
        superuser.post(CHOOSE, organization=acme.pk)
        acme.delete()

        assert superuser.get("").context["looked_at"] is None

    def test_lists_of_all_say_whose_each_row_is(self, superuser: Visitor, acme: Organization):
        make.tag(acme, "refund")

        assert "Acme" in superuser.get("chatplatform/tag/").rendered_content.split("result_list")[1]
        superuser.post(CHOOSE, organization=acme.pk)
        assert (
            "Acme"
            not in superuser.get("chatplatform/tag/").rendered_content.split("result_list")[1]
        )

    def test_adding_needs_a_choice_and_says_so(self, superuser: Visitor, acme: Organization):
        response = superuser.client.get("/admin/chatplatform/tag/add/", follow=True)

        assert response.redirect_chain == [("/admin/", 302)]
        assert "Choose an organisation first" in response.content.decode()


class TestTwoTabs:
    """What one tab shows is not written where another tab went meanwhile."""

    @pytest.fixture
    def globex(self, acme: Organization) -> Organization:
        """Another organisation."""
        return make.organization("Globex")

    def works_in(self, superuser: Visitor, organization: Organization | None) -> None:
        superuser.post(CHOOSE, organization=organization.pk if organization else "")

    def typed(self, superuser: Visitor, path: str, **values: str) -> dict[str, Any]:
        """Return what the form of a page sends, with ``values`` typed into it."""
        return {**form_of(superuser.get(path)), **values}

    def test_a_page_of_settings_is_refused(
        self, superuser: Visitor, acme: Organization, globex: Organization
    ):
        self.works_in(superuser, acme)
        sent = self.typed(superuser, "company/", company="Acme Ltd")
        self.works_in(superuser, globex)

        response = superuser.post("company/", **sent)

        assert response.status_code == 409
        assert "You work in Globex now" in response.text
        for one in (acme, globex):
            one.refresh_from_db()
            assert one.company_details.get("company") is None

    def test_what_was_typed_is_saved_once_one_goes_back(
        self, superuser: Visitor, acme: Organization, globex: Organization
    ):
        self.works_in(superuser, acme)
        sent = self.typed(superuser, "company/", company="Acme Ltd", city='"Wrocław" & <more>')
        self.works_in(superuser, globex)
        refused = superuser.post("company/", **sent)

        response = superuser.post("company/", **form_of(refused), go_back="yes")

        assert response.status_code == 302
        assert superuser.get("").context["looked_at"] == acme
        for one in (acme, globex):
            one.refresh_from_db()
        assert acme.company_details["city"] == '"Wrocław" & <more>'
        assert globex.company_details.get("city") is None

    def test_nothing_is_added_elsewhere(
        self, superuser: Visitor, acme: Organization, globex: Organization
    ):
        self.works_in(superuser, acme)
        sent = self.typed(superuser, "chatplatform/tag/add/", name="refund")
        self.works_in(superuser, globex)

        assert superuser.post("chatplatform/tag/add/", **sent).status_code == 409
        assert not Tag.objects.exists()

    def test_the_group_of_another_with_the_same_number_is_left_alone(
        self, superuser: Visitor, acme: Organization, globex: Organization
    ):
        page = "chats/routing/group/?group=0"
        self.works_in(superuser, acme)
        sent = self.typed(superuser, page, queue_routing_priority="7")
        self.works_in(superuser, globex)

        assert superuser.post(page, **sent).status_code == 409
        assert {**Group.objects.get(organization=globex, number=0).properties} == {}

    def test_what_was_ticked_in_a_list_of_all_is_not_done_in_one(
        self, superuser: Visitor, acme: Organization, globex: Organization
    ):
        tag = make.tag(globex, "refund")
        sent = self.typed(superuser, "chatplatform/tag/", action="delete_selected", post="yes")
        self.works_in(superuser, globex)

        response = superuser.post("chatplatform/tag/", **sent, _selected_action=[str(tag.pk)])

        assert response.status_code == 409
        assert Tag.objects.filter(pk=tag.pk).exists()

    @pytest.mark.parametrize("page", ["suspend/", "delete/"])
    def test_pages_that_ask_say_where_they_asked(
        self, page: str, superuser: Visitor, acme: Organization, globex: Organization
    ):
        agent = make.agent(acme)
        path = f"chatplatform/agent/{agent.pk}/{page}"
        self.works_in(superuser, acme)
        sent = self.typed(superuser, path)
        self.works_in(superuser, globex)

        assert superuser.post(path, **sent).status_code == 409
        agent.refresh_from_db()
        assert not agent.suspended

    def test_going_back_is_for_superusers_alone(
        self, owner: Visitor, acme: Organization, globex: Organization
    ):
        sent = {"name": acme.name, "company": "Acme Ltd"}
        response = owner.post("company/", **sent, working_in=str(globex.pk), go_back="yes")

        assert response.status_code == 302
        for one in (acme, globex):
            one.refresh_from_db()
        assert (acme.company_details.get("company"), globex.company_details.get("company")) == (
            "Acme Ltd",
            None,
        )

    def test_people_of_one_organisation_send_nothing_of_it(self, owner: Visitor):
        assert "working_in" not in form_of(owner.get("company/"))

    def test_where_one_was_may_be_no_more(
        self, superuser: Visitor, acme: Organization, globex: Organization
    ):
        self.works_in(superuser, globex)
        sent = self.typed(superuser, "chatplatform/tag/add/", name="refund")
        self.works_in(superuser, acme)
        globex.delete()

        response = superuser.post("chatplatform/tag/add/", **sent, go_back="yes")

        assert response.status_code == 409
        assert "go_back" not in response.text
        assert not Tag.objects.exists()

    def test_the_numbers_of_another_are_not_put_under_ones_name(
        self, superuser: Visitor, acme: Organization, globex: Organization
    ):
        self.works_in(superuser, acme)
        (part,) = re.findall(r'data-live="/admin/([^"]+)"', superuser.get("").text)
        assert superuser.get(unescape(part)).status_code == 200
        self.works_in(superuser, globex)

        assert superuser.get(unescape(part)).status_code == 409


class TestTheClock:
    def test_times_are_those_of_the_browser(self, owner: Visitor):
        owner.client.cookies["admin-zone"] = "Asia/Kolkata"

        assert owner.get("").context["zone"] == "Asia/Kolkata"

    @pytest.mark.parametrize("said", ["", "Mars/Olympus", "../../etc/passwd"])
    def test_a_zone_that_is_none_is_not_believed(self, said: str, owner: Visitor):
        owner.client.cookies["admin-zone"] = said

        assert owner.get("").context["zone"] == "UTC"


class TestHistory:
    def test_one_is_led_to_it_from_the_object_and_from_no_other_page(
        self, owner: Visitor, acme: Organization
    ):
        tag = make.tag(acme, "refund")

        assert f"/tag/{tag.pk}/history/" in owner.get(f"chatplatform/tag/{tag.pk}/change/").text
        assert "more_horiz" not in owner.get("company/").text

    def test_it_leads_to_what_the_log_says_of_the_object(self, owner: Visitor, acme: Organization):
        tag = make.tag(acme, "refund & more")

        response = owner.get(f"chatplatform/tag/{tag.pk}/history/")

        assert response.url == (
            "/admin/chatplatform/auditentry/?subject_type=tag&subject_id=refund+%26+more"
        )

    def test_it_names_objects_as_the_log_does(self, owner: Visitor, acme: Organization):
        group = make.group(acme)
        make.tag(acme, "refund")
        owner.agent.refresh_from_db()
        pages = {
            f"chatplatform/group/{group.pk}": ("group", str(group.number)),
            f"chatplatform/agent/{owner.agent.pk}": ("agent", owner.agent.public_id),
        }

        for page, (kind, name) in pages.items():
            response = owner.client.get(f"/admin/{page}/history/", follow=True)
            (found,) = response.context["cl"].result_list
            assert (found.subject_type, found.subject_id) == (kind, name)

    def test_others_objects_have_none(self, owner: Visitor, db: None):
        tag = make.tag(make.organization("Globex"), "refund")

        assert owner.get(f"chatplatform/tag/{tag.pk}/history/").status_code == 404
