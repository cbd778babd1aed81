"""Access rules: which groups serve customers, by the page they are on and the place they are in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from chatplatform.access_conditions import MAX_VALUES
from chatplatform.admin import fields
from chatplatform.admin.nouns import Noun, NounForm
from chatplatform.admin.rows import RowsField
from chatplatform.errors import ProtocolError
from chatplatform.models import AccessRule
from chatplatform.services import access_rules
from chatplatform.services.access_rules import MAX_DESCRIPTION
from configuration.actions.access_rules import READ, WRITE
from configuration.admin import choices
from configuration.admin.lists import GatheringList

ANY, NONE = "values", "exclude_values"
PLACE: Final = ("country", "country_code", "region", "city")
_BUTTON: Final = (
    "border border-base-200 cursor-pointer px-2 py-1 rounded-default disabled:opacity-50 "
    "dark:border-base-700"
)


class MatchForm(forms.Form):
    """A text to look for."""

    value = fields.text(_("Text"), max_length=2048)
    exact_match = fields.switch(_("The whole of it"), _("Off: a part suffices."))


class PlaceForm(forms.Form):
    """A place; whatever is given must be so."""

    country = fields.text(_("Country"), max_length=2048, required=False)
    country_code = fields.text(_("Country code"), max_length=2048, required=False)
    region = fields.text(_("Region"), max_length=2048, required=False)
    city = fields.text(_("City"), max_length=2048, required=False)

    def clean(self) -> dict[str, Any]:
        """Check that something is given."""
        given = {name: value for name, value in self.cleaned_data.items() if value}
        if not given.keys() & set(PLACE):
            raise ValidationError(_("Name a country, country code, region or city."))
        return self.cleaned_data


def _mode(of: Any) -> Any:
    return fields.choice(
        of,
        ((ANY, _("is one of these")), (NONE, _("is none of these"))),
        _("Without any below, it does not matter."),
        initial=ANY,
    )


def _matches(label: Any, one: Any, add: Any, help_text: Any) -> RowsField:
    return RowsField(
        MatchForm,
        most=MAX_VALUES,
        one=one,
        add=add,
        ordered=False,
        label=label,
        help_text=help_text,
        required=False,
    )


class AccessRuleForm(NounForm):
    """A rule: all its conditions must hold."""

    description = fields.text(
        _("Description"),
        _("For you and your colleagues."),
        max_length=MAX_DESCRIPTION,
        required=False,
    )
    main_group = fields.choice(
        _("Group"),
        help_text=_("Customers the rule fits are this group's: it greets them and answers."),
        coerce=int,
    )
    other_groups = fields.several(
        _("Groups that help"),
        help_text=_("Their agents see these chats, too, and can be given them."),
        coerce=int,
    )
    url_mode = _mode(_("The page's address"))
    url = _matches(
        _("Addresses"),
        _("Address"),
        _("Add address"),
        _("Such as /pricing or https://shop.example/cart; small and capital letters are the same."),
    )
    domain_mode = _mode(_("The page's domain"))
    domain = _matches(_("Domains"), _("Domain"), _("Add domain"), _("Such as shop.example."))
    places = RowsField(
        PlaceForm,
        most=MAX_VALUES,
        one=_("Place"),
        add=_("Add place"),
        ordered=False,
        label=_("Places"),
        help_text=_(
            "The customer is in one of these, as far as their address tells. Without any, it does "
            "not matter where they are."
        ),
        required=False,
    )

    class Meta:
        model = AccessRule
        fields = ("description",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "main_group" not in self.fields:  # it is only looked at
            return
        offered = choices.groups(self.organization)
        for name in ("main_group", "other_groups"):
            self.fields[name].choices = offered  # type: ignore[attr-defined]
        rule = self.instance
        if rule.pk is None:
            return
        existing = [number for number in rule.group_ids if number in dict(offered)]
        main = existing[0] if existing else None
        self.initial.update(main_group=main, other_groups=existing[1:])
        self.initial.update(_as_asked(rule.conditions))

    def clean(self) -> dict[str, Any]:
        """Check that there is a condition."""
        values = super().clean()
        if not self.errors and not _as_stored(values):
            raise ValidationError(_("A rule needs a condition: an address, a domain or a place."))
        return values


def _as_asked(conditions: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored conditions as the form asks for them."""
    asked: dict[str, Any] = {}
    for name in ("url", "domain"):
        for mode in (ANY, NONE):
            if rows := conditions.get(name, {}).get(mode):
                asked |= {f"{name}_mode": mode, name: rows}
    asked["places"] = conditions.get("geolocation", {}).get("values", [])
    return asked


def _as_stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form's conditions as the action takes them."""
    conditions: dict[str, Any] = {
        name: {values[f"{name}_mode"]: values[name]} for name in ("url", "domain") if values[name]
    }
    if values["places"]:
        given = [{name: text for name, text in row.items() if text} for row in values["places"]]
        conditions["geolocation"] = {"values": given}
    return conditions


