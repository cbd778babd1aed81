"""Fuzzing a running server with what its own OpenAPI document promises.

schemathesis makes the requests, some as documented and some broken on purpose, and holds every
answer against the document. So that requests get past "there is no such chat", there is a world
they can be about (``hooks`` lets them), and agents who are in.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from chatplatform.api import versions
from tests import make
from tests.clients import new_customer, web
from tests.installations import ROOT
from tests.live import LiveServer
from tests.schema import configured

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
WORLD = "FUZZ_WORLD"
"""The variable that tells ``hooks`` where the world is described."""
ANSWERS = "FUZZ_ANSWERS"
"""The variable that tells ``hooks`` where to write how often which path was answered how."""
EXAMPLES = 20
"""Requests made up for each action, beside those that follow from its schema alone."""
SAME_EVENTS = ("start_chat", "resume_chat")
"""Actions that take what ``send_event`` takes: going through every kind of event once is enough."""
ANSWERED_WITHIN_SECONDS = 20
DONE_WITHIN_SECONDS = 1800
PAST, FUTURE = "2020-01-31T12:00:00.000000Z", "2120-01-31T12:00:00Z"
CHATS = 12
GREETED = ("accept_greeting", "cancel_greeting", "send_greeting_button_clicked")
"""Actions whose customers have been greeted; each spoils it for the others."""
SPARED = len(GREETED) + 2
"""Customers who are asked for something of their own."""
QUESTION_ID = "yes"
QUESTION = make.rich_message("Well?", QUESTION_ID)
CUSTOMERS = 60

CONFIGURATION = f"""
[parameters]
organization_id = "{{organization_id}}"

