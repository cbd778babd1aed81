"""The base of every list and form of the admin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.sites import AdminSite
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.decorators import display

from chatplatform.admin import naming, visitors
from chatplatform.admin.refusals import REFUSED, refuse, words
from chatplatform.admin.shown import ShownForm
from chatplatform.models import Organization
from chatplatform.requester import AgentRequester

REFUSAL = "_refusal"
_DELETE: Final = "delete_selected"


if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[Any]
else:
    _ModelForm = forms.ModelForm


class NounForm(ShownForm, _ModelForm):
    """A form of the admin. It checks shapes; what is allowed, the service says.

    What nobody changed since the page was shown has the value that is stored by now (``shown.py``).

    ``request`` and ``organization`` (of the object, or the one it will be of) are there for fields
    that offer choices.
    """

    request: ClassVar[HttpRequest]
    organization: ClassVar[Organization | None]

    def is_new(self) -> bool:
        """Tell whether there is no object yet."""
        return bool(self.instance._state.adding)

    def clean(self) -> dict[str, Any]:
        """Show what refused the change when it was tried with these values."""
        values = super().clean() or self.cleaned_data
        refusal = getattr(self.request, REFUSAL, None)
        if refusal is not None:
            refuse(self, refusal)
        return values

    def _post_clean(self) -> None:
        """Leave the row alone: the service checks and writes it."""


class Noun(ModelAdmin):
    """A list of one organisation's objects, and the form of one.

    A subclass says how to ``store`` and ``remove`` one: through the action of the API
    (:meth:`call`), or a service within :meth:`acting`. Nothing is written by the admin itself.
    """

    form = NounForm
    section: ClassVar[str] = ""
    """The part of the menu (``site.SECTIONS``); empty: not in the menu."""
    icon: ClassVar[str] = "circle"
    order: ClassVar[int] = 50
    menu_title: ClassVar[str | Promise] = ""
    one: ClassVar[str | Promise] = ""
    """What one of them is called within a sentence; empty: the model's name."""
    labels: ClassVar[dict[str, str | Promise]] = {}
    """What fields are called that the form does not ask for, by their names (``naming.py``)."""
    empty_words: ClassVar[str | Promise] = gettext_lazy("There is nothing here yet.")
    """What an empty list says: what will appear in it, or how it gets there."""
    tenant: ClassVar[str] = "organization"
    """The way from a row to its organisation, as queries write it."""
    scopes_to_view: ClassVar[tuple[str, ...]] = ()
    scopes_to_change: ClassVar[tuple[str, ...]] = ()
    """Any one of each; without the latter nothing can be changed here."""
    audit_subject: ClassVar[str] = ""
    """What the audit log calls such objects (``services/audit.py``); empty: the model's name."""
    audit_key: ClassVar[str] = ""
    """The way to the field by which it knows one, as queries write it; empty: to the public id, or
    to the key of what has none."""
    can_add: ClassVar[bool] = True
    can_change: ClassVar[bool] = True
    can_remove: ClassVar[bool] = True
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    view_on_site = False
    compressed_fields = True
    warn_unsaved_form = True
    list_filter_sheet = False

    def __init__(self, model: type[Model], admin_site: AdminSite) -> None:
        super().__init__(model, admin_site)
        asked = getattr(self.form, "base_fields", {})
        labels = {name: field.label for name, field in asked.items() if field.label}
        naming.name(model, self.one, self.menu_title, {**labels, **self.labels})

    # --- what a subclass says ---

    def store(self, request: HttpRequest, row: Any | None, values: dict[str, Any]) -> Model | None:
        """Make (``row`` is ``None``) or change an object, and return the one made.

        ``values`` are those of the form: what was changed on it, and else what is stored by now.
        Raise :class:`ProtocolError` to refuse it.
        """
        raise PermissionDenied

    def remove(self, request: HttpRequest, row: Any) -> None:
        """Take an object away. Raise :class:`ProtocolError` to refuse it."""
        raise PermissionDenied

    def consequences(self, request: HttpRequest, row: Any) -> Iterable[str]:
        """Say what else the object's removal changes, and for how many."""
        return ()

    def why_it_stays(self, request: HttpRequest, row: Any) -> str:
        """Say why ``row`` can not be taken away, whoever asks; empty: it can be.

        Who may not take it away is another matter: that is ``has_delete_permission``.
        """
        if self.can_remove:
            return ""
        return _("What is listed here is not deleted by hand.")

    # --- who sees what ---

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any | None:
        """Return the row with this key; ``None`` for what no column of keys can hold, too."""
        if not self._may_be_key(object_id, from_field):
            return None
        return super().get_object(request, object_id, from_field)

    def _may_be_key(self, text: str, from_field: str | None = None) -> bool:
        """Tell whether a row could have this key: no NUL is in one, and no number too large."""
        if "\0" in text:
            return False
        column: Any = self.opts.get_field(from_field) if from_field else self.opts.pk
        while column.remote_field is not None:
            column = column.target_field
        try:
            column.run_validators(column.to_python(text))
        except (ValueError, ValidationError):
            return False
        return True

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """Lead to the list, and say that the object is not there."""
        said = _("%(name)s “%(key)s” is not there. It may have been deleted.") % {
            "name": capfirst(str(opts.verbose_name)),
            "key": unquote(object_id),
        }
        messages.warning(request, said)
        return HttpResponseRedirect(reverse(self.changelist_name()))

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Do what was chosen to the rows that were ticked; what can be no key is no row's."""
        if not all(map(self._may_be_key, request.POST.getlist(ACTION_CHECKBOX_NAME))):
            raise BadRequest
        return super().response_action(request, queryset)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows of the organisation that is looked at."""
        rows: QuerySet[Any] = super().get_queryset(request)
        organization = visitors.organization(request)
        if organization is None:
            if not visitors.account_of(request).is_superuser:
                return rows.none()
            return rows
        return rows.filter(**{self.tenant: organization})

    def organization_of(self, request: HttpRequest, row: Any | None) -> Organization | None:
        """Return the organisation of ``row``, or the one a new one will be of."""
        if row is None:
            return visitors.organization(request)
        found = row
        for step in self.tenant.split("__"):
            found = getattr(found, step)
        return cast(Organization, found)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Return the columns; where all organisations are looked at, whose each row is."""
        columns = list(super().get_list_display(request))
        if self.tenant and visitors.organization(request) is None:
            columns.insert(1, "whose")
        return columns

    def get_list_select_related(self, request: HttpRequest) -> Any:
        """Read along what the columns need."""
        related = super().get_list_select_related(request)
        if not self.tenant or isinstance(related, bool):
            return related or ([self.tenant] if self.tenant else related)
        return [*related, self.tenant]

    @display(description=gettext_lazy("Organisation"))
    def whose(self, row: Any) -> str:
        """Return the name of the row's organisation."""
        found = row
        for step in self.tenant.split("__"):
            found = getattr(found, step)
        return str(found) if found is not None else "–"

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Tell whether the noun is in the menu of whoever looks."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Tell whether whoever looks may see the list."""
        if not visitors.may_enter(request):
            return False
        return not self.scopes_to_view or visitors.has_scope(request, *self.scopes_to_view)

    def has_add_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Tell whether one can be made here: it needs an organisation."""
        if not self.can_add or visitors.organization(request) is None:
            return False
        return self._may_change(request)

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Tell whether one can be changed."""
        return self.can_change and self._may_change(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Tell whether one can be taken away."""
        return self.can_remove and self._may_change(request)

    def _may_change(self, request: HttpRequest) -> bool:
        if not visitors.may_enter(request) or not self.scopes_to_change:
            return False
        return visitors.has_scope(request, *self.scopes_to_change)

    # --- acting ---

    def asking(self, request: HttpRequest, row: Any | None = None) -> AgentRequester:
        """Return who asks, within the organisation of ``row``."""
        return visitors.asking(request, self.organization_of(request, row))

    def call(
        self,
        request: HttpRequest,
        name: str,
        payload: dict[str, Any],
        row: Any | None = None,
        *,
        api: str = "configuration",
    ) -> Any:
        """Run an action of the API as whoever looks; raise the error that refuses it."""
        within = self.organization_of(request, row)
        return visitors.call(request, name, payload, within=within, api=api)

    def acting(self, request: HttpRequest, row: Any | None = None) -> Any:
        """Return a block in which services act for whoever looks."""
        return visitors.acting(request, self.asking(request, row))

    # --- Django's admin, led to the services ---

    def get_form(
        self, request: HttpRequest, obj: Any | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Any]]:
        """Return the form's class, which knows the request and the organisation."""
        made = cast(Any, super().get_form(request, obj, change=change, **kwargs))
        made.request = request
        made.organization = self.organization_of(request, obj)
        return cast("type[forms.ModelForm[Any]]", made)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Serve the form. A change that is refused is undone and shown again, with the reason."""
        try:
            response = super().changeform_view(request, object_id, form_url, extra_context)
        except REFUSED as refusal:
            setattr(request, REFUSAL, refusal)
            response = super().changeform_view(request, object_id, form_url, extra_context)
        return cast(HttpResponse, response)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Serve the form of a new one; a superuser has to choose an organisation first."""
        is_nowhere = visitors.may_enter(request) and visitors.organization(request) is None
        if is_nowhere and not self.has_add_permission(request):
            messages.warning(request, _("Choose an organisation first, to add something to it."))
            return HttpResponseRedirect(reverse("admin:index"))
        return cast(HttpResponse, super().add_view(request, form_url, extra_context))

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """Return the row as it is."""
        return form.instance

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Have the service make or change the object."""
        made = self.store(request, obj if change else None, form.cleaned_data)
        if made is not None and made is not obj:
            obj.__dict__.update(made.__dict__)
        elif change:
            obj.refresh_from_db()  # what is said of it names it as it is now

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Write nothing: the service did."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Have the service take the object away."""
        self.remove(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return what can be done to several at once; what stays is not offered to be deleted."""
        found = cast("dict[str, Any]", super().get_actions(request))
        if _DELETE in found:
            found[_DELETE] = (_delete_what_goes, *found[_DELETE][1:])
        return found

    def _why_it_is_not_deleted(self, request: HttpRequest, row: Any) -> str:
        """Say why ``row`` is not deleted by whoever looks; empty: it can be."""
        why = self.why_it_stays(request, row)
        if not why and not self.has_delete_permission(request, row):
            why = _("your role does not allow it.")
        return why

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Have the service take each object away; one that is refused stops it, and undoes all."""
        for row in queryset:
            self.remove(request, row)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        """Lead back to the list, also where nothing can be changed in it."""
        super().response_delete(request, obj_display, obj_id)
        return HttpResponseRedirect(reverse(self.changelist_name()))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask before an object goes, and say what refuses it, or why it stays."""
        row = self.get_object(request, unquote(object_id))
        is_asked = request.method != "POST" and row is not None
        if is_asked and self.has_view_permission(request, row):
            why = self.why_it_stays(request, row)
            if why:
                messages.error(request, why)
                return HttpResponseRedirect(self.page_of(row))
        try:
            return cast(HttpResponse, super().delete_view(request, object_id, extra_context))
        except REFUSED as refusal:
            messages.error(request, words(refusal))
            return HttpResponseRedirect(reverse(self.changelist_name()))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Serve the list; a refused action on several rows changes nothing and says why."""
        try:
            return super().changelist_view(request, extra_context)
        except REFUSED as refusal:
            messages.error(request, words(refusal))
            return HttpResponseRedirect(request.get_full_path())

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Name what goes, each with what follows from that."""
        going = [(row, list(self.consequences(request, row))) for row in objs]
        return going, {str(self.opts.verbose_name_plural): len(going)}, set(), []

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to what the audit log says of the object."""
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        subject_type, subject_id = self.audited(row)
        wanted = urlencode({"subject_type": subject_type, "subject_id": subject_id})
        log = reverse("admin:chatplatform_auditentry_changelist")
        return HttpResponseRedirect(f"{log}?{wanted}")

    def audited(self, row: Any) -> tuple[str, str]:
        """Return the kind and the id by which the audit log knows ``row``."""
        found = row
        for step in (self.audit_key or _known_by(row)).split("__"):
            found = getattr(found, step)
        return self.audited_type(), str(found)

    def audited_type(self) -> str:
        """Return the kind by which the audit log knows such objects."""
        return self.audit_subject or str(self.opts.model_name)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Log nothing: the service wrote an audit entry."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Log nothing: the service wrote an audit entry."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Log nothing: the service wrote an audit entry."""

    # --- where it is ---

    def page_of(self, row: Any) -> str:
        """Return where the form of ``row`` is."""
        return reverse(f"{self._names(self.model)}_change", args=[quote(row.pk)])

    # --- the menu ---

    def title(self) -> str:
        """Return what the menu says."""
        return str(self.menu_title) or str(self.opts.verbose_name_plural).capitalize()

    @classmethod
    def _names(cls, model: type[Model]) -> str:
        return f"admin:{model._meta.app_label}_{model._meta.model_name}"

    def changelist_name(self) -> str:
        """Return the URL name of the list."""
        return f"{self._names(self.model)}_changelist"


def _delete_what_goes(noun: Noun, request: HttpRequest, rows: QuerySet[Any]) -> Any:
    """Ask before rows are deleted, then do it; of those that stay, only say why."""
    staying = []
    for row in rows:
        why = noun._why_it_is_not_deleted(request, row)
        if why:
            staying.append(row.pk)
            said = _("“%(name)s” is not deleted: %(why)s") % {"name": row, "why": why}
            messages.warning(request, said)
    going = rows.exclude(pk__in=staying)
    return delete_selected(noun, request, going) if going.exists() else None


def _known_by(row: Any) -> str:
    return "public_id" if hasattr(row, "public_id") else "pk"
