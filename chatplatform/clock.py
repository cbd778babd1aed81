"""Time, in one place: UTC with microseconds, written as the protocol writes it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def to_wire(moment: datetime) -> str:
    """Write ``moment`` as RFC 3339 UTC with exactly six fractional digits and ``Z``.

    SDKs compare these strings, so the width never varies (protocol.md 2.2).
    """
    text = moment.astimezone(UTC).isoformat(timespec="microseconds")
    return text.removesuffix("+00:00") + "Z"


def from_wire(text: str) -> datetime:
    """Read an RFC 3339 time with any offset; raise ``ValueError`` for anything else."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs an offset")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the time is outside the calendar") from error
