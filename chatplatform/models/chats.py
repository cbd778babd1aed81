"""Chats, threads and events: the conversation itself.

The chat row holds what a send needs, so that one statement can prove the thread active and the
author in it, number the event and store it (services/events.py, architecture.md).
"""

from django.db import models

from chatplatform import clock, ids
from chatplatform.models.customers import Customer
from chatplatform.models.organizations import Organization


def _no_events() -> dict[str, dict[str, str]]:
    return {"all": {}, "agents": {}}


class Chat(models.Model):
    """The permanent conversation between one customer and the organisation."""

    id = models.CharField(primary_key=True, max_length=10, default=ids.chat_id, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, null=True, blank=True, related_name="chats"
    )
    group_ids = models.JSONField(default=list)
    """Numbers of the groups whose agents may see the chat; 0 means every agent."""
    participants = models.JSONField(default=dict)
    """Everyone who ever took part, by public id, oldest first:
    ``{"type": "agent"|"customer", "order": int, "present": bool, "visibility": "all"|"agents",
    "seen": RFC 3339 or "", "key": customer-facing id of an agent}``."""
    followers = models.JSONField(default=list)
    """Public ids of agents who follow without taking part."""
    properties = models.JSONField(default=dict)
    sequence = models.PositiveBigIntegerField(default=0)
    """Number of the newest change that was pushed; every such write adds one."""
    changed_at = models.DateTimeField(default=clock.now)
    """When ``sequence`` was last raised; never goes back."""
    previous_change_at = models.DateTimeField(default=clock.now)
    """When it was raised the time before; tells a hub whether another push may be under way."""
    active_thread_id = models.CharField(max_length=10, null=True, blank=True)
    last_thread_id = models.CharField(max_length=10, blank=True)
    last_thread_created_at = models.DateTimeField(null=True, blank=True)
    threads_count = models.PositiveIntegerField(default=0)
    next_position = models.PositiveIntegerField(default=1)
    """Position the next event of the active thread will have."""
    last_events = models.JSONField(default=_no_events)
    """Newest event id by visibility and type, so that lists need not search for it."""
    spoke_at = models.JSONField(default=dict)
    """RFC 3339 time of the newest event for all of an ``agent`` and of the ``customer``."""
    idle = models.BooleanField(default=False)
    """Whether the active thread has been silent for long: the next event ends that."""
    unreplied = models.BooleanField(default=False)
    """Whether no agent has spoken in the active thread yet: the first event of one ends that."""
    anonymized = models.BooleanField(default=False, db_default=False)
    """Whether all that could identify anybody was taken out; nothing can be added any more."""
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = (
            models.Index(
                fields=["organization", "last_thread_created_at", "id"], name="chat_newest"
            ),
            models.Index(
                fields=["organization", "last_thread_created_at", "id"],
                name="chat_newest_active",
                condition=models.Q(active_thread_id__isnull=False),
            ),
        )


