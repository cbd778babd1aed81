"""What can be done to an object beside changing its fields: asked for, with what follows from it.

A :class:`Deed` is a button on the object's page and, for several at once, an entry in the list's
menu. Both lead to a page that names the consequences; only from there is it done.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any, ClassVar, Final, cast

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from chatplatform.admin.nouns import Noun
from chatplatform.admin.refusals import REFUSED, words

Words = str | Promise
_MADE: Final = "_secret_of_what_was_made"
_ONCE: Final = "admin_shown_once"


class Deed(ABC):
    """Something that can be done to a row of a noun, once it was confirmed."""

    name: ClassVar[str]
    """Ends the address, and names the entry in the list's menu."""
    title: ClassVar[Words]
    """What the button says, beginning with a verb."""
    done: ClassVar[Words]
    """What is said afterwards."""
    dangerous: ClassVar[bool] = False
    for_several: ClassVar[bool] = True
    takes_away: ClassVar[bool] = False
    """Whether the row is gone afterwards."""
    in_steps: ClassVar[bool] = False
    """Whether no transaction may be around it: the service takes long and commits as it goes, and
    what it did before it broke off stays done. Such a deed is for one row at a time."""
    secret_label: ClassVar[Words] = _lazy("Secret")
    secret_help: ClassVar[Words] = _lazy(
        "It is shown this once: only a checksum of it is kept. Store it where the program that "
        "uses it finds it."
    )

    def is_offered(self, request: HttpRequest, row: Any) -> bool:
        """Tell whether it would change anything about ``row``."""
        return True

    def consequences(self, request: HttpRequest, row: Any) -> Iterable[str]:
        """Say what else changes, and for how many."""
        return ()

    @abstractmethod
    def do(self, noun: DeedNoun, request: HttpRequest, row: Any) -> str | HttpResponseBase | None:
        """Do it; return a secret that is shown now and never again, if one was made, or an answer
        that is not a page, such as a file.

        Raise :class:`ProtocolError` to refuse it.
        """


