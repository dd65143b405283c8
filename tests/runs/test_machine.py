"""What follows from the states of steps, as a table."""

from __future__ import annotations

import pytest

from dr_console.runs.machine import FORWARD, Node, by_urgency, follow, may_begin
from dr_console.runs.models import Run, Step

S, R = Step.State, Run.State


def nodes(*words: str, **states: str) -> list[Node]:
    """From "b<a" (b after a), "alarm<a:failure" (only if a fails), "b<a?" (somebody has to say yes first)."""
    found = []
    for word in words:
        name, _, after = word.removesuffix("?").partition("<")
        before, _, runs_on = after.partition(":")
        key = name.removeprefix("~")
        found.append(
            Node(
                key,
                S(states.get(key.replace("-", "_"), "pending")),
                tuple(filter(None, before.split(","))),
                runs_on or "success",
                asks=word.endswith("?"),
                is_undo=name.startswith("~"),
            )
        )
    return found


@pytest.mark.parametrize(
    ("words", "states", "changes", "run"),
    [
        (["a", "b<a"], {}, {"a": S.READY}, R.RUNNING),
        (["a", "b"], {}, {"a": S.READY, "b": S.READY}, R.RUNNING),
        (["a", "b<a"], {"a": "running"}, {}, R.RUNNING),
        (["a", "b<a"], {"a": "succeeded"}, {"b": S.READY}, R.RUNNING),
        (["a", "b<a"], {"a": "skipped"}, {"b": S.READY}, R.RUNNING),
        (["a", "b<a"], {"a": "failed_ignored"}, {"b": S.READY}, R.RUNNING),
        (["a", "b", "c<a,b"], {"a": "succeeded", "b": "running"}, {}, R.RUNNING),
        (["a", "b", "c<a,b"], {"a": "succeeded", "b": "succeeded"}, {"c": S.READY}, R.RUNNING),
        (["a", "b<a?"], {"a": "succeeded"}, {"b": S.WAITING_APPROVAL}, R.WAITING_APPROVAL),
        (["a", "b<a?"], {"a": "succeeded", "b": "waiting_approval"}, {}, R.WAITING_APPROVAL),
        (["a", "b<a?", "c"], {"a": "succeeded", "b": "waiting_approval", "c": "running"}, {}, R.RUNNING),
        (["a", "b<a"], {"a": "retry_wait"}, {}, R.RUNNING),
        (["a", "b<a"], {"a": "failed"}, {}, R.PAUSED_BY_FAILED_STEP),
        (["a", "b<a"], {"a": "timed_out"}, {}, R.PAUSED_BY_FAILED_STEP),
        (["a", "b<a"], {"a": "unknown"}, {}, R.PAUSED_BY_FAILED_STEP),
        (["a", "b", "c<b"], {"a": "failed", "b": "succeeded"}, {}, R.PAUSED_BY_FAILED_STEP),
        (["a", "alarm<a:failure"], {"a": "failed"}, {"alarm": S.READY}, R.PAUSED_BY_FAILED_STEP),
        (["a", "alarm<a:failure"], {"a": "succeeded"}, {"alarm": S.CANCELLED}, R.SUCCEEDED),
        (["a", "alarm<a:failure"], {"a": "unknown"}, {}, R.PAUSED_BY_FAILED_STEP),
        (["a", "b", "alarm<a,b:failure"], {"a": "failed", "b": "running"}, {"alarm": S.READY}, R.PAUSED_BY_FAILED_STEP),
        (["a", "b", "alarm<a,b:failure"], {"a": "succeeded", "b": "running"}, {}, R.RUNNING),
        (
            ["a", "alarm<a:failure", "z<alarm"],
            {"a": "succeeded"},
            {"alarm": S.CANCELLED, "z": S.CANCELLED},
            R.SUCCEEDED,
        ),
        (["a", "tell<a:always"], {"a": "failed"}, {"tell": S.READY}, R.PAUSED_BY_FAILED_STEP),
        (["a", "tell<a:always"], {"a": "succeeded"}, {"tell": S.READY}, R.RUNNING),
        (["a", "tell<a:always"], {"a": "running"}, {}, R.RUNNING),
        (["a", "b<a"], {"a": "succeeded", "b": "succeeded"}, {}, R.SUCCEEDED),
        (["a", "b<a"], {"a": "failed_ignored", "b": "succeeded"}, {}, R.SUCCEEDED_WITH_EXCEPTIONS),
        (["a", "b<a"], {"a": "skipped", "b": "succeeded"}, {}, R.SUCCEEDED_WITH_EXCEPTIONS),
    ],
)
def test_the_way_forward(words, states, changes, run):
    outcome = follow(R.RUNNING, nodes(*words, **states))
    assert (outcome.steps, outcome.run) == (changes, run)


