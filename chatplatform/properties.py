"""Which properties exist, what they may hold, and who may read or write them where.

Two kinds of definition decide (protocol.md 2.10): the protocol's own, open to every application
(``data/default_properties.json``), and those an application registered, whose namespace is its
client id. Everything here is pure; ``selectors/properties.py`` reads what was registered.

Readers differ, so what a record shows is split where it is made (:func:`shown`): ``properties``
holds what every agent may read, private hints hold the rest. Later stages need no definitions:
:func:`for_customers` derives the customers' view, :func:`revealed` adds what one application owns.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import orjson

from chatplatform.errors import Authorization, Validation
from chatplatform.models.properties import PropertyDefinition

Properties = dict[str, dict[str, Any]]
"""Values by namespace and name."""
Names = dict[str, list[str]]
"""Names by namespace."""
Record = dict[str, Any]

Location = Literal["chat", "thread", "event", "group", "license"]
Kind = Literal["agent", "customer"]
Right = Literal["read", "write"]
LOCATIONS: tuple[Location, ...] = ("chat", "thread", "event", "group", "license")
KINDS: tuple[Kind, ...] = ("agent", "customer")
RIGHTS: tuple[Right, ...] = ("read", "write")

INT32 = range(-(2**31), 2**31)
MAX_STRING = 4096
MAX_BYTES = 64 * 1024
"""What all properties of one chat, thread, event, group or licence may come to as JSON."""

OWN = "_own"
"""Hint: properties that only clients of the application they belong to may see."""
TO_CUSTOMERS = "_to_customers"
"""Hint: ``properties`` and :data:`OWN` of registered properties, as customers may see them."""

_EVERYONE, _OWNER, _NOBODY = "everyone", "owner", "nobody"


# --- definitions ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Definition:
    """One property. ``owner`` is the client id it belongs to; empty for the protocol's own.

    ``access`` holds ``(location, kind, right)``. ``public`` are the rights of other applications
    than the owner's, within ``access``; empty while private.
    """

    namespace: str
    name: str
    type: str
    access: frozenset[tuple[str, str, str]]
    owner: str = ""
    public: frozenset[str] = frozenset()
    domain: tuple[Any, ...] | None = None
    lowest: int | None = None
    highest: int | None = None
    default: Any = None

    def allows(self, right: Right, *, location: str, kind: str, client_id: str) -> bool:
        """Tell whether a user of ``kind``, through the client ``client_id``, has ``right``."""
        reach = self.reach(right, location=location, kind=kind)
        return reach == _EVERYONE or (reach == _OWNER and client_id == self.owner)

    def reach(self, right: Right, *, location: str, kind: str) -> str:
        """Return through which clients users of ``kind`` have ``right``."""
        if (location, kind, right) not in self.access:
            return _NOBODY
        return _EVERYONE if not self.owner or right in self.public else _OWNER

    def admits(self, value: Any) -> bool:
        """Tell whether ``value`` is of the type and among the values allowed."""
        if not self.fits(value):
            return False
        if self.domain is not None and value not in self.domain:
            return False
        below = self.lowest is not None and value < self.lowest
        return not below and not (self.highest is not None and value > self.highest)

    def fits(self, value: Any) -> bool:
        """Tell whether ``value`` is of the property's type."""
        if self.type == PropertyDefinition.Type.INT:
            return isinstance(value, int) and not isinstance(value, bool) and value in INT32
        if self.type == PropertyDefinition.Type.BOOL:
            return isinstance(value, bool)
        return isinstance(value, str) and len(value) <= MAX_STRING


class Definitions:
    """The protocol's own definitions, and some registered ones."""

    __slots__ = ("_registered",)

    def __init__(self, registered: Iterable[Definition] = ()) -> None:
        self._registered = {(one.namespace, one.name): one for one in registered}

    def find(self, namespace: str, name: str) -> Definition | None:
        """Return the definition of that name, if there is one."""
        return _defaults().get((namespace, name)) or self._registered.get((namespace, name))

    def registered(self) -> Iterator[Definition]:
        """Yield the registered ones."""
        yield from self._registered.values()


@cache
def _defaults() -> dict[tuple[str, str], Definition]:
    path = Path(__file__).parent / "data" / "default_properties.json"
    return {
        (namespace, name): _default(namespace, name, stated)
        for namespace, names in json.loads(path.read_text()).items()
        for name, stated in names.items()
    }


def _default(namespace: str, name: str, stated: Record) -> Definition:
    access = frozenset(
        (location, kind, right)
        for rule in stated["access"]
        for location in rule["locations"]
        for kind in rule["who"]
        for right in RIGHTS
        if right[0] in rule["access"]
    )
    return Definition(
        namespace=namespace,
        name=name,
        type=stated["type"],
        access=access,
        domain=tuple(stated["enum"]) if "enum" in stated else None,
        lowest=stated.get("range", {}).get("from"),
        highest=stated.get("range", {}).get("to"),
    )


def defaults() -> Iterator[Definition]:
    """Yield the protocol's own definitions."""
    yield from _defaults().values()


