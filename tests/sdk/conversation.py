"""A whole conversation through the official Python SDK, unmodified, on both transports.

Runs in an environment that holds the SDK and nothing of ours:
``python conversation.py HOST VERSION DEMO.json CUSTOMER.json CA.pem``. Every answer is checked
where it arrives; the last line printed is the transcript as the customer's Web API shows it.
"""

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

WITHIN = 20
"""Seconds until an answer or a push that should come is missed."""

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def picture():
    """Return a file the way the SDK hands it to its HTTP library: by part name."""
    return {"file": ("parcel.png", io.BytesIO(PNG), "image/png")}


def answer(response):
    """Return a Web answer's body; anything but 200 ends the run."""
    assert response.status_code == 200, (response.request.url, response.status_code, response.text)
    return response.json()


def granted(response):
    """Return an RTM answer's payload; a refusal or silence ends the run."""
    assert response is not None, "no answer in time"
    assert response.success is True, response.rtm_response
    return response.payload


def pushed(client, action, wanted):
    """Wait for a push that ``wanted`` accepts, and return its payload."""
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        for message in list(client.ws.messages):
            if (message.get("type"), message.get("action")) != ("push", action):
                continue
            if wanted(message["payload"]):
                return message["payload"]
        time.sleep(0.05)
    raise AssertionError(f"no {action} push: {client.ws.messages}")


