"""Staff: accounts, which sign in, and agents, their seats in a chat licence."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models

from chatplatform import clock, ids
from chatplatform.models.organizations import Organization


class AccountManager(BaseUserManager["Account"]):
    """Makes accounts with hashed passwords and lower-case addresses."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Account":
        """Store an account; without ``password`` it can not sign in with one."""
        account = self.model(email=email.strip().lower(), **fields)
        account.set_password(password)
        account.save(using=self._db)
        return account

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "Account":
        """Store a platform superuser, who belongs to no organisation."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class Account(AbstractBaseUser, PermissionsMixin):
    """A person who can sign in. ``organization`` is empty for platform superusers only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, null=True, blank=True, related_name="accounts"
    )
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=180, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    failed_sign_ins = models.PositiveSmallIntegerField(default=0)
    """How many passwords in a row were wrong, from wherever."""
    locked_until = models.DateTimeField(null=True, blank=True)
    """Until when no password is looked at, because too many were wrong."""
    failed_codes = models.PositiveSmallIntegerField(default=0, db_default=0)
    """How many codes of second factors in a row were wrong, from wherever."""
    codes_locked_until = models.DateTimeField(null=True, blank=True)
    """Until when no code is looked at, because too many were wrong."""
    email_verified_at = models.DateTimeField(null=True, blank=True)
    """When a link in a mail to ``email`` was opened; empty for an address nobody has proved."""
    created_at = models.DateTimeField(default=clock.now)

    objects: ClassVar[AccountManager] = AccountManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.email


class AgentRole(models.TextChoices):
    """Roles as the chat and configuration APIs name them (protocol.md 2.1), highest first."""

    OWNER = "owner"
    VICEOWNER = "viceowner"
    ADMINISTRATOR = "administrator"
    NORMAL = "normal"

    def stands_above(self, other: str) -> bool:
        """Tell whether this role is higher than ``other``: whoever has that one can neither give
        it nor change anybody who has it.
        """
        order = list(AgentRole)
        return order.index(self) < order.index(AgentRole(other))


class RoutingStatus(models.TextChoices):
    """What an agent chose; the shown status also depends on a live connection lease."""

    ACCEPTING = "accepting_chats"
    NOT_ACCEPTING = "not_accepting_chats"
    OFFLINE = "offline"


class AgentManager(models.Manager["Agent"]):
    """Finds the agents and bots that exist; ``Agent.ever`` also finds those that did."""

    def get_queryset(self) -> models.QuerySet["Agent"]:
        """Leave out the deleted ones."""
        return super().get_queryset().filter(deleted_at__isnull=True)


