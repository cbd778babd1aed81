"""What is known of customers, and what an edited one may be."""

import pytest

from tests.e2e.workspace.modules.states import CUSTOMER, LOGIN, After, Evaluate, push

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
