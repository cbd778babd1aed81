"""The keys a site's server signs proofs of identity with, and how it does that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from chatplatform.admin import fields
from chatplatform.admin.nouns import NounForm
from chatplatform.models import IdentityKey
from chatplatform.services import identity_keys
from chatplatform.services.customer_identities import OWN_CUSTOMERS
from chatplatform.templatetags.admin_words import moment
from configuration.admin.deeds import DeedNoun

LANGUAGES: Final = (("py", "Python"), ("js", "Node.js"), ("php", "PHP"), ("rb", "Ruby"))


class KeyForm(NounForm):
    """A key: all that can be said of it is a name."""

    name = fields.text(
        _("Name"),
        _("For you to know it by, such as the site or server that uses it."),
        max_length=identity_keys.MAX_NAME,
    )

    class Meta:
        model = IdentityKey
        fields = ("name",)


@admin.register(IdentityKey)
class IdentityKeyNoun(DeedNoun):
    """The organisation's identity keys."""

    form = KeyForm
    secret_help = _(
        "It is shown this once. Store it where your server finds it, and nowhere else: whoever has "
        "it can be any of your customers. The next page says how proofs are signed."
    )
    section = "website"
    icon = "key"
    empty_words = _(
        "With a key your site can prove who is signed in there, so that agents know for "
        "certain whom they talk to."
    )
    menu_title = _("Identity keys")
    order = 40
    audit_subject = "identity_key"
    scopes_to_view = (OWN_CUSTOMERS,)
    scopes_to_change = (OWN_CUSTOMERS,)
    list_display = ("name", "key_id", "created_at", "used")
    search_fields = ("name", "public_id")
    ordering = ("-created_at",)
    readonly_fields: ClassVar[tuple[str, ...]] = ("key_id", "used")
    change_form_outer_after_template = "admin/identity/key.html"

    @display(description=_("Key id"))
    def key_id(self, key: IdentityKey) -> str:
        """Return what proofs name it by."""
        return key.public_id

    @display(description=_("Last used"), empty_value=_("Never"), ordering="last_used_at")
    def used(self, key: IdentityKey) -> str | None:
        """Return when a proof signed with it was last redeemed."""
        return moment(key.last_used_at) if key.last_used_at else None

    def get_fields(self, request: HttpRequest, obj: Any | None = None) -> Any:
        """Return what the form shows."""
        return ("name",) if obj is None else ("name", "key_id", "used")

    def store(
        self, request: HttpRequest, row: IdentityKey | None, values: dict[str, Any]
    ) -> IdentityKey | None:
        """Make a key, whose secret is shown once, or name it otherwise."""
        organization_id = self.asking(request, row).organization_id
        with self.acting(request, row):
            if row is not None:
                identity_keys.rename_identity_key(organization_id, row.public_id, values["name"])
                return None
            made = identity_keys.create_identity_key(organization_id, values["name"])
        self.keep_secret(request, made.secret)
        return made.key

    def remove(self, request: HttpRequest, row: IdentityKey) -> None:
        """Take the key away."""
        with self.acting(request, row):
            identity_keys.delete_identity_key(row.organization_id, row.public_id)

    def consequences(self, request: HttpRequest, row: IdentityKey) -> Iterable[str]:
        """Say what the site has to expect."""
        yield _now("Proofs signed with it are refused from now on.")
        yield _now("Who is signed in already stays so for up to eight hours.")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Serve the form, and below it how proofs are signed with the key."""
        row = self.get_object(request, object_id)
        more = {} if row is None else {"examples": _examples(request, row)}
        return super().change_view(request, object_id, form_url, {**more, **(extra_context or {})})


def _examples(request: HttpRequest, key: IdentityKey) -> list[dict[str, Any]]:
    known = {
        "key": key.public_id,
        "organization": str(key.organization_id),
        "widget": request.build_absolute_uri(reverse("widget_loader")),
    }
    found = [
        {"id": "page", "title": _now("On your pages"), "code": _filled("page.html", known)},
    ]
    for ending, language in LANGUAGES:
        title = _now("On your server, in %(language)s") % {"language": language}
        found.append({"id": ending, "title": title, "code": _filled(f"proof.{ending}", known)})
    return found


def _filled(name: str, known: dict[str, str]) -> str:
    """Return an example with the key's own ids; the page escapes it."""
    return "".join(render_to_string(f"admin/identity/{name}.txt", known))
