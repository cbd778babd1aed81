"""Reading the audit log."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatplatform.models import AuditEntry


@pytest.fixture
def log_of() -> Callable[[Callable[[], object]], list[AuditEntry]]:
    """Return how to read what something adds to the audit log, the oldest entry first."""

    def read(act: Callable[[], object]) -> list[AuditEntry]:
        known = set(AuditEntry.objects.values_list("pk", flat=True))
        act()
        return list(AuditEntry.objects.exclude(pk__in=known).order_by("id"))

    return read
