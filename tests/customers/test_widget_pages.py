"""The widget's pages: what they weigh, what they let in, and whose they are."""

import gzip
import json
import re
import uuid
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from chatplatform import clock
from chatplatform.models import Organization
from chatplatform.selectors import organizations
from chatplatform.widget_look import Look
from customers.widget.texts import panel_texts
from tests import make

pytestmark = pytest.mark.django_db

LOADER_LIMIT = 5 * 1024
PANEL_LIMIT = 60 * 1024
STATIC = "/static/"


class Page(HTMLParser):
    """What a document loads and which inline code it holds."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.assets: set[str] = set()
        self.sheets: list[str] = []
        self.inline: list[str] = []
        self.body: dict[str, str | None] = {}
        self.root: dict[str, str | None] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note style sheets, modules, icons, inline code and the root's attributes."""
        attributes = dict(attrs)
        source = attributes.get("src") or attributes.get("href") or ""
        if tag in ("script", "link", "use") and source.startswith(STATIC):
            self.assets.add(source.removeprefix(STATIC).partition("#")[0])
        if tag == "link" and source.startswith("/widget/"):
            self.sheets.append(source)
        if tag == "script" and not source and attributes.get("type") != "application/json":
            self.inline.append("script")
        if tag == "style" or "style" in attributes:
            self.inline.append("style")
        self.inline.extend(name for name in attributes if name.startswith("on"))
        if tag in ("body", "html"):
            setattr(self, "body" if tag == "body" else "root", attributes)


@pytest.fixture
def organization() -> Organization:
    """Return an organisation with its own widget client."""
    return make.organization("Fernhill Bicycles")


def open_panel(client: Client, organization: Organization, **query: str) -> str:
    """Fetch the panel's document."""
    response = client.get("/widget/panel/", {"organization_id": str(organization.id), **query})
    assert response.status_code == 200
    return response.content.decode()


def read_static(name: str) -> bytes:
    """Return a static file of ours."""
    path = finders.find(name)
    assert path is not None, name
    return Path(path).read_bytes()


def panel_modules() -> dict[str, str]:
    """Return the panel's modules by their paths in the widget's folder."""
    folder = Path(str(finders.find("widget/panel.js"))).parent
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.js")}
    return {name: path.read_text() for name, path in found.items() if name != "loader.js"}


def policy_of(header: str) -> dict[str, list[str]]:
    """Split a Content-Security-Policy into directives."""
    directives = [part.split() for part in header.split(";")]
    return {name: values for name, *values in directives}


class TestLoader:
    """``/widget.js`` on other people's pages."""

    def test_weighs_at_most_five_kibibytes(self, client: Client) -> None:
        response = client.get("/widget.js")

        assert response.status_code == 200
        assert len(gzip.compress(response.content, 9)) <= LOADER_LIMIT

    def test_travels_compressed(self, client: Client) -> None:
        response = client.get("/widget.js", headers={"accept-encoding": "gzip"})

        assert response["Content-Encoding"] == "gzip"
        assert gzip.decompress(response.content) == client.get("/widget.js").content

    def test_may_be_included_and_kept_by_any_page(self, client: Client) -> None:
        response = client.get("/widget.js")

        assert response["Content-Type"] == "text/javascript; charset=utf-8"
        assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert response["Access-Control-Allow-Origin"] == "*"
        assert response["Cache-Control"] == "public, max-age=300"
        assert "Accept-Language" in response["Vary"]

    def test_carries_its_words_and_the_colours_of_the_tokens(self, client: Client) -> None:
        script = client.get("/widget.js").content.decode()

        match = re.search(r"^const SETTINGS = (\{.*\});$", script, re.MULTILINE)
        assert match is not None
        settings = json.loads(match.group(1))
        assert settings["texts"]["open"] == "Open chat"
        tokens = read_static("chatplatform/tokens.css").decode()
        assert f"--accent: {settings['colors']['accent']};" in tokens
        assert settings["icon"] in read_static("widget/icons.svg").decode()

    def test_is_not_written_to(self, client: Client) -> None:
        assert client.post("/widget.js").status_code == 405


