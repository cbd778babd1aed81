"""Templates change and applications come and go at the same time: no licence misses a bot."""

from __future__ import annotations

import pytest

from chatplatform.errors import LimitReached
from chatplatform.models import Application, Bot, Organization
from chatplatform.services import bot_templates, bots, installations
from tests import make
from tests.concurrency.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def licences(shop: Application) -> list[Organization]:
    """Return three other organisations."""
    return [make.organization(f"Licence {number}") for number in range(3)]


def homes(shop: Application) -> list[tuple[str, str]]:
    """Return which templates' bots are on which licences."""
    rows = Bot.objects.filter(owner=shop, agent__deleted_at=None)
    return sorted(rows.values_list("agent__organization__name", "agent__name"))


@pytest.mark.parametrize("_attempt", range(3))
def test_an_application_has_five_templates_however_many_are_made_at_once(
    shop: Application, _attempt: int
) -> None:
    def make_one() -> str:
        try:
            return bot_templates.create_template(shop, "Robin").template.name
        except LimitReached as error:
            return error.type

    made = at_once(*[make_one] * 8)

    assert sorted(made) == ["Robin"] * 5 + ["limit_reached"] * 3
    assert shop.bot_templates.count() == 5


@pytest.mark.parametrize("_attempt", range(3))
def test_a_new_template_reaches_whoever_installs_meanwhile(
    shop: Application, licences: list[Organization], _attempt: int
) -> None:
    at_once(
        *[lambda one=one: installations.install(one, shop) for one in licences],  # type: ignore[misc]
        *[lambda one=one: installations.install(one, shop) for one in licences],  # type: ignore[misc]
        lambda: bot_templates.create_template(shop, "Robin", affect_existing=True),
        lambda: bot_templates.create_template(shop, "Ada", affect_existing=True),
    )

    everywhere = ["Acme", *[one.name for one in licences]]
    assert homes(shop) == sorted((home, name) for home in everywhere for name in ("Ada", "Robin"))


@pytest.mark.parametrize("_attempt", range(3))
def test_nothing_gets_stuck_while_bots_change_on_their_licences(
    shop: Application, licences: list[Organization], _attempt: int
) -> None:
    for one in licences:
        installations.install(one, shop)
    template = bot_templates.create_template(shop, "Robin", affect_existing=True).template
    goes = bot_templates.create_template(shop, "Goes", affect_existing=True).template

    at_once(
        lambda: bot_templates.update_template(
            shop, template.pk, {"job_title": "Helper"}, affect_existing=True
        ),
        lambda: bot_templates.delete_template(shop, goes.pk, affect_existing=True),
        lambda: bot_templates.reset_secret(shop, template.pk, affect_existing=True),
        lambda: installations.remove(licences[0], shop),
        *[
            lambda one=one: bots.update_bot(one.pk, template.pk, {"max_chats_count": 9})  # type: ignore[misc]
            for one in licences[1:]
        ],
        *[lambda one=one: bots.reset_secret(one.pk, template.pk) for one in licences[1:]],  # type: ignore[misc]
    )

    stay = ["Acme", *[one.name for one in licences[1:]]]
    assert homes(shop) == sorted((home, "Robin") for home in stay)
    rows = Bot.objects.filter(template=template)
    assert set(rows.values_list("agent__job_title", flat=True)) == {"Helper"}
