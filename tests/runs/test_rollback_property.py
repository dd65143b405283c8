"""Whatever the plan, and however far it came: undone, everything is as it was before."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dr_console.runs import services
from dr_console.runs.models import Run, Step
from tests.runs import acting
from tests.runs.acting import drive, lost, put, refused, start, throttled, unreachable

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nobody_hears(monkeypatch):
    monkeypatch.setattr("dr_console.runs.doorbell.Bell.send", lambda self, task, *ids: True)


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[Any], dict[str, Any]]:
    """Some steps in some order, and a world that is partly as they want it already."""
    steps, things = [], {}
    for number in range(draw(st.integers(1, 6))):
        key = f"s{number}"
        before = [one.key for one in steps if draw(st.booleans())]
        steps.append(put(key, *before, attempts=3, interval_seconds=1))
        things[key] = draw(st.sampled_from(["old", "new", None, 0]))
    return steps, things


FAULTS = st.lists(st.sampled_from([None, None, lost, unreachable, refused, lambda: throttled(1.0)]), max_size=8)


@settings(
    max_examples=20 if connection.vendor == "sqlite" else 10,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(plan=plans(), faults=FAULTS, late_faults=FAULTS, carried=st.integers(1, 7))
def test_after_any_prefix_of_any_plan_everything_is_as_it_was(plan, faults, late_faults, carried):
    steps, things = plan
    Run.objects.active().update(state=Run.State.ABORTED)
    world = acting.new_world()
    world.things |= things
    world.script["act"] = [fault and fault() for fault in faults]
    world.script["after_act"] = [fault and fault() for fault in late_faults if fault is lost or fault is None]
    run = start(*steps)
    world.during["act"] = lambda context: len(world.tokens) == carried and services.pause(run, by=None)
    drive(run)
    run.refresh_from_db()
    world.during.clear()
    world.script.clear()
    changed = Step.objects.filter(run=run, before__isnull=False, is_noop=False).exists()
    if not changed:
        assert {key: world.things.get(key) for key in things} == things
        return
    run = drive(services.undo_run(run, by=None, reason="Property"))
    assert run.state == Run.State.ROLLED_BACK
    assert {key: world.things.get(key) for key in things} == things
