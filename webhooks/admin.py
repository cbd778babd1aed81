"""Webhooks in the admin: which there are, how their addresses answer, and what became of calls."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import Max, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display

from chatplatform import clock, ids, webhook_actions
from chatplatform.admin import fields, pages, visitors
from chatplatform.admin.keyset import Slice, Unending
from chatplatform.admin.nouns import Noun, NounForm
from chatplatform.admin.refusals import REFUSED, words
from chatplatform.admin.shown import PageForm
from chatplatform.api.versions import NEWEST
from chatplatform.errors import NotFound, ProtocolError
from chatplatform.models import (
    Organization,
    Webhook,
    WebhookDelivery,
    WebhookEndpoint,
)
from chatplatform.models.webhooks import WebhookKind
from chatplatform.selectors import applications, webhooks
from chatplatform.services import redelivery
from chatplatform.services.deliveries import LEASE
from chatplatform.services.webhooks import MAX_DESCRIPTION, MAX_SECRET, MAX_URL
from chatplatform.templatetags.admin_words import exact_moment, moment
from webhooks.calls import Composed, composed

CONFIGURE: Final = ("webhooks.configuration:rw",)
STATE: Final = ("webhooks.state:rw",)

_State = WebhookDelivery.State

KINDS: Final[dict[str, str | Promise]] = {
    WebhookKind.LICENSE: _("Always"),
    WebhookKind.BOT: _("While a bot of the application is there"),
}
AUTHORS: Final = (("", _("Whoever wrote")), ("customer", _("Customers")), ("agent", _("Agents")))
SOURCES: Final = (
    ("my_client", _("The application itself")),
    ("other_clients", _("Other applications")),
    ("system", _("The platform")),
)
ADDITIONAL: Final = (
    (webhook_actions.CHAT_PROPERTIES, _("The chat's properties")),
    (webhook_actions.CHAT_PRESENCE_USER_IDS, _("Who is in the chat")),
)


def own_applications(organization: Organization | None) -> list[tuple[str, str]]:
    """Return the organisation's integrations by client id, as forms offer them."""
    rows = applications.integrations(organization.pk) if organization else []
    return [(one.client_id, one.name) for one in rows]


# --- how addresses answer ---------------------------------------------------------------------


def health(endpoint: WebhookEndpoint) -> str:
    """Say how an address answers, as a badge and words."""
    if endpoint.disabled_at is not None:
        return format_html(
            '<span class="badge badge-danger">{}</span> <span class="hint">{} {}</span>',
            _now("Switched off"),
            _now("It answered 410, that it is gone. Register a webhook there again to call it."),
            moment(endpoint.disabled_at),
        )
    if endpoint.failing_since is not None:
        return format_html(
            '<span class="badge badge-warn">{}</span> <span class="hint">{} {}. {} {}</span>',
            _now("Failing"),
            _now("Since"),
            moment(endpoint.failing_since),
            _now("Next try:"),
            moment(max(endpoint.open_at, clock.now())),
        )
    return format_html('<span class="badge badge-ok">{}</span>', _now("Answers"))


# --- registrations ----------------------------------------------------------------------------


