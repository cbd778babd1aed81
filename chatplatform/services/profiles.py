"""What people say about themselves."""

from __future__ import annotations

from chatplatform.models import Account
from chatplatform.selectors import people
from chatplatform.services import agents
from chatplatform.services.organizations import checked_name


def rename(account: Account, name: str) -> None:
    """Give somebody another name, which colleagues and customers see from now on.

    Raise :class:`Validation` for a name that is none. Tells ``AgentUpdated`` for who has a seat.
    """
    seat = people.seat_of(account)
    if seat is not None:
        agents.update_agent(seat.organization_id, seat.public_id, {"name": name})
        return
    Account.objects.filter(pk=account.pk).update(name=checked_name(name))
