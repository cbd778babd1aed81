"""Pages of the admin that are no lists: dashboards and settings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.generic import FormView, TemplateView

from chatplatform.admin import visitors
from chatplatform.admin.refusals import REFUSED, refuse
from chatplatform.admin.site import Site, site
from chatplatform.models import Organization


class Page(TemplateView):
    """A page with a place in the menu. Register a subclass with ``@register``.

    ``name`` is its URL name within ``admin:``, ``path`` where it is below ``/admin/``. Any one of
    ``scopes`` opens it; ``about_one`` pages are about one organisation, which a superuser has to
    choose first.
    """

    site: ClassVar[Site | None] = None
    name: ClassVar[str]
    path: ClassVar[str]
    title: ClassVar[str | Promise]
    icon: ClassVar[str]
    section: ClassVar[str] = ""
    order: ClassVar[int] = 50
    scopes: ClassVar[tuple[str, ...]] = ()
    about_one: ClassVar[bool] = True

    @classmethod
    def is_open_to(cls, request: HttpRequest) -> bool:
        """Tell whether whoever looks may open the page."""
        if cls.about_one and visitors.organization(request) is None:
            return False
        return not cls.scopes or visitors.has_scope(request, *cls.scopes)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Serve who may open the page; everybody else gets a 403.

        A superuser who looks at all organisations is asked to choose one first.
        """
        is_nowhere = self.about_one and visitors.organization(request) is None
        if is_nowhere and visitors.may_enter(request):
            messages.warning(request, _("Choose an organisation first: this page is about one."))
            return HttpResponseRedirect(reverse("admin:index"))
        if not self.is_open_to(request):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @property
    def organization(self) -> Organization:
        """The organisation the page is about; only on ``about_one`` pages."""
        return cast(Organization, visitors.organization(self.request))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the admin's frame shows."""
        self.request.current_app = "admin"
        return super().get_context_data(
            **site().each_context(self.request), title=self.title, **kwargs
        )


if TYPE_CHECKING:
    _FormView = FormView[Form]
else:
    _FormView = FormView


class FormPage(_FormView, Page, ABC):
    """A page that is one form, a :class:`~chatplatform.admin.shown.PageForm`.

    ``store`` changes something; what refuses it stands in the form.
    """

    template_name = "admin/form_page.html"
    saved: ClassVar[str | Promise] = ""
    """What is said once the change is made."""

    def form_valid(self, form: Form) -> HttpResponse:
        """Make the change, or show what refuses it beside what was typed."""
        try:
            with transaction.atomic():
                self.store(form.cleaned_data)
        except REFUSED as refusal:
            refuse(form, refusal)
            return self.form_invalid(form)
        messages.success(self.request, str(self.saved) or _("Saved."))
        return HttpResponseRedirect(self.request.get_full_path())

    @abstractmethod
    def store(self, values: dict[str, Any]) -> None:
        """Make the change. Raise :class:`ProtocolError` to refuse it.

        ``values``: what was changed on the page, and else what is stored by now.
        """


def register(page: type[Page]) -> type[Page]:
    """Add a page to the admin; a decorator."""
    return site().register_page(page)
