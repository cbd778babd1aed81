"""Moments and durations as people say them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django import template
from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models.options import Options
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


@register.filter
def duration(seconds: float | None) -> str:
    """Return a number of seconds in two units at most: ``45 s``, ``1 min 20 s``, ``3 h 5 min``."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    if whole < MINUTE:
        return _("%(seconds)d s") % {"seconds": whole}
    if whole < HOUR:
        return _("%(minutes)d min %(seconds)d s") % _parts(whole, MINUTE, "minutes", 1, "seconds")
    if whole < DAY:
        return _("%(hours)d h %(minutes)d min") % _parts(whole, HOUR, "hours", MINUTE, "minutes")
    return _("%(days)d d %(hours)d h") % _parts(whole, DAY, "days", HOUR, "hours")


def _parts(whole: int, large: int, name: str, small: int, rest: str) -> dict[str, int]:
    return {name: whole // large, rest: whole % large // small}


@register.simple_tag
def noun_title(options: Options[Any]) -> str:
    """Return what the menu calls the objects of a model."""
    title = getattr(admin.site._registry.get(options.model), "title", None)
    return str(title() if callable(title) else options.verbose_name_plural)


@register.simple_tag
def moment(at: datetime | None) -> SafeString | str:
    """Return a time element: how long ago it is or when it will be, and exactly when on hover."""
    if at is None:
        return "–"
    exact = formats.date_format(timezone.localtime(at), "Y-m-d H:i:s T")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact, naturaltime(at)
    )


@register.simple_tag
def exact_moment(at: datetime | None) -> SafeString | str:
    """Return a time element that says exactly when, to the millisecond."""
    if at is None:
        return "–"
    local = timezone.localtime(at)
    text = f"{formats.date_format(local, 'Y-m-d H:i:s')}.{local.microsecond // 1000:03}"
    zone = formats.date_format(local, "T")
    return format_html('<time datetime="{}">{} {}</time>', at.isoformat(), text, zone)
