"""How databases find threads in the archives: by indexes, not by reading all there are."""

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from chatplatform import clock
from chatplatform.models import Agent, ArchiveEntry, Chat, Organization, Thread
from chatplatform.requester import AgentRequester
from chatplatform.selectors import archives
from chatplatform.selectors.archives import Among, ArchiveFilter, When
from chatplatform.words import Query
from tests import make

THREADS = 2_000
ON_POSTGRESQL = connection.vendor == "postgresql"


@pytest.fixture
def boss(acme: Organization) -> AgentRequester:
    """An administrator of an organisation with a past."""
    agent: Agent = make.agent(acme, "administrator")
    chats = [Chat(organization=acme, participants={}) for _ in range(THREADS)]
    Chat.objects.bulk_create(chats)
    threads = [
        Thread(
            organization=acme,
            chat=chat,
            number=1,
            active=False,
            group_ids=[7 if number == 5 else 1 + number % 3],
            user_ids=[f"{number}@example.com"],
            tags=[],
        )
        for number, chat in enumerate(chats)
    ]
    Thread.objects.bulk_create(threads)
    for number, thread in enumerate(threads):
        words = ["order", "week", f"number{number}", *(f"w{number % 100}x{n}" for n in range(20))]
        own = [archives.organization_term(acme.license_id, word) for word in words]
        thread.archive_entry = ArchiveEntry(  # type: ignore[misc]
            organization=acme,
            thread=thread,
            sequence=1,
            terms=" ".join(own),
            indexed_at=clock.now(),
        )
    ArchiveEntry.objects.bulk_create([thread.archive_entry for thread in threads])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    found = make.requester(agent)
    assert isinstance(found, AgentRequester)
    return found


def plan(requester: AgentRequester, wanted: ArchiveFilter) -> str:
    """Return how the first page is found."""
    rows: QuerySet[Thread] = archives.found(requester, wanted)
    return rows.order_by("-created_at", "-id")[:11].explain()


def test_a_word_is_found_by_the_full_text_index(boss: AgentRequester) -> None:
    index = "archive_entry_terms" if ON_POSTGRESQL else "VIRTUAL TABLE INDEX"
    rare, often = (ArchiveFilter(query=Query.read(text)) for text in ("number77", "order week"))

    with CaptureQueriesContext(connection) as captured:
        found = archives.found(boss, rare)
    with connection.cursor() as cursor:
        prefix = "EXPLAIN" if ON_POSTGRESQL else "EXPLAIN QUERY PLAN"
        cursor.execute(f"{prefix} {captured[-1]['sql']}")
        assert index in str(cursor.fetchall())
    assert found.count() == 11
    assert archives.found(boss, often).count() == THREADS


def test_the_newest_are_found_by_their_creation(boss: AgentRequester) -> None:
    for wanted in (ArchiveFilter(), ArchiveFilter(created=When(begin=clock.now()))):
        assert "thread_newest" in plan(boss, wanted)


def test_rare_members_of_lists_are_found_by_their_index(boss: AgentRequester) -> None:
    # SQLite has no such index: it looks through the organisation's threads, newest first.
    index = "thread_lists" if ON_POSTGRESQL else "thread_newest"

    for wanted in (
        ArchiveFilter(group_ids=(7,)),
        ArchiveFilter(agents=Among(values=("5@example.com",))),
        ArchiveFilter(tags=Among(values=("vip",))),
    ):
        assert index in plan(boss, wanted)
