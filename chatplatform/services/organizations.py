"""Organisations and who belongs to them: agents, groups, memberships."""

from typing import Final

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Max

from chatplatform.errors import Validation
from chatplatform.models import Account, Agent, Application, Group, GroupMember, Organization
from chatplatform.models.groups import GENERAL_GROUP, GroupPriority
from chatplatform.models.people import AgentRole, RoutingStatus
from chatplatform.services import applications

FIRST_LICENSE: Final = 15_000_000
"""Licence numbers count up from here; clients take them for ordinary licence ids."""
NAME_LENGTH: Final = 180
EMAIL_LENGTH: Final = 254
_LICENSE_ATTEMPTS: Final = 100


@transaction.atomic
def create_organization(name: str) -> Organization:
    """Make an organisation with the next licence number, the General group and its own clients.

    The clients are those of the agent workspace and of the widget. Raise :class:`Validation` for
    a name that is empty, longer than 180 characters or not printable.
    """
    organization = _with_next_license(_checked_name(name))
    Group.objects.create(organization=organization, number=GENERAL_GROUP, name="General")
    applications.create_application(
        organization, "Agent workspace", purpose=Application.Purpose.WORKSPACE, confidential=False
    )
    applications.create_application(
        organization,
        "Widget",
        purpose=Application.Purpose.WIDGET,
        confidential=False,
        any_origin=True,
    )
    return organization


def _with_next_license(name: str) -> Organization:
    """Store the organisation; whoever else took the same number first makes us try the next."""
    for _ in range(_LICENSE_ATTEMPTS):
        newest = Organization.objects.aggregate(Max("license_id"))["license_id__max"] or 0
        try:
            with transaction.atomic():
                return Organization.objects.create(
                    name=name, license_id=max(newest + 1, FIRST_LICENSE)
                )
        except IntegrityError:
            continue
    raise RuntimeError("no free licence number was found")


@transaction.atomic
def add_agent(
    organization: Organization,
    email: str,
    name: str,
    password: str | None = None,
    *,
    role: str = AgentRole.NORMAL,
    job_title: str = "",
    login_status: str = RoutingStatus.NOT_ACCEPTING,
) -> Agent:
    """Give a new person an account and a seat; the address is their id in the Agent API.

    Without ``password`` the account can not sign in with one. ``login_status`` is what the agent
    becomes on each login. Locks the organisation. Raise :class:`Validation` for an address that
    is malformed or taken, a weak password, an unknown role, or a second owner.
    """
    email = _checked_email(email)
    name = _checked_name(name)
    if role not in AgentRole.values:
        raise Validation(f"there is no role {role[:32]!r}")
    if password is not None:
        check_password_strength(password)
    _lock(organization)
    if role == AgentRole.OWNER and organization.agents.filter(role=AgentRole.OWNER).exists():
        raise Validation("the organization has an owner already")
    try:
        with transaction.atomic():
            account = Account.objects.create_user(
                email, password, organization=organization, name=name
            )
    except IntegrityError:
        raise Validation(f"the address {email} is taken") from None
    return Agent.objects.create(
        organization=organization,
        account=account,
        public_id=email,
        name=name,
        role=role,
        job_title=job_title,
        login_status=login_status,
    )


def check_password_strength(password: str) -> None:
    """Raise :class:`Validation` when the password is too weak to be set."""
    try:
        validate_password(password)
    except ValidationError as error:
        raise Validation(" ".join(error.messages)) from None


@transaction.atomic
def create_group(organization: Organization, name: str, language_code: str = "en") -> Group:
    """Make a group with the next number; raise :class:`Validation` for a bad name.

    Locks the organisation, so that numbers stay unique and grow.
    """
    name = _checked_name(name)
    _lock(organization)
    newest = organization.groups.aggregate(Max("number"))["number__max"]
    return Group.objects.create(
        organization=organization, number=newest + 1, name=name, language_code=language_code
    )


def add_group_member(
    group: Group, agent: Agent, priority: str = GroupPriority.NORMAL
) -> GroupMember:
    """Put ``agent`` into ``group``, or change their priority there; raise :class:`Validation`.

    Everybody belongs to General without a membership, and nobody to another organisation's group.
    """
    if group.number == GENERAL_GROUP:
        raise Validation("every agent belongs to the General group already")
    if group.organization_id != agent.organization_id:
        raise Validation("the agent belongs to another organization")
    if priority not in GroupPriority.values:
        raise Validation(f"there is no priority {priority[:32]!r}")
    member, _ = GroupMember.objects.update_or_create(
        group=group, agent=agent, defaults={"priority": priority}
    )
    return member


def _lock(organization: Organization) -> None:
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise Validation(f"a name has 1 to {NAME_LENGTH} printable characters")
    return name


def _checked_email(email: str) -> str:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise Validation("the e-mail address is malformed") from None
    if len(email) > EMAIL_LENGTH:
        raise Validation("the e-mail address is too long")
    return email
