"""The plan's sample incident, played by two people on the sandbox: from the alert at 14:30 until it is closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from celery import current_app
from django.core.management import call_command
from django.db import connections
from django.urls import reverse
from django.utils import translation
from playwright.sync_api import Browser, Locator, Page, expect

from dr_console.runs.models import Run
from incidents.models import AlertSource, Incident
from tests import make
from tests.e2e.pages import Look, visit
from tests.incidents import alerting, carrying
from tests.providers.conftest import held, in_sandbox
from tests.sandboxed import Sandbox

__all__ = ["held", "in_sandbox"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.one_database,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("held"),
]
DAY = datetime(2027, 1, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_worker() -> Iterator[None]:
    """Steps are rung for and stay: the test carries them out when the story says so."""
    current_app.conf.task_always_eager = False
    yield
    current_app.conf.task_always_eager = True


@pytest.fixture
def world(in_sandbox: Sandbox, settings: Any) -> Sandbox:
    settings.DR_PROBE_TIMEOUT_SECONDS = 0.5
    make.heartbeats()
    make.plan()
    in_sandbox.reset(speed=30)
    in_sandbox.post("/clock", {"advance": 600})
    return in_sandbox


class Clock:
    def __init__(self, time_machine: Any) -> None:
        self._machine = time_machine

    def __call__(self, hour: int, minute: int) -> None:
        self._machine.move_to(DAY + timedelta(hours=hour, minutes=minute), tick=True)


def test_from_the_alert_to_closed(browser: Browser, server: str, world: Sandbox, time_machine: Any) -> None:
    clock = Clock(time_machine)
    clock(14, 30)
    wei = make.user("wei", role="administrator", first_name="Wei Chen")
    mei = make.user("mei", role="commander", first_name="Mei Lin")
    carrying.break_it(world, "api-errors")
    source = alerting.source()
    tell(server, source, "firing")
    incident = Incident.objects.get()
    with (
        visit(browser, server, Look(), wei) as page,
        visit(browser, server, Look(390, "dark", "zh-hans"), mei) as phone,
    ):
        clock(14, 32)
        somebody_responds(page, phone, incident)
        clock(14, 35)
        run = the_failover_is_started(page, incident)
        clock(14, 40)
        aside(carrying.carry_out, run)
        it_recovers(page, phone)
        those_concerned_are_told(phone, incident)
        clock(14, 45)
        tell(server, source, "resolved")
        it_is_confirmed_and_closed(page, phone, incident)
    the_timeline_tells_it_by_itself(incident, world)


def somebody_responds(page: Page, phone: Page, incident: Incident) -> None:
    phone.goto(incident.get_absolute_url())
    page.goto("/")
    page.locator("#open-incidents").get_by_role("link", name="HighErrorRate").click()
    page.locator("#next").get_by_role("button", name="Take command").click()
    expect(phone.locator("#command")).to_contain_text("wei")
    page.locator("#state").get_by_role("link", name="Change severity").click()
    page.get_by_role("dialog").get_by_role("button", name="P0").click()
    expect(phone.locator("#incident")).to_contain_text("P0")
    tick(page, "Confirm the scope and impact of the failure")
    page.get_by_role("button", name="Activate the incident response team").click()
    expect(box(page, "Activate the incident response team")).to_be_checked()


def the_failover_is_started(page: Page, incident: Incident) -> Run:
    address = reverse("incidents:failover-preview", args=["api-errors-to-backup-api"])
    page.goto(f"{address}?incident={incident.reference}")
    phrase = page.locator("[data-phrase]")
    phrase.fill(phrase.get_attribute("data-phrase") or "")
    page.locator("#start").get_by_role("button", name="Switch to").click()
    expect(page.locator("#run")).to_be_visible()
    return incident.runs.get()


def it_recovers(page: Page, phone: Page) -> None:
    expect(box(page, "Carry out the failover")).to_be_checked()
    expect(phone.locator("#timeline")).to_contain_text("用户")
    page.get_by_role("button", name="Verify that the standby system works").click()
    expect(box(page, "Verify that the standby system works")).to_be_checked()


def those_concerned_are_told(phone: Page, incident: Incident) -> None:
    phone.goto(reverse("incidents:update-compose", args=[incident.reference]))
    phone.locator("button[name=do][value=preview]").click()
    phone.locator("button[name=do][value=publish]").click()
    expect(phone.locator("#updates")).to_be_visible()


def it_is_confirmed_and_closed(page: Page, phone: Page, incident: Incident) -> None:
    expect(box(page, "Notify those concerned")).to_be_checked()
    phone.goto(incident.get_absolute_url())
    for text in ("Watch the recovery's progress", "Analyse the root cause", "Update the recovery documents"):
        tick(page, text)
    for verb, name in (("Resolve incident", "Resolve incident"), ("Close incident", "Close incident")):
        page.locator("#state").get_by_role("link", name=verb).click()
        page.get_by_role("dialog").get_by_role("button", name=name).click()
        expect(page.get_by_role("dialog")).to_have_count(0)
    expect(phone.locator("#incident")).to_contain_text("已关闭")


TOLD = """
14:30 Alert of Prometheus Tokyo: HighErrorRate of api
14:30 Declared as P1
14:32 Takes command
14:32 Severity changed from P1 to P0
14:32 Done: Confirm the scope and impact of the failure
14:32 Done: Activate the incident response team
14:35 “API errors, to the backup API endpoint” was started
14:40 Users are served again
14:40 Verified: mitigated
14:40 Done: Carry out the failover (ticked by what happened)
14:40 Done: Verify that the standby system works
14:40 Done: Notify those concerned (ticked by what happened)
14:44 Alert cleared: HighErrorRate of api
14:45 Done: Update the recovery documents
14:45 Resolved
14:45 Closed
"""


def the_timeline_tells_it_by_itself(incident: Incident, world: Sandbox) -> None:
    """Nobody has written a line of it."""
    incident.refresh_from_db()
    with translation.override("en"):
        lines = [f"{one.at:%H:%M} {one.words.split(': run ')[0]}" for one in incident.timeline.all()]
    assert [line for line in TOLD.strip().splitlines() if line not in lines] == []
    assert lines == sorted(lines, key=lambda line: line[:5])
    assert not incident.timeline.exclude(text="").exists()
    assert not incident.checklist.filter(state="open", condition="").exists()
    assert (incident.status, incident.severity) == ("closed", "P0")
    call_command("verify_timeline", incident.reference)
    assert world.get("/truth")["doubles"] == []


def aside(do: Callable[..., Any], *given: Any) -> Any:
    """As a worker does, in a thread of its own: the browser keeps an event loop running in this one."""

    def and_hang_up() -> Any:
        try:
            return do(*given)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as worker:
        return worker.submit(and_hang_up).result(timeout=120)


def box(page: Page, text: str) -> Locator:
    return page.get_by_role("checkbox", name=text)


def tick(page: Page, text: str) -> None:
    box(page, text).click()
    expect(box(page, text)).to_be_checked()


def tell(server: str, source: tuple[AlertSource, str], status: str) -> None:
    """As Alertmanager says it."""
    began = (DAY + timedelta(hours=14, minutes=30)).isoformat()
    one = alerting.alert(service="api", status=status) | {"startsAt": began}
    if status == "resolved":
        one["endsAt"] = (DAY + timedelta(hours=14, minutes=44)).isoformat()
    url = server + reverse("incidents:alert-hook", args=[source[0].key])
    bearer = {"Authorization": f"Bearer {source[1]}"}
    answer = httpx.post(url, json=alerting.message(one), headers=bearer, trust_env=False)
    assert answer.status_code == 202, answer.text