class TestPanel:
    """The document inside the iframe."""

    def test_everything_it_loads_weighs_at_most_sixty_kibibytes(
        self, client: Client, organization: Organization
    ) -> None:
        html = open_panel(client, organization)

        found = Page(html)
        generated = [client.get(sheet).content for sheet in found.sheets]
        parts = [html.encode(), *generated, *(read_static(name) for name in found.assets)]
        assert sum(len(gzip.compress(part, 9)) for part in parts) <= PANEL_LIMIT

    @pytest.mark.parametrize("page", ["panel", "texts"])
    def test_is_kept_for_those_who_read_its_language_alone(
        self, client: Client, organization: Organization, page: str
    ) -> None:
        of_fernhill = {"organization_id": str(organization.id)}

        response = client.get(f"/widget/{page}/", of_fernhill)

        assert response.status_code == 200
        assert "Accept-Language" in response["Vary"]

    def test_preloads_every_module_it_imports(
        self, client: Client, organization: Organization
    ) -> None:
        assets = Page(open_panel(client, organization)).assets

        assert {name for name in assets if name.endswith(".js")} == {
            f"widget/{name}" for name in panel_modules()
        }

    def test_holds_no_inline_script_or_style(
        self, client: Client, organization: Organization
    ) -> None:
        assert Page(open_panel(client, organization)).inline == []

    def test_any_page_may_frame_it_and_nothing_foreign_runs_in_it(
        self, client: Client, organization: Organization
    ) -> None:
        response = client.get("/widget/panel/", {"organization_id": str(organization.id)})

        assert "X-Frame-Options" not in response
        policy = policy_of(response["Content-Security-Policy"])
        assert policy["frame-ancestors"] == ["*"]
        assert policy["default-src"] == ["'none'"]
        assert policy["script-src"] == ["'self'"]
        assert policy["style-src"] == ["'self'"]
        assert policy["connect-src"] == ["'self'", "ws://testserver"]

    def test_behind_tls_it_speaks_to_a_secure_socket(
        self, client: Client, organization: Organization
    ) -> None:
        response = client.get(
            "/widget/panel/", {"organization_id": str(organization.id)}, secure=True
        )

        policy = policy_of(response["Content-Security-Policy"])
        assert policy["connect-src"] == ["'self'", "wss://testserver"]

    def test_names_the_organisation_its_client_and_the_group(
        self, client: Client, organization: Organization
    ) -> None:
        body = Page(open_panel(client, organization, group_id="7")).body

        assert body["data-organization-id"] == str(organization.id)
        assert body["data-organization-name"] == "Fernhill Bicycles"
        assert body["data-client-id"] == organizations.widget_client_id(organization)
        assert body["data-group-id"] == "7"

    def test_a_group_that_is_no_number_is_none(
        self, client: Client, organization: Organization
    ) -> None:
        assert Page(open_panel(client, organization, group_id="sales")).body["data-group-id"] == ""

    def test_words_from_the_address_stay_words(
        self, client: Client, organization: Organization
    ) -> None:
        html = open_panel(
            client, organization, group_id='"><script>alert(1)</script>', language="<b>"
        )

        assert "<script>alert" not in html
        assert Page(html).inline == []

    @pytest.mark.parametrize(
        ("query", "direction"),
        [
            ({}, "ltr"),
            ({"dir": "rtl"}, "rtl"),
            ({"language": "ar"}, "rtl"),
            ({"language": "de-CH"}, "ltr"),
            ({"language": "no such language"}, "ltr"),
        ],
    )
    def test_runs_the_way_the_host_page_does(
        self, client: Client, organization: Organization, query: dict[str, str], direction: str
    ) -> None:
        assert Page(open_panel(client, organization, **query)).root["dir"] == direction

    @pytest.mark.parametrize("organization_id", ["", "no-uuid", str(uuid.UUID(int=1))])
    def test_an_unknown_organisation_has_none(
        self, client: Client, organization: Organization, organization_id: str
    ) -> None:
        response = client.get("/widget/panel/", {"organization_id": organization_id})

        assert response.status_code == 404

    def test_the_catalogue_is_what_its_scripts_say(
        self, client: Client, organization: Organization
    ) -> None:
        html = open_panel(client, organization)
        match = re.search(r'<script id="texts" type="application/json">(.*?)</script>', html)
        assert match is not None
        catalogue = json.loads(match.group(1))

        assert catalogue == panel_texts({}, Look())
        code = "".join(panel_modules().values())
        said = set(re.findall(r"\bt\(\s*\"(\w+)\"", code))
        assert said <= set(catalogue)
        unused = {key for key in catalogue if not re.search(rf"\b{key}\b", code)}
        assert unused == set()


class TestUnasked:
    """The document for a frame that nobody has opened yet."""

    def test_is_empty_where_nobody_is_greeted(
        self, client: Client, organization: Organization
    ) -> None:
        page = Page(open_panel(client, organization, idle=""))

        assert page.assets == set()
        assert page.inline == []
        assert "data-organization-id" not in page.body

    def test_is_the_panel_where_visitors_are_greeted(
        self, client: Client, organization: Organization
    ) -> None:
        make.greeting(organization)

        page = Page(open_panel(client, organization, idle=""))

        assert "widget/panel.js" in page.assets
        assert page.body["data-greets"] == "true"

    def test_is_empty_once_all_greetings_are_over(
        self, client: Client, organization: Organization
    ) -> None:
        make.greeting(organization, active=False)
        make.greeting(organization, active_until=clock.now() - timedelta(days=1))
        make.greeting(make.organization("Another"))

        assert Page(open_panel(client, organization, idle="")).assets == set()
        assert "data-greets" not in Page(open_panel(client, organization)).body

    def test_may_be_framed_by_any_page(self, client: Client, organization: Organization) -> None:
        response = client.get(
            "/widget/panel/", {"organization_id": str(organization.id), "idle": ""}
        )

        assert "X-Frame-Options" not in response
        assert policy_of(response["Content-Security-Policy"])["default-src"] == ["'none'"]


class TestDemo:
    """``/demo/``: a page to try the widget on."""

    def test_carries_the_widget_of_the_first_organisation(
        self, client: Client, organization: Organization
    ) -> None:
        make.organization("A later one")

        html = client.get("/demo/").content.decode()

        assert f'data-organization-id="{organization.id}"' in html
        assert f'src="/widget.js?organization_id={organization.id}"' in html
        assert 'href="/workspace/"' in html
        assert Page(html).inline == []

    def test_carries_the_widget_of_the_organisation_it_is_asked_for(
        self, client: Client, organization: Organization
    ) -> None:
        other = make.organization("Another")

        html = client.get("/demo/", {"organization_id": str(other.id)}).content.decode()

        assert f'data-organization-id="{other.id}"' in html

    def test_says_what_to_do_while_there_is_no_organisation(self, client: Client) -> None:
        response = client.get("/demo/")

        assert response.status_code == 200
        html = response.content.decode()
        assert "manage.py demo" in html
        assert "widget.js" not in html

    def test_an_unknown_organisation_has_none(self, client: Client) -> None:
        assert client.get("/demo/", {"organization_id": str(uuid.uuid4())}).status_code == 404
