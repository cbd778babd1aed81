"""What is kept of visitors and for how long: retention, and addresses that are not kept at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from chatplatform.admin import fields, visitors
from chatplatform.admin.pages import register
from chatplatform.admin.shown import PageForm
from chatplatform.properties import license_value
from chatplatform.services import retention
from configuration.actions.properties import WRITE_ANY_LICENSE_PROPERTY
from configuration.admin import agreements

if TYPE_CHECKING:
    from chatplatform.admin.fields import Words

MASK: Final = "0.0.0.0"  # noqa: S104 - it stands for an address, and nothing listens there
"""What is stored in the place of addresses, unless an integration set another mask."""

_FIELDS: Final[dict[str, tuple[Words, Words]]] = {
    "chats": (
        gettext_lazy("Chats"),
        gettext_lazy(
            "Closed chats older than this are deleted with everything said and shown in them. "
            "Agents and customers find them no more; reports lose them."
        ),
    ),
    "customers": (
        gettext_lazy("Customers not seen"),
        gettext_lazy(
            "Who has neither come nor chatted for so long is erased. Their chats stay, without a "
            "name and a word of what was said, until their own days are over. Bans of addresses "
            "they came from stay."
        ),
    ),
    "visits": (
        gettext_lazy("Visits and pages"),
        gettext_lazy(
            "Which pages somebody opened, when, from where and with which browser. Agents see "
            "no older visits, and in closed chats as old not where the customer came from."
        ),
    ),
    "files": (
        gettext_lazy("Files in chats"),
        gettext_lazy("Pictures and documents that were sent. The words around them stay."),
    ),
    "audit": (
        gettext_lazy("Audit log"),
        gettext_lazy("Who changed what, and who signed in."),
    ),
}


class PrivacyForm(PageForm):
    """Days by noun, and the mask."""

    ip_mask = fields.switch(
        gettext_lazy("Do not keep IP addresses"),
        gettext_lazy(
            "From now on, visits that begin and chats are stored without the visitor's address: "
            "agents see 0.0.0.0. "
            "Addresses can not be banned any more, only customers; countries are still told. "
            "Addresses that are stored already go with their visits."
        ),
    )

    def __init__(self, *args: Any, standards: dict[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for noun, (label, help_text) in _FIELDS.items():
            field = fields.number(
                _("%(noun)s, days") % {"noun": label},
                help_text,
                required=False,
                min_value=0,
                max_value=retention.MAX_DAYS,
            )
            standard = str(standards[noun] or _("for ever"))
            field.widget.attrs["placeholder"] = _("Standard: %(value)s") % {"value": standard}
            self.fields[noun] = field


@register
class PrivacyPage(agreements.AskingPage):
    """Retention and masking. What deletes asks first, and says how much goes."""

    name = "privacy"
    path = "settings/privacy/"
    title = gettext_lazy("Privacy")
    icon = "shield_person"
    section = "settings"
    order = 40
    scopes = (WRITE_ANY_LICENSE_PROPERTY,)
    template_name = "admin/website/privacy.html"
    form_class = PrivacyForm
    saved = gettext_lazy("Saved. What is too old begins to go within ten minutes.")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add what holds where nothing is set."""
        standards = {
            noun: retention.default_days(self.organization, noun) for noun in retention.NOUNS
        }
        return {**super().get_form_kwargs(), "standards": standards}

    def get_initial(self) -> dict[str, Any]:
        """Return what is set."""
        days = {noun: self.organization.retention.get(noun) for noun in retention.NOUNS}
        return {**days, "ip_mask": bool(self._mask())}

    def _mask(self) -> str:
        found: str = license_value(self.organization.properties, "monitoring", "ip_mask", "")
        return found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add for how long what is kept now."""
        context = super().get_context_data(**kwargs)
        context["nouns"] = [context["form"][noun] for noun in retention.NOUNS]
        context["kept"] = [
            (_FIELDS[noun][0], _length(retention.days(self.organization, noun)))
            for noun in retention.NOUNS
        ]
        return context

    def _going(self, values: dict[str, Any]) -> list[str]:
        """Return in words what would go, of what is to be kept shorter than now."""
        found = []
        for noun in retention.NOUNS:
            now = retention.days(self.organization, noun)
            wanted = values[noun]
            wanted = retention.default_days(self.organization, noun) if wanted is None else wanted
            if wanted and (not now or wanted < now):
                found += self._going_of(noun, wanted)
        return found

    def _going_of(self, noun: str, days: int) -> list[str]:
        count = retention.count_expired(self.organization, noun, days)
        if not count:
            return []
        found = [_count(noun, count)]
        if noun == "chats":
            files = retention.count_files_of_chats(self.organization, days)
            found += [_count("files_of_chats", files)] if files else []
        day = date_format(localtime(retention.kept_since(days)), "DATE_FORMAT")
        said = {"what": _(" and ").join(found), "day": day}
        return [_("%(what)s of before %(day)s") % said]

    def store(self, values: dict[str, Any]) -> None:
        """Store the days, and set or delete the mask; ask before anything goes that is there."""
        if going := self._going(values):
            agreements.require(self.request, _question(going, values))
        who = visitors.asking(self.request)
        with visitors.acting(self.request, who):
            retention.update_retention(who, {noun: values[noun] for noun in retention.NOUNS})
        if values["ip_mask"] and not self._mask():
            payload = {"properties": {"monitoring": {"ip_mask": MASK}}}
            visitors.call(self.request, "update_license_properties", payload)
        elif self._mask() and not values["ip_mask"]:
            gone = {"properties": {"monitoring": ["ip_mask"]}}
            visitors.call(self.request, "delete_license_properties", gone)


def _question(going: list[str], values: dict[str, Any]) -> agreements.Question:
    """Return what is asked about these days; agreeing to it is no agreement to others."""
    return agreements.Question(
        title=_("Erase what is there now?"),
        about=_("This is erased for good"),
        consequences=[*going, _("It begins within ten minutes, and nobody can bring it back.")],
        button=_("Save and erase"),
        means=" ".join(f"{noun}={values[noun]}" for noun in retention.NOUNS),
    )


def _length(days: int) -> str:
    if not days:
        return _("for ever")
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}


def _count(noun: str, count: int) -> str:
    """Return how many of a noun, in words."""
    numbers = {
        "chats": ngettext("%(n)s closed chat", "%(n)s closed chats", count),
        "customers": ngettext("%(n)s customer", "%(n)s customers", count),
        "visits": ngettext("%(n)s visit", "%(n)s visits", count),
        "files": ngettext("%(n)s file", "%(n)s files", count),
        "files_of_chats": ngettext("%(n)s file in them", "%(n)s files in them", count),
        "audit": ngettext("%(n)s entry of the audit log", "%(n)s entries of the audit log", count),
    }
    most = retention.COUNTED_AT_MOST
    said = (
        _("more than %(n)s") % {"n": number_format(most)} if count > most else number_format(count)
    )
    return numbers[noun] % {"n": said}
