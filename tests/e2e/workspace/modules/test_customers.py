"""What is known of customers, and what an edited one may be."""

import pytest

from tests.e2e.workspace.modules.states import (
    CUSTOMER,
    LOGIN,
    After,
    Evaluate,
    at,
    chat,
    push,
)

pytestmark = pytest.mark.browser


class TestCustomers:
    """What an edited customer may be."""

    @pytest.mark.parametrize(
        ("given", "wrong"),
        [
            ({"email": "", "phone_number": ""}, []),
            ({"email": "cora@shop.example", "phone_number": "+49 (30) 90-1820"}, []),
            ({"email": "cora@shop"}, ["email"]),
            ({"email": "cora shop@example.com"}, ["email"]),
            ({"phone_number": "030 901820"}, ["phone_number"]),
            ({"phone_number": "+49 thirty"}, ["phone_number"]),
        ],
    )
    def test_values_are_checked_as_the_server_does(
        self, evaluate: Evaluate, given: dict[str, str], wrong: list[str]
    ) -> None:
        found = evaluate(
            'const { problems } = await load("customers.js"); return Object.keys(problems(given));',
            given,
        )
        assert found == wrong

    def test_only_what_changed_is_sent(self, evaluate: Evaluate) -> None:
        sent = evaluate(
            """
            const { changes } = await load("customers.js");
            return changes({ name: "Cora", email: "c@x.test" },
                           { name: "Cora", email: "", phone_number: "" });
            """
        )
        assert sent == {"email": ""}

    def test_new_counts_join_those_that_are_known(self, after: After) -> None:
        customer = {"id": CUSTOMER, "statistics": {"chats_count": 1, "visits_count": 2}}
        counted = after(
            LOGIN,
            {"type": "customer", "customer": customer},
            push(
                "customer_statistics_updated",
                {"customer_id": CUSTOMER, "statistics": {"visits_count": 3}},
            ),
            ask=f"state.customers['{CUSTOMER}'].statistics",
        )
        assert counted == {"chats_count": 1, "visits_count": 3}

    def test_a_page_opened_while_the_customer_is_read_is_not_forgotten(
        self, evaluate: Evaluate
    ) -> None:
        opened = {"opened_at": at(2), "url": "https://shop.example/stoves", "title": "Stoves"}
        given = {
            "before": [LOGIN, push("incoming_chat", {"chat": chat()})],
            "opened": push("customer_page_updated", {"customer_id": CUSTOMER, **opened}),
            "stale": {"id": CUSTOMER, "visit": {"last_pages": []}},
            "fresh": {"id": CUSTOMER, "visit": {"last_pages": [opened]}},
        }

        found = evaluate(
            """
            const { initialState, reduce } = await load("store.js");
            const { History } = await load("history.js");
            let state = given.before.reduce(reduce, initialState());
            const answers = [given.stale, given.fresh];
            const workspace = {
                get state() { return state; },
                store: { dispatch: (action) => { state = reduce(state, action); } },
                chats: { refresh: async () => {} },
                watching: { keep: () => {} },
                outbox: { confirmAll: () => {} },
                ask: async (action) => {
                    if (action !== "get_customer") return { threads: [] };
                    if (answers.length === 2) workspace.store.dispatch(given.opened);
                    return answers.shift();
                },
            };
            await new History(workspace).load("C1");
            while (state.customers["customer-1"]?.isLoading !== false) await null;
            return state.customers["customer-1"].visit.last_pages;
            """,
            given,
        )

        assert found == [opened]
