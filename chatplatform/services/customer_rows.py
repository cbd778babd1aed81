"""A customer's row: its lock, the counts on it, and telling who watches."""

from __future__ import annotations

from uuid import UUID

from chatplatform.domain_events import tell
from chatplatform.domain_events.customers import CustomerCame, CustomerStatisticsUpdated
from chatplatform.errors import NotFound
from chatplatform.models import Customer
from chatplatform.records import statistics_record
from chatplatform.selectors import monitoring


def locked(customer_id: UUID) -> Customer:
    """Return the customer with their row locked until commit.

    The visit is not read along: a join would show it as it was before the wait for the lock. Raise
    :class:`NotFound` for one who was erased meanwhile.
    """
    found = Customer.objects.select_for_update(no_key=True).filter(id=customer_id).first()
    if found is None:
        raise NotFound("Customer not found")
    return found


def count(customer: Customer, **more: int) -> None:
    """Raise counts of a locked customer, e.g. ``greetings_shown_count=1``; none falls below zero.

    Tells ``CustomerStatisticsUpdated``.
    """
    for name, by in more.items():
        setattr(customer, name, max(0, getattr(customer, name) + by))
    customer.save(update_fields=list(more))
    statistics = statistics_record(customer, customer.last_visit)
    about = monitoring.audience_of(customer)
    tell(CustomerStatisticsUpdated(**about, statistics=statistics))


def tell_coming(customer: Customer) -> None:
    """Tell those who watch such customers that there is one, or that their state changed."""
    (record,) = monitoring.monitored([customer])
    tell(CustomerCame(**monitoring.audience_of(customer), customer=record))
