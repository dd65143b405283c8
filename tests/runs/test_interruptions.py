"""What a step does when its process dies, or it may not act now."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from dr_console.runs import executor, services
from dr_console.runs.models import ResourceLock, Run, Step
from tests import make
from tests.runs.acting import Put, drive, kinds, orphan, put, start, step, watch

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]
S, R = Step.State, Run.State


def carried_out(run, key="a"):
    executor.carry_out(step(run, key).pk)
    run.refresh_from_db()
    return step(run, key)


# --- The process dies ----------------------------------------------------------------------------
@pytest.mark.parametrize("happened", [True, False])
def test_a_step_whose_process_was_killed_in_the_act_is_taken_over(world, happened):
    run = start(put("a"))
    gone = orphan(run, "a", intent_at=now(), before={"value": None})
    if happened:
        world.things["a"] = "new"
    done = carried_out(run)
    assert (done.state, done.fence, done.takeovers, done.attempt) == (S.SUCCEEDED, gone.fence + 1, 1, 1)
    assert world.effects == ([] if happened else [("a", "new")])


def test_what_a_vendor_has_accepted_is_never_asked_for_again(world, monkeypatch):
    monkeypatch.setattr(Put, "verify_seconds", 0.4)
    run = start(put("a"))
    orphan(run, "a", phase="verify", intent_at=now(), acted_at=now(), before={"value": None})
    done = carried_out(run)
    assert done.state == S.FAILED
    assert world.effects == []


def test_nobody_else_can_have_it_before_the_lease_is_over():
    run = start(put("a"))
    held = orphan(run, "a", lease_until=now() + timedelta(seconds=20))
    assert executor.carry_out(held.pk) is False


def test_whoever_lost_a_step_writes_nothing_and_calls_nobody(world):
    run = start(put("a"))

    def stolen(context):
        Step.objects.filter(run=run).update(fence=99, owner="somebody:2-else")

    world.during["observe"] = stolen
    done = carried_out(run)
    assert (done.state, done.fence, world.effects) == (S.RUNNING, 99, [])
    assert "intended" not in kinds(run)


def test_a_late_answer_of_whoever_lost_a_step_changes_nothing(world):
    run = start(put("a"))
    world.during["act"] = lambda context: Step.objects.filter(run=run).update(fence=99)
    done = carried_out(run)
    assert (done.state, done.acted_at) == (S.RUNNING, None)


def test_a_step_that_kills_whoever_carries_it_out_is_given_up():
    run = start(put("a"))
    orphan(run, "a", takeovers=50)
    assert executor.carry_out(step(run, "a").pk) is False
    run.refresh_from_db()
    assert (step(run, "a").state, run.state) == (S.FAILED, R.PAUSED_BY_FAILED_STEP)


def test_a_mistake_in_a_step_function_ends_the_step(world):
    world.script["observe"] = [KeyError("zone")]
    run = start(put("a"))
    with pytest.raises(KeyError):
        executor.carry_out(step(run, "a").pk)
    assert step(run, "a").state == S.FAILED
    assert "KeyError" in step(run, "a").words


def test_a_mistake_in_the_act_leaves_it_to_a_person(world):
    world.script["act"] = [KeyError("zone")]
    run = start(put("a"))
    with pytest.raises(KeyError):
        executor.carry_out(step(run, "a").pk)
    assert step(run, "a").state == S.UNKNOWN


def test_a_function_that_this_version_does_not_have():
    run = start(put("a"))
    Step.objects.update(does="test.of-another-version")
    assert carried_out(run).state == S.FAILED


# --- What may not happen now ----------------------------------------------------------------------
def test_under_a_kill_switch_nothing_begins_to_act():
    run = start(put("a"))
    services.set_interlock("all", True, by=make.user(), reason="Freeze")
    assert executor.carry_out(step(run, "a").pk) is False
    assert step(run, "a").state == S.READY


def test_a_kill_switch_holds_at_the_very_act(world):
    run = start(put("a"))
    world.during["observe"] = lambda context: services.set_interlock("service:api", True, by=None, reason="Freeze")
    done = carried_out(run)
    assert (done.state, done.attempt, world.effects) == (S.READY, 0, [])
    assert "The kill switch “service:api” is on" in done.words
    world.during.clear()
    services.set_interlock("service:api", False, by=None)
    assert drive(run).state == R.SUCCEEDED


def test_looking_goes_on_under_a_kill_switch(world):
    world.things["a"] = "up"
    services.set_interlock("all", True, by=None, reason="Freeze")
    assert carried_out(start(watch("a"))).state == S.SUCCEEDED


def test_two_runs_do_not_change_the_same_thing(world):
    first = start(put("a"), watch("hold", "a"), subject="service:api")
    second = start(put("a", value="other"), subject="service:web")
    world.script["watch"] = ["not_needed"]
    world.during["watch"] = lambda context: executor.carry_out(step(second, "a").pk)
    carried_out(first)
    blocked = step(second, "a")
    assert (blocked.state, blocked.attempt) == (S.RETRY_WAIT, 0)
    assert blocked.words == f"Waits for run {first.code}, which is changing thing:a."
    assert not ResourceLock.objects.filter(run=first).exists()
    assert drive(second).state == R.SUCCEEDED


def test_no_more_than_four_steps_of_a_run_at_once():
    run = start(*(put(f"s{number}") for number in range(5)))
    for number in range(4):
        orphan(run, f"s{number}", lease_until=now() + timedelta(seconds=20))
    assert executor.carry_out(step(run, "s4").pk) is False


def test_a_run_of_the_other_mode_is_not_touched():
    run = start(put("a"))
    Run.objects.update(mode="live")
    assert executor.carry_out(step(run, "a").pk) is False
