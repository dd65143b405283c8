"""The page of decisions: what is shown, and what a person may do about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils.timezone import now

from dr_console.audit.models import AuditEntry
from dr_console.runs.models import Interlock, Run
from dr_console.web.sentences import sentence
from incidents.models import BlockedTrigger, Decision, DecisionState, FailoverPlan, LookedAt, MaintenanceWindow
from tests import make

pytestmark = pytest.mark.django_db
PAGE = "/decisions/"
Blocker = BlockedTrigger.Blocker


@pytest.fixture
def commander(client) -> Any:
    make.plan()
    someone = make.user("carol", role="commander")
    client.force_login(someone)
    return someone


def trigger(blocker: Blocker = Blocker.COOL_DOWN, **fields: Any) -> BlockedTrigger:
    defaults: dict[str, Any] = {
        "blocker": blocker,
        "said": sentence("It was switched not long ago"),
        "kind": "region_failure",
        "plan": FailoverPlan.objects.get(key="region-failure-to-backup-region"),
        "incident": make.incident(),
    }
    return BlockedTrigger.objects.create(**defaults | fields)


def text(client, **headers: str) -> str:
    return client.get(PAGE, headers=headers).content.decode()


def test_it_says_what_it_looks_like_and_why(client, commander):
    DecisionState.objects.create(
        at=now(),
        diagnosis={
            "verdict": "confirmed",
            "title": sentence("Region failure: %(region)s does not answer", region={"en": "Tokyo", "zh-hans": "东京"}),
            "reasons": [sentence("Users notice: %(hosts)s fail", hosts="api.example.com")],
            "doubts": [sentence("No other region answers either")],
            "supported_by": ["here", "there"],
            "against": ["elsewhere"],
            "rounds": 3,
        },
    )
    page = text(client)
    for words in ("Region failure: Tokyo", "Users notice: api.example.com fail", "No other region", "here, there"):
        assert words in page
    assert "3, of which 3 are needed" in page
    assert "nothing watches" not in page
    assert "东京" in text(client, **{"Accept-Language": "zh-CN"})


def test_a_conclusion_that_is_old_is_called_so(client, commander):
    DecisionState.objects.create(at=now() - timedelta(minutes=2), diagnosis={"verdict": "well"})
    assert "nothing watches" in text(client)


def test_it_names_what_stands_in_the_way_with_a_button_to_go_ahead(client, commander):
    blocked = trigger()
    page = text(client)
    assert "It was switched not long ago" in page
    assert reverse("incidents:release", args=[blocked.pk]) in page
    assert reverse("incidents:failover-preview", args=[blocked.plan.key]) in page


def test_releasing_starts_the_failover_and_is_on_record(client, commander):
    blocked = trigger()
    response = client.post(reverse("incidents:release", args=[blocked.pk]), {"reason": "Tokyo is flooded"})
    assert response.url == blocked.incident.get_absolute_url()
    run = Run.objects.get()
    assert (run.by, run.trigger, run.plan_key) == (commander, "person", blocked.plan.key)
    blocked.refresh_from_db()
    assert (blocked.released_by, blocked.run, blocked.reason) == (commander, run, "Tokyo is flooded")
    assert blocked.ended_at is not None
    assert blocked.incident.timeline.filter(kind="decided", author=commander).exists()
    assert AuditEntry.objects.filter(action="failover.released").exists()


def test_released_twice_it_starts_once(client, commander):
    blocked = trigger()
    for _ in range(2):
        client.post(reverse("incidents:release", args=[blocked.pk]))
    assert Run.objects.count() == 1


@pytest.mark.parametrize("blocker", [Blocker.KILL_SWITCH, Blocker.ACTIVE_RUN, Blocker.CUT_OFF, Blocker.NO_PLAN])
def test_some_things_cannot_be_waved_through(client, commander, blocker):
    blocked = trigger(blocker)
    assert reverse("incidents:release", args=[blocked.pk]) not in text(client)
    response = client.post(reverse("incidents:release", args=[blocked.pk]))
    assert response.status_code == 409
    assert "cannot be waved through" in response.content.decode()
    assert not Run.objects.exists()


def test_the_kill_switch_holds_back_releases_as_well(client, commander):
    Interlock.objects.create(name="all", is_on=True, reason="Stop")
    response = client.post(reverse("incidents:release", args=[trigger().pk]))
    assert response.status_code == 409
    assert "The kill switch is on: release it first" in response.content.decode()


def test_the_kill_switch_is_set_with_a_reason_and_released(client, commander):
    response = client.post(reverse("incidents:switch-on"), {"name": "all", "reason": ""})
    assert response.status_code == 422
    client.post(reverse("incidents:switch-on"), {"name": "service:api", "reason": "Vendors at work"})
    assert Interlock.objects.get(name="service:api").is_on
    page = text(client)
    assert "The kill switch is on" in page
    assert "Vendors at work" in page
    client.post(reverse("incidents:switch-off"), {"name": "service:api"})
    assert not Interlock.objects.get(name="service:api").is_on
    assert client.post(reverse("incidents:switch-on"), {"name": "moon", "reason": "x"}).status_code == 422


def test_a_maintenance_begins_and_ends_before_its_time(client, commander):
    assert client.post(reverse("incidents:begin-maintenance"), {"minutes": 0, "reason": "x"}).status_code == 422
    client.post(reverse("incidents:begin-maintenance"), {"minutes": 30, "reason": "New racks", "service": ""})
    window = MaintenanceWindow.objects.get()
    assert (window.by, window.service, window.ends_at - window.starts_at) == (commander, None, timedelta(minutes=30))
    assert "New racks" in text(client)
    window.starts_at -= timedelta(minutes=1)
    window.save()
    client.post(reverse("incidents:end-maintenance", args=[window.pk]))
    assert "New racks" not in text(client)
    assert {"maintenance.begun", "maintenance.ended"} <= set(AuditEntry.objects.values_list("action", flat=True))


def test_somebody_who_has_looked_at_a_failover_ends_the_pause_after_it(client, commander):
    run = make.run(state="succeeded", trigger="automatic")
    page = text(client)
    assert "Nothing is switched by itself until" in page
    assert "1 of 3" in page
    url = reverse("incidents:look-at", args=[run.code])
    panel = client.post(url, headers={"HX-Request": "true"}).content.decode()
    assert "Nothing is switched by itself until" not in panel
    assert LookedAt.objects.get().by == commander
    assert client.post(url).url == PAGE


def test_decisions_are_listed_newest_first_with_their_reasons(client, commander):
    incident = make.incident()
    run = make.run()
    reasons = {"reasons": [sentence("Users notice: %(hosts)s fail", hosts="api.example.com")]}
    Decision.objects.create(outcome="declared", kind="x", said=sentence("First"), incident=incident, diagnosis=reasons)
    Decision.objects.create(outcome="started", kind="x", said=sentence("Second"), incident=incident, run=run)
    page = text(client)
    assert page.index("Second") < page.index("First")
    assert "Users notice: api.example.com fail" in page
    assert incident.get_absolute_url() in page
    assert run.get_absolute_url() in page


def test_a_viewer_reads_and_cannot_act(client):
    make.plan()
    blocked = trigger()
    client.force_login(make.user("vera", role="viewer"))
    page = text(client)
    assert "It was switched not long ago" in page
    assert "<form" not in page[page.index('id="main"') : page.index("</main>")]
    posts = [
        reverse("incidents:release", args=[blocked.pk]),
        reverse("incidents:switch-on"),
        reverse("incidents:switch-off"),
        reverse("incidents:begin-maintenance"),
        reverse("incidents:look-at", args=["12345678"]),
        reverse("incidents:end-maintenance", args=[1]),
    ]
    assert {client.post(url).status_code for url in posts} == {403}


def test_however_much_stands_in_the_way_the_page_asks_as_often(client, commander, django_assert_max_num_queries):
    for _ in range(15):
        trigger()
        Decision.objects.create(outcome="blocked", kind="x", said=sentence("x"), incident=make.incident())
    text(client)
    with django_assert_max_num_queries(25):
        text(client)


def test_the_first_page_says_that_something_is_held_back(client, commander):
    home = reverse("incidents:open-panel")
    assert "kill switch" not in client.get(home).content.decode()
    Interlock.objects.create(name="all", is_on=True, reason="Stop")
    trigger()
    page = client.get(home).content.decode()
    assert "The kill switch is on" in page
    assert "A failover does not start by itself" in page
