"""What can be done to agents beside changing their fields."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from chatplatform.models import Agent
from chatplatform.models.people import AgentRole
from chatplatform.selectors import seats
from chatplatform.services import invitations, staff_sessions
from chatplatform.transports.addresses import base_url
from configuration.admin.deeds import Deed, DeedNoun, chats_move


class Suspend(Deed):
    """Let an agent do nothing more."""

    name = "suspend"
    title = _("Suspend")
    done = _("Suspended. They can do nothing until they are let work again.")
    dangerous = True

    def is_offered(self, request: HttpRequest, row: Agent) -> bool:
        """Tell whether they may be suspended and are not."""
        return not row.suspended and row.role != AgentRole.OWNER

    def consequences(self, request: HttpRequest, row: Agent) -> Iterable[str]:
        """Say what ends, and what stays."""
        held = seats.holdings(row)
        yield chats_move(held.running_chats, _now("No chat of theirs is running."))
        yield _now("They are signed out wherever they have something open, within a second.")
        yield _now("None of their tokens works until they are let work again.")
        yield _now("Their settings and what they wrote stay.")

    def do(self, noun: DeedNoun, request: HttpRequest, row: Agent) -> None:
        """Suspend."""
        noun.call(request, "suspend_agent", {"id": row.public_id}, row)


class Unsuspend(Deed):
    """Let an agent work again."""

    name = "unsuspend"
    title = _("Let work again")
    done = _("They may work again.")

    def is_offered(self, request: HttpRequest, row: Agent) -> bool:
        """Tell whether they are suspended."""
        return row.suspended

    def consequences(self, request: HttpRequest, row: Agent) -> Iterable[str]:
        """Say what they can do again."""
        yield _now("They can sign in, and get chats once they accept them.")
        yield _now("Tokens that have not expired work again.")

    def do(self, noun: DeedNoun, request: HttpRequest, row: Agent) -> None:
        """Unsuspend."""
        noun.call(request, "unsuspend_agent", {"id": row.public_id}, row)


class Approve(Deed):
    """Let an agent begin to work."""

    name = "approve"
    title = _("Approve")
    done = _("Approved.")

    def is_offered(self, request: HttpRequest, row: Agent) -> bool:
        """Tell whether they wait for it."""
        return row.awaiting_approval

    def consequences(self, request: HttpRequest, row: Agent) -> Iterable[str]:
        """Say what they can do then."""
        yield _now("They take one of the licence's seats into use, and can sign in and chat.")

    def do(self, noun: DeedNoun, request: HttpRequest, row: Agent) -> None:
        """Approve."""
        noun.call(request, "approve_agent", {"id": row.public_id}, row)


class LogOut(Deed):
    """End every session of an agent."""

    name = "logout"
    title = _("Log out everywhere")
    done = _("Logged out everywhere.")

    def consequences(self, request: HttpRequest, row: Agent) -> Iterable[str]:
        """Say what ends, and what goes on."""
        held = seats.holdings(row)
        yield ngettext(
            "They are signed out of %(count)d browser, and must sign in again there.",
            "They are signed out of %(count)d browsers, and must sign in again there.",
            held.browsers,
        ) % {"count": held.browsers}
        yield _now("Live connections end, those of applications, too; they may connect again.")
        if held.running_chats:
            yield _now(
                "Customers in their chats wait, or go to others, as after a lost connection."
            )
        if held.tokens or held.personal_tokens:
            yield _now(
                "Tokens of applications (%(tokens)d) and personal ones (%(personal)d) stay valid."
            ) % {"tokens": held.tokens, "personal": held.personal_tokens}

    def do(self, noun: DeedNoun, request: HttpRequest, row: Agent) -> None:
        """Log out."""
        noun.call(request, "logout", {"agent_id": row.public_id}, row, api="agent")
        if row.account is not None:
            with noun.acting(request, row):
                staff_sessions.end_all(row.account)


class Invite(Deed):
    """Send the invitation, also again."""

    name = "invite"
    title = _("Send the invitation again")
    done = _("The invitation is on its way.")

    def is_offered(self, request: HttpRequest, row: Agent) -> bool:
        """Tell whether they never came."""
        return row.account is not None and invitations.is_pending(row.account)

    def consequences(self, request: HttpRequest, row: Agent) -> Iterable[str]:
        """Say who gets a mail."""
        yield _now("%(address)s gets another mail with a link to set a password.") % {
            "address": row.public_id
        }

    def do(self, noun: DeedNoun, request: HttpRequest, row: Agent) -> str | None:
        """Invite."""
        with noun.acting(request, row):
            invitations.invite(row, base_url(request), noun.asking(request, row))
        return None


class InvitationLink(Invite):
    """Show a link to hand on where mails do not arrive."""

    name = "invitation-link"
    title = _("Copy the invitation link")
    for_several = False
    secret_label = _("Invitation link")
    secret_help = _(
        "Whoever opens this link sets the password and is signed in as this person. Hand it on in "
        "a way only they can read. It is shown this once; you can always make another."
    )

    def consequences(self, request: HttpRequest, row: Agent) -> Iterable[str]:
        """Say what the link is good for."""
        yield _now("A link is shown by which whoever has it becomes %(name)s.") % {"name": row.name}

    def do(self, noun: DeedNoun, request: HttpRequest, row: Agent) -> str:
        """Return the link."""
        with noun.acting(request, row):
            return invitations.link(row, base_url(request), noun.asking(request, row))