[[operations]]
include-path-regex = "({"|".join(SAME_EVENTS)})$"
phases.coverage.enabled = false
phases.fuzzing.generation.max-examples = {3 * EXAMPLES}
"""


@dataclass(slots=True)
class Findings:
    """What a run found. ``answers`` counts the status codes of each path."""

    exit_code: int
    output: str
    answers: dict[str, Counter[int]]

    @property
    def cases(self) -> int:
        """How many requests were answered."""
        return sum(counted.total() for counted in self.answers.values())


def fuzz(
    server: LiveServer, version: str, api: str, directory: Path, things: dict[str, Any]
) -> Findings:
    """Run schemathesis against every action of ``api`` in a wire version.

    ``things`` are what ``tests.sdk.furnish`` made; ``directory`` keeps what the run reads and
    writes.
    The run is the same each time as far as the server's own ids allow: one worker, no randomness.
    """
    directory.mkdir()
    answers = directory / "answers.json"
    with ExitStack() as stack:
        for account in server.demo["agents"][: 0 if api == "configuration" else 2]:
            stack.enter_context(online(server, account))
        world = directory / "world.json"
        made = configured.world(server) if api == "configuration" else _world(server, api, things)
        world.write_text(json.dumps(made))
        (directory / "schemathesis.toml").write_text(
            CONFIGURATION.format(organization_id=server.demo["organization_id"])
        )
        run = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli"),
                *("--config-file", "schemathesis.toml"),
                *("run", f"{server.url}/docs/v{version}/openapi.json"),
                *("--include-path-regex", f"/{api}/action/"),
                *("--checks", ",".join(CHECKS)),
                *_phases(version),
                *("--generation-deterministic", "--workers", "1", "--continue-on-failure"),
                *("--request-timeout", str(ANSWERED_WITHIN_SECONDS)),
                *("--warnings", "off", "--no-color"),
            ],
            cwd=directory,
            env={
                **os.environ,
                WORLD: world.name,
                ANSWERS: answers.name,
                "SCHEMATHESIS_HOOKS": "tests.schema.hooks",
                "PYTHONPATH": str(ROOT),
            },
            capture_output=True,
            text=True,
            timeout=DONE_WITHIN_SECONDS,
        )
    counted = {
        path: Counter({int(status): count for status, count in statuses.items()})
        for path, statuses in json.loads(answers.read_text()).items()
    }
    return Findings(run.returncode, run.stdout + run.stderr, counted)


def _phases(version: str) -> tuple[str, ...]:
    """Return how much is tried: what follows from a schema alone, and what is made up besides.

    Schemas hardly differ between versions: what follows from them is tried in the newest.
    """
    if version != versions.NEWEST:
        return ("--phases", "fuzzing", "--max-examples", str(2 * EXAMPLES))
    return ("--phases", "coverage,fuzzing", "--max-examples", str(EXAMPLES))


@contextmanager
def online(server: LiveServer, account: dict[str, Any]) -> Iterator[None]:
    """Keep an agent logged in, whatever the requests do to the connection."""
    over = threading.Event()
    here = threading.Event()
    frame = {"action": "login", "payload": {"token": f"Bearer {account['access_token']}"}}

    def stay() -> None:
        while not over.wait(0.05):
            try:
                with connect(f"ws://localhost:{server.port}/v3.6/agent/rtm/ws") as socket:
                    socket.send(json.dumps(frame))
                    while not over.is_set():
                        with suppress(TimeoutError):
                            socket.recv(timeout=0.5)
                            here.set()
            except (ConnectionClosed, InvalidHandshake, OSError):
                continue

    thread = threading.Thread(target=stay, daemon=True)
    thread.start()
    assert here.wait(ANSWERED_WITHIN_SECONDS), "the agent can not log in"
    yield
    over.set()
    thread.join()


def _world(server: LiveServer, api: str, things: dict[str, Any]) -> dict[str, dict[str, list[Any]]]:
    """Make what requests can be about; return who asks, and what exists by the field that names it.

    ``action.field`` goes before ``field``. One kind of request must not spoil the others': chats
    are closed and reopened that nobody else uses, and each customer can start one chat only.
    """
    minted = [new_customer(server.url, server.demo) for _ in range(CUSTOMERS)]
    tokens = [f"Bearer {customer['access_token']}" for customer in minted]
    agents = [agent["id"] for agent in server.demo["agents"]]
    query = f"?organization_id={server.demo['organization_id']}"
    start = f"/v3.7/customer/action/start_chat{query}"
    if api == "customer":
        asking, talking, starting = tokens[:1], tokens[:1], tokens[1:]
    else:
        asking = starting = [f"Bearer {server.demo['agents'][0]['access_token']}"]
        talking = tokens[:CHATS]
    opening = {"continuous": True, "chat": {"thread": {"events": [QUESTION]}}}
    chats = [web(server.url, start, opening, token) for token in talking]
    ids = [chat["chat_id"] for chat in chats]
    half = len(ids) // 2
    values = {
        "id": ids[half:],
        "chat_id": ids[half:],
        "thread_id": [chat["thread_id"] for chat in chats[half:]],
        "deactivate_chat.id": ids[:half] or ids,
        "resume_chat.id": ids[:half] or ids,
        "get_customer.id": [customer["entity_id"] for customer in minted],
        "update_customer.id": [customer["entity_id"] for customer in minted],
        "ban_customer.id": [customer["entity_id"] for customer in minted[CHATS:]],
        "agent_id": agents,
        "user_id": agents,
        "group_ids": [group["id"] for group in server.demo["groups"]],
        "url": [_uploaded(server, api, query, asking[0])],
        "seen_up_to": [PAST],
        "from": [PAST],
        "to": [FUTURE],
        "transfer_chat.target": [{"type": "group", "ids": [0]}],
        "transfer_chat.ignore_requester_presence": [True],
        "transfer_chat.ignore_agents_availability": [True],
        "event_id": [chat["event_ids"][0] for chat in chats[half:]],
        "send_rich_message_postback.postback": [{"id": QUESTION_ID, "toggled": True}],
        "add_user_to_chat.user_type": ["agent"],
        "multicast.recipients": [{"agents": {"all": True}}],
        "multicast.scopes": [{"agents": {"all": True}}],
        "tag": [things["tags"][0]],
    }
    for place in ("chat", "thread", "event"):
        values[f"update_{place}_properties.properties"] = [{"test": {"string_property": "x"}}]
        values[f"delete_{place}_properties.properties"] = [{"test": ["string_property"]}]
    by_action = {"": asking, "start_chat": starting[SPARED:] or starting}
    if api == "agent":
        own = web(server.url, "/v3.7/agent/action/start_chat", opening, asking[0])
        named = {"chat_id": own["chat_id"], "thread_id": own["thread_id"]}
        for name, value in (named | {"event_id": own["event_ids"][0]}).items():
            values[f"send_rich_message_postback.{name}"] = [value, *values[name]]
    else:
        spared = iter(starting)
        for action in GREETED:
            by_action[action] = [next(spared)]
            values |= _greeted(server, action, by_action[action][0])
        by_action["delete_event"] = [next(spared)]
        deleted = web(server.url, start, opening, by_action["delete_event"][0])
        for name in ("chat_id", "thread_id"):
            values[f"delete_event.{name}"] = [deleted[name]]
        values["delete_event.event_id"] = deleted["event_ids"]
        by_action["request_email_verification"] = [next(spared)]
        update = f"/v3.7/customer/action/update_customer{query}"
        address = {"email": "carl@example.com"}
        web(server.url, update, address, by_action["request_email_verification"][0])
        values["callback_uri"] = ["https://shop.example.com/verified"]
        values["get_url_info.url"] = [f"{server.url}/demo/"]
    return {"tokens": by_action, "values": values}


def _greeted(server: LiveServer, action: str, token: str) -> dict[str, list[Any]]:
    """Let a customer open a page that greets; return what names the greeting in an action."""
    query = f"organization_id={server.demo['organization_id']}"
    page = {"url": "https://shop.example.com/news", "title": "News"}
    frame = {"action": "login", "payload": {"token": token, "customer_page": page}}
    with connect(f"ws://localhost:{server.port}/v3.7/customer/rtm/ws?{query}") as socket:
        socket.send(json.dumps(frame))
        heard = {"action": "nothing yet"}
        while heard["action"] != "incoming_greeting":
            heard = json.loads(socket.recv(timeout=ANSWERED_WITHIN_SECONDS))
    greeting: dict[str, Any] = heard["payload"]  # type: ignore[assignment]
    (button,) = greeting["event"]["elements"][0]["buttons"]
    return {
        f"{action}.unique_id": [greeting["unique_id"]],
        f"{action}.greeting_unique_id": [greeting["unique_id"]],
        f"{action}.greeting_id": [greeting["id"]],
        f"{action}.button_id": [button["button_id"]],
    }


def _uploaded(server: LiveServer, api: str, query: str, token: str) -> str:
    response = requests.post(
        f"{server.url}/v3.7/{api}/action/upload_file{query}",
        files={"file": ("offer.txt", b"An offer.", "text/plain")},
        headers={"Authorization": token},
        timeout=ANSWERED_WITHIN_SECONDS,
    )
    response.raise_for_status()
    url: str = response.json()["url"]
    return url
