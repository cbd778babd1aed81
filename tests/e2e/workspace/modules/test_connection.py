"""The line to the server, with a socket that is none."""

import pytest

from tests.e2e.workspace.modules.states import Evaluate

pytestmark = pytest.mark.browser

CONNECTION = """
const { Connection } = await load("connection.js");
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const sockets = [];
window.WebSocket = class extends EventTarget {
  static OPEN = 1;
  constructor() {
    super();
    this.readyState = 0;
    this.frames = [];
    sockets.push(this);
    setTimeout(() => { this.readyState = 1; this.dispatchEvent(new Event("open")); });
  }
  send(text) {
    const frame = JSON.parse(text);
    this.frames.push(frame);
    if (frame.action === "login") this.answer(frame, { my_profile: {} });
  }
  hear(frame) {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) }));
  }
  answer(frame, payload, success = true) {
    const { request_id } = frame;
    setTimeout(() => this.hear({ type: "response", request_id, success, payload }));
  }
  close() {
    this.readyState = 3;
    setTimeout(() => this.dispatchEvent(new Event("close")));
  }
};
const states = [];
const renewals = [];
const connection = new Connection({
  url: "wss://workspace.test/",
  getToken: async (renew) => { renewals.push(renew); return "t"; },
  loginPayload: (token) => ({ token }),
  onLogin: () => {},
  onPush: () => {},
  onState: ({ phase, reason }) => states.push([phase, reason]),
});
await connection.start();
await later(30);
"""


class TestTheConnection:
    """One line that mends itself."""

    def test_it_logs_in_and_answers_requests(self, evaluate: Evaluate) -> None:
        states, answer = evaluate(
            CONNECTION
            + """
            const asked = connection.request("get_chat", { chat_id: "C1" });
            await later(5);
            sockets[0].answer(sockets[0].frames.at(-1), { id: "C1" });
            return [states, await asked];
            """
        )
        assert states == [["connecting", None], ["online", None]]
        assert answer == {"id": "C1"}

    def test_it_never_asks_more_at_once_than_the_server_lets_wait(self, evaluate: Evaluate) -> None:
        waiting, all_of_them = evaluate(
            CONNECTION
            + """
            const count = () => sockets[0].frames.filter((frame) => frame.action === "get_chat");
            for (let n = 0; n < 25; n += 1) connection.request("get_chat", { n }).catch(() => null);
            const waiting = count().length;
            let answered = 0;
            while (answered < 25) {
              const frame = count()[answered];
              if (!frame) break;
              sockets[0].answer(frame, {});
              answered += 1;
              await later(2);
            }
            return [waiting, count().length];
            """
        )
        assert waiting <= 10
        assert all_of_them == 25

    def test_a_line_that_does_not_answer_a_ping_counts_as_lost(self, evaluate: Evaluate) -> None:
        alive, dead = evaluate(
            CONNECTION
            + """
            connection.probe();
            const ping = sockets[0].frames.at(-1);
            sockets[0].answer(ping, {});
            await later(8_200);
            const alive = states.at(-1);
            connection.probe();
            await later(8_200);
            connection.stop();
            return [alive, states.map(([phase]) => phase)];
            """
        )
        assert alive == ["online", None]
        assert dead[:3] == ["connecting", "online", "waiting"]

    def test_a_lost_line_fails_writes_and_repeats_reads(self, evaluate: Evaluate) -> None:
        failed, repeated = evaluate(
            CONNECTION
            + """
            const write = connection.request("send_event", {}).catch((error) => error.type);
            connection.request("list_chats", {}, { idempotent: true }).catch(() => null);
            sockets[0].close();
            const failed = await write;
            await connection.start();
            await later(40);
            return [failed, sockets[1].frames.map((frame) => frame.action)];
            """
        )
        assert failed == "disconnected"
        assert repeated == ["login", "list_chats"]

    @pytest.mark.parametrize(
        ("reason", "phase", "renewed"),
        [
            ("internal_error", "waiting", False),
            ("connection_timeout", "waiting", False),
            ("access_token_expired", "waiting", True),
            ("role_permissions_changed", "waiting", True),
            ("access_token_revoked", "stopped", None),
            ("connection_evicted", "stopped", None),
            ("agent_logged_out_remotely", "stopped", None),
            ("license_expired", "stopped", None),
            ("unsupported_version", "stopped", None),
        ],
    )
    def test_it_does_what_the_disconnect_reason_asks(
        self, evaluate: Evaluate, reason: str, phase: str, renewed: bool | None
    ) -> None:
        last, renewals = evaluate(
            CONNECTION
            + """
            const payload = { reason: given };
            sockets[0].hear({ type: "push", action: "agent_disconnected", payload });
            const last = states.at(-1);
            await later(700);
            connection.stop();
            return [last, renewals];
            """,
            reason,
        )
        assert last == [phase, reason]
        assert renewals == ([False] if renewed is None else [False, renewed])
