"""The admin's site: who may enter, what stands in its menu, and the pages that are no lists."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import SimpleTemplateResponse, TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from chatplatform.admin import tabs, visitors
from chatplatform.admin.nouns import Noun
from chatplatform.selectors import organizations

if TYPE_CHECKING:
    from chatplatform.admin.pages import Page

POLICY: Final[dict[str, list[str]]] = {
    "default-src": [SELF],
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:", "blob:"],
    "connect-src": [SELF],
    "frame-src": [SELF],
    "object-src": [NONE],
    "base-uri": [NONE],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
}
"""What the admin may load. Its menus are written in attributes, which their library evaluates."""

SECTIONS: Final[tuple[tuple[str, str | Promise], ...]] = (
    ("chats", _("Chats")),
    ("people", _("People")),
    ("website", _("Website")),
    ("messages", _("Messages")),
    ("integrations", _("Integrations")),
    ("settings", _("Settings")),
    ("records", _("Records")),
    ("platform", _("Platform")),
)
"""The parts of the menu, from top to bottom; nouns and pages name theirs."""

OVERVIEW: Final = "overview"
"""The name of the page that is the admin's first."""

OFFERED: Final = 12
"""How many organisations a superuser is offered to choose from; the list has them all."""

ACCOUNT_LINKS: Final[tuple[tuple[str, str | Promise], ...]] = (
    ("workspace", _("Workspace")),
    ("console", _("Developer console")),
    ("account", _("Your account")),
)
"""Other pages of whoever looks, by URL name."""


