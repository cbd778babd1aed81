"""3.6 → 3.5."""

from __future__ import annotations

from typing import Any

from chatplatform.api.versions import configuration, webhooks
from chatplatform.api.versions.change import (
    DROP,
    Record,
    Schema,
    VersionChange,
    each,
    each_initial_event,
    each_item,
    object_form,
    removed,
    renamed,
    replaced,
    schema_renamed,
    schema_replaced,
    schema_without,
    without,
)

_BOOLEAN = {"type": "boolean"}


def _active_filter(payload: Record) -> Record:
    """``include_active``: true (the default) asks for all chats, false for the inactive ones."""

    def upgrade(filters: Any) -> Any:
        if not isinstance(filters, dict):
            return filters
        filters = without(filters, ("active",))
        wanted = filters.get("include_active")
        if wanted is True or wanted is None:
            return without(filters, ("include_active",))
        return renamed(filters, "include_active", "active")

    return replaced(payload, "filters", upgrade)


def _active_filter_schema(schema: Schema) -> Schema:
    def downgrade(filters: Schema) -> Schema:
        properties = {**without(filters["properties"], ("active",)), "include_active": _BOOLEAN}
        return {**filters, "properties": properties}

    return schema_replaced(schema, "filters", downgrade)


_NEWER_ARCHIVE_FILTERS = frozenset({"chat_ids", "agent_types", "customer_id", "customer_email"})


def _fewer_archive_filters(payload: Record) -> Record:
    return replaced(
        payload,
        "filters",
        lambda filters: (
            without(filters, _NEWER_ARCHIVE_FILTERS) if isinstance(filters, dict) else filters
        ),
    )


_CONTACT = frozenset({"phone_number", "omnichannel", "address"})


def _no_contact(record: Any) -> Any:
    return without(record, _CONTACT) if isinstance(record, dict) else record


_CARTS = frozenset({"carts", "cart"})


def _news_only(customer: Record) -> Any:
    """Tell of a change only if it is one to a field that there is."""
    return DROP if customer.keys() <= {"id", "type"} | _CONTACT | _CARTS else customer


def _no_tickets(customer: Record) -> Record:
    customer = without(customer, ("tickets",))
    return replaced(
        customer,
        "statistics",
        lambda counts: without(counts, ("tickets_count",)) if isinstance(counts, dict) else counts,
    )


def _no_tickets_schema(customer: Schema) -> Schema:
    return schema_replaced(
        schema_without(customer, ("tickets",)),
        "statistics",
        lambda counts: schema_without(counts, ("tickets_count",)),
    )


def _no_system_events(event: Record) -> Any:
    return DROP if event.get("type") == "system" else event


def _no_deleted_events(event: Record) -> Any:
    return DROP if event.get("deleted") else event


def _no_ecommerce(event: Record) -> Record:
    if event.get("type") == "message":
        return replaced(event, "postback", lambda postback: without(postback, ("ecommerce",)))
    if event.get("type") != "rich_message":
        return event
    event = replaced(
        event, "template_id", lambda template: "cards" if template == "ecommerce" else template
    )
    if any("ecommerce" in element for element in event.get("elements") or ()):
        event = replaced(
            event,
            "elements",
            lambda elements: each(elements, lambda element: without(element, ("ecommerce",))),
        )
    return event


def _products_unknown(event: Any) -> Any:
    """Fields for products are ignored like all unknown ones; their template is none at all."""
    if not isinstance(event, dict):
        return event
    if event.get("template_id") == "ecommerce":
        event = without(event, ("template_id",))
    event = replaced(event, "postback", _no_product)
    return replaced(event, "elements", lambda elements: each(elements, _no_product))


def _no_product(record: Any) -> Any:
    return without(record, ("ecommerce",)) if isinstance(record, dict) else record


def _no_product_schema(schema: Schema) -> Schema:
    return schema_without(schema, ("ecommerce",))


def _event_schema(event: Schema) -> Schema:
    event = schema_replaced(event, "postback", _no_product_schema)
    properties = dict(event["properties"])
    if "template_id" in properties:
        template = properties["template_id"]
        known = [name for name in template["enum"] if name != "ecommerce"]
        properties["template_id"] = {**template, "enum": known}
    if "elements" in properties:
        properties["elements"] = each_item(properties["elements"], _no_product_schema)
    return {**event, "properties": properties}


def _initial_events_schema(schema: Schema) -> Schema:
    def of_thread(thread: Schema) -> Schema:
        properties = thread["properties"]
        events = each_item(properties["events"], _event_schema)
        return {**thread, "properties": {**properties, "events": events}}

    return schema_replaced(schema, "chat", lambda chat: schema_replaced(chat, "thread", of_thread))


_BUTTON = frozenset({"button_type", "button_value", "ecommerce"})


def _bare_postback(payload: Record) -> Record:
    return replaced(
        payload,
        "postback",
        lambda postback: without(postback, _BUTTON) if isinstance(postback, dict) else postback,
    )


def _flat_configuration(payload: Record) -> Record:
    nested = payload.get("livechat") or {}
    return {"organization_id": payload.get("organization_id"), **nested}


