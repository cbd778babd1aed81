"""What a greeting may say, and to whom it is addressed: checked before it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import uuid4

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from chatplatform import clock
from chatplatform.greeting_rules import Rule
from chatplatform.records import Record

Text = Annotated[str, Field(max_length=4096)]
Url = Annotated[str, Field(min_length=1, max_length=2048)]
MESSAGE_TEXT = "greeting-message_text"
MAX_RULES = 10
MAX_CARDS = 10
MAX_BUTTONS = 13
"""How many buttons a card can have."""


def _moment(value: Any) -> Any:
    """Read a time as the protocol writes it; one that is read already stays."""
    return clock.from_wire(value) if isinstance(value, str) else value


Moment = Annotated[datetime, BeforeValidator(_moment)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Rules = Annotated[list[Rule], Field(min_length=1, max_length=MAX_RULES)]
Kind = Literal["normal", "announcement"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class Button(_Part):
    """A button of a card; it has an id of its own, by which a click is reported."""

    text: Annotated[str, Field(max_length=1024)]
    type: Literal["webview", "message", "url", "phone", "cancel"] | None = None
    value: Text | None = None
    postback_id: Annotated[str, Field(max_length=255)]
    button_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    webview_height: Literal["compact", "tall", "full"] | None = None
    target: Literal["new", "current"] | None = None
    role: Literal["default", "primary", "danger"] | None = None

    @model_validator(mode="after")
    def _value_goes_with_type(self) -> Button:
        if self.type not in (None, "cancel") and self.value is None:
            raise ValueError("value is required with type")
        return self


class Image(_Part):
    """A card's picture."""

    url: Url
    name: Annotated[str, Field(max_length=255)] | None = None
    content_type: Annotated[str, Field(max_length=255)] | None = None
    size: int | None = None
    width: int | None = None
    height: int | None = None
    alternative_text: Annotated[str, Field(max_length=1024)] | None = None


class Element(_Part):
    """A card."""

    title: Text | None = None
    subtitle: Text | None = None
    image: Image | None = None
    buttons: Annotated[list[Button], Field(max_length=MAX_BUTTONS)] | None = None


class RichMessage(_Part):
    """Cards, quick replies or a sticker."""

    template_id: Literal["cards", "quick_replies", "sticker"]
    elements: Annotated[list[Element], Field(max_length=MAX_CARDS)] = Field(default_factory=list)


class Properties(_Part):
    """What else a greeting is; all values are text."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)

    addon: Annotated[str, Field(max_length=255)] | None = None
    is_exit_intent: Literal["true", "false"] | None = None
    message_text: Annotated[Text | None, Field(alias=MESSAGE_TEXT)] = None
    message_json_key: Annotated[Text | None, Field(alias="greeting-message_json_key")] = None
    message_phrase_key: Annotated[Text | None, Field(alias="greeting-message_phrase_key")] = None


class Content(_Part):
    """A whole greeting but for its group; it says something, in plain or in rich words."""

    type: Kind
    active: bool
    active_from: Moment | None = None
    active_until: Moment | None = None
    name: Name
    rules: Rules
    properties: Properties = Field(default_factory=Properties)
    rich_message: RichMessage | None = None

    @model_validator(mode="after")
    def _means_something(self) -> Content:
        if self.rich_message is None and not self.properties.message_text:
            raise ValueError(f"rich_message or the property {MESSAGE_TEXT} is required")
        moments = (self.active_from, self.active_until)
        if any(moment is not None and moment.tzinfo is None for moment in moments):
            raise ValueError("times have a zone")
        if self.active_from and self.active_until and self.active_from >= self.active_until:
            raise ValueError("active_until must come after active_from")
        return self

    def stored(self, before: Record) -> dict[str, Any]:
        """Return the values of the greeting's columns.

        ``before`` is the rich message there was, or empty: a button that comes without an id
        keeps the one that stood in its place.
        """
        kept = _button_ids(before)
        rich = self.rich_message.model_dump(exclude_none=True) if self.rich_message else {}
        for place, button in _buttons(rich):
            button.setdefault("button_id", kept.get(place) or str(uuid4()))
        return {
            **{
                name: getattr(self, name)
                for name in ("type", "active", "active_from", "active_until", "name")
            },
            "rules": [rule.model_dump(exclude_none=True) for rule in self.rules],
            "properties": self.properties.model_dump(exclude_none=True, by_alias=True),
            "rich_message": rich,
        }


def _buttons(rich_message: Record) -> Iterator[tuple[tuple[int, int], Record]]:
    for row, element in enumerate(rich_message.get("elements", ())):
        for column, button in enumerate(element.get("buttons", ())):
            yield (row, column), button


def _button_ids(rich_message: Record) -> dict[tuple[int, int], str]:
    return {place: button["button_id"] for place, button in _buttons(rich_message)}


def has_button(event: Record, button_id: str) -> bool:
    """Tell whether a greeting's event has a button of that id."""
    return any(button["button_id"] == button_id for _, button in _buttons(event))


def unpressed(rich_message: Record) -> Record:
    """Return a rich message as an event carries it: nobody has pressed a button yet."""
    event = deepcopy(rich_message)
    for _, button in _buttons(event):
        button["user_ids"] = []
    return event
