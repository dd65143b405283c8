"""The audit log's page, and its export."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient
from django.urls import reverse

from dr_console.audit.export import ROWS_A_PIECE, csv_pieces, harmless
from dr_console.audit.models import AuditEntry
from dr_console.audit.services import record
from dr_console.people import services
from dr_console.roles import ROLES
from tests import make

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)


@pytest.fixture
def manager(client):
    someone = make.user("mia", role="manager")
    client.force_login(someone)
    return someone


def entry(**fields):
    defaults = {"at": NOON, "origin": "192.0.2.1", "action": "person.role_changed", "target": "person bob"}
    return AuditEntry.objects.create(**defaults | fields)


def page(client, **query):
    return client.get(reverse("audit:log"), query)


def rows(response):
    return response.context["listing"].page.rows


def text(response):
    return re.sub(r"\s+", " ", unescape(response.content.decode()))


def exported(response):
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content)))


@pytest.mark.parametrize("name", ["log", "export"])
@pytest.mark.parametrize("role", ROLES)
def test_managers_and_administrators_read_the_log(client, role, name):
    client.force_login(make.user("ada", role=role))
    expected = 200 if "audit.view_auditentry" in ROLES[role].permissions else 403
    assert client.get(reverse(f"audit:{name}")).status_code == expected


@pytest.mark.parametrize("name", ["log", "export"])
def test_strangers_are_sent_to_log_in(client, name):
    assert client.get(reverse(f"audit:{name}")).url.startswith("/accounts/login/")


@pytest.mark.parametrize("name", ["log", "export"])
def test_the_log_is_only_read(client, manager, name):
    assert client.post(reverse(f"audit:{name}")).status_code == 405


def test_a_line_says_who_did_what_from_where(client, manager):
    record("person.role_changed", by=manager, target="person bob", before={"role": "viewer"}, after={"role": "manager"})
    shown = text(page(client))
    for words in (
        "mia",
        "Role changed",
        "person bob",
        "terminal",
        "1 field",
        "<del>viewer</del> → manager",
    ):
        assert words in shown


def test_what_is_logged_is_text_and_nothing_else(client, manager):
    record("x.y", by=None, target="<script>", after={"<b>": "<img src=x>"})
    shown = page(client).content.decode()
    assert "<script>" not in shown.replace("<script src=", "")
    assert "<img src=x>" not in shown


def test_the_newest_line_comes_first(client, manager):
    old, new = entry(at=NOON), entry(at=NOON + timedelta(minutes=1))
    assert rows(page(client)) == [new, old]


def test_further_lines_are_on_further_pages(client, manager):
    for minute in range(30):
        entry(at=NOON + timedelta(minutes=minute), target=f"person p{minute}")
    first = page(client)
    assert len(rows(first)) == 25
    second = client.get(first.context["listing"].next_address)
    assert [row.target for row in rows(second)] == [f"person p{minute}" for minute in (4, 3, 2, 1, 0)]


def test_htmx_gets_the_table_only(client, manager):
    response = client.get(reverse("audit:log"), headers=HTMX)
    assert "<html" not in text(response)
    assert 'id="table"' in text(response)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"person": "mia"}, {"by mia"}),
        ({"person": "console"}, {"by console", "older", "newer"}),
        ({"action": "person.added"}, {"older"}),
        ({"since": "2025-01-10"}, {"by mia", "by console", "newer"}),
        ({"until": "2025-01-10"}, {"by mia", "by console", "older"}),
        ({"since": "2025-01-10", "until": "2025-01-10"}, {"by mia", "by console"}),
        ({"target": "older"}, {"older"}),
        ({"target": "BY "}, {"by mia", "by console"}),
    ],
)
def test_the_log_can_be_filtered(client, manager, query, shown):
    entry(target="by mia", actor=manager, actor_name="mia")
    entry(target="by console")
    entry(target="older", at=NOON - timedelta(days=1), action="person.added")
    entry(target="newer", at=NOON + timedelta(days=1))
    query = {name: str(manager.pk) if value == "mia" else value for name, value in query.items()}
    assert {row.target for row in rows(page(client, **query))} == shown
    taken = client.get(reverse("audit:export"), query)
    assert {row["about"] for row in exported(taken)} - {"audit log"} == shown


def test_a_day_is_the_persons_own_day(client, manager):
    services.change_preferences(manager, time_zone="Asia/Shanghai")
    late = entry(at=datetime(2025, 1, 10, 15, 59, tzinfo=UTC))
    after_midnight = entry(at=datetime(2025, 1, 10, 16, 0, tzinfo=UTC))
    assert rows(page(client, until="2025-01-10")) == [late]
    assert after_midnight in rows(page(client, since="2025-01-11"))


def test_the_whole_name_is_meant_where_there_is_one(client, manager):
    entry(target="person bob")
    entry(target="person bobby")
    assert [row.target for row in rows(page(client, target="person bob"))] == ["person bob"]


@pytest.mark.parametrize("query", [{"since": "yesterday"}, {"person": "0"}, {"action": "no.such"}])
def test_a_filter_that_makes_no_sense_says_so(client, manager, query):
    assert page(client, **query).status_code == 422
    assert client.get(reverse("audit:export"), query).status_code == 400


def test_a_long_difference_is_cut_on_the_page(client, manager):
    entry(after={f"field{number}": number for number in range(80)})
    assert "And 30 more" in text(page(client))


def test_the_page_takes_few_queries(client, manager, django_assert_max_num_queries):
    for minute in range(30):
        entry(at=NOON + timedelta(minutes=minute), actor=manager, actor_name="mia")
    with django_assert_max_num_queries(8):
        page(client)


# --- Export ----------------------------------------------------------------------------------------------


def test_the_export_has_every_field(client, manager):
    entry(actor=manager, actor_name="mia", before={"名": "甲"}, after={"名": "乙"})
    response = client.get(reverse("audit:export"), {"action": "person.role_changed"})
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="audit-log-\d{4}-\d\d-\d\d\.csv"', response["Content-Disposition"])
    assert exported(response) == [
        {
            "at": "2025-01-10T12:00:00Z",
            "who": "mia",
            "from": "192.0.2.1",
            "action": "person.role_changed",
            "about": "person bob",
            "before": '{"名": "甲"}',
            "after": '{"名": "乙"}',
        }
    ]


def test_taking_the_log_away_is_itself_in_the_log(client, manager):
    client.get(reverse("audit:export"), {"target": "person bob"})
    taken = AuditEntry.objects.get(action="audit.exported")
    assert (taken.actor, taken.after) == (manager, {"target": "person bob"})


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_taken_for_a_formula(client, manager, cell):
    entry(target=cell)
    taken = exported(client.get(reverse("audit:export"), {"action": "person.role_changed"}))
    assert taken[0]["about"] == f"'{cell}"
    assert harmless("person bob") == "person bob"


def test_no_more_than_a_piece_is_held_at_once(django_assert_num_queries):
    AuditEntry.objects.bulk_create(
        AuditEntry(at=NOON, action="x.y", target=str(number), origin="worker") for number in range(2 * ROWS_A_PIECE + 1)
    )
    pieces = csv_pieces(AuditEntry.objects.all())
    next(pieces)
    with django_assert_num_queries(1):
        assert next(pieces).count("\n") == ROWS_A_PIECE
    with django_assert_num_queries(2):
        assert [piece.count("\n") for piece in pieces] == [ROWS_A_PIECE, 1]


def test_the_asynchronous_server_streams_it_as_well():
    mia = make.user("mia", role="manager")
    entry()
    client = AsyncClient()

    async def take():
        await client.aforce_login(mia)
        response = await client.get(reverse("audit:export"))
        assert response.is_async
        return [piece async for piece in response.streaming_content]

    pieces = async_to_sync(take)()
    assert len(pieces) == 2
    assert b"person bob" in pieces[1]