@admin.register(AccessRule)
class AccessRuleNoun(Noun):
    """The rules in the order they are tried: the first that fits decides."""

    form = AccessRuleForm
    section = "website"
    audit_subject = "auto_access"
    icon = "rule"
    empty_words = _(
        "Rules put visitors with the right group by the page they open, or by where they are. "
        "Without any, the group your snippet names answers."
    )
    menu_title = _("Access rules")
    order = 20
    scopes_to_view = READ
    scopes_to_change = WRITE
    list_display = ("described", "conditions_in_words", "groups", "place")
    list_before_template = "admin/people/access_rules.html"
    ordering = ("organization", "position")
    list_per_page = 500

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the rules with their organisations."""
        return super().get_queryset(request).select_related("organization")

    def get_fieldsets(self, request: HttpRequest, obj: Any | None = None) -> Any:
        """Return the form's parts."""
        return (
            (_("Who answers"), {"fields": ("description", "main_group", "other_groups")}),
            (_("On which pages"), {"fields": ("url_mode", "url", "domain_mode", "domain")}),
            (_("Where"), {"fields": ("places",)}),
        )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[GatheringList]:
        """Return a list that names the groups of a page at once."""
        return GatheringList

    def gather(self, rows: Sequence[AccessRule]) -> None:
        """Put the names of their groups beside the rules."""
        choices.name_groups(rows)

    # --- the order ----------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Add the two ways a rule can be moved."""
        moves = [
            path(
                f"<path:object_id>/{way}/",
                self.admin_site.admin_view(self.move_view),
                {"way": way},
                name=f"{self.opts.app_label}_{self.opts.model_name}_{way}",
            )
            for way in ("up", "down")
        ]
        return [*moves, *super().get_urls()]

    def move_view(self, request: HttpRequest, object_id: str, way: str) -> HttpResponse:
        """Move a rule one place up or down, and lead back to the list."""
        row = self.get_object(request, unquote(object_id))
        if request.method == "POST" and row is not None:
            if not self.has_change_permission(request, row):
                raise PermissionDenied
            steps = -1 if way == "up" else 1
            try:
                with self.acting(request, row):
                    access_rules.move_access_rule(row.organization, row.public_id, steps)
            except ProtocolError as refusal:
                messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse(self.changelist_name()))

    @display(description=_("Order"))
    def place(self, rule: AccessRule) -> SafeString:
        """Return two buttons that move the rule; they send the list's own form."""
        buttons = (("up", "↑", _now("Move up")), ("down", "↓", _now("Move down")))
        made = [
            format_html(
                '<button type="submit" formaction="{}" aria-label="{}: {}" class="{}">{}</button>',
                reverse(
                    f"admin:{self.opts.app_label}_{self.opts.model_name}_{way}",
                    args=[quote(rule.pk)],
                ),
                label,
                str(rule),
                _BUTTON,
                sign,
            )
            for way, sign, label in buttons
        ]
        return format_html('<span class="flex gap-2">{}{}</span>', *made)

    # --- what is shown ------------------------------------------------------------------------

    @display(description=_("Rule"))
    def described(self, rule: AccessRule) -> str:
        """Return the description, or the rule's place."""
        return rule.description or _now("Rule %(number)d") % {"number": rule.position + 1}

    @display(description=_("Conditions"))
    def conditions_in_words(self, rule: AccessRule) -> str:
        """Return what must hold, shortly."""
        return " · ".join(_in_words(rule.conditions))

    @display(description=_("Groups"))
    def groups(self, rule: AccessRule) -> str:
        """Return the names of the groups, the customers' own first."""
        return ", ".join(rule.names)  # type: ignore[attr-defined]

    # --- changing -----------------------------------------------------------------------------

    def store(
        self, request: HttpRequest, row: AccessRule | None, values: dict[str, Any]
    ) -> AccessRule | None:
        """Make the rule, as the last one, or change it where it stands."""
        helping = [one for one in values["other_groups"] if one != values["main_group"]]
        payload = {
            "description": values["description"],
            "access": {"groups": [values["main_group"], *helping]},
            "conditions": _as_stored(values),
        }
        if row is not None:
            self.call(request, "update_auto_access", {"id": row.public_id, **payload}, row)
            return None
        made = self.call(request, "add_auto_access", payload)
        return AccessRule.objects.get(public_id=made["id"])

    def remove(self, request: HttpRequest, row: AccessRule) -> None:
        """Delete the rule."""
        self.call(request, "delete_auto_access", {"id": row.public_id}, row)

    def consequences(self, request: HttpRequest, row: AccessRule) -> Iterable[str]:
        """Say who decides then."""
        yield _now(
            "From their next page on, customers it fitted are placed by the rules after it, or are "
            "the group's their page names. Chats that run stay where they are."
        )


def _in_words(conditions: Mapping[str, Any]) -> Iterable[str]:
    shapes = {
        ("url", ANY): _now("address: %(texts)s"),
        ("url", NONE): _now("address not: %(texts)s"),
        ("domain", ANY): _now("domain: %(texts)s"),
        ("domain", NONE): _now("domain not: %(texts)s"),
    }
    for (name, mode), shape in shapes.items():
        if rows := conditions.get(name, {}).get(mode):
            yield shape % {"texts": ", ".join(row["value"] for row in rows)}
    if places := conditions.get("geolocation", {}).get("values"):
        texts = (" ".join(place.values()) for place in places)
        yield _now("place: %(texts)s") % {"texts": ", ".join(texts)}
