"""What a database would do to answer a query."""

from __future__ import annotations

from django.db import connection


def read_through(sql: str, *tables: str) -> set[str]:
    """Return which of the tables a query would read from the first row to the last."""
    is_postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {'' if is_postgres else 'QUERY PLAN '}{sql}")
        plan = [f"{row[-1]} " for row in cursor.fetchall()]
    words = "Seq Scan on" if is_postgres else "SCAN"
    return {
        table
        for table in tables
        for line in plan
        if f"{words} {table} " in line and "USING" not in line
    }