class Site(UnfoldAdminSite):
    """One admin for every organisation, each of which sees its own."""

    site_title = _("Administration")
    site_header = _("Administration")
    index_title = _("Overview")
    enable_nav_sidebar = True
    settings_name = "UNFOLD"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.pages: dict[str, type[Page]] = {}

    def register(
        self, model_or_iterable: Any, admin_class: Any | None = None, **options: Any
    ) -> None:
        """Add a noun. What libraries bring of their own knows no organisations, and stays out."""
        if admin_class is not None and issubclass(admin_class, Noun):
            super().register(model_or_iterable, admin_class, **options)

    def register_page(self, page: type[Page]) -> type[Page]:
        """Add a page; usable as a decorator."""
        if page.name in self.pages:
            raise ValueError(f"the admin has a page {page.name} already")
        self.pages[page.name] = page
        return page

    def has_permission(self, request: HttpRequest) -> bool:
        """Tell whether whoever looks may enter."""
        return visitors.may_enter(request)

    def admin_view(
        self, view: Callable[..., HttpResponse], cacheable: bool = False
    ) -> Callable[..., HttpResponse]:
        """Return ``view`` behind the door, with the admin's own content security policy.

        Times are shown in the time zone of whoever looks. What was sent from a page of another
        organisation than the one looked at now does nothing; but choosing one always works.
        """
        is_choosing = view == self.choose_organization
        guarded = super().admin_view(view if is_choosing else self._tied(view), cacheable)

        def with_policy(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if _has_nul(request):
                raise BadRequest
            with timezone.override(visitors.zone(request)):
                response: HttpResponse = guarded(request, *args, **kwargs)
                if isinstance(response, SimpleTemplateResponse):
                    response.render()
            if not hasattr(response, "_csp_replace"):
                response._csp_replace = POLICY  # type: ignore[attr-defined]
            return response

        return with_policy

    def _tied(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        """Return ``view``, which is not called for what came from another organisation's page."""

        @wraps(view)
        def tied(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            elsewhere = tabs.enter(request)
            if elsewhere is None:
                return view(request, *args, **kwargs)
            request.current_app = self.name
            context = {
                **self.each_context(request),
                "title": _("Nothing was changed"),
                "elsewhere": elsewhere,
            }
            return TemplateResponse(request, "admin/elsewhere.html", context, status=tabs.STATUS)

        return tied

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the sign-in of all pages; tell who may not enter so, and where else they may."""
        if self.has_permission(request):
            return redirect(reverse("admin:index"))
        if request.user.is_authenticated:
            raise PermissionDenied
        wanted = request.GET.get(REDIRECT_FIELD_NAME, reverse("admin:index"))
        return redirect(f"{reverse('signin')}?{urlencode({REDIRECT_FIELD_NAME: wanted})}")

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the sign-out of all pages."""
        return redirect(reverse("signout"), preserve_request=True)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the frame of every page shows."""
        context: dict[str, Any] = super().each_context(request)
        sees_all = visitors.may_enter(request) and visitors.account_of(request).is_superuser
        return {
            **context,
            "site_title": self.site_title,
            "site_header": self.site_header,
            "account_links": [
                {"title": title, "link": reverse(name)} for name, title in ACCOUNT_LINKS
            ],
            "sees_all": sees_all,
            "who_looks": visitors.name(request),
            "looked_at": visitors.organization(request) if self.has_permission(request) else None,
            "organizations_to_choose": organizations.by_name(OFFERED) if sees_all else [],
        }

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Serve the overview: the page of that name."""
        return self.pages[OVERVIEW].as_view(site=self)(request)

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses of the admin, without the one that leads to objects by their type.

        It knows no organisations.
        """
        return [one for one in super().get_urls() if getattr(one, "name", "") != "view_on_site"]

    def extra_urls(self) -> list[URLPattern]:
        """Return the addresses of the pages, and of what the frame itself does."""
        choosing = self.admin_view(self.choose_organization)
        return [
            path("organization/choose/", choosing, name="choose_organization"),
            *(
                path(page.path, self.admin_view(page.as_view(site=self)), name=name)
                for name, page in self.pages.items()
            ),
        ]

    def choose_organization(self, request: HttpRequest) -> HttpResponse:
        """Let a superuser work in one organisation, or look at all; lead back to where they were.

        A page about an object of another organisation may be no more; then to the overview.
        """
        if request.method != "POST" or not visitors.account_of(request).is_superuser:
            raise Http404
        chosen = request.POST.get("organization", "")
        found = organizations.by_text(chosen) if chosen else None
        if chosen and found is None:
            raise Http404
        visitors.choose(request, found)
        return redirect(_safe_list(request.POST.get("next", ""), request))

    def search(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Answer nothing: the menu is searched in the browser, and objects in their lists."""
        raise Http404

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the overview: how the code is divided is nobody's business."""
        return redirect(reverse("admin:index"))

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Answer nothing: passwords are changed on the account's own pages."""
        raise Http404

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Return the menu: what whoever looks may open, in the parts it belongs to."""
        entries = sorted(self._entries(request), key=lambda entry: entry["order"])
        overview = {
            "title": _("Overview"),
            "icon": "monitoring",
            "link": reverse("admin:index"),
            "active": request.path == reverse("admin:index"),
            "has_permission": True,
        }
        groups: list[dict[str, Any]] = [{"title": None, "items": [overview]}]
        for key, title in SECTIONS:
            items = [entry for entry in entries if entry["section"] == key]
            if items:
                groups.append({"title": title, "separator": True, "items": items})
        return groups

    def _entries(self, request: HttpRequest) -> list[dict[str, Any]]:
        nouns = [
            _entry(request, noun, noun.title(), reverse(noun.changelist_name()))
            for noun in self._registry.values()
            if getattr(noun, "section", "") and noun.has_module_permission(request)
        ]
        pages = [
            _entry(request, page, page.title, reverse(f"admin:{page.name}"))
            for page in self.pages.values()
            if page.section and page.is_open_to(request)
        ]
        return nouns + pages


def _has_nul(request: HttpRequest) -> bool:
    """Tell whether the address, or the choice of rows, holds what no database looks for."""
    given = [*request.GET.keys(), *(one for found in request.GET.lists() for one in found[1])]
    chosen = request.POST.getlist(ACTION_CHECKBOX_NAME) if request.method == "POST" else []
    return any("\0" in text for text in (*given, *chosen))


def _entry(request: HttpRequest, of: Any, title: Any, link: str) -> dict[str, Any]:
    return {
        "title": title,
        "icon": of.icon,
        "link": link,
        "active": request.path.startswith(link),
        "has_permission": True,
        "section": of.section,
        "order": of.order,
    }


def _safe_list(wanted: str, request: HttpRequest) -> str:
    """Return ``wanted`` if it is a page that every organisation has, else the index."""
    index = reverse("admin:index")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    if not is_ours or not wanted.startswith(index):
        return index
    bare = wanted.split("?")[0]
    is_about_one = any(f"/{part}/" in bare for part in ("change", "delete", "history"))
    return index if is_about_one else bare


def site() -> Site:
    """Return the site that is served."""
    return admin.site  # type: ignore[return-value]
