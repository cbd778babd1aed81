"""Organisations with a past, written by SQL.

Every chat has one thread of ten messages between one customer and one agent. Ids can be computed
from a chat's number, so that nobody has to look for them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import psycopg

EVENTS_PER_CHAT = 10
ACTIVE_CHATS = 200
"""So many of an organisation's newest chats are still going on."""
CHATS_PER_TRANSACTION = 10_000


@dataclass(frozen=True)
class Past:
    """An organisation's seeded chats, numbered from 1.

    ``mark`` is one upper-case hexadecimal digit that no other organisation of the database has.
    ``agent_ids`` take turns: chat number n belongs to ``agent_ids[n % len(agent_ids)]``.
    """

    organization_id: str
    agent_ids: tuple[str, ...]
    chats: int
    mark: str
    active: int = ACTIVE_CHATS

    def chat_id(self, number: int) -> str:
        """Return a chat's id."""
        return f"{self.mark}C{number:08}"

    def customer_id(self, number: int) -> str:
        """Return the id of a chat's customer."""
        return f"{self.mark.lower() * 8}-0000-4000-8000-{number:012}"

    def active_numbers(self, agent_id: str = "") -> list[int]:
        """Return the numbers of the chats that go on, of one agent or of all."""
        numbers = range(self.chats - self.active + 1, self.chats + 1)
        place = self.agent_ids.index(agent_id) if agent_id else 0
        count = len(self.agent_ids)
        return [number for number in numbers if not agent_id or number % count == place]


def exists(connection: psycopg.Connection[Any], past: Past) -> bool:
    """Tell whether ``past`` has been written, whole, by an earlier run."""
    row = connection.execute(
        "SELECT count(*) FROM chatplatform_chat WHERE organization_id = %s", [past.organization_id]
    ).fetchone()
    return row is not None and row[0] == past.chats


def write(connection: psycopg.Connection[Any], past: Past) -> None:
    """Write ``past``; on a connection in autocommit."""
    for first in range(1, past.chats + 1, CHATS_PER_TRANSACTION):
        last = min(past.chats, first + CHATS_PER_TRANSACTION - 1)
        parameters = {
            "first": first,
            "last": last,
            "chats": past.chats,
            "active": past.active,
            "events": EVENTS_PER_CHAT,
            "organization": past.organization_id,
            "agents": list(past.agent_ids),
            "mark": past.mark,
        }
        with connection.transaction():
            connection.execute(_CHATS, parameters)
            for statement in (_CUSTOMERS, _CHAT_ROWS, _THREADS, _EVENTS, _LISTINGS):
                connection.execute(statement, {"events": EVENTS_PER_CHAT})
            connection.execute("DROP TABLE written")


def settle(connection: psycopg.Connection[Any]) -> None:
    """Bring the planner's knowledge and the tables' maps up to date, as time would have."""
    connection.execute("VACUUM ANALYZE")
    connection.execute("CHECKPOINT")


def forget(connection: psycopg.Connection[Any], past: Past) -> None:
    """Take out everything that belongs to the organisation's chats and customers."""
    for table in ("chatchange", "chatlisting"):
        connection.execute(
            f"DELETE FROM chatplatform_{table} WHERE chat_id IN"
            " (SELECT id FROM chatplatform_chat WHERE organization_id = %s)",
            [past.organization_id],
        )
    for table in ("archivefact", "archiveentry"):
        connection.execute(
            f"DELETE FROM chatplatform_{table} WHERE organization_id = %s", [past.organization_id]
        )
    connection.execute(
        "DELETE FROM chatplatform_event WHERE thread_id IN"
        " (SELECT id FROM chatplatform_thread WHERE organization_id = %s)",
        [past.organization_id],
    )
    for table in ("connectionlease", "thread", "chat", "customertoken"):
        connection.execute(
            f"DELETE FROM chatplatform_{table} WHERE organization_id = %s", [past.organization_id]
        )
    forget_visits(connection, past)
    connection.execute(
        "DELETE FROM chatplatform_customeridentity WHERE customer_id IN"
        " (SELECT id FROM chatplatform_customer WHERE organization_id = %s)",
        [past.organization_id],
    )
    connection.execute(
        "DELETE FROM chatplatform_customer WHERE organization_id = %s", [past.organization_id]
    )


def forget_visits(connection: psycopg.Connection[Any], past: Past) -> None:
    """Take out the visits of the organisation's customers."""
    connection.execute(
        "UPDATE chatplatform_customer SET last_visit_id = NULL"
        " WHERE organization_id = %s AND last_visit_id IS NOT NULL",
        [past.organization_id],
    )
    connection.execute(
        "DELETE FROM chatplatform_visit v USING chatplatform_customer c"
        " WHERE v.customer_id = c.id AND c.organization_id = %s",
        [past.organization_id],
    )


def rewind(connection: psycopg.Connection[Any], past: Past) -> None:
    """Take back what a measurement sent to the chats that go on."""
    connection.execute(
        "DELETE FROM chatplatform_event e USING chatplatform_chat c"
        " WHERE c.organization_id = %s AND e.thread_id = c.active_thread_id AND e.position > %s",
        [past.organization_id, EVENTS_PER_CHAT],
    )
    connection.execute(
        "UPDATE chatplatform_chat SET next_position = %s"
        " WHERE organization_id = %s AND active_thread_id IS NOT NULL",
        [EVENTS_PER_CHAT + 1, past.organization_id],
    )
    forget_visits(connection, past)


def token(customer_id: str) -> str:
    """Return the token :func:`give_tokens` gives a customer."""
    return hashlib.blake2b(f"benchmark {customer_id}".encode(), digest_size=24).hexdigest()


