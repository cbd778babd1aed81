"""What ends live connections."""

from __future__ import annotations

from dataclasses import dataclass

from chatplatform.domain_events import DomainEvent


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionsEnded(DomainEvent):
    """Live connections must end: those of ``user_id``, those made with ``token_checksum``, those
    made with any token of ``client_id``, of agents and customers or of ``agents_only``, or those
    of customers that come from ``address`` now (``ip_addresses.normal``).

    ``reason`` is the disconnect reason the clients are told (protocol.md 3.5).
    ``except_connection`` names one that may stay.
    """

    reason: str
    user_id: str = ""
    token_checksum: str = ""
    client_id: str = ""
    address: str = ""
    agents_only: bool = False
    except_connection: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionsRegrouped(DomainEvent):
    """The groups of ``user_id`` are now ``group_numbers``; their live connections follow.

    Told before pushes that are meant for the new groups. ``revision``, where it is told, counts
    the organisation's changes of agents' groups: whoever knows a newer one keeps to that.
    """

    user_id: str
    group_numbers: list[int]
    revision: int = 0
