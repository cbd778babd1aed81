"""Why a mail did not leave, in words that name nobody: for logs."""

from __future__ import annotations

from smtplib import SMTPRecipientsRefused, SMTPResponseException


def reason(error: OSError) -> str:
    """Return the kind of a failure and the mail server's reply codes, e.g. ``SMTPDataError 554``.

    Errors of ``smtplib`` hold the addresses themselves, and so may the words of a reply.
    """
    codes: set[int] = set()
    if isinstance(error, SMTPRecipientsRefused):
        codes = {code for code, _ in error.recipients.values()}
    elif isinstance(error, SMTPResponseException):
        codes = {error.smtp_code}
    return " ".join([type(error).__name__, *(str(code) for code in sorted(codes))])