def give_tokens(connection: psycopg.Connection[Any], past: Past, numbers: list[int]) -> list[str]:
    """Give the customers of these chats a token each, good for an hour."""
    tokens = [token(past.customer_id(number)) for number in numbers]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO chatplatform_customertoken"
            " (customer_id, organization_id, application_id, checksum, created_at, expires_at)"
            " SELECT %(customer)s, %(organization)s, min(id), %(checksum)s, now(),"
            " now() + interval '1 hour'"
            " FROM chatplatform_application WHERE organization_id = %(organization)s"
            " ON CONFLICT (checksum) DO UPDATE SET expires_at = excluded.expires_at",
            [
                {
                    "customer": past.customer_id(number),
                    "organization": past.organization_id,
                    "checksum": hashlib.sha256(given.encode()).hexdigest(),
                }
                for number, given in zip(numbers, tokens, strict=True)
            ],
        )
    return tokens


_CHATS = """
CREATE TEMPORARY TABLE written ON COMMIT DROP AS
SELECT n,
    %(organization)s::uuid AS organization_id,
    %(mark)s || 'C' || lpad(n::text, 8, '0') AS chat_id,
    %(mark)s || 'T' || lpad(n::text, 8, '0') AS thread_id,
    (repeat(lower(%(mark)s), 8) || '-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid
        AS customer_id,
    agent.public_id AS agent_id,
    agent.customer_facing_id AS agent_key,
    n > %(chats)s - %(active)s AS active,
    jsonb_build_array(n %% 3) AS group_ids,
    date_trunc('second', now()) - (%(chats)s - n) * interval '20 seconds' - interval '1 hour'
        AS began
FROM generate_series(%(first)s::int, %(last)s::int) AS n
JOIN unnest(%(agents)s::text[]) WITH ORDINALITY AS turn (public_id, place)
    ON n %% cardinality(%(agents)s::text[]) = turn.place - 1
JOIN chatplatform_agent agent
    ON agent.public_id = turn.public_id AND agent.organization_id = %(organization)s::uuid
"""

_CUSTOMERS = """
INSERT INTO chatplatform_customer (id, organization_id, name, email, email_verified, avatar,
    phone_number, session_fields, omnichannel, address, side_storage, group_number, chats_count,
    threads_count, visits_count, page_views_count, created_at, access_group_ids, carts,
    orders_count, tickets_count, greetings_shown_count, greetings_accepted_count,
    greetings_converted_count, agent_spoke_at, customer_spoke_at)
SELECT customer_id, organization_id, 'Customer ' || n, 'customer' || n || '@example.com', false,
    '', '', '[]', '{}', '{}', '{}', 0, 1, 1, 1, 3, began, '[]', '[]', 0, 0, 0, 0, 0, began, began
FROM written
"""

_CHAT_ROWS = """
INSERT INTO chatplatform_chat (id, organization_id, customer_id, group_ids, participants,
    followers, properties, sequence, changed_at, previous_change_at, active_thread_id,
    last_thread_id, last_thread_created_at, threads_count, next_position, last_events, spoke_at,
    created_at, idle, unreplied)
SELECT chat_id, organization_id, customer_id, group_ids,
    jsonb_build_object(
        customer_id::text, jsonb_build_object('type', 'customer', 'order', 0, 'present', true,
            'visibility', 'all', 'seen', to_char(began, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
        agent_id, jsonb_build_object('type', 'agent', 'order', 1, 'present', true,
            'visibility', 'all', 'seen', to_char(began, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'key', agent_key)),
    '[]', '{"routing": {"continuous": false}}', %(events)s,
    began + interval '10 seconds', began + interval '9 seconds',
    CASE WHEN active THEN thread_id END, thread_id, began, 1, %(events)s + 1,
    jsonb_build_object('all', jsonb_build_object('message', thread_id || '_' || %(events)s),
        'agents', '{}'::jsonb),
    jsonb_build_object('customer', to_char(began, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
    began, false, false
FROM written
"""

_THREADS = """
INSERT INTO chatplatform_thread (id, organization_id, chat_id, number, active, user_ids,
    group_ids, properties, tags, queued_seconds, customer_visit, created_at, closed_at)
SELECT thread_id, organization_id, chat_id, 1, active,
    jsonb_build_array(customer_id::text, agent_id), group_ids,
    '{"routing": {"continuous": false, "idle": false, "unassigned": false}}', '[]', 0, '{}',
    began, CASE WHEN active THEN NULL ELSE began + interval '10 seconds' END
FROM written
"""

_EVENTS = """
INSERT INTO chatplatform_event (organization_id, thread_id, position, sequence, type, author_id,
    visibility, custom_id, repeat_key, content, properties, created_at)
SELECT organization_id, thread_id, position, position, 'message',
    CASE WHEN position %% 2 = 1 THEN customer_id::text ELSE agent_id END, 'all',
    'h' || position, md5(thread_id || position)::uuid,
    jsonb_build_object('text', 'Message ' || position || ' of ten, about the order of last week'),
    '{"source": {"client_id": "benchmark"}}', began + position * interval '1 second'
FROM written, generate_series(1, %(events)s) AS position
ORDER BY n, position
"""

_LISTINGS = """
INSERT INTO chatplatform_chatlisting (organization_id, reader, chat_id, active, present,
    last_thread_created_at)
SELECT organization_id, reader, chat_id, active, present, began
FROM written, LATERAL (VALUES
    ('g:' || (group_ids ->> 0), false), ('a:' || agent_id, true), ('c:' || customer_id, true)
) AS claims (reader, present)
"""
