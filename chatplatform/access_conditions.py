"""Which pages and places an access rule is about (protocol.md 6.3)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated
from urllib.parse import urlsplit

import idna
from pydantic import BaseModel, ConfigDict, Field, model_validator

from chatplatform.comparisons import bare_url

Text = Annotated[str, Field(min_length=1, max_length=2048)]
MAX_VALUES = 100


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class Match(_Part):
    """A text to look for; without ``exact_match`` a part of the whole suffices."""

    value: Text
    exact_match: bool = False

    def fits(self, text: str) -> bool:
        """Tell whether ``text``, folded and without a slash at its end, is or holds the value."""
        wanted = self.value.casefold()
        if self.exact_match:
            return text == bare_url(wanted)
        return bool(text) and wanted in f"{text}/"


class Matches(_Part):
    """Texts of which one must fit, or none may."""

    values: Annotated[list[Match], Field(min_length=1, max_length=MAX_VALUES)] | None = None
    exclude_values: Annotated[list[Match], Field(min_length=1, max_length=MAX_VALUES)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Matches:
        if (self.values is None) == (self.exclude_values is None):
            raise ValueError("either values or exclude_values is required")
        return self

    def fit(self, *texts: str) -> bool:
        """Tell whether one of ``texts`` is wanted, or none is unwanted."""
        folded = [bare_url(text.casefold()) for text in texts]
        looked_for = self.values or self.exclude_values or []
        found = any(match.fits(text) for match in looked_for for text in folded)
        return found is (self.values is not None)


class Place(_Part):
    """A place; every field that is given must fit."""

    country: Text | None = None
    country_code: Text | None = None
    region: Text | None = None
    city: Text | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Place:
        if not self.model_dump(exclude_none=True):
            raise ValueError("a place has a country, country_code, region or city")
        return self

    def fits(self, geolocation: Mapping[str, str]) -> bool:
        """Tell whether a visit's ``geolocation`` lies there."""
        return all(
            str(geolocation.get(name, "")).casefold() == wanted.casefold()
            for name, wanted in self.model_dump(exclude_none=True).items()
        )


class Places(_Part):
    """Places of which any suffices."""

    values: Annotated[list[Place], Field(min_length=1, max_length=MAX_VALUES)]


class Conditions(_Part):
    """What must hold, all of it; at least one part is given."""

    url: Matches | None = None
    domain: Matches | None = None
    geolocation: Places | None = None

    @model_validator(mode="after")
    def _something_given(self) -> Conditions:
        if self.url is None and self.domain is None and self.geolocation is None:
            raise ValueError("url, domain or geolocation is required")
        return self

    def hold(self, url: str, geolocation: Mapping[str, str]) -> bool:
        """Tell whether a customer there is on such a page, in such a place."""
        if self.url is not None and not self.url.fit(url):
            return False
        if self.domain is not None and not self.domain.fit(*_names_of(url)):
            return False
        return self.geolocation is None or any(
            place.fits(geolocation) for place in self.geolocation.values
        )


def domain_of(url: str) -> str:
    """Return the host ``url`` names, in lower case; empty when it names none."""
    try:
        return urlsplit(url if "//" in url else f"//{url}").hostname or ""
    except ValueError:
        return ""


def _names_of(url: str) -> list[str]:
    """Return the domain as browsers and as people write it, each also with its scheme."""
    host = domain_of(url)
    hosts = [host]
    if "xn--" in host:
        with suppress(UnicodeError):  # of those that only look like one
            hosts.append(idna.decode(host))
    scheme, separator, _ = url.partition("//")
    return [*hosts, *(f"{scheme}//{one}" for one in hosts if separator)]
