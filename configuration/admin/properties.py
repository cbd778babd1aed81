"""Properties: which applications have them, and what the licence and its groups are set to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest
from django.template.loader import render_to_string
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import CHECKBOX_CLASSES

from chatplatform.admin import fields, visitors
from chatplatform.admin.nouns import NounForm
from chatplatform.admin.pages import FormPage, register
from chatplatform.admin.shown import PageForm
from chatplatform.models import Application, Group, Organization, PropertyDefinition
from chatplatform.models.properties import DESCRIPTION_LENGTH, NAME_LENGTH
from chatplatform.properties import KINDS, LOCATIONS, MAX_STRING, RIGHTS
from chatplatform.selectors import property_values
from chatplatform.selectors.properties import party
from chatplatform.selectors.property_values import Slot
from configuration.actions.properties import CONFIGURE, WRITE_GROUP, WRITE_LICENSE
from configuration.admin import choices, routing
from configuration.admin.deeds import Deed, DeedNoun

Type = PropertyDefinition.Type
TYPES: Final = (
    (Type.STRING, _("Text")),
    (Type.TOKENIZED_STRING, _("Text that can be searched")),
    (Type.INT, _("Whole number")),
    (Type.BOOL, _("Yes or no")),
)
PLACES: Final = {
    "chat": _("Chats"),
    "thread": _("Threads"),
    "event": _("Events"),
    "group": _("Groups"),
    "license": _("The licence"),
}
COLUMNS: Final = {
    ("agent", "read"): _("Agents read"),
    ("agent", "write"): _("Agents write"),
    ("customer", "read"): _("Customers read"),
    ("customer", "write"): _("Customers write"),
}
YES, NO = "true", "false"


def typed(kind: str, text: str) -> Any:
    """Return what was typed as a value of a property's type; raise ``ValidationError``."""
    if kind == Type.BOOL:
        if text.strip() not in (YES, NO):
            raise ValidationError(_("Write true or false."))
        return text.strip() == YES
    if kind == Type.INT:
        try:
            return int(text)
        except ValueError:
            raise ValidationError(_("Write a whole number.")) from None
    return text


# --- which there are ----------------------------------------------------------------------------


class AccessWidget(forms.Widget):
    """A table of checkboxes: places down, kinds of people and rights across."""

    class Media:
        css = {"all": ("admin_look/people.css",)}

    def id_for_label(self, id_: str | None) -> str:
        """Return nothing: each box has a label of its own."""
        return ""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        """Return rights by place and kind; only what is ticked is there."""
        access: dict[str, dict[str, list[str]]] = {}
        for place in LOCATIONS:
            for kind in KINDS:
                rights: list[str] = [
                    right for right in RIGHTS if f"{name}-{place}-{kind}-{right}" in data
                ]
                if rights:
                    access.setdefault(place, {})[kind] = rights
        return access

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Tell that no box ticked is an answer, too."""
        return False

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return the table."""
        access = value or {}
        rows = [
            {
                "name": PLACES[place],
                "boxes": [
                    {
                        "name": f"{name}-{place}-{kind}-{right}",
                        "label": f"{PLACES[place]}: {label}",
                        "on": right in access.get(place, {}).get(kind, ()),
                    }
                    for (kind, right), label in COLUMNS.items()
                ],
            }
            for place in LOCATIONS
        ]
        context = {"rows": rows, "columns": COLUMNS.values(), "css": " ".join(CHECKBOX_CLASSES)}
        return render_to_string("admin/people/access.html", context)


