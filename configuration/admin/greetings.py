"""Greetings: what invites visitors to chat, when, and what came of it; beside a preview."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any, Final
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms.widgets import DateTimeInput
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display
from unfold.widgets import BASE_INPUT_CLASSES

from chatplatform import clock
from chatplatform.admin import fields, visitors
from chatplatform.admin.nouns import Noun, NounForm
from chatplatform.admin.rows import NUMBER, NUMBER_OF, RowsField
from chatplatform.comparisons import NUMBER_OPERATORS, TEXT_OPERATORS
from chatplatform.errors import Validation
from chatplatform.greeting_content import MAX_BUTTONS, MAX_CARDS, MAX_RULES, MESSAGE_TEXT
from chatplatform.greeting_rules import (
    AD_NETWORKS,
    FIELD_OPERATOR,
    NUMBERED,
    OF_FIELDS,
    OF_URLS,
)
from chatplatform.models import Greeting
from chatplatform.selectors import lately
from configuration.actions.greetings import READ, WRITE
from configuration.admin import choices
from configuration.admin.lists import GatheringList

"""Over how long lists count what came of greetings."""
TEXT: Final = "text"

CONDITIONS: Final = (("and", gettext_lazy("and")), ("or", gettext_lazy("or, instead of all above")))
RULES: Final = (
    ("visit_time_page", gettext_lazy("Seconds on the page")),
    ("visit_time_site", gettext_lazy("Seconds on the site")),
    ("pages_view_number", gettext_lazy("Pages seen in this visit")),
    ("visits_number", gettext_lazy("Visits so far")),
    ("url_current", gettext_lazy("Address of the page")),
    ("url_visited", gettext_lazy("Address of a page seen before")),
    ("url_referrer", gettext_lazy("Page they came from")),
    ("url_funnel", gettext_lazy("Pages opened in this order")),
    ("url_match_page_view_number", gettext_lazy("How often one of these pages was opened")),
    ("search_keyword", gettext_lazy("What they searched for")),
    ("geolocation", gettext_lazy("Country, region or city")),
    ("custom_variable", gettext_lazy("Session field")),
    ("ads_traffic", gettext_lazy("Ad they came by")),
)
OPERATORS: Final = (
    ("greater_or_equal", gettext_lazy("is at least")),
    ("greater_than", gettext_lazy("is more than")),
    ("lower_or_equal", gettext_lazy("is at most")),
    ("lower_than", gettext_lazy("is less than")),
    ("contains", gettext_lazy("contains")),
    ("doesnt_contain", gettext_lazy("does not contain")),
    ("equals", gettext_lazy("is exactly")),
    ("doesnt_equal", gettext_lazy("is not")),
)
SAYS: Final = (
    (TEXT, gettext_lazy("Words")),
    ("cards", gettext_lazy("Cards, with pictures and buttons")),
    ("quick_replies", gettext_lazy("Words with quick replies")),
    ("sticker", gettext_lazy("A picture alone")),
)
ACTIONS: Final = (
    ("", gettext_lazy("Says its words in the chat")),
    ("message", gettext_lazy("Says its words, and reports the value")),
    ("url", gettext_lazy("Opens an address")),
    ("webview", gettext_lazy("Opens an address beside the chat")),
    ("phone", gettext_lazy("Calls a number")),
    ("cancel", gettext_lazy("Closes the greeting")),
)
ROLES: Final = (
    ("", gettext_lazy("Ordinary")),
    ("primary", gettext_lazy("Stands out")),
    ("danger", gettext_lazy("Warns")),
)

_FIRST_RULE: Final = {
    "condition": "and",
    "type": "visit_time_page",
    "operator": "greater_or_equal",
    "value": "10",
}
"""What a new greeting begins with."""


def _few_lines(label: Any, help_text: Any = "", **options: Any) -> forms.CharField:
    field = fields.long_text(label, help_text, required=False, **options)
    field.widget.attrs["rows"] = 3
    return field


def _listed(names: Iterable[str]) -> str:
    """Return names as ``rules.js`` reads them."""
    return " ".join(sorted(names))


class RuleForm(forms.Form):
    """A rule. Which fields it needs goes with its kind; others are left out (``rules.js``)."""

    condition = fields.choice(gettext_lazy("Joined by"), CONDITIONS, initial="and")
    type = fields.choice(gettext_lazy("Looks at"), RULES, initial="visit_time_page")
    key = fields.text(
        gettext_lazy("Name"),
        format_lazy(
            gettext_lazy("The session field's name, or the network: {networks}."),
            networks=", ".join(AD_NETWORKS),
        ),
        required=False,
        max_length=255,
    )
    urls = _few_lines(
        gettext_lazy("Addresses"), gettext_lazy("One a line, each a part of the page's address.")
    )
    operator = fields.choice(gettext_lazy("Comparison"), OPERATORS, initial="greater_or_equal")
    value = fields.text(gettext_lazy("Value"), required=False, max_length=2048)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["type"].widget.attrs |= {
            "data-of-numbers": _listed(NUMBERED),
            "data-of-urls": _listed(OF_URLS),
            "data-of-fields": _listed(OF_FIELDS),
        }
        self.fields["operator"].widget.attrs |= {
            "data-for-numbers": _listed(NUMBER_OPERATORS),
            "data-for-text": _listed(TEXT_OPERATORS),
        }


class CardForm(forms.Form):
    """A card of a greeting."""

    title = fields.text(gettext_lazy("Title"), required=False, max_length=4096)
    subtitle = _few_lines(gettext_lazy("Text"), max_length=4096)
    image_url = fields.text(
        gettext_lazy("Address of the picture"),
        gettext_lazy("Beginning with https://"),
        required=False,
        max_length=2048,
    )
    image_alt = fields.text(
        gettext_lazy("What the picture shows"),
        gettext_lazy("Said to visitors who can not see it."),
        required=False,
        max_length=1024,
    )


class ButtonForm(forms.Form):
    """A button on one of the cards."""

    button_id = forms.CharField(required=False, widget=forms.HiddenInput, max_length=64)
    card = fields.number(
        gettext_lazy("On card"), min_value=1, max_value=MAX_CARDS, initial=1, required=False
    )
    text = fields.text(gettext_lazy("Words on it"), max_length=1024)
    action = fields.choice(gettext_lazy("When pressed"), ACTIONS, required=False)
    value = fields.text(gettext_lazy("Address, number or value"), required=False, max_length=4096)
    role = fields.choice(gettext_lazy("Looks"), ROLES, required=False)

    card.widget.attrs[NUMBER_OF] = "cards"


def _moment(label: Any, help_text: Any = "") -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        help_text=help_text,
        required=False,
        widget=DateTimeInput(
            format="%Y-%m-%dT%H:%M",
            attrs={"type": "datetime-local", "class": " ".join(BASE_INPUT_CLASSES)},
        ),
    )


class GreetingForm(NounForm):
    """A whole greeting. Its group is for good."""

    name = fields.text(
        gettext_lazy("Name"),
        gettext_lazy("For your own lists; visitors do not see it."),
        max_length=255,
    )
    group = fields.choice(
        gettext_lazy("Group"),
        help_text=gettext_lazy("On whose pages visitors are greeted, and who answers them."),
        coerce=int,
    )
    active = fields.switch(
        gettext_lazy("In use"),
        gettext_lazy("On: visitors on the pages right now may see it within seconds."),
    )
    type = fields.choice(
        gettext_lazy("Kind"),
        (
            ("normal", gettext_lazy("A greeting in a small window")),
            ("announcement", gettext_lazy("An announcement, told apart in lists")),
        ),
    )
    exit_intent = fields.switch(
        gettext_lazy("Only when the visitor is about to leave"),
        gettext_lazy("Waits until the pointer leaves the page at its top. Not on phones."),
    )
    says = fields.choice(gettext_lazy("Says"), SAYS)
    message = fields.long_text(
        gettext_lazy("Words"),
        gettext_lazy("What visitors read. Links become links."),
        required=False,
        max_length=4096,
    )
    cards = RowsField(
        CardForm,
        most=MAX_CARDS,
        one=gettext_lazy("Card"),
        add=gettext_lazy("Add card"),
        numbered=True,
        label=gettext_lazy("Cards"),
        required=False,
    )
    buttons = RowsField(
        ButtonForm,
        most=MAX_CARDS * MAX_BUTTONS,
        one=gettext_lazy("Button"),
        add=gettext_lazy("Add button"),
        label=gettext_lazy("Buttons"),
        required=False,
    )
    rules = RowsField(
        RuleForm,
        most=MAX_RULES,
        one=gettext_lazy("Rule"),
        add=gettext_lazy("Add rule"),
        label=gettext_lazy("When it is shown"),
        help_text=gettext_lazy(
            "Once a visit, as soon as all rules hold; an “or” begins another set of rules, "
            "any of which will do."
        ),
    )
    active_from = _moment(
        gettext_lazy("Not before"), gettext_lazy("In your time zone. Empty: from now on.")
    )
    active_until = _moment(
        gettext_lazy("Not after"), gettext_lazy("Empty: until it is switched off.")
    )

    class Meta:
        model = Greeting
        fields = ("name", "active", "type", "active_from", "active_until")

    class Media:
        css = {"all": ("website/website.css",)}
        js = (
            forms.widgets.Script("website/rules.js", type="module"),
            forms.widgets.Script("website/preview.js", type="module"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].choices = choices.groups(self.organization)  # type: ignore[attr-defined]
        self.fields["message"].widget.attrs["rows"] = 3
        self.initial.setdefault("rules", [_FIRST_RULE])
        row = self.instance
        if row.pk:
            self.fields["group"].disabled = True
            self.initial.update(_shown(row))


def _shown(row: Greeting) -> dict[str, Any]:
    """Return a stored greeting as the form shows it."""
    elements = row.rich_message.get("elements", [])
    return {
        "group": row.group.number,
        "exit_intent": row.properties.get("is_exit_intent") == "true",
        "says": row.rich_message.get("template_id", TEXT),
        "message": row.properties.get(MESSAGE_TEXT, ""),
        "cards": [_card_shown(element) for element in elements],
        "buttons": [
            {**button, "action": button.get("type", ""), "card": place}
            for place, element in enumerate(elements, start=1)
            for button in element.get("buttons", [])
        ],
        "rules": [_rule_shown(rule) for rule in row.rules],
    }


def _card_shown(element: dict[str, Any]) -> dict[str, Any]:
    image = element.get("image", {})
    return {
        "title": element.get("title", ""),
        "subtitle": element.get("subtitle", ""),
        "image_url": image.get("url", ""),
        "image_alt": image.get("alternative_text", ""),
    }


def _rule_shown(rule: dict[str, Any]) -> dict[str, Any]:
    shown = {**rule, "urls": "\n".join(one["url"] for one in rule.get("urls", []))}
    if rule["type"] == "url_funnel":
        shown["operator"] = rule["urls"][0]["operator"]
    if rule["type"] in OF_FIELDS:
        shown.setdefault("operator", FIELD_OPERATOR)
    for key, value in rule.get("session_field", {}).items():
        shown |= {"key": key, "value": value}
    return shown


def _stored_rule(row: dict[str, Any], before: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """Return a row as the action takes it: with what its kind needs.

    ``before`` are the rules as they were: a form has one way of comparing for all addresses of a
    rule, or none, so those that are not touched keep theirs.
    """
    kind = row["type"]
    rule: dict[str, Any] = {"condition": row["condition"], "type": kind}
    if kind in OF_URLS:
        operator = "contains" if kind in NUMBERED else row["operator"]
        kept = _compared(row, before)
        lines = [line.strip() for line in row["urls"].splitlines() if line.strip()]
        rule["urls"] = [{"url": line, "operator": kept.get(line, operator)} for line in lines]
    if kind in OF_FIELDS:
        return rule | {"operator": row["operator"], "session_field": {row["key"]: row["value"]}}
    if kind != "url_funnel":
        rule |= {"operator": row["operator"], "value": row["value"]}
    return rule


def _compared(row: dict[str, Any], before: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return how the addresses of a rule were compared; none where the form says another way."""
    kept: dict[str, str] = {}
    for rule in before:
        if rule["type"] != row["type"]:
            continue
        if row["type"] in NUMBERED or rule["urls"][0]["operator"] == row["operator"]:
            kept |= {one["url"]: one["operator"] for one in rule["urls"]}
    return kept


