"""The tag ``csrf_token``, which also ties a form to the organisation it was shown in."""

from __future__ import annotations

from django import template
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.defaulttags import CsrfTokenNode
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chatplatform.admin import tabs

register = template.Library()


class TiedFormNode(CsrfTokenNode):
    """The token, and for who can choose an organisation the one that is looked at."""

    def render(self, context: Context) -> SafeString:
        """Return the hidden fields."""
        token = SafeString(super().render(context))
        request = context.get("request")
        told = tabs.told(request) if request is not None else None
        if told is None:
            return token
        return format_html('{}<input type="hidden" name="{}" value="{}">', token, tabs.FIELD, told)


@register.tag("csrf_token")
def csrf_token(parser: Parser, token: Token) -> TiedFormNode:
    """Return the tag; it is a builtin of all templates, so that no form can do without."""
    return TiedFormNode()
