"""Reading the phrases in force: a group's own before the platform's (protocol.md 6.9)."""

from __future__ import annotations

from chatplatform.models import Customer, Group, Translation
from chatplatform.phrases import CLIENT, WELCOME, WELCOME_TITLE, phrases
from chatplatform.selectors.greetings import welcome_words


def language_key(language: str) -> str:
    """Return the form a language is kept under; any way to write an IETF tag leads to it."""
    return language.replace("_", "-").lower()


def own_phrases(group: Group, language: str) -> dict[str, str]:
    """Return the phrases a group has worded itself, those of a variant (``pt-BR``) first. One read.

    Phrases of the language hold for its variants where these have none.
    """
    inherited, exact = phrases_by_origin(group, language)
    return {**inherited, **exact}


def phrases_by_origin(group: Group, language: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the phrases a group has worded for the language of a variant, and for just this one.

    What is no variant inherits nothing. One read.
    """
    key = language_key(language)
    wider = key.split("-")[0]
    rows = Translation.objects.filter(group=group, language__in={key, wider})
    known = {one.language: one.phrases for one in rows}
    return known.get(wider, {}) if wider != key else {}, known.get(key, {})


def phrases_in_force(group: Group, language: str) -> dict[str, str]:
    """Return every phrase by its key: the group's own, else ``language``'s, else English.

    What customers are welcomed with follows the group's own title, unless the group has words of
    welcome of its own. Two reads.
    """
    own = own_phrases(group, language)
    found = {**phrases(language), **own}
    default = own.get(WELCOME_TITLE, found[WELCOME])
    return {**found, WELCOME: welcome_words(group, default)}


def shown_name(customer: Customer | None) -> str:
    """Return a customer's name, or what their group calls whoever has not said theirs.

    At most two reads, and none for those who have.
    """
    if customer is not None and customer.name:
        return customer.name
    group = (
        customer
        and Group.objects.filter(
            organization_id=customer.organization_id, number=customer.group_number
        ).first()
    )
    if not group:
        return phrases("en")[CLIENT]
    language = group.language_code
    return own_phrases(group, language).get(CLIENT, phrases(language)[CLIENT])