class DeedNoun(Noun):
    """A noun with deeds."""

    deeds: ClassVar[tuple[Deed, ...]] = ()
    secret_label: ClassVar[Words] = Deed.secret_label
    secret_help: ClassVar[Words] = Deed.secret_help
    """What is said of a secret that a new object has."""
    change_form_outer_before_template = "admin/people/deeds.html"

    def may_do(self, request: HttpRequest, row: Any | None = None) -> bool:
        """Tell whether whoever looks may do deeds: who may change the object."""
        return self.has_change_permission(request, row)

    def about(self, request: HttpRequest, row: Any) -> Iterable[str]:
        """Return sentences that stand above the object's form."""
        return ()

    # --- where they are -----------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Add a page for each deed, which asks before it is done."""
        made = [
            path(
                f"<path:object_id>/{deed.name}/",
                self.admin_site.admin_view(self.deed_view),
                {"deed": deed},
                name=self._url_name(deed),
            )
            for deed in self.deeds
        ]
        secret = path(
            "<path:object_id>/secret/",
            self.admin_site.admin_view(self.secret_view),
            name=self._secret_name,
        )
        return [*made, secret, *super().get_urls()]

    @property
    def _secret_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_secret"

    def _url_name(self, deed: Deed) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{deed.name}"

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Add what can be done to several at once, for who may change them."""
        found = super().get_actions(request)
        if self.may_do(request):
            for deed in self.deeds:
                if deed.for_several:
                    found[deed.name] = (_for_several(deed), deed.name, str(deed.title))
        return found

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Serve the form, with the deeds that would change something above it."""
        row = self.get_object(request, unquote(object_id))
        more: dict[str, Any] = {}
        if row is not None:
            more = {"about": list(self.about(request, row)), "deeds": self._offers(request, row)}
        context = {**more, **(extra_context or {})}
        return cast(HttpResponse, super().change_view(request, object_id, form_url, context))

    def _offers(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        if not self.may_do(request, row):
            return []
        return [
            {
                "title": deed.title,
                "dangerous": deed.dangerous,
                "link": reverse(f"admin:{self._url_name(deed)}", args=[quote(row.pk)]),
            }
            for deed in self.deeds
            if deed.is_offered(request, row)
        ]

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret of what was made, if :meth:`keep_secret` has one."""
        secret = getattr(request, _MADE, None)
        if secret is not None:
            return self.show_secret(request, obj, secret)
        return cast(HttpResponse, super().response_add(request, obj, post_url_continue))

    def keep_secret(self, request: HttpRequest, secret: str) -> None:
        """Have the page after ``request``, which made something, show its secret."""
        setattr(request, _MADE, secret)

    # --- doing them ---------------------------------------------------------------------------

    def deed_view(self, request: HttpRequest, object_id: str, deed: Deed) -> HttpResponse:
        """Ask before a deed is done to one row; then do it."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.may_do(request, row):
            raise PermissionDenied
        back = self.page_of(row)
        if request.method != "POST":
            return self._ask(request, deed, [row], back)
        try:
            with nullcontext() if deed.in_steps else transaction.atomic():
                outcome = deed.do(self, request, row)
        except REFUSED as refusal:
            messages.error(request, words(refusal))
            return HttpResponseRedirect(back)
        if isinstance(outcome, HttpResponseBase):
            return cast(HttpResponse, outcome)
        if outcome is not None:
            return self.show_secret(request, row, outcome, deed)
        messages.success(request, str(deed.done))
        return HttpResponseRedirect(reverse(self.changelist_name()) if deed.takes_away else back)

    def do_to_several(
        self, request: HttpRequest, rows: QuerySet[Any], deed: Deed
    ) -> HttpResponse | None:
        """Ask before a deed is done to the rows it would change; then do it to all, or to none."""
        concerned = [
            row
            for row in rows.order_by("pk")
            if self.may_do(request, row) and deed.is_offered(request, row)
        ]
        if not concerned:
            messages.warning(request, _("There is nothing to do for these."))
            return None
        if not request.POST.get("confirmed"):
            return self._ask(request, deed, concerned, request.get_full_path(), several=True)
        with transaction.atomic():
            for row in concerned:
                deed.do(self, request, row)
        messages.success(request, str(deed.done))
        return None

    def _ask(
        self, request: HttpRequest, deed: Deed, rows: list[Any], back: str, *, several: bool = False
    ) -> HttpResponse:
        return self._page(
            request,
            "admin/people/deed.html",
            deed.title,
            deed=deed,
            concerned=[(row, list(deed.consequences(request, row))) for row in rows],
            several=several,
            checkbox=ACTION_CHECKBOX_NAME,
            back=back,
        )

    def show_secret(
        self,
        request: HttpRequest,
        row: Any,
        secret: str,
        deed: Deed | None = None,
    ) -> HttpResponse:
        """Lead to the page that shows a secret once, which ``deed`` or making the row gave it.

        Until then it is kept in the session, which lies encrypted. So the page can be opened again
        without doing anything a second time.
        """
        page = reverse(f"admin:{self._secret_name}", args=[quote(row.pk)])
        request.session[_ONCE] = {"page": page, "secret": secret, "of": deed.name if deed else ""}
        return HttpResponseRedirect(page)

    def secret_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the secret that was just made, and forget it; else say that it was shown."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        kept = request.session.get(_ONCE, {})
        is_kept = request.method == "GET" and kept.get("page") == request.path
        if is_kept:
            del request.session[_ONCE]
        given_by = next((deed for deed in self.deeds if deed.name == kept.get("of")), self)
        return self._page(
            request,
            "admin/people/secret.html",
            _("Copy this now") if is_kept else _("It was shown once"),
            row=row,
            secret=kept["secret"] if is_kept else "",
            label=given_by.secret_label,
            help=given_by.secret_help,
            on=self.page_of(row),
        )

    def _page(
        self, request: HttpRequest, template: str, title: Words, **context: Any
    ) -> HttpResponse:
        request.current_app = self.admin_site.name
        frame = self.admin_site.each_context(request)
        return TemplateResponse(
            request, template, {**frame, "opts": self.opts, "title": title, **context}
        )


def _for_several(deed: Deed) -> Callable[..., HttpResponse | None]:
    def act(noun: DeedNoun, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        return noun.do_to_several(request, rows, deed)

    return act


def counted(held: object, lines: Mapping[str, Promise]) -> Iterable[str]:
    """Say of what ``held`` has how many there are, and nothing of what it has none of.

    ``lines`` are ``ngettext_lazy(…, "count")`` by the names of its numbers.
    """
    for name, line in lines.items():
        if count := getattr(held, name):
            yield str(line % {"count": count})


def chats_move(count: int, none: str) -> str:
    """Return the consequence for ``count`` running chats of somebody who leaves them; ``none`` is
    what to say where there are none.
    """
    if not count:
        return none
    return ngettext(
        "%(count)d running chat goes to somebody else, or waits in the queue.",
        "%(count)d running chats go to somebody else, or wait in the queue.",
        count,
    ) % {"count": count}
