"""What groups say in their own words, and where customers read it (protocol.md 6.9)."""

from typing import Any

import orjson
import pytest
from django.test import Client

from chatplatform.models import Customer, Group, Organization, Translation
from chatplatform.phrases import CHANGEABLE, phrases
from chatplatform.services import translations, welcomes
from tests import make
from tests.world import Refused, User, World

ACTIONS = ("update_translations", "batch_update_translations", "list_translations")


@pytest.fixture
def boss(world: World, acme: Organization) -> User:
    """Return an administrator calling the Configuration API."""
    return world.agent(acme, "boss", role="administrator").configuration


@pytest.fixture
def anybody(world: World, acme: Organization) -> User:
    """Return whoever a widget asks for."""
    return User(world, "customer", "", acme.id)


def word(boss: User, group: int = 0, language: str = "en", **own: str) -> None:
    """Let a group say phrases in its own words."""
    told = {"group_id": group, "language": language, "phrases": own}
    assert boss.call("update_translations", **told) == {}


def said(reader: User, group: int = 0, language: str = "en") -> dict[str, str]:
    found: dict[str, str] = reader.call("list_translations", group_id=group, language=language)[
        "phrases"
    ]
    return found


# --- update_translations and list_translations --------------------------------------------------


def test_every_phrase_in_force_is_listed(boss: User) -> None:
    assert said(boss) == phrases("en")
    assert set(CHANGEABLE) < said(boss).keys()


@pytest.mark.parametrize("key", sorted(set(CHANGEABLE) - {"Welcome_title"}))
def test_a_group_words_a_phrase_itself(boss: User, key: str) -> None:
    word(boss, **{key: " In our own words "})

    assert said(boss) == {**phrases("en"), key: "In our own words"}


def test_the_title_is_what_customers_are_welcomed_with(boss: User) -> None:
    word(boss, Welcome_title="Ahoy!")

    own = {"Welcome_title": "Ahoy!", "welcome_phrase": "Ahoy!"}
    assert said(boss) == {**phrases("en"), **own}


def test_words_of_welcome_of_ones_own_come_first(acme: Organization, boss: User) -> None:
    welcomes.set_welcome_message(acme, 0, "Good day.")

    word(boss, Welcome_title="Ahoy!")

    found = said(boss)
    assert (found["Welcome_title"], found["welcome_phrase"]) == ("Ahoy!", "Good day.")


def test_an_update_leaves_the_other_phrases_alone(boss: User) -> None:
    word(boss, Client="Guest", User_in_queue="Number %number%")

    word(boss, Client="Visitor")

    own = {"Client": "Visitor", "User_in_queue": "Number %number%"}
    assert said(boss) == {**phrases("en"), **own}


def test_an_empty_phrase_gives_the_platforms_own_back(boss: User) -> None:
    word(boss, Client="Guest")

    word(boss, Client="")

    assert said(boss) == phrases("en")


def test_words_are_a_groups_and_a_languages(sales: Group, boss: User) -> None:
    word(boss, sales.number, "de", Client="Gast")

    assert said(boss, sales.number, "de")["Client"] == "Gast"
    assert said(boss, sales.number, "en")["Client"] == "Customer"
    assert said(boss, 0, "de")["Client"] == "Customer"


def test_a_variant_has_its_languages_words_where_it_has_none(boss: User) -> None:
    word(boss, language="pt", Client="Cliente", User_in_queue="Aguarde")
    word(boss, language="pt_BR", Client="Visitante")

    found = said(boss, language="PT-br")

    assert (found["Client"], found["User_in_queue"]) == ("Visitante", "Aguarde")
    assert said(boss, language="pt")["Client"] == "Cliente"


