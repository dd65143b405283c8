"""What holds for every page of the plan: who may see it, and how it answers."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import make

pytestmark = pytest.mark.django_db

PAGES = [
    "home",
    "plans:overview",
    "plans:versions",
    "incidents:list",
    "runs:list",
    "incidents:figures",
    "incidents:contacts",
    "incidents:vendors",
    "incidents:address-book",
    "incidents:oncall",
    "incidents:my-shifts",
    "incidents:escalation",
    "incidents:escalation-simulate",
    "incidents:checklists",
    "incidents:thresholds",
    "incidents:breaches",
    "incidents:health",
    "incidents:regions",
    "incidents:services",
    "incidents:decisions",
    "incidents:degradation",
    "incidents:alerts",
    "incidents:alert-sources",
    "incidents:alert-rules",
    "incidents:silences",
    "incidents:failover",
    "incidents:recovery",
    "incidents:report",
    "incidents:update-policies",
    "incidents:status-page",
    "notifications:list",
    "callbacks:channels",
    "backups:policies",
    "drills:calendar",
    "sandbox:page",
    "operations:readiness",
]
PANELS = [
    "objectives-panel",
    "not-ready-panel",
    "incidents:open-panel",
    "incidents:oncall-panel",
    "incidents:my-shifts-panel",
    "incidents:world-panel",
    "incidents:degradation-panel",
    "incidents:degradation-notice",
    "incidents:deciding-panel",
    "incidents:health-panel",
    "incidents:status-page-panel",
    "backups:recovery-points-panel",
    "drills:next-panel",
    "sandbox:world",
    "operations:vendors-panel",
]
# What a page may ask the database, whatever the size of the data. The first page asks for all rooms.
MOST_QUERIES = dict.fromkeys(PAGES, 25) | {"home": 66}


@pytest.fixture
def viewer(client) -> User:
    someone = make.user("vera", role="viewer")
    client.force_login(someone)
    return someone


@pytest.mark.parametrize("name", PAGES + PANELS)
def test_a_viewer_reads_it(client, viewer, name):
    make.plan()
    assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", PAGES + PANELS)
def test_it_stands_without_a_plan(client, viewer, name):
    assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", PAGES + PANELS)
def test_strangers_are_sent_to_log_in(client, name):
    response = client.get(reverse(name))
    assert response.status_code == 302
    assert response.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("name", PAGES + PANELS)
def test_somebody_without_a_role_is_told_so(client, name):
    client.force_login(make.user("nobody"))
    assert client.get(reverse(name)).status_code == 403


@pytest.mark.parametrize("name", PAGES + PANELS)
def test_it_is_only_read(client, viewer, name):
    assert client.post(reverse(name)).status_code == 405


@pytest.mark.parametrize("name", PAGES)
def test_it_speaks_chinese(client, viewer, name):
    make.plan()
    page = client.get(reverse(name), headers={"Accept-Language": "zh-CN,zh;q=0.9"}).content.decode()
    assert '<html lang="zh-hans"' in page


@pytest.mark.parametrize("name", PAGES)
def test_the_number_of_queries_is_bounded(client, viewer, name, django_assert_max_num_queries):
    make.plan()
    client.get(reverse(name))
    with django_assert_max_num_queries(MOST_QUERIES[name]):
        client.get(reverse(name))


@pytest.mark.parametrize(
    "name",
    ["incidents:contacts", "incidents:failover", "incidents:services", "backups:policies", "plans:versions"],
)
def test_a_list_asks_as_often_for_many_rows_as_for_few(client, viewer, name, django_assert_num_queries):
    make.plan()
    client.get(reverse(name))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse(name))
    make.more_entries(40)
    with django_assert_num_queries(len(few)):
        client.get(reverse(name))


@pytest.mark.parametrize("name", ["incidents:contacts", "backups:policies"])
def test_htmx_gets_the_table_alone(client, viewer, name):
    make.plan()
    page = client.get(reverse(name), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in page
    assert 'id="table"' in page
