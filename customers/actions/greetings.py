"""Customer Chat API: greetings and welcome messages."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from chatplatform.api.action import Request, action
from chatplatform.api.context import CustomerContext
from chatplatform.api.wire import shapes as wire
from chatplatform.api.wire.chats import GroupId
from chatplatform.models import Agent
from chatplatform.records import Record, agent_record
from chatplatform.services import greetings, welcomes
from customers import shapes

UniqueId = Annotated[str, Field(max_length=64)]


class AcceptGreeting(Request):
    """``accept_greeting``; ``greeting_id`` is the greeting's, ``unique_id`` its showing's."""

    greeting_id: int
    unique_id: UniqueId


@action("customer", writes=True)
def accept_greeting(ctx: CustomerContext, request: AcceptGreeting) -> wire.Nothing:
    """Say that the customer has seen a greeting."""
    greetings.accept_greeting(ctx.requester.customer_id, request.greeting_id, request.unique_id)
    return {}


class CancelGreeting(Request):
    """``cancel_greeting``."""

    unique_id: UniqueId


@action("customer", writes=True)
def cancel_greeting(ctx: CustomerContext, request: CancelGreeting) -> wire.Nothing:
    """Close a greeting."""
    greetings.cancel_greeting(ctx.requester.customer_id, request.unique_id)
    return {}


class SendGreetingButtonClicked(Request):
    """``send_greeting_button_clicked``."""

    greeting_unique_id: UniqueId
    button_id: UniqueId


@action("customer", web="3.6", rtm="3.6", writes=True)
def send_greeting_button_clicked(
    ctx: CustomerContext, request: SendGreetingButtonClicked
) -> wire.Nothing:
    """Say which of a greeting's buttons the customer clicked."""
    greetings.button_clicked(
        ctx.requester.customer_id, request.greeting_unique_id, request.button_id
    )
    return {}


class RequestWelcomeMessage(Request):
    """``request_welcome_message``; ``id`` repeats one, ``group_id`` names another group."""

    id: UniqueId | None = None
    group_id: GroupId | None = None


class WelcomeMessage(TypedDict):
    """``request_welcome_message``'s answer; the message itself follows as a push."""

    id: str
    predicted_agent: dict[str, Any]
    queue: bool


@action("customer", web="3.6", rtm="3.6", writes=True)
def request_welcome_message(ctx: CustomerContext, request: RequestWelcomeMessage) -> WelcomeMessage:
    """Ask to be welcomed by whoever would answer a chat started now."""
    welcome = welcomes.request_welcome_message(
        ctx.requester.customer_id, welcome_id=request.id, group_number=request.group_id
    )
    return {
        "id": welcome.id,
        "predicted_agent": _predicted(welcome.agent),
        "queue": welcome.queue,
    }


def _predicted(agent: Agent) -> Record:
    is_bot = agent.kind == Agent.Kind.BOT
    bot_type = agent.bot.type if is_bot else ""
    return shapes.predicted_agent(agent_record(agent), is_bot=is_bot, bot_type=bot_type)
