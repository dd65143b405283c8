"""The ladder, climbed without a database: every level once and in order, whatever people do and however late it is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents import ladder
from incidents.ladder import Absent, Acknowledgement, Kind, Level, Person, Policy, Reach, Status, Way

START = datetime(2026, 11, 28, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NOBODY = Reach((), (Absent("rotation:on-call", "On call", "nobody_on_call"),))


def person(name: str, **fields) -> Person:
    return Person(f"contact:{name}", name, ways=(Way("phone", "+1-555-0100"),), **fields)


@dataclass
class Pretend:
    """A world in which these levels are empty. `told`: whether any message was taken."""

    empty: set[str] = field(default_factory=set)
    told: bool = True
    progress: datetime | None = None
    quiet_until: datetime | None = None

    def reach(self, level, at):
        return NOBODY if level.key in self.empty else Reach((person(level.key, not_before=self.quiet_until),))

    def last_resort(self, policy, at):
        return Reach((person(policy.fallback),)) if policy.fallback else Reach()

    def is_anybody_told(self):
        return self.told

    def progressed_at(self, since):
        return self.progress if self.progress and self.progress > since else None


def policy(*waits: int, rounds: int = 1, lasts: int | None = 15, required: int = 1) -> Policy:
    levels = tuple(Level(f"l{n}", wait * MINUTE, (), ("phone",), required) for n, wait in enumerate(waits))
    acknowledgement = None if lasts is None else lasts * MINUTE
    return Policy("P0", levels, rounds, acknowledgement, snooze=5 * MINUTE, fallback="boss")


def kinds(happened):
    return [one.kind for one in happened]


def ack(name="ada", at=START, via="phone"):
    return Acknowledgement(f"contact:{name}", name, at, via)


def began(rules, world=None):
    return ladder.due(rules, ladder.begin(START), START, world or Pretend())[0]


def until_it_ends(rules, world, *, at=START):
    """Nobody answers: what happens, each as soon as it is due."""
    state, story = ladder.begin(at), []
    while state.next_at is not None:
        state, happened = ladder.due(rules, state, state.next_at, world)
        story += happened
    return state, story


# --- Nobody answers -------------------------------------------------------------------------------------------------
def test_the_p0_ladder_of_the_plan_reaches_the_cto_after_ten_minutes_and_rings_three_times_over():
    state, story = until_it_ends(policy(5, 5, 5, rounds=3), Pretend())
    paged = [(one.round, one.level, (one.at - START) // MINUTE) for one in story if one.kind == Kind.LEVEL_STARTED]
    assert paged == [(n // 3, n % 3, 5 * n) for n in range(9)]
    assert (state.status, state.next_at, story[-1].at) == (Status.EXHAUSTED, None, START + 45 * MINUTE)
    assert [one.name for one in story[-1].reach.people] == ["boss"]


def test_a_level_with_nobody_lets_no_time_pass_and_says_so():
    state, story = until_it_ends(policy(5, 5), Pretend(empty={"l0"}))
    assert kinds(story) == [Kind.NOBODY_AT_LEVEL, Kind.LEVEL_STARTED, Kind.EXHAUSTED]
    assert (story[0].at, story[1].at, story[2].at) == (START, START, START + 5 * MINUTE)
    assert story[0].reach.absent[0].why == "nobody_on_call"


def test_where_nobody_is_anywhere_it_runs_out_at_once_and_says_that_nobody_was_paged():
    state, story = until_it_ends(policy(5, 5, rounds=2), Pretend(empty={"l0", "l1"}, told=False))
    assert state.status == Status.EXHAUSTED_NOBODY
    assert kinds(story).count(Kind.NOBODY_AT_LEVEL) == 4
    assert story[-1].at == START


def test_a_policy_without_levels_pages_the_last_resort_at_once():
    state, story = until_it_ends(policy(), Pretend(told=False))
    assert (state.status, kinds(story)) == (Status.EXHAUSTED_NOBODY, [Kind.EXHAUSTED])


def test_however_late_a_step_comes_it_is_one_step_and_the_level_has_its_whole_time():
    rules, world = policy(5, 5, 5), Pretend()
    state = began(rules, world)
    late = START + 3 * 60 * MINUTE
    state, happened = ladder.due(rules, state, late, world)
    assert kinds(happened) == [Kind.LEVEL_STARTED]
    assert (state.level, state.next_at) == (1, late + 5 * MINUTE)
    assert ladder.due(rules, state, late, world) == (state, [])


def test_quiet_hours_count_before_the_levels_time_does():
    morning = START + 240 * MINUTE
    state, story = ladder.due(policy(60), ladder.begin(START), START, Pretend(quiet_until=morning))
    assert (state.next_at, story[0].until) == (morning + 60 * MINUTE,) * 2


def test_somebody_who_is_told_by_another_channel_or_not_at_all_is_a_red_event():
    class Partly(Pretend):
        def reach(self, level, at):
            return Reach((person("ada", is_fallback=True),), NOBODY.absent)

    _state, story = ladder.due(policy(5), ladder.begin(START), START, Partly())
    assert kinds(story) == [Kind.LEVEL_STARTED, Kind.NO_CHANNEL]


# --- Somebody does --------------------------------------------------------------------------------------------------
def test_an_acknowledgement_stops_it_until_half_its_time_has_passed():
    rules = policy(5, 5)
    state, happened = ladder.acknowledge(rules, began(rules), ack(at=START + MINUTE))
    assert (state.status, kinds(happened)) == (Status.ACKNOWLEDGED, [Kind.ACKNOWLEDGED])
    assert (state.next_at, state.expires_at) == (START + 8.5 * MINUTE, START + 16 * MINUTE)


def test_the_same_person_twice_is_once_and_another_one_is_noted():
    rules = policy(5)
    state, _happened = ladder.acknowledge(rules, began(rules), ack())
    assert ladder.acknowledge(rules, state, ack(at=START + MINUTE, via="slack")) == (state, [])
    both, happened = ladder.acknowledge(rules, state, ack("bob", at=START + MINUTE))
    assert kinds(happened) == [Kind.ACKNOWLEDGED]
    assert both.acknowledged_at == state.acknowledged_at == START, "one time to acknowledge"


@pytest.mark.parametrize(
    ("key", "name", "missing"), [("", "ADA", 1), ("contact:ada", "A. Lovelace", 1), ("contact:bob", "ada", 0)]
)
def test_one_person_by_two_ways_is_not_two(key, name, missing):
    """PagerDuty and Slack tell a name, and the telephone whose it is."""
    rules = policy(5, required=2)
    state, _happened = ladder.acknowledge(rules, began(rules), Acknowledgement("contact:ada", "ada", START, "phone"))
    state, _happened = ladder.acknowledge(rules, state, Acknowledgement(key, name, START, "pagerduty"))
    assert 2 - len(state.acknowledgements) == missing


def test_who_has_put_it_off_may_take_it_on_after_all():
    rules = policy(5)
    state, _happened = ladder.acknowledge(rules, began(rules), ack())
    state, _happened = ladder.snooze(state, START, START + 5 * MINUTE)
    state, happened = ladder.acknowledge(rules, state, ack(at=START + MINUTE))
    assert (state.status, kinds(happened)) == (Status.ACKNOWLEDGED, [Kind.ACKNOWLEDGED])
    assert state.expires_at == START + 16 * MINUTE
    assert len(state.acknowledgements) == 1


def test_where_two_must_acknowledge_one_does_not_stop_it():
    rules = policy(5, 5, required=2)
    state, (first,) = ladder.acknowledge(rules, began(rules), ack())
    assert (state.status, first.missing, state.next_at) == (Status.ACTIVE, 1, START + 5 * MINUTE)
    state, (second,) = ladder.acknowledge(rules, state, ack("bob", at=START + MINUTE))
    assert (state.status, second.missing) == (Status.ACKNOWLEDGED, 0)


def test_the_next_level_counts_its_own_acknowledgements():
    rules = policy(5, 5, required=2)
    state, _happened = ladder.acknowledge(rules, began(rules), ack())
    state, _happened = ladder.due(rules, state, START + 5 * MINUTE, Pretend())
    assert (state.level, state.acknowledgements) == (1, ())


def test_who_shows_no_progress_is_reminded_and_then_it_goes_on_with_the_next_level():
    rules, world = policy(5, 5), Pretend()
    state, _happened = ladder.acknowledge(rules, began(rules), ack())
    state, reminded = ladder.due(rules, state, START + 7.5 * MINUTE, world)
    assert (kinds(reminded), state.next_at) == ([Kind.REMINDED], START + 15 * MINUTE)
    state, expired = ladder.due(rules, state, START + 15 * MINUTE, world)
    assert kinds(expired) == [Kind.ACK_EXPIRED, Kind.LEVEL_STARTED]
    assert (state.status, state.level, state.acknowledgements) == (Status.ACTIVE, 1, ())


def test_progress_counts_as_another_acknowledgement():
    rules, world = policy(5, 5), Pretend(progress=START + 6 * MINUTE)
    state, _happened = ladder.acknowledge(rules, began(rules), ack())
    state, happened = ladder.due(rules, state, START + 7.5 * MINUTE, world)
    assert (happened, state.next_at, state.expires_at) == ([], START + 13.5 * MINUTE, START + 21 * MINUTE)


def test_progress_long_ago_is_none():
    rules, world = policy(5, 5), Pretend(progress=START + MINUTE)
    state, _happened = ladder.acknowledge(rules, began(rules), ack())
    _state, happened = ladder.due(rules, state, START + 20 * MINUTE, world)
    assert kinds(happened) == [Kind.ACK_EXPIRED, Kind.LEVEL_STARTED]


def test_an_acknowledgement_that_does_not_expire_is_left_alone():
    rules = policy(5, lasts=None)
    state, _happened = ladder.acknowledge(rules, began(rules), ack())
    assert (state.next_at, state.expires_at) == (None, None)


def test_after_the_last_resort_one_is_enough_and_if_they_vanish_another_round_begins():
    rules, world = policy(5, 5, required=2), Pretend()
    state, _story = until_it_ends(rules, world)
    state, _happened = ladder.acknowledge(rules, state, ack(at=START + 20 * MINUTE))
    assert state.status == Status.ACKNOWLEDGED
    state, happened = ladder.due(rules, state, START + 40 * MINUTE, world)
    assert kinds(happened) == [Kind.ACK_EXPIRED, Kind.ROUND_STARTED, Kind.LEVEL_STARTED]
    assert (state.round, state.level) == (1, 0)


@pytest.mark.parametrize("status", ["acked", "active", "snoozed", "exhausted"])
def test_a_person_asks_for_the_next_level(status):
    rules, world = policy(5, 5), Pretend()
    state = replace(began(rules), status=status)
    state, happened = ladder.escalate(rules, state, START + MINUTE, START + MINUTE, world, by="Ada")
    assert (state.status, state.level, kinds(happened)) == ("active", 1, [Kind.ESCALATED, Kind.LEVEL_STARTED])


def test_what_has_been_escalated_since_they_looked_is_not_escalated_again():
    rules, world = policy(5, 5, 5), Pretend()
    state, _happened = ladder.escalate(rules, began(rules), START + 2 * MINUTE, None, world)
    assert ladder.escalate(rules, state, START + 3 * MINUTE, START + MINUTE, world) is None


def test_put_off_it_goes_on_with_the_next_level():
    rules, world = policy(5, 5), Pretend()
    state, _happened = ladder.snooze(began(rules), START + MINUTE, START + 4 * MINUTE)
    assert ladder.due(rules, state, START + 3 * MINUTE, world) == (state, [])
    state, happened = ladder.due(rules, state, START + 4 * MINUTE, world)
    assert (kinds(happened), state.level) == ([Kind.RESUMED, Kind.LEVEL_STARTED], 1)


def test_stopped_too_early_it_goes_on_with_the_time_that_was_left():
    rules = policy(5, 5)
    state = began(rules)
    stopped, _happened = ladder.stop(state, START + 2 * MINUTE)
    again, _happened = ladder.resume(rules, stopped, "active", START + 2 * MINUTE, START + 10 * MINUTE)
    assert (again.status, again.level, again.next_at) == ("active", 0, START + 13 * MINUTE)


# --- Whatever they do -----------------------------------------------------------------------------------------------
RULES = st.builds(
    lambda waits, rounds, required: policy(*waits, rounds=rounds, required=required),
    st.lists(st.integers(1, 60), min_size=1, max_size=4),
    st.integers(1, 3),
    st.integers(1, 2),
)
ACTS = st.lists(
    st.tuples(st.sampled_from(["tick", "tick", "tick", "ack", "escalate", "snooze"]), st.integers(0, 90)), max_size=25
)


def play(rules, acts, world):
    """Each act some minutes after the one before. Returns the states and everything that happened."""
    at = START
    state, story = ladder.due(rules, ladder.begin(at), at, world)
    states = [state]
    for number, (act, minutes) in enumerate(acts):
        at += minutes * MINUTE
        if act == "tick":
            step = ladder.due(rules, state, at, world)
        elif act == "ack":
            step = ladder.acknowledge(rules, state, ack(f"p{number}", at))
        elif act == "escalate":
            step = ladder.escalate(rules, state, at, at, world) or (state, [])
        else:
            step = ladder.snooze(state, at, at + 5 * MINUTE) if state.next_at else (state, [])
        state, happened = step
        states.append(state)
        story += happened
    return states, story


@settings(max_examples=50, deadline=None)
@given(rules=RULES, acts=ACTS, empty=st.sets(st.sampled_from(["l0", "l1", "l2", "l3"])))
def test_every_level_comes_once_and_in_order_whatever_people_do(rules, acts, empty):
    """I1, I3: the keys of messages are made of round and level."""
    _states, story = play(rules, acts, Pretend(empty))
    places = [(one.round, one.level) for one in story if one.kind in (Kind.LEVEL_STARTED, Kind.NOBODY_AT_LEVEL)]
    count = len(rules.levels)
    assert places == [(number // count, number % count) for number in range(len(places))]
    ends = [one.round for one in story if one.kind == Kind.EXHAUSTED]
    assert ends == sorted(set(ends)), "the last resort is paged once a round"


@settings(max_examples=50, deadline=None)
@given(rules=RULES, acts=ACTS)
def test_nobody_is_paged_while_somebody_is_on_it(rules, acts):
    """I2: what pages is an event of its own, and comes only after the acknowledgement has ended."""
    states, _story = play(rules, acts, Pretend())
    for state in states:
        assert (state.expires_at is None) == (state.status != Status.ACKNOWLEDGED)
        assert (state.next_at is None) == (state.status in ladder.ENDED)


@settings(max_examples=50, deadline=None)
@given(rules=RULES, acts=ACTS)
def test_an_acknowledgement_and_a_step_at_the_same_moment_end_acknowledged_in_either_order(rules, acts):
    """I11: the row's version lets one of them go first; both are told of."""
    states, _story = play(
        replace(rules, levels=tuple(replace(one, required=1) for one in rules.levels)), acts, Pretend()
    )
    state, world = states[-1], Pretend()
    if state.status != Status.ACTIVE:
        return
    at = state.next_at
    rules = replace(rules, levels=tuple(replace(one, required=1) for one in rules.levels))
    first, happened = ladder.acknowledge(rules, state, ack("late", at))
    assert kinds(happened) == [Kind.ACKNOWLEDGED]
    assert ladder.due(rules, first, at, world) == (first, [])
    second, stepped = ladder.due(rules, state, at, world)
    second, happened = ladder.acknowledge(rules, second, ack("late", at))
    assert stepped
    assert (second.status, kinds(happened)) == (Status.ACKNOWLEDGED, [Kind.ACKNOWLEDGED])


@settings(max_examples=25, deadline=None)
@given(rules=RULES, minutes=st.lists(st.integers(0, 200), min_size=1, max_size=6))
def test_ticks_that_come_late_or_twice_change_nothing_but_when(rules, minutes):
    """I7: after a long silence one level is paged, not all that were missed."""
    state, at = began(rules), START
    for late in minutes:
        at += late * MINUTE
        before = (state.round, state.level)
        state, happened = ladder.due(rules, state, at, Pretend())
        assert kinds(happened).count(Kind.LEVEL_STARTED) <= 1
        assert ladder.due(rules, state, at, Pretend()) == (state, [])
        assert (state.round, state.level) >= before
