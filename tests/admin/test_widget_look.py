"""How the widget looks: the service, its page, and what loader and panel make of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from chatplatform.errors import Validation
from chatplatform.models import Group, Organization, Translation, UploadedFile
from chatplatform.requester import AgentRequester
from chatplatform.selectors import people
from chatplatform.services import widget_look
from chatplatform.widget_look import (
    ACCENT,
    SURFACES,
    Look,
    checked,
    contrast,
    look_of,
    nearest,
    shades,
)
from tests import make
from tests.admin.conftest import Visitor, errors
from tests.conftest import Told

PAGE = "website/widget/"
RED = "#b3261e"


def requester(organization: Organization) -> AgentRequester:
    """The owner, asking."""
    agent = make.agent(organization, "owner")
    return people.requester_of(make.account(agent), None)


def filled(**changes: Any) -> dict[str, Any]:
    """Return what the form sends for a look: the defaults, and ``changes``."""
    values = {**Look().record(), **changes}
    del values["logo"]
    return {
        name: "on" if value is True else value
        for name, value in values.items()
        if value is not False
    }


def picture(width: int = 64, height: int = 64, kind: str = "PNG") -> bytes:
    """Return a picture."""
    buffer = BytesIO()
    Image.new("RGB", (width, height), "red").save(buffer, kind)
    return buffer.getvalue()


def upload(content: bytes, name: str = "logo.png", kind: str = "image/png") -> dict[str, Any]:
    """Return what the service is given for an upload."""
    return {"name": name, "claimed_type": kind, "size": len(content), "file": BytesIO(content)}


class TestColours:
    @pytest.mark.parametrize(
        "accent", ["#1660c4", "#ffd600", "#808080", "#777777", "#00ff88", "#000000", "#b3261e"]
    )
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_words_on_every_accent_can_be_read_and_the_accent_be_seen(
        self, accent: str, scheme: str
    ):
        found = shades(accent, scheme)

        assert contrast(found.accent, found.contrast) >= 4.5
        assert contrast(found.hover, found.contrast) >= 4.5
        assert contrast(found.accent, SURFACES[scheme]) >= 3
        assert contrast(found.soft, "#171c22" if scheme == "light" else "#eceff2") >= 7

    def test_black_on_white_is_the_highest_contrast(self):
        assert contrast("#000000", "#ffffff") == pytest.approx(21)
        assert contrast("#ffffff", "#ffffff") == 1

    def test_one_that_is_lost_is_refused_with_one_that_is_not(self):
        with pytest.raises(Validation) as refusal:
            checked({"accent": "#fffbe6"})

        better = re.findall("#[0-9a-f]{6}", str(refusal.value))[1]
        assert contrast(better, "#ffffff") >= 3
        assert checked({"accent": better}).accent == better

    def test_one_lost_on_white_is_good_for_a_dark_chat(self):
        assert checked({"accent": "#ffe066", "theme": "dark"}).accent == "#ffe066"


class TestChecking:
    @pytest.mark.parametrize(
        ("given", "about"),
        [
            ({"accent": "red"}, "`accent`"),
            ({"accent": "#12"}, "`accent`"),
            ({"accent": 7}, "`accent`"),
            ({"theme": "sepia"}, "`theme`"),
            ({"side": "top"}, "`side`"),
            ({"launcher": "square"}, "`launcher`"),
            ({"launcher": "bar"}, "`launcher_text`"),
            ({"launcher_text": "x" * 31}, "`launcher_text`"),
            ({"title": "x" * 61}, "`title`"),
            ({"greeting": "x" * 121}, "`greeting`"),
            ({"away": "x" * 401}, "`away`"),
            ({"offset_side": -1}, "`offset_side`"),
            ({"offset_bottom": 201}, "`offset_bottom`"),
            ({"offset_bottom": True}, "`offset_bottom`"),
            ({"language": "tlh"}, "`language`"),
            ({"sounds": "yes"}, "`sounds`"),
            ({"nonsense": 1}, "`nonsense`"),
        ],
    )
    def test_refuses(self, given: dict[str, Any], about: str):
        with pytest.raises(Validation) as refusal:
            checked(given)

        assert about in str(refusal.value)

    def test_a_preview_takes_what_can_be_so(self):
        look = nearest({"accent": "red", "launcher": "bar", "title": "Hi", "nonsense": 1})

        assert look == Look(title="Hi")
        assert look.accent == ACCENT


class TestStoring:
    def test_keeps_what_differs_and_writes_it_down(self, acme: Organization, logged: Any):
        asking = requester(acme)

        look = widget_look.update_look(asking, {"accent": RED.upper(), "title": "  Fern  hill "})

        acme.refresh_from_db()
        assert acme.widget == {"accent": RED, "title": "Fern hill"}
        assert look == look_of(acme.widget) == Look(accent=RED, title="Fern hill")
        entry = logged(acme)[-1]
        assert (entry["action"], entry["subject_type"]) == ("update_widget", "widget")
        assert entry["before"] == {"accent": ACCENT, "title": ""}
        assert entry["after"] == {"accent": RED, "title": "Fern hill"}

    def test_leaves_the_rest_and_forgets_what_is_as_the_platform_does(self, acme: Organization):
        asking = requester(acme)
        widget_look.update_look(asking, {"accent": RED, "sounds": False})

        widget_look.update_look(asking, {"accent": ACCENT})

        acme.refresh_from_db()
        assert acme.widget == {"sounds": False}

    def test_a_refused_look_changes_nothing(self, acme: Organization, logged: Any):
        asking = requester(acme)
        before = logged(acme)

        with pytest.raises(Validation):
            widget_look.update_look(asking, {"title": "Hi", "accent": "red"})
        with pytest.raises(Validation):
            widget_look.update_look(asking, {"logo": "abc"})

        acme.refresh_from_db()
        assert acme.widget == {}
        assert logged(acme) == before


class TestLogo:
    def test_is_shown_and_takes_the_place_of_the_former_one(
        self, acme: Organization, django_capture_on_commit_callbacks: Any
    ):
        asking = requester(acme)
        first = widget_look.set_logo(asking, **upload(picture()))

        with django_capture_on_commit_callbacks(execute=True):
            second = widget_look.set_logo(asking, **upload(picture(80, 80)))

        acme.refresh_from_db()
        row = UploadedFile.objects.get(organization=acme)
        assert row.token == second.logo != first.logo
        assert row.used
        assert widget_look.logo_url(acme, second) == f"/files/{second.logo}/logo.png"

    def test_is_taken_away(self, acme: Organization):
        asking = requester(acme)
        widget_look.set_logo(asking, **upload(picture()))

        look = widget_look.remove_logo(asking)

        assert look.logo == ""
        assert widget_look.logo_url(acme, look) == ""
        assert not UploadedFile.objects.exists()

    @pytest.mark.parametrize(
        "given",
        [
            upload(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "logo.svg", "image/svg+xml"),
            upload(picture(1025, 10)),
            upload(picture() + b"\0" * 512 * 1024),
            upload(b"MZ", "logo.exe", "image/png"),
        ],
        ids=["drawing", "too wide", "too many bytes", "program"],
    )
    def test_refuses_what_is_no_small_picture(self, acme: Organization, given: dict[str, Any]):
        asking = requester(acme)

        with pytest.raises(Validation):
            widget_look.set_logo(asking, **given)

        acme.refresh_from_db()
        assert acme.widget == {}
        assert not UploadedFile.objects.exists()


class TestPage:
    def test_stores_what_is_sent(self, owner: Visitor, acme: Organization, logged: Any):
        response = owner.post(
            PAGE, **filled(accent=RED, launcher="bar", launcher_text="Talk", sounds=False)
        )

        assert response.status_code == 302
        acme.refresh_from_db()
        assert acme.widget == {
            "accent": RED,
            "launcher": "bar",
            "launcher_text": "Talk",
            "sounds": False,
        }
        assert logged(acme)[-1]["door"] == "admin"
        assert logged(acme)[-1]["user_id"] == owner.agent.public_id  # type: ignore[union-attr]

    def test_stores_a_picture_and_takes_it_away(self, owner: Visitor, acme: Organization):
        sent = SimpleUploadedFile("logo.png", picture(), "image/png")

        owner.post(PAGE, **filled(), logo=sent)
        acme.refresh_from_db()
        token = acme.widget["logo"]
        shown = owner.get(PAGE).content.decode()
        owner.post(PAGE, **filled(), remove_logo="on")

        assert f"/files/{token}/logo.png" in shown
        acme.refresh_from_db()
        assert acme.widget == {}

    def test_says_beside_the_field_what_is_wrong(self, owner: Visitor, acme: Organization):
        response = owner.post(PAGE, **filled(accent="#ffffff"))

        assert list(errors(response)) == ["accent"]
        acme.refresh_from_db()
        assert acme.widget == {}

    def test_a_picture_that_is_refused_undoes_the_look_too(
        self, owner: Visitor, acme: Organization
    ):
        sent = SimpleUploadedFile("logo.svg", b"<svg/>", "image/svg+xml")

        response = owner.post(PAGE, **filled(title="New"), logo=sent)

        assert list(errors(response)) == ["logo"]
        acme.refresh_from_db()
        assert acme.widget == {}

    def test_another_organisation_keeps_its_own(self, owner: Visitor, acme: Organization):
        other = make.organization("Globex")
        widget_look.update_look(requester(other), {"title": "Globex helps"})

        assert b"Globex helps" not in owner.get(PAGE).content
        owner.post(PAGE, **filled(title="Acme"))

        other.refresh_from_db()
        assert other.widget == {"title": "Globex helps"}

    @pytest.mark.parametrize(
        ("role", "status"), [("viceowner", 200), ("administrator", 200), ("normal", 302)]
    )
    def test_is_for_keepers(
        self, role: str, status: int, acme: Organization, visitor: Callable[..., Visitor]
    ):
        assert visitor(acme, role).get(PAGE).status_code == status


def settings_of(script: str) -> dict[str, Any]:
    """Return what the server filled into the loader."""
    match = re.search(r"^const SETTINGS = (\{.*\});$", script, re.MULTILINE)
    assert match is not None
    found: dict[str, Any] = json.loads(match.group(1))
    return found


class TestLoader:
    def test_has_the_organisations_look_at_once(self, acme: Organization, client: Client):
        url = f"/widget.js?organization_id={acme.pk}"
        before = client.get(url)
        widget_look.update_look(
            requester(acme),
            {
                "accent": RED,
                "launcher": "bar",
                "launcher_text": "Talk",
                "side": "left",
                "theme": "dark",
                "hide_on_phones": True,
            },
        )

        response = client.get(url, headers={"if-none-match": before["ETag"]})

        assert response.status_code == 200
        assert response["Cache-Control"] == "no-cache"
        found = settings_of(response.content.decode())
        assert found["colors"]["accent"].startswith(f"light-dark({RED},")
        assert found["label"] == "Talk"
        assert found["texts"]["open"] == "Talk"
        assert found["texts"]["unread"] == "Talk. Unread messages: {count}"
        assert "left:20px" in found["css"]
        assert "color-scheme:dark!important" in found["css"]
        assert "display:none!important" in found["css"]

    def test_is_not_sent_again_while_nothing_changed(self, acme: Organization, client: Client):
        url = f"/widget.js?organization_id={acme.pk}"

        again = client.get(url, headers={"if-none-match": client.get(url)["ETag"]})

        assert again.status_code == 304

    def test_tells_whether_anybody_is_in_where_that_hides_it(
        self, acme: Organization, client: Client
    ):
        widget_look.update_look(requester(acme), {"hide_offline": True})

        found = settings_of(client.get(f"/widget.js?organization_id={acme.pk}").content.decode())

        assert (found["hides"], found["away"]) == (True, True)

    @pytest.mark.parametrize(
        "query",
        ["", "?organization_id=nobody", "?organization_id=6f2d7d5e-0000-4000-8000-000000000000"],
    )
    def test_has_the_platforms_look_for_nobody(self, query: str, client: Client, db: None):
        response = client.get(f"/widget.js{query}")

        assert settings_of(response.content.decode())["css"] == ""


class TestPanel:
    def open(self, client: Client, organization: Organization, **query: str) -> str:
        """Return the panel's document."""
        response = client.get("/widget/panel/", {"organization_id": organization.pk, **query})
        return response.content.decode()

    def test_says_and_shows_what_was_set(self, acme: Organization, client: Client):
        asking = requester(acme)
        widget_look.update_look(
            asking,
            {
                "title": "Fernhill",
                "greeting": "Ask away",
                "away": "Back at nine",
                "theme": "dark",
                "agent_photos": False,
                "prechat": False,
                "sounds": False,
                "accent": RED,
                "language": "de",
            },
        )
        look = widget_look.set_logo(asking, **upload(picture()))

        html = self.open(client, acme)

        for part in (
            'data-organization-name="Fernhill"',
            '"welcome": "Ask away"',
            '"welcome_offline": "Back at nine"',
            'data-theme="dark"',
            "data-faceless",
            "data-unasked",
            f"/files/{look.logo}/logo.png",
            f"accent={RED[1:]}",
            'lang="de"',
        ):
            assert part in html
        assert "data-sounds" not in html

    def test_follows_a_page_that_says_its_language(self, acme: Organization, client: Client):
        widget_look.update_look(requester(acme), {"language": "de"})

        assert 'lang="fr"' in self.open(client, acme, language="fr")

    def test_without_a_look_is_the_platforms_own(self, acme: Organization, client: Client):
        html = self.open(client, acme)

        assert 'data-organization-name="Acme"' in html
        assert "data-theme" not in html
        assert "data-faceless" not in html

    def test_the_accent_has_a_style_sheet_that_may_be_kept(self, client: Client):
        response = client.get("/widget/look.css?accent=b3261e")

        assert response["Content-Type"] == "text/css; charset=utf-8"
        assert "immutable" in response["Cache-Control"]
        assert f"--accent:light-dark({RED}," in response.content.decode()

    @pytest.mark.parametrize("accent", ["", "red", "b3261e;}", "B3261E"])
    def test_a_colour_that_is_none_has_none(self, accent: str, client: Client):
        assert client.get("/widget/look.css", {"accent": accent}).status_code == 404


