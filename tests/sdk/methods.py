"""Every method of the official Python SDK's four classes, called and its answer checked.

Runs in an environment that holds the SDK and nothing of ours:
``python methods.py HOST VERSION FACTS.json CA.pem``. A method that is not called fails the run.
"""

import inspect
import io
import json
import os
import sys
import time
import traceback

from livechat.agent.rtm.base import AgentRTM
from livechat.agent.web.base import AgentWeb
from livechat.customer.rtm.base import CustomerRTM
from livechat.customer.web.base import CustomerWeb

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
WITHIN_SECONDS = 10


class Refused(Exception):
    """The server refused; ``str`` is the error's type."""


class Counted:
    """A client whose methods return their answers' contents; ``called`` has their names."""

    def __init__(self, client):
        self.client = client
        self.called = set()

    def __getattr__(self, name):
        method = getattr(self.client, name)

        def ask(*given, **named):
            self.called.add(name)
            return content(name, method(*given, **named))

        return ask

    def has(self, name):
        """Tell whether the SDK has a method in this version."""
        return hasattr(self.client, name)

    def left_out(self):
        """Return the methods that were not called."""
        methods = inspect.getmembers(self.client, inspect.ismethod)
        return sorted({name for name, _ in methods if name[0] != "_"} - self.called)


def content(name, answer):
    """Return what an answer of either transport says; raise for refusals and silence."""
    if hasattr(answer, "status_code"):
        body = answer.json()
        if answer.status_code != 200:
            raise Refused(body["error"]["type"], name, body)
        return body
    if hasattr(answer, "rtm_response"):
        if not answer.success:
            raise Refused(answer.payload["error"]["type"], name, answer.payload)
        return answer.payload
    assert name.endswith(("_connection", "_header", "_headers")), f"{name}: no answer in time"
    return answer


def refusal(method, **named):
    """Return the type of the error a call is refused with."""
    try:
        return method(**named)
    except Refused as refused:
        return refused.args[0]


def holds(payload, wanted):
    """Tell whether a payload holds at least what is wanted."""
    if isinstance(wanted, dict) and isinstance(payload, dict):
        return all(name in payload and holds(payload[name], wanted[name]) for name in wanted)
    return payload == wanted


