"""Customer Chat API: forms and goals."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from chatplatform.api.action import Request, action
from chatplatform.api.context import CustomerContext
from chatplatform.api.wire import shapes as wire
from chatplatform.api.wire.chats import GroupId
from chatplatform.api.wire.customers import SessionFields, checked
from chatplatform.errors import GroupNotFound
from chatplatform.selectors import forms, groups
from chatplatform.services import goals


class GetForm(Request):
    """``get_form``."""

    group_id: GroupId
    type: Literal["prechat", "postchat", "ticket"]


class FormAnswer(TypedDict):
    """``get_form``'s answer; ``form`` is there where one is asked."""

    enabled: bool
    form: NotRequired[dict[str, Any]]


@action("customer")
def get_form(ctx: CustomerContext, request: GetForm) -> FormAnswer:
    """Return what a group asks before a chat, after it, or when nobody is in."""
    if not groups.existing_numbers(ctx.organization_id, [request.group_id]):
        raise GroupNotFound
    form = forms.enabled_form(ctx.organization_id, [request.group_id], request.type)
    if form is None:
        return {"enabled": False}
    return {"enabled": True, "form": forms.form_record(form)}


class CheckGoals(Request):
    """``check_goals``."""

    session_fields: SessionFields
    group_id: GroupId
    page_url: Annotated[str, Field(max_length=8192)]


@action("customer", rtm=None, writes=True)
def check_goals(ctx: CustomerContext, request: CheckGoals) -> wire.Nothing:
    """Note the goals a customer who is not connected has reached."""
    goals.check_goals(
        ctx.requester.customer_id,
        group_number=request.group_id,
        page_url=request.page_url[:2048],
        session_fields=checked(request.session_fields),
    )
    return {}