REFUSED: list[dict[str, Any]] = [
    {"phrases": {"Offline_form": "Thank you"}},
    {"phrases": {"welcome_phrase": "Hi"}},
    {"phrases": {"Client": 7}},
    {"phrases": {"Client": "x" * 4097}},
    {"phrases": ["Client"]},
    {"phrases": None},
    {"language": ""},
    {"language": "../etc"},
    {"language": "en-" + "x" * 30},
    {"language": 7},
    {"group_id": "0"},
    {"group_id": -1},
]


@pytest.mark.parametrize("values", REFUSED, ids=range(len(REFUSED)))
def test_only_the_documented_phrases_can_be_worded(boss: User, values: dict[str, Any]) -> None:
    given = {"group_id": 0, "language": "en", "phrases": {"Client": "Guest"}, **values}

    assert boss.refused("update_translations", **given) == "validation"


@pytest.mark.parametrize("name", ["group_id", "language", "phrases"])
def test_what_is_required_must_be_given(boss: User, name: str) -> None:
    given: dict[str, Any] = {"group_id": 0, "language": "en", "phrases": {}}
    del given[name]

    assert boss.refused("update_translations", **given) == "validation"


def test_groups_are_of_ones_own_organisation(boss: User) -> None:
    theirs = make.group(make.organization("Other")).number
    about = {"group_id": theirs, "language": "en"}

    assert boss.refused("update_translations", **about, phrases={}) == "group_not_found"
    assert boss.refused("list_translations", **about) == "group_not_found"


def test_a_group_has_so_many_languages(boss: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translations, "MAX_LANGUAGES", 1)
    word(boss, Client="Guest")

    word(boss, Client="Visitor")
    german = {"group_id": 0, "language": "de", "phrases": {"Client": "Gast"}}
    assert boss.refused("update_translations", **german) == "limit_reached"


def test_words_go_with_their_group(sales: Group, boss: User) -> None:
    word(boss, sales.number, Client="Guest")

    boss.call("delete_group", id=sales.number)

    assert not Translation.objects.exists()


def test_agents_may_read_and_administrators_write(ann: User) -> None:
    agent = ann.configuration
    given = {"group_id": 0, "language": "en", "phrases": {"Client": "Guest"}}

    assert said(agent) == phrases("en")
    assert agent.refused("update_translations", **given) == "authorization"
    assert agent.refused("batch_update_translations", requests=[given]) == "authorization"


def test_agents_are_not_told(world: World, ann: User, boss: User) -> None:
    with world.capture_pushes() as pushes:
        word(boss, Client="Guest")

    assert pushes.names == {}


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6"])
@pytest.mark.parametrize("action", ACTIONS)
def test_before_3_7_there_were_no_translations(boss: User, action: str, version: str) -> None:
    with pytest.raises(Refused, match="unknown action"):
        boss.web(action, {}, version=version)


# --- batch_update_translations ------------------------------------------------------------------


def test_a_batch_words_what_it_can(sales: Group, boss: User) -> None:
    def request(group: int, **own: str) -> dict[str, Any]:
        return {"group_id": group, "language": "en", "phrases": own}

    requests = [
        request(0, Client="Guest"),
        request(99, Client="Nobody"),
        request(0, Offline_form="Hi"),
        request(sales.number, Client="Buyer"),
    ]

    done, unknown, refused, last = boss.call("batch_update_translations", requests=requests)[
        "responses"
    ]

    assert done == last == {}
    assert unknown["error"]["type"] == "group_not_found"
    assert refused["error"]["type"] == "validation"
    assert (said(boss)["Client"], said(boss, sales.number)["Client"]) == ("Guest", "Buyer")


# --- where customers read it ----------------------------------------------------------------------


def test_widgets_fetch_the_groups_words_under_a_new_version(boss: User, anybody: User) -> None:
    before = anybody.get("get_dynamic_configuration", {})["livechat"]

    word(boss, Client="Guest", Welcome_title="Ahoy!")

    after = anybody.get("get_dynamic_configuration", {})["livechat"]
    assert after["localization_version"] != before["localization_version"]
    assert after["config_version"] == before["config_version"]
    asked = {"group_id": 0, "language": "en", "version": after["localization_version"]}
    assert anybody.get("get_localization", asked) == said(boss)


