"""An incident in a real browser: what a commander sees and presses, with a keyboard, on a phone, without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

from dr_console.runs import services
from dr_console.runs.models import Run
from incidents.models import Incident
from tests import make, scenes
from tests.e2e.pages import Look, check_every_look, check_page, faults, listen, log_in, visit
from tests.sandboxed import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def no_worker() -> Iterator[None]:
    """Steps are rung for and stay: what people press is looked at, not what workers do then."""
    current_app.conf.task_always_eager = False
    yield
    current_app.conf.task_always_eager = True


@pytest.fixture
def wei() -> User:
    make.heartbeats()
    make.plan()
    return make.user("wei", role="administrator", first_name="Wei Chen")


@pytest.fixture
def incident(wei: User) -> Incident:
    return scenes.scene("approval", commander=wei)


@pytest.fixture
def page(browser: Browser, server: str, wei: User, incident: Incident) -> Iterator[Page]:
    with visit(browser, server, Look(), wei) as page:
        open_incident(page, incident)
        yield page


def open_incident(page: Page, incident: Incident) -> None:
    """As far as that its panels have renewed themselves for the first time, which they do at once."""
    with page.expect_response("**/next/"), page.expect_response("**/run/"):
        page.goto(incident.get_absolute_url())
    page.wait_for_timeout(300)


@pytest.mark.parametrize("name", ["approval", "failed"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_in_every_look(browser: Browser, server: str, wei: User, name: str, language: Any):
    incident = scenes.scene(name, commander=wei)
    with visit(browser, server, Look(language=language), wei) as page:
        check_every_look(page, incident.get_absolute_url(), language=language)


@pytest.mark.parametrize("name", ["running", "blocked", "done", "undone"])
def test_the_page_in_other_states(browser: Browser, server: str, wei: User, name: str):
    incident = scenes.scene(name, commander=wei, is_practice=name == "undone")
    with visit(browser, server, Look(), wei) as page:
        check_page(page, incident.get_absolute_url(), look=Look())
        check_page(page, incident.runs.get().get_absolute_url(), look=Look())
    with visit(browser, server, Look(320, "dark", "zh-hans"), wei) as page:
        check_page(page, incident.get_absolute_url(), look=Look(320, "dark", "zh-hans"))


def test_a_step_is_approved_in_a_dialog(page: Page, incident: Incident):
    noise = listen(page)
    page.locator("#next").get_by_role("link", name="Approve").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Approve “Point DNS at California”?")
    approve = dialog.get_by_role("button", name="Approve")
    expect(approve).to_be_disabled()
    dialog.get_by_label("Type us-west-1 to confirm").fill("us-west-1")
    expect(approve).to_be_enabled()
    assert faults(page, look=Look()) == []
    approve.click()
    expect(dialog).to_have_count(0)
    expect(page.locator("#next")).not_to_contain_text("approve “Point DNS")
    expect(page.locator("#timeline")).to_contain_text("Approve: Point DNS at California")
    assert incident.runs.get().steps.get(key="dns").state != "waiting_approval"
    assert noise == []


def test_a_dialog_is_left_by_escape_and_by_its_way_out(page: Page, incident: Incident):
    for leave in (lambda: page.keyboard.press("Escape"), lambda: page.get_by_role("link", name="Not yet").click()):
        page.locator("#next").get_by_role("link", name="Approve").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        leave()
        expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.url.endswith(incident.get_absolute_url())
    assert incident.runs.get().commands.count() == 0


def test_everything_can_be_done_with_the_keyboard(page: Page, incident: Incident):
    page.locator("#next").get_by_role("link", name="Approve").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Type us-west-1")).to_be_focused()
    page.keyboard.type("us-west-1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#timeline")).to_contain_text("Approve: Point DNS at California")


def test_a_refusal_stands_in_the_dialog_and_the_next_press_works(page: Page, incident: Incident):
    page.locator("#next").get_by_role("link", name="Approve").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Type us-west-1").fill("us-west-1")
    Run.objects.update(version=4)
    dialog.get_by_role("button", name="Approve").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The run has changed since you looked at it")
    dialog.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_another_browser_sees_it_within_a_second(
    browser: Browser, server: str, wei: User, page: Page, incident: Incident
):
    with visit(browser, server, Look(390), make.user("vera", role="viewer")) as other:
        open_incident(other, incident)
        run = incident.runs.get()
        Run.objects.filter(pk=run.pk).update(topics=[incident.topic])
        services.pause(Run.objects.get(pk=run.pk), by=wei)
        expect(other.locator(".incident-bar")).to_contain_text("Paus", timeout=5_000)
        expect(other.locator("#next")).not_to_contain_text("Resume run")  # a viewer may not


def test_who_hears_the_page_is_told_when_it_changes_and_only_then(page: Page, incident: Incident):
    expect(page.locator("#announcer")).to_have_text("")
    services.pause(incident.runs.get(), by=incident.commander)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('live:run', {bubbles: true}))")
    expect(page.locator("#announcer")).to_contain_text(f"{incident.reference}: Paus")


def test_the_run_is_paused_by_one_press_with_a_comment(page: Page, incident: Incident):
    page.get_by_label("Comment for pausing or resuming").fill("Vercel is on the phone")
    page.locator(".run-foot").get_by_role("button", name="Pause run").click()
    expect(page.locator(".run-foot").get_by_role("button", name="Resume run")).to_be_visible()
    expect(page.locator("#timeline")).to_contain_text("Vercel is on the phone")


def test_what_one_types_survives_that_the_panel_renews_itself(page: Page, incident: Incident):
    comment = page.get_by_label("Comment for pausing or resuming")
    comment.fill("Vercel is on")
    incident.runs.get().steps.filter(key="purge").update(state="skipped")
    page.evaluate("document.body.dispatchEvent(new CustomEvent('live:run', {bubbles: true}))")
    expect(page.locator("#step-purge")).to_contain_text("Skipped")
    expect(comment).to_have_value("Vercel is on")


def test_the_clock_counts_down_to_the_target_and_on_from_it(browser: Browser, server: str, wei: User):
    incident = scenes.scene("running", started_ago=897)
    with visit(browser, server, Look(), wei) as page:
        page.goto(incident.get_absolute_url())
        clock = page.locator(".target-clock")
        expect(clock).to_contain_text("left of 15 min recovery target")
        expect(clock).to_contain_text("over the 15 min recovery target")
        expect(clock.get_by_role("timer")).to_have_text("+00:01")


def test_a_drill_is_framed_and_named(browser: Browser, server: str, wei: User):
    incident = scenes.scene("running", is_practice=True)
    with visit(browser, server, Look(), wei) as page:
        page.goto(incident.get_absolute_url())
        expect(page).to_have_title("DRILL · SANDBOX · " + f"{incident.reference} · {incident.title}")
        expect(page.locator(".incident-bar h1")).to_contain_text("DRILL")
        assert page.evaluate("getComputedStyle(document.body, '::after').position") == "fixed"


def test_on_paper_there_is_nothing_to_press(page: Page):
    page.emulate_media(media="print")
    expect(page.locator("#step-verify")).to_be_visible()
    expect(page.locator("#next")).to_be_hidden()
    expect(page.locator(".controls")).to_be_hidden()


@pytest.fixture
def world(sandbox: Sandbox, settings: Any) -> Sandbox:
    settings.DR_VENDOR_URLS = sandbox.vendor_urls()
    settings.DR_SANDBOX_URL, settings.DR_EDGE_URL = sandbox.url, f"{sandbox.url}/edge"
    return sandbox


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_preview_in_every_look(browser: Browser, server: str, wei: User, world: Sandbox, language: Any):
    with visit(browser, server, Look(language=language), wei) as page:
        check_every_look(page, "/failover/manual-failover/preview/", language=language)


def test_a_failover_is_started_from_its_preview(browser: Browser, server: str, wei: User, world: Sandbox):
    with visit(browser, server, Look(), wei) as page:
        page.goto("/failover/manual-failover/")
        page.get_by_role("link", name="Preview and start…").click()
        expect(page).to_have_title(re.compile("DRY RUN"))
        expect(page.get_by_role("rowheader", name="api.example.com content")).to_be_visible()
        switch = page.get_by_role("button", name="Switch to us-west-1")
        expect(switch).to_be_disabled()
        page.get_by_label("Type us-west-1 to confirm").fill("us-west-1")
        if not page.get_by_label("By force").is_visible():
            page.get_by_text("How it is started").click()
        page.get_by_label("By force").check()
        page.get_by_label("Why").fill("Trying it out")
        switch.click()
        expect(page.locator(".incident-bar")).to_contain_text("Failing over")
        assert Run.objects.get().by == wei


def test_without_javascript_a_step_is_approved_on_a_page(browser: Browser, server: str, wei: User, incident: Incident):
    context = browser.new_context(base_url=server, java_script_enabled=False)
    log_in(context, server, wei)
    page = context.new_page()
    page.goto(incident.get_absolute_url())
    expect(page.get_by_role("timer")).to_be_visible()
    page.locator("#next").get_by_role("link", name="Approve").click()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("This field is required").first).to_be_visible()
    page.get_by_label("Type us-west-1").fill("us-west-1")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved: Point DNS at California.")).to_be_visible()
    assert page.url.endswith(incident.get_absolute_url())
    page.locator(".run-foot").get_by_role("button", name="Pause run").click()
    expect(page.get_by_text("The run is being paused.")).to_be_visible()
    context.close()
