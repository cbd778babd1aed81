"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import django
import psutil
import redis
import uvicorn

from benchmarks.installation import REDIS_URL, Database
from benchmarks.report import Figure


def description(database: Database) -> list[Figure]:
    """Return what matters of machine and software."""
    memory = psutil.virtual_memory().total / 2**30
    with database.connect() as connection:
        version = connection.info.parameter_status("server_version") or "?"
        row = connection.execute(
            "SELECT string_agg(name || ' ' || current_setting(name), ', ') FROM unnest("
            "ARRAY['fsync', 'synchronous_commit', 'shared_buffers']) AS name"
        ).fetchone()
    info: dict[str, Any] = redis.Redis.from_url(REDIS_URL).info("server")
    busy = os.getloadavg()[0]
    facts = [
        ("Processor", f"{_processor()}, {os.cpu_count()} cores"),
        ("Memory", f"{memory:.0f} GiB"),
        ("Load before", f"{busy:.1f} processes"),
        ("System", f"{platform.system()} {platform.release().split('-')[0]}"),
        ("Python", platform.python_version()),
        ("Django, uvicorn", f"{django.get_version()}, {uvicorn.__version__}"),
        ("PostgreSQL", version.split()[0]),
        ("PostgreSQL's settings", str(row[0]) if row else "?"),
        ("Redis", str(info["redis_version"])),
    ]
    return [Figure(name, value) for name, value in facts]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
