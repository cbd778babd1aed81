"""Signatures, as anybody can check them who knows the secret."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from webhooks import signatures

MOMENT = datetime(2021, 2, 11, 17, 27, 0, 999_999, tzinfo=UTC)


def test_a_known_signature() -> None:
    """The example of the Standard Webhooks specification's libraries."""
    found = signatures.headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1_614_265_330, UTC),
        b'{"test": 2432232314}',
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    )

    assert found == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_any_other_text_is_a_key_as_it_is() -> None:
    found = signatures.headers("msg_1", MOMENT, b"{}", "schlüssel")

    expected = hmac.digest("schlüssel".encode(), b"msg_1.1613064420.{}", hashlib.sha256)
    assert found["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"


@pytest.mark.parametrize("secret_key", ["whsec_", "whsec_not base64", "whsec_abc"])
def test_what_only_looks_like_base64_is_a_key_as_it_is(secret_key: str) -> None:
    assert signatures.key(secret_key) == secret_key.encode()