class AccessField(forms.Field):
    """Rights by place and kind of people."""

    widget = AccessWidget

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Tell whether any box is ticked."""
        return bool(data)


class PropertyForm(NounForm):
    """A new property. It is never edited: take it back and register it anew."""

    owner = fields.choice(
        _("Application"),
        help_text=_("Whose property it is: until it is published, nobody else sees it."),
    )
    name = fields.text(
        _("Name"),
        _("A letter, then letters, digits, “_”, “.” and “-”. Programs use it."),
        max_length=NAME_LENGTH,
    )
    type = fields.choice(_("What it holds"), TYPES)
    description = fields.long_text(
        _("Description"), _("For your colleagues."), max_length=DESCRIPTION_LENGTH, required=False
    )
    access = AccessField(
        label=_("Who may do what"),
        help_text=_(
            "Where the property can be set, and whether agents and customers may read or write it "
            "there. It can not be changed later."
        ),
    )
    domain = fields.long_text(
        _("Values allowed"),
        _("One a line. Empty: any value of its kind."),
        required=False,
    )
    lowest = fields.number(_("Lowest number"), _("Of whole numbers only."), required=False)
    highest = fields.number(_("Highest number"), _("Of whole numbers only."), required=False)
    default_value = fields.text(
        _("Default"),
        _("What unset properties of the licence and of groups show."),
        max_length=MAX_STRING,
        required=False,
    )

    class Meta:
        model = PropertyDefinition
        fields = ("name", "type", "description")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "owner" in self.fields:
            self.fields["owner"].choices = choices.applications(self.organization)  # type: ignore[attr-defined]

    def clean_domain(self) -> list[Any]:
        """Return the values as what the property holds."""
        lines = self.cleaned_data["domain"].splitlines()
        kind = self.data.get("type", "")
        return [typed(kind, line.strip()) for line in lines if line.strip()]

    def clean_default_value(self) -> Any:
        """Return the default as what the property holds; ``None`` for none."""
        text = self.cleaned_data["default_value"]
        return typed(self.data.get("type", ""), text) if text else None


class Publish(Deed):
    """Open a property to other applications."""

    done = _("The property is public now.")
    for_several = False
    dangerous = True
    rights: ClassVar[tuple[str, ...]]

    def is_offered(self, request: HttpRequest, row: PropertyDefinition) -> bool:
        """Tell whether it is private."""
        return row.public_access is None

    def consequences(self, request: HttpRequest, row: PropertyDefinition) -> Iterable[str]:
        """Say who sees it, and that this stays so."""
        yield _now("Every application on the licence may use it where its own may.")
        yield _now("This is for good: a public property can not be made private or taken back.")

    def do(self, noun: DeedNoun, request: HttpRequest, row: PropertyDefinition) -> None:
        """Publish it."""
        payload = {**_named(row), "access_type": list(self.rights)}
        noun.call(request, "publish_property", payload, row)


class PublishReading(Publish):
    """Let others read it."""

    name = "publish-read"
    title = _("Publish: others read")
    rights = ("read",)


class PublishWriting(Publish):
    """Let others read and write it."""

    name = "publish-write"
    title = _("Publish: others read and write")
    rights = ("read", "write")


class OwnerFilter(admin.SimpleListFilter):
    """Whose properties."""

    title = _("application")
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the organisation's applications."""
        return choices.applications(visitors.organization(request))

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[PropertyDefinition]
    ) -> QuerySet[PropertyDefinition]:
        """Return the properties of the chosen application."""
        return queryset.filter(namespace=self.value()) if self.value() else queryset


