"""Agent Chat API: threads as text, their summaries, and the licence."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from chatplatform.models import Agent, Organization, SummaryRequest, Thread
from chatplatform.services import summaries
from tests import make
from tests.world import User, World


@pytest.fixture
def talk(ann: User, carl: User) -> dict[str, str]:
    """Ids of the chat and thread Ann and Carl talk in."""
    started = carl.call("start_chat", chat={"thread": {"events": [make.message("My order?")]}})
    return {"chat_id": started["chat_id"], "thread_id": started["thread_id"]}


# --- transcripts --------------------------------------------------------------------------------


def test_a_transcript_has_a_line_for_all_that_was_said(
    ann: User, carl: User, talk: dict[str, str]
) -> None:
    chat_id = talk["chat_id"]
    ann.call("send_event", chat_id=chat_id, event=make.message("Looking.\nOne moment"))
    ann.call("send_event", chat_id=chat_id, event=make.message("Again!", visibility="agents"))
    card = {
        "title": "Teapot",
        "buttons": [{"text": "Buy", "type": "message", "value": "x", "postback_id": "p"}],
    }
    ann.call(
        "send_event",
        chat_id=chat_id,
        event={"type": "rich_message", "template_id": "cards", "elements": [card]},
    )
    name = {"id": "1", "type": "name", "label": "Name:", "answer": "Carl"}
    carl.call(
        "send_event",
        chat_id=chat_id,
        event={"type": "filled_form", "form_id": "f", "fields": [name]},
    )
    carl.call("send_event", chat_id=chat_id, event={"type": "custom", "content": {"x": 1}})
    carl.call("deactivate_chat", id=chat_id)

    transcript = ann.call("get_thread_transcript", **talk)["transcript"]

    lines = transcript.splitlines()
    events = ann.call("get_chat", chat_id=chat_id)["thread"]["events"]
    first = events[0]["created_at"][:19].replace("T", " ")
    assert lines[0].startswith(f"{first} UTC ")
    said = [line.partition(" UTC ")[2] or line for line in lines]
    assert said[:2] == ["Carl: My order?", "Ann: Looking."]
    assert said[2:7] == [
        "One moment",
        "Ann (to agents only): Again!",
        "Ann: Teapot",
        "[Buy]",
        "Carl: Name: Carl",
    ]
    assert said[7:] == ["System: Carl archived the chat"]


def test_a_transcript_names_files(ann: User, carl: User, talk: dict[str, str]) -> None:
    url = carl.upload("a.txt", b"a", "text/plain")
    carl.call("send_event", chat_id=talk["chat_id"], event={"type": "file", "url": url})

    transcript = ann.call("get_thread_transcript", **talk)["transcript"]

    assert transcript.endswith(f"Carl: a.txt <{url}>")


def test_who_may_not_see_a_deleted_event_does_not_read_it(
    world: World, acme: Organization, ann: User, carl: User, talk: dict[str, str]
) -> None:
    boss = world.agent(acme, "boss", role="administrator")
    event = ann.call("get_chat", chat_id=talk["chat_id"])["thread"]["events"][0]["id"]
    carl.call("delete_event", **talk, event_id=event)

    assert "order" not in ann.call("get_thread_transcript", **talk)["transcript"]
    assert "order" in boss.call("get_thread_transcript", **talk)["transcript"]


def test_a_transcript_is_for_those_with_access(
    world: World, acme: Organization, ann: User, talk: dict[str, str]
) -> None:
    sales = make.group(acme, "Sales")
    chat = make.chat(make.customer(acme), groups=[sales.number])
    hidden = {"chat_id": chat.id, "thread_id": chat.last_thread_id}

    assert ann.refused("get_thread_transcript", **hidden) == "authorization"
    crossed = {**talk, "thread_id": chat.last_thread_id}
    assert ann.refused("get_thread_transcript", **crossed) == "not_found"


@pytest.mark.parametrize(("version", "status"), [("3.5", 404), ("3.6", 200), ("3.7", 200)])
def test_transcripts_and_summaries_came_with_3_6(
    ann: User, talk: dict[str, str], version: str, status: int
) -> None:
    body = f'{{"chat_id": "{talk["chat_id"]}", "thread_id": "{talk["thread_id"]}"}}'.encode()

    for action in ("get_thread_transcript", "request_thread_summary"):
        assert ann.http(action, body, version).status_code == status


# --- summaries ----------------------------------------------------------------------------------


def summarize(transcript: str) -> str:
    """Sum up; what tests plug in."""
    if "fail" in transcript:
        raise RuntimeError
    return f"{len(transcript.splitlines())} lines"


@pytest.fixture
def summarizer(settings: Settings) -> Iterator[None]:
    """Plug a summarizer in."""
    settings.THREAD_SUMMARIZER = f"{__name__}.summarize"
    return iter(())


def work(world: World) -> None:
    """Let the worker sum up what waits."""
    world.act(lambda: summaries.make_due(run=lambda make_one: make_one()))


def test_a_closed_thread_is_summed_up_once(
    world: World, ann: User, bob: User, carl: User, talk: dict[str, str], summarizer: None
) -> None:
    carl.call("deactivate_chat", id=talk["chat_id"])
    assert ann.call("request_thread_summary", **talk) == {}

    with world.capture_pushes() as heard:
        work(world)

    summary = ann.call("get_chat", chat_id=talk["chat_id"])["thread"]["summary"]
    assert summary == {"status": "ok", "text": "2 lines", "updated_at": summary["updated_at"]}
    assert heard.to(ann) == [("thread_summary_set", {**talk, "summary": summary})]
    assert heard.to(bob) == heard.to(carl) == []
    assert "summary" not in carl.call("get_chat", chat_id=talk["chat_id"])["thread"]
    assert ann.refused("request_thread_summary", **talk) == "not_allowed"


def test_a_running_thread_is_summed_up_in_an_event_each_time(
    world: World, ann: User, carl: User, talk: dict[str, str], summarizer: None
) -> None:
    for _ in range(2):
        ann.call("request_thread_summary", **talk)
        with world.capture_pushes() as heard:
            work(world)

        event = heard.payload(ann, "incoming_event")["event"]
        assert (event["type"], event["source"], event["subtype"]) == (
            "system",
            "ai_agents",
            "thread_summary",
        )
        assert event["visibility"] == "agents"
        assert heard.to(carl) == []
    assert Thread.objects.get(id=talk["thread_id"]).summary is None


def test_asking_again_before_it_is_made_makes_one(
    world: World, ann: User, talk: dict[str, str], summarizer: None
) -> None:
    for _ in range(2):
        ann.call("request_thread_summary", **talk)

    assert SummaryRequest.objects.count() == 1
    work(world)
    assert SummaryRequest.objects.count() == 0


def test_nobody_waits_for_a_summary(ann: User, talk: dict[str, str], summarizer: None) -> None:
    with ann.world.capture_pushes() as heard:
        assert ann.call("request_thread_summary", **talk) == {}

    assert heard.names == {}


def test_without_a_summarizer_who_asks_is_told(
    world: World, ann: User, bob: User, talk: dict[str, str]
) -> None:
    old = world.as_agent(Agent.objects.get(public_id=ann.id), version="3.5", online=True)

    with world.capture_pushes() as heard:
        assert ann.call("request_thread_summary", **talk) == {}

    told = {"action": "request_thread_summary", **talk}
    assert heard.to(ann) == [("incoming_error", told)]
    assert heard.to(bob) == heard.to(old) == []
    assert not SummaryRequest.objects.exists()


def test_a_summarizer_that_fails_is_told_of_and_may_be_asked_again(
    world: World, ann: User, carl: User, talk: dict[str, str], summarizer: None
) -> None:
    carl.call("send_event", chat_id=talk["chat_id"], event=make.message("fail"))
    carl.call("deactivate_chat", id=talk["chat_id"])
    ann.call("request_thread_summary", **talk)

    with world.capture_pushes() as heard:
        work(world)

    assert heard.to(ann) == [("incoming_error", {"action": "request_thread_summary", **talk})]
    assert Thread.objects.get(id=talk["thread_id"]).summary is None
    assert ann.call("request_thread_summary", **talk) == {}


def test_threads_are_summed_up_by_themselves_where_the_licence_says_so(
    world: World, acme: Organization, ann: User, carl: User, talk: dict[str, str], summarizer: None
) -> None:
    acme.properties = {"chats": {"auto_summary_enabled": True}}
    acme.save()
    carl.call("deactivate_chat", id=talk["chat_id"])

    work(world)

    thread = Thread.objects.get(id=talk["thread_id"])
    assert thread.summary is not None
    assert thread.summary["text"] == "2 lines"


def test_threads_are_not_summed_up_unasked(
    carl: User, talk: dict[str, str], summarizer: None
) -> None:
    carl.call("deactivate_chat", id=talk["chat_id"])

    assert not SummaryRequest.objects.exists()


def test_a_thread_that_is_gone_meanwhile_is_left_alone(
    world: World, ann: User, talk: dict[str, str], summarizer: None
) -> None:
    ann.call("request_thread_summary", **talk)
    Thread.objects.filter(id=talk["thread_id"]).delete()

    with world.capture_pushes() as heard:
        work(world)

    assert heard.names == {}


def test_summaries_are_for_those_with_access(
    acme: Organization, ann: User, talk: dict[str, str], summarizer: None
) -> None:
    sales = make.group(acme, "Sales")
    chat = make.chat(make.customer(acme), groups=[sales.number])

    hidden = {"chat_id": chat.id, "thread_id": chat.last_thread_id}
    assert ann.refused("request_thread_summary", **hidden) == "authorization"
    assert ann.refused("request_thread_summary", **{**talk, "thread_id": "NONE"}) == "not_found"


def test_a_worker_leaves_a_request_to_the_one_that_took_it(
    world: World, ann: User, talk: dict[str, str], summarizer: None
) -> None:
    ann.call("request_thread_summary", **talk)
    taken: list[Any] = []
    summaries.make_due(run=taken.append)

    summaries.make_due(run=taken.append)

    assert len(taken) == 1


# --- licence ------------------------------------------------------------------------------------


def test_the_licence_is_told_in_3_5_alone(ann: User, acme: Organization) -> None:
    told = ann.web("get_license_info", version="3.5")

    assert told.pop("created_at").endswith("Z")
    assert told == {
        "license_id": str(acme.license_id),
        "expires_at": "9999-12-31T23:59:59.000000Z",
        "in_trial": False,
    }
    for version in ("3.4", "3.6", "3.7"):
        assert ann.http("get_license_info", version=version).status_code == 404


def test_a_chat_closed_by_an_agent_leaves_a_transcript_too(ann: User, carl: User) -> None:
    chat = carl.call("start_chat")
    ann.call("deactivate_chat", id=chat["chat_id"])

    transcript = ann.call("get_thread_transcript", **chat)["transcript"]

    assert transcript.endswith(" UTC System: Ann archived the chat")


def test_a_summarizer_keeps_nobody_waiting() -> None:
    begun, finish = threading.Event(), threading.Event()
    done = threading.Event()

    def slowly() -> None:
        begun.set()
        finish.wait(10)
        done.set()

    summaries.in_background(slowly)

    assert begun.wait(10)
    assert not done.is_set()
    finish.set()
    assert done.wait(10)
