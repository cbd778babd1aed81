"""How a group's chat is set up and worded: what widgets fetch before anybody speaks.

Both are kept under an address that holds a version, so that browsers need not ask again: the
version is a digest of everything that is answered there.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from chatplatform.models import Group
from chatplatform.models.forms import FormType
from chatplatform.properties import Party
from chatplatform.records import Record
from chatplatform.selectors.forms import enabled_forms, form_record
from chatplatform.selectors.properties import group_properties, license_properties
from chatplatform.selectors.translations import phrases_in_force

_ANYBODY = Party("customer", "")


def configuration(group: Group) -> Record:
    """Return what a widget builds a group's chat from.

    Forms are there where they are asked. Buttons on the host's pages and integrations are the
    widget's own affair: there are none to be configured.
    """
    asked = enabled_forms(group, (FormType.PRECHAT, FormType.TICKET))
    return {
        "buttons": [],
        **{f"{form.type}_form": form_record(form) for form in asked},
        "integrations": {},
        "properties": {
            "group": group_properties(group.organization_id, group.number, _ANYBODY),
            "license": license_properties(group.organization, _ANYBODY),
        },
    }


def versions_of(group: Group) -> tuple[str, str]:
    """Return the digests of a group's configuration, and of its texts in its own language."""
    worded = localization_version(group.language_code, phrases_in_force(group, group.language_code))
    return configuration_version(configuration(group)), worded


def configuration_version(configured: Record) -> str:
    """Return the digest of a :func:`configuration`."""
    return _digest(configured)


def localization_version(language: str, worded: dict[str, str]) -> str:
    """Return the digest of the phrases in force in ``language``."""
    return _digest([language, worded])


def _digest(content: Any) -> str:
    packed = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(packed, digest_size=16).hexdigest()
