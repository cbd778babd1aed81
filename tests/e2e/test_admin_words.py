"""Goals, forms and a group's own words, as an owner sets them up in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.admin import Admin

pytestmark = pytest.mark.browser


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


class TestForms:
    def ask(self, page: Page, number: int, kind: str, words: str) -> None:
        row = page.get_by_role("group", name=f"Question {number}", exact=True)
        row.get_by_label("Asks for").select_option(kind)
        row.get_by_role("textbox", name=re.compile("^Words")).fill(words)

    def test_questions_are_added_moved_and_taken_away(self, admin: Admin):
        page = admin.open("chatplatform/form/add/")
        page.get_by_role("combobox", name=re.compile(r"^Asked\*?$")).select_option("postchat")
        add = page.get_by_role("button", name="Add question")
        for number, (kind, words) in enumerate(
            [("name", "Who are you?"), ("question", "Gone?"), ("email", "Where are you?")], 1
        ):
            add.click()
            self.ask(page, number, kind, words)

        second = page.get_by_role("group", name="Question 2", exact=True)
        second.get_by_role("button", name="Take away").click()
        expect(page.get_by_role("group", name="Question 3", exact=True)).to_have_count(0)
        second.get_by_role("button", name="Move up").press("Enter")
        assert admin.grave("forms-change") == []
        save(page)

        page.get_by_role("link", name="After a chat").click()
        words = page.get_by_role("group").get_by_role("textbox", name=re.compile("^Words"))
        expect(words.nth(0)).to_have_value("Where are you?")
        expect(words.nth(1)).to_have_value("Who are you?")
        assert admin.faults() == []

    def test_a_refused_question_is_marked_and_keeps_what_was_typed(self, admin: Admin):
        page = admin.open("chatplatform/form/add/")
        page.get_by_role("combobox", name=re.compile(r"^Asked\*?$")).select_option("ticket")
        page.get_by_role("button", name="Add question").click()
        self.ask(page, 1, "group_chooser", "Whom?")
        page.get_by_label("Answers to choose from").fill("Sales")
        save(page)

        expect(page.get_by_text("A group to choose is written")).to_be_visible()
        row = page.get_by_role("group", name="Question 1", exact=True)
        expect(row.get_by_role("textbox", name=re.compile("^Words"))).to_have_value("Whom?")
        assert admin.grave("forms-refused") == []


class TestGoals:
    def test_a_goal_is_made_and_listed_in_words(self, admin: Admin):
        page = admin.open("chatplatform/goal/add/")
        page.get_by_role("textbox", name=re.compile("^Name")).fill("Order")
        field = page.get_by_role("textbox", name="Session field")
        expect(field).to_be_hidden()
        page.get_by_label("Reached when").select_option("session_field")
        expect(field).to_be_visible()
        page.get_by_label("Reached when").select_option("url")
        page.get_by_label("Comparison").select_option("contains")
        page.get_by_role("textbox", name=re.compile("^Value")).fill("/thanks")
        assert admin.grave("goals-add") == []
        save(page)

        expect(page.get_by_text("the page's address contains /thanks")).to_be_visible()
        assert admin.grave("goals") == []
        assert admin.faults() == []


class TestWords:
    def test_a_groups_words_are_changed_in_the_language_that_was_chosen(self, admin: Admin):
        page = admin.open("words/")
        page.get_by_label("Language").select_option("de")
        page.get_by_role("button", name="Show").click()
        expect(page).to_have_url(re.compile("language=de"))
        page.get_by_label("Title").fill("Moin!")
        save(page)

        expect(admin.said()).to_contain_text("Saved.")
        expect(page.get_by_label("Language")).to_have_value("de")
        expect(page.get_by_label("Title")).to_have_value("Moin!")
        assert admin.grave("words") == []
        assert admin.faults() == []
