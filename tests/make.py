"""Makes what tests are about, through the services everything else uses."""

import base64
import itertools
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from chatplatform import clock
from chatplatform.models import (
    AccessRule,
    Account,
    Agent,
    Application,
    Chat,
    Customer,
    Form,
    Goal,
    Greeting,
    Group,
    Organization,
    PersonalAccessToken,
    PropertyDefinition,
    Tag,
    Thread,
    Webhook,
    WebhookDelivery,
)
from chatplatform.models.people import AgentRole, RoutingStatus
from chatplatform.properties import LOCATIONS
from chatplatform.requester import AgentRequester, CustomerRequester, Requester
from chatplatform.scopes import allowed
from chatplatform.services import (
    access_rules,
    agent_tokens,
    agents,
    applications,
    authentication,
    chats,
    customer_identities,
    customer_tokens,
    events,
    forms,
    goals,
    greetings,
    organizations,
    personal_access_tokens,
    properties,
    tags,
    tokens,
    webhooks,
)
from chatplatform.services import groups as group_services
from chatplatform.services.chats import Opening, Started
from chatplatform.services.events import Draft
from chatplatform.services.webhooks import Registration
from chatplatform.webhook_actions import Filters

_numbers = itertools.count(1)


def organization(name: str = "Acme") -> Organization:
    """Make an organisation with its General group and first-party clients."""
    return organizations.create_organization(name)


def agent(
    organization: Organization,
    role: str = AgentRole.NORMAL,
    *,
    email: str = "",
    name: str = "Ann Agent",
    password: str | None = None,
    login_status: str = RoutingStatus.ACCEPTING,
    groups: Iterable[Group] = (),
) -> Agent:
    """Make an agent; without ``email`` they get one of their own."""
    made = agents.create_agent(
        organization,
        email or f"agent{next(_numbers)}@example.com",
        name,
        password,
        role=role,
        login_status=login_status,
    )
    for group in groups:
        group_services.add_group_member(group, made)
    return made


def group(organization: Organization, name: str = "Sales", agents: Iterable[Agent] = ()) -> Group:
    """Make a group of these agents."""
    made = group_services.create_group(organization, name)
    for member in agents:
        group_services.add_group_member(made, member)
    return made


def customer(organization: Organization, *, name: str = "", email: str = "") -> Customer:
    """Make a customer."""
    made = customer_identities.create_customer(organization)
    if name or email:
        made.name, made.email = name, email
        made.save(update_fields=["name", "email"])
    return made


def application(
    organization: Organization,
    redirect_uris: Iterable[str] = ("https://shop.example/chat",),
    *,
    any_origin: bool = False,
    confidential: bool = True,
    scopes: Iterable[str] = (),
    client_secret: str | None = None,
) -> Application:
    """Make the client of an integration, which may ask agents for ``scopes``."""
    made = applications.create_application(
        organization,
        "Integration",
        redirect_uris,
        any_origin=any_origin,
        confidential=confidential,
        client_secret=client_secret,
    ).application
    if scopes:
        made.scopes = sorted(scopes)
        made.save(update_fields=["scopes"])
    return made


def account(agent: Agent) -> Account:
    """Return the account behind a seat."""
    if agent.account is None:
        raise LookupError("the agent is a bot")
    return agent.account


def access_token(
    agent: Agent,
    scopes: Iterable[str] | None = None,
    application: Application | None = None,
    expires_in: int = tokens.LIFETIME_SECONDS,
) -> str:
    """Issue a Bearer token carrying ``scopes``, or all that the role allows."""
    issued = agent_tokens.issue_access_token(
        account(agent),
        application or _own_application(agent.organization),
        allowed(agent.role) if scopes is None else scopes,
        expires_in,
    )
    return issued.token


def token_pair(
    agent: Agent,
    scopes: Iterable[str] | None = None,
    application: Application | None = None,
    family: UUID | None = None,
) -> tuple[str, str]:
    """Issue an access token and a refresh token of one authorization."""
    family, client = family or uuid4(), application or _own_application(agent.organization)
    carried = allowed(agent.role) if scopes is None else frozenset(scopes)
    with transaction.atomic():
        issued = agent_tokens.issue_access_token(account(agent), client, carried, family=family)
        refresh = agent_tokens.issue_refresh_token(account(agent), client, carried, family)
    return issued.token, refresh


