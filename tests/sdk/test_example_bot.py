"""The example bot of docs/examples, as its README starts it: the official SDK, a live server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.clients import new_customer, web
from tests.installations import ROOT
from tests.live import LiveServer, free_port, live_server
from tests.tls import TlsDoor, tls_door
from webhooks import signatures

pytestmark = pytest.mark.sdk

EXAMPLE = ROOT / "docs" / "examples" / "bot"
WITHIN_SECONDS = 20

Event = dict[str, Any]


@dataclass(frozen=True)
class Scene:
    """A server with the bot at work; people talk over the Web APIs."""

    server: LiveServer
    bot_id: str

    @property
    def agent_id(self) -> str:
        """The owner of the demo organisation."""
        found: str = self.server.demo["agents"][0]["id"]
        return found

    def agent(self, action: str, **payload: Any) -> Any:
        """Call the Agent Chat API as the owner."""
        token = f"Bearer {self.server.demo['agents'][0]['access_token']}"
        return web(self.server.url, f"/v3.6/agent/action/{action}", payload, token)

    def configure(self, action: str, **payload: Any) -> Any:
        """Call the Configuration API as the owner."""
        token = f"Bearer {self.server.demo['agents'][0]['access_token']}"
        return web(self.server.url, f"/v3.7/configuration/action/{action}", payload, token)

    def visitor(self) -> Visitor:
        """Return a new customer."""
        found = new_customer(self.server.url, self.server.demo)
        return Visitor(self, found["access_token"], found["entity_id"])

    def chat_with(self, visitor: Visitor) -> str:
        """Let the owner start a chat with a customer; return its id."""
        users = [{"id": visitor.id, "type": "customer"}]
        started = self.agent("start_chat", chat={"users": users})
        chat_id: str = started["chat_id"]
        return chat_id

    def seen(self, chat_id: str) -> list[Event]:
        """Return the messages of the bot in a chat, as agents see them."""
        events: list[Event] = self.agent("get_chat", chat_id=chat_id)["thread"]["events"]
        return [event for event in events if event.get("author_id") == self.bot_id]

    def users(self, chat_id: str) -> dict[str, str]:
        """Return who is in a chat now, with their visibility."""
        users = self.agent("get_chat", chat_id=chat_id)["users"]
        return {user["id"]: user.get("visibility", "all") for user in users if user["present"]}


@dataclass(frozen=True)
class Visitor:
    """A customer on the Web API."""

    scene: Scene
    token: str
    id: str

    def call(self, action: str, **payload: Any) -> Any:
        """Call the Customer Chat API."""
        organization = self.scene.server.demo["organization_id"]
        path = f"/v3.6/customer/action/{action}?organization_id={organization}"
        return web(self.scene.server.url, path, payload, f"Bearer {self.token}")

    def start(self, text: str) -> str:
        """Start a chat with a message; return its id."""
        events = [{"type": "message", "text": text}]
        started = self.call("start_chat", chat={"thread": {"events": events}}, continuous=True)
        chat_id: str = started["chat_id"]
        return chat_id

    def say(self, chat_id: str, text: str) -> None:
        """Send a message."""
        self.call("send_event", chat_id=chat_id, event={"type": "message", "text": text})

    def read(self, chat_id: str) -> list[str]:
        """Return all messages the customer sees."""
        events = self.call("get_chat", chat_id=chat_id)["thread"]["events"]
        return [event["text"] for event in events if event["type"] == "message"]


def eventually(look: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """Look until it is as wanted, and return what was seen last."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while True:
        seen = look()
        if wanted(seen) or time.monotonic() > deadline:
            return seen
        time.sleep(0.1)


@contextmanager
def bot(server: LiveServer, door: TlsDoor, port: int, directory: Path) -> Iterator[None]:
    """Run the example; it must end well when it is asked to."""
    owner = server.demo["agents"][0]
    environment = {
        **os.environ,
        "CHAT_HOST": door.host,
        "CHAT_CA": str(door.authority),
        "CHAT_ORGANIZATION_ID": server.demo["organization_id"],
        "CHAT_CLIENT_ID": server.demo["client_id"],
        "CHAT_ACCOUNT_ID": owner["account_id"],
        "CHAT_PAT": owner["pat"],
        "BOT_URL": f"http://localhost:{port}/",
        "BOT_PORT": str(port),
        "BOT_STATE": str(directory / "bot.json"),
    }
    python = ROOT / ".venv-sdk" / "0.4.2" / "bin" / "python"
    assert python.exists(), "run `make sdk` first"
    log = directory / "bot.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [python, EXAMPLE / "bot.py"], env=environment, stdout=output, stderr=output
        )
    try:
        eventually(log.read_text, lambda text: "is online" in text or process.poll() is not None)
        assert "is online" in log.read_text(), log.read_text()
        yield
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def port() -> int:
    """Return where the bot listens."""
    return free_port()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[LiveServer]:
    """Run a server that may call the bot."""
    directory = tmp_path_factory.mktemp("server")
    with live_server(directory, WEBHOOK_ALLOWED_HOSTS=f"localhost:{port}") as running:
        yield running