@cache
def reserved_namespaces() -> frozenset[str]:
    """Return the namespaces of the protocol's own properties; nobody registers in them."""
    return frozenset(namespace for namespace, _ in _defaults())


def definition(row: PropertyDefinition) -> Definition:
    """Return a stored registration as a definition."""
    bounds = row.range or {}
    return Definition(
        namespace=row.namespace,
        name=row.name,
        type=row.type,
        access=frozenset(
            (location, kind, right)
            for location, kinds in row.access.items()
            for kind, rights in kinds.items()
            for right in rights
        ),
        owner=row.namespace,
        public=frozenset(row.public_access or ()),
        domain=None if row.domain is None else tuple(row.domain),
        lowest=bounds.get("from"),
        highest=bounds.get("to"),
        default=row.default_value,
    )


DEFAULTS = Definitions()
"""Nothing but the protocol's own: what objects without other namespaces need."""


# --- writing ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Party:
    """Who reads or writes: a kind of user, through a client (``client_id`` empty: none)."""

    kind: Kind
    client_id: str


def check_writable(
    given: Any, party: Party, *, location: Location, definitions: Definitions = DEFAULTS
) -> Properties:
    """Return ``given`` when ``party`` may set every one of its properties at ``location``.

    Raise :class:`Validation` for unknown names, wrong values and too much of them,
    :class:`Authorization` where the right to write is missing (protocol.md 2.10).
    """
    for namespace, values in _namespaces_of(given):
        if not isinstance(values, dict):
            raise Validation(f"property namespace {namespace[:100]!r} must be an object")
        for name, value in values.items():
            found = _writable(namespace, name, party, location, definitions)
            if not found.fits(value):
                raise Validation(f"property {namespace}.{name} must be {found.type}")
            if not found.admits(value):
                raise Validation(f"property {namespace}.{name} can not have that value")
    check_size(given)
    return dict(given)


def check_deletable(
    given: Any, party: Party, *, location: Location, definitions: Definitions = DEFAULTS
) -> Names:
    """Return ``given``, names by namespace, when ``party`` may delete every one at ``location``.

    To delete is to write: raise as :func:`check_writable` does.
    """
    for namespace, names in _namespaces_of(given):
        if not isinstance(names, list):
            raise Validation(f"property namespace {namespace[:100]!r} must be a list of names")
        for name in names:
            _writable(namespace, name, party, location, definitions)
    return {namespace: list(dict.fromkeys(names)) for namespace, names in given.items()}


def check_size(properties: Properties) -> None:
    """Raise :class:`Validation` for more than one object's properties may come to."""
    if properties and len(orjson.dumps(properties)) > MAX_BYTES:
        raise Validation(f"properties can have {MAX_BYTES // 1024} KB at most")


def _namespaces_of(given: Any) -> Iterable[tuple[str, Any]]:
    if not isinstance(given, dict):
        raise Validation("`properties` must be an object")
    return given.items()


def _writable(
    namespace: str, name: Any, party: Party, location: Location, definitions: Definitions
) -> Definition:
    found = definitions.find(namespace, name) if isinstance(name, str) else None
    if found is None:
        raise Validation(f"property {namespace[:100]}.{str(name)[:100]} is not registered")
    if not found.allows("write", location=location, kind=party.kind, client_id=party.client_id):
        raise Authorization(f"property {namespace}.{name} can not be set here")
    return found


def merge(stored: Properties, given: Properties) -> Properties:
    """Return ``stored`` with the values of ``given`` put in, property by property."""
    merged = {namespace: dict(values) for namespace, values in stored.items()}
    for namespace, values in given.items():
        merged.setdefault(namespace, {}).update(values)
    return merged


def without(stored: Properties, names: Names) -> Properties:
    """Return ``stored`` without the properties named; a namespace left empty goes, too."""
    kept = {
        namespace: {
            name: value for name, value in values.items() if name not in names.get(namespace, ())
        }
        for namespace, values in stored.items()
    }
    return {namespace: values for namespace, values in kept.items() if values}


def differing(before: Properties, after: Properties) -> tuple[Properties, Properties]:
    """Return the properties that are not the same in both, as either has them."""
    return _unlike(before, after), _unlike(after, before)


def _unlike(these: Properties, those: Properties) -> Properties:
    absent = object()
    found = {
        namespace: {
            name: value
            for name, value in values.items()
            if those.get(namespace, {}).get(name, absent) != value
        }
        for namespace, values in these.items()
    }
    return {namespace: values for namespace, values in found.items() if values}


# --- reading ----------------------------------------------------------------------------------


def shown(stored: Properties, *, location: Location, definitions: Definitions = DEFAULTS) -> Record:
    """Return the fields by which a record shows ``stored``: ``properties``, and hints if needed.

    ``properties`` are those every agent may read. What is not defined, or was left over from
    another definition of its name, nobody sees.
    """
    parts = _Parts()
    for namespace, values in stored.items():
        for name, value in values.items():
            found = definitions.find(namespace, name)
            if found is not None and (not found.owner or found.admits(value)):
                parts.put(found, location, value)
    return parts.record()


