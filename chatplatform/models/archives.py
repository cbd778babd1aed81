"""What the archives are searched by: an entry and facts for every thread.

The worker writes them (services/archives.py), so that sending a message pays nothing.
"""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

from chatplatform.models.chats import Thread
from chatplatform.models.organizations import Organization

if TYPE_CHECKING:
    Lookup = models.Lookup[Any]
else:
    Lookup = models.Lookup

Parameters = tuple[Any, ...]

FULL_TEXT_TABLE = "chatplatform_archivewords"
"""SQLite's FTS5 index over ``ArchiveEntry.terms``; triggers of migration 0003 keep it."""


class TermsField(models.Field):  # type: ignore[type-arg]
    """A set of search terms (``words.py``), made of letters and digits only.

    A ``tsvector`` with a GIN index on PostgreSQL, text with an FTS5 index on SQLite. Written as
    ``terms joined by spaces``; never read, only searched with the lookup ``matches``.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """Return the column's type."""
        return "tsvector" if connection.vendor == "postgresql" else "text"

    def get_placeholder(
        self, value: Any, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> str:
        """Let PostgreSQL take the terms as they are, without parsing words out of them."""
        if connection.vendor == "postgresql":
            return "array_to_tsvector(string_to_array(%s, ' '))"
        return "%s"


@TermsField.register_lookup
class Matches(Lookup):
    """Whether the terms hold all of ``(whole, beginnings)``: whole terms and terms' beginnings.

    The right side is two sequences of terms; at least one is not empty.
    """

    lookup_name = "matches"
    prepare_rhs = False

    def get_db_prep_lookup(
        self, value: Any, connection: BaseDatabaseWrapper
    ) -> tuple[str, Parameters]:
        """Return the query in the database's own words."""
        whole, beginnings = value
        if connection.vendor == "postgresql":
            parts = [*(f"'{term}'" for term in whole), *(f"'{term}':*" for term in beginnings)]
            return "%s::tsquery", (" & ".join(parts),)
        parts = [*(f'"{term}"' for term in whole), *(f'"{term}" *' for term in beginnings)]
        return "%s", (" AND ".join(parts),)

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, Parameters]:
        """Ask the GIN index."""
        left, left_parameters = self.process_lhs(compiler, connection)
        right, parameters = self.process_rhs(compiler, connection)
        return f"{left} @@ {right}", (*left_parameters, *parameters)

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, Parameters]:
        """Ask the FTS5 index."""
        right, parameters = self.process_rhs(compiler, connection)
        key = f"{connection.ops.quote_name(self.lhs.alias)}.id"
        words = FULL_TEXT_TABLE
        found = f"SELECT rowid FROM {words} WHERE {words} MATCH {right}"  # noqa: S608 - our names
        return f"{key} IN ({found})", tuple(parameters)


@models.JSONField.register_lookup
class HoldsAny(Lookup):
    """Whether a JSON list of strings or numbers holds at least one of the values given."""

    lookup_name = "holds_any"
    prepare_rhs = False

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, Parameters]:
        """Ask in the form GIN indexes of lists serve."""
        left, left_parameters = self.process_lhs(compiler, connection)
        if not self.rhs:
            return "false", ()
        parts = [f"{left} @> %s::jsonb" for _ in self.rhs]
        pairs = ((*left_parameters, json.dumps([value])) for value in self.rhs)
        return f"({' OR '.join(parts)})", tuple(chain.from_iterable(pairs))

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, Parameters]:
        """Look into every list."""
        left, left_parameters = self.process_lhs(compiler, connection)
        if not self.rhs:
            return "0", ()
        among = ", ".join("%s" for _ in self.rhs)
        found = f"SELECT 1 FROM json_each({left}) WHERE value IN ({among})"  # noqa: S608
        return f"EXISTS ({found})", (*left_parameters, *self.rhs)


class ArchiveEntry(models.Model):
    """What a thread's texts are found by, as of one of its chat's changes.

    Triggers and indexes in SQL hang on this table (migration 0003): a migration that rebuilds it
    on SQLite has to make them again.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False)
    thread = models.OneToOneField(Thread, on_delete=models.CASCADE, related_name="archive_entry")
    sequence = models.PositiveBigIntegerField()
    """The chat's ``sequence`` when this was written."""
    terms = TermsField()
    indexed_at = models.DateTimeField()


class ArchiveFact(models.Model):
    """Something that is true of a thread and can be filtered by.

    ``kind`` and ``value`` are one of ``event_type`` and its type, ``agent_type`` and
    human|chatbot|ai_agent, ``response`` or ``first_response`` and the agent's id, ``pre_chat`` or
    ``post_chat`` and the id of an answer (empty: the form itself), ``country`` and its code.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False)
    thread = models.ForeignKey(
        Thread, on_delete=models.CASCADE, related_name="archive_facts", db_index=False
    )
    kind = models.CharField(max_length=16)
    value = models.CharField(max_length=254)
    happened_at = models.DateTimeField()
    """When it first was."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["thread", "kind", "value"], name="archive_fact_once"),
        )
        indexes = (
            models.Index(
                fields=["organization", "kind", "value", "thread"], name="archive_fact_value"
            ),
        )
