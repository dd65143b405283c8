"""Start, steer, answer and undo a run."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from dr_console.audit.models import AuditEntry
from dr_console.errors import Refused
from dr_console.runs import executor, services
from dr_console.runs.models import Command, Outbox, Run, Step
from dr_console.web.sentences import spoken
from tests import make
from tests.runs.acting import Put, drive, lost, orphan, put, refused, spec, start, states, step, watch

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]
S, R = Step.State, Run.State
NOBODY = {"by": None, "trigger": Run.Trigger.AUTOMATIC}


@pytest.fixture
def ada():
    return make.user("ada", may=["runs.approve_step"])


def failed_run(world, **fields):
    world.script["act"] = [refused()]
    return drive(start(put("a", **fields), put("b", "a")))


# --- Start ---------------------------------------------------------------------------------------
def test_a_second_run_of_the_same_subject_is_the_first():
    first = start(put("a"))
    second, is_new = services.start_run(spec(put("a")), **NOBODY)
    assert (second, is_new) == (first, False)


def test_the_same_token_is_the_same_run_even_after_it_has_ended():
    first, _new = services.start_run(spec(put("a")), client_token="button-1", **NOBODY)
    drive(first)
    second, is_new = services.start_run(spec(put("a")), client_token="button-1", **NOBODY)
    assert (second, is_new) == (first, False)


@pytest.mark.parametrize("seconds", [2.5, -90.0])
def test_while_this_machines_clock_is_wrong_a_run_starts_by_force_only(monkeypatch, seconds):
    monkeypatch.setattr("dr_console.runs.clocks.skew_seconds", lambda: seconds)
    with pytest.raises(Refused, match=f"differs by {abs(seconds)} s"):
        services.start_run(spec(put("a")), **NOBODY)
    assert not Run.objects.exists()
    _run, is_new = services.start_run(spec(put("a")), verb=Run.Verb.FORCE, **NOBODY)
    assert is_new


def test_a_clock_that_is_a_little_off_is_no_obstacle(monkeypatch):
    monkeypatch.setattr("dr_console.runs.clocks.skew_seconds", lambda: -1.9)
    assert services.start_run(spec(put("a")), **NOBODY)[1]


def test_generations_count_the_runs_of_a_subject():
    assert drive(start(put("a"))).generation == 1
    assert start(put("a")).generation == 2
    assert start(put("a"), subject="service:web").generation == 1


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [put("a"), put("a")],
        [put("a", "b")],
        [put("a", "b"), put("b", "a")],
        [put("a", does="test.of-another-version")],
    ],
    ids=["none", "twice", "unknown", "circle", "function"],
)
def test_steps_that_no_run_could_have(steps):
    with pytest.raises(ValueError, match="service:api"):
        services.start_run(spec(*steps), **NOBODY)
    assert not Run.objects.exists()


def test_a_start_is_in_the_audit_log(ada):
    run, _new = services.start_run(spec(put("a"), reason="Tokyo"), by=ada, trigger=Run.Trigger.PERSON)
    entry = AuditEntry.objects.get(action="run.started")
    assert (entry.actor, entry.target) == (ada, run.code)


def test_workers_and_pages_are_told(django_capture_on_commit_callbacks, world):
    with django_capture_on_commit_callbacks(execute=True):
        run = start(put("a"), put("b", "a"))
    run.refresh_from_db()
    assert run.state == R.SUCCEEDED


def test_what_happens_stands_in_the_outbox():
    run = drive(start(put("a")))
    rows = Outbox.objects.values_list("topic", "payload")
    assert ("step.ended", {"run": run.code, "step": "a", "state": "succeeded"}) in rows
    assert ("run.changed", {"run": run.code, "state": "succeeded", "kind": "failover"}) in rows


# --- Pause and resume ----------------------------------------------------------------------------
def test_a_paused_run_begins_nothing_until_it_is_resumed(ada):
    run = services.pause(start(put("a")), by=ada, reason="Look first")
    assert run.state == R.PAUSED_BY_OPERATOR
    assert spoken(run.said) == "ada paused it. Reason: Look first"
    assert drive(run).state == R.PAUSED_BY_OPERATOR
    run = services.resume(run, by=ada)
    assert drive(run).state == R.SUCCEEDED


def test_the_call_in_progress_is_ended_before_it_pauses(world, ada):
    run = start(put("a"), put("b", "a"))
    world.during["act"] = lambda context: services.pause(run, by=ada)
    executor.carry_out(step(run, "a").pk)
    run.refresh_from_db()
    assert run.state == R.PAUSED_BY_OPERATOR
    assert world.effects == [("a", "new")]
    assert step(run, "a").acted_at is None or step(run, "a").state in (S.READY, S.SUCCEEDED)
    world.during.clear()
    assert drive(services.resume(run, by=ada)).state == R.SUCCEEDED
    assert world.effects == [("a", "new"), ("b", "new")]


def test_a_step_that_waits_and_looks_stops_when_the_run_is_paused(world, ada):
    run = start(watch("a"))
    world.during["watch"] = lambda context: run.is_active and services.pause(run, by=ada) and world.during.clear()
    executor.carry_out(step(run, "a").pk)
    run.refresh_from_db()
    assert (run.state, step(run, "a").state, step(run, "a").attempt) == (R.PAUSED_BY_OPERATOR, S.READY, 0)


def test_a_step_whose_process_died_while_pausing_is_put_back(ada):
    run = start(put("a"))
    orphan(run, "a", intent_at=now(), before={})
    assert services.pause(run, by=ada).state == R.PAUSING
    assert executor.carry_out(step(run, "a").pk) is False
    run.refresh_from_db()
    assert (run.state, step(run, "a").state) == (R.PAUSED_BY_OPERATOR, S.READY)


# --- Abort ---------------------------------------------------------------------------------------
def test_an_aborted_run_begins_nothing_more_and_lets_go_of_its_subject(ada):
    run = start(put("a"), put("b", "a"))
    run = services.abort(run, by=ada, reason="Wrong region")
    assert run.state == R.ABORTED
    assert states(run) == {"a": S.CANCELLED, "b": S.CANCELLED}
    assert start(put("a")).generation == 2


def test_an_abort_while_a_call_is_in_progress(world, ada):
    run = start(put("a"), put("b", "a"))
    world.during["act"] = lambda context: services.abort(run, by=ada)
    executor.carry_out(step(run, "a").pk)
    run.refresh_from_db()
    assert run.state == R.ABORTED
    assert states(run)["b"] == S.CANCELLED
    assert world.effects == [("a", "new")]
    assert step(run, "a").acted_at


def test_abort_and_undo(world, ada):
    world.things["a"] = "old"
    run = start(put("a"), watch("b", "a", timeout_seconds=0))
    drive(run)
    run = drive(services.abort(run, by=ada, undo=True))
    assert run.state == R.ROLLED_BACK
    assert world.things["a"] == "old"


# --- Undo ----------------------------------------------------------------------------------------
def test_a_run_that_succeeded_is_put_back_in_reverse_order(world, ada):
    world.things |= {"a": 1, "b": 2, "c": 3}
    run = drive(start(put("a"), put("b", "a"), put("c", "b")))
    world.effects.clear()
    run = drive(services.undo_run(run, by=ada, reason="It got worse"))
    assert run.state == R.ROLLED_BACK
    assert world.effects == [("c", 3), ("b", 2), ("a", 1)]
    assert states(run) == dict.fromkeys(("a", "b", "c"), S.ROLLED_BACK) | dict.fromkeys(
        ("undo-a", "undo-b", "undo-c"), S.SUCCEEDED
    )


def test_only_what_was_changed_is_put_back(world, ada):
    world.things |= {"a": 1, "same": "new"}
    run = drive(start(put("a"), put("same", "a"), put("message", "same", does="test.message")))
    world.effects.clear()
    run = drive(services.undo_run(run, by=ada, reason="Why not"))
    assert run.state == R.ROLLED_BACK
    assert world.effects == [("a", 1)]


def test_what_may_have_happened_is_put_back_too(world, ada):
    world.things["a"] = "old"
    world.script["after_act"] = [lost()]
    run = start(put("a"))
    executor.carry_out(step(run, "a").pk)
    run = drive(services.undo_run(run, by=ada))
    assert (run.state, world.things["a"]) == (R.ROLLED_BACK, "old")


def test_what_is_as_before_already_is_not_put_back_again(world, ada):
    run = drive(start(put("a")))
    del world.things["a"]
    world.effects.clear()
    assert drive(services.undo_run(run, by=ada)).state == R.ROLLED_BACK
    assert world.effects == []


def test_an_undo_that_fails_stops_and_can_be_tried_again(world, ada):
    world.things |= {"a": 1, "b": 2}
    run = drive(start(put("a"), put("b", "a")))
    world.script["undo"] = [refused()]
    run = drive(services.undo_run(run, by=ada))
    assert run.state == R.ROLLBACK_FAILED
    assert states(run)["b"] == S.ROLLBACK_FAILED
    assert world.things["a"] == "new"
    services.retry_step(step(run, "b"), by=ada)
    assert drive(run).state == R.ROLLED_BACK
    assert world.things == {"a": 1, "b": 2}


def test_a_person_can_put_it_back_by_hand(world, ada):
    run = drive(start(put("a")))
    world.script["undo"] = [refused()]
    run = drive(services.undo_run(run, by=ada))
    services.mark_done(step(run, "undo-a"), by=ada, evidence="Done in the dashboard")
    run.refresh_from_db()
    assert (run.state, states(run)["a"]) == (R.ROLLED_BACK, S.ROLLED_BACK)


def test_the_time_for_undoing_passes(ada):
    run = drive(start(put("a"), context={"undo_seconds": 60}))
    Run.objects.update(ended_at=now() - timedelta(seconds=61))
    with pytest.raises(Refused, match="over"):
        services.undo_run(Run.objects.get(pk=run.pk), by=ada)


def test_nothing_is_undone_under_the_feet_of_a_later_run(ada):
    first = drive(start(put("a")))
    second = drive(start(put("a", value="newer")))
    with pytest.raises(Refused, match=second.code):
        services.undo_run(first, by=ada)


def test_nor_while_another_is_at_work(ada):
    first = drive(start(put("a")))
    start(put("a", value="newer"))
    with pytest.raises(Refused, match="Another run is at work"):
        services.undo_run(first, by=ada)


def test_a_run_that_changed_nothing_cannot_be_undone(world, ada):
    world.things["a"] = "new"
    run = drive(start(put("a")))
    with pytest.raises(Refused, match="nothing that could be put back"):
        services.undo_run(run, by=ada)


def test_an_undo_can_be_paused_and_goes_on_as_one(world, ada):
    world.things["a"] = "old"
    run = drive(start(put("a")))
    run = services.undo_run(run, by=ada)
    run = services.pause(run, by=ada)
    assert drive(run).state == R.PAUSED_BY_OPERATOR
    assert drive(services.resume(run, by=ada)).state == R.ROLLED_BACK


# --- What becomes of a step that did not go well --------------------------------------------------
def test_a_failed_step_is_tried_again(world, ada):
    run = failed_run(world)
    assert drive(services.retry_step(step(run, "a"), by=ada)).state == R.SUCCEEDED


def test_what_was_never_seen_is_done_again_when_a_person_says_so(world, ada, monkeypatch):
    monkeypatch.setattr(Put, "verify_seconds", 0.4)
    world.script["act"] = ["nothing"]
    world.things["a"] = "old"
    run = drive(start(put("a")))
    run = drive(services.retry_step(step(run, "a"), by=ada))
    assert run.state == R.SUCCEEDED
    assert step(run, "a").before == {"value": "old"}


def test_what_waits_for_its_next_try_is_tried_at_once(world, ada):
    world.script["act"] = [lost()]
    run = start(put("a", attempts=2, interval_seconds=600))
    executor.carry_out(step(run, "a").pk)
    services.retry_step(step(run, "a"), by=ada)
    assert step(run, "a").intent_at is not None
    executor.carry_out(step(run, "a").pk)
    assert step(run, "a").state == S.SUCCEEDED


@pytest.mark.parametrize(
    ("tell", "state", "end"),
    [
        (lambda one, who: services.skip_step(one, by=who, reason="Not needed"), S.SKIPPED, R.SUCCEEDED_WITH_EXCEPTIONS),
        (
            lambda one, who: services.ignore_step(one, by=who, reason="So be it"),
            S.FAILED_IGNORED,
            "succeeded_with_exceptions",
        ),
        (lambda one, who: services.mark_done(one, by=who, evidence="By hand"), S.SUCCEEDED, R.SUCCEEDED),
    ],
    ids=["skip", "ignore", "mark done"],
)
def test_what_a_person_says_of_a_failed_step(world, ada, tell, state, end):
    run = failed_run(world)
    run = drive(tell(step(run, "a"), ada))
    assert (states(run), run.state) == ({"a": state, "b": S.SUCCEEDED}, end)


def test_a_reason_is_asked_for(world, ada):
    run = failed_run(world)
    with pytest.raises(Refused, match="Say why"):
        services.skip_step(step(run, "a"), by=ada, reason=" ")


def test_a_step_in_progress_is_not_skipped(ada):
    run = start(put("a"))
    orphan(run, "a", lease_until=now() + timedelta(seconds=20))
    with pytest.raises(Refused, match="not in a state for that"):
        services.skip_step(step(run, "a"), by=ada, reason="Now")


# --- Commands --------------------------------------------------------------------------------------
def test_a_page_that_is_out_of_date_commands_nothing(world, ada):
    run = failed_run(world)
    with pytest.raises(Refused, match="has changed since you looked"):
        services.abort(run, by=ada, expected_version=run.version - 1)
    assert not Command.objects.exists()
    assert services.abort(run, by=ada, expected_version=run.version).state == R.ABORTED


def test_steps_that_go_well_do_not_make_a_page_out_of_date(world):
    run = start(put("a"), put("b", "a"), put("c", "b"))
    seen = []
    world.during["act"] = lambda context: seen.append(Run.objects.get().version)
    drive(run)
    assert len(set(seen)) == 1


def test_a_button_that_is_pressed_twice_commands_once(ada):
    run = start(put("a"))
    services.pause(run, by=ada, client_token="x")
    run = services.pause(run, by=ada, client_token="x")
    assert run.state == R.PAUSED_BY_OPERATOR
    assert Command.objects.count() == 1


def test_commands_are_in_both_logs(ada):
    run = services.pause(start(put("a")), by=ada, reason="Look first")
    event = run.events.get(kind="command")
    assert (event.by, event.data) == (ada, {"verb": "pause", "reason": "Look first"})
    assert AuditEntry.objects.filter(action="run.commanded", actor=ada, target=run.code).exists()


def test_a_run_that_has_ended_is_not_paused(ada):
    run = drive(start(put("a")))
    with pytest.raises(Refused, match="not in a state for that"):
        services.pause(run, by=ada)


@pytest.mark.parametrize(
    ("mode", "is_practice", "refused"), [("live", True, True), ("live", False, False), ("sandbox", True, False)]
)
def test_a_drill_on_real_clouds_does_only_what_is_safe_there(world, settings, mode, is_practice, refused):
    settings.DR_MODE = mode
    if refused:
        with pytest.raises(Refused, match=r"No drill may do this on the real clouds: test\.put"):
            start(put("a"), is_practice=is_practice)
        assert not Run.objects.exists()
    else:
        assert start(put("a"), is_practice=is_practice).is_active