class WebhookForm(NounForm):
    """A new webhook: the fields of ``register_webhook``. Registrations are never changed."""

    owner_client_id = fields.choice(
        _("Application"), help_text=_("Whose webhook it is. It serves every licence that has it.")
    )
    action = fields.choice(
        _("Action"),
        [(one.name, one.name) for one in webhook_actions.of_version(NEWEST)],
        _("What has to happen."),
    )
    url = fields.text(
        _("Address"), _("Where to call, with http:// or https://."), max_length=MAX_URL
    )
    secret_key = fields.secret(
        _("Secret"),
        _(
            "Goes with every call and signs it, so that the receiver knows it is yours. It is"
            " never shown again."
        ),
        max_length=MAX_SECRET,
    )
    type = fields.choice(
        _("When"), KINDS.items(), _("Bots' webhooks rest while no bot of theirs is there.")
    )
    description = fields.text(
        _("Description"), _("For yourself."), max_length=MAX_DESCRIPTION, required=False
    )
    author_type = fields.choice(
        _("Only what is said by"), AUTHORS, _("Of events only."), required=False
    )
    source_type = fields.several(
        _("Only what is caused by"), SOURCES, _("None chosen: whatever causes it."), coerce=str
    )
    only_my_chats = fields.switch(
        _("Only the application's chats"), _("Those that were started through it.")
    )
    additional_data = fields.several(
        _("Send along"), ADDITIONAL, _("Of chats and events only."), coerce=str
    )

    class Meta:
        model = Webhook
        fields = ("action", "description")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "owner_client_id" in self.fields:
            offered = own_applications(self.organization)
            self.fields["owner_client_id"].choices = offered  # type: ignore[attr-defined]


@admin.register(Webhook)
class WebhookNoun(Noun):
    """The webhooks of the organisation's own applications."""

    form = WebhookForm
    section = "integrations"
    icon = "webhook"
    empty_words = _(
        "Your own systems are told at once what happens in chats. Name an address, and what "
        "it is told of."
    )
    menu_title = _("Webhooks")
    order = 30
    tenant = "application__organization"
    audit_subject = "webhook"
    scopes_to_view = CONFIGURE
    scopes_to_change = CONFIGURE
    can_change = False
    list_display = ("action", "address", "of_application", "answers", "deliveries")
    list_select_related = ("application", "application__organization", "endpoint")
    search_fields = ("action", "endpoint__url", "application__name")
    search_help_text = _("Action, address or application")
    ordering = ("application__name", "action", "created_at")
    change_form_template = "admin/webhooks/webhook.html"
    list_before_template = "admin/webhooks/about.html"

    def get_fieldsets(self, request: HttpRequest, obj: Any | None = None) -> Any:
        """Show what must be said first, then what narrows it."""
        if obj is not None:
            return ((None, {"fields": ("action",)}),)
        first = ("owner_client_id", "action", "url", "secret_key", "type", "description")
        narrow = ("author_type", "source_type", "only_my_chats", "additional_data")
        return ((None, {"fields": first}), (_("Narrow it down"), {"fields": narrow}))

    # --- columns ---

    @display(description=_("Address"))
    def address(self, webhook: Webhook) -> str:
        """Return where it calls."""
        return webhook.endpoint.url

    @display(description=_("Application"), ordering="application__name")
    def of_application(self, webhook: Webhook) -> str:
        """Return whose it is."""
        return str(webhook.application.name)

    @display(description=_("Address answers"))
    def answers(self, webhook: Webhook) -> str:
        """Say how the address answers."""
        return health(webhook.endpoint)

    @display(description=_("Calls"))
    def deliveries(self, webhook: Webhook) -> str:
        """Return the way to its calls."""
        return format_html(
            '<a href="{}?webhook={}">{}<span class="visually-hidden"> {}</span></a>',
            reverse("admin:chatplatform_webhookdelivery_changelist"),
            webhook.pk,
            _("Deliveries"),
            webhook.action,
        )

    # --- acting ---

    def store(self, request: HttpRequest, row: Any | None, values: dict[str, Any]) -> Webhook:
        """Register the webhook."""
        chosen = {
            name: values[name]
            for name in ("author_type", "source_type", "only_my_chats")
            if values.get(name)
        }
        names = ("owner_client_id", "action", "url", "secret_key", "type", "description")
        payload = {
            **{name: values[name] for name in names},
            "additional_data": values["additional_data"],
            "filters": chosen,
        }
        made = self.call(request, "register_webhook", payload)
        return Webhook.objects.get(pk=made["id"])

    def remove(self, request: HttpRequest, row: Webhook) -> None:
        """Take the webhook away."""
        payload = {"owner_client_id": row.application.client_id, "id": row.pk}
        self.call(request, "unregister_webhook", payload, row)

    def consequences(self, request: HttpRequest, row: Webhook) -> Iterable[str]:
        """Say what becomes of its calls."""
        yield _now("Calls that wait for it are not sent. What was sent can no longer be read here.")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show a registration in words; a new one as a form."""
        webhook: Webhook | None = kwargs.get("obj")
        if webhook is not None:
            context.update(
                webhook=webhook,
                kind=KINDS[webhook.kind],
                health=health(webhook.endpoint),
                filters=json.dumps(webhook.filters, indent=2, ensure_ascii=False),
                exactly=exact_moment(webhook.created_at),
                has_delete_permission=self.has_delete_permission(request, webhook),
            )
        else:
            context["has_applications"] = bool(own_applications(visitors.organization(request)))
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response


# --- whether a licence's are sent ---------------------------------------------------------------


class SendingForm(PageForm):
    """A switch for each application that is installed."""

    fields_are_rows = True

    def __init__(self, *args: Any, installed: Sequence[Any] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in installed:
            self.fields[one.application.client_id] = fields.switch(
                one.application.name, initial=one.webhooks_enabled
            )


@pages.register
class SendingPage(pages.FormPage):
    """Which applications hear of what happens on the licence."""

    name = "webhook_sending"
    path = "webhooks/sending/"
    title = _("Webhooks: who hears of this licence")
    icon = "notifications_active"
    scopes = STATE
    form_class = SendingForm
    template_name = "admin/webhooks/sending.html"
    saved = _("Saved. What was owed already is still sent.")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add what is installed."""
        installed = webhooks.installed(self.organization.pk)
        return {**super().get_form_kwargs(), "installed": installed}

    def store(self, values: dict[str, Any]) -> None:
        """Switch those that are to change."""
        for one in webhooks.installed(self.organization.pk):
            client_id = one.application.client_id
            wanted = values.get(client_id)
            if wanted is None or wanted == one.webhooks_enabled:
                continue
            name = "enable_license_webhooks" if wanted else "disable_license_webhooks"
            visitors.call(self.request, name, {"owner_client_id": client_id})


