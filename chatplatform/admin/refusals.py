"""What refuses a change, beside the field it is about."""

from __future__ import annotations

import re
from typing import Final

from django.forms import BaseForm
from pydantic import ValidationError

from chatplatform.api.errors import as_protocol_error
from chatplatform.errors import ProtocolError

REFUSED: Final = (ProtocolError, ValidationError)
"""What services raise to refuse a change."""

_FIELD: Final = re.compile(
    r"^(?:`?(?P<name>[a-z_]+)`?(?:[.\[]\S*)?: |`(?P<subject>[a-z_]+)` (?=must ))"
)
"""How validation names the field it refuses (``api/errors.py``): before a colon, or as what must be
otherwise."""


def words(refusal: Exception) -> str:
    """Return what one of :data:`REFUSED` says."""
    return str(as_protocol_error(refusal))


def refuse(form: BaseForm, refusal: Exception) -> None:
    """Add one of :data:`REFUSED` to a checked form: to the field it names, or to the whole."""
    text = words(refusal)
    match = _FIELD.match(text)
    name = match and (match["name"] or match["subject"])
    if match and name in form.fields:
        form.add_error(name, text[match.end() :])
    else:
        form.add_error(None, text)
