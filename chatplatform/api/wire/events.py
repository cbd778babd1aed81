"""Events as clients send them (protocol.md 2.6)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from chatplatform.api.action import Request

MAX_TEXT_BYTES = 16 * 1024
MAX_CONTENT_BYTES = 64 * 1024
"""What the fields of one event's type may come to as JSON: histories are read over and over."""

Visibility = Literal["all", "agents"]


def _fits(text: str) -> str:
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise ValueError("text can have 16 KB at most")
    return text


class EventInput(Request):
    """What every event may carry."""

    custom_id: Annotated[str, Field(max_length=255)] | None = None
    visibility: Visibility = "all"
    properties: dict[str, dict[str, Any]] | None = None

    def content(self) -> dict[str, Any]:
        """Return the fields the event's type adds, as stored."""
        return self.model_dump(
            exclude={"type", "custom_id", "visibility", "properties"}, exclude_none=True
        )


class PostbackEcommerce(Request):
    """The product a postback is about."""

    product_id: str
    option_id: str | None = None
    quantity: int | None = None


class MessagePostback(Request):
    """Which button of which event a message answers."""

    id: str
    thread_id: str
    event_id: str
    type: str | None = None
    value: str | None = None
    ecommerce: PostbackEcommerce | None = None

    @model_validator(mode="after")
    def _type_and_value_together(self) -> MessagePostback:
        if (self.type is None) != (self.value is None):
            raise ValueError("type and value must be given together")
        return self


class MessageInput(EventInput):
    """Plain text."""

    type: Literal["message"]
    text: str
    postback: MessagePostback | None = None

    @model_validator(mode="after")
    def _text_fits(self) -> MessageInput:
        _fits(self.text)
        return self


class FileInput(EventInput):
    """An uploaded file; its name, type and size come from the upload."""

    type: Literal["file"]
    url: Annotated[str, Field(max_length=2048)]
    alternative_text: Annotated[str, Field(max_length=1024)] | None = None


class ButtonInput(Request):
    """A rich message's button."""

    text: Annotated[str, Field(max_length=1024)]
    type: Literal["webview", "message", "url", "phone", "cancel"] | None = None
    value: Annotated[str, Field(max_length=4096)] | None = None
    postback_id: Annotated[str, Field(max_length=255)]
    webview_height: Literal["compact", "tall", "full"] | None = None
    target: Literal["new", "current"] | None = None
    role: Literal["default", "primary", "danger"] | None = None
    user_ids: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _fields_fit_the_type(self) -> ButtonInput:
        if self.type not in (None, "cancel") and self.value is None:
            raise ValueError("value is required with type")
        if (self.type == "webview") != (self.webview_height is not None):
            raise ValueError("webview_height goes with type webview, and only with it")
        if self.target is not None and self.type != "url":
            raise ValueError("target goes with type url only")
        return self


class ImageInput(Request):
    """A rich message's picture."""

    url: Annotated[str, Field(max_length=2048)]
    name: str | None = None
    content_type: str | None = None
    size: int | None = None
    width: int | None = None
    height: int | None = None
    alternative_text: str | None = None


class ElementEcommerceInput(Request):
    """A product shown in an element."""

    view_type: Literal["tags", "swatch", "images", "select"]
    product_id: str
    label: str | None = None
    options: list[dict[str, Any]] | None = None
    addons: list[dict[str, Any]] | None = None


class ElementInput(Request):
    """One card of a rich message."""

    title: Annotated[str, Field(max_length=4096)] | None = None
    subtitle: Annotated[str, Field(max_length=4096)] | None = None
    image: ImageInput | None = None
    buttons: Annotated[list[ButtonInput], Field(max_length=13)] | None = None
    ecommerce: ElementEcommerceInput | None = None


class RichMessageInput(EventInput):
    """Cards, quick replies, a sticker or products."""

    type: Literal["rich_message"]
    template_id: Literal["cards", "quick_replies", "sticker", "ecommerce"]
    elements: Annotated[list[ElementInput], Field(max_length=10)] | None = None

    def content(self) -> dict[str, Any]:
        """Return the content; nobody has pressed a button yet."""
        content = super().content()
        for element in content.get("elements", []):
            for button in element.get("buttons", []):
                button["user_ids"] = []
        return content


class CustomInput(EventInput):
    """Anything an integration wants to keep in the thread."""

    type: Literal["custom"]
    content_: Annotated[dict[str, Any] | None, Field(alias="content")] = None

    model_config = ConfigDict(populate_by_name=True)

    def content(self) -> dict[str, Any]:
        """Return the free object under its own name."""
        return {} if self.content_ is None else {"content": self.content_}


class SystemMessageInput(EventInput):
    """A system message an integration writes."""

    type: Literal["system_message"]
    system_message_type: Annotated[str, Field(max_length=255)]
    text: str = ""
    text_vars: dict[str, str] | None = None

    @model_validator(mode="after")
    def _text_fits(self) -> SystemMessageInput:
        _fits(self.text)
        return self


class OptionInput(Request):
    """An answer one can choose."""

    id: str
    label: str
    group_id: int | None = None


class FormFieldInput(Request):
    """A question of a form."""

    id: str
    type: Literal[
        "header",
        "name",
        "email",
        "question",
        "textarea",
        "subject",
        "radio",
        "select",
        "checkbox",
        "group_chooser",
        "rating",
    ]
    label: str
    required: bool | None = None
    options: list[OptionInput] | None = None


FormType = Literal["prechat", "postchat", "ask_for_email", "ticket"]


class FormInput(EventInput):
    """A form to fill in."""

    type: Literal["form"]
    form_id: str
    form_type: FormType | None = None
    fields: Annotated[list[FormFieldInput], Field(max_length=100)]


class FilledFieldInput(Request):
    """An answered question; which answer field applies depends on the type."""

    id: str
    type: str
    label: str
    answer: str | OptionInput | None = None
    answers: list[OptionInput] | None = None

    @model_validator(mode="after")
    def _answer_fits_the_type(self) -> FilledFieldInput:
        texts = ("name", "email", "question", "textarea", "subject")
        if self.type in texts and not isinstance(self.answer, str | None):
            raise ValueError("answer must be text")
        if self.type in ("radio", "select", "group_chooser") and isinstance(self.answer, str):
            raise ValueError("answer must be an option")
        if self.type == "checkbox" and self.answers is None:
            raise ValueError("answers are required")
        return self


class FilledFormInput(EventInput):
    """An answered form."""

    type: Literal["filled_form"]
    form_id: str
    form_type: FormType | None = None
    fields: Annotated[list[FilledFieldInput], Field(max_length=100)]


AnyEvent = Annotated[
    MessageInput
    | FileInput
    | RichMessageInput
    | CustomInput
    | SystemMessageInput
    | FormInput
    | FilledFormInput,
    Field(discriminator="type"),
]
