"""When customers were last here is filled in for those who came before it was remembered."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from chatplatform import clock
from chatplatform.models import Customer, Organization, Visit
from tests import make

migration = import_module("chatplatform.migrations.0024_last_seen_of_old")


def test_from_the_newest_visits(acme: Organization, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(migration, "BATCH", 2)
    began, ended = clock.now() - timedelta(days=9), clock.now() - timedelta(days=8)
    wanted = {make.customer(acme).pk: None}
    for end, seen in ((ended, ended), (None, began), (ended, ended)):
        customer = make.customer(acme)
        visit = Visit.objects.create(customer=customer, started_at=began, ended_at=end)
        Customer.objects.filter(pk=customer.pk).update(last_visit=visit)
        wanted[customer.pk] = seen

    migration.remember(apps, SimpleNamespace(connection=connection))

    assert dict(Customer.objects.values_list("pk", "last_seen_at")) == wanted


def test_nobody_is_told_to_have_been_here_earlier(acme: Organization):
    now, before = clock.now(), clock.now() - timedelta(days=9)
    customer = make.customer(acme)
    visit = Visit.objects.create(customer=customer, started_at=before, ended_at=before)
    Customer.objects.filter(pk=customer.pk).update(last_visit=visit, last_seen_at=now)

    migration.remember(apps, SimpleNamespace(connection=connection))

    assert Customer.objects.get().last_seen_at == now
