"""What later steps will look at is looked at while those before are at work; what is old is not believed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.utils.timezone import now

from dr_console.errors import Problem, ProviderError
from dr_console.providers import calls
from dr_console.runs import claims, executor, foresight, registry
from dr_console.runs.foresight import Foresight
from dr_console.runs.models import Run, Step
from dr_console.runs.registry import Context, Facts, Observation
from dr_console.runs.specs import ApprovalSpec, StepSpec
from tests.runs import acting

S = Step.State
KEY = (1, "it")
# Longer than any look here takes, and no test waits for so long where all is well.
SECONDS = 20.0


class Ahead(acting.Put):
    """Its look may be had before; what it was told is kept."""

    name = "test.ahead"
    told: list[tuple[str, Any]] = []
    look: Callable[[], Any] = staticmethod(lambda: "seen ahead")

    def look_ahead(self, context: Context) -> Callable[[], Any]:
        return type(self).look

    def observe(self, context: Context) -> Observation:
        self.told.append(("observe", context.ahead))
        return super().observe(context)

    def act(self, context: Context) -> Facts:
        self.told.append(("act", context.seen.now if context.seen else None))
        return super().act(context)


class LooksAhead(acting.Watch):
    name = "test.looks_ahead"

    def look_ahead(self, context: Context) -> Callable[[], Any]:
        return lambda: "seen ahead"


registry.register(Ahead, LooksAhead)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    monkeypatch.setattr(Ahead, "told", [])
    return Ahead.told


@pytest.fixture
def looks() -> Foresight:
    return Foresight()


def settle(looks: Foresight) -> None:
    """Wait for what was begun, without taking it."""
    for ahead in looks._looks.values():
        ahead.future.result(SECONDS)


def call() -> calls.Call:
    return calls.Call("Cloudflare", "read", "GET", "https://api", 1, now(), 0.2, 200)


def test_what_was_seen_is_given_once_with_the_calls_that_it_took(looks: Foresight):
    def look() -> str:
        calls.record(call())
        return "seen"

    looks.begin([(KEY, look)])
    seen = looks.take(KEY, seconds=SECONDS)
    assert (seen.found, [each.vendor for each in seen.calls]) == ("seen", ["Cloudflare"])
    assert looks.take(KEY, seconds=SECONDS).found is None


def test_a_look_that_is_under_way_is_waited_for(looks: Foresight):
    go = threading.Event()
    looks.begin([(KEY, lambda: go.wait(SECONDS))])
    threading.Timer(0.02, go.set).start()
    assert looks.take(KEY, seconds=SECONDS).found is True


def test_a_look_that_hangs_is_not_waited_for_longer_than_a_call_may_take(looks: Foresight):
    go = threading.Event()
    looks.begin([(KEY, lambda: go.wait(SECONDS))])
    assert looks.take(KEY, seconds=0.01).found is None
    go.set()


def test_nothing_is_looked_at_twice_while_it_is_fresh(looks: Foresight):
    seen: list[int] = []
    for _ in range(3):
        looks.begin([(KEY, lambda: seen.append(1) or "seen")])
    assert looks.take(KEY, seconds=SECONDS).found == "seen"
    assert seen == [1]


def test_what_is_old_is_not_believed(looks: Foresight, monkeypatch: pytest.MonkeyPatch):
    looks.begin([(KEY, lambda: "old")])
    settle(looks)
    monkeypatch.setattr(foresight, "FRESH_SECONDS", -1.0)
    assert looks.take(KEY, seconds=SECONDS).found is None


def test_what_is_old_is_looked_at_again(looks: Foresight, monkeypatch: pytest.MonkeyPatch):
    looks.begin([(KEY, lambda: "old")])
    settle(looks)
    monkeypatch.setattr(foresight, "FRESH_SECONDS", -1.0)
    looks.begin([(KEY, lambda: "new")])
    monkeypatch.setattr(foresight, "FRESH_SECONDS", SECONDS)
    assert looks.take(KEY, seconds=SECONDS).found == "new"


def test_of_a_look_that_failed_nothing_is_known_but_its_calls(looks: Foresight):
    def look() -> None:
        calls.record(call())
        raise ProviderError("Cloudflare", "read", Problem.TIMED_OUT)

    looks.begin([(KEY, look)])
    seen = looks.take(KEY, seconds=SECONDS)
    assert (seen.found, len(seen.calls)) == (None, 1)


# --- In a run ---------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_the_step_is_told_what_was_seen_while_the_one_before_was_at_work(world: acting.World, told: list[Any]):
    run = acting.start(acting.put("first"), acting.put("second", "first", does="test.ahead"))
    executor.carry_out(acting.step(run, "first").pk)
    assert acting.states(run) == {"first": S.SUCCEEDED, "second": S.SUCCEEDED}
    assert told[:2] == [("observe", "seen ahead"), ("act", {"value": None})]
    # Whether it took effect is looked at, never foreseen.
    assert told[2:] == [("observe", None)]


@pytest.mark.django_db
def test_the_first_step_is_looked_at_while_it_is_being_taken(world: acting.World, told: list[Any]):
    run = acting.start(acting.put("first", does="test.ahead"))
    executor.carry_out(acting.step(run, "first").pk)
    assert told[0] == ("observe", "seen ahead")


@pytest.mark.django_db
def test_a_step_that_was_begun_before_is_not_looked_at_ahead(world: acting.World):
    run = acting.start(acting.put("first", does="test.ahead"))
    assert claims.coming(acting.orphan(run, "first").pk) is None


@pytest.mark.django_db
def test_the_calls_of_a_look_ahead_stand_in_the_log_of_its_step(
    world: acting.World, told: list[Any], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Ahead, "look", staticmethod(lambda: calls.record(call())))
    run = acting.start(acting.put("first"), acting.put("second", "first", does="test.ahead"))
    executor.carry_out(acting.step(run, "first").pk)
    assert [event.step for event in run.events.filter(kind="call")] == ["second"]


@pytest.mark.django_db
def test_whoever_takes_it_over_in_the_middle_looks_itself(world: acting.World, told: list[Any]):
    run = acting.start(acting.put("first"), acting.put("second", "first", does="test.ahead", attempts=2))
    world.script["act"] = [None, acting.lost()]
    executor.carry_out(acting.step(run, "first").pk)
    run.steps.filter(key="second").update(not_before=None)
    executor.carry_out(acting.step(run, "second").pk)
    assert acting.step(run, "second").state == S.SUCCEEDED
    assert [ahead for moment, ahead in told if moment == "observe"] == ["seen ahead", None, None]


@pytest.mark.django_db
def test_what_waits_for_a_yes_is_not_looked_at_beforehand(world: acting.World):
    run = acting.start(acting.put("first"), acting.put("second", "first", does="test.ahead", approval=ApprovalSpec()))
    assert looked_at(run) == []


@pytest.mark.django_db
def test_what_a_step_before_may_change_is_not_looked_at_ahead(world: acting.World, told: list[Any]):
    changes = replace(acting.put("first"), parameters={"name": "second", "value": "other"})
    run = acting.start(changes, acting.put("second", "first", does="test.ahead"))
    assert looked_at(run) == []
    executor.carry_out(acting.step(run, "first").pk)
    assert world.things == {"second": "new"}


@pytest.mark.django_db
def test_what_names_nothing_that_it_changes_is_looked_at_ahead_only_of_looks(world: acting.World):
    run = acting.start(
        acting.watch("first"),
        StepSpec("second", "test.looks_ahead", depends_on=("first",)),
        acting.put("third", "second"),
        StepSpec("fourth", "test.looks_ahead", depends_on=("third",)),
    )
    assert looked_at(run) == ["second"]


def looked_at(run: Run) -> list[str]:
    """The steps that are looked at ahead when the run begins."""
    return [key for (_run, key), _look in foresight._looks(run, list(run.steps.order_by("position")))]
