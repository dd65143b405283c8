"""Who is on call, asked of the rows: now and next, shifts, gaps, holes; and what of it is not ready."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils.timezone import now

from incidents.models import Absence, Contact, Override, Rotation, Swap
from incidents.queries import oncall, recipients
from incidents.queries.readiness import findings
from tests import make
from tests.incidents.layering import utc

pytestmark = pytest.mark.django_db
NOW = "2026-11-23 12:00:00 +0000"


@pytest.fixture(autouse=True)
def primary(time_machine):
    """Three people, weekly from Monday 09:00 in Berlin on; it is Monday noon in London, and ada's turn."""
    time_machine.move_to(NOW, tick=False)
    for position, key in enumerate(("ada", "bob", "cai")):
        Contact.objects.create(
            key=key, position=position, name=key.title(), kind="person", language="en", time_zone="Europe/Berlin"
        )
    return Rotation.objects.create(
        key="primary",
        position=0,
        name="Primary",
        time_zone="Europe/Berlin",
        period="weekly",
        hand_over_at="09:00",
        starts_on=date(2026, 11, 23),
        participants=["ada", "bob", "cai"],
    )


def layer(rotation: Rotation, *participants: str, **fields):
    known = {"key": "more", "name": "More", "time_zone": "UTC", "period": "weekly", "hand_over_at": "00:00"}
    known |= {"position": 0, "starts_on": date(2026, 1, 5), "participants": list(participants)}
    return rotation.layers.create(**known | fields)


def override(contact: str, start: str, end: str, **fields) -> Override:
    return Override.objects.create(
        rotation_key="primary", contact_key=contact, starts_at=utc(start), ends_at=utc(end), **fields
    )


def swap(start: str, end: str, **fields) -> Swap:
    """Bob stands in for ada; agreed, if nothing else is said."""
    known = {"from_contact": "ada", "to_contact": "bob", "state": "accepted", "answered_at": now()}
    return Swap.objects.create(rotation_key="primary", starts_at=utc(start), ends_at=utc(end), **known | fields)


def absence(contact: str, start: str, end: str, **fields) -> Absence:
    return Absence.objects.create(contact_key=contact, starts_at=utc(start), ends_at=utc(end), **fields)


def on_call(text: str) -> list[str]:
    return oncall.on_call("primary", utc(text))


@pytest.mark.parametrize(
    ("at", "who"),
    [
        ("2026-10-01 12:00", "ada"),  # before the first turn
        ("2026-11-30 07:59", "ada"),
        ("2026-11-30 08:00", "bob"),  # 09:00 in Berlin, in winter
        ("2027-04-05 06:59", "ada"),
        ("2027-04-05 07:00", "bob"),  # 09:00 in Berlin, in summer
    ],
)
def test_whose_turn_it_is(at, who):
    assert on_call(at) == [who]


def test_a_rotation_that_the_plan_does_not_have_has_nobody():
    assert oncall.on_call("nowhere", now()) == []
    assert oncall.shifts("nowhere", now(), now() + timedelta(days=9)) == []


def test_layers_lie_over_the_rotation_in_their_order(primary):
    layer(primary, "bob", key="nights", hours="20:00-08:00", position=0)
    layer(primary, "cai", key="weekend", weekdays=["sat", "sun"], hours="16:00-24:00", position=1)
    asked = ["2026-11-24 12:00", "2026-11-24 20:00", "2026-11-28 12:00", "2026-11-28 23:59", "2026-11-29 00:00"]
    assert [on_call(at) for at in asked] == [["ada"], ["bob"], ["ada"], ["cai"], ["bob"]]


def test_a_retired_layer_has_nobody(primary):
    layer(primary, "bob", retired_at=now())
    assert on_call("2026-11-24 12:00") == ["ada"]


def test_overrides_swaps_and_absences_are_asked_for():
    override("cai", "2026-11-24 00:00", "2026-11-25 00:00")
    swap("2026-11-25 00:00", "2026-11-26 00:00")
    absence("ada", "2026-11-26 00:00", "2026-11-27 00:00")
    assert [on_call(f"2026-11-{day} 12:00") for day in (24, 25, 26, 27)] == [["cai"], ["bob"], ["bob"], ["ada"]]


def test_what_was_taken_back_or_not_agreed_to_counts_for_nothing():
    override("cai", "2026-11-24 00:00", "2026-11-25 00:00", withdrawn_at=now())
    swap("2026-11-24 00:00", "2026-11-25 00:00", state="offered", answered_at=None)
    swap("2026-11-24 00:00", "2026-11-25 00:00", state="declined")
    absence("ada", "2026-11-24 00:00", "2026-11-25 00:00", withdrawn_at=now())
    assert on_call("2026-11-24 12:00") == ["ada"]


def test_a_swap_has_two_halves_and_changes_nothing_that_is_past():
    back = {"return_starts_at": utc("2026-12-01 00:00"), "return_ends_at": utc("2026-12-02 00:00")}
    swap("2026-11-23 10:00", "2026-11-24 00:00", **back)
    asked = ["2026-11-23 11:59", "2026-11-23 12:00", "2026-11-24 00:00", "2026-12-01 12:00", "2026-12-02 12:00"]
    assert [on_call(at)[0] for at in asked] == ["ada", "bob", "ada", "ada", "bob"]


