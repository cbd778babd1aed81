"""How the widget looks and what it says: which settings there are, and the colours they make.

Pure. ``services/widget_look.py`` stores it, the widget obeys it, the admin shows it while it is
being changed.
"""

from __future__ import annotations

import colorsys
import re
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from django.conf import settings

from chatplatform.errors import Validation

ACCENT: Final = "#1660c4"
"""The accent of an organisation that has not chosen one, as in ``tokens.css``."""
SURFACES: Final = {"light": "#ffffff", "dark": "#171a1e"}
"""The panel's ground in each scheme, as in ``tokens.css``."""
THEMES: Final = ("auto", "light", "dark")
SIDES: Final = ("end", "left", "right")
"""Where the launcher is; ``end``: where lines end in the page's language."""
LAUNCHERS: Final = ("round", "bar")
MAX_OFFSET: Final = 200
"""Pixels from the edges of the window."""
LENGTHS: Final = {"launcher_text": 30, "title": 60, "greeting": 120, "away": 400}
"""Characters that texts can have."""
TEXT_CONTRAST: Final = 4.5
SHAPE_CONTRAST: Final = 3.0
"""What WCAG's level AA asks of words, and of shapes such as the launcher, against their ground."""

_HEX: Final = re.compile(r"#[0-9a-f]{6}")
_STEP: Final = 0.01
_SHADE: Final = 0.12


@dataclass(frozen=True, slots=True)
class Look:
    """A widget's look; each field's default is what holds where nothing was set."""

    accent: str = ACCENT
    theme: str = "auto"
    side: str = "end"
    offset_side: int = 20
    offset_bottom: int = 20
    launcher: str = "round"
    launcher_text: str = ""
    title: str = ""
    """Above the chat; empty: the organisation's name."""
    greeting: str = ""
    away: str = ""
    """What the empty panel says, and says while nobody is in; empty: the platform's own words."""
    language: str = ""
    """Where the host page does not say which; empty: the visitor's own."""
    agent_photos: bool = True
    hide_offline: bool = False
    hide_on_phones: bool = False
    prechat: bool = True
    sounds: bool = True
    logo: str = ""
    """The token of the uploaded picture; empty: none."""

    def record(self) -> dict[str, Any]:
        """Return the look as plain JSON data."""
        return asdict(self)


NAMES: Final = tuple(field.name for field in fields(Look))
_DEFAULTS: Final = Look()


def look_of(stored: dict[str, Any]) -> Look:
    """Return the look that was stored; what is absent has its default."""
    return Look(**{name: stored[name] for name in NAMES if name in stored})


class WrongSetting(Validation):
    """A setting of the widget is none, or can not be so; ``setting`` is its name."""

    def __init__(self, setting: str, why: str) -> None:
        super().__init__(f"`{setting}`: {why}")
        self.setting = setting


def checked(given: dict[str, Any]) -> Look:
    """Return a look of these settings, all others at their defaults.

    Raise :class:`WrongSetting` for what is none or can not be so. A colour
    that would be lost on a white panel is refused with the nearest that is not; what would be lost
    on a dark one is shown lighter there (:func:`shades`).
    """
    for name, value in given.items():
        if name not in NAMES:
            raise WrongSetting(name[:32], "is no setting of the widget")
        if type(value) is not type(getattr(_DEFAULTS, name)):
            raise WrongSetting(name, "wrong type")
    look = Look(**{**given, **_cleaned(given)})
    _check_choices(look)
    _check_lengths(look)
    _check_accent(look)
    return look


def nearest(given: dict[str, Any]) -> Look:
    """Return a look of those of these settings that can be so: what a preview shows meanwhile."""
    fitting = {name: value for name, value in given.items() if name in NAMES}
    while True:
        try:
            return checked(fitting)
        except WrongSetting as refusal:
            without_words = refusal.setting not in fitting  # a bar has to have some
            del fitting["launcher" if without_words else refusal.setting]


