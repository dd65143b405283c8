"""The pages of on-call: what they show, and to whom."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils.timezone import now

from incidents.models import Contact
from incidents.queries import oncall_page
from incidents.services import oncall
from tests import make
from tests.incidents import rostering

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def primary(time_machine):
    time_machine.move_to(rostering.NOW, tick=False)
    rostering.people()
    return rostering.rotation()


@pytest.fixture
def bob(client):
    someone = make.user("bob", role="responder")
    client.force_login(someone)
    return someone


@pytest.fixture
def root(client):
    someone = make.user("ada", role="administrator")
    client.force_login(someone)
    return someone


def page(client, name, *args, **query) -> str:
    response = client.get(reverse(f"incidents:{name}", args=args), query)
    assert response.status_code == 200, response.content
    return " ".join(response.content.decode().split())


def contact(key: str) -> Contact:
    return Contact.objects.get(key=key)


def in_days(days: float):
    return now() + days * rostering.A_DAY


def test_the_page_says_who_is_on_call_until_when_and_who_is_next(client, bob):
    shown = page(client, "oncall")
    assert "<b>Ada</b> <small>until" in shown
    assert "2026-11-30 09:00 UTC" in shown
    assert '<b>Bob <span class="tag tag-accent">you</span></b> <small>from' in shown
    assert ">in 6 days</time>)" in shown


def test_at_another_time_somebody_else_is(client, bob):
    shown = page(client, "oncall", at="2026-12-01T03:00", zone="UTC")
    assert 'At <time datetime="2026-12-01T03:00:00Z">2026-12-01 03:00 UTC</time>: <b>Bob</b>' in shown
    # Whatever renews itself asks for the same time again.
    assert "panel/?at=2026-12-01T03%3A00&amp;zone=UTC" in shown
    panel = page(client, "oncall-panel", at="2026-12-01T03:00", zone="UTC")
    assert "<b>Bob</b>" in panel
    assert "<html" not in panel


@pytest.mark.parametrize("at", ["soon", "2026-13-01T00:00", "0001-01-01T00:00"])
def test_a_time_that_is_none_is_said(client, bob, at):
    response = client.get(reverse("incidents:oncall"), {"at": at, "zone": "UTC"})
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()


def test_a_hole_is_loud(client, bob):
    rostering.weekend()
    shown = page(client, "oncall")
    assert "card-alarm" in shown
    assert "Nobody is on call" in shown
    assert "Times in which nobody is on call" in shown
    assert '<svg class="turn nobody"' in shown


def test_a_swap_that_waits_for_me_is_asked_at_the_top(client, root, primary):
    start, end = in_days(7), in_days(8)
    swap = oncall.offer_swap(
        primary,
        from_contact=contact("bob"),
        to_contact=contact("ada"),
        starts_at=start,
        ends_at=end,
        reason="A wedding",
        by=make.user("bob", role="responder"),
    )
    for name in ("oncall", "my-shifts"):
        shown = page(client, name)
        assert "Bob asks you to stand in" in shown
        assert reverse("incidents:swap", args=[swap.pk]) in shown


def test_a_viewer_is_offered_nothing_to_change(client):
    client.force_login(make.user("vera", role="viewer"))
    for name, args in (("oncall", []), ("rotation", ["primary"]), ("my-shifts", [])):
        shown = page(client, name, *args)
        assert "Take it now" not in shown
        assert "<form" not in shown.partition('id="main"')[2].replace('<form id="at"', "").partition("</main>")[0]


def test_a_rotation_shows_five_weeks_as_bars_and_in_words(client, bob, primary):
    oncall.override(
        primary,
        contact("chie"),
        starts_at=in_days(1),
        ends_at=in_days(2),
        reason="Ada flies",
        by=make.user("root", role="administrator"),
    )
    shown = page(client, "rotation", "primary")
    assert shown.count('<svg class="week"') == 5
    assert '<svg class="turn changed"' in shown
    assert '<svg class="turn mine"' in shown
    assert "override: Ada flies" in shown
    assert "Week from 2026-11-23: Ada, Ada, Chie, Ada" in shown
    assert "hand-over at 09:00 UTC" in shown


def test_weeks_earlier_and_later_are_a_link_away(client, bob):
    shown = page(client, "rotation", "primary", **{"from": "2026-12-30"})
    assert "Weeks from 2026-12-28" in shown
    assert "from=2026-11-23" in shown
    assert "from=2027-02-01" in shown
    assert "This week" in shown


def test_of_many_shifts_the_first_are_shown_and_all_where_they_are_asked_for(client, bob):
    rostering.rotation("daily", position=1, period="daily", participants=["bob"])
    shown = page(client, "rotation", "daily")
    assert "<table" not in shown
    assert "The same in words: 36 shifts" in shown
    # Whatever renews itself keeps what was asked for.
    in_words = page(client, "rotation", "daily", words="1")
    assert in_words.count('<th scope="row">') == 36
    assert "rotations/daily/panel/?words=1" in in_words
    few, every = page(client, "my-shifts"), page(client, "my-shifts", all="1")
    assert f"{every.count('Swap…') - few.count('Swap…')} more" in few
    assert every.count("Swap…") > 84
    assert "mine/panel/?all=1" in every


@pytest.mark.parametrize("day", ["yesterday", "9999-12-31", "0001-01-01"])
def test_a_day_that_is_none_shows_this_week(client, bob, day):
    assert "Weeks from 2026-11-23" in page(client, "rotation", "primary", **{"from": day})


def test_layers_are_shown_with_the_one_that_counts_first_on_top(client, bob):
    rostering.weekend()
    shown = page(client, "rotation", "weekend")
    assert shown.index("<dt>Weekends</dt>") < shown.index("<dt>Weekend</dt>")
    assert "Saturday, Sunday" in shown


@pytest.mark.parametrize("name", ["rotation", "rotation-panel"])
def test_a_rotation_that_is_not_there_is_not_found(client, bob, name):
    assert client.get(reverse(f"incidents:{name}", args=["moon"])).status_code == 404


def test_my_shifts_are_mine(client, bob, primary):
    shown = page(client, "my-shifts")
    assert "You are not on call now" in shown
    assert "2026-11-30 09:00 UTC" in shown
    assert "2026-12-21 09:00 UTC" in shown
    assert "2026-11-23 09:00 UTC" not in shown
    assert f"{reverse('incidents:oncall-swap', args=['primary'])}?shift=2026-11-30T09:00:00Z" in shown


def test_whoever_is_no_contact_is_told_how_to_become_one(client):
    client.force_login(make.user("dora", role="responder"))
    shown = page(client, "my-shifts")
    assert "You are not among the plan’s contacts" in shown
    assert "dora@example.com" in shown


def test_pages_are_in_the_readers_own_days(client, bob):
    from_browser = {"Accept-Language": "zh-CN"}
    shown = client.get(reverse("incidents:rotation", args=["primary"]), headers=from_browser).content.decode()
    assert "Ada（中）" in shown


def test_many_rotations_cost_no_more_queries(client, bob, django_assert_max_num_queries):
    for number in range(12):
        rostering.rotation(f"more-{number}", position=number)
    client.get(reverse("incidents:oncall"))
    with django_assert_max_num_queries(25):
        client.get(reverse("incidents:oncall"))
    with django_assert_max_num_queries(25):
        client.get(reverse("incidents:rotation", args=["primary"]))
    with django_assert_max_num_queries(25):
        client.get(reverse("incidents:my-shifts"))


def test_what_is_not_shown_is_counted(client, bob, monkeypatch):
    monkeypatch.setattr(oncall_page, "MOST", 2)
    monkeypatch.setattr(oncall_page, "MOST_HOLES", 1)
    for number in range(3):
        rostering.rotation(f"more-{number}", position=number, participants=[])
    shown = page(client, "oncall")
    assert "2 more rotations" in shown
    assert "and 2 more" in shown
