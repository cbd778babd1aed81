"""Every shared table, one module per noun.

Tenancy: each tenant table carries its organisation, and every query goes through it.
"""

from chatplatform.models.access_rules import AccessRule, AllowedDomain
from chatplatform.models.archives import ArchiveEntry, ArchiveFact
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
from chatplatform.models.people import Account, Agent, ConnectionLease, UnsuspensionRequest
from chatplatform.models.properties import PropertyDefinition
from chatplatform.models.summaries import SummaryRequest
from chatplatform.models.tags import Tag
from chatplatform.models.tokens import (
    AccessToken,
    Application,
    BotToken,
    CustomerIdentity,
    CustomerToken,
    Grant,
    IDToken,
    PersonalAccessToken,
    RefreshToken,
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
    "Application",
    "ArchiveEntry",
    "ArchiveFact",
    "Bot",
    "BotTemplate",
    "BotToken",
    "CannedResponse",
    "Channel",
    "Chat",
    "ChatChange",
    "ChatListing",
    "ConnectionLease",
    "Customer",
    "CustomerBan",
    "CustomerIdentity",
    "CustomerToken",
    "DeletedGroup",
    "EmailVerification",
    "Event",
    "FileUse",
    "Form",
    "Goal",
    "Grant",
    "Greeting",
    "Group",
    "GroupMember",
    "IDToken",
    "Installation",
    "Organization",
    "PersonalAccessToken",
    "PropertyDefinition",
    "ReachedGoal",
    "RefreshToken",
    "RequestedWelcome",
    "ShownGreeting",
    "SummaryRequest",
    "Tag",
    "Thread",
    "Ticket",
    "TranscriptMail",
    "Translation",
    "UnsuspensionRequest",
    "UploadedFile",
    "Visit",
    "Webhook",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookListener",
    "WelcomeMessage",
]