def pat(agent: Agent, scopes: Iterable[str] | None = None) -> str:
    """Issue a personal access token carrying ``scopes``, or all that the role allows."""
    wanted = allowed(agent.role) if scopes is None else scopes
    return personal_access_tokens.issue(account(agent), "Test", wanted).token


def revoke_pat(token: str) -> None:
    """Revoke a personal access token, as whoever it acts as does."""
    row = PersonalAccessToken.objects.get(checksum=tokens.checksum(token))
    personal_access_tokens.revoke_own(requester(row.account.agent), row.pk)


def basic(agent: Agent, token: str) -> str:
    """Return the Authorization header's value for a personal access token."""
    pair = f"{agent.account_id}:{token}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def customer_token(
    customer: Customer,
    application: Application | None = None,
    expires_in: int = tokens.LIFETIME_SECONDS,
) -> str:
    """Issue a Bearer token of ``customer``."""
    issued = customer_tokens.issue_customer_token(
        customer, application or _own_application(customer.organization), expires_in
    )
    return issued.token


def _own_application(organization: Organization) -> Application:
    found = Application.objects.filter(
        organization=organization, purpose=Application.Purpose.INTEGRATION
    ).first()
    return found or application(organization)


def webhook(
    owner: Application,
    action: str = "incoming_event",
    *,
    url: str = "https://hooks.example.com/chat",
    kind: str = "license",
    secret_key: str = "",
    filters: Filters | None = None,
    version: str = "3.7",
    **more: Any,
) -> Webhook:
    """Register a webhook, by default one of everything that is said on the owner's licence."""
    wanted = Registration(action, url, secret_key or "secret", kind, filters or {}, **more)
    return webhooks.register_webhook(owner, wanted, version)


def delivery(
    organization: Organization,
    webhook: Webhook,
    *,
    state: str = "failed",
    attempts: int = 1,
    status: int | None = 500,
    answer: str = "",
    error: str = "",
    **more: Any,
) -> WebhookDelivery:
    """Make a call to a webhook as the worker leaves it, by default given up."""
    ended = None if state == "waiting" else clock.now()
    made = WebhookDelivery.objects.create(
        organization=organization,
        webhook=webhook,
        endpoint=webhook.endpoint,
        action=webhook.action,
        event={},
        state=state,
        attempts_count=attempts,
        finished_at=ended,
        **more,
    )
    for _ in range(attempts):
        made.attempts.create(
            started_at=clock.now(), seconds=0.25, status=status, answer=answer, error=error
        )
    return made


# --- tags -------------------------------------------------------------------------------------


def tag(organization: Organization, name: str = "vip", groups: Iterable[int] = (0,)) -> Tag:
    """Make a tag of these groups, as an agent who does nothing else."""
    author = Agent.objects.filter(organization=organization).order_by("id").first()
    who = requester(author or agent(organization, AgentRole.ADMINISTRATOR))
    assert isinstance(who, AgentRequester)
    return tags.create_tag(replace(who, scopes=allowed(AgentRole.ADMINISTRATOR)), name, groups)


# --- conversations ------------------------------------------------------------------------------


def requester(of: Agent | Customer) -> Requester:
    """Return an agent or a customer as services know who asks."""
    if isinstance(of, Agent):
        return authentication.authenticate_agent(f"Bearer {access_token(of)}")
    return authentication.authenticate_customer(
        f"Bearer {customer_token(of)}", {"organization_id": str(of.organization_id)}
    )


def message(text: str = "Hello", **more: object) -> dict[str, object]:
    """Return a message as clients send it."""
    return {"type": "message", "text": text, **more}


def rich_message(title: str = "Well?", *postback_ids: str, **more: object) -> dict[str, object]:
    """Return a rich message as clients send it, with a button for each postback id."""
    buttons = [
        {"text": one.title(), "type": "message", "value": one, "postback_id": one}
        for one in postback_ids
    ]
    elements = [{"title": title, "buttons": buttons}]
    return {"type": "rich_message", "template_id": "cards", "elements": elements, **more}


