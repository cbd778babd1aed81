"""The official JavaScript clients that run in Node, unmodified, hold whole conversations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live import live_server
from tests.sdk.conftest import Company, Facts, run_node
from tests.tls import tls_door

pytestmark = pytest.mark.sdk

Companies = Callable[[str], Company]
Node = Callable[[str, Facts], None]


def with_customers(made: Company, count: int = 1) -> Facts:
    """Return what a script should know: the organisation, and customers of it."""
    customers = [made.new_customer() for _ in range(count)]
    return {**made.demo, "customers": customers, "customer": customers[0]}


def test_sockjs_client_on_each_of_its_ways(company: Companies, node: Node) -> None:
    node("sockjs-client.mjs", with_customers(company("SockJS")))


def test_sockjs_client_under_daphne(tmp_path: Path) -> None:
    with (
        live_server(tmp_path, SERVER="daphne") as server,
        tls_door(tmp_path, server.port) as door,
    ):
        run_node("sockjs-client.mjs", server.demo, door, tmp_path)


def test_chat_sdk_holds_a_whole_conversation(company: Companies, node: Node) -> None:
    node("chat-sdk.mjs", with_customers(company("chat-sdk")))


def test_lc_sdk_js_holds_a_whole_conversation(company: Companies, node: Node) -> None:
    node("lc-sdk-js.mjs", with_customers(company("lc-sdk-js"), 3))
