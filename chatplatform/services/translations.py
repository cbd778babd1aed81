"""What groups say in their own words (protocol.md 6.9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from django.db import transaction

from chatplatform.errors import LimitReached
from chatplatform.models import Translation
from chatplatform.selectors import groups
from chatplatform.selectors.translations import language_key
from chatplatform.services import audit
from chatplatform.services.routing import lock_organization

MAX_LANGUAGES: Final = 100
"""In how many languages a group may have words of its own."""


def update_translations(
    organization_id: UUID, group_number: int, language: str, phrases: Mapping[str, str]
) -> None:
    """Let a group say ``phrases``, texts by key, in its own words; the others stay as they are.

    An empty text gives the platform's own back. Widgets say so as soon as they are opened, since
    the version of the group's texts changes. Raise ``GroupNotFound`` and :class:`LimitReached`.
    """
    with transaction.atomic():
        organization = lock_organization(organization_id)
        group = groups.access_group(organization, group_number)
        known = Translation.objects.filter(group=group)
        own = known.filter(language=language_key(language)).first()
        if own is None:
            if known.count() >= MAX_LANGUAGES:
                raise LimitReached(f"A group can have {MAX_LANGUAGES} languages")
            own = Translation(group=group, language=language_key(language))
        before = own.phrases
        texts = {**before, **{key: text.strip() for key, text in phrases.items()}}
        own.phrases = {key: text for key, text in texts.items() if text}
        own.save()
        audit.record(
            organization_id,
            "update_translations",
            "translations",
            f"{group_number}/{own.language}",
            before=before,
            after=own.phrases,
        )
