"""Steps that wait for people, times that are up, and the kill switch."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from dr_console.audit.models import AuditEntry
from dr_console.errors import Refused
from dr_console.runs import chores, services
from dr_console.runs.models import Approval, ResourceLock, Run, Step
from dr_console.runs.specs import ApprovalSpec
from tests import make
from tests.runs.acting import drive, kinds, put, refused, start, states, step, watch

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]
S, R = Step.State, Run.State


@pytest.fixture
def ada():
    return make.user("ada", may=["runs.approve_step"])


def failed_run(world):
    world.script["act"] = [refused()]
    return drive(start(put("a"), put("b", "a")))


# --- Approvals -------------------------------------------------------------------------------------
def asking(**fields):
    return start(put("a"), put("b", "a", approval=ApprovalSpec(**fields)))


def test_a_step_waits_until_somebody_says_yes(world, ada):
    run = drive(asking())
    assert (run.state, states(run)["b"]) == (R.WAITING_APPROVAL, S.WAITING_APPROVAL)
    assert drive(services.approve(step(run, "b"), by=ada)).state == R.SUCCEEDED
    assert AuditEntry.objects.filter(action="run.approved").exists()


def test_two_different_people_when_two_are_needed(ada):
    run = drive(asking(needed=2))
    services.approve(step(run, "b"), by=ada)
    assert step(run, "b").state == S.WAITING_APPROVAL
    with pytest.raises(Refused, match="somebody else"):
        services.approve(step(run, "b"), by=ada)
    services.approve(step(run, "b"), by=make.user("bob", may=["runs.approve_step"]))
    assert drive(run).state == R.SUCCEEDED


def test_who_may_not_does_not(ada):
    run = drive(asking(permission="incidents.start_failover"))
    with pytest.raises(Refused, match="may not"):
        services.approve(step(run, "b"), by=ada)


def test_a_no_stops_the_run_until_somebody_decides(world, ada):
    run = drive(asking())
    run = services.decline(step(run, "b"), by=ada, reason="Too early")
    assert (run.state, states(run)["b"]) == (R.PAUSED_BY_OPERATOR, S.CANCELLED)
    with pytest.raises(Refused, match="was declined"):
        services.resume(run, by=ada)
    services.retry_step(step(run, "b"), by=ada)
    run = drive(services.resume(run, by=ada))
    assert states(run)["b"] == S.WAITING_APPROVAL
    assert Approval.objects.get().votes == []
    assert drive(services.approve(step(run, "b"), by=ada)).state == R.SUCCEEDED


def test_nobody_answers_and_it_goes_ahead(world):
    run = drive(asking(expires_seconds=120, on_expiry=Approval.OnExpiry.GO_AHEAD))
    assert 118 < (Approval.objects.get().expires_at - now()).total_seconds() <= 120
    chores.settle_runs()
    assert step(run, "b").state == S.WAITING_APPROVAL
    Approval.objects.update(expires_at=now())
    chores.settle_runs()
    assert drive(run).state == R.SUCCEEDED
    assert Approval.objects.get().state == Approval.State.EXPIRED


def test_nobody_answers_and_it_is_given_up():
    run = drive(asking(expires_seconds=120))
    Approval.objects.update(expires_at=now())
    chores.settle_runs()
    run.refresh_from_db()
    assert (run.state, step(run, "b").state) == (R.PAUSED_BY_FAILED_STEP, S.FAILED)


def test_given_up_before_anything_was_changed_it_is_over():
    run = start(put("a", approval=ApprovalSpec(expires_seconds=60)))
    Approval.objects.update(expires_at=now())
    chores.settle_runs()
    run.refresh_from_db()
    assert (run.state, step(run, "a").state) == (R.FAILED, S.FAILED)


# --- Deadlines -------------------------------------------------------------------------------------
def test_a_run_whose_time_is_up_begins_nothing_more():
    run = start(put("a"), put("b", "a"), deadline_seconds=900)
    assert 898 < (run.deadline - now()).total_seconds() <= 900
    Run.objects.update(deadline=now())
    chores.settle_runs()
    run.refresh_from_db()
    assert run.state == R.TIMED_OUT
    assert set(states(run).values()) == {S.CANCELLED}


def test_more_time_can_be_given(ada):
    run = start(put("a"), deadline_seconds=900)
    later = services.extend_deadline(run, by=ada, seconds=600)
    assert later.deadline == run.deadline + timedelta(seconds=600)


def test_time_does_not_run_out_while_a_person_is_at_it(world, ada):
    run = failed_run(world)
    Run.objects.update(deadline=now())
    chores.settle_runs()
    run.refresh_from_db()
    assert run.state == R.PAUSED_BY_FAILED_STEP


def test_who_goes_on_with_a_run_that_is_late_gives_it_its_time_again(world, ada):
    world.script["act"] = [refused()]
    run = drive(start(put("a"), deadline_seconds=900))
    Run.objects.update(deadline=now() - timedelta(minutes=1), created_at=now() - timedelta(minutes=16))
    run = services.retry_step(step(run, "a"), by=ada)
    assert run.deadline > now() + timedelta(minutes=14)


def test_what_a_run_holds_is_free_when_it_has_ended():
    run = start(put("a"), watch("b", "a", timeout_seconds=0))
    drive(run)
    assert ResourceLock.objects.get().name == "thing:a"
    services.abort(run, by=None)
    assert not ResourceLock.objects.exists()


# --- The kill switch -------------------------------------------------------------------------------
def test_the_kill_switch_says_who_and_why(ada):
    run = start(put("a"))
    lock = services.set_interlock("all", True, by=ada, reason="Change freeze")
    assert (lock.is_on, lock.by, lock.reason) == (True, ada, "Change freeze")
    assert "interlock" in kinds(run)
    assert AuditEntry.objects.filter(action="interlock.set", actor=ada).exists()
    services.set_interlock("all", False, by=ada)
    assert AuditEntry.objects.filter(action="interlock.released").exists()
    assert drive(run).state == R.SUCCEEDED


def test_the_kill_switch_needs_a_reason(ada):
    with pytest.raises(Refused, match="Say why"):
        services.set_interlock("all", True, by=ada)
