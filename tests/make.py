"""Makes what tests are about, through the services everything else uses."""

import base64
import itertools
from collections.abc import Iterable

from chatplatform.models import (
    Account,
    Agent,
    Application,
    Chat,
    Customer,
    Group,
    Organization,
    Thread,
)
from chatplatform.models.people import AgentRole, RoutingStatus
from chatplatform.requester import AgentRequester, CustomerRequester, Requester
from chatplatform.scopes import allowed
from chatplatform.services import (
    applications,
    chats,
    customer_identities,
    events,
    organizations,
    tokens,
)
from chatplatform.services.chats import Opening, Started
from chatplatform.services.events import Draft

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
    made = organizations.add_agent(
        organization,
        email or f"agent{next(_numbers)}@example.com",
        name,
        password,
        role=role,
        login_status=login_status,
    )
    for group in groups:
        organizations.add_group_member(group, made)
    return made


def group(organization: Organization, name: str = "Sales", agents: Iterable[Agent] = ()) -> Group:
    """Make a group of these agents."""
    made = organizations.create_group(organization, name)
    for member in agents:
        organizations.add_group_member(made, member)
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
) -> Application:
    """Make the client of an integration."""
    made = applications.create_application(
        organization, "Integration", redirect_uris, any_origin=any_origin
    )
    return made.application


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
    issued = tokens.issue_access_token(
        account(agent),
        application or _own_application(agent.organization),
        allowed(agent.role) if scopes is None else scopes,
        expires_in,
    )
    return issued.token


def pat(agent: Agent, scopes: Iterable[str] | None = None) -> str:
    """Issue a personal access token carrying ``scopes``, or all that the role allows."""
    return tokens.create_personal_access_token(
        account(agent), "Test", allowed(agent.role) if scopes is None else scopes
    )


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
    issued = tokens.issue_customer_token(
        customer, application or _own_application(customer.organization), expires_in
    )
    return issued.token


def _own_application(organization: Organization) -> Application:
    found = Application.objects.filter(
        organization=organization, purpose=Application.Purpose.INTEGRATION
    ).first()
    return found or application(organization)


# --- conversations ------------------------------------------------------------------------------


def requester(of: Agent | Customer) -> Requester:
    """Return an agent or a customer as services know who asks."""
    if isinstance(of, Agent):
        return tokens.authenticate_agent(f"Bearer {access_token(of)}")
    return tokens.authenticate_customer(
        f"Bearer {customer_token(of)}", {"organization_id": str(of.organization_id)}
    )


def message(text: str = "Hello", **more: object) -> dict[str, object]:
    """Return a message as clients send it."""
    return {"type": "message", "text": text, **more}


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
