"""Which groups may see a chat."""

from __future__ import annotations

from collections.abc import Collection

from chatplatform.domain_events.chats import ChatAccessUpdated, ChatUnfollowed
from chatplatform.models import Chat, Thread
from chatplatform.selectors import groups
from chatplatform.services import changes, participants


def tell_changed(chat: Chat, before: Collection[int], shown: Thread | None = None) -> None:
    """Tell that other groups than ``before`` may see a locked chat, if so; the caller saves it.

    ``shown`` is its newest thread, where agents who gain access are to be shown the chat: transfers
    and resuming have shown it to them already. Followers without access stop following. The change
    of access is told last: agents who lost it hear nothing of the chat after it.
    """
    if set(chat.group_ids) == set(before):
        return
    if shown is not None:
        participants.open_for(chat, shown, [], old_group_ids=list(before))
    lost = groups.without_access(chat)
    if lost:
        changes.record(ChatUnfollowed, chat, agent_ids=lost)
        chat.followers = [one for one in chat.followers if one not in lost]
    changes.record(
        ChatAccessUpdated,
        chat,
        group_ids=sorted({*before, *chat.group_ids}),
        access_group_ids=list(chat.group_ids),
    )


def give(chat: Chat, thread: Thread, group_ids: Collection[int]) -> list[int]:
    """Let exactly these groups see a locked chat and its active thread; return those of before.

    The caller saves both, tells what else happens, and then calls :func:`tell_changed`.
    """
    before = list(chat.group_ids)
    chat.group_ids = list(group_ids)
    thread.group_ids = list(group_ids)
    return before
