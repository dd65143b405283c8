"""Robots of chat rooms in the plan: told where it names them, and nowhere else."""

from __future__ import annotations

import pytest
from django.utils.timezone import now

from dr_console.notifications.models import Channel
from incidents.models import ChannelKind, Contact
from incidents.queries import recipients
from tests import make

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("room", recipients.ROOMS)
def test_a_room_has_its_address_in_the_settings(room):
    make.plan()
    [one] = recipients.by_targets(["contact:cto"], [room], at=now())
    assert (one.channel, one.address, one.name) == (room, "", Contact.objects.current().get(key="cto").name)


def test_whoever_is_told_by_every_channel_is_not_told_in_rooms():
    make.plan()
    assert not {one.channel for one in recipients.last_resort("P0")} & set(recipients.ROOMS)


def test_every_kind_of_the_plan_is_a_channel_that_messages_go_by():
    assert set(ChannelKind.values) <= set(Channel.values)
