"""Webhooks in the admin: registrations, whether a licence's are sent, and what became of calls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chatplatform import clock, ids
from chatplatform.models import (
    Application,
    Organization,
    Webhook,
    WebhookDelivery,
    WebhookEndpoint,
)
from chatplatform.services import installations
from chatplatform.services.deliveries import LEASE
from tests import make
from tests.admin.conftest import Visitor, errors
from tests.html_forms import form_of

ADD = "chatplatform/webhook/add/"
CALLS = "chatplatform/webhookdelivery/"
SECRET = "hush-hush"


@pytest.fixture
def app(acme: Organization) -> Application:
    """An integration of Acme's."""
    return make.application(acme)


def values(app: Application, **more: Any) -> dict[str, Any]:
    """Return what a filled form sends."""
    return {
        "owner_client_id": app.client_id,
        "action": "incoming_event",
        "url": "https://hooks.acme.example/",
        "secret_key": SECRET,
        "type": "license",
        **more,
    }


def listed(visitor: Visitor, **narrowed: Any) -> list[int]:
    """Return the calls a list shows, by number."""
    return [one.pk for one in visitor.get(CALLS, **narrowed).context["cl"].result_list]


class TestRegistering:
    def test_a_webhook_is_registered_with_what_narrows_it(self, owner: Visitor, app: Application):
        response = owner.post(
            ADD,
            **values(
                app,
                description="For the archive",
                author_type="customer",
                source_type=["system", "my_client"],
                only_my_chats="on",
                additional_data=["chat_properties"],
            ),
        )

        assert response.status_code == 302
        made = Webhook.objects.get()
        assert (made.application, made.action, made.kind) == (app, "incoming_event", "license")
        assert (made.endpoint.url, made.secret_key) == ("https://hooks.acme.example/", SECRET)
        assert made.filters == {
            "author_type": "customer",
            "source_type": ["system", "my_client"],
            "only_my_chats": True,
        }
        assert made.additional_data == ["chat_properties"]

    def test_what_refuses_it_stands_beside_its_field(self, owner: Visitor, app: Application):
        response = owner.post(ADD, **values(app, url="nowhere"))

        assert list(errors(response)) == ["url"]
        assert not Webhook.objects.exists()

    def test_a_filter_that_the_action_has_not_is_refused(self, owner: Visitor, app: Application):
        response = owner.post(ADD, **values(app, action="tag_created", author_type="agent"))

        assert errors(response) == {
            "__all__": ["`filters`: tag_created can not be narrowed by `author_type`"]
        }
        assert not Webhook.objects.exists()

    def test_the_secret_is_not_shown_again(self, owner: Visitor, app: Application):
        refused = owner.post(ADD, **values(app, url="nowhere"))
        webhook = make.webhook(app, secret_key=SECRET)

        shown = owner.get(f"chatplatform/webhook/{webhook.pk}/change/")
        for page in (refused, shown, owner.get("chatplatform/webhook/")):
            assert page.status_code == 200
            assert SECRET not in page.content.decode()

    def test_anothers_application_can_not_be_named(self, owner: Visitor, app: Application):
        foreign = make.application(make.organization("Globex"))

        response = owner.post(ADD, **values(foreign))

        assert list(errors(response)) == ["owner_client_id"]
        assert not Webhook.objects.exists()

    def test_without_an_application_the_page_says_what_is_missing(self, owner: Visitor):
        assert "there is none yet" in owner.get(ADD).content.decode()

    def test_nothing_is_changed(self, owner: Visitor, app: Application):
        webhook = make.webhook(app)

        response = owner.post(f"chatplatform/webhook/{webhook.pk}/change/", **values(app))

        assert response.status_code == 403
        assert Webhook.objects.get().action == webhook.action

    def test_one_is_taken_away(self, owner: Visitor, app: Application):
        webhook = make.webhook(app)
        page = owner.get(f"chatplatform/webhook/{webhook.pk}/delete/")
        assert "Calls that wait for it are not sent" in page.content.decode()

        owner.post(f"chatplatform/webhook/{webhook.pk}/delete/", post="yes")

        assert not Webhook.objects.exists()

    def test_others_are_not_there(self, owner: Visitor):
        foreign = make.webhook(
            make.application(make.organization("Globex")), url="https://globex.example/"
        )

        assert "globex.example" not in owner.get("chatplatform/webhook/").content.decode()
        for page, status in (("change", 403), ("delete", 302)):
            response = owner.post(f"chatplatform/webhook/{foreign.pk}/{page}/", post="yes")
            assert response.status_code == status
        assert Webhook.objects.filter(pk=foreign.pk).exists()