# --- what became of calls -----------------------------------------------------------------------

STATES: Final[dict[str, str | Promise]] = {
    _State.WAITING: _("Waiting"),
    _State.DELIVERED: _("Delivered"),
    _State.FAILED: _("Failed"),
}
_BADGES: Final = {_State.WAITING: "badge-warn", _State.DELIVERED: "badge-ok"}
PERIODS: Final = {
    "hour": (timedelta(hours=1), _("The last hour")),
    "day": (timedelta(days=1), _("The last 24 hours")),
    "week": (timedelta(days=7), _("The last 7 days")),
}
WEBHOOKS_OFFERED: Final = 150
"""Webhooks whose calls are listed at most: a page is merged from three slices of each."""
WINDOW: Final = 20_000
"""Of how many calls, the newest, those of the whole platform are narrowed."""


class DeliveryNarrowing(forms.Form):
    """By what deliveries are narrowed."""

    state = fields.choice(_("State"), [("", _("Any")), *STATES.items()], required=False)
    action = fields.choice(_("Action"), required=False)
    webhook = fields.choice(_("Webhook"), required=False)
    period = fields.choice(
        _("When"),
        [("", _("Any time")), *((name, title) for name, (_length, title) in PERIODS.items())],
        required=False,
    )

    def prepare(self, noun: DeliveryNoun, request: HttpRequest) -> None:
        """Offer what is registered."""
        known = noun.webhooks_of(request)
        offered = {
            "action": sorted({(one.action, one.action) for one in known}),
            "webhook": [(one.pk, f"{one.action} → {one.endpoint.url}") for one in known],
        }
        for name, choices in offered.items():
            self.fields[name].choices = [("", _("Any")), *choices]  # type: ignore[attr-defined]


