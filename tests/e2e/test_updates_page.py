"""Status updates in a real browser: written, looked at, published, seen by others; and the public page by itself."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import Browser, expect

from incidents.models import Audience, Service, Stage, StatusUpdate
from incidents.services import status_page, update_dues, updates
from incidents.services.status_page import Planned
from incidents.services.updates import Draft
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
    found = make.incident(reference="INC-2026-001", service=Service.objects.get(key="api"))
    update_dues.declared(found)
    return found


def test_what_is_published_is_looked_at_first_and_seen_by_others_at_once(browser: Browser, server, root, incident):
    bob = make.user("bob", role="responder")
    with visit(browser, server, Look(), root) as page, visit(browser, server, Look(), bob) as other:
        other.goto(incident.get_absolute_url())
        expect(other.locator("#updates")).to_contain_text("Nothing has been said yet.")
        page.goto(incident.get_absolute_url())
        page.locator("#updates").get_by_role("link", name="Write Customers").press("Enter")
        page.get_by_label("Headline · English").fill("Images load slowly")
        page.get_by_label("Headline · 简体中文").fill("")
        page.get_by_role("button", name="Look at it").press("Enter")
        expect(page.locator("#preview")).to_be_focused()
        expect(page.locator("#preview")).to_contain_text("Nothing was written in this language")
        check_other_looks(page, language="en")
        page.get_by_role("button", name="Publish it").press("Enter")
        expect(page.locator("#updates")).to_contain_text("Images load slowly")
        expect(other.locator("#updates")).to_contain_text("Images load slowly")
    assert StatusUpdate.objects.get().by == root


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_public_page_in_every_look(browser: Browser, server, root, incident, language):
    both = {"en": "Images load slowly for some " * 3, "zh-hans": "部分用户的图片加载缓慢"}
    draft = Draft(
        Audience.CUSTOMERS, Stage.IDENTIFIED, both, conditions={"en": "x" * 120}, impact={"api": "major_outage"}
    )
    updates.publish(incident, [draft], by=root, token="one")
    at = now()
    work = Planned({"en": "New database"}, {}, Service.objects.all()[:2], at, at.replace(year=at.year + 1))
    status_page.announce(work, by=root, token="two")
    ending = "" if language == "en" else f".{language}"
    with visit(browser, server, Look(language=language), root) as page:
        for name in ("index", "history"):
            address = reverse("incidents:status-page-preview", args=[f"{name}{ending}.html"])
            check_every_look(page, address, language=language)
