"""The lines that put the widget on a page, and whether they are there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _

from chatplatform.admin import fields
from chatplatform.admin.pages import Page, register
from chatplatform.selectors import domains, installation
from chatplatform.transports.addresses import public_url
from configuration.admin import choices


class SnippetForm(forms.Form):
    """For whose pages the lines are."""

    group = fields.choice(
        _("Group"),
        help_text=_("Who answers visitors of these pages."),
        required=False,
    )
    language = fields.choice(
        _("Language"),
        help_text=_("The page's own, unless the page says it wrongly or not at all."),
        required=False,
    )

    def __init__(self, *args: Any, groups: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].choices = [  # type: ignore[attr-defined]
            ("" if number == 0 else str(number), name) for number, name in groups
        ]
        self.fields["language"].choices = [  # type: ignore[attr-defined]
            ("", _("The page's own")),
            *settings.LANGUAGES,
        ]


@register
class SnippetPage(Page):
    """What to paste, for which pages, and where it has been seen."""

    name = "snippet"
    path = "website/install/"
    title = _("Install the widget")
    icon = "code"
    section = "website"
    order = 5
    template_name = "admin/website/snippet.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the lines, and what is known of the pages that hold them."""
        organization = self.organization
        data = self.request.GET if self.request.GET else {}
        form = SnippetForm(data, groups=choices.groups(organization))
        chosen = form.cleaned_data if form.is_valid() else {}
        address = public_url(self.request)
        return super().get_context_data(
            form=form,
            snippet=_snippet(address, str(organization.pk), chosen),
            address=address,
            policy=f"script-src {address}; frame-src {address}",
            sites=installation.sites(organization),
            first_seen=installation.first_seen(organization),
            last_seen=organization.website_last_activity,
            domains=domains.allowed_domains(organization.pk),
            demo=f"{reverse('demo')}?{urlencode({'organization_id': organization.pk})}",
            **kwargs,
        )


def _snippet(address: str, organization_id: str, chosen: dict[str, Any]) -> str:
    """Return the script element; its attributes are the loader's settings."""
    group, language = chosen.get("group", ""), chosen.get("language", "")
    query = {"organization_id": organization_id} | ({"group_id": group} if group else {})
    attributes = {
        "src": f"{address}{reverse('widget_loader')}?{urlencode(query)}",
        "data-organization-id": organization_id,
        **({"data-group-id": group} if group else {}),
        **({"data-language": language} if language else {}),
    }
    written = "\n  ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    return f"<script\n  {written}\n  async></script>"
