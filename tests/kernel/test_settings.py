"""What the environment says, and what it leaves out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.installations import ROOT

PROGRAM = """
import json
from chatplatform import settings
print(json.dumps({
    "database": str(settings.DATABASES["default"]["NAME"]),
    "layer": settings.CHANNEL_LAYERS["default"]["BACKEND"],
    "worker": settings.EMBEDDED_WORKER,
    "processes": settings.SERVER_PROCESSES,
    "media": str(settings.MEDIA_ROOT),
    "mail": settings.EMAIL_BACKEND,
    "hosts": settings.ALLOWED_HOSTS,
}))
"""


def test_a_variable_that_is_empty_is_not_set(tmp_path: Path) -> None:
    names = (
        "DATABASE_URL",
        "REDIS_URL",
        "EMBEDDED_WORKER",
        "SERVER_PROCESSES",
        "MEDIA_ROOT",
        "EMAIL_URL",
        "ALLOWED_HOSTS",
    )
    environment = {**os.environ, **dict.fromkeys(names, ""), "VAR_DIR": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert done.stderr == ""
    assert json.loads(done.stdout) == {
        "database": str(tmp_path / "db.sqlite3"),
        "layer": "channels.layers.InMemoryChannelLayer",
        "worker": True,
        "processes": 1,
        "media": str(tmp_path / "media"),
        "mail": "django.core.mail.backends.console.EmailBackend",
        "hosts": ["*"],
    }
