"""This process's name among those that share an installation."""

import os
import secrets

_named: tuple[int, str] = (0, "")


def process_id() -> str:
    """Return a random id of this process; a forked child gets its own."""
    global _named
    if _named[0] != os.getpid():
        _named = (os.getpid(), secrets.token_hex(8))
    return _named[1]
