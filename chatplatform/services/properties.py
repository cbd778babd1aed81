"""Defining properties; setting and deleting them on chats, threads, events, groups and licences.

Values merge property by property. Every change tells exactly what was asked for, even where that
was so already: clients wait for its push (protocol.md 2.10).
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from chatplatform import limits, properties
from chatplatform.domain_events import tell
from chatplatform.domain_events.properties import (
    ChatPropertiesDeleted,
    ChatPropertiesUpdated,
    EventPropertiesDeleted,
    EventPropertiesUpdated,
    GroupPropertiesUpdated,
    LicensePropertiesUpdated,
    ThreadPropertiesDeleted,
    ThreadPropertiesUpdated,
)
from chatplatform.errors import AlreadyExists, GroupNotFound, LimitReached, NotFound, Validation
from chatplatform.models import (
    Application,
    Chat,
    Event,
    Group,
    Organization,
    PropertyDefinition,
    Thread,
)
from chatplatform.models.properties import DESCRIPTION_LENGTH, NAME_LENGTH
from chatplatform.properties import Definitions, Location, Names, Properties
from chatplatform.records import Record
from chatplatform.requester import AgentRequester, CustomerRequester, Requester
from chatplatform.selectors import chats as chat_selectors
from chatplatform.selectors.properties import definitions_for, party
from chatplatform.selectors.translations import shown_name
from chatplatform.services import audit, changes, events, routing, transcript_mails
from chatplatform.services.events import system_message

MAX_DEFINITIONS = 100
"""Properties one application may register."""
MAX_DOMAIN = 100
"""Values a domain may list."""
RATING = "rating"

_NAME = re.compile(rf"[A-Za-z][A-Za-z0-9_.-]{{0,{NAME_LENGTH - 1}}}", re.ASCII)


# --- definitions ------------------------------------------------------------------------------


def register_property(
    organization: Organization,
    owner_client_id: str,
    name: str,
    *,
    kind: str,
    access: dict[str, dict[str, list[str]]],
    domain: list[Any] | None = None,
    value_range: dict[str, int] | None = None,
    default_value: Any = None,
    description: str = "",
) -> PropertyDefinition:
    """Let an application of the organisation have a property, private for the time being.

    ``kind`` is the type; the other arguments are as ``models.PropertyDefinition`` stores them.
    Names begin with a letter. Raise :class:`NotFound` for somebody else's client id,
    :class:`Validation` for a definition that makes no sense, :class:`AlreadyExists` for a name that
    is taken, :class:`LimitReached` for more than :data:`MAX_DEFINITIONS`, or default values of more
    than 64 KB.
    """
    row = PropertyDefinition(
        organization=organization,
        namespace=owner_client_id,
        name=_checked_name(name),
        type=kind,
        access=_checked_access(access),
        domain=domain,
        range=value_range,
        default_value=default_value,
        description=_checked_description(description),
    )
    _check_values(row)
    with transaction.atomic():
        routing.lock_organization(organization.id)
        _check_owner(organization, owner_client_id)
        owned = PropertyDefinition.objects.filter(
            organization=organization, namespace=owner_client_id
        )
        if owned.count() >= MAX_DEFINITIONS:
            raise LimitReached(f"An application can have {MAX_DEFINITIONS} properties")
        if default_value is not None:  # the licence and each group show it
            others = owned.filter(default_value__isnull=False)
            defaults = [default_value, *others.values_list("default_value", flat=True)]
            limits.check_size(defaults, properties.MAX_BYTES, "default values")
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            raise AlreadyExists(f"Property {name} is registered already") from None
        _log("register_property", row, after=_definition_record(row))
    return row


def unregister_property(organization: Organization, owner_client_id: str, name: str) -> None:
    """Undo the registration of a private property: from now on nobody reads or writes it.

    Values that were set stay, unseen. Raise :class:`NotFound`, and :class:`Validation` for a
    published one, which others rely on.
    """
    with transaction.atomic():
        row = _locked_definition(organization, owner_client_id, name)
        if row.public_access is not None:
            raise Validation("a published property can not be unregistered")
        _log("unregister_property", row, before=_definition_record(row))
        row.delete()


def publish_property(
    organization: Organization, owner_client_id: str, name: str, access_type: list[str]
) -> None:
    """Open a property to other applications, for good.

    They may ``read`` or ``write`` it as ``access_type`` says, where the registration allows its
    owner the same. Raise :class:`NotFound`, and :class:`Validation`, also for a property that is
    public already.
    """
    if not access_type or not set(access_type) <= set(properties.RIGHTS):
        raise Validation("`access_type` must list `read`, `write` or both")
    with transaction.atomic():
        row = _locked_definition(organization, owner_client_id, name)
        if row.public_access is not None:
            raise Validation("the property is public already")
        before = _definition_record(row)
        row.public_access = sorted(set(access_type))
        row.save(update_fields=["public_access"])
        _log("publish_property", row, before=before, after=_definition_record(row))


def _definition_record(row: PropertyDefinition) -> Record:
    fields = ("type", "access", "domain", "range", "default_value", "description", "public_access")
    return {name: getattr(row, name) for name in fields}


def _log(action: str, row: PropertyDefinition, **was_and_is: Record) -> None:
    named = f"{row.namespace}/{row.name}"
    audit.record(row.organization_id, action, "property", named, **was_and_is)


def _locked_definition(
    organization: Organization, owner_client_id: str, name: str
) -> PropertyDefinition:
    routing.lock_organization(organization.id)
    row = PropertyDefinition.objects.filter(
        organization=organization, namespace=owner_client_id, name=name
    ).first()
    if row is None:
        raise NotFound("Property not found")
    return row


def _check_owner(organization: Organization, client_id: str) -> None:
    owned = Application.objects.filter(organization=organization, client_id=client_id)
    if client_id in properties.reserved_namespaces() or not owned.exists():
        raise NotFound("Application not found")


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Validation("a property's name is a letter, then letters, digits, `_`, `.` and `-`")
    return name


def _checked_description(description: str) -> str:
    if len(description) > DESCRIPTION_LENGTH:
        raise Validation(f"a description can have {DESCRIPTION_LENGTH} characters at most")
    return description


def _checked_access(access: dict[str, dict[str, list[str]]]) -> dict[str, dict[str, list[str]]]:
    if not access or not set(access) <= set(properties.LOCATIONS):
        raise Validation(f"`access` must name one of {', '.join(properties.LOCATIONS)}")
    for location, kinds in access.items():
        if not kinds or not set(kinds) <= set(properties.KINDS):
            raise Validation(f"`access.{location}` must name `agent`, `customer` or both")
        for kind, rights in kinds.items():
            if not rights or not set(rights) <= set(properties.RIGHTS):
                raise Validation(f"`access.{location}.{kind}` must list `read`, `write` or both")
    return {
        location: {kind: sorted(set(rights)) for kind, rights in kinds.items()}
        for location, kinds in access.items()
    }


def _check_values(row: PropertyDefinition) -> None:
    """Check that type, domain, range and default go together."""
    if row.type not in PropertyDefinition.Type.values:
        raise Validation(f"there is no property type {row.type[:32]!r}")
    found = properties.definition(row)
    if row.domain is not None and row.range is not None:
        raise Validation("a property has a `domain` or a `range`, not both")
    if found.domain is not None and not (
        0 < len(found.domain) <= MAX_DOMAIN and all(found.fits(one) for one in found.domain)
    ):
        raise Validation(f"`domain` must list 1 to {MAX_DOMAIN} values of the property's type")
    if row.range is not None:
        _check_range(row.type, row.range)
    if row.default_value is not None:
        if not {"license", "group"} & set(row.access):
            raise Validation("only properties of licences and groups have a default")
        if not found.admits(row.default_value):
            raise Validation("`default_value` is not among the values allowed")


def _check_range(kind: str, bounds: dict[str, int]) -> None:
    if kind != PropertyDefinition.Type.INT:
        raise Validation("only integers have a `range`")
    given = [bounds[end] for end in ("from", "to") if end in bounds]
    whole = all(type(one) is int and one in properties.INT32 for one in given)
    if not given or set(bounds) - {"from", "to"} or not whole or given != sorted(given):
        raise Validation("`range` must have an integer `from`, a `to` not below it, or both")


# --- chats ------------------------------------------------------------------------------------


def update_chat_properties(requester: Requester, chat_id: str, given: Properties) -> None:
    """Set properties of a chat. Tells ``ChatPropertiesUpdated``.

    Raise what ``access_chat`` and ``properties.check_writable`` raise.
    """
    with transaction.atomic():
        chat = chat_selectors.access_chat(requester, chat_id, write=True, lock=True)
        values, told = _checked(requester, given, "chat")
        _set(chat, values)
        changes.record(ChatPropertiesUpdated, chat, **told)
        chat.save()


def delete_chat_properties(requester: Requester, chat_id: str, given: Names) -> None:
    """Delete properties of a chat. Tells ``ChatPropertiesDeleted``.

    Raise what ``access_chat`` and ``properties.check_deletable`` raise.
    """
    with transaction.atomic():
        chat = chat_selectors.access_chat(requester, chat_id, write=True, lock=True)
        names, told = _checked_names(requester, given, "chat")
        chat.properties = properties.without(chat.properties, names)
        changes.record(ChatPropertiesDeleted, chat, **told)
        chat.save()


# --- threads ----------------------------------------------------------------------------------


def update_thread_properties(
    requester: Requester, chat_id: str, thread_id: str, given: Properties
) -> None:
    """Set properties of a thread, running or closed. Tells ``ThreadPropertiesUpdated``.

    A customer who rates or comments leaves a system message (:func:`_note_rating`), and so does
    one who asks for a transcript by mail. Raise what
    :func:`update_chat_properties` raises, :class:`NotFound` for a thread of another chat.
    """
    with transaction.atomic():
        chat, thread = _locked_thread(requester, chat_id, thread_id)
        values, told = _checked(requester, given, "thread")
        before = thread.properties
        _set(thread, values)
        thread.save(update_fields=["properties"])
        changes.record(ThreadPropertiesUpdated, chat, thread_id=thread.id, **told)
        _note_rating(requester, chat, thread, before)
        transcript_mails.note_asked(chat, thread, before)
        chat.save()


def delete_thread_properties(
    requester: Requester, chat_id: str, thread_id: str, given: Names
) -> None:
    """Delete properties of a thread. Tells ``ThreadPropertiesDeleted``.

    Raise and note ratings as :func:`update_thread_properties` does.
    """
    with transaction.atomic():
        chat, thread = _locked_thread(requester, chat_id, thread_id)
        names, told = _checked_names(requester, given, "thread")
        before = thread.properties
        thread.properties = properties.without(thread.properties, names)
        thread.save(update_fields=["properties"])
        changes.record(ThreadPropertiesDeleted, chat, thread_id=thread.id, **told)
        _note_rating(requester, chat, thread, before)
        chat.save()


def _locked_thread(requester: Requester, chat_id: str, thread_id: str) -> tuple[Chat, Thread]:
    chat = chat_selectors.access_chat(requester, chat_id, write=True, lock=True)
    return chat, chat_selectors.access_thread(requester, chat, thread_id, lock=True)


def _note_rating(requester: Requester, chat: Chat, thread: Thread, before: Properties) -> None:
    """Leave system messages about what a customer changed of a thread's rating.

    They go to the newest thread, closed or not, and to no older one: only the newest takes events
    (protocol.md 2.10).
    """
    if not isinstance(requester, CustomerRequester) or thread.id != chat.last_thread_id:
        return
    old, new = before.get(RATING, {}), thread.properties.get(RATING, {})
    customer = shown_name(chat.customer)
    score, comment = new.get("score"), new.get("comment")
    notes = []
    if score is None and old.get("score") is not None:
        notes.append(
            system_message(
                "rating.rating_canceled", "%customer% canceled the chat rating", customer=customer
            )
        )
    elif score is not None and score != old.get("score"):
        notes.append(
            system_message(
                "rating.chat_rated",
                "%customer% rated the chat as %score%",
                customer=customer,
                score="good" if score else "bad",
            )
        )
    if comment and comment != old.get("comment"):
        notes.append(
            system_message(
                "rating.chat_commented",
                "%customer% left the following comment: %comment%",
                customer=customer,
                comment=comment,
            )
        )
    for note in notes:
        tell(events.add(chat, note))


# --- events -----------------------------------------------------------------------------------


def update_event_properties(
    requester: Requester, chat_id: str, thread_id: str, event_id: str, given: Properties
) -> None:
    """Set properties of an event. Tells ``EventPropertiesUpdated``.

    Raise what :func:`update_chat_properties` and ``access_event`` raise.
    """
    with transaction.atomic():
        chat, event = _locked_event(requester, chat_id, thread_id, event_id)
        values, told = _checked(requester, given, "event")
        _set(event, values)
        event.save(update_fields=["properties"])
        _record(EventPropertiesUpdated, chat, event, told)


def delete_event_properties(
    requester: Requester, chat_id: str, thread_id: str, event_id: str, given: Names
) -> None:
    """Delete properties of an event. Tells ``EventPropertiesDeleted``.

    Raise what :func:`update_event_properties` raises.
    """
    with transaction.atomic():
        chat, event = _locked_event(requester, chat_id, thread_id, event_id)
        names, told = _checked_names(requester, given, "event")
        event.properties = properties.without(event.properties, names)
        event.save(update_fields=["properties"])
        _record(EventPropertiesDeleted, chat, event, told)


def _locked_event(
    requester: Requester, chat_id: str, thread_id: str, event_id: str
) -> tuple[Chat, Event]:
    chat = chat_selectors.access_chat(requester, chat_id, write=True, lock=True)
    return chat, chat_selectors.access_event(requester, chat, thread_id, event_id)


def _record(
    kind: type[EventPropertiesUpdated | EventPropertiesDeleted],
    chat: Chat,
    event: Event,
    told: Record,
) -> None:
    changes.record(
        kind,
        chat,
        thread_id=event.thread_id,
        event_id=event.public_id,
        visibility=event.visibility,
        **told,
    )
    chat.save()


# --- licence and groups -----------------------------------------------------------------------


def update_license_properties(requester: AgentRequester, given: Properties) -> None:
    """Set properties of the licence. Tells ``LicensePropertiesUpdated``; routing takes note.

    Raise what ``properties.check_writable`` raises.
    """
    with transaction.atomic():
        organization = routing.lock_organization(requester.organization_id)
        values, told = _checked(requester, given, "license")
        before = organization.properties
        _set(organization, values)
        _save_license(organization, told, "update_license_properties", before)


def delete_license_properties(requester: AgentRequester, given: Names) -> None:
    """Delete properties of the licence: their defaults hold again.

    Tells ``LicensePropertiesUpdated``. Raise what ``properties.check_deletable`` raises.
    """
    with transaction.atomic():
        organization = routing.lock_organization(requester.organization_id)
        names, told = _checked_reset(requester, given, "license")
        before = organization.properties
        organization.properties = properties.without(before, names)
        _save_license(organization, told, "delete_license_properties", before)


def _save_license(
    organization: Organization, told: Record, action: str, before: Properties
) -> None:
    organization.save(update_fields=["properties"])
    was, now = _changes(organization.id, before, organization.properties, "license")
    audit.record(organization.id, action, "license", organization.license_id, before=was, after=now)
    tell(LicensePropertiesUpdated(organization_id=str(organization.id), **told))
    routing.settle_after_commit(organization.id)


def update_group_properties(requester: AgentRequester, number: int, given: Properties) -> None:
    """Set properties of a group. Tells ``GroupPropertiesUpdated``; routing takes note.

    Raise :class:`GroupNotFound` and what ``properties.check_writable`` raises.
    """
    with transaction.atomic():
        group = _locked_group(requester, number)
        values, told = _checked(requester, given, "group")
        before = group.properties
        _set(group, values)
        _save_group(group, told, "update_group_properties", before)


def delete_group_properties(requester: AgentRequester, number: int, given: Names) -> None:
    """Delete properties of a group: their defaults hold again.

    Tells ``GroupPropertiesUpdated``. Raise :class:`GroupNotFound` and what
    ``properties.check_deletable`` raises.
    """
    with transaction.atomic():
        group = _locked_group(requester, number)
        names, told = _checked_reset(requester, given, "group")
        before = group.properties
        group.properties = properties.without(before, names)
        _save_group(group, told, "delete_group_properties", before)


def _locked_group(requester: AgentRequester, number: int) -> Group:
    organization = routing.lock_organization(requester.organization_id)
    group = Group.objects.filter(organization=organization, number=number).first()
    if group is None:
        raise GroupNotFound
    return group


def _save_group(group: Group, told: Record, action: str, before: Properties) -> None:
    group.save(update_fields=["properties"])
    was, now = _changes(group.organization_id, before, group.properties, "group")
    audit.record(group.organization_id, action, "group", group.number, before=was, after=now)
    tell(
        GroupPropertiesUpdated(
            organization_id=str(group.organization_id), group_id=group.number, **told
        )
    )
    routing.settle_after_commit(group.organization_id)


def _changes(
    organization_id: UUID, before: Properties, after: Properties, location: Location
) -> tuple[Properties, Properties]:
    """Return the properties that are others now as the audit log may say them, before and after.

    Administrators read it, so values that not every agent may read are hidden.
    """
    was, now = properties.differing(before, after)
    definitions = definitions_for(organization_id, was, now)
    return (
        _opened(was, audit.HIDDEN, location, definitions),
        _opened(now, audit.HIDDEN_NEW, location, definitions),
    )


def _opened(
    values: Properties, hidden: str, location: Location, definitions: Definitions
) -> Properties:
    shown = properties.shown(values, location=location, definitions=definitions)["properties"]
    return {
        namespace: {name: shown.get(namespace, {}).get(name, hidden) for name in held}
        for namespace, held in values.items()
    }


# --- what they share --------------------------------------------------------------------------


def _checked(
    requester: Requester, given: Properties, location: Location
) -> tuple[Properties, Record]:
    """Return values the requester may set, and the fields by which a domain event tells them."""
    definitions = _definitions(requester, given)
    values = properties.check_writable(
        given, party(requester), location=location, definitions=definitions
    )
    return values, _told(properties.shown(values, location=location, definitions=definitions))


def _checked_names(requester: Requester, given: Names, location: Location) -> tuple[Names, Record]:
    definitions = _definitions(requester, given)
    names = properties.check_deletable(
        given, party(requester), location=location, definitions=definitions
    )
    return names, _told(properties.shown_names(names, location=location, definitions=definitions))


def _checked_reset(requester: Requester, given: Names, location: Location) -> tuple[Names, Record]:
    definitions = _definitions(requester, given)
    names = properties.check_deletable(
        given, party(requester), location=location, definitions=definitions
    )
    return names, _told(properties.shown_reset(names, location=location, definitions=definitions))


def _definitions(requester: Requester, given: Properties | Names) -> Definitions:
    if not any(given.values()):
        raise Validation("`properties` must name a property")
    return definitions_for(requester.organization_id, given)


def _told(shown: Record) -> Record:
    return {"properties": shown.pop("properties"), "hints": shown}


def _set(holder: Chat | Thread | Event | Group | Organization, values: Properties) -> None:
    holder.properties = properties.merge(holder.properties, values)
    properties.check_size(holder.properties)
