"""Every shared table, one module per noun.

Tenancy: each tenant table carries its organisation, and every query goes through it.
"""

from chatplatform.models.chats import Chat, ChatChange, ChatListing, Event, Thread
from chatplatform.models.customers import Customer, Visit
from chatplatform.models.files import UploadedFile
from chatplatform.models.groups import Group, GroupMember
from chatplatform.models.organizations import Organization
from chatplatform.models.people import Account, Agent, ConnectionLease
from chatplatform.models.tokens import (
    AccessToken,
    Application,
    CustomerIdentity,
    CustomerToken,
    Grant,
    IDToken,
    PersonalAccessToken,
    RefreshToken,
)

__all__ = [
    "AccessToken",
    "Account",
    "Agent",
    "Application",
    "Chat",
    "ChatChange",
    "ChatListing",
    "ConnectionLease",
    "Customer",
    "CustomerIdentity",
    "CustomerToken",
    "Event",
    "Grant",
    "Group",
    "GroupMember",
    "IDToken",
    "Organization",
    "PersonalAccessToken",
    "RefreshToken",
    "Thread",
    "UploadedFile",
    "Visit",
]
