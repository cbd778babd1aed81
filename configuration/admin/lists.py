"""What lists of people share: a look-up for all rows of a page at once, and short words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.views import ChangeList

from chatplatform.models.people import RoutingStatus

STATUSES = {
    RoutingStatus.ACCEPTING: _("Accepting chats"),
    RoutingStatus.NOT_ACCEPTING: _("Not accepting chats"),
    RoutingStatus.OFFLINE: _("Offline"),
}
STATUS_COLOURS = {
    RoutingStatus.ACCEPTING: "success",
    RoutingStatus.NOT_ACCEPTING: "warning",
    RoutingStatus.OFFLINE: "",
}
"""How unfold shows them: a badge is a pair of a value, which has a colour here, and its words."""


class GatheringList(ChangeList):
    """A list whose noun reads what its columns need for the whole page: ``gather(rows)``."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the page, and what its rows show besides."""
        super().get_results(request)
        self.result_list: Sequence[Any] = list(self.result_list)
        self.model_admin.gather(self.result_list)


def status_badge(status: str) -> tuple[str, Any]:
    """Return a status as a badge, to be coloured by :data:`STATUS_COLOURS`."""
    return status, STATUSES[RoutingStatus(status)]


def initials(name: str) -> str:
    """Return what stands in the place of a picture."""
    words = name.split()
    return "".join(word[0] for word in (*words[:1], *words[1:][-1:]))