class TestHealth:
    @pytest.mark.parametrize(
        ("state", "words"),
        [
            ({}, ["Answers"]),
            (
                {"failing_since": clock.now() - timedelta(hours=2), "failures": 4},
                ["Failing", "2\xa0hours ago", "Next try:"],
            ),
            ({"disabled_at": clock.now() - timedelta(days=1)}, ["Switched off", "410"]),
        ],
        ids=["well", "failing", "gone"],
    )
    def test_it_is_said_in_words(
        self, owner: Visitor, app: Application, state: dict[str, Any], words: list[str]
    ):
        make.webhook(app)
        WebhookEndpoint.objects.update(**state)

        html = owner.get("chatplatform/webhook/").content.decode()

        assert all(word in html for word in words)


class TestSending:
    def test_an_applications_are_switched_off_and_on(
        self, owner: Visitor, acme: Organization, app: Application
    ):
        row = installations_of(acme, app)
        sent = form_of(owner.get("webhooks/sending/"))

        del sent[app.client_id]
        owner.post("webhooks/sending/", **sent)
        row.refresh_from_db()
        assert row.webhooks_enabled is False

        owner.post("webhooks/sending/", **{app.client_id: "on"})
        row.refresh_from_db()
        assert row.webhooks_enabled is True


def installations_of(organization: Organization, app: Application) -> Any:
    """Return the application as it is installed there."""
    found = organization.installations.filter(application=app).first()
    if found is None:
        installations.install(organization, app)
        found = organization.installations.get(application=app)
    return found


class TestCalls:
    def test_they_are_listed_with_how_they_went(
        self, owner: Visitor, acme: Organization, app: Application
    ):
        hook = make.webhook(app)
        make.delivery(acme, hook, status=503)
        make.delivery(acme, hook, status=None, error="no route to host")
        make.delivery(acme, hook, state="delivered", status=204)

        html = owner.get(CALLS).content.decode()

        for words in ("Failed", "Delivered", "503", "no route to host", "204"):
            assert words in html

    def test_they_are_narrowed(self, owner: Visitor, acme: Organization, app: Application):
        said, tagged = make.webhook(app), make.webhook(app, "tag_created")
        old = make.delivery(acme, said, occurred_at=clock.now() - timedelta(days=3))
        first = make.delivery(acme, said)
        second = make.delivery(acme, tagged, state="delivered")

        assert listed(owner) == [second.pk, first.pk, old.pk]
        assert listed(owner, state="delivered") == [second.pk]
        assert listed(owner, webhook=said.pk) == [first.pk, old.pk]
        assert listed(owner, action="tag_created") == [second.pk]
        assert listed(owner, action="tag_created", webhook=said.pk) == []
        assert listed(owner, period="day") == [second.pk, first.pk]

    def test_they_come_a_page_at_a_time_however_many_there_are(
        self, owner: Visitor, acme: Organization, app: Application
    ):
        hook = make.webhook(app)
        numbers = [make.delivery(acme, hook, attempts=0).pk for _ in range(60)][::-1]

        first = owner.get(CALLS).context["cl"]
        assert [one.pk for one in first.result_list] == numbers[:50]
        assert first.newer_query == ""
        second = owner.client.get(f"/admin/{CALLS}{first.older_query}").context["cl"]
        assert [one.pk for one in second.result_list] == numbers[50:]
        assert second.older_query == ""
        back = owner.client.get(f"/admin/{CALLS}{second.newer_query}").context["cl"]
        assert [one.pk for one in back.result_list] == numbers[:50]

    @pytest.mark.parametrize("key", ["", "x", "-1", "9" * 40, "²"])
    def test_a_position_that_is_none_is_the_newest(
        self, owner: Visitor, acme: Organization, app: Application, key: str
    ):
        number = make.delivery(acme, make.webhook(app)).pk

        assert listed(owner, after=key) == [number]
        assert listed(owner, state="nonsense", webhook="nonsense", before="x") == [number]

    def test_nothing_is_counted(self, owner: Visitor, acme: Organization, app: Application):
        make.delivery(acme, make.webhook(app))

        with CaptureQueriesContext(connection) as made:
            listed(owner)

        asked = [query["sql"] for query in made if "webhookdelivery" in query["sql"]]
        assert asked
        assert not [sql for sql in asked if "COUNT(" in sql.upper()]

    def test_others_are_not_there(self, owner: Visitor, acme: Organization, app: Application):
        globex = make.organization("Globex")
        foreign = make.delivery(globex, make.webhook(make.application(globex)))
        elsewhere = make.delivery(globex, make.webhook(app))

        assert listed(owner) == []
        for number in (foreign.pk, elsewhere.pk):
            assert owner.get(f"{CALLS}{number}/change/").status_code == 302
            assert owner.get(f"{CALLS}{number}/part/").status_code == 404
            assert owner.post(f"{CALLS}{number}/again/").status_code == 404
            assert owner.post(f"{CALLS}{number}/now/").status_code == 404
        owner.post(CALLS, action="send_again", _selected_action=[foreign.pk, elsewhere.pk])
        assert {one.state for one in WebhookDelivery.objects.all()} == {"failed"}


