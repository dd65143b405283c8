"""The pages of on-call in a real browser: how they look, and a swap from the question to the calendar."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import Browser, expect

from incidents.models import Contact, Rotation
from incidents.services import oncall, oncall_feeds
from tests import make
from tests.e2e.pages import Look, check_page, visit
from tests.incidents import rostering

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def primary() -> Rotation:
    make.heartbeats()
    rostering.people()
    return rostering.rotation(period="daily", starts_on=date(2025, 1, 6))


def shift_of(primary: Rotation, key: str):
    shifts = oncall.oncall.shifts(primary.key, now(), now() + 9 * rostering.A_DAY)
    return next(one for one in shifts if one.contact == key and one.starts_at > now())


def offered(primary: Rotation, by, taker: str = "ada"):
    shift = shift_of(primary, "bob")
    giver, other = (Contact.objects.get(key=key) for key in ("bob", taker))
    times = {"starts_at": shift.starts_at, "ends_at": shift.ends_at}
    return oncall.offer_swap(primary, from_contact=giver, to_contact=other, **times, reason="A wedding", by=by)


def test_they_fit_and_can_be_used_by_everybody(browser: Browser, server: str, primary):
    root = make.user("ada", role="administrator")
    rostering.weekend()
    bob = make.user("bob", role="responder")
    swap = offered(primary, bob)
    chie = Contact.objects.get(key="chie")
    oncall.add_absence(chie, starts_at=now(), ends_at=now() + 9 * rostering.A_DAY, reason="Holidays", by=root)
    oncall.override(primary, chie, starts_at=now(), ends_at=now() + rostering.A_DAY, reason="Ada flies", by=root)
    oncall_feeds.make(primary, name="The calendar of the whole team on the second floor", by=root)
    addresses = [
        reverse("incidents:rotation", args=["primary"]),
        reverse("incidents:my-shifts"),
        reverse("incidents:swap", args=[swap.pk]),
        *(reverse(f"incidents:oncall-{name}", args=["primary"]) for name in ("take", "override", "swap")),
        reverse("incidents:absence-add"),
        reverse("incidents:oncall-feed-add"),
        f"{reverse('incidents:oncall')}?at=2026-12-01T03:00&zone=UTC",
    ]
    wrong = []
    for look in (Look(), Look(320, "dark", "zh-hans")):
        with visit(browser, server, look, root) as page:
            for address in addresses:
                try:
                    check_page(page, address, look=look)
                except AssertionError as error:
                    wrong.append(str(error))
    assert not wrong, "\n\n".join(wrong)


def test_a_swap_is_asked_for_and_accepted(browser: Browser, server: str, primary):
    """Bob asks from his own page, ada answers from hers, and the calendar shows it."""
    ada, bob = make.user("ada", role="responder"), make.user("bob", role="responder")
    with visit(browser, server, Look(), bob) as page:
        page.goto(reverse("incidents:my-shifts"))
        page.get_by_role("region", name="Coming").get_by_role("link", name="Swap… Primary").first.click()
        page.get_by_label("Who stands in for you").select_option("ada")
        page.get_by_label("Why").fill("A wedding")
        page.get_by_role("button", name="Ask them").click()
        expect(page.get_by_text("They are asked.")).to_be_visible()
    with visit(browser, server, Look(390), ada) as page:
        page.goto(reverse("incidents:oncall"))
        page.get_by_role("link", name="Answer…").click()
        page.get_by_role("button", name="Accept").click()
        expect(page.get_by_text("Accepted: you stand in.")).to_be_visible()
        page.goto(reverse("incidents:rotation", args=["primary"]))
        expect(page.locator(".week .turn.mine.changed").first).to_be_visible()
        page.get_by_role("link", name="The same in words").click()
        expect(page.get_by_text("stands in for Bob").first).to_be_visible()
