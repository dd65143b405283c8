"""One step, through every row of the table of states."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from dr_console.providers import calls
from dr_console.runs import events, executor
from dr_console.runs.models import Run, Step
from dr_console.web.sentences import sentence, spoken
from tests.runs.acting import (
    Put,
    drive,
    kinds,
    lost,
    put,
    refused,
    start,
    states,
    step,
    throttled,
    unreachable,
    watch,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]
S, R = Step.State, Run.State


def carried_out(run, key="a"):
    executor.carry_out(step(run, key).pk)
    run.refresh_from_db()
    return step(run, key)


# --- It goes well --------------------------------------------------------------------------------
def test_a_run_is_carried_out_to_its_end(world):
    world.things["c"] = "up"
    run = start(put("a"), put("b", "a"), watch("c", "b"))
    assert states(run) == {"a": S.READY, "b": S.PENDING, "c": S.PENDING}
    carried_out(run)
    assert run.state == R.SUCCEEDED
    assert run.ended_at
    assert world.effects == [("a", "new"), ("b", "new")]


def test_a_step_keeps_what_was_before_what_is_and_what_the_vendor_said(world):
    world.things["a"] = "old"
    done = carried_out(start(put("a")))
    assert (done.before, done.after, done.effect) == ({"value": "old"}, {"value": "new"}, {"put": "new"})
    assert (done.state, done.is_noop, done.attempt, done.owner, done.lease_until) == (S.SUCCEEDED, False, 1, "", None)
    assert done.started_at <= done.intent_at <= done.acted_at <= done.ended_at


def test_the_log_has_every_moment_and_is_a_chain():
    run = start(put("a"))
    carried_out(run)
    assert kinds(run) == ["run_started", "ready", "claimed", "intended", "acted", "succeeded", "run_succeeded"]
    assert events.first_broken(run) is None


def test_what_is_so_already_is_not_done(world):
    world.things["a"] = "new"
    done = carried_out(start(put("a")))
    assert (done.state, done.is_noop, done.intent_at) == (S.SUCCEEDED, True, None)
    assert world.effects == []


def test_the_intent_is_in_the_database_before_anything_is_sent(world):
    run = start(put("a"))
    seen = []
    world.during["act"] = lambda context: seen.append(step(run, "a"))
    carried_out(run)
    assert seen[0].intent_at is not None
    assert seen[0].before == {"value": None}
    assert (seen[0].phase, seen[0].state) == (Step.Phase.ACT, S.RUNNING)


def test_it_is_looked_until_the_effect_is_seen(world):
    run = start(put("a"))
    world.during["act"] = lambda context: world.script.update(observe=["differs", "unknowable"])
    done = carried_out(run)
    assert done.state == S.SUCCEEDED
    assert world.looks == ["a"] * 4
    assert world.effects == [("a", "new")]


def test_an_effect_that_is_not_seen_in_time_is_a_failure_and_is_not_done_again(world, monkeypatch):
    monkeypatch.setattr(Put, "verify_seconds", 0.4)
    run = start(put("a"), put("b", "a"))
    world.script["act"] = ["nothing"]
    done = carried_out(run)
    assert (done.state, run.state) == (S.FAILED, R.PAUSED_BY_FAILED_STEP)
    assert "still not seen" in done.words
    assert len(world.tokens) == 1


def test_what_only_looks_waits_until_it_is_so(world):
    world.script["watch"] = ["differs", "differs", "matches"]
    done = carried_out(start(watch("a")))
    assert done.state == S.SUCCEEDED
    assert done.is_noop is False
    assert done.intent_at is None


def test_what_only_looks_ends_when_its_time_is_up():
    run = start(watch("a", timeout_seconds=1))
    done = carried_out(run)
    assert (done.state, run.state) == (S.TIMED_OUT, R.PAUSED_BY_FAILED_STEP)
    assert "within the 1 s" in done.words


def test_what_only_looks_is_tried_again_as_often_as_the_plan_says():
    run = start(watch("a", timeout_seconds=0, attempts=2, interval_seconds=5))
    done = carried_out(run)
    assert done.state == S.RETRY_WAIT
    assert done.not_before > now() + timedelta(seconds=3)
    drive(run)
    assert step(run, "a").state == S.TIMED_OUT
    assert step(run, "a").attempt == 2


def test_a_run_without_a_reason_ends_well_with_nothing_else_done(world):
    world.script["watch"] = ["not_needed"]
    run = start(watch("a"), put("b", "a"), put("c"))
    carried_out(run)
    assert run.state == R.NOT_NEEDED
    assert states(run) == {"a": S.SUCCEEDED, "b": S.CANCELLED, "c": S.CANCELLED}
    assert world.effects == []


def test_a_step_is_told_what_the_steps_before_it_left(world):
    run = start(put("a"), put("b", "a"))
    seen = []
    world.during["act"] = lambda context: seen.append(context)
    carried_out(run)
    assert seen[1].results == {"a": {"value": "new"}}
    assert seen[1].token == f"{run.code}:b:1"
    assert seen[1].reference == f"{run.code} g1"


def test_a_step_can_say_how_far_it_is(world):
    run = start(put("a"))
    said = []

    def tell(context):
        context.say(sentence("Half way"))
        said.append(step(run, "a").words)

    world.during["act"] = tell
    carried_out(run)
    assert said == ["Half way"]


def test_what_vendors_are_asked_is_in_the_log_the_same_call_once(world):
    def ask(context):
        for _ in range(3):
            calls.record(calls.Call("Cloudflare", "read", "GET", "https://api", 1, now(), 0.1, 200))

    world.during["observe"] = ask
    run = start(put("a"))
    carried_out(run)
    heard = run.events.filter(kind="call")
    assert [event.data["times"] for event in heard] == [3, 3]
    assert heard[0].data["status"] == 200


# --- A vendor says no ----------------------------------------------------------------------------
def test_a_refusal_for_ever_ends_the_step_and_is_kept(world):
    world.script["act"] = [refused(said="nope")]
    run = start(put("a", attempts=5))
    done = carried_out(run)
    assert (done.state, done.intent_at, done.before) == (S.FAILED, None, None)
    assert done.error["said"] == "nope"
    assert "refused" in done.words
    assert "nope" in done.words
    assert "failed" in spoken(run.said)


def test_what_passes_is_tried_again_later(world):
    world.script["act"] = [unreachable()]
    run = start(put("a", attempts=2, interval_seconds=7))
    done = carried_out(run)
    assert (done.state, done.attempt, done.intent_at) == (S.RETRY_WAIT, 1, None)
    assert 5 < (done.not_before - now()).total_seconds() <= 7
    assert executor.carry_out(done.pk) is False
    assert drive(run).state == R.SUCCEEDED
    assert step(run, "a").attempt == 2
    assert world.effects == [("a", "new")]


def test_a_next_try_that_is_due_at_once_is_not_left_to_others(world, monkeypatch):
    monkeypatch.setattr(executor, "WAITS_ITSELF_SECONDS", 1.5)
    world.script["after_act"] = [lost()]
    run = start(put("a"), put("b", "a"))
    carried_out(run)
    assert run.state == R.SUCCEEDED


def test_when_all_tries_are_used_up_it_has_failed(world):
    world.script["act"] = [unreachable(), unreachable()]
    run = start(put("a", attempts=2))
    drive(run)
    assert (step(run, "a").state, run.state) == (S.FAILED, R.PAUSED_BY_FAILED_STEP)


def test_a_plan_can_go_on_after_a_failure(world):
    world.script["act"] = [refused()]
    run = start(put("a", on_failure="continue"), put("b", "a"))
    drive(run)
    assert states(run) == {"a": S.FAILED_IGNORED, "b": S.SUCCEEDED}
    assert run.state == R.SUCCEEDED_WITH_EXCEPTIONS


def test_after_a_failure_only_what_is_meant_for_it_begins(world):
    world.script["act"] = [refused()]
    run = start(put("a"), put("b", "a"), put("alarm", "a", runs_on="failure"), put("tell", "a", runs_on="always"))
    drive(run)
    assert states(run) == {"a": S.FAILED, "b": S.PENDING, "alarm": S.SUCCEEDED, "tell": S.SUCCEEDED}
    assert run.state == R.PAUSED_BY_FAILED_STEP


def test_being_throttled_costs_no_try_and_says_until_when(world):
    world.script["act"] = [throttled(300.0)] * 4
    run = start(put("a"))
    done = carried_out(run)
    assert (done.state, done.attempt) == (S.RETRY_WAIT, 0)
    assert (done.not_before - now()).total_seconds() > 298
    assert done.words.startswith(f"Held back by Cloudflare until {done.not_before:%H:%M:%S} UTC")
    assert drive(run).state == R.SUCCEEDED


def test_a_vendor_that_says_later_for_an_hour_has_said_no(world):
    world.script["act"] = [throttled(30.0)]
    run = start(put("a"))
    Step.objects.filter(run=run).update(started_at=now() - timedelta(hours=1))
    assert carried_out(run).state == S.FAILED


def test_a_look_that_fails_for_ever_is_a_failure(world):
    world.script["observe"] = [refused()]
    assert carried_out(start(put("a", attempts=3))).state == S.FAILED
    assert world.effects == []


def test_looks_that_fail_in_passing_are_waited_for(world):
    world.script["watch"] = [unreachable(), lost(), "matches"]
    assert carried_out(start(watch("a"))).state == S.SUCCEEDED


# --- Nobody knows whether it happened --------------------------------------------------------------
def test_a_lost_answer_is_looked_after_and_what_happened_is_not_done_again(world):
    world.script["after_act"] = [lost()]
    run = start(put("a"))
    done = carried_out(run)
    assert done.state == S.RETRY_WAIT
    assert done.intent_at is not None
    assert "Looking whether it did" in done.words
    drive(run)
    assert step(run, "a").words == "An earlier try had done it."
    assert world.effects == [("a", "new")]


def test_a_lost_answer_to_what_did_not_happen_is_done_again_with_the_same_token(world):
    world.script["act"] = [lost()]
    run = start(put("a", attempts=2))
    assert drive(run).state == R.SUCCEEDED
    assert world.effects == [("a", "new")]
    assert world.tokens == [f"{run.code}:a:1"] * 2


def test_what_was_before_the_first_try_is_kept(world):
    world.things["a"] = "old"
    world.script["act"] = [lost()]
    run = start(put("a", attempts=2))
    executor.carry_out(step(run, "a").pk)
    world.things["a"] = "half"
    drive(run)
    assert step(run, "a").before == {"value": "old"}


def test_a_lost_answer_with_no_try_left_is_looked_after_all_the_same(world):
    world.script["act"] = [lost()]
    run = start(put("a", attempts=1))
    drive(run)
    assert step(run, "a").state == S.FAILED
    assert "no try is left" in step(run, "a").words


def test_it_waits_until_an_effect_would_show(world):
    world.script["act"] = [lost()]
    run = start(put("a", does="test.settling", attempts=3))
    done = carried_out(run)
    assert 28 < (done.not_before - now()).total_seconds() <= 30
    Step.objects.filter(pk=done.pk).update(not_before=now())
    done = carried_out(run)
    assert (done.state, done.attempt) == (S.RETRY_WAIT, 1)
    assert "The answer was lost" in done.words
    assert world.effects == []


def test_what_must_not_happen_twice_is_left_to_a_person(world):
    world.script["act"] = [lost()]
    run = start(put("a", does="test.message", attempts=3))
    drive(run)
    assert (step(run, "a").state, run.state) == (S.UNKNOWN, R.PAUSED_BY_FAILED_STEP)
    assert len(world.tokens) == 1


def test_what_must_not_happen_twice_and_is_seen_to_have_happened_is_done(world):
    world.script["after_act"] = [lost()]
    run = start(put("a", does="test.message"))
    assert drive(run).state == R.SUCCEEDED


def test_where_a_look_cannot_tell_what_is_found_by_looking_is_left_to_a_person(world):
    world.script["act"] = [lost()]
    run = start(put("a", does="test.settling", attempts=3))
    carried_out(run)
    long_ago = now() - timedelta(minutes=1)
    Step.objects.filter(run=run).update(not_before=now(), intent_at=long_ago)
    world.script["observe"] = ["unknowable"]
    assert carried_out(run).state == S.UNKNOWN
