"""The audit log in the admin: who, when, from where, what; nothing of others, nothing changed."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags

from chatplatform import clock
from chatplatform.models import AuditEntry, Organization
from chatplatform.selectors import audit
from tests import make
from tests.admin.conftest import Visitor
from tests.plans import read_through

LOG = "chatplatform/auditentry/"
EXPORT = f"{LOG}export.csv"


@pytest.fixture(autouse=True)
def _blank(owner: Visitor) -> None:
    """Begin with an empty log."""
    AuditEntry.objects.all().delete()


def entry(organization: Organization | None, action: str = "update_tag", **more: Any) -> AuditEntry:
    """Write down something."""
    values = {"subject_type": "tag", "subject_id": "vip", **more}
    return AuditEntry.objects.create(organization=organization, action=action, **values)


def listed(visitor: Visitor, **narrowed: Any) -> list[int]:
    """Return what the list shows, by key."""
    return [one.pk for one in visitor.get(LOG, **narrowed).context["cl"].result_list]


def table(visitor: Visitor, **narrowed: Any) -> list[dict[str, str]]:
    """Return what the export says."""
    response = visitor.get(EXPORT, **narrowed)
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(text.splitlines()))


class TestTheList:
    def test_a_change_in_the_admin_is_in_it(self, owner: Visitor, acme: Organization):
        owner.post("chatplatform/tag/add/", name="refund", group_ids=[0])

        html = owner.get(LOG).content.decode()

        for words in ("Create tag", "refund", owner.agent.public_id, "Administration", "192.0.2.7"):
            assert words in html

    def test_the_newest_come_first(self, owner: Visitor, acme: Organization):
        first, second = entry(acme), entry(acme)

        assert listed(owner) == [second.pk, first.pk]

    def test_it_is_narrowed_by_what_who_and_which_object(self, owner: Visitor, acme: Organization):
        tag = entry(acme, user_id="ann@acme.example")
        agent = entry(acme, "create_agent", subject_type="agent", subject_id="bob@acme.example")

        assert listed(owner, action="create_agent") == [agent.pk]
        assert listed(owner, subject_type="tag") == [tag.pk]
        assert listed(owner, subject_id="bob@acme.example") == [agent.pk]
        assert listed(owner, user_id="ann@acme.example") == [tag.pk]
        assert listed(owner, user_id="ann@acme.example", action="create_agent") == []

    def test_it_is_narrowed_by_days_that_are_those_of_ones_own_clock(
        self, owner: Visitor, acme: Organization
    ):
        at = [f"2026-06-{day}T22:30:00Z" for day in (13, 14, 15)]
        keys = [entry(acme, at=clock.from_wire(one)).pk for one in at]

        assert listed(owner, since="2026-06-14", until="2026-06-14") == [keys[1]]
        assert listed(owner, since="2026-06-15") == [keys[2]]
        owner.client.cookies["admin-zone"] = "Europe/Warsaw"
        assert listed(owner, since="2026-06-15", until="2026-06-15") == [keys[1]]

    def test_what_happened_at_nearly_the_same_time_is_not_lost(
        self, owner: Visitor, acme: Organization
    ):
        """Keys are given in the order in which changes begin, not in which they are written."""
        midnight = clock.from_wire("2026-06-15T00:00:00Z")
        late = entry(acme, at=midnight + timedelta(seconds=1))
        early = entry(acme, at=midnight)
        entry(acme, at=midnight - timedelta(seconds=1))

        assert listed(owner, since="2026-06-15") == [early.pk, late.pk]

    def test_a_day_that_is_none_is_refused_and_narrows_nothing(
        self, owner: Visitor, acme: Organization
    ):
        made = entry(acme)

        page = owner.get(LOG, since="yesterday")

        assert [one.pk for one in page.context["cl"].result_list] == [made.pk]
        assert list(page.context["cl"].form.errors) == ["since"]

    def test_what_there_is_is_offered(self, owner: Visitor, acme: Organization):
        for action in ("update_tag", "create_tag", "update_tag"):
            entry(acme, action)
        entry(make.organization("Globex"), "secret_plan")

        form = owner.get(LOG).context["cl"].form

        offered = [value for value, _title in form.fields["action"].choices]
        assert offered == ["", "create_tag", "update_tag"]

    def test_nothing_is_counted(self, owner: Visitor, acme: Organization):
        entry(acme)

        with CaptureQueriesContext(connection) as made:
            listed(owner, action="update_tag")

        asked = [query["sql"] for query in made if "auditentry" in query["sql"]]
        assert asked
        assert not [sql for sql in asked if "COUNT(" in sql.upper()]


class TestOneEntry:
    def test_each_field_is_shown_as_it_was_and_is(self, owner: Visitor, acme: Organization):
        made = entry(
            acme,
            before={"name": "old <b>", "on": True, "gone": [1]},
            after={"name": "new", "on": False, "secret": "[hidden, changed]"},
        )

        page = owner.get(f"{LOG}{made.pk}/change/")

        assert [tuple(one) for one in page.context["changes"]] == [
            ("Gone", "[\n  1\n]", None),
            ("Name", "old <b>", "new"),
            ("On", "yes", "no"),
            ("Secret", None, "hidden; another than before"),
        ]
        assert "old &lt;b&gt;" in page.content.decode()

    def test_fields_have_the_labels_of_the_form(self, owner: Visitor, acme: Organization):
        made = entry(
            acme,
            "create_canned_response",
            subject_type="canned_response",
            after={"tags": ["hi"], "is_private": False},
        )

        page = owner.get(f"{LOG}{made.pk}/change/")

        labels = [change.label for change in page.context["changes"]]
        assert labels == ["For me only", "Shortcuts"]

    @pytest.mark.parametrize(
        ("recorded", "name"),
        [
            ({"before": {"name": "Old"}, "after": {"name": "New"}}, "New"),
            ({"before": {"name": "Gone"}, "after": None}, "Gone"),
            ({"before": {"on": True}, "after": {"on": False}}, "2"),
            ({"before": None, "after": {"text": "x" * 200}}, "x" * 79 + "…"),
            ({"before": None, "after": {"name": "[hidden]"}}, "2"),
        ],
        ids=["renamed", "deleted", "unnamed", "long", "hidden"],
    )
    def test_an_object_is_called_as_it_was_then(
        self, recorded: dict[str, Any], name: str, owner: Visitor, acme: Organization
    ):
        made = entry(acme, "update_group", subject_type="group", subject_id="2", **recorded)

        listed_as = strip_tags(owner.get(LOG).context["cl"].model_admin.subject(made))
        page = owner.get(f"{LOG}{made.pk}/change/")

        assert listed_as == f"Group {name}"
        assert page.context["title"] == f"Update group: {name}"

    def test_others_are_not_there(self, owner: Visitor, db: None):
        foreign = entry(make.organization("Globex"), subject_id="their-plan")
        platform = entry(None, subject_id="their-plan")

        assert listed(owner) == []
        assert table(owner) == []
        for one in (foreign, platform):
            assert owner.get(f"{LOG}{one.pk}/change/").status_code == 302

    def test_nothing_can_be_changed(self, owner: Visitor, acme: Organization):
        made = entry(acme)

        assert owner.get(f"{LOG}add/").status_code == 403
        assert owner.post(f"{LOG}{made.pk}/change/", action="x").status_code == 403
        assert owner.post(f"{LOG}{made.pk}/delete/", post="yes").status_code == 403
        owner.post(LOG, action="delete_selected", _selected_action=[made.pk], post="yes")
        made.refresh_from_db()
        assert made.action == "update_tag"


class TestTheExport:
    def test_it_says_what_is_shown(self, owner: Visitor, acme: Organization):
        entry(acme, "create_agent")
        entry(acme, after={"name": "ä"}, user_id="ann@acme.example", address="192.0.2.9")

        (found,) = table(owner, action="update_tag")

        assert found["action"] == "update_tag"
        assert found["after"] == '{"name": "ä"}'
        assert (found["user_id"], found["address"]) == ("ann@acme.example", "192.0.2.9")

    def test_its_days_are_those_of_ones_own_clock(self, owner: Visitor, acme: Organization):
        """It is written while it is sent, when nobody's clock holds any more."""
        for day in (13, 14, 15):
            entry(acme, subject_id=str(day), at=clock.from_wire(f"2026-06-{day}T22:30:00Z"))
        owner.client.cookies["admin-zone"] = "Europe/Warsaw"

        found = table(owner, since="2026-06-15", until="2026-06-15")

        assert [one["subject_id"] for one in found] == ["14"]

    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)"])
    def test_no_spreadsheet_runs_any_of_it(self, owner: Visitor, acme: Organization, text: str):
        entry(acme, subject_id=text)

        assert [one["subject_id"] for one in table(owner)] == [f"'{text}"]

    def test_it_is_bounded(
        self, owner: Visitor, acme: Organization, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("configuration.admin.audit.EXPORTED", 4)
        monkeypatch.setattr("configuration.admin.audit.BATCH", 2)
        keys = [entry(acme, subject_id=str(number)).subject_id for number in range(6)]

        assert [one["subject_id"] for one in table(owner)] == keys[:1:-1]


def test_a_superuser_reads_the_log_of_the_whole_platform(superuser: Visitor, acme: Organization):
    ours, platform = entry(acme), entry(None, "sign_in", subject_type="account")

    assert listed(superuser) == [platform.pk, ours.pk]
    assert listed(superuser, action="sign_in") == [platform.pk]
    superuser.post("organization/choose/", organization=acme.pk)
    assert listed(superuser) == [ours.pk]


class TestThePlans:
    """What a long log would cost: every way to narrow it has an index."""

    ENTRIES = 20_000

    @pytest.fixture
    def log(self, acme: Organization) -> None:
        """A year of changes, most of them somebody else's."""
        now, step = clock.now(), timedelta(days=365) / self.ENTRIES
        globex = make.organization("Globex")
        AuditEntry.objects.bulk_create(
            (
                AuditEntry(
                    organization=globex if number % 4 else acme,
                    at=now - step * (self.ENTRIES - number),
                    user_id=f"agent{number % 50}@example.com",
                    action=f"action_{number % 40}",
                    subject_type=f"kind_{number % 20}",
                    subject_id=str(number % 500),
                )
                for number in range(self.ENTRIES)
            ),
            batch_size=2_000,
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    @pytest.mark.parametrize(
        "narrowed",
        [
            {},
            {"action": "action_4"},
            {"user_id": "agent8@example.com"},
            {"subject_type": "kind_4", "subject_id": "44"},
            {"subject_id": "44"},
            {"since": clock.now() - timedelta(days=40), "until": clock.now() - timedelta(days=39)},
        ],
        ids=lambda narrowed: "-".join(narrowed) or "all",
    )
    def test_no_page_reads_through_the_log(
        self, acme: Organization, log: None, narrowed: dict[str, Any]
    ):
        whole = AuditEntry.objects.filter(organization=acme)

        with CaptureQueriesContext(connection) as made:
            rows = audit.narrowed(whole, acme.pk, **narrowed)
            found = list(rows.order_by("-pk")[:51])

        assert found
        for query in made:
            assert read_through(query["sql"], "chatplatform_auditentry") == set()