def _cleaned(given: dict[str, Any]) -> dict[str, str]:
    texts = {name: " ".join(given[name].split()) for name in LENGTHS if name in given}
    return texts | {"accent": given.get("accent", ACCENT).strip().lower()}


def _check_choices(look: Look) -> None:
    choices = {"theme": THEMES, "side": SIDES, "launcher": LAUNCHERS}
    for name, among in choices.items():
        if getattr(look, name) not in among:
            raise WrongSetting(name, f"must be one of {', '.join(among)}")
    if look.language and look.language not in dict(settings.LANGUAGES):
        raise WrongSetting("language", "is not one the platform knows")


def _check_lengths(look: Look) -> None:
    for name, most in LENGTHS.items():
        if len(getattr(look, name)) > most:
            raise WrongSetting(name, f"can have {most} characters at most")
    for name in ("offset_side", "offset_bottom"):
        if not 0 <= getattr(look, name) <= MAX_OFFSET:
            raise WrongSetting(name, f"must be between 0 and {MAX_OFFSET} pixels")
    if look.launcher == "bar" and not look.launcher_text:
        raise WrongSetting("launcher_text", "a bar needs words on it")


def _check_accent(look: Look) -> None:
    if not _HEX.fullmatch(look.accent):
        raise WrongSetting("accent", "must be a colour like #1660c4")
    ground = SURFACES["light"]
    if look.theme == "dark" or contrast(look.accent, ground) >= SHAPE_CONTRAST:
        return
    better = reaching(look.accent, ground, SHAPE_CONTRAST)
    raise WrongSetting(
        "accent",
        f"{look.accent} is lost on a white panel; {better} is the nearest shade that can be seen",
    )


# --- colours ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shades:
    """The colours that an accent makes in one scheme, as ``#rrggbb``."""

    accent: str
    hover: str
    contrast: str
    """Words on either."""
    soft: str
    """A ground for words of the ordinary colour."""


def shades(accent: str, scheme: str) -> Shades:
    """Return what ``accent`` makes in the ``light`` or ``dark`` scheme.

    Against a ground on which it would be lost it is made lighter or darker until it is not; words
    on it are white or black, whichever can be read better.
    """
    ground = SURFACES[scheme]
    shown = reaching(accent, ground, SHAPE_CONTRAST)
    words = "#ffffff" if contrast(shown, "#ffffff") >= TEXT_CONTRAST else "#000000"
    away = "#000000" if words == "#ffffff" else "#ffffff"
    return Shades(
        accent=shown,
        hover=mixed(shown, away, _SHADE),
        contrast=words,
        soft=mixed(ground, shown, _SHADE),
    )


def contrast(one: str, other: str) -> float:
    """Return WCAG's contrast ratio of two colours, from 1 to 21."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def reaching(color: str, ground: str, ratio: float) -> str:
    """Return ``color``, or the nearest lighter or darker shade that has ``ratio`` to ``ground``."""
    if contrast(color, ground) >= ratio:
        return color
    direction = -_STEP if _luminance(ground) > 0.5 else _STEP
    hue, lightness, saturation = colorsys.rgb_to_hls(*_rgb(color))
    found = color
    while contrast(found, ground) < ratio and 0 <= lightness + direction <= 1:
        lightness += direction
        found = _hex(colorsys.hls_to_rgb(hue, lightness, saturation))
    return found


def mixed(one: str, other: str, share: float) -> str:
    """Return ``one`` with a ``share`` of ``other`` in it."""
    pairs = zip(_rgb(one), _rgb(other), strict=True)
    return _hex(tuple(here + (there - here) * share for here, there in pairs))


def _rgb(color: str) -> tuple[float, float, float]:
    red, green, blue = (int(color[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def _hex(rgb: tuple[float, ...]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in rgb)


def _luminance(color: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _rgb(color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
