"""What a mail server refuses is logged without the address it was for."""

from __future__ import annotations

from smtplib import SMTPDataError, SMTPRecipientsRefused
from typing import Any

import pytest
from django.core import mail

from chatplatform import clock
from chatplatform.models import Organization, UnsuspensionRequest
from chatplatform.services import email_verification, transcript_mails, unsuspensions
from tests import make
from tests.world import User, World

ADDRESS = "zara@quixling.example"
REPLY = f"<{ADDRESS}>: no such user".encode()
REFUSALS = (
    (SMTPRecipientsRefused({ADDRESS: (550, REPLY)}), "SMTPRecipientsRefused 550"),
    (SMTPDataError(554, REPLY), "SMTPDataError 554"),
)


@pytest.fixture(params=REFUSALS, ids=lambda one: one[1])
def refused(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> str:
    """Let the mail server refuse everything; return what the log is to say."""
    error, said = request.param

    def refuse(message: Any, *args: Any) -> int:
        raise error

    monkeypatch.setattr(mail.EmailMessage, "send", refuse)
    caplog.clear()
    return str(said)


def logged(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(str(record.__dict__) for record in caplog.records)


def test_a_transcript(
    world: World, ann: User, carl: User, refused: str, caplog: pytest.LogCaptureFixture
):
    chat = carl.call("start_chat")
    carl.call(
        "update_thread_properties",
        chat_id=chat["chat_id"],
        thread_id=chat["thread_id"],
        properties={"routing": {"transcript_email": ADDRESS}},
    )
    carl.call("deactivate_chat", id=chat["chat_id"])

    world.act(transcript_mails.send_due)

    found = logged(caplog)
    assert refused in found
    assert ADDRESS not in found


def test_a_verification(carl: User, refused: str, caplog: pytest.LogCaptureFixture):
    carl.call("update_customer", email=ADDRESS)
    carl.call("request_email_verification", callback_uri="https://shop.example/verified")

    email_verification.send_mails()

    found = logged(caplog)
    assert refused in found
    assert ADDRESS not in found


def test_a_wish_to_work_again(acme: Organization, refused: str, caplog: pytest.LogCaptureFixture):
    make.agent(acme, "viceowner", email=ADDRESS)
    now = clock.now()
    UnsuspensionRequest.objects.create(
        organization=acme, agent=make.agent(acme), asked_at=now, due_at=now
    )

    unsuspensions.send_due()

    found = logged(caplog)
    assert refused in found
    assert ADDRESS not in found