def test_a_contact_who_left_the_plan_is_passed_over():
    override("cai", "2026-11-24 00:00", "2026-11-25 00:00")
    Contact.objects.filter(key__in=["ada", "cai"]).update(retired_at=now())
    assert on_call("2026-11-24 12:00") == ["bob"]


def test_now_and_next_name_whole_shifts():
    (standing,) = oncall.now_and_next(now())
    assert standing.now
    assert standing.next
    assert (standing.now.contact, standing.now.ends_at) == ("ada", utc("2026-11-30 08:00"))
    assert (standing.next.contact, standing.next.starts_at) == ("bob", utc("2026-11-30 08:00"))


def test_after_a_long_override_somebody_is_next():
    override("cai", "2026-11-23 00:00", "2027-02-20 00:00")
    (standing,) = oncall.now_and_next(now())
    assert standing.next
    assert standing.next.starts_at == utc("2027-02-20 00:00")


def test_in_a_hole_there_is_nobody_now_and_perhaps_nobody_next(primary):
    Rotation.objects.update(participants=[])
    layer(primary, "bob", weekdays=["thu"])
    (standing,) = oncall.now_and_next(now())
    assert standing.now is None
    assert standing.next
    assert standing.next.starts_at == utc("2026-11-26 00:00")
    primary.layers.update(participants=[])
    (standing,) = oncall.now_and_next(now())
    assert (standing.now, standing.next) == (None, None)


def test_a_persons_shifts_in_all_rotations():
    Rotation.objects.create(
        key="second",
        position=1,
        name="Second",
        time_zone="UTC",
        period="daily",
        hand_over_at="12:00",
        starts_on=date(2026, 11, 23),
        participants=["bob", "cai"],
    )
    found = oncall.shifts_of("cai", now(), now() + timedelta(days=16))
    assert [shift.rotation for shift in found].count("second") == 8
    assert [f"{shift.starts_at:%m-%d %H:%M}" for shift in found if shift.rotation == "primary"] == ["12-07 08:00"]


def test_gaps_are_found_two_weeks_ahead():
    for key in ("ada", "bob", "cai"):
        absence(key, "2026-12-05 00:00", "2026-12-06 06:30")
    (gap,) = oncall.gaps(now())
    assert (gap.rotation, gap.starts_at, gap.ends_at) == ("primary", utc("2026-12-05 00:00"), utc("2026-12-06 06:30"))
    assert oncall.gaps(now(), days=5) == []
    assert oncall.holes_now() == []


def test_a_hole_now_is_told_of(time_machine):
    for key in ("ada", "bob", "cai"):
        absence(key, "2026-11-23 11:00", "2026-11-23 18:00")
    (gap,) = oncall.holes_now()
    assert gap.ends_at == utc("2026-11-23 18:00")
    time_machine.move_to("2026-11-23 18:00:00 +0000", tick=False)
    assert oncall.holes_now() == []


def test_it_costs_the_same_however_much_there_is(django_assert_num_queries):
    for day in range(1, 20):
        override("cai", f"2026-12-{day:02} 00:00", f"2026-12-{day:02} 12:00")
        absence("bob", f"2026-12-{day:02} 00:00", f"2026-12-{day:02} 12:00")
    with django_assert_num_queries(6):
        known = oncall.roster(now(), now() + timedelta(days=60))
        assert len(known.shifts("primary", known.start, known.end)) > 40
        known.gaps(known.start, known.end)
        known.standing("primary", now())


def test_messages_to_a_rotation_go_to_whoever_is_on_call():
    Contact.objects.get(key="cai").channels.create(kind="email", address="cai@example.org", position=0)
    override("cai", "2026-11-24 00:00", "2026-11-25 00:00")
    found = recipients.by_targets(["rotation:primary"], ["email"], at=utc("2026-11-24 12:00"))
    assert [one.address for one in found] == ["cai@example.org"]


# --- What of it is not ready --------------------------------------------------------------------------------------
def found() -> list[str]:
    return [f"{one.state}: {one.what}. {one.why}" for one in findings() if one.page == "incidents:oncall"]


def test_a_rotation_that_always_has_somebody_is_ready():
    assert found() == []


def test_a_gap_ahead_is_found_with_its_time():
    for key in ("ada", "bob", "cai"):
        absence(key, "2026-12-05 00:00", "2026-12-06 06:30")
    assert found() == [
        "failed: Nobody is on call in “Primary” from 2026-12-05 00:00 UTC. "
        "A page to it would reach nobody: 2026-12-05 00:00 UTC – 2026-12-06 06:30 UTC."
    ]


def test_of_many_gaps_the_first_are_named(primary):
    Rotation.objects.update(participants=[])
    layer(primary, "ada", hours="06:00-18:00", time_zone="Asia/Tokyo")
    (only,) = found()
    assert "Nobody is on call in “Primary” now" in only
    assert "and 12 more" in only


def test_a_rotation_with_nobody_in_any_layer_is_found(primary):
    Rotation.objects.update(participants=[])
    assert "Nobody takes part" in found()[0]
    layer(primary, "ada")
    assert found() == []


def test_without_a_rotation_nobody_would_be_paged_first():
    make.plan()
    Rotation.objects.update(retired_at=now())
    assert "There is no on-call rotation" in found()[0]