@pytest.mark.parametrize(
    ("words", "states", "ends_as", "changes", "run"),
    [
        (["a", "b<a"], {"a": "running"}, "", {"b": S.CANCELLED}, R.ABORTING),
        (["a", "b<a"], {"a": "succeeded", "b": "ready"}, "", {"b": S.CANCELLED}, R.ABORTED),
        (["a", "b<a?"], {"a": "succeeded", "b": "waiting_approval"}, "", {"b": S.CANCELLED}, R.ABORTED),
        (["a", "b<a"], {"a": "retry_wait"}, "", {"a": S.CANCELLED, "b": S.CANCELLED}, R.ABORTED),
        (["a", "b<a"], {"a": "unknown"}, "", {"b": S.CANCELLED}, R.ABORTED),
        (["a", "b<a"], {"a": "failed"}, "", {"b": S.CANCELLED}, R.ABORTED),
        (["a", "b<a"], {"a": "succeeded"}, "timed_out", {"b": S.CANCELLED}, R.TIMED_OUT),
        (["a", "b<a"], {"a": "succeeded"}, "not_needed", {"b": S.CANCELLED}, R.NOT_NEEDED),
        (["a", "b<a"], {"a": "failed"}, "failed", {"b": S.CANCELLED}, R.FAILED),
        (["a", "b<a"], {"a": "running"}, "rolled_back", {"b": S.CANCELLED}, R.ABORTING),
        (["a", "b<a"], {"a": "succeeded"}, "rolled_back", {"b": S.CANCELLED}, R.ROLLING_BACK),
    ],
)
def test_the_way_out(words, states, ends_as, changes, run):
    outcome = follow(R.ABORTING, nodes(*words, **states), ends_as=ends_as)
    assert (outcome.steps, outcome.run) == (changes, run)


@pytest.mark.parametrize(
    ("states", "changes", "run"),
    [
        ({}, {"ub": S.READY}, R.ROLLING_BACK),
        ({"ub": "running"}, {}, R.ROLLING_BACK),
        ({"ub": "succeeded"}, {"ua": S.READY}, R.ROLLING_BACK),
        ({"ub": "skipped"}, {"ua": S.READY}, R.ROLLING_BACK),
        ({"ub": "rollback_failed"}, {}, R.ROLLBACK_FAILED),
        ({"ub": "succeeded", "ua": "succeeded"}, {}, R.ROLLED_BACK),
    ],
)
def test_the_way_back(states, changes, run):
    steps = nodes("a", "b<a", "~ub", "~ua<ub", a="succeeded", b="succeeded", **states)
    outcome = follow(R.ROLLING_BACK, steps)
    assert (outcome.steps, outcome.run) == (changes, run)


def test_what_is_running_ends_before_a_failed_way_back_does():
    steps = nodes("~ua", "~ub", ua="rollback_failed", ub="running")
    assert follow(R.ROLLING_BACK, steps).run == R.ROLLING_BACK


def test_with_nothing_to_put_back_the_way_back_is_over():
    assert follow(R.ROLLING_BACK, nodes("a", a="succeeded")).run == R.ROLLED_BACK


@pytest.mark.parametrize("states", [{"a": "running"}, {"a": "ready"}])
def test_a_run_is_paused_once_nothing_runs(states):
    expected = R.PAUSING if states["a"] == "running" else R.PAUSED_BY_OPERATOR
    outcome = follow(R.PAUSING, nodes("a", "b<a", **states))
    assert (outcome.run, outcome.steps) == (expected, {})


@pytest.mark.parametrize("state", [state for state in R if state not in Run.ACTIVE] + [R.PAUSED_BY_OPERATOR])
def test_nothing_follows_for_a_run_that_has_ended_or_is_paused(state):
    outcome = follow(state, nodes("a", "b<a", a="succeeded"))
    assert (outcome.run, outcome.steps) == (state, {})


@pytest.mark.parametrize("state", R)
def test_what_may_begin(state):
    forward, alarm, back = (
        Node("a", S.READY),
        Node("alarm", S.READY, runs_on="failure"),
        Node("u", S.READY, is_undo=True),
    )
    assert may_begin(state, forward) == (state in FORWARD - {R.PAUSED_BY_FAILED_STEP})
    assert may_begin(state, alarm) == (state in FORWARD)
    assert may_begin(state, back) == (state == R.ROLLING_BACK)


@pytest.mark.parametrize("state", [R.RUNNING, R.ABORTING, R.PAUSING, R.ROLLING_BACK])
def test_the_answer_to_its_own_answer_is_the_same(state):
    steps = nodes("a", "b<a", "alarm<b:failure", "tell<b:always", a="succeeded")
    first = follow(state, steps)
    after = [Node(one.key, first.steps.get(one.key, one.state), one.depends_on, one.runs_on) for one in steps]
    assert follow(first.run, after).steps == {}


def test_the_longest_way_comes_first():
    steps = [Node("short", S.READY), Node("long", S.READY), Node("end", S.PENDING, ("long",), seconds=60.0)]
    assert by_urgency(steps) == ["long", "end", "short"]
