"""The statement every message is stored with is read and planned once for each connection."""

from __future__ import annotations

from django.db import connection

from tests import make
from tests.world import User


def prepared() -> int:
    """Return how many statements that store messages this connection keeps prepared.

    Only PostgreSQL has any: on SQLite messages are stored by several short statements.
    """
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements "
            "WHERE statement LIKE '%INSERT INTO chatplatform_event %'"
        )
        (count,) = cursor.fetchone()
    return int(count)


def test_messages_share_one_prepared_statement(ann: User, ids: dict[str, str]) -> None:
    for text in ("Hello", "How are you?", "Well, thanks"):
        ann.call("send_event", chat_id=ids["chat_id"], event=make.message(text))

    assert prepared() == (1 if connection.vendor == "postgresql" else 0)