class ChatListing(models.Model):
    """One reader's claim on one chat: the index every chat list is read from.

    A reader is ``g:NUMBER`` (agents of a group), ``a:PUBLIC_ID`` (an agent who took part) or
    ``c:UUID`` (the customer). Rows follow the chat (services/listings.py); a list merges the
    readers' slices, so its cost does not grow with history.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    reader = models.CharField(max_length=256)
    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="listings")
    active = models.BooleanField()
    present = models.BooleanField()
    """Whether the agent or customer talks in the chat now; false for groups and whisperers."""
    last_thread_created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["chat", "reader"], name="listing_once"),)
        indexes = (
            models.Index(
                fields=["organization", "reader", "last_thread_created_at", "chat"],
                name="listing_newest",
            ),
            models.Index(
                fields=["organization", "reader", "last_thread_created_at", "chat"],
                name="listing_newest_active",
                condition=models.Q(active=True),
            ),
        )


class Thread(models.Model):
    """One topic of a chat; at most one is active, and only the newest can be."""

    id = models.CharField(primary_key=True, max_length=10, default=ids.thread_id, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="threads")
    number = models.PositiveIntegerField()
    """Position among the chat's threads, from 1."""
    active = models.BooleanField(default=True)
    user_ids = models.JSONField(default=list)
    """Public ids of all who took part in this thread, in order of arrival."""
    group_ids = models.JSONField(default=list)
    properties = models.JSONField(default=dict)
    tags = models.JSONField(default=list)
    queued_at = models.DateTimeField(null=True, blank=True)
    """Since when the thread waits for an agent; empty when it does not."""
    queued_seconds = models.PositiveIntegerField(default=0)
    """How long it waited in queues that ended."""
    queue_position = models.PositiveIntegerField(null=True, blank=True)
    """The place in the queue that was last told to clients."""
    customer_visit = models.JSONField(default=dict, blank=True)
    """Where the customer came from when the thread began; empty once visits so old have gone."""
    summary = models.JSONField(null=True, blank=True)
    """``{"status": "ok"|"error", "text": str, "updated_at": RFC 3339}`` once there is one."""
    archived = models.BooleanField(default=False, db_default=False)
    """Whether the thread is closed and the archives' index holds all of it."""
    created_at = models.DateTimeField(default=clock.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["chat", "number"], name="thread_number"),
            models.UniqueConstraint(
                fields=["chat"], condition=models.Q(active=True), name="thread_one_active"
            ),
        )
        indexes = (
            models.Index(
                fields=["organization", "queued_at", "id"],
                name="thread_queue",
                condition=models.Q(queued_at__isnull=False),
            ),
            models.Index(
                fields=["organization", "created_at"],
                name="thread_active",
                condition=models.Q(active=True),
            ),
            models.Index(fields=["organization", "created_at", "id"], name="thread_newest"),
            models.Index(
                fields=["id"], name="thread_unarchived", condition=models.Q(archived=False)
            ),
            models.Index(
                fields=["organization", "created_at"],
                name="thread_visit_told",
                condition=~models.Q(customer_visit={}),
            ),
        )


class Event(models.Model):
    """One entry of a thread. ``content`` holds the fields its type adds (protocol.md 2.6)."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False)
    thread = models.ForeignKey(
        Thread, on_delete=models.CASCADE, related_name="events", db_index=False
    )
    position = models.PositiveIntegerField()
    sequence = models.PositiveBigIntegerField()
    """The chat's ``sequence`` that this event's push carries."""
    type = models.CharField(max_length=16)
    author_id = models.CharField(max_length=254, blank=True)
    """Public id of the author; empty when the system speaks."""
    visibility = models.CharField(max_length=8, default="all")
    custom_id = models.CharField(max_length=255, blank=True)
    repeat_key = models.UUIDField(null=True, blank=True)
    """Digest of author, ``custom_id`` and content: what makes a later send a repeat."""
    content = models.JSONField(default=dict)
    properties = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    deleted = models.BooleanField(default=False, db_default=False)
    """Taken back by its author: customers see nothing of it, most agents only that it was there."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["thread", "position"], name="event_position"),
            models.UniqueConstraint(
                fields=["thread", "repeat_key"],
                condition=models.Q(repeat_key__isnull=False),
                name="event_repeat",
            ),
        )

    @property
    def public_id(self) -> str:
        """The id clients see."""
        return ids.event_id(self.thread_id, self.position)


class ChatChange(models.Model):
    """A pushed change that is not an event, kept so that a hub can fill a gap from the database.

    Rows are only needed for as long as a push may be missing; timers delete older ones.
    """

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, db_index=False)
    sequence = models.PositiveBigIntegerField()
    body = models.JSONField()
    """The domain event, as ``domain_events.pack`` wrote it."""
    created_at = models.DateTimeField(default=clock.now, db_index=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["chat", "sequence"], name="change_sequence"),
        )
