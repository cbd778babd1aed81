"""Words of texts, and what queries find in them."""

import time

import pytest

from chatplatform.words import MAX_QUERY_TERMS, MAX_TERM, Query, fold, terms


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Café", "cafe"),
        ("ＡＢＣ１２", "abc12"),
        ("Łódź", "lodz"),
        ("Smørrebrød", "smorrebrod"),
        ("ﬁn", "fin"),
        ("Ἀθῆναι", "αθηναι"),
        ("한국어", "한국어"),
        ("ガス", "ガス"),
        ("½", "12"),
        ("...", ""),
    ],
)
def test_folding(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_terms_are_words() -> None:
    assert list(terms("It's order #77, no_1!")) == ["it", "s", "order", "77", "no", "1"]
    assert list(terms("हिन्दी")) == ["हिन्दी"]
    assert list(terms("")) == []


def test_scripts_without_spaces_become_pairs() -> None:
    assert list(terms("订单在哪")) == ["订单", "单在", "在哪", "哪"]
    assert list(terms("iPhone手机")) == ["iphone", "手机", "机"]
    assert list(terms("是")) == ["是"]


def test_long_words_count_by_their_beginning() -> None:
    assert list(terms("x" * 500)) == ["x" * MAX_TERM]
    assert Query.read("x" * 500).beginnings == ("x" * MAX_TERM,)


def test_a_query_ends_in_a_beginning() -> None:
    query = Query.read("My order num")

    assert (query.whole, query.beginnings) == (("my", "order"), ("num",))
    assert not Query.read("?!")
    assert len(Query.read(" ".join(f"w{number}" for number in range(200))).whole) == MAX_QUERY_TERMS


def test_a_single_character_of_a_script_without_spaces_begins_a_pair() -> None:
    assert Query.read("订").beginnings == ("订",)
    assert Query.read("订单 在").whole == ("订单",)


@pytest.mark.parametrize(
    ("query", "text", "shown"),
    [
        ("order", "Orders, an order; reorder", "[Orders], an [order]; reorder"),
        ("order x", "Orders, an order", "Orders, an [order]"),
        ("cafe", "Le CAFÉ!", "Le [CAFÉ]!"),
        ("いつ", "注文はいつ届きますか", "注文は[いつ]届きますか"),
        ("订", "我的订单", "我的[订]单"),
        ("订 订单", "我的订单,订", "我的[订单],[订]"),
        ("ガス", "ガス管とガ", "[ガス]管とガ"),
        ("ガス", "\u30ab\u3099ス", "\u30ab\u3099ス"),
        ("\u30ab\u3099ス", "\u30ab\u3099ス代", "[\u30ab\u3099ス]代"),
        ("order", "<b>order</b>", "<b>[order]</b>"),
        ("?", "what?", "what?"),
        ("nothing", "", ""),
    ],
)
def test_what_is_found_stands_out(query: str, text: str, shown: str) -> None:
    assert Query.read(query).highlight(text, "[", "]") == shown


def test_a_long_query_takes_no_longer_than_the_text_is_long() -> None:
    """Every character asked for is looked up, not compared with every character that was said."""
    characters = [chr(0x4E00 + number) for number in range(500)]
    text = "".join(characters) * 10

    begun = time.process_time()
    shown = Query.read(" ".join(characters)).highlight(text, "[", "]")

    assert time.process_time() - begun < 1
    assert shown == "".join(f"[{character}]" for character in characters) * 10