@admin.register(PropertyDefinition)
class PropertyNoun(DeedNoun):
    """The properties that applications registered."""

    form = PropertyForm
    section = "integrations"
    icon = "data_object"
    empty_words = _(
        "A property is what an application keeps beside a chat, a customer or a group. Define "
        "one, and it can be set."
    )
    menu_title = _("Properties")
    one = _("property")
    order = 60
    audit_subject = "property"
    scopes_to_view = CONFIGURE
    scopes_to_change = CONFIGURE
    can_change = False
    deeds: ClassVar[tuple[Deed, ...]] = (PublishReading(), PublishWriting())
    list_display = ("name", "owned_by", "type", "description", "public", "created_at")
    list_filter = (OwnerFilter, "type")
    search_fields = ("name", "namespace", "description")
    search_help_text = _("Name, namespace or description")
    ordering = ("namespace", "name")

    def audited(self, row: PropertyDefinition) -> tuple[str, str]:
        """Return how the audit log knows a property: by its namespace and name."""
        return self.audit_subject, f"{row.namespace}/{row.name}"

    def get_queryset(self, request: HttpRequest) -> QuerySet[PropertyDefinition]:
        """Return the definitions with the names of the applications that own them."""
        rows: QuerySet[PropertyDefinition] = super().get_queryset(request)
        owner = Application.objects.filter(client_id=OuterRef("namespace")).values("name")[:1]
        return rows.select_related("organization").annotate(owner_name=Subquery(owner))

    def get_fieldsets(self, request: HttpRequest, obj: Any | None = None) -> Any:
        """Return what is asked for, or what is known."""
        if obj is None:
            named = ("owner", "name", "type", "description", "access")
            values = ("domain", "lowest", "highest", "default_value")
            return ((None, {"fields": named}), (_("Values"), {"fields": values}))
        known = ("name", "owned_by", "namespace", "type", "description", "rights", "public")
        return ((None, {"fields": (*known, "values_allowed", "default_value", "created_at")}),)

    def may_do(self, request: HttpRequest, row: Any | None = None) -> bool:
        """Tell whether whoever looks may publish."""
        return self._may_change(request)

    def about(self, request: HttpRequest, row: PropertyDefinition) -> Iterable[str]:
        """Say how it can be changed."""
        if row.public_access is None:
            yield _now("A property is never edited. Delete it and register it anew to change it.")
        else:
            yield _now("It is public: others rely on it, so that it can not be deleted any more.")

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Tell whether ``obj`` can be taken back: what is public can not."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or obj.public_access is None)

    def why_it_stays(self, request: HttpRequest, row: PropertyDefinition) -> str:
        """Say that what is public stays."""
        if row.public_access is None:
            return ""
        return _now("It is public: others rely on it, so that it can not be deleted any more.")

    @display(description=_("Application"))
    def owned_by(self, row: PropertyDefinition) -> str:
        """Return the name of the application that owns it."""
        return str(row.owner_name or row.namespace)  # type: ignore[attr-defined]

    @display(description=_("Public"), empty_value=_("Private"))
    def public(self, row: PropertyDefinition) -> str | None:
        """Return what other applications may do."""
        if row.public_access is None:
            return None
        writes = "write" in row.public_access
        reads = "read" in row.public_access
        if reads and writes:
            return _now("Others read and write")
        return _now("Others write") if writes else _now("Others read")

    @display(description=_("Who may do what"))
    def rights(self, row: PropertyDefinition) -> str:
        """Return the rights in words, place by place."""
        return " · ".join(
            f"{PLACES[place]}: "
            + ", ".join(
                str(label)
                for (kind, right), label in COLUMNS.items()
                if right in row.access[place].get(kind, ())
            )
            for place in LOCATIONS
            if place in row.access
        )

    @display(description=_("Values allowed"), empty_value=_("Any"))
    def values_allowed(self, row: PropertyDefinition) -> str | None:
        """Return the domain or the range."""
        if row.domain is not None:
            return ", ".join(str(one) for one in row.domain)
        if row.range is None:
            return None
        return f"{row.range.get('from', '…')} – {row.range.get('to', '…')}"

    def store(self, request: HttpRequest, row: Any | None, values: dict[str, Any]) -> Any:
        """Register the property."""
        payload = {
            "owner_client_id": values["owner"],
            "name": values["name"],
            "type": values["type"],
            "description": values["description"],
            "access": values["access"],
        }
        bounds = {"from": values["lowest"], "to": values["highest"]}
        bounds = {end: bound for end, bound in bounds.items() if bound is not None}
        optional = {
            "domain": values["domain"] or None,
            "range": bounds or None,
            "default_value": values["default_value"],
        }
        payload |= {name: value for name, value in optional.items() if value is not None}
        self.call(request, "register_property", payload)
        return PropertyDefinition.objects.get(
            organization=self.organization_of(request, None),
            namespace=values["owner"],
            name=values["name"],
        )

    def remove(self, request: HttpRequest, row: PropertyDefinition) -> None:
        """Take the property back."""
        self.call(request, "unregister_property", _named(row), row)

    def consequences(self, request: HttpRequest, row: PropertyDefinition) -> Iterable[str]:
        """Say what becomes of the values."""
        yield _now("Nobody reads or writes it any more. Values that were set stay, unseen.")


def _named(row: PropertyDefinition) -> dict[str, str]:
    return {"owner_client_id": row.namespace, "name": row.name}


# --- what they are set to -----------------------------------------------------------------------


def _key(slot: Slot) -> str:
    return f"{slot.definition.namespace}:{slot.definition.name}"


def _field(slot: Slot) -> forms.Field:
    """Return the field for one property, as its type needs it."""
    definition = slot.definition
    offered: list[tuple[Any, Any]]
    options: dict[str, Any] = {"required": False, "disabled": not slot.writable}
    asked = routing.asked(definition.namespace, definition.name)
    label = str(asked.label) if asked else definition.name
    about = _about(slot, asked)
    if definition.type == Type.BOOL:
        offered = [("", _("Not set")), (YES, _("Yes")), (NO, _("No"))]
        initial = "" if slot.value is None else YES if slot.value else NO
        return fields.choice(label, offered, about, initial=initial, **options)
    if definition.domain is not None:
        offered = [("", _("Not set"))]
        offered += [(str(one), str(one)) for one in definition.domain]
        initial = "" if slot.value is None else str(slot.value)
        return fields.choice(label, offered, about, initial=initial, **options)
    if definition.type == Type.INT:
        options |= {"min_value": definition.lowest, "max_value": definition.highest}
        return fields.number(label, about, initial=slot.value, **options)
    make = fields.long_text if "\n" in (slot.value or "") else fields.text
    options |= {"max_length": MAX_STRING, "strip": False}
    return make(label, about, initial=slot.value, **options)