def chat(
    by: Customer | Agent,
    *,
    active: bool = True,
    continuous: bool = True,
    groups: Iterable[int] | None = None,
    users: Iterable[tuple[str, str]] = (),
    texts: Iterable[str] = (),
) -> Chat:
    """Start a chat; by default one that may wait while nobody is online."""
    who = requester(by)
    started = chats.start_chat(
        who,
        Opening(
            active=active,
            continuous=continuous,
            group_ids=tuple(groups) if groups is not None else None,
            users=tuple(users),
            events=tuple(_draft(who, text) for text in texts),
        ),
    )
    return Chat.objects.get(id=started.chat_id)


def thread(chat: Chat, *, texts: Iterable[str] = (), closed: bool = True) -> Thread:
    """Add a thread to an inactive chat as its customer, and close it again by default."""
    if chat.customer is None:
        raise LookupError("the chat has no customer")
    who = requester(chat.customer)
    opening = Opening(continuous=True, events=tuple(_draft(who, text) for text in texts))
    started: Started = chats.resume_chat(who, chat.id, opening)
    if closed:
        chats.deactivate_chat(who, chat.id)
    return Thread.objects.get(id=started.thread_id)


def event(chat: Chat, by: Customer | Agent, text: str = "Hello", visibility: str = "all") -> str:
    """Send a message to a running chat and return its id."""
    sent = events.append(requester(by), chat.id, _draft(requester(by), text, visibility))
    return sent.event_id


def _draft(who: AgentRequester | CustomerRequester, text: str, visibility: str = "all") -> Draft:
    draft = Draft(type="message", content={"text": text}, visibility=visibility)
    return events.draft_by(who, draft)


# --- properties ---------------------------------------------------------------------------------


def definition(
    owner: Application,
    name: str = "plan",
    *,
    kind: str = "string",
    access: dict[str, dict[str, list[str]]] | None = None,
    public: list[str] | None = None,
    **more: Any,
) -> PropertyDefinition:
    """Register a property, by default one that agents and customers read and write everywhere.

    ``public`` publishes it with these rights.
    """
    if access is None:
        rights = {"agent": ["read", "write"], "customer": ["read", "write"]}
        access = dict.fromkeys(LOCATIONS, rights)
    organization, client_id = owner.organization, owner.client_id
    made = properties.register_property(
        organization, client_id, name, kind=kind, access=access, **more
    )
    if public is not None:
        properties.publish_property(organization, client_id, name, public)
    return made


# --- what customers are greeted with and asked ----------------------------------------------------


def rule(
    kind: str = "url_current", operator: str = "contains", value: str = "", **more: Any
) -> dict[str, Any]:
    """Return a greeting's rule; by default one that holds on every page."""
    made: dict[str, Any] = {"condition": "and", "type": kind, **more}
    if operator:
        made |= {"operator": operator, "value": value}
    return made


def greeting(
    organization: Organization,
    *rules: dict[str, Any],
    group: int = 0,
    text: str = "May we help?",
    **more: Any,
) -> Greeting:
    """Make an active greeting in plain words, shown at once unless ``rules`` say otherwise."""
    values = {
        "type": "normal",
        "active": True,
        "name": text,
        "rules": list(rules) or [rule()],
        "properties": {"greeting-message_text": text},
        **more,
    }
    return greetings.create_greeting(organization, group, values)


def form(
    organization: Organization,
    *fields: dict[str, Any],
    kind: str = "prechat",
    group: int = 0,
    enabled: bool = True,
) -> Form:
    """Make a form; by default one that asks for a name."""
    asked = fields or ({"id": "name", "type": "name", "label": "Your name"},)
    return forms.set_form(organization, group, kind, enabled=enabled, fields=asked)


def goal(organization: Organization, **values: Any) -> Goal:
    """Make a goal; by default that of opening a page of thanks."""
    given = {"name": "Sale", "type": "url", "operator": "contains", "value": "/thanks", **values}
    return goals.create_goal(organization, given)


def access_rule(
    organization: Organization, *groups: int, next_id: str = "", **conditions: Any
) -> AccessRule:
    """Make an access rule to groups; by default about pages of sales."""
    return access_rules.add_access_rule(
        organization,
        group_ids=groups,
        conditions=conditions or {"url": {"values": [{"value": "/sales"}]}},
        next_id=next_id,
    )
