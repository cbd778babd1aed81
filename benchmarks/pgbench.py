"""The limit: PostgreSQL's own tool running the platform's append statement, and nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from benchmarks.history import Past
from benchmarks.installation import Database, Unavailable

_LITERAL = re.compile(r"'[^']*'")
_TPS = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)


def append_per_second(
    database: Database, past: Past, statement: str, *, clients: int, seconds: int, script: Path
) -> float:
    """Return how often a second ``statement`` runs, on chats chosen at random.

    ``statement`` is the text of ``services/events.py`` with its named parameters; ``script`` is
    where the pgbench script is written.
    """
    script.write_text(_script(statement, past))
    done = subprocess.run(
        [
            _pgbench(),
            *("--no-vacuum", "--protocol=prepared"),
            *(f"--client={clients}", f"--jobs={min(clients, 2)}", f"--time={seconds}"),
            f"--file={script}",
            database.url,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    found = _TPS.search(done.stdout)
    if done.returncode != 0 or found is None or "failed: 0" not in _failures(done.stdout):
        raise Unavailable(f"pgbench failed:\n{done.stdout}{done.stderr}")
    return float(found[1])


def _failures(output: str) -> str:
    """Return pgbench's line about failed transactions; releases before 15 have none."""
    lines = [line for line in output.splitlines() if "failed transactions" in line]
    return (
        re.sub(r".*failed transactions: (\d+).*", r"failed: \1", lines[0]) if lines else "failed: 0"
    )


def _script(statement: str, past: Past) -> str:
    number = "lpad((:number)::text, {}, '0')"
    author = f"('{past.customer_id(0)[:24]}' || {number.format(12)})"
    values = {
        "now": "clock_timestamp()",
        "author": author,
        "side": "'customer'",
        "visibility": "'all'",
        "type": "'message'",
        "chat": f"('{past.chat_id(0)[:2]}' || {number.format(8)})",
        "organization": f"'{past.organization_id}'::uuid",
        "custom_id": "gen_random_uuid()::text",
        "repeat_key": "gen_random_uuid()",
        "content": """'{"text": "0000.000000 What became of the parcel I sent back?"}'::jsonb""",
        "record": """'{"type": "message", "text": "0000.000000 What became of it?"}'::jsonb""",
        "cause": """'{}'::jsonb""",
        "properties": """'{"source": {"client_id": "0123456789abcdef0123456789abcdef"}}'::jsonb""",
    }
    statement = _LITERAL.sub(_escaped, statement)
    for name, value in values.items():
        statement = statement.replace(f"%({name})s", value)
    first, last = past.chats - past.active + 1, past.chats
    return f"\\set number random({first}, {last})\n{' '.join(statement.split())};\n"


def _escaped(literal: re.Match[str]) -> str:
    """Write a literal's colons so that pgbench does not take what follows for a variable."""
    text = literal[0]
    return "E" + text.replace(":", r"\x3a") if ":" in text else text


def _pgbench() -> str:
    found = shutil.which("pgbench")
    if found is None:
        installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
        if not installed:
            raise Unavailable("pgbench is not installed; it comes with the PostgreSQL server.")
        found = str(installed[-1])
    return found
