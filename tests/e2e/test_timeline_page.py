"""The timeline in a browser: what one person notes stands on the other's page at once, and nothing typed is lost."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import Browser, expect

from incidents.models import TimelineEntry
from incidents.services import timeline
from incidents.services.timeline import Written
from tests import make, scenes
from tests.e2e.pages import Look, listen, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_two_people_write_one_story(browser: Browser, server: str):
    make.heartbeats()
    make.plan()
    ada, wei = make.user("ada", role="commander"), make.user("wei", role="commander")
    incident = scenes.scene("running", commander=wei)
    story = reverse("incidents:timeline-page", args=[incident.reference])
    with visit(browser, server, Look(390), ada) as hers, visit(browser, server, Look(), wei) as his:
        noise = listen(his)
        hers.goto(incident.get_absolute_url())
        his.goto(story)

        hers.get_by_text("Add a note").click()
        hers.get_by_label("What happened").fill("**Phones** ring\n\n- in Osaka")
        hers.get_by_text("It happened earlier").click()
        hers.get_by_label("When it happened (UTC)").fill(f"{now() + timedelta(days=1):%Y-%m-%dT%H:%M:%S}")
        hers.get_by_role("button", name="Add note").click()
        expect(hers.locator("#note")).to_contain_text("in the future")
        expect(hers.get_by_label("What happened")).to_have_value("**Phones** ring\n\n- in Osaka")
        hers.get_by_label("When it happened (UTC)").fill("")
        hers.get_by_role("button", name="Add note").click()
        expect(hers.locator("#note")).to_contain_text("Noted.")
        expect(hers.get_by_label("What happened")).to_have_value("")
        expect(hers.locator("#timeline strong")).to_have_text("Phones")

        note = his.locator("#story li", has_text="Phones ring")
        expect(note).to_contain_text("ada", timeout=5_000)
        pin = note.get_by_role("button", name="Pin")
        pin.focus()
        his.keyboard.press("Enter")
        expect(note).to_contain_text("Pinned")
        expect(note.get_by_role("button", name="Unpin")).to_be_focused()
        expect(hers.locator("#timeline .is-pinned")).to_contain_text("Phones", timeout=5_000)

        his.get_by_label("Kind").select_option("declared")
        expect(note).to_have_count(0)
        expect(his).to_have_url(re.compile(r"\?kind=declared$"))
        his.go_back()
        note.get_by_role("link", name="Correct").click()
        his.get_by_label("What happened").fill("Phones ring in Tokyo")
        his.get_by_role("button", name="Correct it").click()
        expect(his.locator("#story del")).to_contain_text("in Osaka")
        assert noise == []


def test_a_long_story_is_gone_through_page_by_page(browser: Browser, server: str):
    make.heartbeats()
    wei = make.user("wei", role="commander")
    incident = make.incident(started_at=now() - timedelta(hours=2))
    for number in range(1, 46):
        at = incident.started_at + timedelta(minutes=number)
        timeline.note(incident, Written(f"Thing number {number}.", at), by=wei)
    with visit(browser, server, Look(), wei) as page:
        page.goto(reverse("incidents:timeline-page", args=[incident.reference]))
        expect(page.locator("#story")).to_contain_text("Thing number 45.")
        page.locator("#older").click()
        expect(page.locator("#story")).to_contain_text("The story begins here.")
        timeline.note(incident, Written("The newest thing.", now()), by=wei)
        expect(page.locator("#story")).not_to_contain_text("The newest thing.")
        page.get_by_role("link", name="Jump to newest").first.click()
        expect(page.locator("#story")).to_contain_text("The newest thing.")
    assert TimelineEntry.objects.filter(incident=incident).count() == 46
