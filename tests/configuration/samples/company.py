"""Samples of the actions about the organisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.samples import Scene


def furnish(scene: Scene) -> dict[str, str | int]:
    """Make nothing: the samples are about the organisation itself."""
    return {}


SAMPLES: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "get_license_id": lambda s: {"organization_id": str(s.organization.id)},
    "get_organization_id": lambda s: {"license_id": s.organization.license_id},
    "list_channels": lambda s: {},
    "check_product_limits_for_plan": lambda s: {"plan": "starter"},
    "get_product_source": lambda s: {},
    "reactivate_email": lambda s: {"agent_id": s.bob.id},
    "update_company_details": lambda s: {
        "enrich": True,
        "audience": "b2c",
        "chat_purpose": "support",
        "city": "Wrocław",
        "company": f"{s.label} Ltd.",
        "company_size": "11-50",
        "country": "Poland",
        "invoice_email": "invoices@example.com",
        "invoice_name": "Accounting",
        "nip": "1234567890",
        "postal_code": "50-001",
        "state": "Dolnośląskie",
        "street": "Rynek 1",
        "phone": "+48123456789",
        "province": "Dolnośląskie",
        "url": "https://shop.example.com",
    },
    "get_company_details": lambda s: {},
}

CALLERS: dict[str, str] = {"update_company_details": "oona", "get_company_details": "oona"}
"""Who calls a sample, where it is not Ann, the administrator."""
