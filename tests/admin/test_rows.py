"""A form field that is a list of rows."""

from __future__ import annotations

import pytest
from django import forms

from chatplatform.admin.rows import RowsField


class Condition(forms.Form):
    name = forms.CharField()
    value = forms.IntegerField(required=False)


class Conditions(forms.Form):
    rules = RowsField(Condition, most=3, one="Condition", add="Add condition")


def sent(*rows: dict[str, object], stored: int = 0) -> dict[str, object]:
    data: dict[str, object] = {"rules-TOTAL_FORMS": len(rows), "rules-INITIAL_FORMS": stored}
    for number, row in enumerate(rows):
        data |= {f"rules-{number}-{name}": value for name, value in row.items()}
    return data


def test_rows_come_in_the_order_of_their_places() -> None:
    form = Conditions(
        sent({"name": "b", "value": "2", "ORDER": "2"}, {"name": "a", "value": "", "ORDER": "1"})
    )

    assert form.is_valid()
    assert form.cleaned_data["rules"] == [
        {"name": "a", "value": None},
        {"name": "b", "value": 2},
    ]


def test_a_row_that_was_left_empty_is_not_there() -> None:
    form = Conditions(sent({"name": "a", "ORDER": "1"}, {"name": "", "value": ""}))

    assert form.is_valid()
    assert [row["name"] for row in form.cleaned_data["rules"]] == ["a"]


def test_a_row_that_is_taken_away_is_not_there_even_if_it_is_malformed() -> None:
    form = Conditions(sent({"name": "a"}, {"name": "b", "value": "many", "DELETE": "on"}))

    assert form.is_valid()
    assert [row["name"] for row in form.cleaned_data["rules"]] == ["a"]


def test_a_malformed_row_is_marked_and_keeps_what_was_typed() -> None:
    form = Conditions(sent({"name": "a", "value": "many"}))

    assert form.errors == {"rules": ["Correct the rows marked below."]}
    shown = str(form["rules"])
    assert 'value="many"' in shown
    assert "Enter a whole number" in shown


@pytest.mark.parametrize("count", [4, 2_000])
def test_there_can_not_be_more_than_so_many(count: int) -> None:
    form = Conditions(sent(*({"name": "a"} for _ in range(count))))

    assert not form.is_valid()


def test_rows_that_are_taken_away_do_not_count() -> None:
    gone = [{"name": "a", "DELETE": "on"}] * 9
    form = Conditions(sent(*gone, *({"name": name} for name in "abc")))

    assert form.is_valid()
    assert [row["name"] for row in form.cleaned_data["rules"]] == ["a", "b", "c"]


def test_a_row_that_is_taken_away_does_not_come_back_when_others_are_refused() -> None:
    form = Conditions(sent({"name": "a", "value": "many"}, {"name": "b", "DELETE": "on"}))

    assert not form.is_valid()
    kept, gone, _empty = str(form["rules"]).split("data-rows-row")[1:]
    assert " hidden" not in kept.partition(">")[0]
    assert " hidden" in gone.partition(">")[0]


def test_numbered_rows_say_under_which_number_they_were_shown() -> None:
    class Cards(forms.Form):
        rules = RowsField(Condition, most=3, one="Card", add="Add card", numbered=True)

    form = Cards(
        sent(
            {"name": "a", "ORDER": "2"},
            {"name": "", "value": ""},
            {"name": "c", "ORDER": "1"},
        )
    )

    assert form.is_valid()
    assert form.cleaned_data["rules"] == [
        {"name": "c", "value": None, "number": 3},
        {"name": "a", "value": None, "number": 1},
        {"number": 2},
    ]


def test_what_was_stored_is_shown_in_rows() -> None:
    form = Conditions(initial={"rules": [{"name": "first"}, {"name": "second"}]})

    shown = str(form["rules"])

    assert 'value="first"' in shown
    assert 'value="second"' in shown


def test_none_are_refused_where_one_is_needed() -> None:
    form = Conditions(sent({"name": ""}))

    assert form.errors == {"rules": ["This field is required."]}


def test_what_is_no_rows_at_all_is_refused() -> None:
    form = Conditions({"rules-TOTAL_FORMS": "many"})

    assert not form.is_valid()
