"""Reads of organisations and their first-party clients."""

from uuid import UUID

from chatplatform.models import Application, Channel, Organization


def by_id(organization_id: UUID) -> Organization | None:
    """Return the organisation with this id, if there is one."""
    return Organization.objects.filter(pk=organization_id).first()


def by_text(organization_id: str) -> Organization | None:
    """Return the organisation with this id as text, if it is an id and there is one."""
    try:
        return by_id(UUID(organization_id))
    except ValueError:
        return None


def by_name(limit: int) -> list[Organization]:
    """Return up to ``limit`` organisations in the order of their names."""
    return list(Organization.objects.order_by("name", "license_id")[:limit])


def newest(limit: int) -> list[Organization]:
    """Return up to ``limit`` organisations, those made last first."""
    return list(Organization.objects.order_by("-license_id")[:limit])


def by_license(license_id: int) -> Organization | None:
    """Return the organisation whose chat licence has this number, if there is one."""
    return Organization.objects.filter(license_id=license_id).first()


def first_organization() -> Organization | None:
    """Return the organisation that was made first, if there is any."""
    return Organization.objects.order_by("license_id").first()


def widget_client_id(organization: Organization) -> str:
    """Return the client id the organisation's own widget uses."""
    client_id: str = _first_party(organization, Application.Purpose.WIDGET).client_id
    return client_id


def workspace_application(organization: Organization) -> Application:
    """Return the client the agent workspace's tokens are issued to."""
    return _first_party(organization, Application.Purpose.WORKSPACE)


def application(client_id: str) -> Application | None:
    """Return the client with this id, its organisation loaded, if there is one."""
    rows = Application.objects.filter(client_id=client_id).select_related("organization")
    found: Application | None = rows.first()
    return found


def channels(organization_id: UUID) -> list[Channel]:
    """Return the channels customers have used, the oldest first. One read."""
    used = Channel.objects.filter(organization_id=organization_id)
    return list(used.order_by("first_activity_at", "id"))


def _first_party(organization: Organization, purpose: Application.Purpose) -> Application:
    found: Application = Application.objects.get(organization=organization, purpose=purpose)
    return found
