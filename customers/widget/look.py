"""What the widget's look comes to: style sheets for loader and panel, settings and attributes."""

import re
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from chatplatform.models import Organization
from chatplatform.models.groups import GENERAL_GROUP
from chatplatform.services import routing
from chatplatform.widget_look import ACCENT, Look, shades
from customers.widget.statics import read_static

_PHONE = "(max-width:480px),(max-height:420px)"
"""Where the panel covers the page, as in ``loader.js``."""
_LAUNCHER = 56
_GAP = 12


def panel_css(accent: str) -> str:
    """Return the tokens, without their comments, in which the accent has the place of theirs."""
    if accent == ACCENT:
        return _tokens()
    colors = accent_colors(accent)
    own = "".join(f"--{role}:{value};" for role, value in colors.items())
    return f"{_tokens()}:root{{{own}}}"


def look_query(look: Look) -> str:
    """Return the query that names the panel's style sheet, another one for other tokens."""
    version = sha256(_tokens().encode()).hexdigest()[:12]
    return urlencode({"accent": look.accent[1:], "v": version})


@cache
def _tokens() -> str:
    """Return the tokens as a browser needs them."""
    tokens = re.sub(r"/\*.*?\*/", "", read_static("chatplatform/tokens.css"), flags=re.DOTALL)
    return re.sub(r"\s*\n\s*", "\n", tokens).strip() + "\n"


def accent_colors(accent: str) -> dict[str, str]:
    """Return the accent's colours by the roles of ``tokens.css``, each for both schemes."""
    light, dark = shades(accent, "light"), shades(accent, "dark")
    pairs = {
        "accent": (light.accent, dark.accent),
        "accent-hover": (light.hover, dark.hover),
        "accent-contrast": (light.contrast, dark.contrast),
        "accent-soft": (light.soft, dark.soft),
    }
    return {role: f"light-dark({one},{other})" for role, (one, other) in pairs.items()}


def loader_settings(look: Look, texts: dict[str, str]) -> dict[str, Any]:
    """Return what the look adds to the loader's settings: style, words, and when to hide."""
    settings: dict[str, Any] = {"css": loader_css(look)}
    if look.launcher == "bar":
        label = look.launcher_text
        settings["label"] = label
        settings["texts"] = {
            **texts,
            "open": label,
            "unread": texts["unread"].replace(texts["open"], label),
        }
    if look.hide_offline:
        settings["hides"] = True
    return settings


def loader_css(look: Look) -> str:
    """Return what the look changes of the launcher's and the frame's style; mostly nothing."""
    return "".join((_place(look), _bar(look), _scheme(look), _phones(look)))


def _place(look: Look) -> str:
    if (look.side, look.offset_side, look.offset_bottom) == ("end", 20, 20):
        return ""
    across = {
        "end": f"inset-inline-end:{look.offset_side}px",
        "left": f"inset-inline:auto;left:{look.offset_side}px",
        "right": f"inset-inline:auto;right:{look.offset_side}px",
    }[look.side]
    above = look.offset_bottom + _LAUNCHER + _GAP
    return (
        f"button{{inset-block-end:{look.offset_bottom}px;{across}}}"
        f".box{{inset-block-end:{above}px;{across};height:min(40em,100vh - {above + 20}px);"
        f"max-width:calc(100vw - {look.offset_side}px)}}"
        f"@media {_PHONE}{{:not(.greets)>.box{{inset:0;max-width:none}}}}"
    )


def _bar(look: Look) -> str:
    if look.launcher != "bar":
        return ""
    return (
        "button{display:flex;align-items:center;gap:8px;width:auto;max-width:calc(100vw - 40px);"
        "padding:0 20px 0 16px;border-radius:28px;font:600 16px/1.2 system-ui,sans-serif}"
        "svg{flex:none;margin:0}.label{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}"
    )


def _scheme(look: Look) -> str:
    return "" if look.theme == "auto" else f":host{{color-scheme:{look.theme}!important}}"


def _phones(look: Look) -> str:
    return f"@media {_PHONE}{{button{{display:none!important}}}}" if look.hide_on_phones else ""


def has_accent(look: Look) -> bool:
    """Tell whether the organisation has an accent of its own."""
    return look.accent != ACCENT


def nobody_is_in(organization: Organization, group_number: int = GENERAL_GROUP) -> bool:
    """Tell whether nobody of the group could take a chat now. At most eight reads."""
    return routing.group_statuses(organization).get(group_number, "offline") == "offline"
