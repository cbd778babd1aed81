"""Payloads drawn from what the registry says an action takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from chatplatform.api.action import Action

Schema = Mapping[str, Any]

_TEXT = st.text(max_size=20)
_FREE = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), _TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(_TEXT, inner, max_size=2)),
    max_leaves=4,
)
_MORE_AT_MOST = 3


def payloads(action: Action, known: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Return a strategy of requests that fit the schema of ``action``.

    Texts are now and then one of the values of ``known``, so that requests name things that
    exist.
    """
    schema = action.request.model_json_schema(by_alias=True)
    names = st.one_of(_TEXT, st.sampled_from(sorted(map(str, known.values()))))
    return _Drawing(schema.get("$defs", {}), names).of(schema)


class _Drawing:
    def __init__(self, definitions: Schema, texts: st.SearchStrategy[str]) -> None:
        self._definitions = definitions
        self._texts = texts
        self._drawn: dict[str, st.SearchStrategy[Any]] = {}

    def of(self, schema: Schema) -> st.SearchStrategy[Any]:
        """Return a strategy of values that fit ``schema``."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            if name not in self._drawn:
                self._drawn[name] = st.deferred(lambda: self.of(self._definitions[name]))
            return self._drawn[name]
        for union in ("anyOf", "oneOf", "allOf"):
            if union in schema:
                return st.one_of([self.of(one) for one in schema[union]])
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        kind = getattr(self, f"_{schema.get('type', 'any')}")
        return kind(schema)  # type: ignore[no-any-return]

    def _any(self, schema: Schema) -> st.SearchStrategy[Any]:
        return _FREE

    def _null(self, schema: Schema) -> st.SearchStrategy[Any]:
        return st.none()

    def _boolean(self, schema: Schema) -> st.SearchStrategy[Any]:
        return st.booleans()

    def _integer(self, schema: Schema) -> st.SearchStrategy[Any]:
        return st.integers(schema.get("minimum", -(2**63)), schema.get("maximum", 2**63))

    def _number(self, schema: Schema) -> st.SearchStrategy[Any]:
        return st.floats(
            schema.get("minimum"), schema.get("maximum"), allow_nan=False, allow_infinity=False
        )

    def _string(self, schema: Schema) -> st.SearchStrategy[Any]:
        shortest, longest = schema.get("minLength", 0), schema.get("maxLength", 2**30)
        fitting = self._texts.filter(lambda text: shortest <= len(text) <= longest)
        return st.one_of(fitting, st.just("x" * min(longest, 20_000)))

    def _array(self, schema: Schema) -> st.SearchStrategy[Any]:
        fewest = schema.get("minItems", 0)
        most = min(schema.get("maxItems", _MORE_AT_MOST), fewest + _MORE_AT_MOST)
        return st.lists(self.of(schema.get("items", {})), min_size=fewest, max_size=most)

    def _object(self, schema: Schema) -> st.SearchStrategy[Any]:
        fields = {name: self.of(one) for name, one in schema.get("properties", {}).items()}
        required = {name: fields[name] for name in schema.get("required", ())}
        optional = {name: one for name, one in fields.items() if name not in required}
        if fields:
            return st.fixed_dictionaries(required, optional=optional)
        others = schema.get("additionalProperties", {})
        inner = self.of(others) if isinstance(others, dict) else _FREE
        return st.dictionaries(self._texts, inner, max_size=_MORE_AT_MOST)
