"""What each scope lets a token do, in plain words: for consent, the console and the admin.

Every scope of ``scopes.ALL`` stands here once, under the heading of what it is about.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


class Worded(NamedTuple):
    """A scope, and what it lets its holder do: a phrase that could follow "can"."""

    scope: str
    words: Words


class Section(NamedTuple):
    """Scopes about one thing, the less far-reaching first."""

    title: Words
    scopes: tuple[Worded, ...]


def _section(title: Words, *pairs: tuple[str, Words]) -> Section:
    return Section(title, tuple(Worded(scope, words) for scope, words in pairs))


CATALOGUE: Final[tuple[Section, ...]] = (
    _section(
        _("Chats"),
        ("chats--my:ro", _("read the chats you take part in")),
        ("chats--my:rw", _("start, close and write in the chats you take part in")),
        ("chats--access:ro", _("read the chats of your groups")),
        ("chats--access:rw", _("start, close, transfer and write in the chats of your groups")),
        ("chats--all:ro", _("read all chats")),
        ("chats--all:rw", _("start, close, transfer and write in all chats")),
        ("chats.conversation--my:rw", _("write messages in the chats you take part in")),
        ("chats.conversation--access:rw", _("write messages in the chats of your groups")),
        ("chats.conversation--all:rw", _("write messages in all chats")),
        ("multicast:ro", _("receive what colleagues' applications send to agents")),
        ("multicast:rw", _("send data to agents' applications")),
    ),
    _section(
        _("Customers"),
        ("customers:ro", _("see customers, with their contact details and visits")),
        ("customers:rw", _("change customers' details")),
        ("customers.ban:rw", _("ban customers")),
        ("banlist_read", _("see which customers and addresses are banned")),
        ("banlist_write", _("ban customers and addresses, and lift bans")),
        ("customers:own", _("act in the name of any customer")),
    ),
    _section(
        _("Agents and groups"),
        ("agents--my:ro", _("see your own profile and status")),
        ("agents--my:rw", _("change your own profile and status")),
        ("agents--all:ro", _("see all agents")),
        ("agents--all:rw", _("add, change, suspend and delete agents")),
        ("groups--my:ro", _("see the groups you are in")),
        ("groups--my:rw", _("change the groups you are in")),
        ("groups--all:ro", _("see all groups")),
        ("groups--all:rw", _("add, change and delete groups")),
        ("access_rules:ro", _("see which visitors reach which groups")),
        ("access_rules:rw", _("decide which visitors reach which groups")),
        ("subscription.lc:rw", _("add agents without anybody's approval")),
    ),
    _section(
        _("Bots"),
        ("agents-bot--my:ro", _("see the application's own bots")),
        ("agents-bot--my:rw", _("add, change and delete the application's own bots")),
        ("agents-bot--all:ro", _("see all bots")),
        ("agents-bot--all:rw", _("add, change and delete all bots")),
        ("bots.templates:rw", _("manage the bots the application brings along")),
    ),
    _section(
        _("Messages and website"),
        ("canned_responses--groups:ro", _("see the canned responses of your groups")),
        ("canned_responses--groups:rw", _("change the canned responses of your groups")),
        ("canned_responses--all:ro", _("see all canned responses")),
        ("canned_responses--all:rw", _("change all canned responses")),
        ("canned_responses_write", _("add canned responses, and change your own")),
        ("tags--groups:ro", _("see the tags of your groups")),
        ("tags--groups:rw", _("change the tags of your groups")),
        ("tags--all:ro", _("see all tags")),
        ("tags--all:rw", _("change all tags")),
        ("greetings:ro", _("see the greetings visitors get")),
        ("greetings:rw", _("change the greetings visitors get")),
        ("languages_read", _("see what the chat window says in each language")),
        ("languages_write", _("change what the chat window says in each language")),
        ("domain_manage", _("decide on which websites the chat window may appear")),
    ),
    _section(
        _("Webhooks"),
        ("webhooks--my:ro", _("see the application's own webhooks")),
        ("webhooks--my:rw", _("register and remove the application's own webhooks")),
        ("webhooks--all:ro", _("see all webhooks")),
        ("webhooks--all:rw", _("register and remove all webhooks")),
        ("webhooks.state:ro", _("see whether webhooks are switched on")),
        ("webhooks.state:rw", _("switch webhooks on and off")),
        ("webhooks.configuration:rw", _("configure the webhooks of applications")),
    ),
    _section(
        _("Properties"),
        ("properties--my:ro", _("see the application's own property definitions")),
        ("properties--my:rw", _("change the application's own property definitions")),
        ("properties--all:ro", _("see all property definitions")),
        ("properties.configuration:rw", _("define and publish properties")),
        ("properties.license.value--my:ro", _("read the application's own licence properties")),
        ("properties.license.value--my:rw", _("write the application's own licence properties")),
        ("properties.license.value--all:ro", _("read all licence properties")),
        ("properties.license.value--all:rw", _("write all licence properties")),
        ("properties.group.value--my:ro", _("read the application's own group properties")),
        ("properties.group.value--my:rw", _("write the application's own group properties")),
        ("properties.group.value--all:ro", _("read all group properties")),
        ("properties.group.value--all:rw", _("write all group properties")),
    ),
    _section(
        _("Reports"),
        ("reports_read", _("read reports on chats, agents and customers")),
    ),
    _section(
        _("Accounts and sessions"),
        ("accounts--my:ro", _("see your own account")),
        ("accounts--my:rw", _("change your own account")),
        ("accounts--all:ro", _("see all accounts of the organisation")),
        ("accounts--all:rc", _("see all accounts and add new ones")),
        ("accounts--all:rw", _("change all accounts of the organisation")),
        ("accounts.roles--all:ro", _("see everybody's role")),
        ("accounts.roles--all:rw", _("change everybody's role")),
        ("accounts.roles.lc--all:rw", _("change everybody's role in the chat product")),
        ("sessions--my:ro", _("see where you are signed in")),
        ("sessions--my:rw", _("end your own sessions")),
        ("sessions--all:rw", _("end anybody's sessions")),
        ("organization--my:rw", _("change the organisation itself")),
    ),
)

_WORDS: Final[dict[str, Words]] = {
    worded.scope: worded.words for section in CATALOGUE for worded in section.scopes
}


def words(scope: str) -> Words:
    """Return what ``scope`` lets its holder do; for one that nobody knows, the scope itself."""
    return _WORDS.get(scope, scope)


def sections(scopes: Iterable[str]) -> list[Section]:
    """Return ``scopes`` under their headings, in the catalogue's order; unknown ones left out."""
    wanted = frozenset(scopes)
    found = (
        Section(title, tuple(worded for worded in all_of_it if worded.scope in wanted))
        for title, all_of_it in CATALOGUE
    )
    return [section for section in found if section.scopes]
