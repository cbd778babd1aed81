"""Groups as requests name them."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from chatplatform.api.wire.chats import GroupId

MAX_GROUPS: Final = 500
"""Groups one request may name: more than a licence has (``limits.groups``)."""
MAX_AGENTS: Final = 2_000
"""Agents of one group a request may name; General's are all that a licence has, bots too."""

GroupIds = Annotated[list[GroupId], Field(max_length=MAX_GROUPS)]