class TestPreview:
    PATHS = ("/widget/preview/", "/widget/preview/loader.js", "/widget/preview/panel/")

    @pytest.mark.parametrize("path", PATHS)
    def test_is_for_people_of_the_admin(
        self,
        path: str,
        acme: Organization,
        client: Client,
        owner: Visitor,
        visitor: Callable[..., Visitor],
    ):
        assert client.get(path).status_code == 403
        assert visitor(acme, "normal").client.get(path).status_code == 403
        assert owner.client.get(path).status_code == 200

    def test_shows_what_is_typed_and_stores_nothing(
        self, owner: Visitor, acme: Organization, told: Told
    ):
        query = {
            "look": json.dumps({"title": "Typed", "accent": "red"}),
            "scene": "chat",
            "scheme": "dark",
        }

        with told() as events:
            html = owner.client.get("/widget/preview/panel/", query).content.decode()

        assert 'data-organization-name="Typed"' in html
        assert 'data-theme="dark"' in html
        assert f"accent={ACCENT[1:]}" in html
        assert '"scene": "chat"' in html
        acme.refresh_from_db()
        assert acme.widget == {}
        assert acme.customers.count() == 0
        assert events == []

    def test_shows_a_greeting_as_it_would_be_told(self, owner: Visitor):
        rich = {
            "template_id": "cards",
            "elements": [{"title": "Check", "buttons": [{"text": "Go", "postback_id": "1"}]}],
        }
        query = {"greeting": json.dumps({"rich_message": rich})}

        html = owner.client.get("/widget/preview/panel/", query).content.decode()

        sample = re.search(r'<script id="sample" type="application/json">(.*?)</script>', html)
        assert sample is not None
        greeting = json.loads(sample.group(1))["greeting"]
        assert greeting["event"]["type"] == "rich_message"
        assert greeting["event"]["elements"][0]["title"] == "Check"

    @pytest.mark.parametrize(
        "query",
        [
            {"look": "nonsense"},
            {"look": "[1]"},
            {"look": json.dumps({"title": "\ud800"})},
            {"look": "[" * 20_000},
            {"greeting": "{"},
            {"greeting": json.dumps({"text": "\ud800"})},
            {"scene": "x", "scheme": "y"},
        ],
    )
    def test_bears_nonsense(self, query: dict[str, str], owner: Visitor):
        for path in self.PATHS:
            assert owner.client.get(path, query).status_code == 200


class TestTheGreetingLine:
    def said(self, owner: Visitor) -> str:
        """What the page says of it."""
        return str(owner.get(PAGE).context["form"]["greeting"].help_text)

    def test_says_what_stands_there_while_it_is_empty(self, owner: Visitor, acme: Organization):
        assert self.said(owner) == (
            "Stands large in the empty chat. Empty: “How can we help?”. The title a group has in "
            '<a class="underline" href="/admin/words/">Words</a> goes before it.'
        )

    def test_says_that_the_groups_title_goes_before_it(self, owner: Visitor, acme: Organization):
        group = Group.objects.get(organization=acme)
        Translation.objects.create(group=group, language="en", phrases={"Welcome_title": "<Ahoy>"})

        assert self.said(owner).startswith("“&lt;Ahoy&gt;” stands there in the empty chat")
        assert 'href="/admin/words/"' in self.said(owner)
