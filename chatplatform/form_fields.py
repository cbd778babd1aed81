"""Which fields forms have, and which answers they take (protocol.md 2.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from pydantic import BaseModel, ConfigDict, Field, model_validator

from chatplatform import ids
from chatplatform.errors import Validation
from chatplatform.records import Record

MAX_FIELDS = 100
MAX_OPTIONS = 100
TEXTS = frozenset({"name", "email", "question", "textarea", "subject"})
CHOICES = frozenset({"radio", "select", "group_chooser"})
ASKED_ONCE = frozenset({"name", "email", "subject", "group_chooser"})

FieldType = Literal[
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
]

Id = Annotated[str, Field(min_length=1, max_length=64)]
Label = Annotated[str, Field(max_length=1024)]


class Option(BaseModel):
    """An answer one can choose; ``group_id`` belongs to a group chooser's."""

    model_config = ConfigDict(extra="ignore", strict=True)

    id: Id | None = None
    label: Label
    group_id: Annotated[int, Field(ge=0, lt=2**31)] | None = None


class FormField(BaseModel):
    """A question, or the header above them. Ids are made where they are absent."""

    model_config = ConfigDict(extra="ignore", strict=True)

    id: Id | None = None
    type: FieldType
    label: Label
    required: bool | None = None
    options: Annotated[list[Option], Field(max_length=MAX_OPTIONS)] | None = None

    @model_validator(mode="after")
    def _options_fit_the_type(self) -> FormField:
        chosen = self.type in CHOICES or self.type == "checkbox"
        if chosen != bool(self.options):
            raise ValueError("options go with choices, and only with them")
        for option in self.options or ():
            if (self.type == "group_chooser") != (option.group_id is not None):
                raise ValueError("group_id goes with a group_chooser's options")
        return self

    def record(self) -> Record:
        """Return the field as stored."""
        record: Record = {
            "id": self.id or ids.opaque_id(),
            "type": self.type,
            "label": self.label,
        }
        if self.type != "header":
            record["required"] = bool(self.required)
        if self.options:
            record["options"] = [
                {
                    **option.model_dump(exclude_none=True),
                    "id": option.id if option.id is not None else str(place),
                }
                for place, option in enumerate(self.options)
            ]
        return record


class _Fields(BaseModel):
    model_config = ConfigDict(strict=True)

    fields: Annotated[list[FormField], Field(min_length=1, max_length=MAX_FIELDS)]


def checked(fields: Sequence[Mapping[str, Any]]) -> list[Record]:
    """Return a form's fields as stored.

    Raise ``pydantic.ValidationError`` for what no field has, :class:`Validation` for ids given
    twice and for a second name, address, subject or group.
    """
    found = _Fields.model_validate({"fields": list(fields)}).fields
    records = [field.record() for field in found]
    _once((record["id"] for record in records), "field ids")
    _once((field.type for field in found if field.type in ASKED_ONCE), "such fields")
    for record in records:
        _once((option["id"] for option in record.get("options", ())), "option ids")
    return records


def _once(values: Iterable[str], what: str) -> None:
    values = list(values)
    if len(set(values)) != len(values):
        raise Validation(f"{what} must not occur twice")


def check_answers(fields: Iterable[Record], answers: Iterable[Record]) -> None:
    """Raise :class:`Validation` unless ``answers`` answer the stored ``fields``.

    Every required question has an answer, every answer a question of its type, and what was
    chosen is among the options.
    """
    asked = {field["id"]: field for field in fields if field["type"] != "header"}
    given: dict[str, Record] = {}
    for answer in answers:
        field = asked.get(answer["id"])
        if field is None or field["type"] != answer["type"]:
            raise Validation(f"the form has no {answer['type'][:16]} field {answer['id'][:64]!r}")
        if answer["id"] in given:
            raise Validation(f"field {answer['id'][:64]!r} is answered twice")
        given[answer["id"]] = answer
        _check_choice(field, answer)
    for key, field in asked.items():
        if field["required"] and not is_answered(given.get(key)):
            raise Validation(f"an answer to {field['label'][:64]!r} is required")


def _check_choice(field: Record, answer: Record) -> None:
    options = {option["id"]: option for option in field.get("options", ())}
    chosen = answer.get("answers") or ([answer["answer"]] if answer.get("answer") else [])
    for option in chosen if field["type"] not in TEXTS else ():
        known = options.get(option["id"])
        if known is None or known.get("group_id") != option.get("group_id"):
            raise Validation(f"field {field['id']!r} has no such option")


def is_answered(answer: Record | None) -> bool:
    """Tell whether an answered field says anything."""
    if answer is None:
        return False
    said = answer.get("answer") or answer.get("answers")
    return bool(said.strip() if isinstance(said, str) else said)


def check_shape(answers: Iterable[Record]) -> None:
    """Raise :class:`Validation` for answers their fields' types can not have, whatever the form."""
    for answer in answers:
        check = _SHAPES.get(answer["type"])
        if check is None:
            raise Validation(f"there are no fields of type {answer['type'][:16]!r}")
        check(answer)


def _check_text(answer: Record) -> None:
    if not isinstance(answer.get("answer", ""), str):
        raise Validation("answer must be text")


def _check_email(answer: Record) -> None:
    _check_text(answer)
    if is_answered(answer):
        try:
            validate_email(answer["answer"].strip())
        except ValidationError:
            raise Validation("answer must be an e-mail address") from None
        if len(answer["answer"].strip()) > 254:
            raise Validation("the e-mail address is too long")


def _check_option(answer: Record) -> None:
    if isinstance(answer.get("answer"), str):
        raise Validation("answer must be an option")


def _check_group(answer: Record) -> None:
    _check_option(answer)
    if answer.get("answer") is not None and answer["answer"].get("group_id") is None:
        raise Validation("a chosen group needs its group_id")


def _check_options(answer: Record) -> None:
    if answer.get("answers") is None:
        raise Validation("answers are required")


_SHAPES: dict[str, Callable[[Record], None]] = {
    "name": _check_text,
    "email": _check_email,
    "question": _check_text,
    "textarea": _check_text,
    "subject": _check_text,
    "radio": _check_option,
    "select": _check_option,
    "checkbox": _check_options,
    "group_chooser": _check_group,
    "rating": lambda answer: None,
}
"""What each type's answer must look like; ratings are the surveys' own affair."""
