"""``/widget.js``: the static loader with the words and colours it needs filled in.

The loader runs on other people's pages, where neither our style sheet nor our catalogue is at hand;
so the few values it shows are written into it, taken from the same places everything else uses.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

import orjson
from django.contrib.staticfiles import finders

from customers.widget.texts import loader_texts

_PLACEHOLDER: Final = '"__SETTINGS__"'
_COLORS: Final = {
    "accent": "--accent",
    "hover": "--accent-hover",
    "contrast": "--accent-contrast",
    "danger": "--danger",
    "dangerContrast": "--danger-contrast",
    "focus": "--focus",
    "border": "--border",
    "surface": "--surface",
}
_ICON: Final = "message-circle"


def loader_script() -> str:
    """Return the loader's source in the active language.

    Colours come from ``tokens.css``, the launcher's shape from the widget's sprite, and the words
    from :func:`customers.widget.texts.loader_texts`. The comments of the source stay at home.
    """
    settings = {"texts": loader_texts(), "colors": _colors(), "icon": _icon_path()}
    return _source().replace(_PLACEHOLDER, orjson.dumps(settings).decode())


@cache
def _source() -> str:
    """Return the static loader without its leading comment and indentation."""
    source = _read("widget/loader.js")
    without_comment = re.sub(r"\A/\*.*?\*/\s*", "", source, flags=re.DOTALL)
    return re.sub(r"^ +", "", without_comment, flags=re.MULTILINE)


@cache
def _colors() -> dict[str, str]:
    """Return the launcher's colours by role, as ``tokens.css`` declares them."""
    tokens = _read("chatplatform/tokens.css")
    return {name: _declared(tokens, role) for name, role in _COLORS.items()}


def _declared(tokens: str, role: str) -> str:
    """Return the first value of a custom property; the ordinary scheme comes first in the file."""
    match = re.search(rf"{role}:\s*([^;]+);", tokens)
    if match is None:
        raise LookupError(f"tokens.css does not declare {role}")
    return match.group(1)


@cache
def _icon_path() -> str:
    """Return the path data of the launcher's icon."""
    match = re.search(rf'id="{_ICON}".*?<path d="([^"]+)"', _read("widget/icons.svg"))
    if match is None:
        raise LookupError(f"icons.svg does not hold {_ICON}")
    return match.group(1)


def _read(name: str) -> str:
    """Return a static file's text; the name is ours, never a visitor's."""
    path = finders.find(name)
    if path is None:
        raise LookupError(f"the static file {name} is missing")
    return Path(path).read_text(encoding="utf-8")
