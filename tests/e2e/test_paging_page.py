"""Paging in a real browser: seen, escalated, acknowledged, loud when it has run out; a slow ladder accepted by name."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from dr_console.notifications.models import Delivery
from incidents.models import Escalation, Incident, PolicyAcceptance
from incidents.services import escalation_acts
from incidents.services import incident as incidents
from tests import make
from tests.e2e.pages import Look, check_every_look, check_other_looks, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def root():
    make.heartbeats()
    make.plan()
    return make.user("root", role="administrator")


@pytest.fixture
def incident(root):
    found, _is_new = incidents.declare(
        title="Tokyo is dark", severity="P0", service=None, by=None, origin=Incident.Origin.TERMINAL
    )
    return found


def test_the_next_level_is_paged_by_a_press_and_others_see_who_answers(browser: Browser, server, root, incident):
    bob = make.user("bob", role="commander")
    with visit(browser, server, Look(), root) as page, visit(browser, server, Look(), bob) as other:
        other.goto(incident.get_absolute_url())
        expect(other.locator("#next")).to_contain_text("Next: acknowledge")
        page.goto(incident.get_absolute_url())
        page.locator("#paging-escalate").press("Enter")
        expect(page.locator("#ask-dialog")).to_contain_text("Then paged at once: Technical lead.")
        page.get_by_role("button", name="Page them now").press("Enter")
        expect(page.locator("#ask-dialog")).to_have_count(0)
        expect(page.locator("#paging")).to_contain_text("Round 1 of 3, level 2 of 3: Technical lead")
        expect(other.locator("#paging")).to_contain_text("level 2 of 3: Technical lead")
        other.locator("#paging-acknowledge").press("Enter")
        expect(other.locator("#paging")).to_contain_text("Acknowledged by bob")
        expect(page.locator("#paging")).to_contain_text("Acknowledged by bob")
    assert Escalation.objects.get().status == Escalation.Status.ACKNOWLEDGED


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_ladder_that_has_run_out_in_every_look(browser: Browser, server, root, incident, language):
    Delivery.objects.update(state=Delivery.State.FAILED)
    while Escalation.objects.get().status == Escalation.Status.ACTIVE:
        escalation_acts.escalate_now(incident, by=root)
    with visit(browser, server, Look(language=language), root) as page:
        check_every_look(page, incident.get_absolute_url(), language=language)
        expect(page.locator("#paging.is-loud .ran-out")).to_contain_text("Vercel")
        page.locator("#paging-earlier > summary").press("Enter")
        page.locator("#paging-events > summary").press("Enter")
        expect(page.locator("#paging-events ol")).to_be_visible()
        check_other_looks(page, language=language)


def test_a_slow_ladder_is_accepted_by_name_and_simulated(browser: Browser, server, root):
    with visit(browser, server, Look(320), root) as page:
        page.goto(reverse("plans:edit", args=["escalation_policies", "p0"]))
        page.locator("[name=rounds]").fill("4")
        page.get_by_role("button", name="Save", exact=True).press("Enter")
        expect(page.locator("#doubts")).to_be_focused()
        check_other_looks(page, language="en")
        page.get_by_label("I accept it as it is. My name:").fill("root")
        page.get_by_role("button", name="Save", exact=True).press("Enter")
        expect(page.locator("#ladder-p0")).to_contain_text("Accepted by root")
        page.get_by_role("link", name="Simulate: who would hear what when").press("Enter")
        page.get_by_label("Severity").select_option("P0")
        page.get_by_role("button", name="Simulate", exact=True).press("Enter")
        expect(page.locator("#simulation h2")).to_contain_text("P0")
        expect(page).to_have_url(re.compile("severity=P0"))
    assert PolicyAcceptance.objects.get().by == root
