"""Where an address is, by a MaxMind database on this machine. Nobody else is asked.

Operators bring the database and name its path in ``GEOIP_DATABASE``; without one customers have no
geolocation.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import maxminddb
import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

Geolocation = dict[str, str]


@cache
def _database(path: str) -> Any:
    """Return the open database, or None where there is none; says so once."""
    try:
        return maxminddb.open_database(path)
    except (OSError, ValueError) as error:
        log.warning("customers will not be located", path=path, error=repr(error))
        return None


def locate(address: str) -> Geolocation:
    """Return country, region, city, time zone and coordinates of an IP address, as far as known."""
    database = _database(settings.GEOIP_DATABASE) if settings.GEOIP_DATABASE else None
    if database is None or not address:
        return {}
    try:
        found = database.get(address) or {}
    except ValueError:  # an address of a kind the database does not hold
        return {}
    return {name: value for name, value in _fields(found).items() if value}


def _fields(found: dict[str, Any]) -> Geolocation:
    country, place = found.get("country", {}), found.get("location", {})
    regions = found.get("subdivisions") or [{}]
    return {
        "country": _name(country),
        "country_code": country.get("iso_code", ""),
        "region": _name(regions[0]),
        "city": _name(found.get("city", {})),
        "timezone": place.get("time_zone", ""),
        "latitude": str(place.get("latitude", "")),
        "longitude": str(place.get("longitude", "")),
    }


def _name(place: dict[str, Any]) -> str:
    return str(place.get("names", {}).get("en", ""))
