"""Two server processes write to one chat at the same time."""

import asyncio

from tests import clients
from tests.clients import RtmClient
from tests.faults.stage import Stage

MESSAGES = 300


async def _say(client: RtmClient, chat_id: str, name: str) -> None:
    for number in range(MESSAGES):
        await client.say(chat_id, f"{name} {number}")


async def test_everybody_sees_the_stored_order_of_what_two_servers_wrote_at_once(
    stage: Stage,
) -> None:
    first, second = ([url] for url in stage.urls)
    token = clients.new_customer(stage.urls[0], stage.demo)["access_token"]
    # Given: a chat whose customer and agents have connections to both processes
    async with (
        stage.agent(1, first) as agent,
        stage.agent(2, second) as colleague,
        stage.customer(first, token) as customer,
        stage.customer(second, token) as other_tab,
    ):
        chat_id = (await customer.call("start_chat"))["chat_id"]
        readers = [agent, colleague, customer, other_tab]
        for one in (agent, colleague):
            await one.call("follow_chat", {"id": chat_id})
        for one in readers:
            await one.watch(chat_id)

        # When: both tabs write as fast as they are answered
        await asyncio.gather(_say(customer, chat_id, "first"), _say(other_tab, chat_id, "second"))

        # Then: everybody got every message once, pushed in the order the database has
        stored = [event_id for event_id, _ in stage.stored(chat_id)]
        assert len(stored) >= 2 * MESSAGES
        for reader in readers:
            await clients.until(
                lambda reader=reader: len(reader.transcript(chat_id)) == len(stored),
                within=30,
                what="all messages",
            )
            assert [event["id"] for event in reader.transcript(chat_id)] == stored
            assert reader.closings == []
