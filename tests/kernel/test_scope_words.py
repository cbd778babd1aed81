"""Plain words for scopes."""

from __future__ import annotations

from chatplatform import scope_words
from chatplatform.scopes import ALL


def test_every_scope_has_its_words_once():
    worded = [worded.scope for section in scope_words.CATALOGUE for worded in section.scopes]

    assert sorted(worded) == sorted(ALL)


def test_no_two_scopes_say_the_same():
    said = [str(scope_words.words(scope)) for scope in ALL]

    assert len(set(said)) == len(ALL)


def test_scopes_come_under_their_headings_in_the_catalogues_order():
    found = scope_words.sections(["reports_read", "chats--all:ro", "chats--my:ro", "nonsense"])

    assert [(str(title), [one.scope for one in scopes]) for title, scopes in found] == [
        ("Chats", ["chats--my:ro", "chats--all:ro"]),
        ("Reports", ["reports_read"]),
    ]


def test_a_scope_nobody_knows_stands_for_itself():
    assert scope_words.words("nonsense") == "nonsense"