@pytest.fixture(scope="module")
def door(server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsDoor]:
    """Speak TLS for it."""
    with tls_door(tmp_path_factory.mktemp("tls"), server.port) as opened:
        yield opened


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the bot keeps what it must know again."""
    return tmp_path_factory.mktemp("bot")


@pytest.fixture
def scene(server: LiveServer, door: TlsDoor, port: int, state: Path) -> Iterator[Scene]:
    """Let the bot work."""
    with bot(server, door, port, state):
        yield Scene(server, json.loads((state / "bot.json").read_text())["bot_id"])


@contextmanager
def agent_online(scene: Scene) -> Iterator[None]:
    """Let the owner be connected."""
    token = f"Bearer {scene.server.demo['agents'][0]['access_token']}"
    frame = {"action": "login", "request_id": "1", "payload": {"token": token}}
    url = scene.server.url.replace("http", "ws")
    with connect(f"{url}/v3.6/agent/rtm/ws") as socket:
        socket.send(json.dumps(frame))
        assert json.loads(socket.recv(timeout=10))["success"] is True
        yield


def posted(port: int, body: bytes, headers: dict[str, str]) -> int:
    """Send the bot a webhook of our own; return the status of its answer."""
    url = f"http://localhost:{port}/"
    request = urllib.request.Request(url, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def required(path: Path) -> list[str]:
    """Return what a file of requirements names, without comments."""
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    return sorted(line for line in lines if line)


def texts(events: list[Event]) -> list[str]:
    return [event["text"] for event in events if event["type"] == "message"]


OPEN = "We are here from Monday to Friday, 9:00 to 17:00."
PARCELS = "Parcels take two days. Tell me the number and I look where yours is."
FALLBACK = "I am only a bot. Ask me when we are open, or say “human” and I get somebody."


def test_it_asks_for_all_that_the_environment_of_these_tests_has() -> None:
    tested = required(ROOT / "requirements" / "sdk-0.4.2.in")

    assert required(EXAMPLE / "requirements.txt") == tested


def test_it_answers_customers(scene: Scene) -> None:
    # when a customer comes with a question, and asks another that the bot does not know
    visitor = scene.visitor()
    chat_id = visitor.start("When are you open?")
    eventually(lambda: visitor.read(chat_id), lambda said: OPEN in said)
    visitor.say(chat_id, "What is love?")

    # then both are answered, once
    said = eventually(lambda: visitor.read(chat_id), lambda said: FALLBACK in said)
    assert said == ["When are you open?", OPEN, "What is love?", FALLBACK]


def test_it_gets_a_new_token_when_the_old_one_is_over(scene: Scene) -> None:
    # given a bot whose token does not hold any more
    forget = "from chatplatform.models import BotToken; BotToken.objects.all().delete()"
    subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "--command", forget],
        cwd=ROOT,
        env=scene.server.environment,
        check=True,
    )

    # when a customer comes, then they are answered
    visitor = scene.visitor()
    chat_id = visitor.start("When are you open?")
    assert OPEN in eventually(lambda: visitor.read(chat_id), lambda said: OPEN in said)


def test_it_joins_a_chat_where_the_word_falls(scene: Scene) -> None:
    # given a chat between a customer and a person
    visitor = scene.visitor()
    chat_id = scene.chat_with(visitor)
    visitor.say(chat_id, "Hello")
    assert scene.bot_id not in scene.users(chat_id)

    # when the customer says the word
    visitor.say(chat_id, "Where is my Parcel?")

    # then the bot comes and answers, and stays
    said = eventually(lambda: visitor.read(chat_id), lambda said: PARCELS in said)
    assert said == ["Hello", "Where is my Parcel?", PARCELS]
    assert scene.users(chat_id)[scene.bot_id] == "all"
    visitor.say(chat_id, "When are you open?")
    assert OPEN in eventually(lambda: visitor.read(chat_id), lambda said: OPEN in said)


def test_it_hands_over_to_a_person_who_is_there(scene: Scene) -> None:
    # given a customer who talks to the bot, while nobody is there
    visitor = scene.visitor()
    chat_id = visitor.start("Hello")
    visitor.say(chat_id, "I want a human")
    said = eventually(lambda: visitor.read(chat_id), lambda said: len(said) == 4)
    assert said[3].startswith("Nobody is there right now.")
    assert scene.bot_id in scene.users(chat_id)

    # when an agent is connected, and the customer asks again
    with agent_online(scene):
        visitor.say(chat_id, "A human, please!")

        # then the agent has the chat, and the bot keeps quiet
        users = eventually(lambda: scene.users(chat_id), lambda users: scene.bot_id not in users)
        assert users[scene.agent_id] == "all"
        visitor.say(chat_id, "My parcel is late")
        other = scene.visitor()
        other_chat = other.start("When are you open?")
        eventually(lambda: other.read(other_chat), lambda said: OPEN in said)
        assert visitor.read(chat_id)[-3:] == [
            "A human, please!",
            "One moment, a colleague takes over.",
            "My parcel is late",
        ]


def test_it_whispers_tips_to_agents(scene: Scene) -> None:
    # given a chat between a customer and a person
    visitor = scene.visitor()
    chat_id = scene.chat_with(visitor)

    # when the customer says what agents should know about
    visitor.say(chat_id, "I want a refund")
    eventually(lambda: scene.seen(chat_id), lambda seen: len(texts(seen)) == 1)
    visitor.say(chat_id, "Or a discount?")
    tips = eventually(lambda: scene.seen(chat_id), lambda seen: len(texts(seen)) == 2)

    # then agents read the tips and customers do not
    assert texts(tips) == [
        "Refunds: up to 30 days with receipt, after that ask a lead.",
        "Discounts: 10 % may be given without asking.",
    ]
    assert {tip["visibility"] for tip in tips} == {"agents"}
    assert visitor.read(chat_id) == ["I want a refund", "Or a discount?"]
    assert scene.users(chat_id)[scene.bot_id] == "agents"

    # and the whisperer joins when it is asked for
    visitor.say(chat_id, "Where is my parcel?")
    assert PARCELS in eventually(lambda: visitor.read(chat_id), lambda said: PARCELS in said)


def test_it_is_the_same_bot_again(
    server: LiveServer, door: TlsDoor, port: int, state: Path
) -> None:
    # given a bot that has worked before
    with bot(server, door, port, state):
        before = (state / "bot.json").read_text()
    scene = Scene(server, json.loads(before)["bot_id"])
    assert status_of(scene) == "offline"

    # when it starts again
    with bot(server, door, port, state):
        status = status_of(scene)

    # then it is the same, online, with the webhooks it had
    assert status == "accepting_chats"
    assert (state / "bot.json").read_text() == before
    listed = scene.configure("list_webhooks", owner_client_id=server.demo["client_id"])
    assert sorted(one["action"] for one in listed) == ["incoming_chat", "incoming_event"]


def status_of(scene: Scene) -> str:
    listed = scene.agent("list_routing_statuses")
    (found,) = (one["status"] for one in listed if one["agent_id"] == scene.bot_id)
    status: str = found
    return status


def test_it_takes_webhooks_from_the_platform_only_and_each_once(
    scene: Scene, port: int, state: Path
) -> None:
    # given a webhook as the platform would send it
    secret = json.loads((state / "bot.json").read_text())["webhook_secret"]
    event = {"id": "X_1", "type": "message", "text": "Hello", "author_id": "x"}
    body = {
        "webhook_id": "x",
        "secret_key": secret,
        "action": "incoming_event",
        "organization_id": scene.server.demo["organization_id"],
        "additional_data": {},
        "payload": {"chat_id": "NOSUCHCHAT", "thread_id": "X", "event": event},
    }

    def sent(body: Event, moment: datetime, key: str, **changed: str) -> int:
        raw = json.dumps(body).encode()
        headers = signatures.headers("msg_1", moment, raw, key)
        return posted(port, raw, {**headers, **changed})

    def looked_up() -> int:
        return (state / "bot.log").read_text().count("action/get_chat")

    # then it is refused when it is not signed, old, altered, or says another secret
    now = datetime.now(UTC)
    assert posted(port, json.dumps(body).encode(), {}) == 401
    assert sent(body, now, "guessed") == 401
    assert sent(body, now - timedelta(minutes=6), secret) == 401
    assert sent(body, now, secret, **{"webhook-id": "msg_2"}) == 401
    assert sent({**body, "secret_key": "guessed"}, now, secret) == 401
    assert sent(body, now, secret, **{"webhook-signature": "v1,\xe9"}) == 401
    assert sent(body, now, secret, **{"webhook-timestamp": "9" * 5_000}) == 401
    assert looked_up() == 0

    # and taken once, however often it comes
    assert [sent(body, now, secret) for _ in range(2)] == [200, 200]
    assert looked_up() == 1
