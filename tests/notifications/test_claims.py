"""Who sends what, and when: wishes, priorities, leases, drills, and lines that are full."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.utils.timezone import now

from dr_console import env
from dr_console.drill_channels import CHANNELS, drill_channels
from dr_console.notifications import claims, delivery
from dr_console.notifications.models import Channel, Delivery, DeliveryEvent
from dr_console.web.sentences import spoken
from tests import make
from tests.notifications.asked import NAME
from tests.notifications.conftest import ANSWERS
from tests.notifications.test_delivery import fresh, kinds, send
from tests.notifications.test_delivery_in_trouble import abandoned

pytestmark = pytest.mark.django_db
State, Kind = Delivery.State, DeliveryEvent.Kind
MINUTE = timedelta(minutes=1)


def letter(**fields: Any) -> Delivery:
    defaults = {"channel": Channel.EMAIL, "address": "ada@example.com", "person": "contact:ada"}
    return make.message(**defaults | fields)


def test_what_nobody_wants_any_more_is_not_sent(people, asked):
    one = make.message(purpose=NAME)
    asked.unwanted.add(one.pk)
    assert send(one).state == State.CANCELLED
    assert spoken(one.events.get().said) == "Nobody needs to hear it any more."
    assert people.heard("slack") == []


def test_what_had_not_arrived_and_nobody_wants_now_is_not_sent_again(people, asked):
    one = make.message(purpose=NAME)
    abandoned(one, handed_over_at=now())
    asked.unwanted.add(one.pk)
    assert send(one).state == State.CANCELLED
    assert people.heard("slack") == []


def test_what_matters_most_comes_first_and_then_the_oldest():
    low, first, second = make.message(priority=9), make.message(priority=0), make.message(priority=0)
    assert claims.due(now()) == [first.pk, second.pk, low.pk]
    assert claims.first_of("slack", most=2) == [(first.pk, 0), (second.pk, 0)]
    assert claims.first_of("email", most=2) == []
    assert claims.due_by_channel(now()) == {"slack": 3}


def test_a_lease_is_the_claimers_alone(people):
    one = make.message()
    assert claims.claim(fresh(one))
    assert claims.claim(fresh(one)) is None
    assert claims.due(now() + MINUTE) == [], "whatever this host's clock says: leases go by the database's"


def test_two_who_read_the_same_do_not_both_send_it(people):
    one = make.message()
    mine, theirs = fresh(one), fresh(one)
    assert claims.claim(mine)
    assert claims.claim(theirs) is None


def test_a_second_letter_within_the_minute_waits(people):
    assert send(letter()).state == State.SENT
    later = send(letter())
    assert later.state == State.QUEUED
    assert MINUTE - timedelta(seconds=10) < later.not_before - now() <= MINUTE
    assert kinds(later) == [Kind.HELD]
    assert len(people.heard("email")) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"may_wait": False},
        {"person": ""},
        {"address": "bob@example.com"},
        {"channel": Channel.PHONE, "address": ANSWERS},
    ],
    ids=["first page of a P0", "no person", "another address", "another channel"],
)
def test_these_do_not_wait(people, fields):
    assert send(letter()).state == State.SENT
    assert send(letter(**fields)).state == State.SENT


def test_a_second_try_is_not_held_back_by_the_first(people, settings):
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    one = send(letter())
    settings.EMAIL_PORT = port
    Delivery.objects.update(not_before=now())
    assert send(one).state == State.SENT


def test_a_drill_only_writes_down_what_it_is_told_to(people, settings):
    settings.DR_DRILL_CHANNELS = {"slack": "simulate"}
    drill = send(make.message(is_practice=True))
    assert (drill.state, people.heard("slack")) == (State.SENT, [])
    assert "Only written down" in spoken(drill.events.get().said)
    assert send(make.message()).state == State.SENT
    assert len(people.heard("slack")) == 1


def test_a_drill_never_addresses_a_vendor(people):
    vendor = {"channel": Channel.EMAIL, "address": "support@example.com", "person": "vendor:aws"}
    assert send(make.message(**vendor, is_practice=True)).state == State.CANCELLED
    assert send(make.message(**vendor)).state == State.SENT
    assert len(people.heard("email")) == 1


def test_the_setting_for_drills_knows_every_channel(monkeypatch):
    assert configured.DR_DRILL_CHANNELS == {}
    assert set(CHANNELS) == set(Channel)
    monkeypatch.setattr(env, "SETTINGS", [])
    monkeypatch.setenv("DR_DRILL_CHANNELS", "phone=simulate, slack=real")
    assert drill_channels() == {"phone": "simulate", "slack": "real"}
    for wrong in ("fax=real", "phone", "phone=never"):
        monkeypatch.setenv("DR_DRILL_CHANNELS", wrong)
        with pytest.raises(env.WrongSetting, match="is not a list like phone=simulate"):
            drill_channels()


def test_a_report_that_overtakes_the_answer_of_the_channel_stays(people):
    one = make.message()
    claim = claims.claim(fresh(one))
    assert claim is not None
    Delivery.objects.filter(pk=one.pk).update(state=State.DELIVERED)
    delivery._carry_out(claim)
    one = fresh(one)
    assert (one.state, bool(one.provider_ref)) == (State.DELIVERED, True)
    assert kinds(one) == [Kind.TRIED, Kind.ACCEPTED]
