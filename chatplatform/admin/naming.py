"""What the admin calls kinds of objects and their fields: one name each, wherever it stands.

Lists, forms and messages of Django's admin read them off the model. So each noun names its model as
the menu does, and the fields as its form does. Migrations know nothing of it: they keep to what the
models say themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Model
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import Promise

    Words = str | Promise

LABELS: Final[Mapping[str, Words]] = {
    "created_at": _("Made"),
    "updated_at": _("Last changed"),
    "author": _("Author"),
    "author_id": _("Made by"),
    "email": _("E-mail address"),
    "email_verified": _("E-mail address proven"),
    "phone_number": _("Phone number"),
    "ip": _("IP address"),
    "client_id": _("Client id"),
    "chats_count": _("Chats"),
    "visits_count": _("Visits"),
    "page_views_count": _("Pages opened"),
}
"""How fields are called that no form asks for, by the names they have in every model."""


def _inside(title: Words) -> str:
    text = str(title)
    return text[:1].lower() + text[1:]


_inside_a_sentence = lazy(_inside, str)


def name(model: type[Model], one: Words, several: Words, labels: Mapping[str, Words]) -> None:
    """Call a model's objects ``one`` and, as titles do, ``several``; and its fields by ``labels``.

    What is empty or not named keeps the name the model gives it, or that of :data:`LABELS`.
    """
    options: Any = model._meta
    if one:
        options.verbose_name = one
    if several:
        options.verbose_name_plural = _inside_a_sentence(several)
    for field in options.get_fields():
        label = labels.get(field.name) or LABELS.get(field.name)
        if label and field.concrete:
            field.verbose_name = label
