"""What refuses a change, beside the field it is about and in plain words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.forms import BaseForm
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from chatplatform.api.errors import as_protocol_error
from chatplatform.errors import ProtocolError

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

REFUSED: Final = (ProtocolError, ValidationError)
"""What services raise to refuse a change."""

_FIELD: Final = re.compile(
    r"^(?:`?(?P<name>[a-z_]+)`?(?P<within>[.\[][^\s:`]*)?`?: "
    r"|`(?P<subject>[a-z_]+)` (?=must |has ))"
)
"""How validation names the field it refuses (``api/errors.py``): before a colon, or as what must be
otherwise."""
_ENTRY: Final = re.compile(r"[.\[](\d+)")
_OF_VALIDATORS: Final = "Value error, "


class _Plain(NamedTuple):
    """How to say what is refused in these words, and whose fault it is where it names no field."""

    refused: re.Pattern[str]
    words: _StrPromise
    fields: tuple[str, ...] = ()


_PLAIN: Final = (
    _Plain(
        re.compile(r"String should have at most (?P<most>\d+) characters?"),
        _("This may have %(most)s characters at most."),
    ),
    _Plain(
        re.compile(r"String should have at least 1 character"),
        _("This may not be empty."),
    ),
    _Plain(
        re.compile(r"List should have at most (?P<most>\d+) items?.*"),
        _("There may be %(most)s of these at most."),
    ),
    _Plain(
        re.compile(r"an? (?:[a-z' ]+ )?name has 1 to (?P<most>\d+) printable characters", re.I),
        _("A name has 1 to %(most)s characters, in one line."),
        ("name",),
    ),
    _Plain(
        re.compile(r"(?:a text )?has at most (?P<most>\d+) printable characters"),
        _("This may have %(most)s characters at most, in one line."),
    ),
    _Plain(
        re.compile(r"There is a tag of that name"),
        _("There is a tag of that name already."),
        ("name",),
    ),
    _Plain(
        re.compile(r"operator and value are required for \S+"),
        _("Say how it is compared, and with what."),
        ("operator", "value"),
    ),
    _Plain(
        re.compile(r"key goes with type session_field, and only with it"),
        _("Name the session field."),
        ("key",),
    ),
    _Plain(
        re.compile(r"The file is not (?P<kind>\S+)"),
        _("This file is not what it seems to be (%(kind)s). Save it anew, and try that."),
        ("logo", "file"),
    ),
)


def words(refusal: Exception) -> str:
    """Return what one of :data:`REFUSED` says."""
    return str(as_protocol_error(refusal))


def refuse(form: BaseForm, refusal: Exception) -> None:
    """Add one of :data:`REFUSED` to a checked form: to the field it names, or to the whole.

    ``asked_as`` of a form says which of its fields ask for what the action calls otherwise.
    """
    text = words(refusal)
    match = _FIELD.match(text)
    named = (match["name"] or match["subject"]) if match else ""
    name = getattr(form, "asked_as", {}).get(named, named)
    if match and name in form.fields:
        form.add_error(name, _entry(match["within"]) + _plainly(text[match.end() :])[0])
        return
    said, about = _plainly(text)
    for one in _to_blame(form, about) or [None]:
        form.add_error(one, said)


def _plainly(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the sentence people read, and the fields that can be meant."""
    text = text.removeprefix(_OF_VALIDATORS)
    for plain in _PLAIN:
        found = plain.refused.fullmatch(text)
        if found:
            return str(plain.words) % found.groupdict(), plain.fields
    return text, ()


def _entry(within: str | None) -> str:
    """Return which of several entries is meant, to begin the sentence with."""
    found = _ENTRY.match(within or "")
    return _now("Number %(number)d: ") % {"number": int(found[1]) + 1} if found else ""


def _to_blame(form: BaseForm, names: tuple[str, ...]) -> list[Any]:
    """Return those of the fields ``names`` that the form has: those left empty, if any is."""
    had = [name for name in names if name in form.fields]
    return [name for name in had if not form.cleaned_data.get(name)] or had
