"""What a group's widget says, in the admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatplatform.models import Group, Organization, Translation, WelcomeMessage
from chatplatform.services import welcomes
from chatplatform.services.translations import MAX_LANGUAGES
from tests import make
from tests.admin.conftest import Visitor, errors
from tests.conftest import Told
from tests.html_forms import form_of

TITLE = "Welcome_title"


def test_own_words_are_kept_for_the_group_and_language_that_are_shown(
    owner: Visitor, acme: Organization, sales: Group
):
    path = f"words/?group={sales.number}&language=de"
    welcome = owner.get(path).context["form"]["welcome"].value()

    response = owner.post(path, welcome=welcome, **{TITLE: "Was gibt's?"})

    assert response.status_code == 302
    assert response["Location"] == f"/admin/{path}"
    own = Translation.objects.get(group=sales)
    assert (own.language, own.phrases) == ("de", {TITLE: "Was gibt's?"})
    assert not WelcomeMessage.objects.exists()


def test_an_emptied_field_says_what_the_platform_says(owner: Visitor, acme: Organization):
    group = Group.objects.get(organization=acme)
    Translation.objects.create(group=group, language="en", phrases={TITLE: "Yes?"})

    owner.post("words/", welcome="Hello. How can we help you?", **{TITLE: ""})

    assert Translation.objects.get(group=group).phrases == {}


def test_a_welcome_that_is_not_touched_goes_on_following_the_title(
    owner: Visitor, acme: Organization
):
    group = Group.objects.get(organization=acme)
    Translation.objects.create(group=group, language="en", phrases={TITLE: "Yes?\nPlease"})

    owner.post("words/", **{**form_of(owner.get("words/")), TITLE: "Ahoy!"})

    assert Translation.objects.get(group=group).phrases == {TITLE: "Ahoy!"}
    assert not WelcomeMessage.objects.exists()


def test_a_variant_shows_what_it_takes_over_and_keeps_only_what_is_its_own(
    owner: Visitor, acme: Organization
):
    group = Group.objects.get(organization=acme)
    Translation.objects.create(group=group, language="pt", phrases={TITLE: "Diga", "Client": "Tu"})
    path = "words/?language=pt-br"
    page = owner.get(path)

    owner.post(path, **{**form_of(page), "Client": "Você"})

    assert page.context["form"].fields[TITLE].widget.attrs["placeholder"] == "Diga"
    assert Translation.objects.get(group=group, language="pt-br").phrases == {"Client": "Você"}


def test_a_welcome_of_ones_own_is_kept(owner: Visitor, acme: Organization):
    owner.post("words/", welcome="Ahoy!")

    assert WelcomeMessage.objects.get(group__organization=acme).text == "Ahoy!"


def test_what_is_too_long_is_refused_and_nothing_kept(owner: Visitor, acme: Organization):
    response = owner.post("words/", welcome="x" * 4097, **{TITLE: "Yes?"})

    assert list(errors(response)) == ["welcome"]
    assert not WelcomeMessage.objects.exists()
    assert not Translation.objects.exists()


class TestRefusals:
    """Of a form that is refused nothing is kept: neither its words nor the welcome beside them."""

    @pytest.fixture
    def general(self, acme: Organization) -> Group:
        """General, which welcomes visitors in words of its own."""
        found = Group.objects.get(organization=acme)
        WelcomeMessage.objects.create(group=found, text="Ahoy!")
        return found

    @pytest.fixture
    def welcomed(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Each welcome somebody tried to set."""
        tried: list[str] = []
        keep = welcomes.set_welcome_message

        def set_welcome_message(organization: Organization, number: int, text: str) -> None:
            tried.append(text)
            keep(organization, number, text)

        monkeypatch.setattr(welcomes, "set_welcome_message", set_welcome_message)
        return tried

    def test_one_language_too_many_changes_no_welcome(
        self,
        owner: Visitor,
        acme: Organization,
        general: Group,
        welcomed: list[str],
        logged: Callable[[Organization], list[dict[str, Any]]],
        told: Told,
    ):
        Translation.objects.bulk_create(
            Translation(group=general, language=f"x{number}") for number in range(MAX_LANGUAGES)
        )
        known = logged(acme)

        with told() as events:
            response = owner.post("words/?language=de", welcome="Welcome!", **{TITLE: "Ja?"})

        assert errors(response) == {"__all__": [f"A group can have {MAX_LANGUAGES} languages"]}
        assert welcomed == []
        assert WelcomeMessage.objects.get().text == "Ahoy!"
        assert not Translation.objects.filter(language="de").exists()
        assert (events, logged(acme)) == ([], known)


def test_another_organisations_group_is_not_reached(owner: Visitor, acme: Organization):
    theirs = make.organization("Globex")
    foreign = [make.group(theirs, f"Group {number}") for number in range(3)][-1]

    owner.post(f"words/?group={foreign.number}", welcome="Ours", **{TITLE: "Ours"})

    assert not Translation.objects.filter(group=foreign).exists()
    assert Translation.objects.get().group.organization == acme


def test_an_empty_title_says_what_the_widgets_look_says(owner: Visitor, acme: Organization):
    acme.widget = {"greeting": "Ask us about bicycles"}
    acme.save()

    title = owner.get("words/").context["form"][TITLE]

    assert title.field.widget.attrs["placeholder"] == "Ask us about bicycles"
    assert 'href="/admin/website/widget/"' in str(title.help_text)
