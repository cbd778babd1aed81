"""What was written and has not reached the server yet."""

import pytest

from tests.e2e.workspace.modules.states import Evaluate

pytestmark = pytest.mark.browser

OUTBOX = """
const { Outbox } = await load("outbox.js");
const { RequestError } = await load("connection.js");
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const kept = new Map();
const storage = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => kept.set(key, value),
};
const sent = [];
let answer = async () => ({ event_id: "E" });
let items = [];
const make = () => new Outbox({
  send: async (chatId, event) => { sent.push(event); return answer(event); },
  onChange: (now) => { items = now; },
  storage,
  key: "outbox",
});
const outbox = make();
"""


class TestTheOutbox:
    """What was written and has not arrived."""

    def test_it_waits_for_the_line_and_keeps_the_order(self, evaluate: Evaluate) -> None:
        sent = evaluate(
            OUTBOX
            + """
            for (const text of ["one", "two", "three"]) outbox.add("C1", { type: "message", text });
            await later(10);
            const early = sent.length;
            outbox.open();
            await later(30);
            return [early, sent.map((event) => event.text), items.map((item) => item.state)];
            """
        )
        assert sent == [0, ["one", "two", "three"], ["sent", "sent", "sent"]]

    def test_what_the_line_lost_goes_again_under_the_same_custom_id(
        self, evaluate: Evaluate
    ) -> None:
        same, states = evaluate(
            OUTBOX
            + """
            answer = async () => { throw new RequestError("disconnected"); };
            outbox.open();
            outbox.add("C1", { type: "message", text: "one" });
            await later(10);
            outbox.close();
            answer = async () => ({ event_id: "E" });
            outbox.open();
            await later(30);
            return [sent[0].custom_id === sent[1].custom_id && sent.length === 2,
                    items.map((item) => item.state)];
            """
        )
        assert (same, states) == (True, ["sent"])

    def test_a_refusal_is_shown_and_only_repeated_on_request(self, evaluate: Evaluate) -> None:
        refused, retried = evaluate(
            OUTBOX
            + """
            answer = async () => { throw new RequestError("chat_inactive"); };
            outbox.open();
            const id = outbox.add("C1", { type: "message", text: "one" });
            await later(10);
            const refused = items.map((item) => [item.state, item.error]);
            answer = async () => ({ event_id: "E" });
            outbox.retry(id);
            await later(10);
            return [refused, items.map((item) => item.state)];
            """
        )
        assert refused == [["failed", "chat_inactive"]]
        assert retried == ["sent"]

    def test_it_survives_a_reload_and_forgets_what_arrived(self, evaluate: Evaluate) -> None:
        restored, left = evaluate(
            OUTBOX
            + """
            const id = outbox.add("C1", { type: "message", text: "one" });
            outbox.add("C1", { type: "message", text: "two" });
            const again = make();
            const restored = again.items.map((item) => [item.event.text, item.state]);
            again.confirm(id);
            return [restored, make().items.map((item) => item.event.text)];
            """
        )
        assert restored == [["one", "queued"], ["two", "queued"]]
        assert left == ["two"]