def _badge(state: str) -> str:
    kind = _BADGES.get(cast(_State, state), "badge-danger")
    return format_html('<span class="badge {}">{}</span>', kind, STATES[state])


@admin.register(WebhookDelivery)
class DeliveryNoun(Unending):
    """The calls that were or are owed to the organisation's applications."""

    section = "integrations"
    icon = "outbox"
    empty_words = _(
        "Calls to your webhooks appear here by themselves, with what their addresses answered."
    )
    menu_title = _("Webhook deliveries")
    order = 31
    audit_subject = "webhook_delivery"
    scopes_to_view = CONFIGURE
    scopes_to_change = CONFIGURE
    can_add = can_change = can_remove = False
    narrowing = DeliveryNarrowing
    list_display = ("occurred", "action", "address", "state_shown", "tries", "last_answer")
    list_display_links = ("occurred",)
    list_select_related = ("endpoint",)
    change_form_template = "admin/webhooks/delivery.html"
    actions: ClassVar[list[str]] = ["send_again", "send_now"]

    # --- which there are ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookDelivery]:
        """Return what happened here and is told to own applications."""
        rows = super().get_queryset(request).select_related("endpoint", "webhook__application")
        organization = visitors.organization(request)
        if organization is not None:
            rows = rows.filter(webhook__in=webhooks.own_webhooks(organization.pk).values("pk"))
        return cast("QuerySet[WebhookDelivery]", rows)

    def webhooks_of(self, request: HttpRequest) -> list[Webhook]:
        """Return the webhooks whose calls are listed; those of all organisations for nobody."""
        organization = visitors.organization(request)
        if organization is None:
            return []
        rows = webhooks.own_webhooks(organization.pk).select_related("endpoint")
        return list(rows.order_by("action", "-created_at")[:WEBHOOKS_OFFERED])

    def slice(
        self, request: HttpRequest, values: dict[str, Any], wanted: Slice
    ) -> Sequence[WebhookDelivery]:
        """Return a page, merged from the slices of each webhook and state."""
        organization = visitors.organization(request)
        if organization is None:
            return _within(wanted.of(self._of_all(request, values)), values.get("period"))
        chosen = [
            one.pk
            for one in self.webhooks_of(request)
            if values.get("webhook") in ("", None, one.pk)
            and values.get("action") in ("", None, one.action)
        ]
        state = values.get("state")
        found = webhooks.slice_of_deliveries(
            organization.pk,
            chosen,
            [state] if state else list(_State.values),
            position=wanted.before if wanted.after is None else wanted.after,
            ascending=wanted.after is not None,
            limit=wanted.limit,
        )
        if wanted.after is not None:
            found.reverse()
        return _within(found, values.get("period"))

    def _of_all(self, request: HttpRequest, values: dict[str, Any]) -> QuerySet[WebhookDelivery]:
        """Return the calls of all organisations, which no index narrows."""
        rows = self.get_queryset(request).prefetch_related("attempts")
        rows = rows.defer("event", "cause", "body")
        if not values.get("state"):
            return rows
        newest = WebhookDelivery.objects.aggregate(newest=Max("pk"))["newest"] or 0
        return rows.filter(state=values["state"], pk__gt=newest - WINDOW)

    def audited(self, row: WebhookDelivery) -> tuple[str, str]:
        """Return the delivery's id towards receivers."""
        return self.audit_subject, ids.delivery_id(row.pk)

    # --- columns ---

    @display(description=_("Happened"))
    def occurred(self, delivery: WebhookDelivery) -> str:
        """Return when what it tells of happened."""
        return moment(delivery.occurred_at)

    @display(description=_("Address"))
    def address(self, delivery: WebhookDelivery) -> str:
        """Return where it goes."""
        return delivery.endpoint.url

    @display(description=_("State"))
    def state_shown(self, delivery: WebhookDelivery) -> str:
        """Return its state."""
        return _badge(delivery.state)

    @display(description=_("Tries"))
    def tries(self, delivery: WebhookDelivery) -> int:
        """Return how often it was tried."""
        return len(delivery.attempts.all())

    @display(description=_("Last answer"))
    def last_answer(self, delivery: WebhookDelivery) -> str:
        """Return the status of the last answer, or why there was none."""
        attempts = list(delivery.attempts.all())
        if not attempts:
            return "–"
        last = max(attempts, key=lambda one: one.pk)
        return str(last.status) if last.status is not None else last.error

    # --- sending again ---

    @action(description=_("Send again"), icon="replay")
    def send_again(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        """Queue those that were ticked once more; say how many, and why not others."""
        sent, waiting = 0, 0
        for delivery in queryset:
            if delivery.state == _State.WAITING:
                waiting += 1
                continue
            try:
                self._redeliver(request, delivery)
            except ProtocolError as refusal:
                messages.error(request, f"{delivery.endpoint.url}: {refusal}")
            else:
                sent += 1
        if sent:
            text = ngettext("%d call is sent again.", "%d calls are sent again.", sent) % sent
            messages.success(request, text)
        if waiting:
            text = ngettext(
                "%d call waits for its next try: “Send now” has it at once.",
                "%d calls wait for their next try: “Send now” has it at once.",
                waiting,
            )
            messages.info(request, text % waiting)

    @action(description=_("Send now"), icon="bolt")
    def send_now(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        """Have those that were ticked and wait tried at once; say how many, and why not others."""
        sent, soon, done = 0, 0, 0
        for delivery in queryset.order_by("pk"):
            if delivery.state != _State.WAITING:
                done += 1
                continue
            try:
                hurried = self._hurry(request, delivery)
            except ProtocolError as refusal:
                messages.error(request, f"{delivery.endpoint.url}: {refusal}")
                continue
            sent, soon = sent + hurried, soon + (not hurried)
        if sent:
            text = ngettext("%d call is sent now.", "%d calls are sent now.", sent) % sent
            messages.success(request, text)
        if soon:
            text = ngettext(
                "%d call is tried within a minute anyway.",
                "%d calls are tried within a minute anyway.",
                soon,
            )
            messages.info(request, text % soon)
        if done:
            text = ngettext(
                "%d call does not wait: “Send again” sends it once more.",
                "%d calls do not wait: “Send again” sends them once more.",
                done,
            )
            messages.info(request, text % done)

    def _hurry(self, request: HttpRequest, delivery: WebhookDelivery) -> bool:
        """Have the next try at once; ``False`` where it is within a minute anyway."""
        who = visitors.requester(request, delivery.organization)
        if who is None:
            raise NotFound("Delivery not found")
        owner, number = delivery.webhook.application, ids.delivery_id(delivery.pk)
        with visitors.acting(request, who):
            return redelivery.send_now(delivery.organization_id, owner, number)

    def _redeliver(self, request: HttpRequest, delivery: WebhookDelivery) -> None:
        payload = {
            "owner_client_id": delivery.webhook.application.client_id,
            "id": ids.delivery_id(delivery.pk),
        }
        visitors.call(
            request,
            "redeliver_webhook",
            payload,
            within=delivery.organization,
        )

    # --- one of them ---

    def get_urls(self) -> list[URLPattern]:
        """Add what one delivery can do, and the part of its page that changes."""
        view = self.admin_site.admin_view
        again = view(self.send_one_again)
        now = view(self.send_one_now)
        part = view(self.part)
        name = "chatplatform_webhookdelivery"
        return [
            path("<int:number>/again/", again, name=f"{name}_again"),
            path("<int:number>/now/", now, name=f"{name}_now"),
            path("<int:number>/part/", part, name=f"{name}_part"),
            *super().get_urls(),
        ]

    def _one(self, request: HttpRequest, number: int) -> WebhookDelivery:
        found = self.get_object(request, str(number))
        if found is None or not self.has_view_permission(request, found):
            raise Http404
        return cast(WebhookDelivery, found)

    def send_one_again(self, request: HttpRequest, number: int) -> HttpResponse:
        """Queue one once more, and show it."""
        if request.method != "POST" or not self._may_change(request):
            raise Http404
        delivery = self._one(request, number)
        try:
            self._redeliver(request, delivery)
        except REFUSED as refusal:
            messages.error(request, words(refusal))
        else:
            messages.success(request, _now("It is sent again. What comes back appears below."))
        return HttpResponseRedirect(
            reverse("admin:chatplatform_webhookdelivery_change", args=[number])
        )

    def send_one_now(self, request: HttpRequest, number: int) -> HttpResponse:
        """Have the next try of one that waits at once, and show it."""
        if request.method != "POST" or not self._may_change(request):
            raise Http404
        delivery = self._one(request, number)
        try:
            hurried = self._hurry(request, delivery)
        except REFUSED as refusal:
            messages.error(request, words(refusal))
        else:
            said = (
                _now("It is sent now.") if hurried else _now("It is tried within a minute anyway.")
            )
            messages.success(request, f"{said} {_now('What comes back appears below.')}")
        return HttpResponseRedirect(
            reverse("admin:chatplatform_webhookdelivery_change", args=[number])
        )

    def part(self, request: HttpRequest, number: int) -> HttpResponse:
        """Answer what changes on a delivery's page while it waits."""
        context = self._shown(request, self._one(request, number))
        return HttpResponse(render_to_string("admin/webhooks/delivery_part.html", context, request))

    def _shown(self, request: HttpRequest, delivery: WebhookDelivery) -> dict[str, Any]:
        waits = delivery.state == _State.WAITING
        return {
            "delivery": delivery,
            "badge": _badge(delivery.state),
            "health": health(delivery.endpoint),
            "waits": waits,
            "next_try": max(delivery.due_at, delivery.endpoint.open_at) if waits else None,
            "attempts": [
                (one, exact_moment(one.started_at))
                for one in delivery.attempts.order_by("-id")[:100]
            ],
            "is_disabled": delivery.endpoint.disabled_at is not None,
            "may_send_again": not waits and self._may_change(request),
            "may_send_now": self._waits_long(delivery) and self._may_change(request),
        }

    @staticmethod
    def _waits_long(delivery: WebhookDelivery) -> bool:
        """Tell whether it waits for a try that can be had sooner."""
        if delivery.state != _State.WAITING or delivery.endpoint.disabled_at is not None:
            return False
        return max(delivery.due_at, delivery.endpoint.open_at) > clock.now() + LEASE

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show the delivery in words, in place of a form."""
        delivery: WebhookDelivery = kwargs["obj"]
        body, is_kept = _body(delivery)
        context.update(
            self._shown(request, delivery),
            delivery_id=ids.delivery_id(delivery.pk),
            exactly=exact_moment(delivery.occurred_at),
            body=body,
            is_kept=is_kept,
            title=f"{delivery.action} → {delivery.endpoint.url}",
            original=None,
        )
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response


def _within(found: list[WebhookDelivery], period: str | None) -> list[WebhookDelivery]:
    """Return those of ``found`` that are of ``period``; older ones follow the first too old."""
    if not period:
        return found
    since: datetime = clock.now() - PERIODS[period][0]
    return [one for one in found if one.occurred_at >= since]


def _body(delivery: WebhookDelivery) -> tuple[str, bool]:
    """Return what the call says, without its secret, and whether it is kept as it was sent.

    A call that was taken at once is composed anew from what happened.
    """
    kept = delivery.body
    if kept is None:
        call = composed([delivery])[delivery.pk]
        kept = call.body if isinstance(call, Composed) else None
    if kept is None:
        return "", False
    return json.dumps(kept, indent=2, ensure_ascii=False), delivery.body is not None
