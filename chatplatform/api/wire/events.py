"""Events as clients send them (protocol.md 2.6)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, ConfigDict, Field, model_validator

from chatplatform.api.action import Request
from chatplatform.api.wire.properties import PropertiesInput
from chatplatform.form_fields import FieldType

MAX_TEXT_BYTES = 16 * 1024
MAX_CONTENT_BYTES = 64 * 1024
"""What the fields of one event's type may come to as JSON: histories are read over and over."""

Visibility = Literal["all", "agents"]
SHOWN_TO = AliasChoices("visibility", "recipients")
"""``recipients`` was the name up to 3.3, and official clients still use it: what they mean for
agents only must reach no customer, whatever version they speak."""
Name = Annotated[str, Field(max_length=255)]
Url = Annotated[str, Field(max_length=2048)]
Size = Annotated[int, Field(ge=0, lt=2**31)]
TextVar = Annotated[str, Field(max_length=4096)]
Quantity = (
    Annotated[int, Field(ge=0, lt=2**31)]
    | Annotated[float, Field(ge=0, lt=2**31, allow_inf_nan=False)]
)


def _fits(text: str) -> str:
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise ValueError("text can have 16 KB at most")
    return text


class EventInput(Request):
    """What every event may carry."""

    custom_id: Annotated[str, Field(max_length=255)] | None = None
    visibility: Annotated[Visibility, Field(validation_alias=SHOWN_TO)] = "all"
    properties: PropertiesInput | None = None

    def content(self) -> dict[str, Any]:
        """Return the fields the event's type adds, as stored."""
        return self.model_dump(
            exclude={"type", "custom_id", "visibility", "properties"}, exclude_none=True
        )


class PostbackEcommerce(Request):
    """The product a postback is about."""

    product_id: Name
    option_id: Name | None = None
    quantity: Quantity | None = None


class PostbackInput(Request):
    """A button that is pressed or released, and what that means."""

    id: Name
    toggled: bool
    button_type: Name | None = None
    button_value: Annotated[str, Field(max_length=4096)] | None = None
    ecommerce: PostbackEcommerce | None = None


class SendRichMessagePostback(Request):
    """``send_rich_message_postback``."""

    chat_id: str
    thread_id: str
    event_id: str
    postback: PostbackInput


class MessagePostback(Request):
    """Which button of which event a message answers."""

    id: Name
    thread_id: Name
    event_id: Name
    type: Name | None = None
    value: Annotated[str, Field(max_length=4096)] | None = None
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


class PreviewInput(MessageInput):
    """A message to show before it is sent: for all, or for nobody."""

    visibility: Annotated[Literal["all"], Field(validation_alias=SHOWN_TO)] = "all"


class FileInput(EventInput):
    """An uploaded file; its name, type and size come from the upload."""

    type: Literal["file"]
    url: Url
    alternative_text: Annotated[str, Field(max_length=1024)] | None = None


class ButtonInput(Request):
    """A rich message's button.

    ``webview_height`` and ``target`` mean nothing with another type, and are not kept then.
    """

    text: Annotated[str, Field(max_length=1024)]
    type: Literal["webview", "message", "url", "phone", "cancel"] | None = None
    value: Annotated[str, Field(max_length=4096)] | None = None
    postback_id: Annotated[str, Field(max_length=255)]
    webview_height: Literal["compact", "tall", "full"] | None = None
    target: Literal["new", "current"] | None = None
    role: Literal["default", "primary", "danger"] | None = None

    @model_validator(mode="after")
    def _fields_fit_the_type(self) -> ButtonInput:
        if self.type not in (None, "cancel") and self.value is None:
            raise ValueError("value is required with type")
        if self.type == "webview" and self.webview_height is None:
            raise ValueError("webview_height is required with type webview")
        return self

    def content(self) -> dict[str, Any]:
        """Return the button as stored; nobody has pressed it yet."""
        foreign = {"webview": {"target"}, "url": {"webview_height"}}
        unused = foreign.get(self.type or "", {"target", "webview_height"})
        return {**self.model_dump(exclude=unused, exclude_none=True), "user_ids": []}


class ImageInput(Request):
    """A rich message's picture."""

    url: Url
    name: Name | None = None
    content_type: Name | None = None
    size: Size | None = None
    width: Size | None = None
    height: Size | None = None
    alternative_text: Annotated[str, Field(max_length=1024)] | None = None


class ProductOptionInput(Request):
    """A variant of a product."""

    option_id: Name
    label: Name
    price: Name | None = None
    regular_price: Name | None = None
    currency: Name | None = None
    color: Name | None = None
    image_url: Url | None = None
    image_thumbnail_url: Url | None = None
    available: bool | None = None
    selected: bool | None = None


class ProductAddonInput(Request):
    """What is shown beside a product."""

    addon_type: Name
    range_from: Name | None = None
    range_to: Name | None = None
    currency: Name | None = None


class ElementEcommerceInput(Request):
    """A product shown in an element."""

    view_type: Literal["tags", "swatch", "images", "select"]
    product_id: Name
    label: Name | None = None
    options: Annotated[list[ProductOptionInput], Field(max_length=100)] | None = None
    addons: Annotated[list[ProductAddonInput], Field(max_length=20)] | None = None


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
        """Return the content; products are kept in the template for them only."""
        content = super().content()
        for element, given in zip(content.get("elements", ()), self.elements or (), strict=True):
            if given.buttons is not None:
                element["buttons"] = [button.content() for button in given.buttons]
            if self.template_id != "ecommerce":
                element.pop("ecommerce", None)
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
    text_vars: Annotated[dict[Name, TextVar], Field(max_length=50)] | None = None

    @model_validator(mode="after")
    def _text_fits(self) -> SystemMessageInput:
        _fits(self.text)
        return self


class OptionInput(Request):
    """An answer one can choose."""

    id: str
    label: str
    group_id: Annotated[int, Field(ge=0, lt=2**31)] | None = None


class FormFieldInput(Request):
    """A question of a form."""

    id: str
    type: FieldType | Literal["rating"]
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