def main(host, version, demo, customer, authority):
    agent = demo["agents"][0]
    agent_token = f"Bearer {agent['access_token']}"
    customer_token = f"Bearer {customer['access_token']}"
    organization = demo["organization_id"]
    agent_rtm = AgentRTM.get_client(version=version, base_url=host)
    customer_rtm = CustomerRTM.get_client(
        version=version, base_url=host, organization_id=organization
    )
    agent_web = AgentWeb.get_client(
        access_token=agent_token, version=version, base_url=host, verify=authority
    )
    customer_web = CustomerWeb.get_client(
        access_token=customer_token,
        version=version,
        base_url=host,
        organization_id=organization,
        verify=authority,
    )

    # Both log in; the agent takes chats.
    agent_rtm.open_connection(response_timeout=WITHIN)
    customer_rtm.open_connection(response_timeout=WITHIN)
    profile = granted(agent_rtm.login(token=agent_token))["my_profile"]
    assert profile["id"] == agent["id"]
    granted(agent_rtm.set_routing_status(status="accepting_chats"))
    me = granted(customer_rtm.login(token=customer_token))["customer"]
    assert me["id"] == customer["entity_id"]
    statuses = answer(customer_web.list_group_statuses(all=True))["groups_status"]
    assert statuses["0"] == "online", statuses

    # The customer starts a chat over RTM; both talk, over RTM and the Web.
    hello = {"type": "message", "text": "Hello", "custom_id": "hello"}
    started = granted(customer_rtm.start_chat(chat={"thread": {"events": [hello]}}))
    chat_id, thread_id = started["chat_id"], started["thread_id"]
    came = pushed(agent_rtm, "incoming_chat", lambda push: push["chat"]["id"] == chat_id)
    assert came["chat"]["thread"]["events"][0]["text"] == "Hello"

    def say(client, text, **more):
        event = {"type": "message", "text": text, **more}
        return client.send_event(chat_id=chat_id, event=event)

    granted(say(agent_rtm, "How can I help?"))
    pushed(customer_rtm, "incoming_event", lambda push: push["event"]["text"] == "How can I help?")
    answer(say(customer_web, "My parcel is late"))
    pushed(agent_rtm, "incoming_event", lambda push: push["event"]["text"] == "My parcel is late")
    answer(say(agent_web, "Between us: he is right", visibility="agents"))
    answer(say(agent_web, "I am looking into it"))
    pushed(customer_rtm, "incoming_event", lambda push: push["event"]["text"].endswith("into it"))

    # What surrounds a conversation.
    granted(customer_rtm.send_sneak_peek(chat_id=chat_id, sneak_peek_text="thank"))
    pushed(agent_rtm, "incoming_sneak_peek", lambda push: push["sneak_peek"]["text"] == "thank")
    answer(customer_web.send_sneak_peek(chat_id=chat_id, sneak_peek_text="thank y"))
    granted(agent_rtm.send_typing_indicator(chat_id=chat_id, visibility="all", is_typing=True))
    pushed(
        customer_rtm,
        "incoming_typing_indicator",
        lambda push: push["typing_indicator"]["is_typing"],
    )
    url = answer(customer_web.upload_file(file=picture()))["url"]
    file = {"type": "file", "url": url}
    answer(customer_web.send_event(chat_id=chat_id, event=file))
    sent = pushed(agent_rtm, "incoming_event", lambda push: push["event"]["type"] == "file")
    assert sent["event"]["content_type"] == "image/png", sent
    other = answer(agent_web.upload_file(file=picture()))["url"]
    granted(agent_rtm.send_event(chat_id=chat_id, event={"type": "file", "url": other}))
    seen = sent["event"]["created_at"]
    granted(agent_rtm.mark_events_as_seen(chat_id=chat_id, seen_up_to=seen))
    answer(agent_web.mark_events_as_seen(chat_id=chat_id, seen_up_to=seen))
    granted(customer_rtm.mark_events_as_seen(chat_id=chat_id, seen_up_to=seen))
    answer(customer_web.mark_events_as_seen(chat_id=chat_id, seen_up_to=seen))
    granted(customer_rtm.update_customer(name="Thomas", email="thomas@example.com"))
    pushed(agent_rtm, "customer_updated", lambda push: push.get("name") == "Thomas")
    answer(customer_web.update_customer(name="Thomas A."))
    assert granted(customer_rtm.get_customer())["name"] == "Thomas A."
    assert answer(customer_web.get_customer())["email"] == "thomas@example.com"
    assert answer(agent_web.get_customer(id=me["id"]))["name"] == "Thomas A."
    assert granted(agent_rtm.get_customer(id=me["id"]))["chat_ids"] == [chat_id]
    granted(customer_rtm.update_customer_page(url="https://example.com/", title="Home"))
    configuration = answer(customer_web.get_dynamic_configuration(group_id=0))
    assert configuration["organization_id"] == organization
    granted(customer_rtm.list_group_statuses(all=True))

    # A colleague is added and leaves; others follow.
    colleague = demo["agents"][1]["id"]
    granted(
        agent_rtm.add_user_to_chat(
            chat_id=chat_id, user_id=colleague, user_type="agent", visibility="all"
        )
    )
    pushed(customer_rtm, "user_added_to_chat", lambda push: push["user"]["type"] == "agent")
    answer(agent_web.remove_user_from_chat(chat_id=chat_id, user_id=colleague, user_type="agent"))
    pushed(customer_rtm, "user_removed_from_chat", lambda push: push["reason"] == "manual")
    answer(
        agent_web.add_user_to_chat(
            chat_id=chat_id, user_id=colleague, user_type="agent", visibility="agents"
        )
    )
    granted(agent_rtm.remove_user_from_chat(chat_id=chat_id, user_id=colleague, user_type="agent"))
    onlooker = AgentWeb.get_client(
        access_token=f"Bearer {demo['agents'][2]['access_token']}",
        version=version,
        base_url=host,
        verify=authority,
    )
    answer(onlooker.follow_chat(id=chat_id))
    answer(onlooker.unfollow_chat(id=chat_id))

    # Everybody reads.
    for client, read in ((agent_rtm, granted), (customer_rtm, granted)):
        assert read(client.get_chat(chat_id=chat_id))["thread"]["id"] == thread_id
        assert read(client.list_threads(chat_id=chat_id))["found_threads"] == 1
        read(client.list_chats())
    for client in (agent_web, customer_web):
        assert answer(client.get_chat(chat_id=chat_id))["thread"]["id"] == thread_id
        assert answer(client.list_threads(chat_id=chat_id))["found_threads"] == 1
        answer(client.list_chats())
    statuses = granted(agent_rtm.list_routing_statuses())
    own = [row for row in statuses if row["agent_id"] == agent["id"]]
    assert own == [{"agent_id": agent["id"], "status": "accepting_chats"}], own
    answer(agent_web.list_routing_statuses())
    answer(agent_web.set_routing_status(status="accepting_chats"))

    # The chat closes and opens from either side.
    granted(agent_rtm.deactivate_chat(id=chat_id))
    pushed(customer_rtm, "chat_deactivated", lambda push: push["thread_id"] == thread_id)
    again = granted(customer_rtm.resume_chat(chat={"id": chat_id}))["thread_id"]
    pushed(agent_rtm, "incoming_chat", lambda push: push["chat"]["thread"]["id"] == again)
    answer(customer_web.deactivate_chat(id=chat_id))
    answer(customer_web.resume_chat(chat={"id": chat_id}))
    answer(agent_web.deactivate_chat(id=chat_id))
    granted(agent_rtm.resume_chat(chat={"id": chat_id}))
    granted(customer_rtm.deactivate_chat(id=chat_id))
    answer(agent_web.resume_chat(chat={"id": chat_id}))
    granted(agent_rtm.deactivate_chat(id=chat_id))
    granted(agent_rtm.start_chat())
    answer(agent_web.start_chat(active=False))

    first = answer(customer_web.get_chat(chat_id=chat_id, thread_id=thread_id))["thread"]
    granted(agent_rtm.logout())
    customer_rtm.close_connection()
    print(json.dumps([event.get("text", event["type"]) for event in first["events"]]))


if __name__ == "__main__":
    HOST, VERSION, DEMO, CUSTOMER, AUTHORITY = sys.argv[1:]
    status = 1
    try:
        with open(DEMO) as demo_file, open(CUSTOMER) as customer_file:
            main(HOST, VERSION, json.load(demo_file), json.load(customer_file), AUTHORITY)
        status = 0
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # 0.4.1 keeps a connection's thread, and so the process, alive
