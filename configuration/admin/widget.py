"""How the widget looks and what it says, beside a preview of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django import forms
from django.conf import settings
from django.forms import BoundField
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold import widgets

from chatplatform.admin import fields, visitors
from chatplatform.admin.pages import FormPage, register
from chatplatform.admin.shown import PageForm
from chatplatform.models.groups import GENERAL_GROUP
from chatplatform.phrases import WELCOME_TITLE, phrases
from chatplatform.selectors import groups
from chatplatform.selectors.translations import own_phrases
from chatplatform.services import widget_look as services
from chatplatform.widget_look import LENGTHS, MAX_OFFSET, NAMES, look_of
from configuration.actions.properties import WRITE_ANY_LICENSE_PROPERTY

_THEMES: Final = (
    ("auto", _("As the visitor's device")),
    ("light", _("Always light")),
    ("dark", _("Always dark")),
)
_SIDES: Final = (
    ("end", _("Where lines end: right, or left in Arabic and Hebrew")),
    ("right", _("Always right")),
    ("left", _("Always left")),
)
_LAUNCHERS: Final = (("round", _("A round button")), ("bar", _("A bar with words on it")))


class LookForm(PageForm):
    """Every setting of the look, by its name in ``chatplatform/widget_look.py``, and the logo."""

    title = fields.text(
        _("Name above the chat"),
        _("What visitors read first. Empty: the organisation's name."),
        required=False,
        max_length=LENGTHS["title"],
    )
    logo = forms.FileField(
        label=_("Picture above the chat"),
        help_text=_(
            "Shown until somebody answers. PNG, JPEG, GIF or WebP, best square, 512 KB at most. "
            "The preview shows it once it is saved."
        ),
        required=False,
        widget=widgets.UnfoldAdminFileFieldWidget(attrs={"accept": "image/*"}),
    )
    remove_logo = fields.switch(_("Take the picture away"))
    greeting = fields.text(
        _("Greeting line"),
        required=False,
        max_length=LENGTHS["greeting"],
    )
    away = fields.long_text(
        _("While nobody is in"),
        _(
            "Tells visitors what happens with what they write. Empty: that it is kept, and "
            "answered. A group's own words go before these."
        ),
        required=False,
        max_length=LENGTHS["away"],
    )
    language = fields.choice(
        _("Language"),
        help_text=_(
            "For pages that do not say their language. A page that does is always followed."
        ),
        required=False,
    )
    accent = fields.text(
        _("Accent colour"),
        _(
            "The button, what visitors write, and links to act on. Words on it turn white or "
            "black by themselves, and dark pages get a lighter shade."
        ),
        max_length=7,
    )
    theme = fields.choice(_("Colours of the chat"), _THEMES)
    launcher = fields.choice(_("What opens the chat"), _LAUNCHERS)
    launcher_text = fields.text(
        _("Words on the bar"),
        _("Few: they cover a part of your page."),
        required=False,
        max_length=LENGTHS["launcher_text"],
    )
    side = fields.choice(_("Side of the window"), _SIDES)
    offset_side = fields.number(
        _("Away from the side, in pixels"), min_value=0, max_value=MAX_OFFSET
    )
    offset_bottom = fields.number(
        _("Away from the bottom, in pixels"),
        _("More where a cookie note or a button of yours is in the way."),
        min_value=0,
        max_value=MAX_OFFSET,
    )
    agent_photos = fields.switch(
        _("Show agents' photos"), _("Off: visitors see initials; names stay.")
    )
    prechat = fields.switch(
        _("Ask the pre-chat form"),
        _("Off: visitors write at once, though a form is set up. Agents know less at first."),
    )
    sounds = fields.switch(
        _("Sound for answers"), _("Played when an answer comes and the visitor looks elsewhere.")
    )
    hide_offline = fields.switch(
        _("Hide while nobody is in"),
        _(
            "New visitors can then not leave messages. Who has a chat already keeps seeing "
            "the button."
        ),
    )
    hide_on_phones = fields.switch(
        _("Hide on phones"), _("The button is gone there; your page can still open the chat.")
    )

    def __init__(self, *args: Any, own_title: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["greeting"].help_text = _of_greeting(own_title)
        for name, scene in _SCENES.items():
            self.fields[name].widget.attrs["data-preview-scene"] = scene
        languages = self.fields["language"]
        languages.choices = [("", _("The visitor's own")), *settings.LANGUAGES]  # type: ignore[attr-defined]
        self.fields["accent"].widget.input_type = "color"
        self.fields["away"].widget.attrs["rows"] = 3
        if not self.initial.get("logo"):
            del self.fields["remove_logo"]


_SCENES: Final = {
    "title": "away",
    "logo": "away",
    "away": "away",
    "greeting": "welcome",
    "launcher": "closed",
    "launcher_text": "closed",
    "agent_photos": "chat",
}
"""In which scene of the preview a field can be seen, where it is not in all."""


def _of_greeting(own_title: str) -> str:
    """Return what is said of the greeting line: what stands there, and where else that is set."""
    link = format_html('<a class="underline" href="{}">{}</a>', reverse("admin:words"), _("Words"))
    if own_title:
        said = _(
            "“{title}” stands there in the empty chat: it is the title of the group General in "
            "{link}, which goes before this line. Groups without a title of their own show it."
        )
        return format_html(str(said), title=own_title, link=link)
    said = _(
        "Stands large in the empty chat. Empty: “{title}”. The title a group has in {link} goes "
        "before it."
    )
    return format_html(str(said), title=phrases(get_language() or "en")[WELCOME_TITLE], link=link)


_PARTS: Final[tuple[tuple[str | Promise, tuple[str, ...]], ...]] = (
    (_("Words"), ("title", "logo", "remove_logo", "greeting", "away", "language")),
    (_("Colours"), ("accent", "theme")),
    (_("Button"), ("launcher", "launcher_text", "side", "offset_side", "offset_bottom")),
    (
        _("Behaviour"),
        ("agent_photos", "prechat", "sounds", "hide_offline", "hide_on_phones"),
    ),
)


@register
class WidgetPage(FormPage):
    """The look, and what it makes of the widget."""

    name = "widget"
    path = "website/widget/"
    title = _("Chat widget")
    icon = "palette"
    section = "website"
    order = 10
    scopes = (WRITE_ANY_LICENSE_PROPERTY,)
    template_name = "admin/website/widget.html"
    form_class = LookForm
    saved = _("Saved. Pages that load from now on have the new look.")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add what the group General says in place of the greeting line, as the preview does."""
        general = groups.access_group(self.organization, GENERAL_GROUP)
        language = look_of(self.organization.widget).language or get_language() or "en"
        own = own_phrases(general, language).get(WELCOME_TITLE, "")
        return {**super().get_form_kwargs(), "own_title": own}

    def get_initial(self) -> dict[str, Any]:
        """Return the look that is stored."""
        return look_of(self.organization.widget).record()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the form's parts, the logo, and where the preview is."""
        context = super().get_context_data(**kwargs)
        context["parts"] = list(_parts(context["form"]))
        look = look_of(self.organization.widget)
        context["logo_url"] = services.logo_url(self.organization, look)
        context["preview_url"] = reverse("widget_preview")
        return context

    def store(self, values: dict[str, Any]) -> None:
        """Store the look, and the picture if there is another."""
        who = visitors.asking(self.request)
        look = {name: values[name] for name in NAMES if name != "logo"}
        with visitors.acting(self.request, who):
            services.update_look(who, look)
            picture = values["logo"]
            if values.get("remove_logo"):
                services.remove_logo(who)
            elif picture and not isinstance(picture, str):
                services.set_logo(
                    who,
                    name=picture.name,
                    claimed_type=picture.content_type,
                    size=picture.size,
                    file=picture,
                )


def _parts(form: forms.BaseForm) -> Iterator[tuple[str | Promise, list[BoundField]]]:
    for title, names in _PARTS:
        yield title, [form[name] for name in names if name in form.fields]
