"""The protocol as it is documented, and how an answer compares with it (see README.md)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

VERSIONS = ("3.4", "3.5", "3.6", "3.7")
APIS = ("agent", "customer", "configuration")
TALKING = ("agent", "customer")
"""The APIs with sockets, and so with pushes."""

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "bool": (bool,),
    "array": (list,),
    "object": (dict,),
}


@cache
def catalogue(version: str) -> dict[str, Any]:
    """Return what is documented of a version."""
    path = Path(__file__).parent / f"v{version}.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@dataclass
class Comparison:
    """What payloads lacked or had beyond their documented fields, each as ``name path``.

    ``absent``: required fields some object did not have; ``extra``: fields that are not documented
    although their neighbours are; ``seen``: every documented field that was there at least once.
    """

    absent: set[str] = field(default_factory=set)
    extra: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)

    def take(self, name: str, payload: Any, fields: dict[str, Any]) -> None:
        """Compare a payload with its documented fields; assert that every type is right."""
        for path, children in _by_holder(fields).items():
            for holder in holders(payload, path.split(".") if path else []):
                self._take_holder(f"{name} {path}".rstrip(), holder, children, path)

    def _take_holder(
        self, name: str, holder: dict[str, Any], children: dict[str, Any], path: str
    ) -> None:
        for child, terms in children.items():
            where = f"{name}.{child}" if path else f"{name} {child}"
            if child in holder:
                assert_type(where, holder[child], terms["type"])
                self.seen.add(where)
            elif not terms.get("optional"):
                self.absent.add(where)
        for child in holder.keys() - children.keys():
            self.extra.add(f"{name}.{child}" if path else f"{name} {child}")


def _by_holder(fields: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the fields by the path of the object that holds them; maps hold no named fields."""
    found: dict[str, dict[str, Any]] = {}
    for path, terms in fields.items():
        parent, _, child = path.rpartition(".")
        if child and child != "*" and not child.endswith("[]"):
            found.setdefault(parent, {})[child] = terms
    return found


def holders(value: Any, path: list[str]) -> Iterator[dict[str, Any]]:
    """Yield every object ``path`` leads to."""
    if not path:
        if isinstance(value, dict):
            yield value
        return
    step, rest = path[0], path[1:]
    if step.endswith("[]"):
        name = step[:-2]
        inner = value if not name else value.get(name) if isinstance(value, dict) else None
        for one in inner if isinstance(inner, list) else ():
            yield from holders(one, rest)
    elif isinstance(value, dict):
        for name, one in value.items():
            if step in (name, "*"):
                yield from holders(one, rest)


def assert_type(where: str, value: Any, documented: str) -> None:
    """Assert that a value is of the documented type."""
    if documented in TYPES:
        assert isinstance(value, TYPES[documented]), f"{where} is {value!r}"
        assert documented == "bool" or not isinstance(value, bool), f"{where} is {value!r}"
