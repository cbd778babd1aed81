"""Installations that servers and tests begin with: migrated once in a test run, then copied.

Copying takes a moment, migrating many seconds of every test process. On PostgreSQL, where
``DATABASE_URL`` names a server, a copy is a database made from a template; else it is a file.
"""

from __future__ import annotations

import atexit
import copy
import fcntl
import itertools
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
RUN = "TEST_RUN"
"""The variable that names a test run to all of its processes."""
SQLITE = "db.sqlite3"
"""What the file of the embedded database is called in a ``VAR_DIR``."""


@dataclass(frozen=True, slots=True)
class Installation:
    """A ``VAR_DIR`` and what goes with it."""

    directory: Path
    database: str
    """PostgreSQL's name for it; empty for SQLite, where it lies in the directory."""
    demo: dict[str, Any]
    """What ``manage.py demo --json`` printed; empty where there is no organisation yet."""

    @property
    def variables(self) -> dict[str, str]:
        """What tells the platform where it is."""
        return {"VAR_DIR": str(self.directory), **database_url(self.database)}


def begin() -> None:
    """Name the run to this process and those it starts, and clear up when it exits."""
    os.environ[RUN] = secrets.token_hex(4)
    atexit.register(_clear_up)


def migrated() -> Installation:
    """Return the run's empty installation, which nobody may use but to copy it.

    The first process to ask makes it while the others wait.
    """
    directory = _shared_directory()
    directory.mkdir(exist_ok=True)
    database = _shared_database() if on_postgres() else ""
    made = Installation(directory / "var", database, {})
    done = directory / "done"
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            if database:
                drop_database(database)
                create_database(database)
            made.directory.mkdir(exist_ok=True)
            _manage(made, "migrate", "--verbosity", "0")
            done.touch()
    return made


@contextmanager
def installed(directory: Path) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """Put an installation into ``directory``; give the environment it needs and its demo.

    Servers that run at the same time begin with different ones: those of one organisation would
    hear each other through Redis.
    """
    with _choosing:
        number = next(number for number in itertools.count() if number not in _in_use)
        _in_use.add(number)
    database = ""
    try:
        made = _with_demo(number)
        shutil.copytree(made.directory, directory, dirs_exist_ok=True)
        database = _copied(made.database)
        yield database_url(database), copy.deepcopy(made.demo)
    finally:
        _in_use.discard(number)
        if database:
            drop_database(database)


def on_postgres() -> bool:
    """Whether databases are PostgreSQL's."""
    return os.environ.get("DATABASE_URL", "").startswith("postgres")


def database_url(name: str) -> dict[str, str]:
    """Return the variable that leads to the database of that name; none for an empty name."""
    if not name:
        return {}
    parts = urlsplit(os.environ["DATABASE_URL"])
    return {"DATABASE_URL": urlunsplit(parts._replace(path=f"/{name}"))}


def create_database(name: str, template: str = "") -> None:
    """Make a database beside the one ``DATABASE_URL`` names, as a copy of ``template`` if named."""
    copied = f' TEMPLATE "{template}"' if template else ""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"{copied}')


def drop_database(name: str) -> None:
    """Remove a database, whoever is still connected."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


_choosing = threading.Lock()
_in_use: set[int] = set()


@cache
def _with_demo(number: int) -> Installation:
    """Make an organisation once for many servers of this process."""
    empty = migrated()
    directory = Path(tempfile.mkdtemp(prefix="installation-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    shutil.copytree(empty.directory, directory, dirs_exist_ok=True)
    database = _copied(empty.database)
    if database:
        atexit.register(drop_database, database)
    printed = _manage(Installation(directory, database, {}), "demo", "--json")
    return Installation(directory, database, json.loads(printed))


def _copied(template: str) -> str:
    """Return the name of a new database that is what ``template`` is; empty for SQLite."""
    if not template:
        return ""
    name = f"live_{secrets.token_hex(4)}"
    create_database(name, template)
    return name


def _manage(installation: Installation, *command: str) -> bytes:
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env={**os.environ, **installation.variables},
        check=True,
        stdout=subprocess.PIPE,
    ).stdout


def _shared_directory() -> Path:
    return Path(tempfile.gettempdir()) / f"migrated-{os.environ[RUN]}"


def _shared_database() -> str:
    return f"live_{os.environ[RUN]}_migrated"


def _clear_up() -> None:
    """Remove what the run's processes shared."""
    directory = _shared_directory()
    if (directory / "done").exists() and on_postgres():
        drop_database(_shared_database())
    shutil.rmtree(directory, ignore_errors=True)