class Agent(models.Model):
    """An account's seat in its organisation's chat licence, or a bot (``models.Bot``).

    ``public_id`` is the id in the Agent API (e-mail; 32 hex for bots) and never changes;
    ``customer_facing_id`` is the same agent's opaque id in the Customer API. The row of a deleted
    agent stays, without an account, so that old chats know who spoke.
    """

    class Kind(models.TextChoices):
        """Who acts behind the seat."""

        HUMAN = "human"
        BOT = "bot"

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="agents")
    account = models.OneToOneField(
        Account, on_delete=models.CASCADE, null=True, blank=True, related_name="agent"
    )
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.HUMAN)
    public_id = models.CharField(max_length=254)
    customer_facing_id = models.CharField(max_length=32, unique=True, default=ids.opaque_id)
    name = models.CharField(max_length=180)
    role = models.CharField(max_length=16, choices=AgentRole.choices, default=AgentRole.NORMAL)
    job_title = models.CharField(max_length=180, blank=True)
    avatar = models.URLField(max_length=500, blank=True)
    mobile = models.CharField(max_length=64, blank=True)
    timezone = models.CharField(max_length=64, blank=True)
    max_chats_count = models.PositiveSmallIntegerField(default=6)
    login_status = models.CharField(
        max_length=24, choices=RoutingStatus.choices, default=RoutingStatus.NOT_ACCEPTING
    )
    routing_status = models.CharField(
        max_length=24, choices=RoutingStatus.choices, default=RoutingStatus.NOT_ACCEPTING
    )
    connected = models.BooleanField(default=False)
    """Whether a login was seen that no logout or expired lease has ended yet."""
    monitoring_level = models.CharField(max_length=10, default="my")
    """Which customers the agent's sessions watch (``services/monitoring.py``): the last choice."""
    suspended = models.BooleanField(default=False)
    awaiting_approval = models.BooleanField(default=False)
    notifications = models.JSONField(default=list, blank=True)
    """The notifications that are turned on, by name."""
    email_subscriptions = models.JSONField(default=list, blank=True)
    work_scheduler = models.JSONField(default=dict, blank=True)
    """``{timezone, schedule: [{day, enabled, start, end}]}``, or empty."""
    hours_change_at = models.DateTimeField(null=True, blank=True)
    """When the working hours begin or end next; empty where none do (services/working_hours.py)."""
    last_logout_at = models.DateTimeField(null=True, blank=True)
    """When the last of the agent's sessions ended, by signing out or otherwise."""
    email_disabled_at = models.DateTimeField(null=True, blank=True)
    """Since when no mail goes to the agent, because a mail server refused the address for good."""
    created_at = models.DateTimeField(default=clock.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[AgentManager] = AgentManager()
    ever: ClassVar[models.Manager["Agent"]] = models.Manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["organization", "public_id"], name="agent_public_id"),
        )
        indexes = (
            models.Index(
                fields=["hours_change_at"],
                name="agent_hours_due",
                condition=models.Q(hours_change_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.public_id


class StaffMail(models.Model):
    """A mail to somebody who signs in, on its way: composed when it leaves, so that no link in it
    lies in the database.
    """

    class Kind(models.TextChoices):
        """What it is for."""

        INVITATION = "invitation"
        RESET = "reset"
        """Somebody typed the address and wants a new password; whose it is, is found when it
        leaves."""
        LOCKED = "locked"
        VERIFICATION = "verification"
        """Proves that ``address`` is the account's, which may be another than it has now."""
        PASSWORD_CHANGED = "password_changed"  # noqa: S105 - no secret
        ADDRESS_CHANGED = "address_changed"
        FACTOR_ADDED = "factor_added"
        FACTOR_REMOVED = "factor_removed"

    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, null=True, blank=True, related_name="mails"
    )
    """Whose it is; empty where only an address was typed."""
    address = models.EmailField(blank=True)
    """Where it goes, if not to the account's own address."""
    kind = models.CharField(max_length=16, choices=Kind.choices)
    base_url = models.CharField(max_length=255)
    """Where links in it lead: scheme and host."""
    asked_by = models.CharField(max_length=254, blank=True)
    """Public id of the agent who asked for it."""
    due_at = models.DateTimeField(null=True, blank=True)
    """When it leaves, or is tried again; empty when it left or was given up."""
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = (
            models.Index(
                fields=["due_at"],
                name="staff_mail_due",
                condition=models.Q(due_at__isnull=False),
            ),
        )


class UnsuspensionRequest(models.Model):
    """A suspended agent's wish to work again, on its way to those who own the licence."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    agent = models.OneToOneField(
        Agent, on_delete=models.CASCADE, related_name="unsuspension_request"
    )
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    """When the mail leaves, or is tried again; empty when it left or was given up."""
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = (
            models.Index(
                fields=["due_at"],
                name="unsuspension_due",
                condition=models.Q(due_at__isnull=False),
            ),
        )


class ConnectionLease(models.Model):
    """Proof that a server process holds a live connection of an agent or customer.

    The process renews its rows while the connections last; ``logout`` deletes the row, a lost
    connection lets it run out (services/presence.py).
    """

    connection_id = models.CharField(primary_key=True, max_length=64)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False)
    user_id = models.CharField(max_length=254)
    """The agent's ``public_id`` or the customer's id."""
    process = models.CharField(max_length=32, blank=True)
    """Who renews it; empty once the connection is gone and the lease only runs out."""
    expires_at = models.DateTimeField()
    away = models.BooleanField(default=False)
    """Whether the client said that nobody looks at it; an agent is away when all are."""

    class Meta:
        indexes = (
            models.Index(fields=["organization", "user_id"], name="lease_holder"),
            models.Index(fields=["expires_at"], name="lease_expiry"),
        )
