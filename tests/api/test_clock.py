"""Times as the protocol writes them."""

from datetime import UTC, datetime

import pytest

from chatplatform import clock


def test_a_time_is_written_with_six_digits_and_z() -> None:
    assert clock.to_wire(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02T03:04:05.000000Z"


@pytest.mark.parametrize(
    "text", ["2026-01-02T03:04:05.000006Z", "2026-01-02T05:04:05.000006+02:00"]
)
def test_a_time_is_read_with_any_offset(text: str) -> None:
    assert clock.to_wire(clock.from_wire(text)) == "2026-01-02T03:04:05.000006Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-01-02T03:04:05",
        "9999-99-99T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
    ],
)
def test_anything_else_is_no_time(text: str) -> None:
    with pytest.raises(ValueError):
        clock.from_wire(text)