def pushed(client, action, **wanted):
    """Wait for a push that holds at least ``wanted``; return its payload."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while time.monotonic() < deadline:
        for message in list(client.client.ws.messages):
            is_it = (message.get("type"), message.get("action")) == ("push", action)
            if is_it and holds(message["payload"], wanted):
                return message["payload"]
        time.sleep(0.02)
    heard = [message.get("action") for message in client.client.ws.messages]
    raise AssertionError(f"no {action} push with {wanted}; heard {heard}")


def equal(actual, expected):
    """Check that two values are the same, and show them otherwise."""
    assert actual == expected, f"{actual!r} should be {expected!r}"


def message(text, **more):
    """Return a message."""
    return {"type": "message", "text": text, **more}


class Conversation:
    """The clients of both sides, and what they talk about."""

    def __init__(self, host, version, facts, authority):
        self.facts = facts
        self.version = version
        agent, self.colleague, third = facts["agents"]
        visitor, other = facts["customers"][:2]
        self.agent_id, self.third_id = agent["id"], third["id"]
        self.customer_id = visitor["entity_id"]
        self.token = f"Bearer {agent['access_token']}"
        self.customer_token = f"Bearer {visitor['access_token']}"
        where = {"version": version, "base_url": host}
        home = {"organization_id": facts["organization_id"]}

        def agent_web(token):
            return Counted(AgentWeb.get_client(access_token=token, verify=authority, **where))

        def customer_web(token):
            return Counted(
                CustomerWeb.get_client(access_token=token, verify=authority, **where, **home)
            )

        self.rtm = Counted(AgentRTM.get_client(**where))
        self.third = Counted(AgentRTM.get_client(**where))
        self.customer = Counted(CustomerRTM.get_client(**where, **home))
        self.web = agent_web(self.token)
        self.third_web = agent_web(f"Bearer {third['access_token']}")
        self.site = customer_web(self.customer_token)
        self.other = customer_web(f"Bearer {other['access_token']}")
        self.third_token = f"Bearer {third['access_token']}"

    @property
    def agents(self):
        """Both clients of the agent."""
        return self.rtm, self.web

    @property
    def customers(self):
        """Both clients of the customer."""
        return self.customer, self.site

    def enter(self):
        """Everybody logs in; the agent takes chats."""
        for client in (self.rtm, self.third, self.customer):
            client.open_connection(response_timeout=20)
        login = self.rtm.login(token=self.token, customer_monitoring_level="highest_available")
        equal(login["my_profile"]["id"], self.agent_id)
        self.third.login(token=self.third_token)
        equal(
            self.customer.login(token=self.customer_token)["customer"]["id"],
            self.customer_id,
        )
        if self.rtm.has("update_session"):
            equal(self.rtm.update_session(token=self.token), {})
        equal(self.rtm.set_away_status(away=False), {})
        equal(
            self.rtm.change_push_notifications(
                firebase_token="token", platform="ios", enabled=True
            ),
            {},
        )
        for client in self.agents:
            equal(client.set_routing_status(status="accepting_chats"), {})
            statuses = client.list_routing_statuses(filters={"group_ids": [0]})
            assert {"agent_id": self.agent_id, "status": "accepting_chats"} in statuses, statuses

    def headers(self):
        """What the Web clients say of themselves belongs to them alone."""
        for client, token in ((self.web, self.token), (self.site, self.customer_token)):
            client.modify_header({"X-Region": "dal"})
            equal(client.get_headers()["x-region"], "dal")
            client.remove_header("X-Region")
            assert "x-region" not in client.get_headers()
            equal(client.get_headers()["authorization"], token)

    def visit(self):
        """What a page with the widget asks for."""
        fields = [{"order": "42"}]
        self.customer.update_customer_page(url=self.facts["website"], title="Shop")
        for client in self.customers:
            equal(client.set_customer_session_fields(session_fields=fields), {})
            client.update_customer(name="Thomas", email="thomas@example.com")
            me = client.get_customer()
            equal((me["name"], me["session_fields"]), ("Thomas", fields))
            equal(client.list_group_statuses(group_ids=[0])["groups_status"], {"0": "online"})
            assert client.list_group_statuses(all=True)["groups_status"]["0"] == "online"
            form = client.get_form(group_id=0, type="prechat")
            equal((form["enabled"], form["form"]["id"]), (True, self.facts["forms"]["prechat"]))
            equal(refusal(client.get_url_info, url="http://127.0.0.1/"), "not_found")
            if client.has("get_predicted_agent"):
                assert client.get_predicted_agent()["agent"]["name"]
            if client.has("request_welcome_message"):
                assert client.request_welcome_message()["predicted_agent"]["name"]
        if self.customer.has("activate_customer_page"):
            equal(self.customer.deactivate_customer_page(), {})
            equal(self.customer.activate_customer_page(), {})
        equal(
            self.other.check_goals(
                session_fields=fields, group_id=0, page_url=f"{self.facts['website']}/thanks"
            ),
            {},
        )
        self.site.called.add("check_goals")  # only customers without a connection may
        equal(
            self.site.request_email_verification(callback_uri=f"{self.facts['website']}/verified"),
            {},
        )

    def configuration(self):
        """What a widget is built from."""
        found = self.site.get_dynamic_configuration(group_id=0, url=self.facts["website"])
        found = found.get("livechat", found)
        configuration = self.site.get_configuration(group_id=0, version=found["config_version"])
        assert isinstance(configuration["buttons"], list)
        assert self.site.get_localization(
            group_id=0, language="en", version=found["localization_version"]
        )
        assert isinstance(self.site.list_license_properties(), dict)
        assert isinstance(self.site.list_group_properties(group_id=0), dict)

    def greetings(self):
        """Greetings are shown on their pages, accepted and cancelled."""
        for client, page in ((self.customer, "offers"), (self.site, "news")):
            self.customer.update_customer_page(url=f"{self.facts['website']}/{page}", title="Shop")
            greeting = self.facts["greetings"][page]
            shown = pushed(self.customer, "incoming_greeting", id=greeting)
            named = {"unique_id": shown["unique_id"]}
            equal(client.accept_greeting(greeting_id=greeting, **named), {})
            pushed(self.customer, "greeting_accepted", **named)
            equal(client.cancel_greeting(**named), {})
            pushed(self.customer, "greeting_canceled", **named)

    def start(self):
        """The customer starts a chat."""
        thread = {"events": [message("Hello")]}
        started = self.customer.start_chat(chat={"thread": thread})
        self.chat_id, self.thread_id = started["chat_id"], started["thread_id"]
        came = pushed(self.rtm, "incoming_chat", chat={"id": self.chat_id})
        equal(came["chat"]["thread"]["events"][0]["text"], "Hello")
        self.chat = {"chat_id": self.chat_id}
        self.thread = {**self.chat, "thread_id": self.thread_id}
        assert self.other.start_chat()["chat_id"]
        self.site.called.add("start_chat")  # a customer has one chat
        for client in self.agents:
            assert client.start_chat(active=False)["chat_id"]

    def talk(self):
        """Everybody writes, types, sends files."""
        self.words = ["Hello"]
        for client, hears in (
            *((client, self.customer) for client in self.agents),
            *((client, self.rtm) for client in self.customers),
        ):
            text = f"Number {len(self.words)}"
            sent = client.send_event(**self.chat, event=message(text))["event_id"]
            heard = pushed(hears, "incoming_event", event={"id": sent})
            equal(heard["event"]["text"], text)
            self.words.append(text)
        self.web.send_event(**self.chat, event=message("Between us", visibility="agents"))
        for client, side in ((self.web, self.customer), (self.site, self.rtm)):
            url = client.upload_file(file={"file": ("a.png", io.BytesIO(PNG), "image/png")})["url"]
            sent = client.send_event(**self.chat, event={"type": "file", "url": url})["event_id"]
            heard = pushed(side, "incoming_event", event={"id": sent})
            equal(heard["event"]["content_type"], "image/png")
        for client in self.customers:
            equal(client.send_sneak_peek(**self.chat, sneak_peek_text="tha"), {})
        equal(pushed(self.rtm, "incoming_sneak_peek")["sneak_peek"]["text"], "tha")
        for client in self.agents:
            typing = {"visibility": "all", "is_typing": True}
            equal(client.send_typing_indicator(**self.chat, **typing), {})
        assert pushed(self.customer, "incoming_typing_indicator")["typing_indicator"]["is_typing"]
        if self.rtm.has("send_event_preview"):
            self.think()

    def think(self):
        """What agents say while they think, and words taken back: 3.6 and newer."""
        for client in self.agents:
            equal(client.send_event_preview(**self.chat, event=message("Let me")), {})
            thought = {"title": "Thinking", "description": "deep", "visibility": "all"}
            equal(client.send_thinking_indicator(**self.chat, **thought, custom_id="t"), {})
        equal(pushed(self.customer, "incoming_event_preview")["event"]["text"], "Let me")
        pushed(self.customer, "incoming_thinking_indicator")
        for client in self.customers:
            sent = client.send_event(**self.chat, event=message("Oops"))["event_id"]
            equal(client.delete_event(**self.thread, event_id=sent), {})
            pushed(self.rtm, "event_deleted", event_id=sent)

    def rich_message(self):
        """A rich message is seen, and its button pressed."""
        button = {"text": "Yes", "postback_id": "yes", "user_ids": []}
        button |= {"value": "yes", "type": "message"}
        event = {
            "type": "rich_message",
            "template_id": "quick_replies",
            "elements": [{"title": "Is it urgent?", "buttons": [button]}],
        }
        self.event_id = self.rtm.send_event(**self.chat, event=event)["event_id"]
        shown = pushed(self.customer, "incoming_event", event={"id": self.event_id})
        moment = shown["event"]["created_at"]
        for client in (*self.customers, *self.agents):
            equal(client.mark_events_as_seen(**self.chat, seen_up_to=moment), {})
            equal(
                client.send_rich_message_postback(
                    **self.thread,
                    event_id=self.event_id,
                    postback={"id": "yes", "toggled": client in (self.rtm, self.customer)},
                ),
                {},
            )
        pushed(self.rtm, "events_marked_as_seen", user_id=self.customer_id)
        pressed = pushed(self.rtm, "incoming_rich_message_postback")
        equal(pressed["postback"]["id"], "yes")

    def properties(self):
        """Chats, threads and events have properties."""
        values = {"test": {"string_property": "value"}}
        names = {"test": ["string_property"]}
        places = {
            "chat": {"id": self.chat_id},
            "thread": self.thread,
            "event": {**self.thread, "event_id": self.event_id},
        }
        for client in (*self.agents, *self.customers):
            for place, ids in places.items():
                update = getattr(client, f"update_{place}_properties")
                equal(update(**ids, properties=values), {})
                delete = getattr(client, f"delete_{place}_properties")
                equal(delete(**ids, properties=names), {})
        for place in places:
            pushed(self.rtm, f"{place}_properties_updated", properties=values)
            pushed(self.rtm, f"{place}_properties_deleted", properties=names)

    def people(self):
        """Colleagues come and go, read along, are told things, take over."""
        someone = {"user_id": self.colleague["id"], "user_type": "agent"}
        onlookers = {self.rtm: self.third, self.web: self.third_web}
        for client in self.agents:
            equal(client.add_user_to_chat(**self.chat, **someone, visibility="all"), {})
            equal(client.remove_user_from_chat(**self.chat, **someone), {})
            recipients = {"agents": {"ids": [self.agent_id]}}
            equal(client.multicast(recipients=recipients, content={"a": 1}, type="x"), {})
            assert isinstance(client.list_agents_for_transfer(**self.chat), list)
            for name in ("follow_chat", "unfollow_chat"):
                equal(getattr(onlookers[client], name)(id=self.chat_id), {})
                client.called.add(name)  # who takes part need not follow
        pushed(self.customer, "user_added_to_chat")
        equal(pushed(self.rtm, "incoming_multicast")["content"], {"a": 1})
        for client, there in ((self.rtm, self.third_id), (self.web, self.agent_id)):
            equal(
                client.transfer_chat(
                    id=self.chat_id,
                    target={"type": "agent", "ids": [there]},
                    ignore_requester_presence=True,
                ),
                {},
            )
            pushed(
                self.rtm,
                "chat_transferred",
                transferred_to={"agent_ids": [there]},
            )

    def customers_of_agents(self):
        """What agents know of customers, and change."""
        banned = self.facts["customers"][2]["entity_id"]
        for client in self.agents:
            equal(client.get_customer(id=self.customer_id)["name"], "Thomas")
            client.update_customer(id=self.customer_id, name="Tom")
            equal(client.get_customer(id=self.customer_id)["name"], "Tom")
            client.update_customer(id=self.customer_id, name="Thomas")
            equal(client.ban_customer(id=banned, ban={"days": 1}), {})
            if client.has("create_customer"):
                made = client.create_customer(name="Nadia")["customer_id"]
                equal(client.get_customer(id=made)["name"], "Nadia")
                assert client.list_customers(limit=10)["customers"]
            for name in ("follow_customer", "unfollow_customer"):
                if client.has(name):  # the SDK keeps what ended with 3.3
                    equal(refusal(getattr(client, name), id=self.customer_id), "not_found")
        pushed(self.rtm, "customer_banned")
        if self.web.has("get_license_info"):
            equal(self.web.get_license_info()["license_id"], str(self.facts["license_id"]))

    def tags(self):
        """Threads are tagged."""
        for client in self.agents:
            equal(client.tag_thread(**self.thread, tag="parcel"), {})
            equal(client.untag_thread(**self.thread, tag="parcel"), {})
        equal(pushed(self.rtm, "thread_tagged")["tag"], "parcel")
        pushed(self.rtm, "thread_untagged")

    def read(self):
        """Everybody reads what they may."""
        for client in (*self.agents, *self.customers):
            thread = client.get_chat(**self.thread)["thread"]
            words = [event["text"] for event in thread["events"] if event["type"] == "message"]
            whisper = ["Between us"] if client in self.agents else []
            equal([word for word in words if word != "Oops"], self.words + whisper)
            equal(client.list_threads(**self.chat)["threads"][0]["id"], self.thread_id)
            listed = client.list_chats(limit=10)
            known = "chats_info" if "chats_info" in listed else "chats_summary"
            assert self.chat_id in [chat["id"] for chat in listed[known]], listed

    def archive(self):
        """The chat closes and opens from every side, and is found again."""
        for closing, opening in (
            (self.rtm, self.customer),
            (self.customer, self.rtm),
            (self.web, self.site),
            (self.site, self.web),
        ):
            equal(closing.deactivate_chat(id=self.chat_id), {})
            assert opening.resume_chat(chat={"id": self.chat_id})["thread_id"]
        for client in self.agents:
            found = client.list_archives(filters={"thread_ids": [self.thread_id]})
            equal([chat["thread"]["id"] for chat in found["chats"]], [self.thread_id])
            if client.has("get_thread_transcript"):
                assert "Hello" in client.get_thread_transcript(**self.thread)["transcript"]
                equal(client.request_thread_summary(**self.thread), {})

    def leave(self):
        """Everybody goes."""
        equal(self.rtm.logout(), {})
        if self.web.has("logout"):
            equal(self.web.logout(), {})
        for client in (self.rtm, self.third, self.customer):
            client.close_connection()


def main(host, version, facts, authority):
    talk = Conversation(host, version, facts, authority)
    for step in (
        talk.enter,
        talk.headers,
        talk.visit,
        talk.configuration,
        talk.greetings,
        talk.start,
        talk.talk,
        talk.rich_message,
        talk.properties,
        talk.people,
        talk.customers_of_agents,
        talk.tags,
        talk.read,
        talk.archive,
        talk.leave,
    ):
        print(step.__name__, flush=True)
        step()
    for client in (talk.rtm, talk.web, talk.customer, talk.site):
        equal(client.left_out(), [])


def run(conversation):
    """Call ``conversation`` with what the command line says, and end the process.

    It would stay otherwise: 0.4.1 keeps a connection's thread alive.
    """
    host, version, facts, authority = sys.argv[1:]
    status = 1
    try:
        with open(facts) as told:
            conversation(host, version, json.load(told), authority)
        status = 0
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    run(main)
