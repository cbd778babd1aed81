"""Every shared table, one module per noun.

Tenancy: each tenant table carries its organisation, and every query goes through it.
"""

from chatplatform.models.access_rules import AccessRule, AllowedDomain
from chatplatform.models.archives import ArchiveEntry, ArchiveFact
from chatplatform.models.audit import ApiCall, AuditEntry
from chatplatform.models.bots import Bot, BotTemplate
from chatplatform.models.canned_responses import CannedResponse
from chatplatform.models.channels import Channel
from chatplatform.models.chats import Chat, ChatChange, ChatListing, Event, Thread
from chatplatform.models.customers import (
    Customer,
    CustomerBan,
    EmailVerification,
    Ticket,
    Visit,
)
from chatplatform.models.files import FileUse, UploadedFile
from chatplatform.models.forms import Form
from chatplatform.models.goals import Goal, ReachedGoal
from chatplatform.models.greetings import (
    Greeting,
    RequestedWelcome,
    ShownGreeting,
    WelcomeMessage,
)
from chatplatform.models.groups import DeletedGroup, Group, GroupMember
from chatplatform.models.mails import TranscriptMail
from chatplatform.models.organizations import Organization
from chatplatform.models.people import (
    Account,
    Agent,
    ConnectionLease,
    StaffMail,
    UnsuspensionRequest,
)
from chatplatform.models.properties import PropertyDefinition
from chatplatform.models.sessions import IdentityProvider, StaffSession
from chatplatform.models.summaries import SummaryRequest
from chatplatform.models.tags import Tag
from chatplatform.models.tokens import (
    AccessToken,
    Application,
    BotToken,
    Consent,
    CustomerIdentity,
    CustomerToken,
    ExternalIdentity,
    Grant,
    IdentityKey,
    IdentityTransfer,
    IDToken,
    PersonalAccessToken,
    RefreshToken,
    UsedProof,
)
from chatplatform.models.translations import Translation
from chatplatform.models.webhooks import (
    Installation,
    Webhook,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookListener,
)

__all__ = [
    "AccessRule",
    "AccessToken",
    "Account",
    "Agent",
    "AllowedDomain",
    "ApiCall",
    "Application",
    "ArchiveEntry",
    "ArchiveFact",
    "AuditEntry",
    "Bot",
    "BotTemplate",
    "BotToken",
    "CannedResponse",
    "Channel",
    "Chat",
    "ChatChange",
    "ChatListing",
    "ConnectionLease",
    "Consent",
    "Customer",
    "CustomerBan",
    "CustomerIdentity",
    "CustomerToken",
    "DeletedGroup",
    "EmailVerification",
    "Event",
    "ExternalIdentity",
    "FileUse",
    "Form",
    "Goal",
    "Grant",
    "Greeting",
    "Group",
    "GroupMember",
    "IDToken",
    "IdentityKey",
    "IdentityProvider",
    "IdentityTransfer",
    "Installation",
    "Organization",
    "PersonalAccessToken",
    "PropertyDefinition",
    "ReachedGoal",
    "RefreshToken",
    "RequestedWelcome",
    "ShownGreeting",
    "StaffMail",
    "StaffSession",
    "SummaryRequest",
    "Tag",
    "Thread",
    "Ticket",
    "TranscriptMail",
    "Translation",
    "UnsuspensionRequest",
    "UploadedFile",
    "UsedProof",
    "Visit",
    "Webhook",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookListener",
    "WelcomeMessage",
]
