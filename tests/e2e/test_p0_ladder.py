"""The whole ladder of a P0 against the sandbox's PagerDuty, telephone, Slack and mail server, over real HTTP.

Five scenes, one for each way in which somebody says “I am on it”: PagerDuty's webhook, a digit, a button, a link, and
the page of the incident. The clock of this process is moved; the vendors' goes on as far.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from dr_console.notifications import poller
from dr_console.notifications.callbacks import subscriptions
from dr_console.notifications.models import Delivery
from dr_console.operations import loudness
from incidents.models import Escalation, EscalationEvent, Incident
from incidents.services import escalation
from incidents.services import incident as incidents
from tests import make
from tests.notifications.conftest import People, _people, people

__all__ = ["_people", "people"]
pytestmark = pytest.mark.django_db(transaction=True)
Status = Escalation.Status
Kind = EscalationEvent.Kind
TECHNICAL_LEAD = "+15550101"


class Story:
    """An hour of the world, as the engine, the senders and the vendors live through it."""

    def __init__(self, world: People, machine: Any) -> None:
        self.world, self._machine = world, machine
        self.incident, _is_new = incidents.declare(title="Tokyo is dark", severity="P0", service=None, by=None)
        self.go_on()

    def go_on(self, minutes: float = 0) -> None:
        """Let time pass, climb what is due, and send what is to be sent."""
        if minutes:
            self._machine.shift(timedelta(minutes=minutes))
            self.world.post("/clock", {"advance": minutes * 60})
        escalation.tick()
        poller.look_once(here=True)

    @property
    def climb(self) -> Escalation:
        return Escalation.objects.get(incident=self.incident)

    def paged(self) -> list[tuple[int, int]]:
        """Round and level of every page so far."""
        found = self.climb.events.filter(kind=Kind.LEVEL_STARTED).order_by("pk")
        return list(found.values_list("round", "level"))

    def sent_by(self, channel: str) -> list[Delivery]:
        return list(Delivery.objects.filter(about=self.incident.reference, channel=channel).order_by("pk"))

    def until_acknowledged(self, via: str) -> Escalation:
        """The answer comes over the network, from another process."""
        _until(lambda: self.climb.status == Status.ACKNOWLEDGED)
        assert self.climb.acknowledged_via == via
        self.incident.refresh_from_db()
        assert self.incident.acknowledged_at == self.climb.acknowledged_at
        return self.climb

    def nobody_is_paged_any_more(self) -> None:
        before = self.paged()
        self.go_on(minutes=6)
        assert self.paged() == before
        waiting = Delivery.objects.filter(group=self.climb.group, state__in=("queued", "sending"), channel="phone")
        assert not waiting.exists()


def _until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end, "it has not come to be so within a minute"
        time.sleep(0.02)


@pytest.fixture
def story(server: str, people: People, settings: Any, time_machine: Any) -> Story:
    """A P0 is declared, and its first page has gone out."""
    settings.DR_PUBLIC_URL = server
    people.reset(speed=1)
    people.post("/slack/addresses", {"request_url": f"{server}/callbacks/slack/"})
    time_machine.move_to(datetime.now(UTC), tick=True)
    make.plan()
    return Story(people, time_machine)


def test_scene_1_pagerduty_is_answered_there(story: Story) -> None:
    subscriptions.subscribe(by=None)
    [page] = story.sent_by("pagerduty")
    assert [one.state for one in story.sent_by("phone")] == ["sent"]
    story.world.post("/pagerduty/answer", {"action": "acknowledge", "incident": page.provider_ref})
    story.until_acknowledged("pagerduty")
    story.nobody_is_paged_any_more()
    assert story.paged() == [(0, 0)]


def test_scene_2_a_digit_on_the_second_level(story: Story) -> None:
    story.go_on(minutes=5)
    assert story.paged() == [(0, 0), (0, 1)]
    call = story.sent_by("phone")[-1]
    assert call.address.replace("-", "") == TECHNICAL_LEAD
    story.world.post("/clock", {"advance": 3})
    story.world.post("/twilio/answer", {"call": call.provider_ref, "does": "press", "digits": "1"})
    story.world.post("/clock", {"advance": 30})
    assert story.until_acknowledged("phone").acknowledged_by == "Technical lead"
    poller.look_once(here=True)
    assert [each["state"] for each in story.world.heard("pagerduty")] == ["acknowledged"]  # it rings there no more
    story.nobody_is_paged_any_more()


def test_scene_3_a_call_that_nobody_takes_and_a_button_in_slack(story: Story) -> None:
    [call] = story.sent_by("phone")
    story.world.post("/clock", {"advance": 3})
    story.world.post("/twilio/answer", {"call": call.provider_ref, "does": "busy"})
    story.world.post("/clock", {"advance": 120})
    _until(lambda: bool(story.sent_by("slack")))
    story.go_on()
    [instead] = story.sent_by("slack")
    assert (instead.stands_in_for, instead.state) == (call, "sent")
    assert story.world.post("/slack/press", {"action": "acknowledge"})["status"] == 200
    story.until_acknowledged("slack")
    story.nobody_is_paged_any_more()


def test_scene_4_a_link_in_a_letter_to_the_third_level(story: Story, server: str) -> None:
    story.go_on(minutes=5)
    story.go_on(minutes=5)
    assert story.paged() == [(0, 0), (0, 1), (0, 2)]
    letter = next(one for one in story.world.heard("email") if one["to"] == "cto@example.com")
    link = next(word for word in letter["text"].split() if "/answer/acknowledge-" in word)
    with httpx.Client(trust_env=False, timeout=60) as browser:
        asked = browser.get(link)  # as programs on the way do, which open every link
        assert asked.status_code == 200
        assert story.climb.status == Status.ACTIVE
        token = asked.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        assert browser.post(link, data={"csrfmiddlewaretoken": token}, headers={"Referer": link}).status_code == 200
        assert story.until_acknowledged("link").acknowledged_by == "CTO"
        assert browser.post(link, data={"csrfmiddlewaretoken": token}, headers={"Referer": link}).status_code == 200
    assert story.climb.events.filter(kind=Kind.ACKNOWLEDGED).count() == 1
    story.nobody_is_paged_any_more()


def test_scene_5_nobody_answers_until_somebody_sees_it_on_a_page(
    story: Story, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    wei = make.user("wei", role="commander")
    client.force_login(wei)
    for _level in range(9):
        story.go_on(minutes=5)
    assert story.paged() == [(number, level) for number in range(3) for level in range(3)]
    assert story.climb.status == Status.EXHAUSTED
    last = Delivery.objects.filter(group=story.climb.group, person="contact:development-team", state="sent")
    assert {"slack", "email"} <= {one.channel for one in last}
    monkeypatch.setattr(loudness, "remembered", loudness.Remembered())
    assert "Nobody answers for P0" in client.get(reverse("home")).content.decode()
    client.post(reverse("incidents:paging-acknowledge", args=[story.incident.reference]))
    assert story.until_acknowledged("page").acknowledged_by == str(wei)
    monkeypatch.setattr(loudness, "remembered", loudness.Remembered())
    assert "Nobody answers for P0" not in client.get(reverse("home")).content.decode()
    assert Incident.objects.get().acknowledged_at