def _stored_rich(values: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Return cards and buttons as the action takes them; what forms do not show stays.

    A card without anything on it is left out.
    """
    known = before.get("elements", [])
    images = {one["image"]["url"]: one["image"] for one in known if "image" in one}
    made = {card[NUMBER]: _element(card, images) for card in values["cards"]}
    named = {row["card"] for row in values["buttons"]}
    elements = {number: one for number, one in made.items() if one or number in named} or {1: {}}
    for row, button in zip(values["buttons"], _buttons(values["buttons"], known), strict=True):
        _card(row, elements).setdefault("buttons", []).append(button)
    return {"template_id": values["says"], "elements": list(elements.values())}


def _element(card: dict[str, Any], images: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    element = {name: card[name] for name in ("title", "subtitle") if card.get(name)}
    if url := card.get("image_url"):
        image = {**images.get(url, {"url": url})}
        image.pop("alternative_text", None)
        said = {"alternative_text": card["image_alt"]} if card["image_alt"] else {}
        element["image"] = {**image, **said}
    return element


def _card(row: dict[str, Any], elements: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """Return the card that a button is on; where there is one only, it need not be named."""
    if row["card"] is None and len(elements) == 1:
        return next(iter(elements.values()))
    if row["card"] is None:
        raise Validation(_("`buttons`: say which card “%(text)s” is on") % {"text": row["text"]})
    if row["card"] not in elements:
        raise Validation(_("`buttons`: there is no card %(number)d") % {"number": row["card"]})
    return elements[row["card"]]


def _buttons(
    rows: Sequence[dict[str, Any]], elements: Sequence[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Yield each row's button. Ids stay with what they were given to; new ones were nobody's."""
    before = [button for element in elements for button in element.get("buttons", [])]
    known: dict[str, list[dict[str, Any]]] = {}
    for button in before:
        known.setdefault(button["button_id"], []).append(button)
    taken = {button["postback_id"] for button in before}
    free = (name for name in (f"button-{number}" for number in count(1)) if name not in taken)
    for row in rows:
        same = known.get(row["button_id"])
        if same:
            yield _button(row, same.pop(0))
        else:
            yield _button(row, {"postback_id": next(free), "button_id": str(uuid4())})


def _button(row: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    kept = ("postback_id", "button_id", "webview_height", "target")
    button: dict[str, Any] = {
        **{name: before[name] for name in kept if name in before},
        "text": row["text"],
    }
    if row["action"]:
        button |= {"type": row["action"], "value": row["value"]}
    if row["role"]:
        button["role"] = row["role"]
    return button


@admin.register(Greeting)
class GreetingNoun(Noun):
    """What greets visitors, and how well."""

    form = GreetingForm
    section = "website"
    audit_key = "pk"
    icon = "waving_hand"
    empty_words = gettext_lazy(
        "A greeting speaks to visitors before they do, on the pages and after the time you "
        "choose. Add the first."
    )
    menu_title = gettext_lazy("Greetings")
    order = 20
    scopes_to_view = READ
    scopes_to_change = WRITE
    list_display = ("name", "active", "kind", "group_name", "shown", "accepted", "converted")
    list_filter = ("active", "type")
    list_select_related = ("group",)
    search_fields = ("name",)
    ordering = ("id",)
    change_form_template = "admin/website/greeting.html"
    fieldsets = (
        (None, {"fields": ("name", "group", "active", "type")}),
        (
            gettext_lazy("What it says"),
            {"fields": ("says", "message", "cards", "buttons")},
        ),
        (
            gettext_lazy("When"),
            {"fields": ("rules", "exit_intent", "active_from", "active_until")},
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any | None = None) -> Any:
        """Return the form's parts; who may only look is shown what is kept."""
        if obj is None or self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        kept = ("name", "group_name", "active", "kind", "words", "active_from", "active_until")
        return ((None, {"fields": kept}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the greetings with their groups."""
        rows: QuerySet[Any] = super().get_queryset(request).select_related("group")
        return rows

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[GatheringList]:
        """Return a list that counts for a page at once."""
        return GatheringList

    def gather(self, rows: Sequence[Greeting]) -> None:
        """Put what came of each lately beside it. One read."""
        counts = lately.greeted(row.pk for row in rows)
        for row in rows:
            row.counted = counts.get(row.pk, lately.Greeted())  # type: ignore[attr-defined]

    @display(description=gettext_lazy("Kind"), ordering="type")
    def kind(self, row: Greeting) -> str:
        """Return the kind in words."""
        return _("Announcement") if row.type == "announcement" else _("Greeting")

    @display(description=gettext_lazy("Group"), ordering="group__number")
    def group_name(self, row: Greeting) -> str:
        """Return the group's name."""
        return row.group.name

    @display(description=gettext_lazy("What it says"), empty_value="–")
    def words(self, row: Greeting) -> str:
        """Return the text; cards and buttons are no text."""
        return str(row.properties.get(MESSAGE_TEXT, ""))

    @display(description=gettext_lazy("Shown in 30 days"))
    def shown(self, row: Any) -> int:
        """Return to how many visits it was shown."""
        return int(row.counted.shown)

    @display(description=gettext_lazy("Looked at"))
    def accepted(self, row: Any) -> str:
        """Return how many opened it."""
        return _part(row.counted.accepted, row.counted.shown)

    @display(description=gettext_lazy("Became chats"))
    def converted(self, row: Any) -> str:
        """Return from how many a chat came."""
        return _part(row.counted.converted, row.counted.shown)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Serve the form, with its preview for who works in one organisation."""
        shown = dict(extra_context or {})
        if visitors.organization(request) is not None:
            shown["preview_url"] = reverse("widget_preview")
        return super().changeform_view(request, object_id, form_url, shown)

    def store(
        self, request: HttpRequest, row: Greeting | None, values: dict[str, Any]
    ) -> Greeting | None:
        """Make or change the greeting."""
        payload = dict(_payload(row, values))
        if row is not None:
            self.call(request, "update_greeting", {"id": row.pk, **payload}, row)
            return None
        made = self.call(request, "create_greeting", {"group": values["group"], **payload})
        return Greeting.objects.get(pk=made["id"])

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Have the service make or change it, and say so where no visitor sees it."""
        super().save_model(request, obj, form, change)
        if not form.cleaned_data["active"]:
            messages.warning(
                request,
                _("It is not in use: no visitor sees it until “In use” is switched on."),
            )

    def remove(self, request: HttpRequest, row: Greeting) -> None:
        """Forget the greeting."""
        self.call(request, "delete_greeting", {"id": row.pk}, row)

    def consequences(self, request: HttpRequest, row: Greeting) -> list[str]:
        """Say how often it was shown; chats that came of it stay."""
        times = row.showings.count()
        if not times:
            return []
        return [
            ngettext(
                "It was shown %(times)d time; chats that came of it stay.",
                "It was shown %(times)d times; chats that came of it stay.",
                times,
            )
            % {"times": times}
        ]


def _payload(row: Greeting | None, values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the action's fields but for id and group."""
    for name in ("name", "active", "type"):
        yield name, values[name]
    for name in ("active_from", "active_until"):
        if row is not None and values[name] == _to_the_minute(getattr(row, name)):
            continue
        if values[name] is not None:
            yield name, clock.to_wire(values[name])
        elif row is not None:
            yield name, None
    before = row.rules if row else []
    yield "rules", [_stored_rule(rule, before) for rule in values["rules"]]
    properties = dict(row.properties) if row else {}
    properties |= {"is_exit_intent": "true"} if values["exit_intent"] else {}
    if not values["exit_intent"]:
        properties.pop("is_exit_intent", None)
    properties.pop(MESSAGE_TEXT, None)
    if values["message"]:
        properties[MESSAGE_TEXT] = values["message"]
    yield "properties", properties
    if values["says"] != TEXT:
        yield "rich_message", _stored_rich(values, row.rich_message if row else {})
    elif row is not None:
        yield "rich_message", None


def _to_the_minute(moment: datetime | None) -> datetime | None:
    """Return a time as the form shows it."""
    return moment and moment.replace(second=0, microsecond=0)


def _part(found: int, shown: int) -> str:
    return f"{found} ({found / shown:.0%})" if shown else "0"
