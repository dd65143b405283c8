"""The page of decisions in a real browser: with everything on it at once, on a phone, without JavaScript."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.utils.timezone import now
from playwright.sync_api import Browser, expect

from dr_console.runs.models import Run
from dr_console.runs.services import set_interlock
from dr_console.web.sentences import sentence
from incidents.diagnosis import diagnose, said
from incidents.models import BlockedTrigger, Decision, DecisionState, FailoverPlan, Incident
from incidents.observations import Rules
from incidents.queries import decisions
from incidents.services import triggers
from tests import make
from tests.e2e.pages import Look, check_every_look, log_in, visit
from tests.incidents.seeing import TOKYO, Watcher, World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGE = "/decisions/"
SHOTS = os.environ.get("SHOTS", "")


@pytest.fixture(autouse=True)
def no_worker() -> Iterator[None]:
    current_app.conf.task_always_eager = False
    yield
    current_app.conf.task_always_eager = True


@pytest.fixture
def carol() -> User:
    make.heartbeats()
    make.plan()
    return make.user("carol", role="commander")


def tokyo_is_lost(carol: User) -> BlockedTrigger:
    """Confirmed, and kept from being answered by a failover a while ago."""
    seer = Watcher(World(), ("here", "there"))
    seer.round()
    seer.world = World(lost={TOKYO})
    for _ in range(3):
        seen = seer.round()
    names = decisions.observations(now(), {}).names
    diagnosis = diagnose(type(seen)(seen.at, seen.places, seen.sightings, seen.serving, seen.services, names), Rules())
    title = said(diagnosis, names)
    facts = diagnosis.facts() | {"verdict": "confirmed", "title": title}
    DecisionState.objects.create(at=now(), diagnosis=facts)
    incident = make.incident(title="Region failure: Tokyo does not answer", said_title=title)
    run = make.run(state="succeeded", trigger="automatic", created_at=now() - timedelta(minutes=12))
    Decision.objects.create(outcome="declared", kind="x", said=title, diagnosis=facts, incident=incident)
    why = sentence("It came and went: %(count)s changes in %(minutes)s minutes", count=3, minutes=15)
    Decision.objects.create(outcome="blocked", kind="x", said=why, incident=incident)
    Decision.objects.create(outcome="started", kind="x", said=sentence("“%(plan)s” started", plan=run.titles), run=run)
    plan = FailoverPlan.objects.get(key="region-failure-to-backup-region")
    return BlockedTrigger.objects.create(
        blocker="flapping", said=why, kind="region_failure", plan=plan, incident=incident
    )


def everything(carol: User) -> BlockedTrigger:
    trigger = tokyo_is_lost(carol)
    set_interlock("service:cdn", True, by=carol, reason="Cloudflare is at work on our zone")
    triggers.begin_maintenance(minutes=60, service=None, reason="New racks in Tokyo", by=carol)
    return trigger


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_it_is_well_made_in_every_look(browser: Browser, server: str, carol: User, language: Any):
    everything(carol)
    with visit(browser, server, Look(language=language), carol) as page:
        check_every_look(page, PAGE, language=language)
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"decisions-{language}.png", full_page=True)


def test_somebody_starts_what_was_held_back_with_one_press(browser: Browser, server: str, carol: User):
    trigger = tokyo_is_lost(carol)
    with visit(browser, server, Look(), carol) as page:
        page.goto(PAGE)
        page.get_by_role("button", name="Start it now").click()
        expect(page).to_have_url(f"{server}{trigger.incident.get_absolute_url()}")
    assert Run.objects.filter(incidents=trigger.incident, by=carol).count() == 1


def test_what_changes_is_seen_without_a_reload_and_nothing_typed_is_lost(browser: Browser, server: str, carol: User):
    with visit(browser, server, Look(), carol) as page:
        page.goto(PAGE)
        expect(page.get_by_text("Nothing stands in the way")).to_be_visible()
        page.locator("#switch_reason").fill("half a sen")
        set_interlock("all", True, by=carol, reason="Somebody else was faster")
        expect(page.get_by_text("Somebody else was faster")).to_be_visible()
        expect(page.locator("#switch_reason")).to_have_value("half a sen")
        page.get_by_role("button", name="Release").click()
        expect(page.get_by_text("Somebody else was faster")).to_be_hidden()


def test_all_of_it_works_without_javascript(browser: Browser, server: str, carol: User):
    trigger = everything(carol)
    context = browser.new_context(base_url=server, java_script_enabled=False)
    log_in(context, server, carol)
    page = context.new_page()
    page.goto(PAGE)
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / "decisions-no-js.png", full_page=True)
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_text("Cloudflare is at work")).to_have_count(0)
    page.get_by_role("button", name="End it").click()
    expect(page.get_by_text("New racks")).to_have_count(0)
    page.locator("#switch_reason").fill("Stop everything")
    page.get_by_role("button", name="Hold it back").click()
    expect(page.get_by_text("Stop everything")).to_be_visible()
    page.get_by_role("button", name="Release").click()
    page.get_by_role("button", name="I have looked at it").click()
    page.get_by_role("button", name="Start it now").click()
    expect(page).to_have_url(f"{server}{trigger.incident.get_absolute_url()}")
    context.close()
    assert Incident.objects.get().runs.count() == 1
