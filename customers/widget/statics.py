"""Reading our static files, where the server writes them into something else."""

from pathlib import Path

from django.contrib.staticfiles import finders


def read_static(name: str) -> str:
    """Return a static file's text; the name is ours, never a visitor's."""
    path = finders.find(name)
    if path is None:
        raise LookupError(f"the static file {name} is missing")
    return Path(path).read_text(encoding="utf-8")