def _about(slot: Slot, asked: forms.Field | None) -> str:
    parts = [slot.description]
    if asked:
        named = _now("Programs call it %(name)s; Routing and timers asks for it as well.")
        parts = [str(asked.help_text), named % {"name": slot.definition.name}]
    if slot.definition.default is not None:
        parts.append(_now("Empty: %(default)s.") % {"default": slot.definition.default})
    if not slot.writable:
        parts.append(_now("It can only be read here."))
    return " ".join(part for part in parts if part)


def _value(slot: Slot, given: Any) -> Any:
    """Return what was given as the property's value; ``None``: it is not to be set.

    A text that was set to nothing, and is left so, stays set.
    """
    if given in (None, ""):
        return "" if slot.value == "" else None
    if isinstance(given, int):
        return given
    return typed(slot.definition.type, given.replace("\r\n", "\n"))


class ValuesForm(PageForm):
    """A field for each property."""

    fields_are_rows = True


@register
class PropertyValues(FormPage):
    """What the licence, or one of its groups, has set of all properties that may be read."""

    name = "property_values"
    path = "property-values/"
    title = _("Property values")
    icon = "tune"
    section = "integrations"
    order = 61
    scopes = WRITE_LICENSE
    template_name = "admin/people/property_values.html"
    form_class = ValuesForm

    @classmethod
    def is_open_to(cls, request: HttpRequest) -> bool:
        """Tell whether whoever looks may set values of the licence and of groups: either may be
        chosen here."""
        return super().is_open_to(request) and visitors.has_scope(request, *WRITE_GROUP)

    @cached_property
    def holder(self) -> Organization | Group:
        """What the values are of: the licence, or the group that ``group`` in the query names."""
        if not self.request.GET.get("group"):
            return self.organization
        found = choices.group_in_query(self.request, self.organization)
        if found is None:
            raise Http404
        return found

    @cached_property
    def slots(self) -> list[Slot]:
        """The properties in the namespace that is looked at."""
        wanted = self.request.GET.get("namespace", "")
        return [one for one in self.everything if wanted in ("", one.definition.namespace)]

    @cached_property
    def everything(self) -> list[Slot]:
        """All that can be set here, and what can only be read where it is set."""
        found = property_values.slots(self.holder, party(visitors.asking(self.request)))
        return [one for one in found if one.writable or one.value is not None]

    def get_form(self, form_class: Any = None) -> forms.Form:
        """Return a form with a field for each property."""
        form: forms.Form = super().get_form(form_class)
        for slot in self.slots:
            form.fields[_key(slot)] = _field(slot)
        return form

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add where else one can look, and the fields by namespace."""
        context = super().get_context_data(**kwargs)
        form = context["form"]
        spaces: dict[str, dict[str, Any]] = {}
        for slot in self.slots:
            namespace = slot.definition.namespace
            space = spaces.setdefault(
                namespace, {"name": slot.whose or namespace, "code": namespace, "fields": []}
            )
            space["fields"].append(form[_key(slot)])
        namespaces = {one.definition.namespace: one.whose for one in self.everything}
        return {
            **context,
            "spaces": list(spaces.values()),
            "namespaces": [(code, whose or code) for code, whose in namespaces.items()],
            "namespace": self.request.GET.get("namespace", ""),
            "groups": choices.groups(self.organization),
            "group": self.holder.number if isinstance(self.holder, Group) else None,
        }

    def store(self, values: dict[str, Any]) -> None:
        """Set what is new, and delete what was emptied."""
        given: dict[str, dict[str, Any]] = {}
        emptied: dict[str, list[str]] = {}
        for slot in self.slots:
            value, definition = _value(slot, values[_key(slot)]), slot.definition
            if not slot.writable or value == slot.value:
                continue
            if value is None:
                emptied.setdefault(definition.namespace, []).append(definition.name)
            else:
                given.setdefault(definition.namespace, {})[definition.name] = value
        if given:
            self._call("update", "group_id", given)
        if emptied:
            self._call("delete", "id", emptied)

    def _call(self, verb: str, naming: str, properties: dict[str, Any]) -> None:
        payload: dict[str, Any] = {"properties": properties}
        of = "license"
        if isinstance(self.holder, Group):
            of, payload[naming] = "group", self.holder.number
        visitors.call(self.request, f"{verb}_{of}_properties", payload)
