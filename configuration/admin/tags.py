"""Tags: which there are, and for which groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from chatplatform.admin import fields
from chatplatform.admin.nouns import Noun, NounForm
from chatplatform.models import Tag
from chatplatform.models.tags import MAX_TAG_NAME
from configuration.actions.tags import READ, WRITE
from configuration.admin import choices
from configuration.admin.lists import GatheringList


class TagForm(NounForm):
    """A tag. Its name can not be changed: chats carry it."""

    name = fields.text(
        _("Name"),
        _("What agents put on chats, and reports count. It can not be changed later."),
        max_length=MAX_TAG_NAME,
    )
    group_ids = fields.several(
        _("Groups"),
        help_text=_(
            "On whose chats agents can put it; with General, on every chat. Without any it is only "
            "kept."
        ),
        coerce=int,
    )

    class Meta:
        model = Tag
        fields = ("name", "group_ids")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group_ids"].choices = choices.groups(self.organization)  # type: ignore[attr-defined]
        self.fields["name"].disabled = self.instance.pk is not None


@admin.register(Tag)
class TagNoun(Noun):
    """The tags agents can put on chats."""

    form = TagForm
    section = "messages"
    icon = "sell"
    empty_words = _("Agents put tags on chats, to find and count them by. Add the first.")
    menu_title = _("Tags")
    order = 30
    audit_key = "name"
    scopes_to_view = READ
    scopes_to_change = WRITE
    list_display = ("name", "groups", "author_id", "created_at")
    search_fields = ("name",)
    search_help_text = _("Name")
    ordering = ("name",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[GatheringList]:
        """Return a list that names the groups of a page at once."""
        return GatheringList

    def gather(self, rows: Sequence[Tag]) -> None:
        """Put the names of their groups beside the tags."""
        choices.name_groups(rows)

    def consequences(self, request: HttpRequest, row: Tag) -> Iterable[str]:
        """Say what stays."""
        yield _now("Chats that carry it keep it, and can be found by it; no other chat gets it.")

    @display(description=_("Groups"))
    def groups(self, tag: Tag) -> str:
        """Return the names of the tag's groups."""
        return ", ".join(tag.names)  # type: ignore[attr-defined]

    def store(self, request: HttpRequest, row: Tag | None, values: dict[str, Any]) -> Tag | None:
        """Make the tag, or give it other groups."""
        if row is not None:
            payload = {"name": row.name, "group_ids": values["group_ids"]}
            self.call(request, "update_tag", payload, row)
            return None
        self.call(request, "create_tag", values)
        return Tag.objects.get(
            organization=self.organization_of(request, None), name=values["name"].strip()
        )

    def remove(self, request: HttpRequest, row: Tag) -> None:
        """Delete the tag."""
        self.call(request, "delete_tag", {"name": row.name}, row)