def shown_names(names: Names, *, location: Location, definitions: Definitions = DEFAULTS) -> Record:
    """Return the fields by which a record shows deleted ``names``, as :func:`shown` does."""
    return _as_names(shown_reset(names, location=location, definitions=definitions))


def shown_reset(names: Names, *, location: Location, definitions: Definitions = DEFAULTS) -> Record:
    """Return the fields by which a record shows what deleted ``names`` hold: default or null."""
    parts = _Parts()
    for namespace, several in names.items():
        for name in several:
            found = definitions.find(namespace, name)
            if found is not None:
                parts.put(found, location, found.default)
    return parts.record()


def _as_names(record: Record) -> Record:
    found: Record = {"properties": _listed(record["properties"])}
    if OWN in record:
        found[OWN] = _listed(record[OWN])
    if TO_CUSTOMERS in record:
        found[TO_CUSTOMERS] = _as_names(record[TO_CUSTOMERS])
    return found


def _listed(properties: Properties) -> Names:
    return {namespace: list(values) for namespace, values in properties.items()}


class _Parts:
    """Properties sorted by who may read them."""

    __slots__ = ("customers", "customers_own", "everyone", "own", "registered")

    def __init__(self) -> None:
        self.registered = False
        self.everyone: Properties = {}
        self.own: Properties = {}
        self.customers: Properties = {}
        self.customers_own: Properties = {}

    def put(self, found: Definition, location: Location, value: Any) -> None:
        reach = found.reach("read", location=location, kind="agent")
        self._into(reach, self.everyone, self.own, found, value)
        if found.owner:
            self.registered = True
            reach = found.reach("read", location=location, kind="customer")
            self._into(reach, self.customers, self.customers_own, found, value)

    @staticmethod
    def _into(
        reach: str, everyone: Properties, own: Properties, found: Definition, value: Any
    ) -> None:
        if reach != _NOBODY:
            part = everyone if reach == _EVERYONE else own
            part.setdefault(found.namespace, {})[found.name] = value

    def record(self) -> Record:
        record: Record = {"properties": self.everyone}
        if self.own:
            record[OWN] = self.own
        if self.registered:
            record[TO_CUSTOMERS] = {"properties": self.customers}
            if self.customers_own:
                record[TO_CUSTOMERS][OWN] = self.customers_own
        return record


def for_customers(record: Record, *, location: Location) -> Record:
    """Return the fields by which customers see what :func:`shown` put into ``record``.

    Whatever customers may read of the protocol's own properties agents may read, too, so that
    those are found among the agents'. Works for values and for names.
    """
    visible: Record = {}
    for namespace, values in record.get("properties", {}).items():
        names = [name for name in values if _open_to_customers(namespace, name, location)]
        if names:
            named = isinstance(values, list)
            visible[namespace] = names if named else {name: values[name] for name in names}
    hint = record.get(TO_CUSTOMERS, {})
    shape: Record = {"properties": combined(visible, hint.get("properties", {}))}
    if OWN in hint:
        shape[OWN] = hint[OWN]
    return shape


def _open_to_customers(namespace: str, name: str, location: Location) -> bool:
    found = _defaults().get((namespace, name))
    return found is not None and (location, "customer", "read") in found.access


def revealed(record: Record, client_id: str) -> Record:
    """Return ``record`` as clients of ``client_id`` see it: with what their application owns."""
    own = record.get(OWN, {})
    if client_id not in own:
        return record
    more = {client_id: own[client_id]}
    return {**record, "properties": combined(record.get("properties", {}), more)}


def combined(some: Mapping[str, Any], more: Mapping[str, Any]) -> Record:
    """Return the properties, or the names, of both."""
    result: Record = dict(some)
    for namespace, held in more.items():
        known = result.get(namespace)
        if known is None:
            result[namespace] = held
        else:
            result[namespace] = [*known, *held] if isinstance(held, list) else {**known, **held}
    return result


def visible_to(
    party: Party, stored: Properties, *, location: Location, definitions: Definitions
) -> Properties:
    """Return what ``party`` may read of ``stored``, defaults put in where nothing is set."""
    visible: Properties = {}
    for namespace, values in merge(_with_defaults(definitions), stored).items():
        for name, value in values.items():
            found = definitions.find(namespace, name)
            if found is None or not found.allows(
                "read", location=location, kind=party.kind, client_id=party.client_id
            ):
                continue
            shown_value = value if not found.owner or found.admits(value) else found.default
            if shown_value is not None:
                visible.setdefault(namespace, {})[name] = shown_value
    return visible


def _with_defaults(definitions: Definitions) -> Properties:
    values: Properties = {}
    for one in definitions.registered():
        if one.default is not None:
            values.setdefault(one.namespace, {})[one.name] = one.default
    return values


def license_value(properties: Properties, namespace: str, name: str, default: Any) -> Any:
    """Return a licence property's value, or ``default`` where the licence sets none."""
    value = properties.get(namespace, {}).get(name)
    return default if value is None else value