def test_words_of_another_language_leave_the_version_alone(boss: User, anybody: User) -> None:
    before = anybody.get("get_dynamic_configuration", {})

    word(boss, language="de", Client="Gast")

    assert anybody.get("get_dynamic_configuration", {}) == before


def test_customers_are_welcomed_in_the_groups_words(ann: User, carl: User, boss: User) -> None:
    word(boss, Welcome_title="Ahoy!")

    carl.call("request_welcome_message")

    *_, told = (push.payload for push in carl.heard if push.action == "incoming_welcome_message")
    assert told["event"]["text"] == "Ahoy!"


def test_system_messages_call_customers_without_a_name_so(
    ann: User, carl: User, boss: User
) -> None:
    Customer.objects.update(name="")
    word(boss, Client="Guest")
    chat_id = carl.call("start_chat")["chat_id"]

    carl.call("deactivate_chat", id=chat_id)

    *_, farewell = carl.call("get_chat", chat_id=chat_id)["thread"]["events"]
    assert farewell["text"] == "Guest archived the chat"


def texts(organization: Organization, path: str = "/widget/texts/", **query: Any) -> Any:
    """Return what our widget says for a group."""
    asked = {"organization_id": str(organization.id), "language": "en", **query}
    return orjson.loads(Client().get(path, asked).content)


def test_our_widget_says_it(acme: Organization, boss: User) -> None:
    word(
        boss,
        Welcome_title="Ahoy!",
        Agents_not_available_continuous="Gone fishing.",
        User_in_queue="Number %number%, %minutes% minutes",
        Embedded_textarea_placeholder="Type here",
        Offline_message_sent="Got it.",
    )

    found = texts(acme)

    assert found["welcome"] == "Ahoy!"
    assert found["welcome_offline"] == "Gone fishing."
    assert found["queue_own"] == "Number {position}, {minutes} minutes"
    assert found["composer_placeholder"] == "Type here"
    assert found["left_text"] == "Got it."


def test_our_widget_says_it_from_its_first_frame_on(acme: Organization, boss: User) -> None:
    word(boss, Welcome_title="Ahoy <b>!")

    page = Client().get("/widget/panel/", {"organization_id": str(acme.id)}).content.decode()

    assert "Ahoy \\u003Cb\\u003E!" in page


def test_our_widget_speaks_for_the_visitors_group(
    acme: Organization, sales: Group, boss: User
) -> None:
    word(boss, sales.number, Welcome_title="Ahoy!")

    assert texts(acme, group_id=sales.number)["welcome"] == "Ahoy!"
    assert texts(acme)["welcome"] == "How can we help?"
    assert texts(acme, group_id=99)["welcome"] == "How can we help?"
    assert texts(acme, group_id="9" * 30)["welcome"] == "How can we help?"


@pytest.mark.parametrize(("worded", "page"), [("de-CH", "de-CH"), ("de", "de-CH"), ("tlh", "tlh")])
def test_our_widget_has_the_words_of_the_pages_language(
    acme: Organization, boss: User, worded: str, page: str
) -> None:
    word(boss, language=worded, Welcome_title="Grüezi!")
    query = {"organization_id": str(acme.id), "language": page}

    assert texts(acme, language=page)["welcome"] == "Grüezi!"
    assert "Gr\\u00fcezi!" in Client().get("/widget/panel/", query).content.decode()


def test_our_widget_has_the_visitors_words_where_the_page_names_no_language(
    acme: Organization, boss: User
) -> None:
    word(boss, language="de", Welcome_title="Moin!")

    for nothing in ("", "\0", "x" * 600):
        asked = {"organization_id": str(acme.id), "language": nothing}
        answer = Client().get("/widget/texts/", asked, headers={"accept-language": "de"})
        assert orjson.loads(answer.content)["welcome"] == "Moin!"