class TestOneCall:
    def test_every_attempt_and_the_body_are_shown_but_no_secret(
        self, owner: Visitor, acme: Organization, app: Application
    ):
        hook = make.webhook(app, secret_key=SECRET)
        body = {"action": hook.action, "payload": {"text": "<b>Hi</b>"}}
        call = make.delivery(acme, hook, attempts=2, answer="Not <now>", body=body)

        html = owner.get(f"{CALLS}{call.pk}/change/").content.decode()

        assert ids.delivery_id(call.pk) in html
        assert html.count("Not &lt;now&gt;") == 2
        assert "&lt;b&gt;Hi&lt;/b&gt;" in html
        assert "<b>Hi</b>" not in html
        assert SECRET not in html

    def test_it_is_sent_again(
        self, owner: Visitor, acme: Organization, app: Application, logged: Callable[..., Any]
    ):
        call = make.delivery(acme, make.webhook(app))

        response = owner.post(f"{CALLS}{call.pk}/again/", follow=True)

        call.refresh_from_db()
        assert (call.state, call.attempts_count) == ("waiting", 0)
        assert "It is sent again." in response.content.decode()
        (entry,) = [one for one in logged(acme) if one["action"] == "redeliver_webhook"]
        assert (entry["subject_id"], entry["door"]) == (ids.delivery_id(call.pk), "admin")

    def test_it_is_not_where_the_address_wishes_not_to_be_called(
        self, owner: Visitor, acme: Organization, app: Application
    ):
        call = make.delivery(acme, make.webhook(app))
        WebhookEndpoint.objects.update(disabled_at=clock.now())

        response = owner.post(f"{CALLS}{call.pk}/again/", follow=True)

        call.refresh_from_db()
        assert call.state == "failed"
        assert "The endpoint answered 410" in response.content.decode()

    def test_one_that_waits_is_sent_now(
        self, owner: Visitor, acme: Organization, app: Application, logged: Callable[..., Any]
    ):
        call = make.delivery(
            acme,
            make.webhook(app),
            state="waiting",
            attempts=5,
            due_at=clock.now() + timedelta(hours=2),
        )
        WebhookEndpoint.objects.update(failures=5, open_at=clock.now() + timedelta(minutes=4))
        assert "Send now" in owner.get(f"{CALLS}{call.pk}/part/").content.decode()

        response = owner.post(f"{CALLS}{call.pk}/now/", follow=True)

        call.refresh_from_db()
        assert (call.state, call.attempts_count) == ("waiting", 5)
        assert max(call.due_at, call.endpoint.open_at) <= clock.now()
        html = response.content.decode()
        assert "It is sent now." in html
        assert "Send now" not in html
        (entry,) = [one for one in logged(acme) if one["action"] == "send_webhook_now"]
        assert (entry["subject_id"], entry["door"]) == (ids.delivery_id(call.pk), "admin")

    def test_one_that_a_worker_may_have_in_hand_is_left_alone(
        self, owner: Visitor, acme: Organization, app: Application, logged: Callable[..., Any]
    ):
        due = clock.now() + LEASE
        call = make.delivery(acme, make.webhook(app), state="waiting", due_at=due)

        response = owner.post(f"{CALLS}{call.pk}/now/", follow=True)

        call.refresh_from_db()
        assert call.due_at == due
        assert "It is tried within a minute anyway." in response.content.decode()
        assert "send_webhook_now" not in [one["action"] for one in logged(acme)]

    @pytest.mark.parametrize(
        ("state", "gone", "words"),
        [
            ("failed", False, "It does not wait any more"),
            ("waiting", True, "The endpoint answered 410"),
        ],
    )
    def test_what_can_not_be_sent_now_says_why(
        self,
        owner: Visitor,
        acme: Organization,
        app: Application,
        state: str,
        gone: bool,
        words: str,
    ):
        due = clock.now() + timedelta(hours=2)
        call = make.delivery(acme, make.webhook(app), state=state, due_at=due)
        WebhookEndpoint.objects.update(disabled_at=clock.now() if gone else None)

        response = owner.post(f"{CALLS}{call.pk}/now/", follow=True)

        call.refresh_from_db()
        assert (call.state, call.due_at) == (state, due)
        assert words in response.content.decode()

    def test_several_are_sent_now_and_counted(
        self, owner: Visitor, acme: Organization, app: Application
    ):
        hook = make.webhook(app)
        far = clock.now() + timedelta(hours=2)
        late = [make.delivery(acme, hook, state="waiting", due_at=far) for _ in range(2)]
        due = make.delivery(acme, hook, state="waiting")
        failed = make.delivery(acme, hook)
        chosen = [one.pk for one in (*late, due, failed)]

        response = owner.post(CALLS, follow=True, action="send_now", _selected_action=chosen)

        html = response.content.decode()
        assert "2 calls are sent now." in html
        assert "1 call is tried within a minute anyway." in html
        assert "1 call does not wait" in html
        assert not WebhookDelivery.objects.filter(due_at__gt=clock.now()).exists()
        failed.refresh_from_db()
        assert failed.state == "failed"

    def test_looking_sends_nothing(self, owner: Visitor, acme: Organization, app: Application):
        call = make.delivery(acme, make.webhook(app))

        for door in ("again", "now"):
            assert owner.get(f"{CALLS}{call.pk}/{door}/").status_code == 404
        call.refresh_from_db()
        assert call.state == "failed"

    def test_several_are_sent_again_and_counted(
        self, owner: Visitor, acme: Organization, app: Application
    ):
        hook = make.webhook(app)
        failed = [make.delivery(acme, hook) for _ in range(2)]
        waits = make.delivery(acme, hook, state="waiting", attempts=0)
        chosen = [one.pk for one in (*failed, waits)]

        response = owner.post(CALLS, follow=True, action="send_again", _selected_action=chosen)

        assert {one.state for one in WebhookDelivery.objects.all()} == {"waiting"}
        html = response.content.decode()
        assert "2 calls are sent again." in html
        assert "1 call waits for its next try: “Send now” has it at once." in html

    def test_nothing_else_can_be_done_to_one(
        self, owner: Visitor, acme: Organization, app: Application
    ):
        call = make.delivery(acme, make.webhook(app))

        assert owner.get(f"{CALLS}add/").status_code == 403
        assert owner.post(f"{CALLS}{call.pk}/change/", state="delivered").status_code == 403
        assert owner.post(f"{CALLS}{call.pk}/delete/", post="yes").status_code == 403
        call.refresh_from_db()
        assert call.state == "failed"


def test_a_superuser_sees_all_calls_and_sends_each_where_it_belongs(
    superuser: Visitor, acme: Organization, app: Application
):
    globex = make.organization("Globex")
    here = make.delivery(acme, make.webhook(app))
    there = make.delivery(globex, make.webhook(make.application(globex)))

    assert listed(superuser) == [there.pk, here.pk]
    assert listed(superuser, state="waiting") == []
    superuser.post(f"{CALLS}{there.pk}/again/")

    here.refresh_from_db()
    there.refresh_from_db()
    assert (here.state, there.state) == ("failed", "waiting")
