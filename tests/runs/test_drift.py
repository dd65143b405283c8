"""What a run has changed is looked after for as long as it can be undone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from dr_console.errors import Problem, ProviderError
from dr_console.notifications.models import Delivery
from dr_console.runs import drift, executor, registry
from dr_console.runs.models import Outbox, Run
from tests import make
from tests.runs import acting
from tests.runs.acting import World, put, start, watch

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "SECOND_LOOK_SECONDS", 0.0)


def done(*steps: Any, **fields: Any) -> Run:
    """A run that has ended well."""
    run = start(*(steps or (put("dns"),)), **fields)
    while ready := run.steps.filter(state="ready").first():
        executor.carry_out(ready.pk)
    run.refresh_from_db()
    assert run.state == Run.State.SUCCEEDED
    return run


def told(run: Run) -> list[str]:
    return [row.payload["kind"] for row in Outbox.objects.filter(topic="step.drifted", payload__run=run.code)]


def test_what_is_as_it_was_left_is_no_news(world: World):
    run = done()
    assert drift.look_at(run) == []
    assert told(run) == []


def test_what_somebody_else_changed_is_told_once_and_so_is_its_coming_back(world: World):
    run = done()
    world.things["dns"] = "by hand"
    for _ in range(3):
        assert [step.key for step in drift.look_at(run)] == ["dns"]
    world.things["dns"] = "new"
    assert drift.look_at(run) == []
    assert told(run) == ["drifted", "as_wanted_again"]
    world.things["dns"] = "late"
    drift.look_at(run)
    assert told(run) == ["drifted", "as_wanted_again", "drifted"]


def test_the_log_says_what_is_and_what_should_be(world: World):
    run = done()
    world.things["dns"] = "by hand"
    drift.look_at(run)
    event = run.events.get(kind="drifted")
    assert (event.step, event.data["now"], event.data["wanted"]) == ("dns", {"value": "by hand"}, {"value": "new"})
    assert run.events.last() == event
    run.refresh_from_db()
    assert run.state == Run.State.SUCCEEDED


def test_it_only_looks(world: World):
    run = done()
    effects = list(world.effects)
    world.things["dns"] = "by hand"
    drift.look_at(run)
    assert world.effects == effects
    assert world.things["dns"] == "by hand"


def test_a_look_that_is_a_moment_old_is_no_drift(world: World):
    run = done()
    world.script["observe"] = ["differs"]
    assert drift.look_at(run) == []


def test_what_a_vendor_does_not_tell_is_left_as_it_was_known(world: World):
    run = done()
    world.script["observe"] = [ProviderError("Cloudflare", "read the DNS record", Problem.TIMED_OUT)]
    assert drift.look_at(run) == []
    assert told(run) == []


def test_what_was_only_looked_at_found_so_or_cannot_be_taken_back_is_not_watched(world: World):
    world.things |= {"up": "up", "was-so": "new"}
    run = done(watch("up"), put("was-so"), put("sent", does="test.message"))
    world.things |= {"up": "down", "was-so": "old", "sent": "old"}
    assert drift.look_at(run) == []


def test_what_another_run_has_changed_since_is_that_ones(world: World):
    run = done()
    done(put("dns", value="newer"), subject="service:cdn")
    assert drift.look_at(run) == []


def test_a_run_is_claimed_by_one_at_a_time_and_again_after_half_a_minute(world: World):
    run = done()
    assert drift.due() == [run]
    assert drift.due() == []
    Run.objects.update(last_look_at=now() - timedelta(seconds=31))
    assert drift.due() == [run]


def test_neither_an_old_run_nor_one_that_has_a_successor_nor_one_undone_is_watched(world: World):
    run = done()
    Run.objects.filter(pk=run.pk).update(ended_at=now() - timedelta(hours=2))
    assert drift.due() == []
    Run.objects.filter(pk=run.pk).update(ended_at=now(), state="rolled_back")
    assert drift.due() == []
    Run.objects.filter(pk=run.pk).update(state="succeeded", last_look_at=None)
    newer = done(put("other"))
    assert drift.due() == [newer]


def test_a_mistake_in_one_look_does_not_end_the_watching(world: World, monkeypatch: pytest.MonkeyPatch):
    run = done()
    monkeypatch.setattr(acting.Put, "observe", lambda self, context: 1 / 0)
    drift._look_after(run)
    assert told(run) == []


def test_the_incident_is_told_once(world: World):
    handler = registry.handler("step.drifted")
    assert handler is not None
    make.plan()
    incident, run = make.incident(), done()
    incident.runs.add(run)
    for _ in range(2):
        handler({"run": run.code, "step": "dns", "kind": "drifted", "number": 1})
    (entry,) = incident.timeline.filter(kind="noticed")
    assert f"is not as run {run.code} had left it" in entry.words
    assert Delivery.objects.filter(about=incident.reference, channel="slack").count() == 1
