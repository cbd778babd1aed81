"""``/widget.js``: the static loader with the words and colours it needs filled in.

The loader runs on other people's pages, where neither our style sheet nor our catalogue is at hand;
so the few values it shows are written into it, taken from the same places everything else uses.
"""

import re
from functools import cache
from typing import Any, Final

import orjson

from chatplatform.widget_look import Look
from customers.widget.look import accent_colors, has_accent, loader_settings
from customers.widget.statics import read_static
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
_PANEL: Final = "widget/panel/"
"""Where the panel is, seen from the loader."""


def loader_script(look: Look, **more: Any) -> str:
    """Return the loader's source in the active language, with a look; ``more`` adds settings.

    Colours come from ``tokens.css`` where the look has none of its own, the launcher's shape from
    the widget's sprite, and the words from :func:`customers.widget.texts.loader_texts`. The
    comments of the source stay at home.
    """
    texts = loader_texts()
    settings = {
        "texts": texts,
        "colors": _colors_of(look),
        "icon": _icon_path(),
        "panel": _PANEL,
        **loader_settings(look, texts),
        **more,
    }
    return _source().replace(_PLACEHOLDER, orjson.dumps(settings).decode())


@cache
def _source() -> str:
    """Return the static loader without comments, indentation and needless line breaks."""
    source = read_static("widget/loader.js")
    without_comments = re.sub(r"/\*.*?\*/\s*", "", source, flags=re.DOTALL)
    unindented = re.sub(r"^ +", "", without_comments, flags=re.MULTILINE)
    return re.sub(r"(?<=[{,])\n", "", unindented)


def _colors_of(look: Look) -> dict[str, str]:
    if not has_accent(look):
        return _colors()
    own = accent_colors(look.accent)
    return {name: own.get(role[2:], _colors()[name]) for name, role in _COLORS.items()}


@cache
def _colors() -> dict[str, str]:
    """Return the launcher's colours by role, as ``tokens.css`` declares them."""
    tokens = read_static("chatplatform/tokens.css")
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
    match = re.search(rf'id="{_ICON}".*?<path d="([^"]+)"', read_static("widget/icons.svg"))
    if match is None:
        raise LookupError(f"icons.svg does not hold {_ICON}")
    return match.group(1)
