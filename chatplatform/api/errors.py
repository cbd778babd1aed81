"""Exceptions into answers: the one place where anything becomes a :class:`ProtocolError`."""

from typing import Any

import structlog
from django.db import DataError, OperationalError
from pydantic import ValidationError

from chatplatform.errors import Internal, ProtocolError, ServiceUnavailable, Validation

log = structlog.get_logger(__name__)


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"`{where}`: {first['msg']}" if where else str(first["msg"])


def as_protocol_error(error: Exception, **about: Any) -> ProtocolError:
    """Return the refusal for ``error``; what we did not expect is logged and becomes internal.

    ``about`` goes to the log only.
    """
    if isinstance(error, ProtocolError):
        return error
    if isinstance(error, ValidationError):
        return Validation(_sentence(error))
    if isinstance(error, DataError):
        log.warning("the database refused a value", error=str(error), **about)
        return Validation("a value can not be stored")
    if isinstance(error, OperationalError):
        log.warning("database unavailable", error=str(error), **about)
        return ServiceUnavailable()
    log.error("unexpected error", exc_info=error, **about)
    return Internal()
