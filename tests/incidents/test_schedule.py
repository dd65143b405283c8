"""Who is on call when: clocks that change, leap days, layers, overrides, swaps, absences and gaps."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from incidents.schedule import Gap, gaps, handed_over, moment, on_duty, shifts
from tests.incidents.layering import away, change, later, layer, schedule, utc

A_MINUTE = timedelta(minutes=1)


def who(known, text: str) -> str:
    duty = on_duty(known, utc(text))
    return duty.contact if duty else ""


def told(known, start: str, end: str) -> list[tuple[str, str, str]]:
    found = shifts(known, utc(start), utc(end))
    return [(one.contact, f"{one.starts_at:%m-%d %H:%M}", f"{one.ends_at:%m-%d %H:%M}") for one in found]


# --- The clock on the wall ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("zone", "day", "clock"),
    [
        ("UTC", "2024-02-29", "09:00"),
        ("Europe/Berlin", "2026-03-29", "02:30"),  # skipped
        ("Europe/Berlin", "2026-03-29", "03:00"),
        ("Europe/Berlin", "2026-10-25", "02:30"),  # comes twice
        ("America/New_York", "2026-03-08", "02:00"),
        ("America/Sao_Paulo", "2018-11-04", "00:00"),  # a day that begins at one o'clock
        ("Australia/Lord_Howe", "2026-10-04", "02:15"),  # half an hour is skipped
        ("Australia/Lord_Howe", "2026-04-05", "01:45"),  # half an hour comes twice
        ("Asia/Kathmandu", "2026-01-01", "00:00"),
        ("Africa/Casablanca", "2026-02-15", "03:00"),
        ("Pacific/Apia", "2011-12-29", "23:00"),
        ("Pacific/Apia", "2011-12-30", "12:00"),  # a day that never was
        ("Pacific/Apia", "2011-12-31", "00:00"),
    ],
)
def test_it_is_the_first_moment_at_which_the_clock_on_the_wall_shows_so_much(zone, day, clock):
    wanted = datetime.fromisoformat(f"{day} {clock}")
    at = (wanted - timedelta(hours=15)).replace(tzinfo=UTC)
    while at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) < wanted:
        at += A_MINUTE
    assert moment(zone, date.fromisoformat(day), time.fromisoformat(clock)) == at


def test_the_hand_over_stays_at_nine_on_the_wall_when_clocks_change():
    known = schedule(layer("ada", "bob", zone="Europe/Berlin"))
    in_winter, in_summer = (
        told(known, "2026-03-17 12:00", "2026-03-31 12:00")[:2],
        told(known, "2026-03-31", "2026-04-07"),
    )
    assert in_winter == [("ada", "03-16 08:00", "03-23 08:00"), ("bob", "03-23 08:00", "03-30 07:00")]
    assert in_summer[0] == ("ada", "03-30 07:00", "04-06 07:00")


def test_a_hand_over_in_the_hour_that_is_skipped_happens_when_clocks_are_put_forward():
    known = schedule(layer("ada", "bob", zone="Europe/Berlin", turn_days=1, hand_over_at=time(2, 30)))
    starts = [one.starts_at for one in shifts(known, utc("2026-03-28 02:00"), utc("2026-03-30 02:00"))]
    assert starts == [utc("2026-03-28 01:30"), utc("2026-03-29 01:00"), utc("2026-03-30 00:30")]


def test_nobody_is_on_call_twice_for_the_hour_that_comes_twice():
    known = schedule(layer("ada", "bob", zone="Europe/Berlin", turn_days=1, hand_over_at=time(2, 30)))
    found = shifts(known, utc("2026-10-24 02:00"), utc("2026-10-26 02:00"))
    assert [one.starts_at for one in found] == [
        utc("2026-10-24 00:30"),
        utc("2026-10-25 00:30"),
        utc("2026-10-26 01:30"),
    ]
    assert [one.contact for one in found] in (["ada", "bob", "ada"], ["bob", "ada", "bob"])


def test_a_leap_day_is_a_turn_like_any_other():
    known = schedule(layer("ada", "bob", "cai", turn_days=1, starts_on=date(2024, 2, 27)))
    found = [
        (one.contact, f"{one.starts_at:%m-%d}") for one in shifts(known, utc("2024-02-27 10:00"), utc("2024-03-02"))
    ]
    assert found == [("ada", "02-27"), ("bob", "02-28"), ("cai", "02-29"), ("ada", "03-01")]


def test_a_day_that_never_was_is_a_turn_of_nine_hours():
    """Samoa went from the 29th, midnight, to the 31st: the hand-over of the 30th is when the clock shows the 31st."""
    known = schedule(layer("ada", "bob", "cai", zone="Pacific/Apia", turn_days=1, starts_on=date(2011, 12, 28)))
    assert told(known, "2011-12-29 20:00", "2011-12-30 20:00") == [
        ("bob", "12-29 19:00", "12-30 10:00"),
        ("cai", "12-30 10:00", "12-30 19:00"),
        ("ada", "12-30 19:00", "12-31 19:00"),
    ]


# --- Turns and layers ---------------------------------------------------------------------------------------------
def test_before_the_first_turn_it_is_the_first_ones():
    assert who(schedule(layer("ada", "bob")), "2025-12-01 00:00") == "ada"


def test_a_layer_has_nobody_before_it_starts():
    known = schedule(layer("ada"), layer("bob", key="more", starts_on=date(2026, 3, 2)))
    assert (who(known, "2026-03-02 08:59"), who(known, "2026-03-02 09:00")) == ("ada", "bob")


def test_turns_of_the_same_person_are_shifts_of_their_own():
    assert [one[0] for one in told(schedule(layer("ada")), "2026-01-06", "2026-01-20")] == ["ada", "ada", "ada"]


def test_the_highest_layer_that_has_somebody_wins():
    weekend = layer("bob", key="weekend", weekdays=frozenset({5, 6}))
    known = schedule(layer("ada"), weekend, layer(key="empty"))
    assert told(known, "2026-01-06", "2026-01-13") == [
        ("ada", "01-05 09:00", "01-10 00:00"),
        ("bob", "01-10 00:00", "01-12 00:00"),
        ("ada", "01-12 00:00", "01-12 09:00"),
        ("ada", "01-12 09:00", "01-17 00:00"),
    ]


def test_following_the_sun_each_layer_has_its_hours_in_its_own_zone():
    known = schedule(
        layer(),
        layer("ada", key="tokyo", zone="Asia/Tokyo", hours="09:00-17:00"),
        layer("bob", key="berlin", zone="Europe/Berlin", hours="09:00-17:00"),
        layer("cai", key="california", zone="America/Los_Angeles", hours="08:00-16:00"),
    )
    in_winter = [who(known, f"2026-01-07 {hour:02}:30") for hour in (0, 7, 8, 15, 16, 23)]
    assert in_winter == ["ada", "ada", "bob", "bob", "cai", "cai"]
    # When clocks are put forward in Europe and America, and not in Japan, an hour before Tokyo begins is nobody's.
    found = gaps(known, utc("2026-07-01"), utc("2026-07-02"))
    assert found == [Gap("primary", utc("2026-07-01 23:00"), utc("2026-07-02 00:00"))]
    assert who(known, "2026-07-01 07:30") == "bob"


def test_hours_past_midnight_belong_to_the_day_on_which_they_begin():
    known = schedule(layer("ada"), layer("bob", key="friday", weekdays=frozenset({4}), hours="22:00-06:00"))
    nights = ["2026-01-09 21:59", "2026-01-09 22:00", "2026-01-10 05:59", "2026-01-10 06:00", "2026-01-09 05:00"]
    assert [who(known, at) for at in nights] == ["ada", "bob", "bob", "ada", "ada"]


def test_a_night_in_which_clocks_change_is_shorter_or_longer():
    known = schedule(layer(), layer("ada", key="nights", zone="Europe/Berlin", hours="22:00-06:00"))
    lengths = {
        day: sum(
            (one.ends_at - one.starts_at for one in shifts(known, utc(f"{day} 23:30"), utc(f"{day} 23:31"))),
            timedelta(),
        )
        for day in ("2026-03-28", "2026-07-01", "2026-10-24")
    }
    assert [length // timedelta(hours=1) for length in lengths.values()] == [7, 8, 9]


# --- Who is away, who is gone -------------------------------------------------------------------------------------
def test_somebody_who_is_away_is_passed_over():
    known = schedule(layer("ada", "bob"), absences=(away("ada", "2026-01-06 12:00", "2026-01-08 12:00"),))
    assert told(known, "2026-01-06", "2026-01-09") == [
        ("ada", "01-05 09:00", "01-06 12:00"),
        ("bob", "01-06 12:00", "01-08 12:00"),
        ("ada", "01-08 12:00", "01-12 09:00"),
    ]
    duty = on_duty(known, utc("2026-01-07"))
    assert duty is not None
    assert duty.passed_over == ("ada",)


def test_the_turns_of_others_do_not_move_when_somebody_is_away():
    known = schedule(layer("ada", "bob", "cai"), absences=(away("ada", "2026-01-05", "2026-01-19"),))
    assert [one[0] for one in told(known, "2026-01-06", "2026-01-20")] == ["bob", "bob", "cai"]


def test_where_all_of_a_layer_are_away_the_one_below_has_it():
    absences = (away("bob", "2026-01-06", "2026-01-07"),)
    assert who(schedule(layer("ada"), layer("bob", key="more"), absences=absences), "2026-01-06 12:00") == "ada"


def test_where_everybody_is_away_it_is_a_gap():
    known = schedule(layer("ada"), absences=(away("ada", "2026-01-06", "2026-01-07"),))
    assert gaps(known, utc("2026-01-05"), utc("2026-01-12")) == [Gap("primary", utc("2026-01-06"), utc("2026-01-07"))]


def test_somebody_who_is_no_longer_in_the_plan_is_passed_over():
    known = schedule(
        layer("ada", "bob"), contacts=frozenset({"bob"}), changes=(change("ada", "2026-01-06", "2026-01-07"),)
    )
    assert who(known, "2026-01-06 12:00") == "bob"


@pytest.mark.parametrize("participants", [(), ("gone",)], ids=["nobody", "gone"])
def test_a_rotation_without_anybody_is_one_gap(participants):
    known = schedule(layer(*participants))
    assert gaps(known, utc("2026-01-05"), utc("2026-01-12")) == [Gap("primary", utc("2026-01-05"), utc("2026-01-12"))]
    assert shifts(known, utc("2026-01-05"), utc("2026-01-12")) == []


# --- Overrides and swaps ------------------------------------------------------------------------------------------
def test_an_override_wins_over_every_layer():
    known = schedule(layer("ada"), layer("bob", key="more"), changes=(change("cai", "2026-01-06", "2026-01-07"),))
    assert [who(known, at) for at in ("2026-01-05 23:59", "2026-01-06 00:00", "2026-01-07 00:00")] == [
        "bob",
        "cai",
        "bob",
    ]


def test_of_two_overrides_the_one_made_last_counts():
    first = change("cai", "2026-01-06", "2026-01-09", pk=2)
    second = change("dan", "2026-01-07", "2026-01-08", made=later(), pk=1)
    assert told(schedule(layer("ada"), changes=(second, first)), "2026-01-06 01:00", "2026-01-08 01:00") == [
        ("cai", "01-06 00:00", "01-07 00:00"),
        ("dan", "01-07 00:00", "01-08 00:00"),
        ("cai", "01-08 00:00", "01-09 00:00"),
    ]


@pytest.mark.parametrize(("overridden", "absent", "expected"), [(0, 1, "bob"), (1, 0, "ada"), (1, 1, "ada")])
def test_an_override_puts_even_somebody_on_call_who_is_away_unless_they_said_so_later(overridden, absent, expected):
    known = schedule(
        layer("bob"),
        changes=(change("ada", "2026-01-06", "2026-01-08", made=later(overridden)),),
        absences=(away("ada", "2026-01-06", "2026-01-08", made=later(absent)),),
    )
    assert who(known, "2026-01-07 00:00") == expected


def test_a_swap_counts_only_where_it_is_the_first_ones_turn():
    known = schedule(layer("ada", "bob"), changes=(change("cai", "2026-01-10", "2026-01-14", instead_of="ada"),))
    assert told(known, "2026-01-06", "2026-01-14") == [
        ("ada", "01-05 09:00", "01-10 00:00"),
        ("cai", "01-10 00:00", "01-12 09:00"),
        ("bob", "01-12 09:00", "01-19 09:00"),
    ]


def test_whoever_took_a_shift_may_pass_it_on():
    first = change("bob", "2026-01-06", "2026-01-09", instead_of="ada")
    second = change("cai", "2026-01-07", "2026-01-08", instead_of="bob", made=later())
    assert [one[0] for one in told(schedule(layer("ada"), changes=(second, first)), "2026-01-06", "2026-01-09")] == [
        "ada", "bob", "cai", "bob", "ada"
    ][1:4]  # fmt: skip


def test_a_shift_can_be_given_back():
    there = change("bob", "2026-01-06", "2026-01-09", instead_of="ada")
    back = change("ada", "2026-01-07", "2026-01-08", instead_of="bob", made=later())
    assert who(schedule(layer("ada"), changes=(there, back)), "2026-01-07 12:00") == "ada"


def test_what_an_override_gave_somebody_can_be_swapped_afterwards():
    given = change("bob", "2026-01-06", "2026-01-09")
    before = change("dan", "2026-01-06", "2026-01-09", instead_of="bob", made=later(-1), pk=2)
    after = change("cai", "2026-01-06", "2026-01-09", instead_of="bob", made=later(), pk=3)
    assert who(schedule(layer("ada"), changes=(given, before)), "2026-01-07 12:00") == "bob"
    assert who(schedule(layer("ada"), changes=(given, after)), "2026-01-07 12:00") == "cai"


def test_who_swapped_and_then_goes_away_is_stood_in_for_as_agreed():
    known = schedule(
        layer("ada", "bob"),
        changes=(change("cai", "2026-01-06", "2026-01-09", instead_of="ada"),),
        absences=(away("ada", "2026-01-06", "2026-01-09", made=later()),),
    )
    assert who(known, "2026-01-07 12:00") == "cai"


def test_who_agreed_to_stand_in_and_then_goes_away_does_not():
    known = schedule(
        layer("ada", "bob"),
        changes=(change("cai", "2026-01-06", "2026-01-09", instead_of="ada"),),
        absences=(away("cai", "2026-01-07", "2026-01-08", made=later()),),
    )
    assert [who(known, at) for at in ("2026-01-06 12:00", "2026-01-07 12:00")] == ["cai", "ada"]


# --- What is different --------------------------------------------------------------------------------------------
def test_what_a_change_hands_over():
    before = schedule(layer("ada", "bob"))
    after = schedule(layer("ada", "bob"), changes=(change("bob", "2026-01-10", "2026-01-14"),))
    (one,) = handed_over(before, after, utc("2026-01-01"), utc("2026-02-01"))
    assert (one.before, one.after, one.starts_at, one.ends_at) == (
        "ada",
        "bob",
        utc("2026-01-10"),
        utc("2026-01-12 09:00"),
    )


def test_what_becomes_nobodys_is_handed_over_to_nobody():
    after = schedule(layer("ada"), absences=(away("ada", "2026-01-10", "2026-01-11"),))
    (one,) = handed_over(schedule(layer("ada")), after, utc("2026-01-01"), utc("2026-02-01"))
    assert (one.before, one.after) == ("ada", "")


def test_a_year_of_shifts_is_quick():
    known = schedule(
        layer("ada", "bob", turn_days=1),
        layer("cai", key="nights", zone="Europe/Berlin", hours="22:00-06:00"),
        changes=tuple(change("dan", f"2026-{month:02}-03", f"2026-{month:02}-05", pk=month) for month in range(1, 13)),
    )
    found = shifts(known, utc("2026-01-01"), utc("2027-01-01"))
    assert len(found) > 1000
    assert all(one.ends_at == next_one.starts_at for one, next_one in pairwise(found))
