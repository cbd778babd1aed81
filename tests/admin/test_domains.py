"""Allowed domains in the admin: the API's own rules, in plain words."""

from __future__ import annotations

from chatplatform.models import AllowedDomain, Organization
from chatplatform.services import domains
from tests import make
from tests.admin.conftest import Visitor, errors

LIST = "chatplatform/alloweddomain/"
ADD = f"{LIST}add/"


class TestAllowing:
    def test_a_domain_is_kept_as_browsers_name_it(self, owner: Visitor, acme: Organization):
        response = owner.post(ADD, domain="https://Shop.Example/cart", agreed="the only website")

        assert response.status_code == 302
        assert AllowedDomain.objects.get(organization=acme).domain == "shop.example"

    def test_the_first_is_asked_about(self, owner: Visitor):
        asked = owner.post(ADD, domain="shop.example")

        assert asked.context["question"].consequences[0] == (
            "It is the first domain you name: the chat disappears from every website but this one "
            "and its subdomains."
        )
        assert asked.context["typed"] == [("domain", "shop.example")]
        assert not AllowedDomain.objects.exists()

    def test_another_is_not_asked_about(self, owner: Visitor, acme: Organization):
        domains.allow_domain(acme, "shop.example")

        owner.post(ADD, domain="blog.example")

        assert AllowedDomain.objects.filter(domain="blog.example").exists()

    def test_what_is_no_domain_is_refused(self, owner: Visitor):
        response = owner.post(ADD, domain="no domain")

        assert errors(response) == {
            "__all__": ["a domain is a host name of at most 255 characters"]
        }
        assert not AllowedDomain.objects.exists()

    def test_one_that_is_there_is_refused(self, owner: Visitor, acme: Organization):
        domains.allow_domain(acme, "shop.example")

        response = owner.post(ADD, domain="shop.example")

        assert errors(response) == {"__all__": ["The domain is allowed already"]}
        assert AllowedDomain.objects.count() == 1


class TestTheList:
    def test_it_says_what_the_chat_does_elsewhere(self, owner: Visitor, acme: Organization):
        assert b"You have named no domain" in owner.get(LIST).content

        domains.allow_domain(acme, "shop.example")

        assert b"Only pages of these domains" in owner.get(LIST).content


class TestTakingAway:
    def test_the_only_one_opens_the_chat_to_all(self, owner: Visitor, acme: Organization):
        row = domains.allow_domain(acme, "shop.example")
        path = f"{LIST}{row.pk}/delete/"

        asked = owner.get(path)
        response = owner.post(path, post="yes")

        assert b"pages of every website may show the chat" in asked.content
        assert response.url == "/admin/chatplatform/alloweddomain/"
        assert not AllowedDomain.objects.exists()

    def test_one_of_several_says_where_the_chat_ends(self, owner: Visitor, acme: Organization):
        row = domains.allow_domain(acme, "shop.example")
        domains.allow_domain(acme, "blog.example")

        asked = owner.get(f"{LIST}{row.pk}/delete/")

        assert b"Pages of shop.example do not show the chat any more." in asked.content


class TestOthers:
    def test_another_organisations_domains_are_not_there(self, owner: Visitor):
        foreign = domains.allow_domain(make.organization("Globex"), "globex.example")

        assert b"globex.example" not in owner.get(LIST).content
        assert owner.post(f"{LIST}{foreign.pk}/delete/", post="yes").status_code == 302
        owner.post(LIST, action="delete_selected", _selected_action=[foreign.pk], post="yes")
        assert AllowedDomain.objects.filter(pk=foreign.pk).exists()
