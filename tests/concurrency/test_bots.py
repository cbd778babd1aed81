"""Bots change while they are issued tokens: nothing gets stuck, and nobody keeps a way in."""

from __future__ import annotations

import pytest

from chatplatform.errors import Authentication, LimitReached
from chatplatform.models import Application, Bot, BotToken
from chatplatform.services import bots
from tests.concurrency.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def issued(shop: Application, made: bots.NewBot) -> str:
    """Ask for a token as the bot; return what came of it."""
    bot_id, client_id = made.agent.public_id, shop.client_id
    try:
        return bots.issue_token(shop.organization_id, bot_id, client_id, made.secret).token[:4]
    except Authentication as error:
        return error.type


@pytest.mark.parametrize("_attempt", range(3))
def test_a_bot_changes_while_it_is_issued_tokens(shop: Application, _attempt: int) -> None:
    robin = bots.create_bot(shop, "Robin")

    came = at_once(
        *[lambda: issued(shop, robin)] * 6,
        *[
            lambda name=name: bots.update_bot(  # type: ignore[misc]
                shop.organization_id, robin.agent.public_id, {"name": name, "type": name}
            )
            for name in ("Ada", "Eve", "Joe", "Zoe")
        ],
    )

    assert came == ["bot."] * 6 + [None] * 4
    assert BotToken.objects.count() == 6


@pytest.mark.parametrize("_attempt", range(3))
def test_a_licence_has_so_many_bots_however_many_are_made_at_once(
    shop: Application, monkeypatch: pytest.MonkeyPatch, _attempt: int
) -> None:
    monkeypatch.setattr(bots, "MAX_BOTS", 3)

    def make_one() -> str:
        try:
            return bots.create_bot(shop, "Robin").agent.name
        except LimitReached as error:
            return error.type

    assert sorted(at_once(*[make_one] * 6)) == ["Robin"] * 3 + ["limit_reached"] * 3
    assert Bot.objects.count() == 3


@pytest.mark.parametrize("_attempt", range(3))
def test_a_bot_that_goes_leaves_no_token(shop: Application, _attempt: int) -> None:
    robin = bots.create_bot(shop, "Robin")

    came = at_once(
        *[lambda: issued(shop, robin)] * 6,
        lambda: bots.delete_bot(shop.organization_id, robin.agent.public_id),
        *[lambda: issued(shop, robin)] * 3,
    )

    assert set(came) <= {"bot.", "authentication", None}
    assert issued(shop, robin) == "authentication"
    assert BotToken.objects.count() == 0
