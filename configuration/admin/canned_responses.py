"""Canned responses: texts agents prepare, for their group or for themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from chatplatform.admin import fields, visitors
from chatplatform.admin.nouns import Noun, NounForm
from chatplatform.models import CannedResponse
from chatplatform.selectors.people import NO_SEAT
from chatplatform.services.canned_responses import TEXT_LENGTH
from configuration.actions.canned_responses import CREATE, READ, WRITE
from configuration.admin import choices


class CannedResponseForm(NounForm):
    """A prepared text."""

    asked_as: ClassVar[dict[str, str]] = {"tags": "shortcuts"}
    text = fields.long_text(
        _("Text"),
        _("What is put into the message field; agents can still change it. Markup is taken out."),
        max_length=TEXT_LENGTH,
    )
    shortcuts = fields.long_text(
        _("Shortcuts"), _("One a line. Agents type # and one of these to find the text: “#hello”.")
    )
    group_id = fields.choice(
        _("Group"), help_text=_("Whose agents find it; General's are everybody."), coerce=int
    )
    is_private = fields.switch(
        _("For me only"), _("On: nobody but you finds it, and it goes when your seat goes.")
    )

    class Meta:
        model = CannedResponse
        fields = ("text", "is_private")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "group_id" not in self.fields:  # it is only looked at
            return
        self.fields["group_id"].choices = choices.groups(self.organization)  # type: ignore[attr-defined]
        if self.instance.pk is not None:
            self.fields["shortcuts"].required = False
            self.initial["shortcuts"] = "\n".join(_line(tag) for tag in self.instance.tags)
            self.initial["group_id"] = self.instance.group.number

    def clean_shortcuts(self) -> list[str]:
        """Return the shortcuts one by one, each once; those there were stay as they are."""
        lines = [_line(line) for line in self.cleaned_data["shortcuts"].splitlines()]
        before: list[str] = self.instance.tags if self.instance.pk is not None else []
        if [line for line in lines if line] == [_line(tag) for tag in before if _line(tag)]:
            return before
        known = {_line(tag): tag for tag in before}
        tags = (known.get(line, line.removeprefix("#").strip()) for line in lines)
        return list(dict.fromkeys(tag for tag in tags if tag))


def _line(tag: str) -> str:
    """Return a shortcut as it stands in a line of its own."""
    return " ".join(tag.split())


@admin.register(CannedResponse)
class CannedResponseNoun(Noun):
    """The texts everybody may use, and one's own; nobody reads what others keep to themselves."""

    form = CannedResponseForm
    section = "messages"
    audit_subject = "canned_response"
    icon = "quickreply"
    empty_words = _(
        "Answers you give often stand here, and agents write them with a few keys. Add the first."
    )
    menu_title = _("Canned responses")
    order = 20
    scopes_to_view = READ
    scopes_to_change = WRITE
    list_display = ("short", "shortcuts", "group_name", "is_private", "author", "updated_at")
    list_filter = ("is_private",)
    search_fields = ("text", "tags")
    search_help_text = _("Text or shortcut")
    ordering = ("-updated_at", "-pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CannedResponse]:
        """Return what is shared, and what whoever looks keeps to themselves."""
        rows: QuerySet[CannedResponse] = super().get_queryset(request)
        who = visitors.requester(request)
        own = Q(author_id=who.agent_id) if who is not None else Q()
        mine = rows.filter(Q(is_private=False) | own) if own else rows.filter(is_private=False)
        return mine.select_related("group", "author", "organization")

    def has_add_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Tell whether whoever looks may make one, and can be its author: a superuser has no seat.

        Making them has a scope of its own.
        """
        may = super().has_add_permission(request, obj) and visitors.has_scope(request, *CREATE)
        return may and self._has_seat(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Tell whether whoever looks can be the one who changed it last."""
        return super().has_change_permission(request, obj) and self._has_seat(request, obj)

    def _has_seat(self, request: HttpRequest, row: CannedResponse | None) -> bool:
        who = visitors.requester(request, row.organization if row else None)
        return who is not None and who.agent_id != NO_SEAT

    @display(description=_("Text"), ordering="text")
    def short(self, response: CannedResponse) -> str:
        """Return how the text begins."""
        return Truncator(response.text).chars(100)

    @display(description=_("Shortcuts"))
    def shortcuts(self, response: CannedResponse) -> str:
        """Return the shortcuts as agents type them."""
        return " ".join(f"#{tag}" for tag in response.tags)

    @display(description=_("Group"), ordering="group__number")
    def group_name(self, response: CannedResponse) -> str:
        """Return the group's name."""
        return str(response.group.name)

    def store(
        self, request: HttpRequest, row: CannedResponse | None, values: dict[str, Any]
    ) -> CannedResponse | None:
        """Keep the text, or change it."""
        payload = {
            "text": values["text"],
            "tags": values["shortcuts"],
            "group_id": values["group_id"],
            "is_private": values["is_private"],
        }
        if row is not None:
            self.call(request, "update_canned_response", {"id": row.pk, **payload}, row)
            return None
        made = self.call(request, "create_canned_response", payload)
        return self.get_queryset(request).get(pk=made["id"])

    def remove(self, request: HttpRequest, row: CannedResponse) -> None:
        """Forget the text."""
        self.call(request, "delete_canned_response", {"id": row.pk}, row)

    def consequences(self, request: HttpRequest, row: CannedResponse) -> Iterable[str]:
        """Say who does not find it any more."""
        if row.is_private:
            yield _now("Only you could find it.")
        else:
            yield _now("Agents of %(group)s do not find it any more; what was sent stays.") % {
                "group": row.group.name
            }
