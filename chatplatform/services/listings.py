"""Keeping the index of chat lists in step with the chats."""

from __future__ import annotations

from chatplatform.models import Chat, ChatListing


def readers(chat: Chat) -> dict[str, bool]:
    """Return who may list ``chat``, and whether they take part in it now (whisperers watch)."""
    claims = {f"g:{number}": False for number in chat.group_ids}
    for user_id, participant in chat.participants.items():
        prefix = "a" if participant["type"] == "agent" else "c"
        talks = participant["present"] and participant["visibility"] == "all"
        claims[f"{prefix}:{user_id}"] = bool(talks)
    return claims


def follow(chat: Chat) -> None:
    """Write the listing rows of a locked, saved ``chat``. One read, and writes for what changed."""
    active = chat.active_thread_id is not None
    created = chat.last_thread_created_at
    assert created is not None
    known = {row.reader: row for row in ChatListing.objects.filter(chat=chat)}
    claims = readers(chat)
    gone = [row.pk for reader, row in known.items() if reader not in claims]
    if gone:
        ChatListing.objects.filter(pk__in=gone).delete()
    fresh, changed = [], []
    for reader, present in claims.items():
        row = known.get(reader)
        if row is None:
            fresh.append(
                ChatListing(
                    organization_id=chat.organization_id,
                    reader=reader,
                    chat=chat,
                    active=active,
                    present=present,
                    last_thread_created_at=created,
                )
            )
        elif (row.active, row.present, row.last_thread_created_at) != (active, present, created):
            row.active, row.present, row.last_thread_created_at = active, present, created
            changed.append(row)
    ChatListing.objects.bulk_create(fresh)
    ChatListing.objects.bulk_update(changed, ["active", "present", "last_thread_created_at"])
