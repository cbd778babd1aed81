"""What schemathesis asks us before each request: who sends it, and which ids it names; and what
it tells us after: how it was answered.

Made-up ids lead nowhere: most requests would end at "not found". So four of five name something
that exists (``fuzzing`` made it), where the made-up value was of the right kind at all, and none
in the person of a made-up bot.
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import schemathesis

AS_GENERATED = 5
"""Every so many requests of an action are sent as they were generated."""

_world = json.loads(Path(os.environ["FUZZ_WORLD"]).read_text())
_counters: dict[str, itertools.count[int]] = defaultdict(lambda: itertools.count(1))
_answers: dict[str, Counter[int]] = defaultdict(Counter)


@atexit.register
def _tell() -> None:
    Path(os.environ["FUZZ_ANSWERS"]).write_text(json.dumps(_answers))


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Count the answer."""
    _answers[case.path][response.status_code] += 1


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Sign the request and let it name what exists."""
    action = case.path.rpartition("/")[2]
    number = next(_counters[action])
    tokens = _world["tokens"].get(action, _world["tokens"][""])
    case.headers["Authorization"] = tokens[number % len(tokens)]
    if number % AS_GENERATED:
        case.body = _named(case.body, action, number)
        case.query = _named(case.query, action, number)
        case.headers.pop("X-Author-Id", None)


def _named(node: Any, action: str, number: int, name: str = "") -> Any:
    values = _world["values"].get(f"{action}.{name}") or _world["values"].get(name)
    if values and type(node) is type(values[0]):
        return values[number % len(values)]
    if isinstance(node, dict):
        return {key: _named(value, action, number, key) for key, value in node.items()}
    if isinstance(node, list):
        return [_named(item, action, number, name) for item in node]
    return node