def _flat_configuration_schema(schema: Schema) -> Schema:
    properties = schema.get("properties", {})
    flat = {"organization_id": properties.get("organization_id", {"type": "string"})}

    livechat = object_form(properties.get("livechat", {}))
    return {"type": "object", "properties": {**flat, **livechat["properties"]}}


def _known_reason(payload: Record) -> Record:
    return replaced(
        payload,
        "reason",
        lambda reason: "internal_error" if reason == "role_permissions_changed" else reason,
    )


CHANGES = (
    VersionChange(
        sentence="Agents ask `list_chats` for `filters.include_active` instead of "
        "`filters.active`.",
        api="agent",
        requests=frozenset({"list_chats"}),
        upgrade=_active_filter,
        schema=_active_filter_schema,
    ),
    VersionChange(
        sentence="Archives can not be narrowed to chats, kinds of agents or a customer.",
        api="agent",
        requests=frozenset({"list_archives"}),
        upgrade=_fewer_archive_filters,
        schema=lambda schema: schema_replaced(
            schema, "filters", lambda filters: schema_without(filters, _NEWER_ARCHIVE_FILTERS)
        ),
    ),
    VersionChange(
        sentence="A customer's `visit` is called `last_visit`.",
        api="agent",
        structure="customer",
        downgrade=lambda customer: renamed(customer, "visit", "last_visit"),
        schema=lambda schema: schema_renamed(schema, "visit", "last_visit"),
    ),
    removed("Customers have no `phone_number`, `omnichannel` and `address`.", "customer", _CONTACT),
    removed("Customers have no shopping carts.", "customer", _CARTS, api="agent"),
    VersionChange(
        sentence="Agents hear nothing of changes to the fields that customers do not have.",
        api="agent",
        pushes=frozenset({"customer_updated"}),
        downgrade=_news_only,
    ),
    VersionChange(
        sentence="Customers have no `tickets`, and `statistics` do not count them.",
        structure="customer",
        downgrade=_no_tickets,
        schema=_no_tickets_schema,
    ),
    VersionChange(
        sentence="`update_customer` and `create_customer` take no `phone_number`, `omnichannel` "
        "and `address`.",
        requests=frozenset({"update_customer", "create_customer"}),
        upgrade=_no_contact,
        schema=lambda schema: schema_without(schema, _CONTACT),
    ),
    VersionChange(
        sentence="A customer's `login` takes no `customer.address`.",
        api="customer",
        requests=frozenset({"login"}),
        upgrade=lambda payload: replaced(payload, "customer", _no_contact),
        schema=lambda schema: schema_replaced(
            schema, "customer", lambda customer: schema_without(customer, _CONTACT)
        ),
    ),
    removed(
        "Threads have no `customer_visit` and no `summary`.",
        "thread",
        ("customer_visit", "summary"),
        api="agent",
    ),
    VersionChange(
        sentence="There are no events of type `system`.",
        structure="event",
        downgrade=_no_system_events,
    ),
    VersionChange(
        sentence="Events can not be deleted: what is left of one is not shown.",
        structure="event",
        downgrade=_no_deleted_events,
    ),
    VersionChange(
        sentence="Messages and rich messages know nothing of products: an `ecommerce` template is "
        "shown as `cards`.",
        structure="event",
        downgrade=_no_ecommerce,
    ),
    VersionChange(
        sentence="An event that is sent can not be about products.",
        requests=frozenset({"send_event"}),
        upgrade=lambda payload: replaced(payload, "event", _products_unknown),
        schema=lambda schema: schema_replaced(schema, "event", _event_schema),
    ),
    VersionChange(
        sentence="Nor can initial events.",
        requests=frozenset({"start_chat", "resume_chat"}),
        upgrade=lambda payload: each_initial_event(payload, _products_unknown),
        schema=_initial_events_schema,
    ),
    VersionChange(
        sentence="`incoming_rich_message_postback` says which button was pressed, not what it "
        "means.",
        pushes=frozenset({"incoming_rich_message_postback"}),
        downgrade=_bare_postback,
    ),
    VersionChange(
        sentence="`send_rich_message_postback` takes which button was pressed, not what it means.",
        requests=frozenset({"send_rich_message_postback"}),
        upgrade=_bare_postback,
        schema=lambda schema: schema_replaced(
            schema, "postback", lambda postback: schema_without(postback, _BUTTON)
        ),
    ),
    VersionChange(
        sentence="`get_dynamic_configuration` answers flat, with what is now under `livechat`.",
        api="customer",
        responses=frozenset({"get_dynamic_configuration"}),
        downgrade=_flat_configuration,
        schema=_flat_configuration_schema,
    ),
    VersionChange(
        sentence="`update_customer_page` answers nothing.",
        api="customer",
        responses=frozenset({"update_customer_page"}),
        downgrade=lambda payload: {},
        schema=lambda schema: {"type": "object", "properties": {}},
    ),
    VersionChange(
        sentence="Agents are not disconnected for `role_permissions_changed` but for "
        "`internal_error`, upon which they connect again as well.",
        api="agent",
        pushes=frozenset({"agent_disconnected"}),
        downgrade=_known_reason,
    ),
    *configuration.TO_3_5,
    *webhooks.TO_3_5,
)
