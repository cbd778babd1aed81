"""Groups: who answers whom, and in which language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.decorators import display

from chatplatform.admin import fields
from chatplatform.admin.nouns import NounForm
from chatplatform.models import Group
from chatplatform.models.groups import GENERAL_GROUP
from chatplatform.selectors import group_contents
from chatplatform.services import routing
from chatplatform.services.groups import MANAGE_ALL
from chatplatform.services.organizations import NAME_LENGTH
from configuration.actions.groups import READ_ALL
from configuration.admin import priorities
from configuration.admin.deeds import DeedNoun, counted
from configuration.admin.lists import STATUS_COLOURS, GatheringList, status_badge

GENERAL: str = _(  # type: ignore[assignment]
    "This is General, the group everybody belongs to. It can be renamed, but not deleted; here you "
    "set who of everybody is asked first, last or never."
)


_LOST: Final = {
    "running_chats": ngettext_lazy(
        "%(count)d running chat falls back to General, unless another group has it, too.",
        "%(count)d running chats fall back to General, unless another group has them, too.",
        "count",
    ),
    "closed_chats": ngettext_lazy(
        "%(count)d closed chat falls back to General, unless another group has it, too.",
        "%(count)d closed chats fall back to General, unless another group has them, too.",
        "count",
    ),
    "customers": ngettext_lazy(
        "%(count)d customer on its pages is General's.",
        "%(count)d customers on its pages are General's.",
        "count",
    ),
    "canned_responses": ngettext_lazy(
        "%(count)d canned response is deleted with it.",
        "%(count)d canned responses are deleted with it.",
        "count",
    ),
    "greetings": ngettext_lazy(
        "%(count)d greeting is deleted with it.",
        "%(count)d greetings are deleted with it.",
        "count",
    ),
    "forms": ngettext_lazy(
        "%(count)d form is deleted with it.",
        "%(count)d forms are deleted with it.",
        "count",
    ),
}
"""What falls back to General with a group, and what is deleted, by the numbers of
``group_contents.Contents``."""


class GroupForm(NounForm):
    """A group and its members."""

    name = fields.text(
        _("Name"), _("Customers who may choose a group see it."), max_length=NAME_LENGTH
    )
    language_code = fields.choice(
        _("Language"),
        help_text=_(
            "In which the widget speaks on this group's pages. You can say it in your own way "
            "under Words."
        ),
    )
    members = priorities.PrioritiesField(
        label=_("Members"), help_text=priorities.HELP, required=False
    )

    class Meta:
        model = Group
        fields = ("name", "language_code")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "members" not in self.fields:  # it is only looked at
            return
        group = self.instance if self.instance.pk else None
        field = cast(priorities.PrioritiesField, self.fields["members"])
        field.offer(priorities.agents_of(self.organization, group))
        languages = dict(settings.LANGUAGES)
        if group is not None:
            languages.setdefault(group.language_code, group.language_code)
            self.initial["members"] = priorities.members_of(group)
        self.fields["language_code"].choices = sorted(languages.items())  # type: ignore[attr-defined]
        self.fields["language_code"].initial = "en"


@admin.register(Group)
class GroupNoun(DeedNoun):
    """The groups of agents."""

    form = GroupForm
    section = "people"
    audit_key = "number"
    icon = "groups"
    menu_title = _("Groups")
    order = 20
    scopes_to_view = (READ_ALL,)
    scopes_to_change = (MANAGE_ALL,)
    list_display = ("name", "number", "status", "members", "chats", "language_code")
    search_fields = ("name",)
    search_help_text = _("Name")
    ordering = ("number",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[GatheringList]:
        """Return a list that counts for a page at once."""
        return GatheringList

    def gather(self, rows: Sequence[Group]) -> None:
        """Put counts and statuses beside the groups."""
        found = group_contents.counts(rows)
        organizations = {group.organization_id: group.organization for group in rows}
        statuses = {key: routing.group_statuses(one) for key, one in organizations.items()}
        for group in rows:
            status = statuses[group.organization_id].get(group.number, "offline")
            group.counts = found[group.pk]  # type: ignore[attr-defined]
            group.shown = routing.in_agents_words(status)  # type: ignore[attr-defined]

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Tell whether ``obj`` can be deleted: General stays."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or obj.number != GENERAL_GROUP)

    def why_it_stays(self, request: HttpRequest, row: Group) -> str:
        """Say that General stays."""
        if row.number != GENERAL_GROUP:
            return ""
        return _now("It is General, the group everybody belongs to, and can not be deleted.")

    def about(self, request: HttpRequest, row: Group) -> Iterable[str]:
        """Say what General is."""
        if row.number == GENERAL_GROUP:
            yield str(GENERAL)

    @display(description=_("Status"), label=STATUS_COLOURS)
    def status(self, group: Group) -> Any:
        """Return whether anybody accepts the group's chats."""
        return status_badge(group.shown)  # type: ignore[attr-defined]

    @display(description=_("Members"))
    def members(self, group: Group) -> int:
        """Return how many agents and bots are in it."""
        found = getattr(group, "counts", None) or group_contents.counts([group])[group.pk]
        return int(found.members)

    @display(description=_("Running chats"))
    def chats(self, group: Group) -> int:
        """Return how many chats of the group run."""
        return int(group.counts.running_chats)  # type: ignore[attr-defined]

    def store(
        self, request: HttpRequest, row: Group | None, values: dict[str, Any]
    ) -> Group | None:
        """Make the group, or change it and its members."""
        payload = {
            "name": values["name"],
            "language_code": values["language_code"],
            "agent_priorities": values["members"],
        }
        if row is not None:
            self.call(request, "update_group", {"id": row.number, **payload}, row)
            return None
        made = self.call(request, "create_group", payload)
        return Group.objects.get(
            organization=self.organization_of(request, None), number=made["id"]
        )

    def remove(self, request: HttpRequest, row: Group) -> None:
        """Delete the group."""
        self.call(request, "delete_group", {"id": row.number}, row)

    def consequences(self, request: HttpRequest, row: Group) -> Iterable[str]:
        """Say what falls back to General, and what is deleted along."""
        held = group_contents.contents(row)
        yield from counted(held, _LOST)
        yield _now("Its translations and its welcome message are deleted with it.")
        yield _now("Its members stay; tags and access rules only lose the group.")
